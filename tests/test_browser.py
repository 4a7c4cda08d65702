"""The handbook in a real browser: who can use it and how, what it tells nobody, and what its search finds.

Every page is opened, at the width of a phone and of a desk; what differs by kind of page is tried on one page of each.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from browser import KINDS, NAMED, Reader, Site, find_kinds, find_pages, serve_folder, violations
from conftest import ROOT, Built, build
from loopback import Reply
from lxml import html
from playwright.sync_api import Page
from test_theme import make_book

Readers = Callable[..., Reader]
FIRST_WINDOW = 14_000  # what a server sends before it hears back, less the head of its answer
kinds = pytest.mark.parametrize("kind", [*NAMED, *KINDS])
# A page is a test of its own, so that workers share them. What a build adds is there as well.
PAGES = sorted(
    path.relative_to(ROOT / "docs").with_suffix("").as_posix()
    for path in (ROOT / "docs").rglob("*.md")
    if not path.relative_to(ROOT / "docs").as_posix().startswith("_")
)
PAGES += ["genindex", "search", "404"]


@pytest.fixture
def page_of(handbook: Built) -> Callable[[str], str]:
    return find_kinds(handbook.output).__getitem__


def test_no_page_is_forgotten(handbook: Built) -> None:
    assert set(find_pages(handbook.output)) == set(PAGES)


# What a page costs


def test_a_page_asks_for_no_more_than_its_script_and_the_second_for_its_html_alone(site: Site, reader: Readers) -> None:
    visitor = reader()
    names = ["index", *(name for name in PAGES if "/index" in name)]
    for number, name in enumerate(names):
        visitor.open(name).wait_for_load_state("networkidle")
        assert [sent.path for sent in site.sent()] == [f"/{name}.html", "/_static/handbook.js"][: 1 if number else 2]
    assert visitor.troubles == []


FIRST_VIEW = """() => {
  const seen = {}, path = (e) => e.parentElement
    ? path(e.parentElement) + ">" + e.tagName + [...e.parentElement.children].indexOf(e) : "";
  for (const e of document.body.querySelectorAll("*")) {
    const {x, y, width, height} = e.getBoundingClientRect(), s = getComputedStyle(e);
    if (!e.checkVisibility() || y + height > innerHeight) continue;
    seen[path(e)] = [e.tagName, Math.round(x), Math.round(width), s.color, s.backgroundColor, s.fontSize, s.display];
  }
  return seen;
}"""


@kinds
def test_the_first_flight_of_bytes_shows_the_top_of_a_page_as_it_stays(
    site: Site, reader: Readers, page_of: Callable[[str], str], kind: str
) -> None:
    name, visitor = page_of(kind), reader()
    whole = visitor.open(name).evaluate(FIRST_VIEW)
    start = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(site.file(f"/{name}.html").body[:FIRST_WINDOW])
    page = visitor.page
    page.route("**", lambda route: route.abort())
    page.route(site.url(name), lambda route: route.fulfill(body=start, content_type="text/html"))
    first = visitor.open(name).evaluate(FIRST_VIEW)
    assert any(tag == "H1" for tag, *_ in first.values())
    assert {path: [seen, whole[path]] for path, seen in first.items() if path in whole and whole[path] != seen} == {}


# What it tells nobody


def test_what_is_planted_is_refused_and_nothing_is_kept(reader: Readers, page_of: Callable[[str], str]) -> None:
    page = reader().open("index")
    plant = """() => new Promise((resolve) => {
      const refused = [], done = () => resolve([window.planted ?? 0, refused.sort()]);
      document.addEventListener("securitypolicyviolation", (event) => {
        if (refused.push(event.effectiveDirective.replace("-elem", "")) == 3) done();
      });
      setTimeout(done, 5000);
      const script = document.createElement("script");
      script.textContent = "window.planted = 1";
      document.head.append(script);
      new Image().src = "https://elsewhere.invalid/picture.png";
      fetch("https://elsewhere.invalid/").catch(() => {});
    })"""
    assert page.evaluate(plant) == [0, ["connect-src", "img-src", "script-src"]]
    visitor = reader(width=1280, height=800)
    for name, query in ((page_of("diagram"), ""), (page_of("filter"), ""), ("search", "?q=cooperative")):
        visitor.open(name, query).wait_for_load_state("networkidle")
        assert visitor.page.evaluate(STORED) == {"cookies": "", "local": [], "session": [], "databases": 0}, name


STORED = """async () => ({
  cookies: document.cookie,
  local: Object.keys(localStorage),
  session: Object.keys(sessionStorage),
  databases: (await indexedDB.databases()).length,
})"""


# Who can use it


def test_axe_finds_what_is_planted(reader: Readers) -> None:
    page = reader().open("index")
    page.evaluate("""() => {
      const planted = document.createElement("div");
      planted.innerHTML = '<img src="icon.png"><button style="color: #ccc; background: #fff">faint</button>'
        + '<button style="inline-size: 9px; block-size: 9px; padding: 0"></button>'.repeat(2) + '<h6>Jump</h6>';
      document.querySelector("main").append(planted);
    }""")
    assert "color-contrast" in {fault.partition(":")[0] for fault in violations(page, colours=True)}
    found = {fault.partition(":")[0] for fault in violations(page)}
    assert {"image-alt", "color-contrast", "target-size", "button-name", "heading-order"} <= found


FITS = """() => {
  const name = (e) => e.tagName.toLowerCase() + (e.className.baseVal ?? e.className ? "." + e.className : "");
  const faults = [], root = document.scrollingElement;
  if (root.scrollWidth > innerWidth) faults.push("the page: " + root.scrollWidth + " px");
  for (const e of document.body.querySelectorAll("*")) {
    if (!e.checkVisibility() || e.closest("svg")) continue;
    const {overflowX} = getComputedStyle(e), wide = e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0;
    const scrolls = overflowX == "auto" || overflowX == "scroll";
    const named = e.getAttribute("role") == "region" && (e.ariaLabel || e.getAttribute("aria-labelledby"));
    if (wide && scrolls && !(e.tabIndex == 0 && named)) faults.push("scrolls, out of a keyboard's reach: " + name(e));
    if (wide && !scrolls && overflowX != "visible" && getComputedStyle(e).position != "absolute")
      faults.push("cut off: " + name(e));
  }
  return faults;
}"""
LETTERS = "() => parseFloat(getComputedStyle(document.querySelector('article p, article li')).fontSize)"


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_the_page_fits_a_phone_and_large_letters(reader: Readers, name: str) -> None:
    found: dict[str, list[str]] = {}
    visitor = reader(color_scheme="light")
    page = visitor.open(name)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        found[f"{width} light"] = violations(page)
        # In the dark a page has the same parts, places and names: only its colours are others.
        page.emulate_media(color_scheme="dark")
        found[f"{width} dark"] = violations(page, colours=True)
        page.emulate_media(color_scheme="light")
    for width in (320, 360, 768):
        page.set_viewport_size({"width": width, "height": 640})
        found[str(width)] = page.evaluate(FITS)
    before = page.evaluate(LETTERS)
    page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    assert page.evaluate(LETTERS) == 2 * before
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 640})
        found[f"{width}, large letters"] = page.evaluate(FITS)
    found["troubles"] = visitor.troubles
    assert {where: faults for where, faults in found.items() if faults} == {}


FOCUSABLE = """() => {
  const able = "a[href], button, input, select, textarea, summary, [tabindex]";
  window.stops = [...document.querySelectorAll(able)].filter((e) =>
    e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}));
  return stops.length;
}"""
FOCUSED = """() => {
  const e = document.activeElement, s = getComputedStyle(e), box = e.getClientRects()[0] ?? e.getBoundingClientRect();
  const x = box.x + Math.min(box.width, innerWidth) / 2, y = box.y + Math.min(box.height, innerHeight) / 2;
  const top = document.elementFromPoint(x, y);
  const drawn = (s.outlineStyle != "none" && parseFloat(s.outlineWidth) >= 1) || s.boxShadow != "none";
  const seen = top && (e.contains(top) || top.contains(e));
  const fault = drawn ? (seen ? "" : "out of sight: ") : "no mark of the focus: ";
  return [stops.indexOf(e), fault && fault + (e.outerHTML.slice(0, 100))];
}"""
MANY, LAST = 60, 5  # stops of a page that are tried from its start, and at its end


@pytest.mark.parametrize("width", [360, 1280])
@kinds
def test_a_keyboard_reaches_all_in_order_and_shows_where_it_is(
    reader: Readers, page_of: Callable[[str], str], kind: str, width: int
) -> None:
    page = reader(width=width, height=800).open(page_of(kind))
    page.evaluate("() => document.activeElement.blur()")
    number = page.evaluate(FOCUSABLE)
    assert number > 4
    faults = []
    for start, end in ((0, min(number, MANY)), (max(number - LAST, MANY), number)):
        if MANY <= start < end:
            page.evaluate(f"() => stops[{start - 1}].focus()")
        for expected in range(start, end):
            page.keyboard.press("Tab")
            stop, fault = page.evaluate(FOCUSED)
            assert stop == expected, fault
            faults += [fault] if fault else []
    assert faults == []
    # The first key leads past the menus.
    page.evaluate("() => document.activeElement.blur()")
    page.locator(".skip").press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.querySelector('main').contains(document.activeElement)")


SMALL = """() => [...document.querySelectorAll("nav a, nav summary, header a, header button, header input, summary")]
  .filter((e) => e.checkVisibility())
  .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 90)])
  .filter(([{width, height}]) => Math.min(width, height) < 43.9)
  .map(([{width, height}, text]) => `${Math.round(width)} x ${Math.round(height)}: ${text}`)"""


@kinds
def test_what_leads_elsewhere_is_large_enough_for_a_thumb(
    reader: Readers, page_of: Callable[[str], str], kind: str
) -> None:
    page = reader().open(page_of(kind))
    page.evaluate("() => document.querySelectorAll('details').forEach((fold) => fold.open = true)")
    assert page.evaluate("() => document.querySelectorAll('nav a').length") > 0
    assert page.evaluate(SMALL) == []


# Without scripts


def test_the_way_through_the_book_needs_no_script(
    reader: Readers, site: Site, handbook: Built, page_of: Callable[[str], str]
) -> None:
    name = page_of("laws")
    page = reader(java_script_enabled=False).open(name)
    above = html.parse(handbook.output / f"{name}.html").getroot().xpath("//nav[@aria-label='Breadcrumb']//@href")
    assert len(above) == name.count("/") + (not name.endswith("index"))
    page.locator("summary", has_text="On this page").click()
    link = page.get_by_role("navigation", name="On this page").get_by_role("link").nth(2)
    link.click()
    assert page.url == site.url(name, str(link.get_attribute("href")))
    page.get_by_text("Contents", exact=True).click()
    page.get_by_role("navigation", name="Site").get_by_role("link").first.click()
    first = page.url
    page.get_by_role("link", name="Home", exact=True).click()
    assert page.url == site.url("index")
    page.locator("[rel=next]").click()
    assert page.url == first
    page.locator("[rel=prev]").click()
    page.get_by_role("searchbox").fill("cooperative")
    page.get_by_role("searchbox").press("Enter")
    assert page.url == site.url("search", "?q=cooperative")
    page.get_by_role("main").get_by_role("link", name="Index").click()
    assert page.url == site.url("genindex")
    for kind in ("front", "filter", "search"):  # nothing stands there that does nothing
        for button in reader(java_script_enabled=False).open(page_of(kind)).get_by_role("button").all():
            assert button.evaluate("(e) => !!e.form && e.type == 'submit'"), button.evaluate("(e) => e.outerHTML")


# What the reader's device asks for


def test_nothing_moves_where_the_reader_asked_for_less_motion(reader: Readers) -> None:
    moving = """() => [document.documentElement, ...document.querySelectorAll("*")].flatMap((e) =>
      ["", "::before", "::after"].map((part) => [e.tagName + "." + e.className + part, getComputedStyle(e, part)]))
      .filter(([, s]) => parseFloat(s.transitionDuration) > 0.01 || parseFloat(s.animationDuration) > 0.01
        || s.scrollBehavior == "smooth").map(([name]) => name)"""
    page = reader(reduced_motion="reduce").open("index")
    assert page.evaluate(moving) == []
    page.emulate_media(reduced_motion="no-preference")
    assert "HTML." in page.evaluate(moving)


CONTRAST = """([first, second]) => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low, high] = [light(first), light(second)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_keep_borders_focus_and_drawings(
    reader: Readers, page_of: Callable[[str], str], scheme: Any
) -> None:
    page = reader(width=1280, height=800, forced_colors="active", color_scheme=scheme).open(page_of("diagram"))
    shown = "(e) => getComputedStyle(e).borderTopStyle != 'none' && parseFloat(getComputedStyle(e).borderTopWidth) > 0"
    for selector in ("header button", "header input", ".admonition"):
        assert page.locator(f"{selector} >> visible=true").first.evaluate(shown), selector
    page.locator("article a").first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
    # A drawing keeps the white that it is drawn on, or its letters follow the reader's colours.
    ground = page.locator(".diagram").first.evaluate("(e) => getComputedStyle(e).backgroundColor")
    ink = page.locator(".diagram svg text").first.evaluate("(e) => getComputedStyle(e).fill")
    assert page.evaluate(CONTRAST, [ink, ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_only_the_page_is_left_in_black_on_white(
    reader: Readers, page_of: Callable[[str], str], scheme: Any
) -> None:
    page = reader(width=1280, height=800, color_scheme=scheme).open(page_of("laws"))
    page.evaluate("(scheme) => { document.documentElement.dataset.theme = scheme; }", scheme)
    screen = page.locator("main p").all_inner_texts()
    page.emulate_media(media="print")
    for selector in ("nav", "header form", "header button", ".skip"):
        assert [found for found in page.locator(selector).all() if found.is_visible()] == [], selector
    assert [text for text in page.locator("article p").all_inner_texts() if text not in screen] == []
    paint = """() => ["h1", "article p", "article a.reference"].map((name) => document.querySelector(name)).map((e) => {
      let ground = e;
      while (getComputedStyle(ground).backgroundColor == "rgba(0, 0, 0, 0)" && ground.parentElement)
        ground = ground.parentElement;
      const found = getComputedStyle(ground).backgroundColor;
      return [getComputedStyle(e).color, found == "rgba(0, 0, 0, 0)" ? "rgb(255, 255, 255)" : found];
    })"""
    for ink, ground in page.evaluate(paint):
        assert ground in {"rgb(255, 255, 255)", "rgb(238, 238, 238)"}
        assert page.evaluate(CONTRAST, [ink, ground]) >= 7


@kinds
def test_printed_sheets_lose_no_column_and_are_not_left_empty(
    reader: Readers, page_of: Callable[[str], str], kind: str
) -> None:
    """A4, by the margins that Chromium has: 718 px of width."""
    page = reader(width=718, height=1047).open(page_of(kind))
    page.emulate_media(media="print")
    wide = """() => [...document.querySelectorAll("article, article table, article svg")].map((e) =>
      [e.tagName, Math.round(e.getBoundingClientRect().right)]).filter(([, right]) => right > innerWidth)"""
    assert page.evaluate(wide) == []
    # What may not be parted is shorter than a sheet, so no sheet is left empty for it.
    whole = """() => [...document.querySelectorAll("main *")].filter((e) => getComputedStyle(e).breakInside == "avoid"
      && e.getBoundingClientRect().height > innerHeight).map((e) => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(whole) == []
    heads = "() => [...document.querySelectorAll('thead')].map((e) => getComputedStyle(e).display)"
    assert set(page.evaluate(heads)) <= {"table-header-group"}


def test_light_or_dark_is_chosen_once_for_all_pages(reader: Readers, page_of: Callable[[str], str]) -> None:
    visitor = reader(color_scheme="light")
    page = visitor.open("index")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    button = page.get_by_role("button", name="Light or dark")
    button.press("Enter")
    dark = page.evaluate(ground)
    assert dark != light
    assert button.get_attribute("aria-pressed") == "true"
    visitor.open(page_of("laws"))
    assert page.evaluate(ground) == dark
    assert page.evaluate(STORED) == {"cookies": "", "local": ["theme"], "session": [], "databases": 0}
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(ground) == light
    # Without a choice the device decides.
    assert reader(color_scheme="dark").open("index").evaluate(ground) == dark


# Search

WORLD = {
    "aaa": "# All\n\nNepal, C177, Brazil, members, women: how we cite them. I do.\n",
    "africa": "# Laws: Africa\n\n## Côte d’Ivoire\n\nOne law.\n",
    "arabic": "# العمل من المنزل\n\nالنساء ينشئن تعاونية معًا.\n",
    "asia": "# Laws: Asia\n\n## Nepal\n\nOne law. See [](aaa).\n",
    "cite": "# How to cite this book\n\nName the page.\n",
    "convention": "# C177: home work\n\nA text of the ILO.\n",
    "hindi": "# घर से काम\n\nमहिलाएँ सहकारी समिति बनाती हैं।\n",
    "japanese": "# 家内労働法\n\n賃金を守る。\n",
    "policy": "# A policy for the members\n\nOne.\n",
    "thai": "# พระราชบัญญัติคุ้มครองผู้รับงานไปทำที่บ้าน\n\nค่าจ้าง\n",
}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Built:
    source: Path = make_book(tmp_path_factory.mktemp("world"), **WORLD)
    return build(source, source / "build", html_baseurl="https://book.example/")


def results(page: Page) -> list[str]:
    """The addresses that a search has found, the first first, when it has ended."""
    page.wait_for_function("() => document.querySelector('#search-results .search-summary')?.textContent")
    return [str(link.get_attribute("href")) for link in page.locator("#search-results li > a").all()]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("Nepal", "asia.html#nepal"),
        ("C177", "convention.html"),
        ("members", "policy.html"),
        ("member", "policy.html"),
        ("policies", "policy.html"),
        ("how do I cite", "cite.html"),
        ("the", "policy.html"),
        ("Cote", "africa.html"),
        ("CÔTE", "africa.html"),
        ("सहकारी", "hindi.html"),
        ("समिति महिलाएँ", "hindi.html"),
        ("المنزل", "arabic.html"),
        ("تعاونية", "arabic.html"),
        ("労働", "japanese.html"),
        ("คุ้มครอง", "thai.html"),
    ],
)
def test_the_page_with_the_words_in_its_title_or_heading_comes_first(
    world: Built, reader: Readers, typed: str, first: str
) -> None:
    with serve_folder(world.output) as site:
        visitor = reader(site)
        assert results(visitor.open("search", f"?q={quote(typed)}"))[0] == first
        assert visitor.troubles == []


def test_the_title_of_a_page_of_the_handbook_finds_the_page(handbook: Built, reader: Readers) -> None:
    visitor = reader()
    for name in find_pages(handbook.output)[::9]:
        if name not in NAMED.values():
            [title] = (
                html.parse(handbook.output / f"{name}.html").getroot().xpath("//meta[@property='og:title']/@content")
            )
            assert results(visitor.open("search", f"?q={quote(str(title))}"))[0] == f"{name}.html"


def test_search_loads_its_index_only_then_and_works_from_a_file(site: Site, handbook: Built, reader: Readers) -> None:
    visitor = reader()
    for start in (site.url("index"), (handbook.output / "index.html").as_uri()):
        page = visitor.page
        page.goto(start)
        page.get_by_role("searchbox").fill("cooperative")
        page.wait_for_timeout(200)
        assert not [sent for sent in site.sent() if "searchindex" in sent.path]
        page.get_by_role("searchbox").press("Enter")
        assert results(page)
        page.locator("#search-results li > a").first.click()
        assert page.locator("h1").is_visible()
        assert "/searchindex.js" in [sent.path for sent in site.sent()] or start.startswith("file:")
    assert visitor.troubles == []


def test_a_search_that_finds_nothing_or_cannot_be_made_says_so(site: Site, reader: Readers) -> None:
    page = reader().open("search", "?q=zzyzx")
    page.get_by_role("status").get_by_text("did not match").wait_for()
    site.instead["/searchindex.js"], site.seconds = Reply(503, b"not now"), 0
    page = reader().open("search", "?q=cooperative")
    page.get_by_text("could not be loaded").wait_for()
    del site.instead["/searchindex.js"]
    page.get_by_role("searchbox").press("Enter")
    assert results(page)


def test_laws_are_filtered_with_the_keyboard_alone(reader: Readers, page_of: Callable[[str], str]) -> None:
    visitor = reader(width=1280, height=800)
    page = visitor.open(page_of("filter"))
    rows = page.locator("table.law-filter tbody tr:not([hidden])")
    country = rows.last.inner_text().partition(":")[0]
    page.get_by_label("Words").focus()
    page.keyboard.press("Tab")
    page.keyboard.type(country)
    page.keyboard.press("Enter")  # on the next field: nothing is sent away
    assert {text.partition(":")[0] for text in rows.all_inner_texts()} == {country}
    assert page.url.endswith(f"/{page_of('filter')}.html")
    assert visitor.troubles == []


# What others see of it


def test_each_page_says_what_it_is(handbook: Built) -> None:
    titles: dict[str, str] = {}
    for name in find_pages(handbook.output):
        tree = html.parse(handbook.output / f"{name}.html").getroot()
        head = {key: tree.xpath(f"//head/meta[@name='{key}' or @property='{key}']/@content") for key in HEAD}
        assert [key for key in HEAD if len(head[key]) != 1 or not head[key][0].strip()] == [], name
        title = tree.xpath("string(//head/title)")
        assert title not in titles.values(), name
        titles[name] = title
        assert name == "index" or tree.xpath("string(//h1)").rstrip("#¶ ") in title, name
        assert str(*tree.xpath("//head/link[@rel='icon']/@href")).startswith("data:image/svg+xml,"), name


HEAD = ("description", "og:title", "og:description", "og:type", "og:site_name", "viewport", "referrer")


def test_a_lost_reader_is_led_on_and_the_manifest_is_whole(site: Site, world: Built, reader: Readers) -> None:
    page = reader().page
    with serve_folder(world.output) as other:
        # Where the book knows its address, also in a folder that is not there.
        here = (world.output / "404.html").read_text(encoding="utf-8").replace("https://book.example/", other.url())
        other.instead["/a/b/no-such-page.html"] = other.compressed(here.encode(), status=404)
        for place, address in ((site, "/no-such-page.html"), (other, "/a/b/no-such-page.html")):
            answer = page.goto(place.server.url + address)
            assert answer
            assert answer.status == 404
            assert page.evaluate("() => getComputedStyle(document.body).margin") == "0px", "no styles"
            page.get_by_role("main").get_by_role("link", name="The front page").click()
            assert page.url == place.url("index")
    page = reader().open("index")
    answer = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert answer["errors"] == []
    about = json.loads(answer["data"])
    for address in (about["start_url"], *(icon["src"] for icon in about["icons"])):
        assert site.reply(urlsplit(urljoin(answer["url"], address)).path).status == 200
