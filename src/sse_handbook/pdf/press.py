"""Lay pages of HTML out with WeasyPrint and write them as PDF/UA-1; knows paper and fonts, and nothing of Sphinx."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import pikepdf
from jinja2 import Environment
from weasyprint import CSS, HTML
from weasyprint.document import Document, Page
from weasyprint.formatting_structure.boxes import TextBox
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from .tags import finish, joined_words

WEIGHTS = (400, 600)  # of the files of a font, those that the stylesheet uses
FIGURE_SPACE = "\u2007"  # as wide as a digit


class Press(logging.Handler):
    """WeasyPrint, with a template, a stylesheet and fonts. `said` is what it complained of, each thing once.

    `fonts` are the families for text, for code, and for signs that those two lack, or files of fonts, from `home`;
    `titles` names the book's pages.
    """

    def __init__(
        self, templates: Environment, fonts: Sequence[str], home: Path, titles: Mapping[str, str], **settings: Any
    ) -> None:
        super().__init__(logging.WARNING)
        self.said: dict[str, None] = {}
        self.words: set[str] = set()
        self.settings, self.home, self.titles = settings, home, titles
        self.template = templates.get_template("sse_pdf.html")
        # What is not on this machine is not loaded, and reported.
        self.fetcher = URLFetcher(allowed_protocols=("file", "data"))
        self.fonts = FontConfiguration()
        faces = [(Path(family).stem, face) for family in fonts for face in font_files(family, home)]
        fonts = [Path(family).stem for family in fonts]
        # Where each family comes with its files, the machine has none to add.
        self.families = set(fonts) if {family for family, _face in faces} == set(fonts) else set()
        stacks = {name: ", ".join([fonts[place], *fonts[2:]]) for place, name in enumerate(("text", "code"))}
        with self:
            look = templates.get_template("sse_pdf.css").render(settings, faces=faces, fonts=stacks, string=css_string)
            self.stylesheet = CSS(string=look, font_config=self.fonts)

    def __enter__(self) -> Press:
        gc.disable()  # it takes a fifth of the time, and finds little
        logging.getLogger("weasyprint").addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        logging.getLogger("weasyprint").removeHandler(self)
        gc.enable()

    def emit(self, record: logging.LogRecord) -> None:
        self.said[record.getMessage()] = None

    def lay_out(self, parts: Mapping[str, Sequence[Element]], **settings: Any) -> Document:
        """Fill the template, put each part where its name is the id, and lay the pages out."""
        text = self.template.render(self.settings, parts=parts, string=css_string, **settings)
        with self:
            page = HTML(string=text, base_url=self.home.as_uri(), url_fetcher=self.fetcher)
            for each in list(page.etree_element.iter()):
                each.extend(parts.get(each.get("id", ""), ()))
            self.words |= joined_words("".join(page.etree_element.itertext()))
            return page.render(stylesheets=[self.stylesheet], font_config=self.fonts)

    def renumber(self, document: Document, supposed: Mapping[str, int], numbers: Mapping[str, int]) -> None:
        """Write the right numbers of pages over those that a laid out document was given room for.

        The lines stay as they are: a shorter number is filled up with spaces as wide as a digit.
        """
        margins = [place for place in (self.settings["words"], self.settings["sources"]) if place]
        for page in document.pages:
            for box in page._page_box.descendants():
                # What stands in a margin comes from no element.
                if isinstance(box, TextBox) and (box.element is None or "data-of" in box.element.attrib):
                    places = margins if box.element is None else [box.element.get("data-of")]
                    # Alone in a margin stands the page's own number, which is right.
                    if box.element is not None or not box.text.isdecimal():
                        box.text = box.pango_layout.text = renumbered(box.text, places, supposed, numbers)

    def write(
        self, document: Document, path: Path, labels: Mapping[int, tuple[str, int]] | None = None, depth: int = 0
    ) -> None:
        """Write a document; `labels` gives pages other numbers than their own: from a page on, a style and a start.

        Its headings rise by `depth` levels.
        """
        words = "\n".join(sorted(self.words))
        last = partial(finish, titles=self.titles, words=words, labels=labels or {}, depth=depth)
        written = BytesIO()
        with self:
            document.write_pdf(written, pdf_variant="pdf/ua-1", finisher=last)
        for font in document.fonts.values() if self.families else ():
            if font.family not in self.families:
                signs = sorted(set("".join("".join(font.to_unicode.values()).split())))
                self.said |= {
                    f'No font of `sse_pdf_fonts` has "{sign}"; {font.family} lends it.': None for sign in signs
                }
        # What nothing refers to any more goes, and the rest is packed.
        pikepdf.settings.set_flate_compression_level(9)
        with pikepdf.Pdf.open(written) as pdf:
            share_resources(pdf)
            pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)


def renumbered(text: str, places: Sequence[str], supposed: Mapping[str, int], numbers: Mapping[str, int]) -> str:
    """A text with the numbers of these places, in their order, put over those supposed; it gets no shorter.

    A number stands alone or behind a space that does not break.
    """
    waiting = list(places)

    def right(match: re.Match[str]) -> str:
        if not waiting or match[0] != str(supposed.get(waiting[0], 100)):
            return match[0]
        return str(numbers.get(waiting.pop(0), "")).rjust(len(match[0]), FIGURE_SPACE)

    return re.sub(r"(?<=\xa0)\d+\b|^\d+$", right, text)


def share_resources(pdf: pikepdf.Pdf) -> None:
    """Write what all parts of the drawings need once: WeasyPrint writes it with each."""
    shared: dict[bytes, Any] = {}
    for each in pdf.objects:
        if isinstance(each, pikepdf.Stream) and each.get("/Subtype") == "/Form":
            for name in ("/Resources", "/Group"):
                value = each[name].unparse()
                each[name] = shared[value] if value in shared else pdf.make_indirect(each[name])
                shared.setdefault(value, each[name])


def font_files(family: str, home: Path) -> list[Any]:
    """The files of a family that a package of `fontpkg` brings; none where the machine must have the font itself."""
    if Path(family).suffix in {".otf", ".ttf"}:
        return [SimpleNamespace(path=home / family, style="normal", weight=400)]
    try:
        from fontpkg import families, slugify
    except ImportError:
        return []
    found = families().get(slugify(family))
    return [each for each in found.files if each.variable or each.weight in WEIGHTS] if found else []


def css_string(text: str) -> str:
    """A text as a string of CSS, which may stand in a `style` element as it is."""
    return '"' + re.sub(r'["\\\n<]', lambda sign: f"\\{ord(sign[0]):x} ", text) + '"'


def keep_links(pages: Iterable[Page], known: Collection[str]) -> None:
    """Take from pages, for a file of their own, the links to what that file does not have."""
    for page in pages:
        for *_rest, box in page.links:
            box.link_annotation = None  # that was written into another file
        page.links[:] = [link for link in page.links if link[0] != "internal" or link[1] in known]
