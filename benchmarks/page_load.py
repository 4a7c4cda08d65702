"""How soon a page is there on a slow line and a slow phone: the handbook's theme beside the book theme as it comes.

    python benchmarks/page_load.py [--pages N] [--repeat N]

The same pages are built twice, in the same run, and opened in Chromium with nothing kept from before, each side in
turn. Chromium holds the line down to 400 kbit/s with 400 ms for each round trip, and the processor to a fourth.
`LCP` is when the largest text or picture of the first view was there, `load` when all was. The exit code is 0 whether
or not the bars are met.
"""

from __future__ import annotations

import argparse
import gzip
import mimetypes
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LINE = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
SLOWER = 4
BARS = {"LCP": 1000, "load": 1500}  # milliseconds, for the page of middle weight
# Text that is there at once and a picture that comes later are both told of: the last one counts.
TIMES = """() => new Promise((resolve) => {
  let last = 0;
  new PerformanceObserver((list) => { for (const each of list.getEntries()) last = each.startTime; })
    .observe({type: "largest-contentful-paint", buffered: true});
  setTimeout(() => resolve([last, performance.getEntriesByType("navigation")[0].loadEventEnd]), 300);
})"""


class Handler(BaseHTTPRequestHandler):
    """Answers with a file of a folder, compressed where it is text, as hosts of pages do."""

    protocol_version = "HTTP/1.1"

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.folder = folder
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = self.folder / unquote(urlsplit(self.path).path).lstrip("/")
        body = path.read_bytes() if path.is_file() else b""
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.send_response(200 if path.is_file() else 404)
        if kind.startswith("text/") or kind.endswith(("javascript", "json", "xml")):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, folder))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def build(home: Path, name: str, *options: str) -> Path:
    """The pages of the handbook with a theme."""
    places = ["-d", str(home / "doctrees"), str(ROOT / "docs"), str(home / name)]
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", *options, *places]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return home / name


def opened(browser: Browser, address: str) -> tuple[float, float]:
    """LCP and load of a page in milliseconds, for a reader who has nothing of it yet."""
    context = browser.new_context(viewport={"width": 360, "height": 640}, service_workers="block")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address, wait_until="load", timeout=120_000)
    lcp, load = page.evaluate(TIMES)
    context.close()
    return float(lcp), float(load)


def main() -> int:
    """Build, open, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=5, help="how many pages around the one of middle weight")
    parser.add_argument("--repeat", type=int, default=5, help="how often each is opened")
    asked = parser.parse_args()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        print("Chromium is needed: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        sides = {
            "handbook": build(home, "handbook"),
            "sphinx_book_theme": build(home, "stock", "-D", "html_theme=sphinx_book_theme", "-a"),
        }
        own_pages = [path for path in sides["handbook"].rglob("*.html") if "_static" not in path.parts]
        own_pages.sort(key=lambda path: len(gzip.compress(path.read_bytes())))
        middle = max(len(own_pages) // 2 - asked.pages // 2, 0)
        names = [path.relative_to(sides["handbook"]).as_posix() for path in own_pages[middle : middle + asked.pages]]
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        print(f"{date.today()}, {platform.platform()}, Chromium {browser.version}, {asked.repeat} times each")
        found: dict[tuple[str, str], list[tuple[float, float]]] = {}
        with served(sides["handbook"]) as own, served(sides["sphinx_book_theme"]) as stock:
            for _ in range(asked.repeat):
                for name in names:
                    for side, address in (("handbook", own), ("sphinx_book_theme", stock)):
                        found.setdefault((side, name), []).append(opened(browser, f"{address}/{name}"))
        browser.close()
    print(f"{'theme':18} {'LCP':>7} {'load':>7}  page (median, ms)")
    for (side, name), times in sorted(found.items()):
        print(f"{side:18} {median(t[0] for t in times):7.0f} {median(t[1] for t in times):7.0f}  {name}")
    own, as_it_comes = sides
    for place, (what, bar) in enumerate(BARS.items()):
        value = {
            side: median(t[place] for key, times in found.items() if key[0] == side for t in times) for side in sides
        }
        verdict = f"{value[own]:.0f} ms, the bar is {bar}: {'meets' if value[own] <= bar else 'misses'}"
        print(f"{what}: {verdict}; as it comes {value[as_it_comes]:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
