"""The `pdf` builder: the whole book and each of its chapters as PDF/UA-1, from a page and a stylesheet of our own.

Sphinx itself writes each page as HTML, so that it says what it says there; `tree` makes one book of them, and
`press` lays it out, once. The file of a chapter has its pages, with the numbers that they have in the book, and after
them the sources that they name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from xml.etree.ElementTree import Element

from docutils import nodes
from docutils.frontend import get_default_settings
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxParallelError
from sphinx.highlighting import PygmentsBridge
from sphinx.util.i18n import format_date
from sphinx.util.matching import Matcher
from sphinx.util.parallel import ParallelTasks
from sphinx.writers.html import HTMLWriter
from sphinx.writers.html5 import HTML5Translator

from ..catalogues import _
from ..formats.downloads import chapter_name
from ..warnings import Check, Finding, exact_line, warn
from .order import Book, Entry, chapters, walk

if TYPE_CHECKING:
    from weasyprint.document import Document

    from .press import Press

NO_WEASYPRINT = "No PDF was written: it needs WeasyPrint. Install it: python -m pip install weasyprint segno pikepdf"
NO_PANGO = (
    "No PDF was written: it needs the library Pango, which this machine does not have. "
    "Install it. Debian, Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0. "
    "Fedora: dnf install pango. macOS: brew install pango. "
    "Windows: winget install MSYS2.MSYS2, then C:\\msys64\\usr\\bin\\pacman -S mingw-w64-ucrt-x86_64-pango."
)


OURS = Path(__file__).parent / "paper"


class NoPressError(SystemExit):
    """No PDF can be written on this machine or with these settings; the message says what to do."""


class PdfBuilder(Builder):
    """`sphinx-build -b pdf`: NAME.pdf, and NAME-CHAPTER.pdf for each page in the first page's contents."""

    name = "pdf"
    format = "html"
    epilog = "The PDF files are in %(outdir)s."
    default_translator_class = HTML5Translator
    supported_image_types: ClassVar = ["image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"]
    # Sphinx would load images from elsewhere; a build asks nothing from there, and WeasyPrint reports them.
    supported_remote_images = True
    supported_data_uri_images = True
    # What Sphinx's writer of HTML asks of its builder.
    math_renderer_name = StandaloneHTMLBuilder.math_renderer_name
    add_permalinks = download_support = search = False
    allow_parallel = True

    def __init__(self, app: Sphinx, env: BuildEnvironment) -> None:
        super().__init__(app, env)
        self.jobs = app.parallel

    def init(self) -> None:
        find_tools()
        fonts = self.config.sse_pdf_fonts
        if len(fonts) < 2:
            raise NoPressError("No PDF was written: sse_pdf_fonts must name a font for text, then one for code.")
        for file in (each for each in fonts if Path(each).suffix in {".otf", ".ttf"}):
            if not Path(self.srcdir, file).is_file():
                raise NoPressError(
                    f"No PDF was written: sse_pdf_fonts names the file {file}, which is not in {self.srcdir}."
                )
        self.highlighter = PygmentsBridge("html", "none")
        # A project's own templates come before ours.
        folders = [Path(self.confdir, folder) for folder in self.config.templates_path]
        self.templates = Environment(
            loader=FileSystemLoader([*folders, OURS]),
            autoescape=select_autoescape(),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.globals["_"] = _

    def get_outdated_docs(self) -> list[str]:
        made = self.path().stat().st_mtime if self.path().exists() else 0
        looks = [Path(self.templates.get_template(name).filename or "") for name in ("sse_pdf.html", "sse_pdf.css")]
        return sorted(self.env.found_docs) if any(each.stat().st_mtime > made for each in looks) else []

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        return f"#/{docname}"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        return self.get_target_uri(to)

    def post_process_images(self, doctree: nodes.Node) -> None:
        super().post_process_images(doctree)
        self.images = {uri: uri for uri in self.images}  # they are read where they are

    def path(self, chapter: str = "") -> Path:
        """The file of the book, or of one of its chapters."""
        return Path(self.outdir, "-".join(filter(None, (self.config.sse_pdf_name, chapter))) + ".pdf")

    def write_documents(self, _docnames: Collection[str]) -> None:
        """Write the book and its chapters, whichever pages have changed."""
        from . import tree

        entries = list(walk(self.env, self.config.root_doc))
        pages = {each.docname: self.page(each) for each in entries}
        book = Book(entries, pages, tree.kinds(pages.values()))
        tree.link(pages, book.known)
        press = self.prepare(book)
        self.print_book(book, press)
        warn(sorted(self.findings(press.said, pages)))

    def page(self, entry: Entry) -> Element:
        """A page as Sphinx writes it for the web, made fit for print."""
        from . import tree

        doctree = self.env.get_doctree(entry.docname)
        self.env.resolve_references(doctree, entry.docname, self)
        for toctree in list(doctree.findall(addnodes.toctree)):
            toctree.parent.remove(toctree)  # the contents stand at the front
        self.post_process_images(doctree)
        doctree.settings = get_default_settings(HTMLWriter)
        vars(doctree.settings).update(self.env.settings)
        self.current_docname = entry.docname
        self.imgpath = Path(self.srcdir).as_uri()
        self.secnumbers = self.env.toc_secnumbers.get(entry.docname, {})
        self.fignumbers = self.env.toc_fignumbers.get(entry.docname, {})
        translator: Any = self.create_translator(doctree, self)
        doctree.walkabout(translator)
        page = tree.parse(f"<div>{''.join(translator.fragment)}</div>")
        tree.settle(page, entry.docname, entry.depth, self.config.sse_pdf_fonts[0])
        return page

    def prepare(self, book: Book) -> Press:
        """The press, with what the template and the stylesheet say of the whole book."""
        from .press import Press

        seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
        made = datetime.fromtimestamp(int(seconds), UTC) if seconds.isdigit() else None
        # The day of the sources, where it is known; never the day of the build.
        day = made and format_date(self.config.today_fmt or "%-d %B %Y", date=made, language=self.config.language)
        return Press(
            self.templates,
            self.config.sse_pdf_fonts,
            Path(self.srcdir),
            {each.docname: each.title for each in book.entries},
            book=self.config,
            day=self.config.today or day,
            made=made and made.isoformat(),
            words=book.first("word"),
            sources=book.first("source"),
        )

    def print_book(self, book: Book, press: Press) -> None:
        """Lay the book out, write it, and write the file of each chapter."""
        whole, numbers = self.lay_out(book, press)
        files = [partial(press.write, whole, self.path())]
        slugs: set[str] = set()
        for entries in chapters(book.entries, Matcher(self.config.sse_pdf_chapters)):
            docname = entries[0].docname
            slug = chapter_name(docname)
            slug = slug if slug and slug not in slugs else f"{slug}-{numbers[docname]}".strip("-")
            slugs.add(slug)
            files.append(partial(self.print_chapter, self.path(slug), book, press, entries, whole, numbers))
        self.write_files(files, press)

    def write_files(self, files: Sequence[Callable[[], None]], press: Press) -> None:
        """Write each file, with `--jobs` in a process of its own, which has all that is laid out."""

        def task(write: Callable[[], None]) -> list[str]:
            write()
            return list(press.said)

        def done(write: Callable[[], None], said: list[str]) -> None:
            waiting.remove(write)
            press.said |= dict.fromkeys(said)

        waiting = list(files)
        tasks = ParallelTasks(self.jobs)
        for write in files:
            if self.parallel_ok:
                tasks.add_task(task, write, done)
            else:
                done(write, task(write))
        tasks.join()
        if waiting:  # Sphinx says nothing of a task that fails while others are being added
            raise SphinxParallelError("A PDF file was not written", "To see why, build with --jobs 1.")

    def lay_out(self, book: Book, press: Press) -> tuple[Document, Mapping[str, int]]:
        """The whole book, and the number of the page on which each place of it is.

        It is laid out with room for the numbers that are likely, and again only where one needs more room. (WeasyPrint
        could fill them in itself, but version 70 takes those of places that it moved to the next page at last.)
        """
        from . import tree

        places = list(book.pages.values())
        supposed: Mapping[str, int] = tree.expected(places)
        for _attempt in range(5):
            tree.number(places, supposed, _("page"))
            whole = press.lay_out({"pages": places}, title=self.config.project, entries=book.entries, numbers=supposed)
            # What runs over several pages begins on the first of them.
            pages = reversed(list(enumerate(whole.pages, 1)))
            numbers = {name: number for number, page in pages for name in page.anchors}
            if all(len(str(numbers.get(name, ""))) <= len(str(number)) for name, number in supposed.items()):
                break
            supposed = numbers
        else:
            press.said["The numbers of pages behind links do not settle: some may be wrong."] = None
        press.renumber(whole, supposed, numbers)
        return whole, numbers

    def print_chapter(
        self,
        path: Path,
        book: Book,
        press: Press,
        entries: Sequence[Entry],
        whole: Document,
        numbers: Mapping[str, int],
    ) -> None:
        """Write a chapter: its own title and contents, its pages as they are in the book, and the sources it names."""
        from . import press as tools
        from . import tree

        firsts = sorted(numbers[each.docname] for each in book.entries)
        ends = dict(pairwise([*firsts, len(whole.pages) + 1]))
        taken = [number for each in entries for number in range(numbers[each.docname], ends[numbers[each.docname]])]
        pages = [whole.pages[number - 1] for number in taken]
        wanted = {link[1] for page in pages for link in page.links if link[0] == "internal"}
        own = {anchor for page in pages for anchor in page.anchors}
        sources = tree.sources(book.pages.values(), wanted - own)
        title = entries[0].title
        added = press.lay_out({"sources": sources}, title=title, entries=entries, numbers=numbers, apart=True)
        front = next((place for place, page in enumerate(added.pages) if "sources" in page.anchors), len(added.pages))
        tools.keep_links(pages, own | {each.get("id", "") for each in sources})
        document = added.copy([*added.pages[:front], *pages, *added.pages[front:]])
        labels = {0: ("r", 1)}
        labels |= {front + place: ("D", number) for place, number in enumerate(taken) if number - 1 not in taken}
        labels[front + len(pages)] = ("r", front + 1)
        press.write(document, path, labels, entries[0].depth - 1)

    def findings(self, said: Collection[str], pages: Collection[str]) -> Iterator[Finding]:
        """What WeasyPrint said, at the first place in the sources that has what the message quotes."""
        files = [str(self.env.doc2path(docname)) for docname in pages]
        registers = Path(self.srcdir, self.config.sse_data_dir) if self.config.sse_data_dir else None
        files += sorted(str(path) for path in registers.rglob("*") if path.is_file()) if registers else []
        for message in said:
            quoted = [text for pair in re.findall(r"'([^']+)'|\"([^\"]+)\"", message) for text in pair if text]
            quoted += [text.rpartition("/")[2] for text in quoted if text.startswith("file:") and text[-1] != "/"]
            places = ((path, exact_line(path, 1, text)) for text in quoted for path in files)
            path, line = next(((path, line) for path, line in places if line), (files[0], None))
            short = re.sub(r"(data:[^'\"]{30})[^'\"]+", r"\1…", message)
            yield Finding.at(Check.PDF, f"On paper this is not what the page says: {short}", path, line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder and its settings.

    They are the name of the file, the pages that are chapters besides those in the first page's contents (patterns),
    and the fonts for text, for code, and for other signs.
    """
    app.add_config_value("sse_pdf_name", "book", "", str)
    app.add_config_value("sse_pdf_chapters", [], "", (list, tuple))
    app.add_config_value("sse_pdf_fonts", ("sans-serif", "monospace"), "", (list, tuple))
    app.add_builder(PdfBuilder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def find_tools() -> None:
    """Import what writes PDF. Raise `NoPressError` where it, or the library that it draws text with, is not there."""
    try:
        with redirect_stdout(StringIO()):  # WeasyPrint prints advice of its own
            for module in (".press", ".tree"):
                import_module(module, __package__)
    except ImportError:
        raise NoPressError(NO_WEASYPRINT) from None
    except OSError:
        raise NoPressError(NO_PANGO) from None
