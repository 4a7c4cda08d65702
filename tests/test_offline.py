"""The offline copy of the real handbook: whole, small, fit for any phone, and silent on the network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from zipfile import ZipFile

import pytest
from browser import QUIET, find_browser
from conftest import ROOT, Built
from lxml import html

sys.path.insert(0, str(ROOT / "tools"))
import offline

Look = Callable[[str], tuple[html.HtmlElement, list[str]]]


@pytest.fixture(scope="session")
def copy(handbook: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The offline copy of the real handbook, packed from its HTML."""
    target = tmp_path_factory.mktemp("offline") / "copy.zip"
    assert offline.main(str(handbook.output), str(target)) == 0
    return target


@pytest.fixture(scope="session")
def unpacked(copy: Path) -> Path:
    """The one folder that the copy unpacks to."""
    with ZipFile(copy) as archive:
        archive.extractall(copy.parent / "unpacked")
    [folder] = (copy.parent / "unpacked").iterdir()
    return folder


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Open an address in a real browser: what it then shows, and every address that the page asked the network for."""
    browser = find_browser()

    def open_in_browser(address: str) -> tuple[html.HtmlElement, list[str]]:
        log = tmp_path / "network.json"
        options = (f"--user-data-dir={tmp_path / 'browser'}", f"--log-net-log={log}", "--virtual-time-budget=10000")
        command = [browser, *QUIET, *options, "--dump-dom", address]
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        network = json.loads(log.read_text(encoding="utf-8"))
        start = network["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
        begun = [each["params"] for each in network["events"] if each["type"] == start and "params" in each]
        # What the browser asks for on its own account has no origin.
        asked = [each["url"] for each in begun if each.get("initiator", "not an origin") != "not an origin"]
        return html.document_fromstring(run.stdout), [each for each in asked if not each.startswith("file:")]

    return open_in_browser


def test_the_copy_opens_in_a_browser_and_asks_the_network_for_nothing(unpacked: Path, look: Look) -> None:
    start, asked = look((unpacked / "open-me.html").as_uri())
    assert asked == []
    [front] = [str(link) for link in start.xpath("//strong/../@href")]
    page, asked = look(urljoin((unpacked / "open-me.html").as_uri(), front))
    assert asked == []
    assert "Where to begin" in page.text_content()
    page, asked = look((unpacked / "pages/understand/forms.html").as_uri() + "#cooperative")
    assert asked == []
    assert page.xpath("//div[@class='diagram']/*[local-name()='svg']")


def test_the_network_is_watched(tmp_path: Path, look: Look) -> None:
    addresses = ["http://127.0.0.1:9/picture.png", "https://elsewhere.invalid/script.js"]
    text = f'<img src="{addresses[0]}"><script src="{addresses[1]}"></script>'
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert sorted(look((tmp_path / "page.html").as_uri())[1]) == addresses


def test_searching_finds_pages_and_asks_the_network_for_nothing(unpacked: Path, look: Look) -> None:
    page, asked = look((unpacked / "pages/search.html").as_uri() + "?q=cooperative")
    assert asked == []
    found = page.xpath("//*[@id='search-results']//li/a/@href")
    assert len(found) > 20
    for link in found:
        assert (unpacked / "pages" / unquote(urlsplit(str(link)).path)).is_file(), link


def test_every_address_in_the_copy_is_in_the_copy(unpacked: Path, handbook: Built) -> None:
    followed = 0
    for path in unpacked.rglob("*.html"):
        for link in html.parse(path).getroot().xpath("//@href | //@src | //form/@action"):
            target = urlsplit(str(link))
            if target.scheme or target.netloc or not target.path:
                continue
            followed += 1
            assert (path.parent / unquote(target.path)).is_file(), f"{path}: {link}"
    assert followed > 2000
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages <= {path.relative_to(unpacked / "pages").as_posix() for path in (unpacked / "pages").rglob("*.html")}


def test_styles_and_scripts_find_their_letters_and_no_map_is_packed(unpacked: Path) -> None:
    for path in unpacked.rglob("*.css"):
        for link in re.findall(r"url\(\s*[\"']?([^\"')]+)", path.read_text(encoding="utf-8")):
            if not link.startswith(("data:", "#")):
                assert (path.parent / urlsplit(link).path).is_file(), f"{path}: {link}"
    assert not list(unpacked.rglob("*.map"))


def test_the_same_pages_give_the_same_bytes(
    copy: Path, handbook: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline.main(str(handbook.output), str(tmp_path / "again.zip"))
    assert (tmp_path / "again.zip").read_bytes() == copy.read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    offline.main(str(handbook.output), str(tmp_path / "dated.zip"))
    with ZipFile(tmp_path / "dated.zip") as archive:
        assert {each.date_time for each in archive.infolist()} == {(2026, 11, 18, 11, 6, 40)}


def test_the_copy_is_small_enough_to_pass_on(copy: Path) -> None:
    assert copy.stat().st_size < offline.LARGEST - 3_000_000  # what the PDF may take


def pages_with_book(folder: Path) -> Path:
    (folder / "downloads").mkdir(parents=True)
    front = '<h1>Bees &amp; us<a href="#x">#</a></h1><a href="downloads/bees.pdf">PDF</a>'
    (folder / "index.html").write_text(front, encoding="utf-8")
    (folder / "search.html").write_text('<script src="searchindex.js"></script>', encoding="utf-8")
    (folder / "searchindex.js").write_text("", encoding="utf-8")
    (folder / "unused.js").write_text("", encoding="utf-8")
    (folder / "downloads/bees.pdf").touch()
    return folder


def test_the_start_and_the_readme_name_the_book_and_lead_to_its_pdf(tmp_path: Path) -> None:
    files = dict(offline.contents(pages_with_book(tmp_path / "pages"), "1.2"))
    top = "sse-handbook-1.2"
    pages = [f"pages/{name}" for name in ("downloads/bees.pdf", "index.html", "search.html", "searchindex.js")]
    assert list(files) == [f"{top}/{name}" for name in ("README.txt", "open-me.html", *pages)]
    readme, start = files[f"{top}/README.txt"].decode(), files[f"{top}/open-me.html"].decode()
    assert readme.startswith("Bees & us\nVersion 1.2\n")
    assert "pages/downloads/bees.pdf" in readme
    assert "<h1>Bees &amp; us</h1>" in start
    assert '<a href="pages/downloads/bees.pdf">' in start
    assert "$" not in readme + start


@pytest.mark.parametrize(
    ("names", "bad"),
    [
        (["a/b.html", "a/c.html"], ""),
        (["what?.html"], "what?.html"),
        (["a/nul.html"], "a/nul.html"),
        (["a/end. ", "b"], "a/end. "),
        (["page.html", "Page.html"], "Page.html"),
        (["a" * 151], "a" * 151),
    ],
)
def test_names_that_a_phone_or_windows_refuses_are_found(names: list[str], bad: str) -> None:
    assert offline.unfit(names) == bad


def test_a_page_with_a_name_that_cannot_be_unpacked_is_refused(tmp_path: Path) -> None:
    pages = pages_with_book(tmp_path / "pages")
    (pages / "what?.png").touch()
    (pages / "index.html").write_text('<h1>Book</h1><img src="what%3F.png">', encoding="utf-8")
    with pytest.raises(ValueError, match=r"pages/what\?\.png\. Give the page or picture another name"):
        offline.contents(pages, "1")


def test_a_copy_that_is_too_large_to_pass_on_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = pages_with_book(tmp_path / "pages")
    (pages / "downloads/bees.pdf").write_bytes(os.urandom(offline.LARGEST))
    assert offline.main(str(pages), str(tmp_path / "copy.zip")) == 1
    assert "more than 5 MB" in capsys.readouterr().err
