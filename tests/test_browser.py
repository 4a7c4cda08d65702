"""The handbook in a real browser: who can use it and how, what it tells nobody, and what its search finds.

Every page is opened, at the width of a phone and of a desk; what differs by kind of page is tried on one page of each.
"""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pypdfium2
import pytest
from browser import KINDS, NAMED, Reader, Site, find_kinds, find_pages, serve_folder, violations
from conftest import ROOT, Built, build, find_page
from loopback import Reply
from lxml import html
from playwright.sync_api import Page, expect
from test_theme import make_book

Readers = Callable[..., Reader]
Named = Callable[[str], str]
kinds = pytest.mark.parametrize("kind", [*NAMED, *KINDS])
schemes = pytest.mark.parametrize("scheme", ["light", "dark"])
# A page is a test of its own, so that workers share them; of the pages of the countries, which are alike, some.
SOURCES = [path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [*(name for name in SOURCES if not name.startswith("_")), "genindex", "search", "404"]
LAWS = ROOT / "docs/data/laws"
TRIED = [name for name in PAGES if not name.startswith("countries/") or name[10:] in ("bg", "in", "index", "ke", "np")]


@pytest.fixture
def page_of(handbook: Built) -> Named:
    return find_kinds(handbook.output).__getitem__


def test_no_page_is_forgotten(handbook: Built) -> None:
    assert set(find_pages(handbook.output)) == set(PAGES)


# What it tells nobody

PLANT = """() => {
  const script = document.head.appendChild(document.createElement("script"));
  script.append("window.planted = 1");
  new Image().src = "https://elsewhere.invalid/picture.png";
  return fetch("https://elsewhere.invalid/").then(() => "sent", () => window.planted ?? "refused");
}"""
STORED = """async () => [document.cookie, Object.keys(localStorage), Object.keys(sessionStorage),
  (await indexedDB.databases()).length]"""


def test_what_is_planted_is_refused_and_nothing_is_kept(reader: Readers, site: Site, page_of: Named) -> None:
    visitor = reader()
    assert visitor.open("index").evaluate(PLANT) == "refused"
    assert [part for part in ("script-src", "img-src", "connect-src") if part not in str(visitor.troubles)] == []
    visitor = reader(width=1280, height=800)
    for name, query in (("index", ""), (page_of("filter"), ""), ("search", "?q=cooperative")):
        visitor.open(name, query).wait_for_load_state("networkidle")
        assert visitor.page.evaluate(STORED) == ["", [], [], 0], name
    site.sent()
    visitor.open(page_of("laws")).wait_for_load_state("networkidle")
    assert [sent.path for sent in site.sent()] == [f"/{page_of('laws')}.html"]  # all else is there already


# Who can use it


def test_axe_finds_what_is_planted(reader: Readers) -> None:
    page = reader().open("index")
    page.evaluate("""() => { document.querySelector("main").innerHTML += '<img src="icon.png"><h6>Jump</h6>'
      + '<button style="color: #ccc; background: #fff">faint</button>'
      + '<button style="inline-size: 9px; block-size: 9px; padding: 0"></button>'.repeat(2); }""")
    assert "color-contrast" in {fault.partition(":")[0] for fault in violations(page, colours=True)}
    found = {fault.partition(":")[0] for fault in violations(page)}
    assert {"image-alt", "color-contrast", "target-size", "button-name", "heading-order"} <= found


FITS = """() => {
  const name = (e) => e.tagName.toLowerCase() + (e.className.baseVal ?? e.className ? "." + e.className : "");
  const faults = [], root = document.scrollingElement;
  if (root.scrollWidth > innerWidth) faults.push("the page: " + root.scrollWidth + " px");
  for (const e of document.body.querySelectorAll("*")) {
    if (!e.checkVisibility() || e.closest("svg")) continue;
    const {overflowX, position} = getComputedStyle(e), wide = e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0;
    const scrolls = overflowX == "auto" || overflowX == "scroll";
    if (wide && scrolls && !(e.tabIndex == 0 && e.getAttribute("role") == "region" && e.ariaLabel))
      faults.push("scrolls, out of a keyboard's reach: " + name(e));
    if (wide && !scrolls && overflowX != "visible" && position != "absolute") faults.push("cut off: " + name(e));
  }
  return faults;
}"""
LETTERS = "() => parseFloat(getComputedStyle(document.querySelector('article p, article li')).fontSize)"
# The title and "In short" are whole on the first screen of a phone.
FIRST = """() => [...document.querySelectorAll("h1, .in-short")].filter((e) => e.getBoundingClientRect().bottom > 640)
  .map((e) => e.innerText)"""
# What leads elsewhere is large enough for a thumb.
SMALL = """() => {
  document.querySelectorAll("details").forEach((fold) => fold.open = true);
  return [...document.querySelectorAll("nav a, header :is(a, button, input), summary")]
    .filter((e) => e.checkVisibility() && Math.min(e.offsetWidth, e.offsetHeight) < 44).map((e) => e.outerHTML);
}"""


@pytest.mark.parametrize("name", TRIED)
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
    for width in (768, 360, 320):
        page.set_viewport_size({"width": width, "height": 640})
        found[str(width)] = page.evaluate(FITS)
    page.set_viewport_size({"width": 360, "height": 640})
    found["below the first screen"] = page.evaluate(FIRST)
    before = page.evaluate(LETTERS)
    page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    assert page.evaluate(LETTERS) == 2 * before
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 640})
        found[f"{width}, large letters"] = page.evaluate(FITS)
    page.evaluate("() => { document.documentElement.style.fontSize = ''; }")
    found["too small for a thumb"] = page.evaluate(SMALL)
    found["troubles"] = visitor.troubles
    assert {where: faults for where, faults in found.items() if faults} == {}


FOCUSABLE = """() => {
  window.stops = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")].filter((e) =>
    e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}));
  document.activeElement.blur();
  return stops.length;
}"""
FOCUSED = """() => {
  const e = document.activeElement, s = getComputedStyle(e), box = e.getClientRects()[0] ?? e.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + Math.min(box.width, innerWidth) / 2,
    box.y + Math.min(box.height, innerHeight) / 2);
  const drawn = s.outlineStyle != "none" && parseFloat(s.outlineWidth) >= 1, seen = e.contains(top) || top?.contains(e);
  return [stops.indexOf(e), drawn && seen ? "" : (drawn ? "hidden: " : "not marked: ") + e.outerHTML.slice(0, 100)];
}"""
MANY, LAST = 60, 5  # stops of a page that are tried from its start, and at its end


@pytest.mark.parametrize("width", [360, 1280])
@kinds
def test_a_keyboard_reaches_all_in_order_and_shows_where_it_is(
    reader: Readers, page_of: Named, kind: str, width: int
) -> None:
    page = reader(width=width, height=800).open(page_of(kind))
    number = page.evaluate(FOCUSABLE)
    assert number > 4
    for start, end in ((0, min(number, MANY)), (max(number - LAST, MANY), number)):
        if MANY <= start < end:
            page.evaluate(f"() => stops[{start - 1}].focus()")
        for stop in range(start, end):
            page.keyboard.press("Tab")
            assert page.evaluate(FOCUSED) == [stop, ""]
    page.locator(".skip").press("Enter")  # leads past the menus
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.querySelector('main').contains(document.activeElement)")


def test_the_way_through_the_book_needs_no_script(reader: Readers, site: Site, page_of: Named) -> None:
    name = page_of("laws")
    page = reader(java_script_enabled=False).open(name)
    page.locator("summary", has_text="On this page").click()
    part = page.get_by_role("navigation", name="On this page").get_by_role("link").nth(2)
    part.click()
    assert page.url == site.url(name, str(part.get_attribute("href")))
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
        buttons = reader(java_script_enabled=False).open(page_of(kind)).get_by_role("button").all()
        assert all(button.evaluate("(e) => !!e.form && e.type == 'submit'") for button in buttons)


def test_a_number_shows_its_source_and_leads_back_without_loading_a_page(
    reader: Readers, site: Site, page_of: Named
) -> None:
    page = reader(java_script_enabled=False).open(page_of("sources"))
    site.sent()
    for number in page.locator("[role=doc-noteref][id]").all()[:3]:
        assert min(number.evaluate("(e) => [e.offsetWidth, e.offsetHeight]")) >= 24
        number.click()
        expect(page.locator(".footnote:target")).to_be_in_viewport()
        back = page.locator(".footnote:target [role=doc-backlink]")
        assert back.inner_text() == number.inner_text()
        back.click()
        expect(number).to_be_in_viewport()
    assert site.sent() == []
    numbers = page.locator("[role=doc-backlink]").all_inner_texts()
    assert numbers == [*map(str, range(1, len(numbers) + 1))]  # two sources of one author and year differ


def test_a_wide_table_is_a_list_on_a_phone_and_a_citation_is_one_tap_away(reader: Readers, handbook: Built) -> None:
    page = reader(java_script_enabled=False).open("index")
    page.locator("summary", has_text="How to cite this page").click()
    assert page.locator(".cite p").inner_text().startswith("SSE handbook contributors. ")
    wide = next(name for name in PAGES if 'data-label="' in (handbook.output / f"{name}.html").read_text("utf-8"))
    cell = reader(java_script_enabled=False).open(wide).locator("td[data-label]").first
    assert cell.evaluate("(e) => getComputedStyle(e, '::before').content").startswith(
        f'"{cell.get_attribute("data-label")}'
    )
    assert not cell.locator("xpath=ancestor::table/thead").is_visible()


# In her country's page a reader finds how many people, whom to ask, and C177.
@pytest.mark.parametrize("country", ["Nepal", "Kenya", "Brazil", "Pakistan", "Bulgaria"])
def test_a_country_is_two_taps_away_without_a_script(reader: Readers, country: str) -> None:
    page = reader(java_script_enabled=False).open("index")
    page.locator(".finder summary", has_text=country[0]).click()
    page.locator(".finder").get_by_role("link", name=country, exact=True).click()
    assert page.locator("h1").inner_text().startswith(country)
    article = page.locator("article").inner_text()
    for says in ("In short", "A small group needs", "Ask:", "Whom to ask", "C177"):
        assert says in article, says


def test_the_sheet_of_the_solidarity_test_is_one_tap_away_and_c177_is_said_plainly(reader: Readers) -> None:
    page = reader(java_script_enabled=False).open("index")
    sheet = find_page("handout-solidarity-test")
    page.locator(f"article a[href*='{sheet}']").first.click()
    assert sheet in page.url
    bound = {f"countries/{path.stem}" for path in LAWS.glob("*.yaml") if ": ratification\n" in path.read_text("utf-8")}
    for name, answer in {min({*MOST} - bound): "not ratified", min(bound): "ratified"}.items():
        article = reader(java_script_enabled=False).open(name).locator("article")
        assert f"Home Work Convention: {answer}" in article.inner_text()


def test_typing_finds_a_country_and_enter_opens_it(reader: Readers, site: Site) -> None:
    page = reader().open("index")
    page.get_by_role("searchbox", name="Find your country:").fill("cote")
    shown = page.locator(".finder li >> visible=true").all_inner_texts()
    assert shown == ["Côte d’Ivoire"]
    page.keyboard.press("Enter")
    page.wait_for_url(site.url("countries/ci", "#country-ci"))
    assert len(page.get_by_role("navigation", name="Site").get_by_role("link").all()) < 20  # not each country


# What the reader's device asks for


@schemes
def test_less_motion_and_forced_colours_are_kept(reader: Readers, page_of: Named, scheme: Any) -> None:
    page = reader(width=1280, height=800, forced_colors="active", color_scheme=scheme).open(page_of("diagram"))
    moving = """() => [document.documentElement, ...document.querySelectorAll("*")].map((e) => [e, getComputedStyle(e)])
      .filter(([, s]) => parseFloat(s.transitionDuration) > 0.01 || parseFloat(s.animationDuration) > 0.01
        || s.scrollBehavior == "smooth").map(([e]) => e.tagName)"""
    assert page.evaluate(moving) == []
    page.emulate_media(reduced_motion="no-preference")
    assert "HTML" in page.evaluate(moving)
    for selector in ("header button", "header input", ".admonition"):
        shown = page.locator(f"{selector} >> visible=true").first
        assert shown.evaluate("(e) => parseFloat(getComputedStyle(e).borderTopWidth) > 0"), selector
    # A drawing keeps the white that it is drawn on, or its letters follow the reader's colours.
    paint = "(e) => [getComputedStyle(e).backgroundColor, getComputedStyle(e.querySelector('svg text')).fill]"
    ground, ink = page.locator(".diagram").first.evaluate(paint)
    assert (ground, ink != ground) == ("rgb(255, 255, 255)", True)


@schemes
@kinds
def test_on_paper_the_text_alone_is_left_in_black_on_white(
    reader: Readers, page_of: Named, kind: str, scheme: Any
) -> None:
    """A4 within our margins: 703 px of width. No column is lost, and no sheet is left empty."""
    page = reader(width=703, height=1032, color_scheme=scheme).open(page_of(kind))
    page.evaluate("(scheme) => { document.documentElement.dataset.theme = scheme; }", scheme)
    page.emulate_media(media="print")
    assert page.locator(":is(nav, header form, header button, .skip, .sse-sheet) >> visible=true").all() == []
    ink = "() => [...document.querySelectorAll('h1, article p, article a')].map((e) => getComputedStyle(e).color)"
    assert set(page.evaluate(ink)) == {"rgb(0, 0, 0)"}
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    wide = """() => [...document.querySelectorAll("article, article table, article svg")]
      .filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(wide) == []
    # What may not be parted is shorter than a sheet; a table goes on with its heads.
    whole = """() => [...document.querySelectorAll("main *")].filter((e) => getComputedStyle(e).breakInside == "avoid"
      && e.getBoundingClientRect().height > innerHeight).map((e) => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(whole) == []
    heads = "() => [...document.querySelectorAll('thead')].map((e) => getComputedStyle(e).display)"
    assert set(page.evaluate(heads)) <= {"table-header-group"}


def test_no_sheet_of_paper_is_left_half_empty_or_with_the_licence_alone(handbook: Built, reader: Readers) -> None:
    visitor, empty = reader(), []
    for name in find_pages(handbook.output):
        if "handouts" in name or b'class="diagram"' in (handbook.output / f"{name}.html").read_bytes():
            *sheets, last = pypdfium2.PdfDocument(visitor.open(name).pdf(format="A4"))
            lowest = [min(text.get_bounds()[1] for text in sheet.get_objects([1])) for sheet in sheets]  # from the foot
            empty += [f"{name}, sheet {number}" for number, y in enumerate(lowest, 1) if y > 421]
            text, licence, _version = last.get_textpage().get_text_range().partition("CC BY 4.0 · Version ")
            assert licence and len(text) > 90, name
    assert empty == []


def test_light_or_dark_is_chosen_once_for_all_pages(reader: Readers) -> None:
    visitor = reader(color_scheme="light")
    page = visitor.open("index")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    button = page.get_by_role("button", name="Light or dark")
    button.press("Enter")
    dark = page.evaluate(ground)
    assert (dark != light, button.get_attribute("aria-pressed")) == (True, "true")
    assert visitor.open("genindex").evaluate(ground) == dark
    assert page.evaluate(STORED) == ["", ["theme"], [], 0]
    button.click()
    assert page.evaluate(ground) == light
    assert reader(color_scheme="dark").open("index").evaluate(ground) == dark  # without a choice, the device decides


# Search

SEARCH = tomllib.loads((ROOT / "tests/search.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Built:
    source = make_book(tmp_path_factory.mktemp("world"), **SEARCH["pages"])
    return build(source, source / "build", html_baseurl="https://book.example/")


def results(page: Page) -> list[str]:
    """The addresses that a search has found, the best first, when it has ended."""
    page.wait_for_function("() => document.querySelector('#search-results .search-summary')?.textContent")
    return [str(link.get_attribute("href")) for link in page.locator("#search-results li > a").all()]


def test_the_page_with_the_words_in_its_title_or_heading_comes_first(
    world: Built, handbook: Built, site: Site, reader: Readers
) -> None:
    with serve_folder(world.output) as small:
        visitor = reader(small)
        found = {typed: results(visitor.open("search", f"?q={quote(typed)}"))[0] for typed in SEARCH["found"]}
        assert found == SEARCH["found"]
        assert visitor.troubles == []
    visitor = reader()
    for name in set(PAGES[::9]) - set(NAMED.values()):
        title = html.parse(handbook.output / f"{name}.html").getroot().xpath("string(//h1)").rstrip("#¶ ")
        assert results(visitor.open("search", f"?q={quote(title)}"))[0] == f"{name}.html"
    for typed, label in SEARCH["handbook"].items():
        assert results(visitor.open("search", f"?q={quote(typed)}"))[0].startswith(f"{find_page(label)}.html"), typed


def test_search_loads_its_index_only_then_and_works_from_a_file(site: Site, handbook: Built, reader: Readers) -> None:
    visitor = reader()
    page = visitor.page
    for start in (site.url("index"), (handbook.output / "index.html").as_uri()):
        page.goto(start)
        page.get_by_role("searchbox", name="Search").fill("cooperative")
        page.wait_for_timeout(200)
        assert "/searchindex.js" not in [sent.path for sent in site.sent()]
        page.get_by_role("searchbox", name="Search").press("Enter")
        assert results(page)
        page.locator("#search-results li > a").first.click()
        page.locator("h1").wait_for()
        assert ("/searchindex.js" in [sent.path for sent in site.sent()]) == start.startswith("http:")
    assert visitor.troubles == []


def test_a_search_that_finds_nothing_or_cannot_be_made_says_so(site: Site, reader: Readers) -> None:
    page = reader().open("search", "?q=zzyzx")
    page.get_by_role("status").get_by_text("No page has all these words").wait_for()
    site.instead["/searchindex.js"], site.seconds = Reply(503, b"not now"), 0
    page = reader().open("search", "?q=cooperative")
    page.get_by_text("could not be loaded").wait_for()
    del site.instead["/searchindex.js"]
    page.get_by_role("searchbox").press("Enter")
    assert results(page)


# The countries with the most to say of their laws have the longest pages.
MOST = [f"countries/{path.stem}" for path in sorted(LAWS.glob("??.yaml"), key=lambda path: path.stat().st_size)[-5:]]
LONG = [name for name in SOURCES if re.search(r"(?m)^\(laws.*\n# ", (ROOT / f"docs/{name}.md").read_text("utf-8"))]


@pytest.mark.parametrize("name", MOST + LONG)
def test_a_page_of_laws_is_at_most_fifteen_screens_of_a_phone_and_its_tables_fit(reader: Readers, name: str) -> None:
    page = reader(height=740, java_script_enabled=False).open(name)
    assert page.evaluate("() => document.scrollingElement.scrollHeight / innerHeight") <= 15
    for fold in page.locator("details.rows").all():
        fold.locator("summary").click()
        assert fold.locator("table").is_visible()
    wide = "(boxes) => boxes.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.outerHTML.slice(0, 80))"
    assert page.locator(".pst-scrollable-table-container").evaluate_all(wide) == []


def test_laws_are_filtered_with_the_keyboard_alone(reader: Readers, page_of: Named) -> None:
    page = reader(width=1280, height=800).open(page_of("filter"))
    rows = page.locator("table.law-filter tbody tr:not([hidden])")
    country = rows.last.inner_text().partition(":")[0]
    page.get_by_label("Words").focus()
    page.keyboard.press("Tab")
    page.keyboard.type(country)
    page.keyboard.press("Enter")  # nothing is sent away
    assert {text.partition(":")[0] for text in rows.all_inner_texts()} == {country}
    assert page.url.endswith(f"/{page_of('filter')}.html")


# What others see of it


def test_each_page_says_what_it_is(handbook: Built) -> None:
    titles: set[str] = set()
    for name in find_pages(handbook.output):
        tree = html.parse(handbook.output / f"{name}.html").getroot()
        for key in ("description", "og:title", "og:description", "og:type", "og:site_name", "viewport", "referrer"):
            [content] = tree.xpath(f"//head/meta[@name='{key}' or @property='{key}']/@content")
            assert content.strip(), (name, key)
        title = tree.xpath("string(//head/title)")
        assert title not in titles, name
        titles.add(title)
        assert name == "index" or tree.xpath("string(//h1)").rstrip("#¶ ") in title, name


def test_a_lost_reader_is_led_on_and_the_manifest_is_whole(site: Site, world: Built, reader: Readers) -> None:
    page = reader().page
    with serve_folder(world.output) as other:
        # Where the book knows its address, also in a folder that is not there.
        here = (world.output / "404.html").read_text(encoding="utf-8").replace("https://book.example/", other.url())
        other.instead["/a/b/no-such-page.html"] = other.compressed(here.encode(), status=404)
        for place, address in ((site, "/no-such-page.html"), (other, "/a/b/no-such-page.html")):
            page.goto(place.server.url + address)
            page.get_by_role("main").get_by_role("link", name="The front page").click()
            assert page.url == place.url("index")
    page = reader().open("index")
    answer = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert answer["errors"] == []
    about = json.loads(answer["data"])
    for address in (about["start_url"], *(icon["src"] for icon in about["icons"])):
        assert site.reply(urlsplit(urljoin(answer["url"], address)).path).status == 200
