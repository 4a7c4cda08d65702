"""How soon a page is there on a slow line and a slow phone: the handbook's theme beside the book theme as it comes.

The same pages, those of middle size, are opened in Chromium with nothing kept from before, each side in turn.
The line has 400 kbit/s and 400 ms for each round trip, the processor a fourth of its speed. `LCP` is when the largest
text or picture of the first view was there, `load` when all was.
"""

import argparse
import gzip
import mimetypes
import shutil
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread

from playwright.sync_api import Browser, sync_playwright
from timing import describe_machine, judge, start_sphinx, wait

DOCS = Path(__file__).resolve().parent.parent / "docs"
LINE = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
BARS = {"LCP": 1.0, "load": 1.5}  # seconds
# Text that is there at once and a picture that comes later are both told of: the last one counts.
TIMES = """() => new Promise((resolve) => {
  let last = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) last = entry.startTime; })
    .observe({type: "largest-contentful-paint", buffered: true});
  setTimeout(() => resolve([last, performance.getEntriesByType("navigation")[0].loadEventEnd]), 300);
})"""


class Handler(SimpleHTTPRequestHandler):
    """Answers with a file, compressed where it is text, as hosts of pages do."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        body = path.read_bytes() if path.is_file() else b""
        self.send_response(200 if path.is_file() else 404)
        kind = mimetypes.guess_type(path.name)[0] or ""
        if kind.startswith("text/") or kind.endswith(("javascript", "json", "xml")):
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None: ...


def serve(folder: Path) -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def open_page(browser: Browser, address: str) -> tuple[float, float]:
    context = browser.new_context(viewport={"width": 360, "height": 640}, service_workers="block")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(address, wait_until="load", timeout=120_000)
    lcp, load = page.evaluate(TIMES)
    context.close()
    return lcp / 1000, load / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--pages", type=int, default=5, help="how many pages around the one of middle size")
    parser.add_argument("--repeat", type=int, default=5, help="how often each is opened")
    asked = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome") or sys.exit("Chromium is needed.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        stock = ("-Dhtml_theme=sphinx_book_theme", "-Dhtml_additional_pages.404=search.html", "-a")
        sides = {"ours": (), "sphinx_book_theme": stock}
        for side, options in sides.items():
            wait(start_sphinx("html", DOCS, home / side, "-d", str(home / "doctrees"), *options))
        pages = [page for page in (home / "ours").rglob("*.html") if "_static" not in page.parts]
        pages.sort(key=lambda page: len(gzip.compress(page.read_bytes())))
        first = max((len(pages) - asked.pages) // 2, 0)
        names = [page.relative_to(home / "ours").as_posix() for page in pages[first : first + asked.pages]]
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        print(f"{describe_machine()}, Chromium {browser.version}, {', '.join(names)}")
        addresses, times = {side: serve(home / side) for side in sides}, {side: [] for side in sides}
        for name in names * asked.repeat:
            for side, address in addresses.items():
                times[side].append(open_page(browser, f"{address}/{name}"))
        browser.close()
    for place, (what, bar) in enumerate(BARS.items()):
        ours, bare = (median(pair[place] for pair in times[side]) for side in sides)
        print(f"{what}: {judge(ours, bar)} seconds, {bare:.2f} with the book theme")


if __name__ == "__main__":
    main()
