"""The `pdf` builder: the whole book, and each of its chapters, as PDF/UA-1 by Typst.

`typst_writer` turns each page into markup; here pages are put together, compiled and packed. What Typst says is told
at the place in the pages that it comes from.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import fontpkg
import pikepdf
import typst
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.util.display import status_iterator
from sphinx.util.i18n import format_date
from sphinx.util.matching import Matcher
from typst_writer import Targets, TypstTranslator, quote

from sse_handbook.catalogues import _
from sse_handbook.formats.downloads import chapter_name
from sse_handbook.warnings import Check, Finding, warn

TEMPLATE = Path(__file__).parent.parent / "_pdf"
PLACE = re.compile(r"┌─ \S*?pages/(\S+)\.typ:(\d+):\d+")
NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
PICTURE = re.compile(r'#picture\("(?:[^"\\]|\\.)*", ("(?:[^"\\]|\\.)*")\)')


class Page(NamedTuple):
    """A page of the book: its name, how deep it stands in the contents (the first page: 0), and its title."""

    docname: str
    depth: int
    title: str


class PdfBuilder(Builder):
    """`sphinx-build -b pdf`: NAME.pdf, and NAME-CHAPTER.pdf for each page in the first page's contents."""

    name = format = "pdf"
    epilog = "The PDF files are in %(outdir)s."
    default_translator_class = TypstTranslator
    supported_image_types: ClassVar = ["image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"]
    allow_parallel = True

    def init(self) -> None:
        self.root = Path(self.outdir, ".typst")  # what Typst reads; it stays, for whoever wants to see it
        self.fonts: Sequence[str] = self.config.pdf_fonts
        self.qr_label, self.words_label = _("QR code: {address}"), _("The diagram in words")

    def path(self, chapter: str = "") -> Path:
        """Return the file of the book, or of one of its chapters."""
        return Path(self.outdir, "-".join(filter(None, (self.config.pdf_name, chapter))) + ".pdf")

    def get_outdated_docs(self) -> list[str]:
        made = self.path().stat().st_mtime if self.path().exists() else 0.0
        read = (Path(self.doctreedir, f"{docname}.doctree") for docname in self.env.all_docs)
        outdated = any(path.stat().st_mtime > made for path in (*TEMPLATE.iterdir(), *read) if path.exists())
        return sorted(self.env.found_docs) if outdated else []

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        return f"#/{docname}"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        return self.get_target_uri(to)

    def write_documents(self, _docnames: object) -> None:
        """Write the book and its chapters, whichever pages have changed."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(TEMPLATE, self.root)
        (self.root / "images").mkdir()
        pages = list(walk(self.env, self.config.root_doc))
        doctrees = {page.docname: self.env.get_doctree(page.docname) for page in pages}
        self.targets = Targets()
        for docname, doctree in doctrees.items():
            self.env.resolve_references(doctree, docname, self)
            self.targets.add_page(docname, doctree)
            self.post_process_images(doctree)
        self.linked = set().union(*map(self.targets.named_on, doctrees))
        for uri, name in self.images.items():
            shutil.copy(Path(self.srcdir, uri), self.root / "images" / name)
        self.written: dict[str, TypstTranslator] = {}
        for page in pages:
            translator = TypstTranslator(doctrees[page.docname], self, page.docname, page.depth)
            doctrees[page.docname].walkabout(translator)
            self.written[page.docname] = translator
            self.page_file(page.docname).parent.mkdir(parents=True, exist_ok=True)
            self.page_file(page.docname).write_text("".join(translator.parts), encoding="utf-8")
        self.compiler = typst.Compiler(root=self.root, font_paths=self.find_fonts(), ignore_system_fonts=True)
        files = {self.path(): pages}
        for chapter in self.chapters(pages):
            files.setdefault(self.path(chapter_name(chapter[0].docname)), []).extend(chapter)
        for path in status_iterator(files, "writing PDF... ", length=len(files), stringify_func=lambda path: path.name):
            self.write_pdf(path, files[path])

    def chapters(self, pages: Sequence[Page]) -> Iterator[list[Page]]:
        """Yield the pages of each chapter: those that the first page leads to, and those set apart."""
        apart = Matcher(self.config.pdf_chapters)
        for place, page in enumerate(pages):
            if page.depth == 1:
                after = pages[place + 1 :]
                end = next((number for number, other in enumerate(after) if other.depth <= 1), len(after))
                yield [page, *(other for other in after[:end] if not apart(other.docname))]
            elif apart(page.docname):
                yield [page]

    def page_file(self, docname: str) -> Path:
        """Return the file of a page's markup."""
        return self.root / "pages" / f"{docname}.typ"

    def add_image(self, data: bytes, suffix: str) -> str:
        """Keep an image for Typst, and return its path there."""
        path = f"/images/{sha256(data).hexdigest()[:16]}{suffix}"
        Path(f"{self.root}{path}").write_bytes(data)
        return path

    def find_fonts(self) -> typst.Fonts:
        """Return the fonts of the packages that bring the families of the settings, and of the folder `_fonts`."""
        known, slugs = fontpkg.families(), map(fontpkg.slugify, self.fonts)
        folders = {str(known[slug].files[0].path.parent) for slug in slugs if slug in known}
        own = [str(folder) for folder in (Path(self.confdir, "_fonts"),) if folder.is_dir()]
        return typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[*sorted(folders), *own]
        )

    def write_pdf(self, path: Path, pages: Sequence[Page]) -> None:
        """Compile some pages, and pack what Typst wrote: its file is three times as large."""
        main = self.root / f"{path.stem}.typ"
        main.write_text(self.main_file(pages), encoding="utf-8")
        settings = {"settings": json.dumps(self.settings(pages))}
        made = int(self.epoch) if self.epoch else None
        while True:
            try:
                data, warnings = self.compiler.compile_with_warnings(
                    main, format="pdf", pdf_standards=["ua-1"], sys_inputs=settings, timestamp=made
                )
            except typst.TypstError as error:
                self.tell(error.diagnostic)
                if not self.repair(error.diagnostic):
                    return
            else:
                break
        for warning in warnings:
            self.tell(warning.diagnostic)
        pikepdf.settings.set_flate_compression_level(9)
        with pikepdf.open(BytesIO(data)) as pdf:
            pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)

    @property
    def epoch(self) -> str:
        """The second at which the sources were made; empty where it is not known. It is never that of the build."""
        seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
        return seconds if seconds.isdigit() else ""

    def settings(self, pages: Sequence[Page]) -> dict[str, Any]:
        """Return what the template wants to know of a file."""
        config, whole = self.config, pages[0].depth == 0
        made = datetime.fromtimestamp(int(self.epoch), UTC) if self.epoch else None
        day = made and format_date(config.today_fmt or "%-d %B %Y", date=made, language=config.language)
        version = f"{_('Version')} {config.release}" if config.release else ""
        author = "" if config.author == "Author name not set" else config.author
        title = config.project if whole else pages[0].title
        return {
            "pages": [page.docname for page in pages],
            "rise": max(pages[0].depth - 1, 0),
            "page": _("page"),
            "title": title,
            "series": "" if whole else config.project,
            "name": title if whole else f"{title} – {config.project}",
            "facts": [*filter(None, (version, config.today or day, author, f"© {config.copyright}"))],
            "author": author,
            "dated": bool(made),
            "language": config.language or "en",
            "fonts": [self.fonts[0], *self.fonts[2:]],
            "mono": [self.fonts[1], self.fonts[0], *self.fonts[2:]],
            "contents": _("Contents"),
            "foot": " · ".join(filter(None, (config.project, config.release))),
        }

    def main_file(self, pages: Sequence[Page]) -> str:
        """Return the markup of a file: its pages, and the sources that they name but do not list."""
        own = {page.docname for page in pages}
        named = set().union(*map(self.targets.named_on, own))
        sources = {name: entry for page in self.written.values() for name, entry in page.sources.items()}
        left = [entry for name, entry in sources.items() if name in named and name.partition("#")[0] not in own]
        back = [f"#back-title[#{quote(_('Sources of this chapter'))}]", "#sources[", *left, "]"] if left else []
        included = [f'#include "/pages/{page.docname}.typ"' for page in pages]
        return "\n".join(['#import "/book.typ": *', "#show: book", *included, *back])

    def tell(self, diagnostic: str) -> None:
        """Warn of what Typst says, at the first place of the pages that it comes from."""
        said = re.sub(r"^(error|warning): ", "", diagnostic.strip()).partition("\n")[0]
        path, line = str(self.env.doc2path(self.config.root_doc)), None
        for docname, number in PLACE.findall(diagnostic):
            path, line = self.written[docname].find_origin(int(number))
            break
        warn([Finding.at(Check.PDF, f"On paper this is not what the page says: {said}", path, line)])

    def repair(self, diagnostic: str) -> bool:
        """Put alternative text for pictures that Typst cannot read, and “?” for characters that no font has.

        Return whether anything was changed, so that another try makes sense.
        """
        missing = "".join(NO_GLYPH.findall(diagnostic))
        for docname, number in PLACE.findall(diagnostic):
            lines = self.page_file(docname).read_text(encoding="utf-8").split("\n")
            line = lines[int(number) - 1]
            new = PICTURE.sub(r"#\1", line) if not missing else line.translate(dict.fromkeys(map(ord, missing), "?"))
            if new != line:
                lines[int(number) - 1] = new
                self.page_file(docname).write_text("\n".join(lines), encoding="utf-8")
                return True
        return False


def walk(env: BuildEnvironment, docname: str, depth: int = 0, seen: set[str] | None = None) -> Iterator[Page]:
    """Yield each page that the contents of the book lead to, once, in their order."""
    seen = set() if seen is None else seen
    seen.add(docname)
    yield Page(docname, depth, env.titles[docname].astext())
    for below in env.toctree_includes.get(docname, ()):
        if below not in seen and below in env.all_docs:
            yield from walk(env, below, depth + 1, seen)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder and its settings.

    They are the name of the file, the pages that are chapters besides those in the first page's contents (patterns),
    and the families of fonts for text, for code, and for characters that those two lack.
    """
    app.add_config_value("pdf_name", "book", "", str)
    app.add_config_value("pdf_chapters", [], "", (list, tuple))
    app.add_config_value("pdf_fonts", ("Fira Sans", "IBM Plex Mono"), "", (list, tuple))
    app.add_builder(PdfBuilder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
