"""The `pdf` builder: the whole book, each of its chapters, and sheets of a page or two, as PDF/UA-1 by Typst.

`typst_writer` turns each page into markup; here pages are put together, compiled and packed.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
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
from typst_writer import PageWriter, Targets, quote

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
        pages = collect_pages(self.env)
        doctrees = {docname: self.env.get_doctree(docname) for docname in pages}
        self.targets = Targets()
        for docname, doctree in doctrees.items():
            self.env.resolve_references(doctree, docname, self)
            self.targets.add_page(docname, doctree)
            self.post_process_images(doctree)
        self.linked = {self.targets.names[place] for place in self.targets.links & self.targets.names.keys()}
        for docname, depth in pages.items():
            writer = PageWriter(self, docname, depth)
            markup = writer.write(doctrees[docname])
            of_page = {name for name in self.linked if name.partition("#")[0] == docname}
            markup = "".join(f"#anchor({quote(name)})" for name in sorted(of_page - writer.anchored)) + markup
            file = self.root / "pages" / f"{docname}.typ"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f'#import "/book.typ": *\n{markup}', encoding="utf-8")
        self.compiler = typst.Compiler(root=self.root, font_paths=self.find_fonts(), ignore_system_fonts=True)
        files = self.files(pages)
        for path in status_iterator(files, "writing PDF... ", length=len(files), stringify_func=lambda path: path.name):
            self.write_pdf(path, *files[path])

    def files(self, pages: Mapping[str, int]) -> dict[Path, tuple[str, list[str], int]]:
        """Return the kind of each file, its pages, and how deep they stand: the book, its chapters, its sheets."""
        chapter, found = [""], {"": ("book", list(pages), 0)}
        for docname, depth in pages.items():
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
            settings = {"kind": kind, "size": size, "pages": pages, "depth": depth}
            if not (data := self.compile(main, settings)):
                return
            with pikepdf.open(BytesIO(data)) as pdf:
                fits = len(pdf.pages) <= most
                if fits or (size, most) == SIZES[kind][-1]:
                    pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
            if fits:
                return
        warn(BookCheck.PDF, "The sheet of this page has more than two pages: say less.", self.env.doc2path(pages[0]))

    def compile(self, main: Path, of_file: dict[str, Any]) -> bytes:
        try:
            data, warnings = self.compiler.compile_with_warnings(
                main,
                format="pdf",
                pdf_standards=["ua-1"],
                sys_inputs={"settings": self.settings(of_file)},
                timestamp=self.made,
            )
        except typst.TypstError as error:
            # All of them are told, and not the first alone.
            if sum(map(self.tell, re.split(r"\n(?=error: )", error.diagnostic))):
                return self.compile(main, of_file)
            return b""
        for warning in warnings:
            self.tell(warning.diagnostic)
        return cast("bytes", data)

    def settings(self, of_file: dict[str, Any]) -> str:
        """Return what the template wants to know of a file, as JSON."""
        config, names = self.config, ("project", "release", "author", "copyright", "language", "pdf_fonts")
        page, base = of_file["pages"][0], config.html_baseurl.rstrip("/")
        of_file |= {
            "title": self.env.titles[page].astext() if of_file["depth"] else config.project,
            "address": f"{base}/{page}.html" if base else "",
            "day": self.made and format_date("%-d %B %Y", date=self.made, language=config.language),
            "texts": {
                "version": _("Version"),
                "contents": _("Contents"),
                "page": _("page"),
                "diagram": _("The diagram in words"),
                "sources": _("Sources"),
            },
        }
        return json.dumps(of_file | {name: config[name] for name in names}, ensure_ascii=False).translate(self.missing)

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
    """Return each page that the contents of the book lead to, in their order, and how deep it stands there."""
    pages: dict[str, int] = {}
    for docname, (parent, *_beside) in env.collect_relations().items():
        pages[docname] = pages[parent] + 1 if parent else 0
    return pages


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder. `pdf_fonts` are families for text, for code, and for characters that those two lack."""
    app.add_config_value("pdf_name", "book", "", str)
    app.add_config_value("pdf_files", {}, "", dict)  # patterns of pages with a file of their own, and its kind
    app.add_config_value("pdf_fonts", ("Fira Sans", "IBM Plex Mono"), "", (list, tuple))
    app.add_builder(PdfBuilder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
