"""The handbook in a real browser: what a page costs, who can use it and how, and what it tells nobody.

Every page is opened, at the width of a phone and of a desk; what differs by kind of page is tried on one page of each.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from urllib.parse import quote, urljoin, urlsplit

import pytest
from browser import KINDS, PAGES, Reader, Sent, Site, serve_folder, violations
from conftest import Built, build
from loopback import Reply
from lxml import etree, html
from playwright.sync_api import Page

Readers = Callable[..., Reader]
KB = 1024
FIRST_WINDOW = 14_000  # what a server sends before it hears back, less the head of its answer
kinds = pytest.mark.parametrize("kind", KINDS)
pages = pytest.mark.parametrize("name", PAGES)


def test_no_page_is_forgotten(handbook: Built) -> None:
    built = {
        path.relative_to(handbook.output).with_suffix("").as_posix()
        for path in handbook.output.rglob("*.html")
        if "_static" not in path.parts
        and not html.parse(path).getroot().xpath("//meta[@http-equiv='refresh']")  # an old address that leads on
    }
    assert built == set(PAGES)
    assert set(KINDS.values()) <= set(PAGES)


# What a page costs


def test_every_page_keeps_to_the_budget(site: Site, reader: Readers) -> None:
    cost: dict[str, list[Sent]] = {}
    visitor = reader()
    visitor.forget()
    for name in PAGES:
        visitor.open(name).wait_for_timeout(100)  # an icon is asked for after all the rest
        cost[name] = site.sent()
        assert visitor.troubles == [], name
    bytes_of = {name: sum(each.size for each in sent) for name, sent in cost.items()}
    worst_first = sorted(PAGES, key=lambda name: -bytes_of[name])
    for name in worst_first:
        print(f"{bytes_of[name] / KB:8.1f} KB {len(cost[name]):3} requests  {name}")
    assert bytes_of[worst_first[0]] <= 45 * KB
    assert bytes_of[worst_first[len(PAGES) // 20]] <= 30 * KB
    assert {name: sent for name, sent in cost.items() if len(sent) > 4} == {}
    scripts = {name: sum(each.size for each in sent if "javascript" in each.type) for name, sent in cost.items()}
    assert {name: size for name, size in scripts.items() if size > 8 * KB} == {}


def test_the_second_page_costs_only_its_html(site: Site, reader: Readers) -> None:
    visitor = reader()
    visitor.open("index").wait_for_load_state("networkidle")
    site.sent()
    for name in ("understand/forms", "policy/laws/asia", "genindex"):
        visitor.open(name).wait_for_load_state("networkidle")
        assert [each.path for each in site.sent()] == [f"/{name}.html"]


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
def test_the_first_view_is_styled_by_what_comes_first(site: Site, reader: Readers, kind: str) -> None:
    """The first flight of bytes, stylesheet and start of the page, shows its top as the whole page does."""
    name = KINDS[kind]
    visitor = reader()
    whole = visitor.open(name).evaluate(FIRST_VIEW)
    styles = [each for each in site.sent() if each.type == "text/css"]
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    left = FIRST_WINDOW - sum(each.size for each in styles)
    assert left > 0
    start = unzip.decompress(site.file(f"/{name}.html").body[:left])
    addresses = {site.server.url + each.path for each in styles}
    page = visitor.page
    page.route("**", lambda route: route.continue_() if route.request.url in addresses else route.abort())
    page.route(site.url(name), lambda route: route.fulfill(body=start, content_type="text/html"))
    first = visitor.open(name).evaluate(FIRST_VIEW)
    assert any(tag == "H1" for tag, *_ in first.values())
    assert {path: [look, whole[path]] for path, look in first.items() if path in whole and whole[path] != look} == {}


# What it tells nobody


def test_the_policy_of_each_page_forbids_what_it_does_not_need(handbook: Built) -> None:
    for name in PAGES:
        tree = html.parse(handbook.output / f"{name}.html").getroot()
        [policy] = tree.xpath("//head/meta[@http-equiv='Content-Security-Policy']/@content")
        rules = {rule.split()[0]: rule.split()[1:] for rule in str(policy).split(";") if rule.strip()}
        assert set(rules["default-src"]) <= {"'none'", "'self'"}, name
        assert not {"'unsafe-inline'", "'unsafe-eval'"} & set(rules.get("script-src", ())), name
        allowed = {source for sources in rules.values() for source in sources}
        assert all(source.startswith("'") or source == "data:" for source in allowed), (name, allowed)
        assert tree.xpath("//head/meta[@name='referrer']/@content")[0] in {"no-referrer", "same-origin"}, name
        before = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/preceding::*[self::script or self::style]")
        assert before == [], name


def test_a_planted_script_or_picture_from_elsewhere_is_refused(reader: Readers) -> None:
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


STORED = """async () => ({
  cookies: document.cookie,
  local: Object.keys(localStorage),
  session: Object.keys(sessionStorage),
  databases: (await indexedDB.databases()).length,
})"""


def test_nothing_is_kept_but_the_choice_of_light_or_dark(reader: Readers) -> None:
    visitor = reader(width=1280, height=800)
    page = visitor.page
    for name in ("index", "understand/forms", "policy/laws/all", "search"):
        visitor.open(name)
        assert page.evaluate(STORED) == {"cookies": "", "local": [], "session": [], "databases": 0}, name
    assert visitor.context.cookies() == []


# Who can use it


def test_axe_finds_what_is_planted(reader: Readers) -> None:
    page = reader().open("index")
    page.evaluate("""() => {
      const planted = document.createElement("div");
      planted.innerHTML = '<img src="icon.png"><button style="color: #ccc; background: #fff">faint</button>'
        + '<button style="inline-size: 9px; block-size: 9px; padding: 0"></button>'.repeat(2) + '<h6>Jump</h6>';
      document.querySelector("main").append(planted);
    }""")
    assert "color-contrast" in {each.partition(":")[0] for each in violations(page, colours=True)}
    found = {each.partition(":")[0] for each in violations(page)}
    assert {"image-alt", "color-contrast", "target-size", "button-name", "heading-order"} <= found


@pages
def test_axe_finds_nothing(reader: Readers, name: str) -> None:
    found: dict[str, list[str]] = {}
    page = reader(color_scheme="light").open(name)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        found[f"{width} light"] = violations(page)
        # In the dark a page has the same parts, places and names: only its colours are others.
        page.emulate_media(color_scheme="dark")
        found[f"{width} dark"] = violations(page, colours=True)
        page.emulate_media(color_scheme="light")
    assert {where: what for where, what in found.items() if what} == {}


FITS = """() => {
  const name = (e) => e.tagName.toLowerCase() + (e.className.baseVal ?? e.className ? "." + e.className : "");
  const faults = [], root = document.scrollingElement;
  if (root.scrollWidth > innerWidth) faults.push("the page: " + root.scrollWidth + " px");
  for (const e of document.body.querySelectorAll("*")) {
    if (!e.checkVisibility() || e.closest("svg")) continue;
    const {overflowX} = getComputedStyle(e), wide = e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0;
    const scrolls = overflowX == "auto" || overflowX == "scroll";
    const named = e.ariaLabel || e.getAttribute("aria-labelledby");
    const told = e.tagName == "PRE" || e.getAttribute("role") == "region" && named;
    if (wide && scrolls && !(e.tabIndex == 0 && told))
      faults.push("scrolls, out of a keyboard's reach: " + name(e));
    if (wide && !scrolls && overflowX != "visible" && getComputedStyle(e).position != "absolute")
      faults.push("cut off: " + name(e));
  }
  return faults;
}"""


@pages
def test_the_page_fits_a_phone_and_large_letters(reader: Readers, name: str) -> None:
    page = reader().open(name)
    found: dict[str, list[str]] = {}
    letters = "() => parseFloat(getComputedStyle(document.querySelector('article p, article li')).fontSize)"
    for width in (320, 360, 768):
        page.set_viewport_size({"width": width, "height": 640})
        found[str(width)] = page.evaluate(FITS)
    before = page.evaluate(letters)
    page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    assert page.evaluate(letters) == 2 * before
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 640})
        found[f"{width}, large letters"] = page.evaluate(FITS)
    assert {where: what for where, what in found.items() if what} == {}


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
MANY = 120  # stops of a page that are tried from its start; a long page's last ones are tried as well
LAST = 5


@pytest.mark.parametrize("width", [360, 1280])
@kinds
def test_a_keyboard_reaches_all_in_order_and_shows_where_it_is(reader: Readers, kind: str, width: int) -> None:
    page = reader(width=width, height=800).open(KINDS[kind])
    page.evaluate("() => document.activeElement.blur()")
    number = page.evaluate(FOCUSABLE)
    assert number > 6
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
    page.keyboard.press("Tab")  # and out of the page again
    assert page.evaluate(FOCUSED)[0] in {-1, 0}
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED)[0] == number - 1


@kinds
def test_the_first_key_leads_past_the_menus(reader: Readers, kind: str) -> None:
    page = reader(width=1280, height=800).open(KINDS[kind])
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.querySelector('main').contains(document.activeElement)")


SMALL = """() => [...document.querySelectorAll("nav a, nav summary, header a, header button, header input, summary")]
  .filter((e) => e.checkVisibility())
  .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 90)])
  .filter(([{width, height}]) => Math.min(width, height) < 43.9)
  .map(([{width, height}, text]) => `${Math.round(width)} x ${Math.round(height)}: ${text}`)"""


@kinds
def test_what_leads_elsewhere_is_large_enough_for_a_thumb(reader: Readers, kind: str) -> None:
    page = reader().open(KINDS[kind])
    assert page.evaluate("() => document.querySelectorAll('nav a').length") > 0
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert page.evaluate(SMALL) == []


# Without scripts


@pytest.fixture
def plain(reader: Readers) -> Reader:
    """Somebody at a phone, with scripts off."""
    return reader(java_script_enabled=False)


def test_the_way_through_the_book_needs_no_script(plain: Reader, site: Site) -> None:
    page = plain.open("policy/laws/asia")
    page.get_by_text("Contents", exact=True).click()
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Understand").first.click()
    assert page.url == site.url("understand/index")
    page.get_by_role("link", name="Home", exact=True).click()
    assert page.url == site.url("index")
    page.locator("[rel=next]").click()
    assert page.url == site.url("understand/index")
    page.locator("[rel=prev]").click()
    page.get_by_text("Contents", exact=True).click()
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Index", exact=True).click()
    assert page.url == site.url("genindex")
    page.get_by_role("link", name="cooperative", exact=True).click()
    assert page.url.startswith(site.url("reference/glossary", "#"))


def test_the_parts_of_a_page_and_all_pages_above_it_need_no_script(plain: Reader, site: Site) -> None:
    page = plain.open("policy/laws/asia")
    page.locator("summary", has_text="On this page").click()
    link = page.get_by_role("navigation", name="On this page").get_by_role("link").nth(2)
    link.click()
    assert page.url == site.url("policy/laws/asia", str(link.get_attribute("href")))
    way = page.get_by_role("navigation", name="Breadcrumb").get_by_role("link")
    assert [link.get_attribute("href") for link in way.all()] == ["../../index.html", "../index.html", "index.html"]


def test_search_says_what_to_do_without_a_script(plain: Reader, site: Site) -> None:
    page = plain.open("index")
    page.get_by_role("searchbox").fill("cooperative")
    page.get_by_role("searchbox").press("Enter")
    assert page.url == site.url("search", "?q=cooperative")
    page.get_by_role("main").get_by_role("link", name="Index").click()
    assert page.url == site.url("genindex")


def test_without_scripts_nothing_stands_there_that_does_nothing(plain: Reader) -> None:
    for kind in ("front", "law-filter", "search"):
        page = plain.open(KINDS[kind])
        for button in page.get_by_role("button").all():
            assert button.evaluate("(e) => !!e.form && e.type == 'submit'"), button.evaluate("(e) => e.outerHTML")


# What the reader's device asks for


def test_nothing_moves_where_the_reader_asked_for_less_motion(reader: Readers) -> None:
    moving = """() => [document.documentElement, ...document.querySelectorAll("*")].flatMap((e) =>
      ["", "::before", "::after"].map((part) => [e.tagName + "." + e.className + part, getComputedStyle(e, part)]))
      .filter(([, s]) => parseFloat(s.transitionDuration) > 0.01 || parseFloat(s.animationDuration) > 0.01
        || s.scrollBehavior == "smooth").map(([name]) => name)"""
    page = reader(reduced_motion="reduce").open("understand/forms")
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
def test_forced_colours_keep_borders_focus_and_drawings(reader: Readers, scheme: str) -> None:
    page = reader(width=1280, height=800, forced_colors="active", color_scheme=scheme).open("understand/forms")
    assert page.evaluate("() => matchMedia('(forced-colors: active)').matches")
    shown = "(e) => getComputedStyle(e).borderTopStyle != 'none' && parseFloat(getComputedStyle(e).borderTopWidth) > 0"
    for selector in ("header button", "header input", ".admonition"):
        assert page.locator(f"{selector} >> visible=true").first.evaluate(shown), selector
    page.locator("article a").first.focus()
    page.keyboard.press("Tab")
    outline = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) != "none"
    # A drawing keeps the paper that it is drawn on, or its letters follow the reader's colours.
    paper = page.locator(".diagram").first.evaluate("(e) => getComputedStyle(e).backgroundColor")
    ink = page.locator(".diagram svg text").first.evaluate("(e) => getComputedStyle(e).fill")
    assert page.evaluate(CONTRAST, [ink, paper]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_only_the_page_is_left_in_black_on_white(reader: Readers, scheme: str) -> None:
    page = reader(width=1280, height=800, color_scheme=scheme).open("policy/laws/asia")
    screen = page.locator("main p").all_inner_texts()
    page.evaluate("(scheme) => { document.documentElement.dataset.theme = scheme; }", scheme)
    page.emulate_media(media="print")
    for selector in ("nav", "header form", "header button", ".skip-link"):
        assert [each for each in page.locator(selector).all() if each.is_visible()] == [], selector
    assert [text for text in page.locator("article p").all_inner_texts() if text not in screen] == []
    paint = """() => ["h1", "article p", "article a.reference"].map((each) => document.querySelector(each)).map((e) => {
      let paper = e;
      while (getComputedStyle(paper).backgroundColor == "rgba(0, 0, 0, 0)" && paper.parentElement)
        paper = paper.parentElement;
      const found = getComputedStyle(paper).backgroundColor;
      return [getComputedStyle(e).color, found == "rgba(0, 0, 0, 0)" ? "rgb(255, 255, 255)" : found];
    })"""
    for ink, paper in page.evaluate(paint):
        assert paper in {"rgb(255, 255, 255)", "rgb(238, 238, 238)"}
        assert page.evaluate(CONTRAST, [ink, paper]) >= 7
    assert page.evaluate("() => document.querySelector('article').getBoundingClientRect().width / innerWidth") > 0.9


def test_light_or_dark_is_chosen_once_for_all_pages(reader: Readers, site: Site) -> None:
    visitor = reader(color_scheme="light")
    page = visitor.open("index")
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.get_by_role("button", name="Light or dark")
    button.press("Enter")
    dark = page.evaluate(paper)
    assert dark != light
    assert button.get_attribute("aria-pressed") == "true"
    visitor.open("policy/laws/asia")
    assert page.evaluate(paper) == dark
    assert page.evaluate(STORED) == {"cookies": "", "local": ["theme"], "session": [], "databases": 0}
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(paper) == light
    # Without a choice the device decides.
    assert reader(color_scheme="dark").open("index").evaluate(paper) == dark


# Search

WORDS = {"cooperative": "understand/cooperatives", "SEWA": "ecosystem/networks"}


def results(page: Page) -> list[str]:
    """The addresses that a search has found, when it has said that it is done."""
    page.wait_for_function("() => /\\d/.test(document.getElementById('search-said').textContent)")
    links = page.locator("#search-found > li > a").all()
    return [str(link.get_attribute("href")).removeprefix("./") for link in links]


@pytest.mark.parametrize("word", WORDS)
def test_search_on_a_phone_loads_its_index_only_then(site: Site, reader: Readers, word: str) -> None:
    visitor = reader()
    page = visitor.open("index")
    page.get_by_role("searchbox").fill(word)
    page.wait_for_timeout(200)
    assert not [each for each in site.sent() if "index.js" in each.path]
    page.get_by_role("searchbox").press("Enter")
    assert f"{WORDS[word]}.html" in results(page)
    [index] = [each for each in site.sent() if "index" in each.path and "javascript" in each.type]
    assert index.size <= 60 * KB
    assert visitor.troubles == []
    page.locator("#search-found > li > a").first.click()
    assert page.locator("h1").is_visible()


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("Nepal", ""),
        ("C177", "policy/home-work.html"),
        ("how do I cite", "reference/cite.html"),
        ("Cote", "policy/laws/africa.html"),
        ("glossary", "reference/glossary.html"),
    ],
)
def test_words_of_headings_are_found_with_and_without_accents_and_small_words(
    reader: Readers, typed: str, first: str
) -> None:
    page = reader().open("search", f"?q={typed}")
    found = results(page)
    assert "policy/laws/asia.html" in found if typed == "Nepal" else found[0] == first, found[:3]


def test_search_works_from_a_file(handbook: Built, reader: Readers) -> None:
    visitor = reader()
    page = visitor.page
    page.goto((handbook.output / "index.html").as_uri())
    page.get_by_role("searchbox").fill("cooperative")
    page.get_by_role("searchbox").press("Enter")
    assert "understand/cooperatives.html" in results(page)
    page.locator("#search-found > li > a").first.click()
    assert page.url.startswith("file:")
    assert page.locator("h1").is_visible()
    assert visitor.troubles == []


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A small book in the handbook's theme, with a page in Hindi and one in Arabic."""
    source = tmp_path_factory.mktemp("world")
    (source / "conf.py").write_text(
        'extensions = ["myst_parser", "sse_handbook"]\nhtml_theme = "sse_lean"\nhtml_search_language = "any"\n', "utf-8"
    )
    contents = "# Book\n\n```{toctree}\nhindi\narabic\nplain\n```\n"
    (source / "index.md").write_text(contents, encoding="utf-8")
    (source / "hindi.md").write_text("# घर से काम\n\nमहिलाएँ सहकारी समिति बनाती हैं।\n", encoding="utf-8")
    (source / "arabic.md").write_text("# العمل من المنزل\n\nالنساء ينشئن تعاونية معًا.\n", encoding="utf-8")
    (source / "plain.md").write_text("# Plain\n\nNothing to find here.\n", encoding="utf-8")
    return build(source, source / "build", html_baseurl="https://book.example/")


@pytest.mark.parametrize(
    ("word", "page"),
    [("सहकारी", "hindi"), ("समिति महिलाएँ", "hindi"), ("تعاونية", "arabic"), ("المنزل", "arabic")],
)
def test_words_in_any_script_are_found(world: Built, reader: Readers, word: str, page: str) -> None:
    with serve_folder(world.output) as site:
        visitor = reader(site)
        found = set(results(visitor.open("search", f"?q={quote(word)}")))
        assert {f"{page}.html"} <= found <= {f"{page}.html", "index.html"}  # whose contents name the page
        assert visitor.troubles == []


def test_a_word_that_is_nowhere_is_said_to_be_nowhere(reader: Readers) -> None:
    page = reader().open("search", "?q=zzyzx")
    page.get_by_text("No page has all of these words").wait_for()
    assert page.locator("#search-found li").count() == 0


def test_a_search_that_cannot_be_made_says_so(site: Site, reader: Readers) -> None:
    site.instead["/_static/sse-index.js"] = Reply(503, b"not now")
    page = reader().open("search", "?q=cooperative")
    page.get_by_text("could not be loaded").wait_for()
    del site.instead["/_static/sse-index.js"]
    page.get_by_role("searchbox").press("Enter")
    assert results(page)


def test_laws_are_filtered_with_the_keyboard_alone(reader: Readers) -> None:
    visitor = reader(width=1280, height=800)
    page = visitor.open("policy/laws/all")
    page.get_by_label("Words").focus()
    page.keyboard.type("home work")
    page.keyboard.press("Tab")
    page.keyboard.type("Spain")
    page.keyboard.press("Tab")
    shown = page.locator("table.law-filter tbody tr:not([hidden])")
    assert [text.splitlines()[0].split("\t")[0] for text in shown.all_inner_texts()] == [
        "Spain: Ratification of ILO Convention 177 on Home Work (2022)"
    ]
    page.keyboard.press("Enter")  # on the next field: nothing is sent away
    assert page.url.endswith("/policy/laws/all.html")
    assert visitor.troubles == []


# What others see of it


def test_each_page_says_what_it_is(handbook: Built) -> None:
    titles: dict[str, str] = {}
    for name in PAGES:
        tree = html.parse(handbook.output / f"{name}.html").getroot()
        one = {key: tree.xpath(f"//head/meta[@name='{key}' or @property='{key}']/@content") for key in SAID}
        title = tree.xpath("string(//head/title)")
        assert title not in titles.values(), name
        titles[name] = title
        assert [key for key in SAID if len(one[key]) != 1 or not one[key][0].strip()] == [], name
        assert len(one["description"][0]) <= 300, name
        heading = tree.xpath("string(//h1)").rstrip("#¶ ")
        assert name == "index" or heading in title, name
        [icon] = tree.xpath("//head/link[@rel='icon']/@href")
        assert str(icon).startswith("data:image/svg+xml,") or (handbook.output / name).parent.joinpath(icon).is_file()


SAID = ("description", "og:title", "og:description", "og:type", "og:site_name", "viewport")


def test_a_readers_page_is_described_by_what_it_says_in_short(handbook: Built) -> None:
    tree = html.parse(handbook.output / "understand/forms.html").getroot()
    [said] = tree.xpath("//meta[@name='description']/@content")
    in_short = " ".join(tree.xpath("string(//*[contains(@class, 'in-short')]/p[2])").split())
    assert len(said) > 50
    assert in_short.startswith(said.rstrip("….").rsplit(" ", 1)[0])


def lost(visitor: Reader, site: Site, address: str) -> None:
    page = visitor.page
    answer = page.goto(site.server.url + address)
    assert answer
    assert answer.status == 404
    assert page.locator("h1").inner_text().startswith("This page is not here")
    assert page.evaluate("() => getComputedStyle(document.body).margin") == "0px", "its styles are not found from here"
    page.get_by_role("main").get_by_role("link", name="The front page").click()
    assert page.url == site.url("index")


def test_a_lost_reader_is_led_on(site: Site, reader: Readers) -> None:
    lost(reader(), site, "/no-such-page.html")


def test_a_reader_lost_in_a_folder_is_led_on_where_the_book_knows_its_address(world: Built, reader: Readers) -> None:
    page = (world.output / "404.html").read_text(encoding="utf-8")
    with serve_folder(world.output) as site:
        here = page.replace("https://book.example/", site.url())
        site.instead["/a/b/no-such-page.html"] = site.compressed(here.encode(), status=404)
        lost(reader(site), site, "/a/b/no-such-page.html")


def test_the_manifest_is_whole(site: Site, reader: Readers) -> None:
    page = reader().open("index")
    client = page.context.new_cdp_session(page)
    answer = client.send("Page.getAppManifest")
    assert answer["errors"] == []
    about = json.loads(answer["data"])
    assert about["name"]
    assert site.reply(urlsplit(urljoin(answer["url"], about["start_url"])).path).status == 200
    assert [site.reply(urlsplit(urljoin(answer["url"], icon["src"])).path).status for icon in about["icons"]] == [200]


def test_search_engines_are_told_what_to_read(world: Built, handbook: Built) -> None:
    assert (handbook.output / "robots.txt").read_text(encoding="utf-8").startswith("User-agent: *")
    assert "Sitemap: https://book.example/sitemap.xml" in (world.output / "robots.txt").read_text(encoding="utf-8")
    listed = etree.parse(world.output / "sitemap.xml").xpath("//*[local-name()='loc']/text()")
    pages = {f"https://book.example/{each}.html" for each in ("index", "hindi", "arabic", "plain")}
    assert pages <= set(listed)
    assert not {each for each in listed if "404" in each or "search" in each}
    tree = html.parse(world.output / "hindi.html").getroot()
    assert tree.xpath("//meta[@property='og:url']/@content") == ["https://book.example/hindi.html"]
    assert tree.xpath("//link[@rel='canonical']/@href") == ["https://book.example/hindi.html"]
