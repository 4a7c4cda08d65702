"""Reading again without a network: the worker that keeps pages helps, is never far behind, and is never in the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser import Reader, Site
from conftest import Built
from loopback import Reply
from playwright.sync_api import Page

Readers = Callable[..., Reader]
FRONT = "Home-based workers and the social and solidarity economy"


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
    return page.locator("h1").inner_text()


@pytest.fixture
def watched(site: Site) -> Site:
    """A host that lets a browser keep nothing: what is old then, the worker has kept."""
    site.seconds = 0
    return site


def changed(site: Site, name: str, old: str, new: str) -> None:
    """The host has a new edition of a file."""
    path = f"/{name}"
    text = (site.folder / name).read_text(encoding="utf-8")
    assert old in text
    site.instead[path] = site.compressed(text.replace(old, new).encode(), site.file(path).type.partition(";")[0])


def test_what_was_read_can_be_read_again_without_a_network(regular: Reader, site: Site) -> None:
    settle(regular.open("index"))
    settle(regular.open("understand/forms"))
    site.gone = True
    for name in ("understand/forms", "index"):
        page = regular.open(name)
        assert page.locator("article p").count() > 3
        assert page.evaluate("() => getComputedStyle(document.body).margin") == "0px", "it has lost its styles"
    assert heading(page).startswith(FRONT)


def test_the_first_page_ever_opened_is_kept_too(regular: Reader, site: Site) -> None:
    settle(regular.open("understand/forms"))
    site.gone = True
    assert "forms" in heading(regular.open("understand/forms")).lower()


def test_a_page_that_was_not_read_says_what_can_be_read(regular: Reader, site: Site) -> None:
    settle(regular.open("understand/forms"))
    settle(regular.open("index"))
    site.gone = True
    page = regular.open("reference/timeline")
    assert heading(page) == "No network"
    page.get_by_role("link", name="understand/forms.html").click()
    assert "forms" in heading(page).lower()


def test_a_new_edition_of_a_page_is_shown_at_once(regular: Reader, watched: Site) -> None:
    settle(regular.open("understand/forms"))
    settle(regular.open("index"))
    old = heading(regular.open("understand/forms")).split()[0]
    changed(watched, "understand/forms.html", f"<h1>{old}", "<h1>Mended")
    assert heading(regular.open("understand/forms")).startswith("Mended")
    settle(regular.page)
    watched.gone = True
    assert heading(regular.open("understand/forms")).startswith("Mended")


def test_a_new_script_comes_with_the_second_visit_at_the_latest(regular: Reader, watched: Site) -> None:
    settle(regular.open("index"))
    [script] = regular.page.locator("script[src]").all()
    name = str(script.get_attribute("src"))
    watched.instead[f"/{name}"] = watched.compressed(
        (watched.folder / name).read_bytes() + b"\ndocument.documentElement.dataset.mended = 'yes';", "text/javascript"
    )
    settle(regular.open("understand/forms"))
    page = regular.open("understand/index")
    assert page.locator("html").get_attribute("data-mended") == "yes"


def test_a_page_that_is_gone_stays_gone(regular: Reader, watched: Site) -> None:
    settle(regular.open("understand/forms"))
    settle(regular.open("index"))
    watched.instead["/understand/forms.html"] = Reply(404, b"<h1>Gone</h1>")
    assert heading(regular.open("understand/forms")) == "Gone"


@pytest.mark.parametrize(
    "worker",
    [
        Reply(404, b"none"),
        Reply(200, b"<html>a page of the host</html>"),
        Reply(200, b"this is no script", "text/javascript"),
        Reply(200, b"throw new Error('at once');", "text/javascript"),
        Reply(200, b"addEventListener('install', (e) => e.waitUntil(Promise.reject('full')));", "text/javascript"),
    ],
    ids=["missing", "another type", "broken", "throws", "cannot install"],
)
def test_a_worker_that_fails_is_not_in_the_way(regular: Reader, site: Site, worker: Reply) -> None:
    site.instead["/sw.js"] = worker
    page = regular.open("index")
    page.wait_for_load_state("networkidle")
    assert heading(page).startswith(FRONT)
    page.locator("[rel=next]").click()
    assert page.url == site.url("understand/index")
    assert [each for each in regular.troubles if each.startswith("script")] == []


def test_a_store_that_is_full_is_not_in_the_way(regular: Reader, site: Site) -> None:
    script = (site.folder / "sw.js").read_bytes()
    full = b"for (const name of ['put', 'add', 'addAll']) Cache.prototype[name] = () => Promise.reject(Error());\n"
    site.instead["/sw.js"] = Reply(200, full + script, "text/javascript")
    settle(regular.open("index"))
    assert "forms" in heading(regular.open("understand/forms")).lower()
    assert regular.page.evaluate("() => getComputedStyle(document.body).margin") == "0px"


def test_downloads_and_what_is_sent_are_left_to_the_browser(regular: Reader, site: Site) -> None:
    settle(regular.open("index"))
    site.instead["/downloads/book.pdf"] = Reply(200, b"%PDF-1.7", "application/pdf")
    regular.page.evaluate("() => fetch('downloads/book.pdf').then((answer) => answer.blob())")
    kept = """async () => (await Promise.all((await caches.keys()).map(async (name) =>
      (await (await caches.open(name)).keys()).map((each) => new URL(each.url).pathname)))).flat()"""
    addresses = regular.page.evaluate(kept)
    assert "/index.html" in addresses
    assert not [each for each in addresses if "downloads" in each]


def test_the_worker_costs_little_and_asks_only_once(regular: Reader, site: Site) -> None:
    settle(regular.open("index"))
    sent = site.sent()
    [worker] = [each for each in sent if each.path.endswith("sw.js")]
    assert worker.size <= 2048
    assert len([each for each in sent if each.path == "/index.html"]) == 1
    regular.open("understand/forms")
    settle(regular.page)
    assert "/sw.js" not in [each.path for each in site.sent()]


def test_a_page_opened_from_a_file_asks_for_no_worker(handbook: Built, regular: Reader) -> None:
    page = regular.page
    page.goto((handbook.output / "index.html").as_uri())
    page.wait_for_load_state("networkidle")
    assert heading(page).startswith(FRONT)
    assert regular.troubles == []
