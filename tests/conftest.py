"""What the tests share: building a project in this process, and the real handbook built once for all of them."""

from __future__ import annotations

import io
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from browser import Reader, Site, serve_folder, start_browser
from filelock import FileLock
from hypothesis import settings
from loopback import Loopback, VideoHost, serve
from lxml import html
from playwright.sync_api import Browser
from sphinx import locale
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = Path(__file__).parent.parent
EPOCH = "1795000000"  # 18 November 2026

# No example fails for being slow on a busy machine; in CI the same examples are tried each time.
settings.register_profile("handbook", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("handbook")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
NOTE = re.compile(r"^(?P<file>.*?):(?P<line>\d+): NOTE: (?P<message>.*?) \[(?P<type>[\w.-]+)\]$", re.MULTILINE)
WARNING = re.compile(r"^(?P<file>.*?)(?::(?P<line>\d+))?: WARNING: (?P<message>.*?)(?: \[(?P<type>[\w.-]+)\])?$")


@dataclass(frozen=True)
class Warned:
    """One warning of a build: its file (relative to the sources), line, `type.subtype` and text."""

    file: str
    line: int | None
    type: str
    message: str


@dataclass
class Built:
    """What a build left behind."""

    source: Path
    output: Path
    status: str
    raw_warnings: str
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    stopped: str = ""
    code: int = 0

    @property
    def warnings(self) -> list[Warned]:
        found = []
        for text in ESCAPE.sub("", self.raw_warnings).splitlines():
            match = WARNING.match(text)
            assert match, f"a line on the error stream that is no warning: {text}"
            file = match["file"].removeprefix(f"{self.source}/")
            line = int(match["line"]) if match["line"] else None
            found.append(Warned(file, line, match["type"] or "", match["message"]))
        return found

    @property
    def notes(self) -> list[Warned]:
        """What was only noted: it fails no build."""
        return [
            Warned(note["file"].removeprefix(f"{self.source}/"), int(note["line"]), note["type"], note["message"])
            for note in NOTE.finditer(ESCAPE.sub("", self.status))
        ]


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Write the files of a small project, each with the folders above it; return the folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def find_page(label: str) -> str:
    """Where the handbook has a label, by the page's address without its ending: a page may move, its label stays."""
    page = next(page for page in (ROOT / "docs").rglob("*.md") if f"\n({label})=\n" in f"\n{page.read_text('utf-8')}")
    return page.relative_to(ROOT / "docs").with_suffix("").as_posix()


def read_pages(folder: Path) -> Iterator[tuple[str, html.HtmlElement]]:
    """Yield every page of a site that was built, by its address in the folder."""
    for path in sorted(folder.rglob("*.html")):
        if "_static" not in path.parts:  # the theme's own building blocks
            yield path.relative_to(folder).as_posix(), html.parse(path).getroot()


def find_dead_links(folder: Path, at_least: int) -> list[str]:
    """Return each link within a site that leads to no file, or to no place on its page; there must be so many links."""
    pages = dict(read_pages(folder))
    anchors = {name: set(map(str, tree.xpath("//@id | //a/@name"))) for name, tree in pages.items()}
    followed, dead = 0, []
    for name, tree in pages.items():
        for link in map(str, tree.xpath("//@href | //@src | //form/@action")):
            target = urlsplit(urljoin(name, link))
            if target.scheme or target.netloc:
                continue
            followed += 1
            path, anchor = unquote(target.path) or name, unquote(target.fragment)
            if not (folder / path).is_file() or (anchor and anchor not in anchors.get(path, ())):
                dead.append(f"{name}: {link}")
    assert followed > at_least
    return dead


def build(source: Path, output: Path, builder: str = "html", jobs: int = 1, **settings: object) -> Built:
    """Build a project as `sphinx-build -n` does, in this process, and say what was read and written."""
    status, warnings = io.StringIO(), io.StringIO()
    read: set[str] = set()
    written: set[str] = set()
    stopped, code = "", 0
    locale.translators.clear()  # of an earlier build in this process, perhaps in another language
    with patch_docutils(source), docutils_namespace():
        try:
            folders = (source, source, output / builder, output / "doctrees" / builder)
            settings = {"nitpicky": True, **settings}
            app = Sphinx(*folders, builder, settings, status, warnings, parallel=jobs)
            app.connect("source-read", lambda _app, docname, _text: read.add(docname))
            app.connect("doctree-resolved", lambda _app, _tree, docname: written.add(docname))
            app.build()
            code = app.statuscode
        except SystemExit as error:
            stopped, code = str(error), error.code if isinstance(error.code, int) else 1
    return Built(source, output / builder, status.getvalue(), warnings.getvalue(), read, written, stopped, code)


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Begin with what takes long: on one of two workers with what needs the handbook, on the other with the rest."""
    long = [item for item in items if item.get_closest_marker("long")]
    long.sort(key=lambda item: "diagram_cache" in item.fixturenames)  # what draws comes last: by then all is drawn
    first = [item for item in long if "handbook" in item.fixturenames]
    short = [item for item in items if item not in long]
    half = len(items) // 2 - len(first)  # pytest-xdist gives each of two workers one half
    items[:] = [*first, *short[:half], *(item for item in long if item not in first), *short[half:]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, a test that is skipped fails: there, all that the tests need is installed."""
    report = yield
    if report.skipped and "CI" in os.environ and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"{item.nodeid} was skipped in CI: {report.longrepr}"
    return report


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A web server on loopback."""
    with serve() as found:
        yield found


@pytest.fixture
def host(server: Loopback) -> VideoHost:
    """The hosts of videos, on loopback."""
    return VideoHost(server)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what all workers of this run share, and no other run: without workers, older ones lie above it."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def diagram_cache(shared_folder: Path) -> Path:
    """One cache of drawn diagrams for all tests: few are drawn twice."""
    (shared_folder / "diagrams").mkdir(exist_ok=True)
    return shared_folder / "diagrams"


def build_once(folder: Path, build_it: Callable[[Path], Built]) -> Built:
    """Build something once for all workers of a run, in a folder that they share; do not write into it."""
    with FileLock(f"{folder}.lock"):
        if not (folder / "built").exists():
            built = build_it(folder)
            (folder / "built").write_bytes(pickle.dumps(built))
    return cast("Built", pickle.loads((folder / "built").read_bytes()))  # noqa: S301 (our own)


def build_book(source: Path, folder: Path, *options: Any, **settings: object) -> Built:
    """Build the real handbook, or a copy of it, as `noxfile.py` does: with the register of laws as data."""
    built = build(source, folder, *options, **settings)
    if built.output.name == "html":
        subprocess.run([sys.executable, ROOT / "tools/export_laws.py", built.output / "data"], check=True)
    return built


@pytest.fixture(scope="session")
def handbook(shared_folder: Path, diagram_cache: Path) -> Built:
    """The real handbook as HTML; what lies in `build/` does not change what the tests see."""
    settings = {"sse_diagram_cache": str(diagram_cache), "sse_downloads": {}}
    return build_once(shared_folder / "handbook", lambda folder: build_book(ROOT / "docs", folder, **settings))


def build_format(builder: str, shared_folder: Path, handbook: Built) -> Path:
    """Build the real handbook in another format, from what was read for its pages, once for all workers."""

    def build_it(folder: Path) -> Built:
        shutil.copytree(handbook.output.parent / "doctrees/html", folder / "doctrees" / builder, dirs_exist_ok=True)
        return build(ROOT / "docs", folder, builder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        built = build_once(shared_folder / builder, build_it)
    assert (built.read, built.raw_warnings) == (set(), ""), "was a page changed while the tests ran?"
    return built.output


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser, started once for each worker."""
    with start_browser() as found:
        yield found


@pytest.fixture
def site(handbook: Built) -> Iterator[Site]:
    """The real handbook on loopback; a test may change what this site answers."""
    with serve_folder(handbook.output) as found:
        yield found


@pytest.fixture
def reader(browser: Browser, site: Site) -> Iterator[Callable[..., Reader]]:
    """Call it for a reader with a browser of their own, who visits the handbook's site or another."""
    readers: list[Reader] = []

    def come(at: Site = site, **options: object) -> Reader:
        readers.append(Reader(browser, at, **options))
        return readers[-1]

    yield come
    for visitor in readers:
        visitor.context.close()


@pytest.fixture
def handbook_copy(tmp_path: Path, diagram_cache: Path) -> Callable[..., Built]:
    """A copy of `docs/` that a test may change: call it to build; `.source` of what it gives is the copy."""
    source = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", source)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    def build_copy(builder: str = "html", jobs: int = 1, output: str = "build", **settings: object) -> Built:
        return build_book(source, tmp_path / output, builder, jobs, sse_diagram_cache=str(diagram_cache), **settings)

    return build_copy
