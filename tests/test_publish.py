"""Three versions of a small book are published beside each other, and a reader gets from each page to each."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from conftest import ROOT, Built, build
from lxml import html
from playwright.sync_api import Page, sync_playwright
from project import FORMS, GIT, TOOLS, Project

sys.path.insert(0, str(TOOLS))
import publish
import published_site
from repository import Repository

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Noon on 31 January 2027.
DAY = "1801396800"
HELP = "(help)=\n# Help\n\nAsk [the other forms](#forms).\n"
LAWS = "(laws)=\n# Laws\n\n```{sse:laws}\n:show: entries\n:region: Africa\n```\n"
LAW = """ke-2022-groups:
  title: Groups Act
  english: Groups Act
  level: national
  type: framework law
  topic: SSE framework
  status: in force
  text_access: text online (reproduction)
  evidence: law text read
  sources: [gazette]
"""
REDIRECTS = {
    "understand/forms": "organise/forms",
    "understand/forms#forms": "organise/forms#forms",
    "understand/forms#mutuals": "organise/forms#mutual-aid",
}
# What each version changes: the second moves a page, renames a heading on it and adds a law.
CHANGES = {
    "1.0.0": {"docs/organise/help.md": HELP},
    "1.1.0": {
        "docs/understand/forms.md": "",
        "docs/organise/forms.md": FORMS.replace("mutuals", "mutual-aid").replace("Mutual societies", "Mutual aid"),
        "docs/policy/laws.md": LAWS,
        "docs/data/laws/ke.yaml": LAW,
        "docs/data/countries.yaml": "ke: {name: Kenya, region: Africa, subregion: Eastern Africa}\n",
        "docs/data/redirects.yaml": "".join(
            f"{old}: {{to: {new}, because: It moved in version 1.1}}\n" for old, new in REDIRECTS.items()
        ),
    },
    "1.1.1": {"docs/organise/help.md": HELP.replace("Ask", "Do ask")},
}
NEW = {
    "1.1.0": "### Added\n\n- A law of Kenya.\n\n### Changed\n\n- The page on forms has moved.\n",
    "1.1.1": "### Fixed\n\n- A word.\n",
}


@dataclass
class Shelf:
    """The project, the bare repository of its site, and what was built for each version."""

    project: Project
    site: Path
    built: dict[str, Path] = field(default_factory=dict)

    def publish(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.project.tool("publish", "--remote", str(self.site), *options)

    def git(self, *arguments: str) -> str:
        return Project(self.site).git(*arguments)

    def make(self, version: str) -> None:
        """Change the book, release it as a version, and build its pages and (in their place) its other formats."""
        project = self.project
        if version in NEW:
            changes = project.read("docs/reference/changes.md")
            changes = changes.replace("## Unreleased\n", f"## Unreleased\n\n{NEW[version]}", 1)
            project.write({"docs/reference/changes.md": changes})
        project.commit(CHANGES[version], f"Write {version}")
        done = project.tool("release", version, "--checked")
        assert done.returncode == 0, done.stderr
        self.build(version)

    def build(self, version: str) -> None:
        folder = self.project.root / "build"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for ending in (".pdf", ".epub", f"-{version}.zip"):
            (folder / f"sse-handbook{ending}").write_text(f"The book, {version}{ending}", encoding="utf-8")
        made = build(self.project.root / "docs", folder, sse_published=True)
        assert made.raw_warnings == ""
        made.output.rename(self.project.root / publish.PAGES)
        self.built[version] = self.project.root.parent / version
        shutil.copytree(self.project.root / publish.PAGES, self.built[version])

    def show(self, version: str) -> None:
        """Go back to a version, and to what was built for it."""
        self.project.git("switch", "--quiet", "--detach", f"v{version}")
        shutil.rmtree(self.project.root / publish.PAGES)
        shutil.copytree(self.built[version], self.project.root / publish.PAGES)


def copy_of(shelf: Shelf, folder: Path) -> Shelf:
    """The same again, to be changed."""
    parent = shutil.copytree(shelf.project.root.parent, folder)
    return Shelf(Project(parent / "book"), parent / "site.git", {each: parent / each for each in shelf.built})


@pytest.fixture(scope="session")
def one_version(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A site with 1.0.0; do not change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", DAY)
        folder = tmp_path_factory.mktemp("shelf")
        shelf = Shelf(Project.begin(folder / "book"), folder / "site.git")
        subprocess.run(["git", "init", "--quiet", "--bare", shelf.site], check=True)
        shelf.make("1.0.0")
        done = shelf.publish()
        assert done.returncode == 0, done.stderr
    return shelf


@pytest.fixture(scope="session")
def two_made(one_version: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A site with 1.0.0, and 1.1.0 ready to be published; do not change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", DAY)
        shelf = copy_of(one_version, tmp_path_factory.mktemp("two") / "shelf")
        shelf.make("1.1.0")
    return shelf


@pytest.fixture(scope="session")
def three(two_made: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A site with 1.0.0, 1.1.0 and 1.1.1; do not change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", DAY)
        shelf = copy_of(two_made, tmp_path_factory.mktemp("three") / "shelf")
        for version in ("1.1.0", "1.1.1"):
            if version not in shelf.built:
                shelf.make(version)
            done = shelf.publish()
            assert done.returncode == 0, done.stderr
    return shelf


@pytest.fixture(scope="session")
def checkout(three: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as a folder."""
    folder = tmp_path_factory.mktemp("checkout") / "site"
    subprocess.run(["git", "clone", "--quiet", "--branch", "gh-pages", three.site, folder], check=True)
    return folder


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a real browser, in which no script runs."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), "")
    if not browser:
        assert "CI" not in os.environ, "a browser is needed: apt-get install chromium"
        pytest.skip("needs Chromium or Chrome")
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        yield opened.new_page(java_script_enabled=False)
        opened.close()


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a folder on loopback, and what was asked for in vain."""
    missed: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def send_error(self, code: int, *arguments: object, **_: object) -> None:
            if self.path != "/favicon.ico":  # the browser asks for it on its own account
                missed.append(f"{code} {self.path}")
            super().send_error(code)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", missed
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def pages_of(folder: Path) -> list[str]:
    """The pages of a version that a reader reads."""
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html"))]
    return [name for name in names if 'class="sse-version"' in (folder / name).read_text(encoding="utf-8")]


def there_and_back(page: Page, base: str, version: str, name: str, newest: str) -> None:
    """Click from a page of a version to its newest self, and by the list of all versions back to where it was."""
    page.goto(f"{base}{version}/{name}")
    assert page.locator(".sse-old").is_visible() == (version != "1.1.1"), name
    title = page.title()
    page.click(".sse-newest")
    if page.locator("meta[name=robots]").count():  # the page has moved, and its old address says where to
        page.click("main p a")
    assert page.url == f"{base}latest/{newest}"
    assert not page.locator(".sse-old").is_visible()
    assert page.title() == title
    page.click(".sse-versions")
    page.click(f"main li a:has-text('Version {version}')")
    assert page.url == f"{base}{version}/{name}"


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_from_each_page_of_each_version_to_its_newest_self_and_back(checkout: Path, page: Page, scheme: str) -> None:
    with (
        served(checkout) if scheme == "http" else contextlib.nullcontext((f"{checkout.as_uri()}/", [])) as (
            base,
            missed,
        )
    ):
        walked = 0
        for version in ("1.0.0", "1.1.0", "1.1.1"):
            for name in pages_of(checkout / version):
                newest = name.replace("understand/forms", "organise/forms")
                there_and_back(page, base, version, name, newest)
                walked += 1
        page.goto(f"{base}index.html")
        page.wait_for_url("**/latest/index.html")
    assert walked == 4 + 5 + 5 + 3  # with the index of each version
    assert missed == []


def test_an_old_address_with_an_anchor_still_names_its_place(checkout: Path, page: Page) -> None:
    with served(checkout) as (base, missed):
        page.goto(f"{base}latest/understand/forms.html#mutuals")
        page.click("#mutuals a")
        assert page.url == f"{base}latest/organise/forms.html#mutual-aid"
    assert missed == []


def test_without_the_shared_stylesheet_an_old_page_says_nothing_false(
    checkout: Path, page: Page, tmp_path: Path
) -> None:
    shutil.copytree(checkout / "1.0.0", tmp_path / "1.0.0")
    page.goto((tmp_path / "1.0.0/index.html").as_uri())
    line = page.locator(".sse-version")
    assert line.inner_text() == "Version 1.0.0, 31 January 2027. Newest version of this page. All versions."


def test_no_link_on_the_site_leads_nowhere(checkout: Path) -> None:
    followed, dead = 0, []
    for path in checkout.rglob("*.html"):
        for link in html.parse(path).getroot().xpath("//a/@href | //link[@rel!='canonical']/@href | //@src"):
            target = urlsplit(urljoin(path.relative_to(checkout).as_posix(), str(link)))
            if target.scheme or target.netloc:
                continue
            followed += 1
            if not (checkout / unquote(target.path)).is_file():
                dead.append(f"{path.relative_to(checkout)}: {link}")
    assert followed > 300
    assert dead == []


def test_what_was_published_stays_as_it_was_to_the_byte(three: Shelf, one_version: Shelf) -> None:
    assert three.git("rev-parse", "gh-pages:1.0.0") == one_version.git("rev-parse", "gh-pages:1.0.0")
    for version, folder in three.built.items():
        assert contents(three, f"gh-pages:{version}") == {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.name != ".buildinfo"
        }


def contents(shelf: Shelf, tree: str) -> dict[str, bytes]:
    site = Repository(shelf.site)
    files = site.files(tree)
    read = site.read(files.values())
    return {name: read[each] for name, each in files.items()}


def test_each_version_is_one_commit_which_changes_no_older_one(three: Shelf) -> None:
    assert three.git("log", "--format=%s", "gh-pages").splitlines() == [
        "Publish 1.1.1",
        "Publish 1.1.0",
        "Publish 1.0.0",
    ]
    touched = three.git("diff", "--name-only", "gh-pages~1", "gh-pages").splitlines()
    assert {name.partition("/")[0] for name in touched} == {
        "1.1.1",
        "latest",
        "versions",
        "versions.css",
        "index.html",
    }


def test_the_newest_is_found_by_its_canonical_address_in_all_versions(checkout: Path) -> None:
    base = "https://book.example/handbook/latest/"
    for version in ("1.0.0", "1.1.0", "1.1.1", "latest"):
        for name in pages_of(checkout / version):
            found = html.parse(checkout / version / name).getroot().xpath("//link[@rel='canonical']/@href")
            assert found == [f"{base}{name}"]
            assert (checkout / "latest" / name).is_file()
    sitemap = html.fromstring((checkout / "sitemap.xml").read_bytes()).xpath("//loc/text()")
    assert sitemap == [f"{base}{name}" for name in pages_of(checkout / "latest") if name != "genindex.html"]
    assert f'href="{base}"' in (checkout / "404.html").read_text(encoding="utf-8")


def test_the_list_of_versions_names_day_and_formats(checkout: Path) -> None:
    rows = html.parse(checkout / "versions/index.html").getroot().xpath("//main//li")
    assert [row.text_content() for row in rows] == [
        f"Version {version}, 2027-01-31: A book, PDF, EPUB, offline copy" for version in ("1.1.1", "1.1.0", "1.0.0")
    ]
    page = html.parse(checkout / "versions/policy/laws.html").getroot()
    assert "Version 1.0.0, 2027-01-31: it has no such page." in page.text_content()


def test_once_more_does_nothing(three: Shelf) -> None:
    tip = three.git("rev-parse", "gh-pages")
    done = three.publish()
    assert (done.returncode, three.git("rev-parse", "gh-pages")) == (0, tip), done.stderr
    assert "There is nothing to do." in done.stdout


def test_a_rehearsal_changes_nothing(two_made: Shelf) -> None:
    tip = two_made.git("rev-parse", "gh-pages")
    done = two_made.publish("--dry-run")
    assert (done.returncode, two_made.git("rev-parse", "gh-pages")) == (0, tip), done.stderr
    assert "the newest version will be 1.1.0" in done.stdout


def test_a_version_is_never_published_with_other_content(three: Shelf, tmp_path: Path) -> None:
    shelf = copy_of(three, tmp_path / "shelf")
    (shelf.project.root / publish.PAGES / "organise/help.html").write_text("Other", encoding="utf-8")
    (shelf.project.root / publish.PAGES / "organise/more.html").write_text("More", encoding="utf-8")
    (shelf.project.root / publish.PAGES / "genindex.html").unlink()
    tip = shelf.git("rev-parse", "gh-pages")
    done = shelf.publish()
    assert (done.returncode, shelf.git("rev-parse", "gh-pages")) == (1, tip)
    assert (
        "Version 1.1.1 is published, and what was built now is not the same:\n"
        "  genindex.html: published, and not built now\n"
        "  organise/help.html: other content\n"
        "  organise/more.html: built now, and not published\n"
    ) in done.stderr


def test_what_others_keep_on_the_branch_stays(two_made: Shelf, tmp_path: Path) -> None:
    shelf = copy_of(two_made, tmp_path / "shelf")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--branch", "gh-pages", shelf.site, clone], check=True)
    Project(clone).commit({"CNAME": "book.example\n"}, "Name the site")
    Project(clone).git("push", "--quiet", "origin", "gh-pages")
    assert shelf.publish().returncode == 0
    assert shelf.git("show", "gh-pages:CNAME") == "book.example"


def test_who_publishes_at_the_same_time_is_told_and_loses_nothing(
    two_made: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)
    shelf = copy_of(two_made, tmp_path / "shelf")
    site = publish.Branch(Repository(shelf.project.root), str(shelf.site), "gh-pages")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--branch", "gh-pages", shelf.site, clone], check=True)
    Project(clone).commit({"CNAME": "book.example\n"}, "Name the site")
    Project(clone).git("push", "--quiet", "origin", "gh-pages")
    tip = shelf.git("rev-parse", "gh-pages")
    with pytest.raises(publish.StopError, match="run the same command again"):
        publish.publish(site, "1.1.0", shelf.project.root / publish.PAGES, dry=False)
    assert shelf.git("rev-parse", "gh-pages") == tip


def _another_commit(shelf: Shelf) -> None:
    shelf.project.commit({"docs/organise/help.md": HELP + "\nMore.\n"}, "Go on")


def _another_file(shelf: Shelf) -> None:
    shelf.project.write({"docs/organise/help.md": HELP + "\nMore.\n"})


def _no_tag(shelf: Shelf) -> None:
    shelf.project.git("tag", "--delete", "v1.1.0")


def _no_pdf(shelf: Shelf) -> None:
    (shelf.project.root / publish.PAGES / "downloads/sse-handbook.pdf").unlink()


def _another_build(shelf: Shelf) -> None:
    page = shelf.project.root / publish.PAGES / "index.html"
    page.write_text(page.read_text(encoding="utf-8").replace("../latest/", ""), encoding="utf-8")


def _another_base(shelf: Shelf) -> None:
    page = shelf.project.root / publish.PAGES / "index.html"
    page.write_text(page.read_text(encoding="utf-8").replace("handbook/latest/", "handbook/"), encoding="utf-8")


def _no_site(shelf: Shelf) -> None:
    shutil.rmtree(shelf.site)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_another_commit, "This is not version 1.1.0 as it was released: git switch --detach v1.1.0"),
        (_another_file, "These files are not as they were released:\n M docs/organise/help.md"),
        (_no_tag, "Version 1.1.0 is not released: python3 noxfile.py -s release -- 1.1.0"),
        (_no_pdf, "These were not built: downloads/sse-handbook.pdf."),
        (_another_build, "The pages do not lead to the other versions."),
        (_another_base, "`html_baseurl` is https://book.example/handbook/; it must end in `/latest/`"),
        (_no_site, "git ls-remote says:"),
    ],
)
def test_it_stops_where_something_is_off(
    two_made: Shelf, tmp_path: Path, spoil: Callable[[Shelf], None], says: str
) -> None:
    shelf = copy_of(two_made, tmp_path / "shelf")
    spoil(shelf)
    done = shelf.publish()
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    if shelf.site.exists():
        assert shelf.git("rev-parse", "gh-pages") == two_made.git("rev-parse", "gh-pages")


def page_of(title: str, moved: str = "") -> str:
    head = f'<meta name="robots" content="noindex"><link rel="canonical" href="{moved}">' if moved else ""
    return f"<html><head>{head}<title>{title}</title></head><body></body></html>"


def site_of(**versions: Mapping[str, str]) -> dict[str, str]:
    """What a site of these versions shares, as text; each content is its own hash."""
    files = {
        f"{name[1:].replace('_', '.')}/{file}": text for name, own in versions.items() for file, text in own.items()
    }
    found = published_site.shared(published_site.editions(files, lambda content: content))
    return {name: data if isinstance(data, str) else data.decode() for name, data in found.items()}


def test_a_page_that_is_gone_leads_to_the_nearest_above_it() -> None:
    index = {"index.html": page_of("Front"), "policy/index.html": page_of("Policy")}
    site = site_of(
        v1_0_0={**index, "policy/laws/asia.html": page_of("Asia"), "other/page.html": page_of("Other")}, v1_1_0=index
    )
    asia, other = (html.fromstring(site[f"latest/{name}.html"]) for name in ("policy/laws/asia", "other/page"))
    assert asia.xpath("//a/@href") == ["../index.html", "../../../1.0.0/policy/laws/asia.html"]
    assert other.xpath("//a/@href") == ["../index.html", "../../1.0.0/other/page.html"]
    assert "Version 1.1.0 has no such page. The nearest that it has: Policy." in asia.text_content()


def test_the_page_above_may_have_moved_itself() -> None:
    index = {"index.html": page_of("Front")}
    site = site_of(
        v1_0_0={**index, "a/index.html": page_of("A"), "a/b.html": page_of("B")},
        v1_1_0={**index, "a/index.html": page_of("Moved", "../c.html"), "c.html": page_of("C")},
    )
    assert html.fromstring(site["latest/a/b.html"]).xpath("//a/@href")[0] == "../c.html"


def test_a_file_that_only_an_older_version_had_stays_in_reach_and_the_newest_wins() -> None:
    index = {"index.html": page_of("Front")}
    site = site_of(
        v1_0_0={**index, "data/old.csv": "old", "data/laws.csv": "1", "_static/old.css": "old"},
        v1_1_0={**index, "data/laws.csv": "2"},
    )
    assert (site["latest/data/old.csv"], site["latest/data/laws.csv"]) == ("old", "2")
    assert "latest/_static/old.css" not in site


def test_a_mend_of_an_older_version_leaves_the_newest_where_it_is() -> None:
    versions = {f"v{number}": {"index.html": page_of(number)} for number in ("1_0_0", "1_9_0", "1_10_0", "1_0_1")}
    site = site_of(**versions)
    assert site["latest/index.html"] == page_of("1_10_0")
    assert '"1.10.0"' not in site["versions.css"]
    assert all(f'"{old}"' in site["versions.css"] for old in ("1.0.0", "1.0.1", "1.9.0"))


def test_a_page_that_moved_twice_is_found_in_every_version() -> None:
    index = {"index.html": page_of("Front")}
    site = site_of(
        v1_0_0={**index, "a.html": page_of("A")},
        v1_1_0={**index, "a.html": page_of("Moved", "b.html"), "b.html": page_of("B")},
        v1_2_0={
            **index,
            "a.html": page_of("Moved", "c.html"),
            "b.html": page_of("Moved", "c.html"),
            "c.html": page_of("C"),
        },
    )
    links = html.fromstring(site["versions/c.html"]).xpath("//li/a/@href")
    assert links == ["../1.2.0/c.html", "../1.1.0/b.html", "../1.0.0/a.html"]


def test_the_real_handbook_leads_to_its_versions_from_each_page(
    tmp_path: Path, handbook: Built, diagram_cache: Path
) -> None:
    shutil.copytree(handbook.output.parent, tmp_path / "handbook")
    settings = {"sse_diagram_cache": str(diagram_cache), "sse_downloads": {}}
    made = build(ROOT / "docs", tmp_path / "handbook", sse_published=True, **settings)
    assert (made.read, made.raw_warnings) == (set(), "")
    (made.output / "downloads").mkdir(exist_ok=True)
    version = html.parse(made.output / "index.html").getroot().xpath("string(//p[@class='sse-version']/@data-version)")
    for file in published_site.FORMATS.values():
        (made.output / file.format(version)).touch()
    with tempfile.TemporaryDirectory() as store:
        publish.publish(publish.Folder(tmp_path / "site", Path(store)), version, made.output, dry=False)
    documents = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    for name in documents:
        page = html.parse(tmp_path / "site" / version / name).getroot()
        [newest] = page.xpath("//p[@class='sse-version']/a[@class='sse-newest']/@href")
        [every] = page.xpath("//p[@class='sse-version']/a[@class='sse-versions']/@href")
        for link, folder in ((newest, "latest"), (every, "versions")):
            assert (tmp_path / "site" / version / name.parent / link).resolve() == tmp_path / "site" / folder / name
            assert (tmp_path / "site" / folder / name).is_file()


def test_a_folder_gets_what_the_branch_has(two_made: Shelf, tmp_path: Path) -> None:
    shelf, folder = copy_of(two_made, tmp_path / "shelf"), tmp_path / "folder"
    for version in ("1.0.0", "1.1.0"):
        shelf.show(version)
        assert publish.main(["--project", str(shelf.project.root), "--folder", str(folder)]) == 0
    assert shelf.publish().returncode == 0
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in files} == contents(shelf, "gh-pages")
