"""The offline copy of the real handbook: whole, small, fit for any phone, and silent on the network."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

import pytest
from browser import QUIET, find_browser
from conftest import ROOT, Built, find_dead_links, write_files
from lxml import html

sys.path.insert(0, str(ROOT / "tools"))
import offline

# What Windows or Android refuse in a name; Windows takes 260 characters for a path.
REFUSED = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)|^.{100}', re.IGNORECASE)
Open = Callable[[Path, str], tuple[html.HtmlElement, list[str]]]


@pytest.fixture(scope="session")
def unpacked(handbook: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one folder that the copy unpacks to."""
    target = tmp_path_factory.mktemp("offline") / "copy.zip"
    offline.main(str(handbook.output), str(target))
    assert target.stat().st_size < offline.LARGEST - 6_500_000  # what the PDF may take
    with ZipFile(target) as archive:
        names = archive.namelist()
        archive.extractall(target.parent / "unpacked")
    assert len({name.casefold() for name in names}) == len(names)
    assert [name for name in names if any(REFUSED.search(part) for part in name.split("/"))] == []
    [folder] = (target.parent / "unpacked").iterdir()
    return folder


@pytest.fixture
def open_file(tmp_path: Path) -> Open:
    """Open a file in a real browser: what it then shows, and every address that the page asked the network for."""
    browser = find_browser()

    def open_in_browser(path: Path, more: str = "") -> tuple[html.HtmlElement, list[str]]:
        log = tmp_path / "network.json"
        options = (f"--user-data-dir={tmp_path / 'browser'}", f"--log-net-log={log}", "--virtual-time-budget=10000")
        command = [browser, *QUIET, *options, "--dump-dom", path.as_uri() + more]
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        network = json.loads(log.read_text(encoding="utf-8"))
        start = network["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
        begun = [event["params"] for event in network["events"] if event["type"] == start and "params" in event]
        # What the browser asks for on its own account has no origin.
        asked = [params["url"] for params in begun if params.get("initiator", "not an origin") != "not an origin"]
        return html.document_fromstring(run.stdout), [url for url in asked if not url.startswith("file:")]

    return open_in_browser


def test_the_network_is_watched(tmp_path: Path, open_file: Open) -> None:
    addresses = ["http://127.0.0.1:9/picture.png", "https://elsewhere.invalid/script.js"]
    text = f'<img src="{addresses[0]}"><script src="{addresses[1]}"></script>'
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert sorted(open_file(tmp_path / "page.html", "")[1]) == addresses


def test_the_copy_opens_in_a_browser_and_asks_the_network_for_nothing(unpacked: Path, open_file: Open) -> None:
    start, asked = open_file(unpacked / "open-me.html", "")
    assert asked == []
    [front] = start.xpath("//strong/../@href")
    drawn = next(page for page in unpacked.rglob("*.html") if b'<div class="diagram"' in page.read_bytes())
    for path, more in ((unpacked / front, ""), (drawn, f"#{html.parse(drawn).xpath('string(//article//@id)')}")):
        page, asked = open_file(path, more)
        assert asked == []
        assert page.xpath("//article//h1")
    assert page.xpath("//div[@class='diagram']/*[local-name()='svg']")


def test_searching_finds_pages_and_asks_the_network_for_nothing(unpacked: Path, open_file: Open) -> None:
    page, asked = open_file(unpacked / "pages/search.html", "?q=cooperative")
    assert asked == []
    found = [link for link in page.xpath("//main//li/a/@href") if not urlsplit(link).netloc]
    assert len(found) > 20
    assert [link for link in found if not (unpacked / "pages" / unquote(urlsplit(link).path)).is_file()] == []


def test_every_address_in_the_copy_is_in_the_copy(unpacked: Path) -> None:
    assert find_dead_links(unpacked, at_least=2000) == []
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages <= {path.relative_to(unpacked / "pages").as_posix() for path in (unpacked / "pages").rglob("*.html")}


def test_the_copy_holds_what_pages_name_and_is_always_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    front = '<h1>Bees &amp; us<a href="#x">#</a></h1><a href="downloads/bees.pdf">PDF</a><script src="a.js"></script>'
    files = {"index.html": front, "a.js": 'load("index.js")', "index.js": "", "unused.js": "", "downloads/bees.pdf": ""}
    write_files(tmp_path / "pages", files)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    for name in ("one.zip", "two.zip"):
        offline.main(str(tmp_path / "pages"), str(tmp_path / name))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with ZipFile(tmp_path / "one.zip") as archive:
        texts = {name.partition("/")[2]: archive.read(name).decode() for name in archive.namelist()}
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 11, 18, 11, 6, 40)}
    pages = [f"pages/{name}" for name in sorted(files) if name != "unused.js"]
    assert list(texts) == ["README.txt", "open-me.html", *pages]
    assert texts["README.txt"].startswith("Bees & us\nVersion ")
    assert "pages/downloads/bees.pdf" in texts["README.txt"]
    assert "<h1>Bees &amp; us</h1>" in texts["open-me.html"]
    assert '<a href="pages/downloads/bees.pdf">' in texts["open-me.html"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")  # as Nix has it
    (tmp_path / "pages/downloads/bees.pdf").write_bytes(os.urandom(offline.LARGEST))
    with pytest.raises(SystemExit, match="more than 10 MB"):
        offline.main(str(tmp_path / "pages"), str(tmp_path / "copy.zip"))
