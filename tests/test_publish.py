"""Two versions of a small book are published beside each other, with the theme and the settings of the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import find_dead_links
from lxml import html
from playwright.sync_api import Browser
from small_book import FORMS, SmallBook

NOON = {**os.environ, "SOURCE_DATE_EPOCH": "1801396800"}  # 31 January 2027
BASE = "https://book.example/handbook/latest/"
MOVED = {"understand/forms": "organise/forms", "understand/forms#forms": "organise/forms#forms",
         "understand/forms#mutuals": "organise/forms#mutuals"}  # fmt: skip


@dataclass
class Shelf:
    """The book, and the bare repository that it is published to."""

    book: SmallBook
    origin: Path

    def make(self, version: str) -> None:
        """Release a version, and build all of it; the other formats are only there in name."""
        done = self.book.tool("release", version, "--checked")
        assert done.returncode == 0, done.stderr
        built = self.book.root / "build"
        shutil.rmtree(built, ignore_errors=True)
        for name in ("pdf/sse-handbook.pdf", "epub/sse-handbook.epub", f"offline/sse-handbook-{version}.zip"):
            (built / name).parent.mkdir(parents=True)
            (built / name).write_text(version)
        command = [sys.executable, "-m", "sphinx", "-qW", "-b", "html", "-D", "sse_published=1", "-d", "build/trees"]
        subprocess.run([*command, "docs", "build/publish"], cwd=self.book.root, env=NOON, check=True)

    def publish(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.book.tool("publish", *options)

    def git(self, *arguments: str) -> str:
        return SmallBook(self.origin).git(*arguments)

    def copy(self, folder: Path) -> Shelf:
        """The same again, to be changed."""
        parent = shutil.copytree(self.origin.parent, folder / "shelf")
        shelf = Shelf(SmallBook(parent / "book"), parent / "site.git")
        shelf.book.git("remote", "set-url", "origin", str(shelf.origin))
        return shelf


@pytest.fixture(scope="session")
def one(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A site with 1.0.0; do not change it."""
    folder = tmp_path_factory.mktemp("one")
    subprocess.run(["git", "init", "--quiet", "--bare", folder / "site.git"], check=True)
    shelf = Shelf(SmallBook.begin(folder / "book"), folder / "site.git")
    shelf.book.git("remote", "add", "origin", str(shelf.origin))
    shelf.book.change(
        "pyproject.toml", "[dependency-groups]", f'[project.urls]\nDocumentation = "{BASE}"\n\n[dependency-groups]'
    )
    shelf.make("1.0.0")
    done = shelf.publish()
    assert done.returncode == 0, done.stderr
    return shelf


@pytest.fixture(scope="session")
def two(one: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A site with 1.0.0, and with 1.1.0, which moved a page; do not change it."""
    shelf = one.copy(tmp_path_factory.mktemp("two"))
    unreleased = "## Unreleased\n"
    shelf.book.change("docs/reference/changes.md", unreleased, f"{unreleased}\n### Changed\n\n- A page moved.\n")
    lead = "".join(f"{old}: {{to: {new}, because: It moved in version 1.1}}\n" for old, new in MOVED.items())
    shelf.book.write({"docs/understand/forms.md": "", "docs/organise/forms.md": FORMS})
    shelf.book.commit({"docs/data/redirects.yaml": lead})
    shelf.make("1.1.0")
    state = shelf.book.state()
    done = shelf.publish()
    assert (done.returncode, shelf.book.state()) == (0, state), done.stderr
    return shelf


@pytest.fixture(scope="session")
def site(two: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as a folder."""
    folder = tmp_path_factory.mktemp("checkout") / "site"
    subprocess.run(["git", "clone", "--quiet", "--branch", "gh-pages", two.origin, folder], check=True)
    return folder


def test_an_old_page_says_that_it_is_old_and_leads_to_where_it_is_now(site: Path, browser: Browser) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto((site / "1.0.0/understand/forms.html").as_uri())
    assert page.locator(".sse-old").is_visible()
    page.click(".sse-newest")
    page.click("main p a")  # the page has moved, and its old address says where to
    assert page.url.endswith("/latest/organise/forms.html")
    assert not page.locator(".sse-old").is_visible()
    page.goto((site / "1.0.0/organise/help.html").as_uri())
    page.click(".sse-versions")
    assert page.locator("main li").all_inner_texts() == [
        "Version 1.1.0, 2027-01-31", "Version 1.0.0, 2027-01-31",
    ]  # fmt: skip
    page.click("main li a:has-text('1.0.0')")
    assert page.url == (site / "1.0.0/organise/help.html").as_uri()
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/latest/index.html")
    page.close()


def test_no_link_on_the_site_leads_nowhere(site: Path) -> None:
    assert find_dead_links(site, at_least=100) == []


def test_each_version_is_one_commit_and_what_was_published_stays(two: Shelf, one: Shelf) -> None:
    assert two.git("log", "--format=%s", "gh-pages").splitlines() == ["Publish 1.1.0", "Publish 1.0.0"]
    assert two.git("rev-parse", "gh-pages:1.0.0") == one.git("rev-parse", "gh-pages:1.0.0")
    built = two.book.root / "build/publish"
    published = two.git("ls-tree", "-r", "--name-only", "gh-pages:1.1.0").splitlines()
    assert sorted(published) == sorted(
        path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file() and path.name != ".buildinfo"
    )


def test_what_the_versions_share(site: Path) -> None:
    lost = html.parse(site / "404.html").getroot()
    assert lost.xpath("//a/@href") == [BASE]
    for name in ("index.html", "organise/help.html"):
        for version in ("1.0.0", "1.1.0", "latest"):
            page = html.parse(site / version / name).getroot()
            assert page.xpath("//link[@rel='canonical']/@href") == [f"{BASE}{name}"]
    sitemap = html.fromstring((site / "sitemap.xml").read_bytes()).xpath("//loc/text()")
    assert f"{BASE}organise/forms.html" in sitemap and f"{BASE}understand/forms.html" not in sitemap
    assert all((site / "latest" / address.removeprefix(BASE)).is_file() for address in sitemap)
    assert (site / ".nojekyll").is_file()
    rows = html.parse(site / "versions/index.html").getroot().xpath("//main//li")
    assert [[link.text for link in row.xpath("./a")][1:] for row in rows] == [["PDF", "EPUB", "offline copy"]] * 2
    assert "<title>All versions: Help" in (text := (site / "versions/organise/help.html").read_text("utf-8"))
    assert "drawing" not in text
    moved = html.parse(site / "versions/organise/forms.html").getroot()
    assert [len(row.xpath("./a")) for row in moved.xpath("//main//li")] == [1, 0], "1.0.0 has no such page"
    # A file that only an older version had stays in reach, and the newest wins.
    downloads = site / "latest/downloads"
    assert (downloads / "sse-handbook-1.0.0.zip").read_text() == "1.0.0"
    assert (downloads / "sse-handbook.pdf").read_text() == "1.1.0"


def test_once_more_does_nothing(two: Shelf) -> None:
    tip = two.git("rev-parse", "gh-pages")
    done = two.publish()
    assert (done.returncode, two.git("rev-parse", "gh-pages")) == (0, tip), done.stderr
    assert "There is nothing to do." in done.stdout


def spoil_built(name: str, text: str) -> Callable[[Shelf], None]:
    return lambda shelf: shelf.book.write({f"build/publish/{name}": text})


def somebody_was_faster(shelf: Shelf) -> None:
    hook = shelf.origin / "hooks/update"
    hook.write_text("#!/bin/sh\necho somebody was faster >&2\nexit 1\n")
    hook.chmod(0o755)
    shelf.git("update-ref", "refs/heads/gh-pages", "gh-pages~1")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_built("organise/help.html", "Other"), "what is published stays. Release a new version."),
        (spoil_built("downloads/sse-handbook.pdf", ""), "These were not built: downloads/sse-handbook.pdf."),
        (spoil_built("index.html", "Built alone"), "The pages do not lead to the other versions."),
        (somebody_was_faster, "Nothing is changed. git push says:"),
        (lambda shelf: shelf.book.commit({}), "not version 1.1.0 as it was released: git switch"),
        (lambda shelf: shelf.book.write({"docs/new.md": "x"}), "not as they were released:\n?? docs/new.md"),
        (lambda shelf: shelf.book.git("tag", "--delete", "v1.1.0"), "Version 1.1.0 is not released:"),
        (lambda shelf: shutil.rmtree(shelf.origin), "Nothing is changed. git ls-remote says:"),
    ],
)
def test_it_stops_with_a_plain_line_and_leaves_nothing_behind(
    two: Shelf, tmp_path: Path, spoil: Callable[[Shelf], object], message: str
) -> None:
    shelf = two.copy(tmp_path)
    spoil(shelf)
    state = shelf.book.state(), shelf.origin.exists() and shelf.git("rev-parse", "gh-pages")
    done = shelf.publish()
    assert done.returncode == 1
    assert message in done.stderr and "Traceback" not in done.stderr
    assert state == (shelf.book.state(), shelf.origin.exists() and shelf.git("rev-parse", "gh-pages"))


def test_what_others_keep_on_the_branch_stays_and_a_rehearsal_changes_nothing(two: Shelf, tmp_path: Path) -> None:
    shelf = two.copy(tmp_path)
    shelf.git("update-ref", "refs/heads/gh-pages", "gh-pages~1")
    subprocess.run(["git", "clone", "--quiet", "--branch", "gh-pages", shelf.origin, tmp_path / "clone"], check=True)
    clone = SmallBook(tmp_path / "clone")
    clone.commit({"CNAME": "book.example\n"})
    clone.git("push", "--quiet")
    tip = shelf.git("rev-parse", "gh-pages")
    done = shelf.publish("--dry-run")
    assert (done.returncode, shelf.git("rev-parse", "gh-pages")) == (0, tip), done.stderr
    assert "files changed" in done.stdout and "This was a rehearsal" in done.stdout
    assert shelf.publish().returncode == 0
    assert shelf.git("show", "gh-pages:CNAME") == "book.example"
    assert shelf.git("rev-parse", "gh-pages:1.1.0") == two.git("rev-parse", "gh-pages:1.1.0")
