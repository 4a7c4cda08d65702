"""The EPUB: Sphinx's builder, with contents by chapter, drawings that every reader takes, and always the same bytes.

Sphinx hangs the pages of a chapter under its last heading, declares no inline drawing, packs whatever lies in its
folder (pages that are gone, pictures of its own theme), and dates each file by the clock.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from novasvg import svg2png
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder

from ..catalogues import _
from .packing import pack, reachable

# What a page of a book needs, and nothing else.
THEME = str(Path(__file__).parent.parent / "themes/sse_epub")
COVER_WIDTH = 600  # pixels; a shelf shows it smaller
ITEM = re.compile(r'<item id="(?P<id>epub-[^"]*)" href="(?P<href>[^"]*)" media-type="(?P<type>[^"]*)"\s*/>\s*')
ITEM_REFERENCE = re.compile(r'\s*<itemref idref="([^"]*)"([^>]*)/>')
# What the package says of a page (EPUB 3.3, section 5.7.2.2), and what on the page asks for it.
PROPERTIES = {"mathml": b"<math", "scripted": b"<script", "svg": b"<svg"}
FOLD = re.compile(r'<details class="diagram-words"><summary>(.*?)</summary>(.*?)</details>', re.DOTALL)


class BookBuilder(Epub3Builder):
    """Sphinx's EPUB builder, mended."""

    def handle_finish(self) -> None:
        """Write what makes the pages a book.

        Of what an earlier build left, a cover page would be read twice, and other settings would be warned of.
        """
        for name in (self.coverpage_name, ".buildinfo.bak"):
            Path(self.outdir, name).unlink(missing_ok=True)
        self.draw_cover()
        super().handle_finish()

    def draw_cover(self) -> None:
        """Draw a PNG cover from the SVG of the same name: the shelves of many readers show no SVG."""
        picture = Path(self.outdir, *self.config.epub_cover[:1])
        drawing = picture.with_suffix(".svg")
        if picture.suffix == ".png" and drawing.is_file():
            svg2png(drawing, picture, width=COVER_WIDTH)

    def get_toc(self) -> None:
        """Contents as they are read: a page's headings, or the pages below it where it has any."""
        self.refnodes = list(self._contents(self.config.root_doc, 1))

    def _contents(self, docname: str, level: int) -> Iterator[dict[str, Any]]:
        pages, uri = self.env.toctree_includes.get(docname, ()), html.escape(self.get_target_uri(docname))
        yield {"level": level, "refuri": uri, "text": html.escape(self.env.titles[docname].astext())}
        for page in pages:
            yield from self._contents(page, level if docname == self.config.root_doc else level + 1)
        for anchor, title, depth in () if pages else _headings(self.env.tocs[docname]):
            yield {"level": level + depth, "refuri": f"{uri}{html.escape(anchor)}", "text": html.escape(title)}

    def build_epub(self) -> None:
        """Pack the book. Its name in the contents for older readers is its name, not that of an attribute."""
        files = finished(Path(self.outdir), self.config.epub_identifier, self.config.sse_epub_accessibility)
        pack(Path(self.outdir, f"{self.config.epub_basename}.epub"), files)


def _headings(contents: nodes.Node, depth: int = 0) -> Iterator[tuple[str, str, int]]:
    """Each heading below a page's title: its anchor, its words, and how deep it stands."""
    for item in contents.children:
        link = item.next_node(nodes.reference)
        if depth and link is not None:
            yield link["anchorname"], link.astext(), depth
        for below in (each for each in item.children if isinstance(each, nodes.bullet_list)):
            yield from _headings(below, depth + 1)


def fit_page(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """`html-page-context`: make the content of a page valid in a book that has our theme."""
    if app.builder.name == "epub" and app.config.epub_theme == "sse_epub" and "body" in context:
        context |= {"body": fit(context["body"]), "_": _}


def fit(body: str) -> str:
    """The content of a page with the words of its diagrams unfolded, and drawings as EPUBCheck 4 and 5 want them."""
    # Not every reader can open a fold, and DPUB-ARIA 1.1 gave up a role that docutils writes.
    body = FOLD.sub(r'<div class="diagram-words"><p class="rubric">\1</p>\2</div>', body)
    body = body.replace(' role="doc-biblioentry"', "")
    return re.sub(r"<svg\b.*?</svg>", lambda drawing: _fit_drawing(drawing[0]), body, flags=re.DOTALL)


def _fit_drawing(svg: str) -> str:
    """A drawing with the one role that older checkers know, and with each link named by the words inside it."""
    svg = svg.replace('role="graphics-document document"', 'role="document"', 1)
    return re.sub(
        r"(<a\b[^>]*>)(.*?)(?=</a>)",
        lambda link: f"{link[1]}<title>{' '.join(re.sub(r'<[^>]+>', ' ', link[2]).split())}</title>{link[2]}",
        svg,
        flags=re.DOTALL,
    )


def finished(folder: Path, identifier: str, metadata: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, bytes]]:
    """Each file of the finished book with its name, in the order in which a book is packed.

    `folder` is what Sphinx has written; `metadata` is what the book says of its accessibility: each property
    (`schema:…`, `dcterms:…`) and its values.
    """
    package, ncx = ((folder / name).read_text(encoding="utf-8") for name in ("content.opf", "toc.ncx"))
    hrefs = {item["id"]: _name(item) for item in ITEM.finditer(package)}
    reading = [hrefs[each] for each, more in ITEM_REFERENCE.findall(package) if each in hrefs and "no" not in more]
    names = [name for name in reachable(folder, reading) if name in hrefs.values()]
    package = _package(package, {name: (folder / name).read_bytes() for name in names}, metadata)
    ncx = re.sub(r'(?<=name="dtb:uid" content=")[^"]*', html.escape(identifier), ncx)
    mended = {"content.opf": package.encode(), "toc.ncx": ncx.encode()}
    for name in ("mimetype", "META-INF/container.xml", "content.opf", "nav.xhtml", "toc.ncx", *names):
        yield name, mended.get(name) or (folder / name).read_bytes()


def _name(item: re.Match[str]) -> str:
    """The name of the file that an item of the package document describes."""
    return unquote(html.unescape(item["href"]))


def _package(package: str, files: Mapping[str, bytes], metadata: Mapping[str, Sequence[str]]) -> str:
    """The package document for these files alone, numbered in their order, with what it must say of each."""
    items = {_name(item): item for item in ITEM.finditer(package)}
    cover = re.search(r'(?<=<meta name="cover" content=")[^"]*', package)
    numbers, lines = {}, []
    for number, (name, data) in enumerate(files.items(), 1):
        item = items[name]
        numbers[item["id"]] = f"file-{number}"
        holds = [each for each, sign in PROPERTIES.items() if sign in data and name.endswith(".xhtml")]
        holds += ["cover-image"] if cover and cover[0] == item["id"] else []
        more = f' properties="{" ".join(holds)}"' if holds else ""
        lines.append(f'<item id="file-{number}" href="{item["href"]}" media-type="{item["type"]}"{more} />\n    ')
    package = ITEM.sub("", package).replace("</manifest>", f"{''.join(lines)}</manifest>")
    package = ITEM_REFERENCE.sub(lambda each: each[0] if each[1] in numbers else "", package)
    # Every mention of a file by its old number: the spine and the cover.
    package = re.sub(r'(?<=")epub-\d+(?=")', lambda each: numbers.get(each[0], each[0]), package)
    said = ((name, html.escape(value, quote=False)) for name, values in metadata.items() for value in values)
    lines = [f'  <meta property="{name}">{value}</meta>\n  ' for name, value in said]
    return package.replace("</metadata>", f"{''.join(lines)}</metadata>")


def setup(app: Sphinx) -> None:
    """The EPUB."""
    app.add_config_value("sse_epub_accessibility", {}, "", dict)
    app.add_html_theme("sse_epub", THEME)
    app.connect("html-page-context", fit_page)
    app.add_builder(BookBuilder, override=True)
