"""What pages look like: what was looked at once, picture by picture, and found right, stays so.

For each kind of page `tests/looks/KIND.json` holds where its parts stand and how they are drawn: at three widths the
left edge and the width of each, the size and weight of its letters; in light and in dark its colours. Heights, and
widths that words make, are left out: they differ with the fonts of a machine and with each mended sentence.

After a change that is meant, look at the pages, then: `pytest tests/test_looks.py --new-looks`, and commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import KINDS, Reader
from playwright.sync_api import Page

Readers = Callable[..., Reader]
Look = dict[str, dict[str, list[Any]]]
LOOKS = Path(__file__).parent / "looks"
WIDTHS = (360, 768, 1280)
NEAR = 12  # pixels
kinds = pytest.mark.parametrize("kind", KINDS)

# The first of each that is there. What is not shown is told apart from what is.
PARTS = {
    "header": "header",
    "title of the book": "header a",
    "search": "header form",
    "search button": "header form button",
    "light or dark": "header > button",
    "menu": ".lean-menu",
    "menu's fold": ".lean-menu > summary",
    "menu's first link": ".lean-menu nav a",
    "where we are in the menu": ".lean-menu [aria-current]",
    "way back": ".lean-path",
    "on this page": ".lean-parts",
    "on this page's fold": ".lean-parts > summary",
    "on this page's first link": ".lean-parts nav a",
    "main": "main",
    "article": "article",
    "h1": "article h1",
    "h2": "article h2",
    "h3": "article h3",
    "paragraph": "article section > p",
    "link": "article p > a.reference",
    "list": "article section > ul",
    "table": "article table",
    "head of a table": "article th",
    "cell": "article td",
    "box": "article .admonition",
    "title of a box": "article .admonition-title",
    "figure": "article figure",
    "drawing": "article .diagram",
    "drawing in words": "article details > summary",
    "film": "article .video-card",
    "term": "article dt",
    "what it means": "article dd",
    "code": "article pre",
    "form": "article form",
    "field": "article form input",
    "previous": "[rel=prev]",
    "next": "[rel=next]",
    "footer": "footer",
}
LOOK = """(parts) => Object.fromEntries(Object.entries(parts).flatMap(([name, selector]) => {
  const e = [...document.querySelectorAll(`:is(${selector})`)].find((each) => !each.matches("link"));
  if (!e) return [];
  if (!e.checkVisibility() || !e.getClientRects().length) return [[name, null]];
  const box = e.getBoundingClientRect(), s = getComputedStyle(e), edges = (what) =>
    ["Top", "Right", "Bottom", "Left"].map((side) => s["border" + side + "Style"] == "none" ? 0
      : what ? s["border" + side + "Color"] : Math.ceil(parseFloat(s["border" + side + "Width"])));
  // How wide words are is the font's affair.
  const inline = s.display.startsWith("inline");
  const byWords = inline || ["A", "TD", "TH", "BUTTON", "TABLE", "INPUT"].includes(e.tagName);
  return [[name, {
    place: [inline ? null : Math.round(box.left + scrollX), byWords ? null : Math.round(box.width)],
    letters: [s.fontSize, s.fontWeight, s.textDecorationLine, s.textAlign, edges(false).join(" ")],
    colours: [s.color, s.backgroundColor, ...new Set(edges(true).filter(Boolean))],
  }]];
}))"""
# What no page of any kind may have, whatever stands in its file: letters on letters, letters outside of their box, and
# signs of an icon font (they are in the private use area of Unicode), which no page loads.
FAULTS = """() => {
  const words = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest("svg, pre")
    && !e.matches(".skip-link, option") && [...e.childNodes].some((n) => n.nodeType == 3 && n.data.trim()));
  const boxes = words.flatMap((e) => {
    const range = document.createRange();
    return [...e.childNodes].filter((n) => n.nodeType == 3 && n.data.trim()).flatMap((n) => {
      range.selectNodeContents(n);
      return [...range.getClientRects()].filter((r) => r.width > 2).map((r) => [r, e]);
    });
  }).sort(([a], [b]) => a.top - b.top);
  const faults = [], say = (e) => e.tagName + ": " + e.textContent.trim().slice(0, 40);
  boxes.forEach(([a, e], at) => {
    const {clientWidth} = document.documentElement;
    if (a.right > clientWidth + 1 && !e.closest("[role=region]")) faults.push("outside: " + say(e));
    for (let next = at + 1; next < boxes.length && boxes[next][0].top < a.bottom; next++) {
      const [b, other] = boxes[next];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 4 && high > 0.5 * Math.min(a.height, b.height) && !e.contains(other) && !other.contains(e))
        faults.push(`${say(e)} lies on ${say(other)}`);
    }
  });
  for (const e of document.querySelectorAll("body *")) for (const part of ["::before", "::after"])
    if (/[\ue000-\uf8ff]/.test(getComputedStyle(e, part).content)) faults.push("icon without its font: " + say(e));
  return [...new Set(faults)].slice(0, 5);
}"""


def look(page: Page) -> Look:
    """How the parts of an open page stand and are drawn, by width and by scheme."""
    found: Look = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        seen = page.evaluate(LOOK, PARTS)
        found[str(width)] = {name: part and [*part["place"], *part["letters"]] for name, part in seen.items()}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen = page.evaluate(LOOK, PARTS)
        found[scheme] = {name: part["colours"] for name, part in seen.items() if part}
    return found


def differences(kept: Look, seen: Look) -> list[str]:
    """What a reader would see differ: a part that came or went, moved, or is drawn in another way."""
    return [
        f"{how}: {name}: was {kept[how].get(name, 'not on the page')}, is {seen[how].get(name, 'not on the page')}"
        for how in kept
        for name in {**kept[how], **seen[how]}
        if not near(kept[how].get(name, "none"), seen[how].get(name, "none"))
    ]


def near(first: Any, second: Any) -> bool:
    """Whether two looks are one to a reader: numbers may differ by a few pixels."""
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(near, first, second))
    return abs(first - second) <= NEAR if isinstance(first, int) and isinstance(second, int) else first == second


@kinds
def test_each_kind_of_page_looks_as_it_did(reader: Readers, kind: str, pytestconfig: pytest.Config) -> None:
    kept, seen = LOOKS / f"{kind}.json", look(reader(color_scheme="light").open(KINDS[kind]))
    if pytestconfig.getoption("--new-looks"):
        lines = (f'"{how}": {{\n{_lines(parts)}\n}}' for how, parts in seen.items())
        kept.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    assert kept.exists(), "look at the page, then keep its look: pytest tests/test_looks.py --new-looks"
    assert differences(json.loads(kept.read_text(encoding="utf-8")), seen) == []


def _lines(parts: dict[str, list[Any]]) -> str:
    return ",\n".join(f" {json.dumps(name)}: {json.dumps(part)}" for name, part in parts.items())


@pytest.mark.parametrize("width", WIDTHS)
@kinds
def test_no_words_lie_on_others_or_outside_or_lack_a_font(reader: Readers, kind: str, width: int) -> None:
    assert reader(width=width, height=800).open(KINDS[kind]).evaluate(FAULTS) == []


# Faults that a change of styles may bring, and the part that shows each.
PLANTED = {
    "header form { display: none !important }": "search",
    "main { margin-left: 60px }": "main",
    "article { max-width: 300px }": "article",
    "h2 { font-size: 16px }": "h2",
    "article a { text-decoration: none !important }": "link",
    "article a { color: #222832 !important }": "link",
    ".admonition { background: none !important; border: 0 !important }": "box",
    "table { display: none }": "table",
    "article th { text-align: right !important }": "head of a table",
    "footer { color: #fff !important }": "footer",
    "html { font-size: 80% }": "paragraph",
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_seen(reader: Readers, fault: str) -> None:
    page = reader(color_scheme="light").open("index")
    before = look(page)
    assert differences(before, look(page)) == []
    page.emulate_media(color_scheme="light")
    page.add_style_tag(content=fault)
    assert PLANTED[fault] in {each.split(": ")[1] for each in differences(before, look(page))}


@pytest.mark.parametrize(
    "fault",
    [
        "article p { margin-bottom: -3em }",
        "article p { margin-right: -999px; width: 150vw }",
        '.admonition > .admonition-title::after { content: "\uf05a" !important }',
    ],
)
def test_planted_words_on_words_outside_or_without_a_font_are_seen(reader: Readers, fault: str) -> None:
    page = reader().open("index")
    assert page.evaluate(FAULTS) == []
    page.add_style_tag(content=f"{fault} body {{ overflow-x: hidden }}")
    assert page.evaluate(FAULTS) != []
