"""The `pdf` builder: the whole book, each of its chapters, and sheets of a page or two, as PDF/UA-1 by Typst.

`typst_writer` turns each page into markup; here pages are put together, compiled and packed.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, cast

import fontpkg
import pikepdf
import typst
from book_checks import BookCheck
from downloads import chapter_name
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.util.display import status_iterator
from sphinx.util.i18n import format_date
from sphinx.util.matching import Matcher
from typst_writer import PageWriter, quote

from sse_handbook.warnings_ import warn

TEMPLATE = Path(__file__).parent.parent / "_pdf"
# What the functions of the template make: the sizes of letters to try, in points, and how many pages may come of each.
SIZES: dict[str, list[tuple[float, int]]] = {"book": [(11, 9999)], "handout": [(14, 2), (13, 2)]}
SIZES["sheet"] = [(11, 1), (10, 1), (9.5, 1), (11, 2), (10, 2), (9.5, 2), (9, 2)]
PLACE = re.compile(r"┌─ .*\.typst/pages/(.+)\.typ:(\d+):\d+")
NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
PICTURE = re.compile(r'#image\((?:bytes\()?"((?:[^"\\]|\\.)*)"\)?, alt: ("(?:[^"\\]|\\.)*")\)')


class PdfBuilder(Builder):
    """`sphinx-build -b pdf`: NAME.pdf, and NAME-PAGE.pdf for each page in the first page's contents, and each sheet."""

    name = format = "pdf"
    epilog = "The PDF files are in %(outdir)s."
    supported_remote_images = supported_data_uri_images = True  # Sphinx would load them from elsewhere
    supported_image_types: ClassVar = ["image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"]

    def init(self) -> None:
        self.root = Path(self.outdir, ".typst")  # what Typst reads; it stays, for whoever wants to see it
        self.missing: dict[int, str] = {}  # characters that no font has, and what stands for them
        seconds = os.environ.get("SOURCE_DATE_EPOCH", "")  # the day of the sources; never that of the build
        self.made = datetime.fromtimestamp(int(seconds), UTC) if seconds.isdigit() else None

    def get_outdated_docs(self) -> str:
        return "the whole book"  # as Sphinx's LaTeX builder: each page may move all others

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        return f"/{docname}"

    def write_documents(self, _docnames: object) -> None:
        """Write the book and its chapters, whichever pages have changed."""
        shutil.rmtree(self.root, ignore_errors=True)
        for old in Path(self.outdir).glob(f"{self.config.pdf_name}*.pdf"):
            old.unlink()
        shutil.copytree(TEMPLATE, self.root)
        (self.root / "images").mkdir()
        self.pages = collect_pages(self.env)
        for docname, depth in self.pages.items():
            doctree = self.env.get_doctree(docname)
            self.env.resolve_references(doctree, docname, self)
            self.post_process_images(doctree)
            file, markup = self.root / "pages" / f"{docname}.typ", PageWriter(self, docname, depth).write(doctree)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f'#import "/book.typ": *\n{markup}', encoding="utf-8")
        self.fonts = self.find_fonts()
        files = self.files()
        for path in status_iterator(files, "writing PDF... ", length=len(files), stringify_func=lambda path: path.name):
            self.write_pdf(path, *files[path])

    def files(self) -> dict[Path, tuple[str, list[str], int]]:
        """Return the kind of each file, its pages, and how deep they stand: the book, its chapters, its sheets."""
        chapter, found = [""], {"": ("book", list(self.pages), 0)}
        for docname, depth in self.pages.items():
            kinds = (kind for pattern, kind in self.config.pdf_files.items() if Matcher([pattern])(docname))
            if (kind := next(kinds, "")) or depth == 1:
                found[f"-{chapter_name(docname)}"] = (kind or "book", own := [docname], depth)
                chapter = own if depth == 1 else chapter
            elif depth > 1:
                chapter.append(docname)
        return {Path(self.outdir, f"{self.config.pdf_name}{name}.pdf"): file for name, file in found.items()}

    def add_image(self, data: bytes, name: str) -> str:
        path = f"/images/{sha256(data).hexdigest()[:16]}-{name}"
        Path(f"{self.root}{path}").write_bytes(data)
        return path

    def find_fonts(self) -> typst.Fonts:
        """Return the fonts of the packages that bring the families of the settings, and of the folder `_fonts`."""
        known, slugs = fontpkg.families(), map(fontpkg.slugify, self.config.pdf_fonts)
        folders = {str(known[slug].files[0].path.parent) for slug in slugs if slug in known}
        paths = [*sorted(folders), str(Path(self.confdir, "_fonts"))]
        return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=paths)

    def write_pdf(self, path: Path, kind: str, pages: Sequence[str], depth: int) -> None:
        """Compile some pages, and pack what Typst wrote: its file is three times as large."""
        main = self.root / f"file-{path.stem}.typ"
        included = "".join(f"\n#include {quote(f'/pages/{name}.typ')}" for name in pages)
        main.write_text(f'#import "/book.typ": *\n#show: {kind}{included}', encoding="utf-8")
        pikepdf.settings.set_flate_compression_level(9)
        for size, most in SIZES[kind]:
            if not (data := self.compile(main, self.settings(kind, pages, depth) | {"size": size})):
                return
            with pikepdf.open(BytesIO(data)) as pdf:
                fits = len(pdf.pages) <= most
                if fits or (size, most) == SIZES[kind][-1]:
                    packed = {"object_stream_mode": pikepdf.ObjectStreamMode.generate, "recompress_flate": depth == 1}
                    pdf.save(path, deterministic_id=True, **packed)
            if fits:
                return
        warn(BookCheck.PDF, "The sheet of this page has more than two pages: say less.", self.env.doc2path(pages[0]))

    def compile(self, main: Path, settings: dict[str, Any]) -> bytes:
        """Return the PDF of a file; one of many pages is laid out once before, to find where each name stands."""
        inputs = self.pack(settings)
        compiler = typst.Compiler(main, self.root, self.fonts, ignore_system_fonts=True, sys_inputs=inputs)
        if settings["kind"] == "book":
            with suppress(RuntimeError):  # of what is wrong the second round tells also where
                inputs = self.pack(settings | {"places": json.loads(compiler.query("<places>", "value", one=True))})
            self.forget(compiler, settings)
        try:
            result = compiler.compile_with_warnings(main, pdf_standards="ua-1", sys_inputs=inputs, timestamp=self.made)
        except typst.TypstError as error:
            if sum(map(self.tell, re.split(r"\n(?=error: )", error.diagnostic))):  # all are told, not the first alone
                return self.compile(main, settings)
            return b""
        for warning in result[1]:
            self.tell(warning.diagnostic)
        self.forget(compiler, settings)
        return cast("bytes", result[0])

    def pack(self, settings: dict[str, Any]) -> dict[str, str]:
        return {"settings": json.dumps(settings, ensure_ascii=False).translate(self.missing)}

    def forget(self, compiler: typst.Compiler, settings: dict[str, Any]) -> None:
        """Free what Typst keeps of the whole book, 1 GB: it drops what ten more files have not asked for."""
        for _file in range(11 if not settings["depth"] else 0):
            compiler.compile(b"")

    def settings(self, kind: str, pages: Sequence[str], depth: int) -> dict[str, Any]:
        """Return what the template wants to know of a file; its first round finds the `places`."""
        names = ("project", "release", "author", "copyright", "language", "pdf_fonts", "html_baseurl")
        texts = {"version": _("Version"), "contents": _("Contents"), "page": _("page"), "sources": _("Sources")}
        return {name: self.config[name] for name in names} | {
            "kind": kind,
            "depth": depth,
            "pages": {name: (self.env.titles[name].astext(), self.pages[name]) for name in pages},
            "places": {} if kind == "book" else None,
            "day": self.made and format_date("%-d %B %Y", date=self.made, language=self.config.language),
            "texts": texts | {"diagram": _("The diagram in words")},
        }

    def tell(self, diagnostic: str) -> bool:
        """Warn of what Typst says, at its place in the pages; fix the markup there, and return whether it could."""
        message = diagnostic.strip().partition(": ")[2].partition("\n")[0].partition(" (searched")[0]
        missing = dict.fromkeys(map(ord, "".join(NO_GLYPH.findall(diagnostic))), "?")
        docname, line, changed = self.config.root_doc, None, not missing.keys() <= self.missing.keys()
        self.missing |= missing
        place = PLACE.search(diagnostic)
        if found := (place[1], int(place[2])) if place else self.find_character(missing):
            docname, number, file = *found, self.root / "pages" / f"{found[0]}.typ"
            lines = file.read_text(encoding="utf-8").split("\n")
            blocks = re.findall(r"^/\*(\d+)\*/", "\n".join(lines[:number]), re.MULTILINE)
            line, old = int(blocks[-1]) if blocks else None, lines[number - 1]
            # A picture that cannot be read becomes its alternative text, and a character that no font has a “?”.
            lines[number - 1] = old.translate(missing) if missing else PICTURE.sub(r"#\2", old)
            message += "".join(f": {path}" for path, _alt in PICTURE.findall(old) if not missing and path[0] != "<")
            changed = changed or lines[number - 1] != old
            file.write_text("\n".join(lines), encoding="utf-8")
        warn(BookCheck.PDF, f"The PDF differs from the page here: {message}", self.env.doc2path(docname), line)
        return changed

    def find_character(self, missing: Mapping[int, str]) -> tuple[str, int] | None:
        """Return the page and the line that have one of these: Typst does not know the place of one in a drawing."""
        for file in sorted(self.root.glob("pages/**/*.typ")):
            for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
                if line.translate(missing) != line:
                    return file.relative_to(self.root / "pages").with_suffix("").as_posix(), number
        return None


def collect_pages(env: BuildEnvironment) -> dict[str, int]:
    """Return each page in the order of the contents, and how deep it stands there; last, those that stand nowhere."""
    pages: dict[str, int] = {}
    for docname, (parent, *_beside) in env.collect_relations().items():
        pages[docname] = pages[parent] + 1 if parent else 0
    return pages | dict.fromkeys(sorted(env.found_docs - pages.keys()), 1)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder. `pdf_fonts` are families for text, for code, and for characters that those two lack."""
    app.add_config_value("pdf_name", "book", "", str)
    app.add_config_value("pdf_files", {}, "", dict)  # patterns of pages with a file of their own, and its kind
    app.add_config_value("pdf_fonts", ("Fira Sans", "IBM Plex Mono"), "", (list, tuple))
    app.add_builder(PdfBuilder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
