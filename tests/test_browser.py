"""The handbook in a real browser: what a page costs, who can use it and how, and what it tells nobody.

Every page is opened, at the width of a phone and of a desk; what differs by kind of page is tried on one page of each.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from browser import KINDS, PAGES, Reader, Sent, Site, violations
from conftest import Built
from lxml import html

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
    for name in PAGES:
        visitor = reader()
        visitor.open(name).wait_for_load_state("networkidle")
        visitor.context.close()
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
    """The first flight of the page's bytes, and nothing else, looks at its top like the whole page."""
    name = KINDS[kind]
    whole = reader().open(name).evaluate(FIRST_VIEW)
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    start = unzip.decompress(site.file(f"/{name}.html").body[:FIRST_WINDOW])
    visitor = reader()
    visitor.context.route("**", lambda route: route.abort())
    visitor.context.route(site.url(name), lambda route: route.fulfill(body=start, content_type="text/html"))
    first = visitor.open(name).evaluate(FIRST_VIEW)
    assert any(tag == "H1" for tag, *_ in first.values())
    assert {path: look for path, look in first.items() if path in whole and whole[path] != look} == {}


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
    found = {each.partition(":")[0] for each in violations(page)}
    assert {"image-alt", "color-contrast", "target-size", "button-name", "heading-order"} <= found


@pages
def test_axe_finds_nothing(reader: Readers, name: str) -> None:
    found: dict[str, list[str]] = {}
    page = reader().open(name)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found |= {f"{width} {scheme}": violations(page)}
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
    if (wide && scrolls && !(e.tabIndex == 0 && e.getAttribute("role") == "region" && named))
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
    letters = "() => Math.round(parseFloat(getComputedStyle(document.querySelector('main p, main li')).fontSize))"
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
