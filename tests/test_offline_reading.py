"""Reading again without a network: the worker that keeps pages helps, is never far behind, and is never in the way."""

from collections.abc import Callable

import pytest
from browser import Reader, Site, find_kinds
from conftest import Built
from loopback import Reply
from playwright.sync_api import Page

Readers = Callable[..., Reader]


@pytest.fixture
def regular(reader: Readers) -> Reader:
    """Somebody whose browser lets pages keep what was read."""
    return reader(service_workers="allow")


def settle(page: Page) -> None:
    """Wait until the worker runs this page, and has put away what it was given."""
    page.evaluate("() => navigator.serviceWorker.ready")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.wait_for_load_state("networkidle")


def heading(page: Page) -> str:
    return page.locator("h1").inner_text().lower()


def test_what_was_read_can_be_read_again_without_a_network_and_the_rest_says_so(regular: Reader, site: Site) -> None:
    read, unread = (find_kinds(site.folder)[kind] for kind in ("diagram", "filter"))
    settle(regular.open(read))
    settle(regular.open("index"))
    site.gone = True
    for name in (read, "index"):
        page = regular.open(name)
        assert page.locator("article p").count() > 3
        assert page.evaluate("() => getComputedStyle(document.body).margin") == "0px", "it has lost its styles"
    page = regular.open(unread)
    assert heading(page) == "no network"
    page.get_by_role("link", name=f"{read}.html").click()
    assert heading(page) not in ("", "no network")


def test_a_new_edition_of_a_page_is_shown_at_once_and_a_page_that_is_gone_stays_gone(
    regular: Reader, site: Site
) -> None:
    site.seconds = 0  # the browser keeps nothing: what is old then, the worker has kept
    name = find_kinds(site.folder)["diagram"]
    settle(regular.open(name))
    settle(regular.open("index"))
    old = (site.folder / f"{name}.html").read_text(encoding="utf-8")
    site.instead[f"/{name}.html"] = site.compressed(old.replace("<h1>", "<h1>Changed: ").encode(), "text/html")
    assert heading(regular.open(name)).startswith("changed: ")
    settle(regular.page)
    site.gone = True
    assert heading(regular.open(name)).startswith("changed: ")
    site.gone = False
    site.instead[f"/{name}.html"] = Reply(404, b"<h1>Gone</h1>")
    assert heading(regular.open(name)) == "gone"


@pytest.mark.parametrize(
    "worker",
    [
        Reply(404, b"none"),
        Reply(200, b"addEventListener('install', (e) => e.waitUntil(Promise.reject('full')));", "text/javascript"),
    ],
    ids=["missing", "cannot install"],
)
def test_a_worker_that_fails_is_not_in_the_way(regular: Reader, site: Site, worker: Reply) -> None:
    site.instead["/sw.js"] = worker
    page = regular.open("index")
    page.wait_for_load_state("networkidle")
    page.locator("[rel=next]").click()
    assert page.url != site.url("index")
    assert [trouble for trouble in regular.troubles if trouble.startswith("script")] == []


def test_downloads_are_left_to_the_browser(regular: Reader, site: Site) -> None:
    settle(regular.open("index"))
    site.instead["/downloads/book.pdf"] = Reply(200, b"%PDF-1.7", "application/pdf")
    regular.page.evaluate("() => fetch('downloads/book.pdf').then((answer) => answer.blob())")
    kept = """async () => (await Promise.all((await caches.keys()).map(async (name) =>
      (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname)))).flat()"""
    addresses = regular.page.evaluate(kept)
    assert "/index.html" in addresses
    assert not [address for address in addresses if "downloads" in address]


def test_a_page_opened_from_a_file_asks_for_no_worker(handbook: Built, regular: Reader) -> None:
    regular.page.goto((handbook.output / "index.html").as_uri())
    regular.page.wait_for_load_state("networkidle")
    assert regular.troubles == []
