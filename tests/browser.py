"""A real browser on the real handbook: the site on loopback as a host serves it, and what is asked of each page."""

import gzip
import mimetypes
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
from loopback import Loopback, Reply, serve
from lxml import html
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps"),
)
# What the pages of a kind have, and others have not: the names of pages may change with any contribution.
KINDS = {
    "diagram": "//div[@class='diagram']",
    "laws": "//section[contains(@class, 'law')]",
    "filter": "//table[contains(@class, 'law-filter')]",
    "videos": "//div[contains(@class, 'video-card')]",
    "glossary": "//dl[contains(@class, 'glossary')]",
    "sources": "//aside[@class='footnote']",
    "code": "//pre",
}
NAMED = {"front": "index", "index": "genindex", "search": "search", "not-found": "404"}
TEXT = re.compile(r"text/|javascript|json|xml")


def find_pages(folder: Path) -> list[str]:
    """Every page that readers may open, by its address without the ending; not the old addresses that lead on."""
    pages = (path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts)
    lead_on = re.compile('<meta name="robots" content="noindex">.*<title>(Moved:|This page has moved)', re.DOTALL)
    return [
        path.relative_to(folder).with_suffix("").as_posix()
        for path in pages
        if not lead_on.search(path.read_text("utf-8"))
    ]


@cache
def find_kinds(folder: Path) -> dict[str, str]:
    """One page of each kind: the one that has most of what its kind is known by."""
    trees = {name: html.parse(folder / f"{name}.html").getroot() for name in find_pages(folder)}
    return NAMED | {
        kind: max(trees, key=lambda name: len(trees[name].xpath(f"//main{path}"))) for kind, path in KINDS.items()
    }


def find_browser() -> str:
    """The program of the browser. Where there is none the test is skipped; in CI it fails."""
    found = next(filter(None, map(shutil.which, BROWSERS)), "")
    if not found:
        assert "CI" not in os.environ, "a browser is needed: apt-get install chromium"
        pytest.skip("needs Chromium or Chrome")
    return found


@contextmanager
def start_browser() -> Iterator[Browser]:
    program = find_browser()  # first: without one, Playwright's own driver may lack a library, too
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield browser
        browser.close()


class Sent(NamedTuple):
    path: str
    type: str
    size: int


class Site:
    """The pages of a folder as a plain host of pages serves them: compressed, to be kept ten minutes, 404.html.

    `instead` maps an address to what is answered in place of the file; `gone` hangs up on every request; `seconds`
    says how long a browser may keep an answer.
    """

    def __init__(self, server: Loopback, folder: Path) -> None:
        self.server, self.folder, self.gone, self.seconds = server, folder, False, 600
        self.instead: dict[str, Reply] = {}
        self.file = cache(self._file)
        server.reply = self.reply  # type: ignore[method-assign]

    def url(self, page: str = "", query: str = "") -> str:
        return f"{self.server.url}/{page}{'.html' if page else ''}{query}"

    def sent(self) -> list[Sent]:
        """What was asked for since the last call, in order, with the bytes as they were sent."""
        with self.server.lock:
            asked, self.server.asked = self.server.asked, []
        replies = [(path, self.reply(path)) for path in asked]
        return [Sent(path, reply.type.partition(";")[0], len(reply.body)) for path, reply in replies]

    def reply(self, path: str) -> Reply:
        if self.gone:
            return Reply(act=lambda handler: handler.connection.close())
        found = self.instead.get(urlsplit(path).path) or self.file(urlsplit(path).path)
        return replace(found, headers={**found.headers, "Cache-Control": f"max-age={self.seconds}"})

    def _file(self, path: str) -> Reply:
        found = self.folder / unquote(path).lstrip("/")
        found = found / "index.html" if found.is_dir() else found
        status = 200 if found.is_file() else 404
        found = found if found.is_file() else self.folder / "404.html"
        body = found.read_bytes() if found.is_file() else b"Not found"
        return self.compressed(body, mimetypes.guess_type(found.name)[0] or "application/octet-stream", status)

    @staticmethod
    def compressed(body: bytes, kind: str = "text/html", status: int = 200) -> Reply:
        """An answer with this body, compressed where hosts do so."""
        if not TEXT.search(kind):
            return Reply(status, body, kind)
        return Reply(status, gzip.compress(body, mtime=0), f"{kind}; charset=utf-8", {"Content-Encoding": "gzip"})


@contextmanager
def serve_folder(folder: Path) -> Iterator[Site]:
    with serve() as server:
        yield Site(server, folder)


class Reader:
    """Somebody with a browser of their own: nothing kept from before, and everything that goes wrong written down.

    `troubles` holds errors of scripts, refusals of the page's security policy, and requests to other hosts.
    """

    def __init__(self, browser: Browser, site: Site, width: int = 360, height: int = 640, **options: Any) -> None:
        # A background worker would ask for more while requests are counted; its own tests let it work.
        settings = {"service_workers": "block", "reduced_motion": "reduce", **options}
        self.context: BrowserContext = browser.new_context(viewport={"width": width, "height": height}, **settings)
        self.site, self.troubles = site, list[str]()
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.context.on("request", lambda request: self._request(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not ("404 (Not Found)" in message.text and "404" in self.page.url):
            self.troubles.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _request(self, address: str) -> None:
        if not address.startswith((f"{self.site.server.url}/", "data:", "file:", "blob:")):
            self.troubles.append(f"another host: {address}")

    def open(self, page: str, query: str = "") -> Page:
        """Open a page of the handbook and wait until it is loaded."""
        self.page.goto(self.site.url(page, query), wait_until="load")
        return self.page


AXE = """async (runOnly) => {
  const found = await axe.run(document, {
    runOnly,
    ...(runOnly.type == "tag" ? {rules: {"target-size": {enabled: true}}} : {}),
    resultTypes: ["violations"],
  });
  return found.violations.flatMap(({id, nodes}) => nodes.map(({target, failureSummary}) =>
    id + ": " + target.join(" ") + ": " + failureSummary.split("\\n").slice(1).join(";").trim().slice(0, 160)));
}"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


def violations(page: Page, colours: bool = False) -> list[str]:
    """What axe finds on a page: WCAG 2.2, levels A and AA, and best practice; with `colours`, what those decide."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    colour_rules = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    found: list[str] = page.evaluate(AXE, colour_rules if colours else {"type": "tag", "values": RULES})
    return found
