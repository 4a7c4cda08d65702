"""The theme of the handbook on small books of our own, in any language: what its templates and its writer make."""

import sys
from pathlib import Path

import pytest
from conftest import ROOT, build, write_files
from lxml import html

sys.path.insert(0, str(ROOT / "docs/_ext"))
from theme import AnyLanguage

CONF = f"""
import sys

sys.path.insert(0, {str(ROOT / "docs/_ext")!r})
extensions = ["myst_parser", "theme"]
project, html_theme, html_theme_path = "Book", "handbook", [{str(ROOT / "docs/_theme")!r}]
html_search_language, html_show_search_summary = "any", False
html_additional_pages = {{"404": "404.html"}}
"""


def make_book(folder: Path, conf: str = "", **pages: str) -> Path:
    """A small book with this theme; keywords name its pages."""
    contents = "\n".join(["# Book", "", "```{toctree}", *pages, "```", ""])
    texts = {f"{name}.md": text for name, text in ({"index": contents} | pages).items()}
    return write_files(folder, {"conf.py": CONF + conf} | texts)


def test_an_address_is_shown_by_its_host_and_leads_where_it_did(tmp_path: Path) -> None:
    page = "# Page\n\nSee <https://www.example.org/a/long?way>, or [there](https://example.org/).\n"
    built = build(make_book(tmp_path, page=page), tmp_path / "build")
    links = html.parse(built.output / "page.html").getroot().xpath("//article//p/a")
    assert [(link.text, link.get("href")) for link in links] == [
        ("example.org", "https://www.example.org/a/long?way"),
        ("there", "https://example.org/"),
    ]


def test_a_table_moves_in_a_box_with_a_name_and_its_heads_say_what_they_head(tmp_path: Path) -> None:
    wide = "| A | B | C |\n|---|---|---|\n| 1 | 2 | 3 |\n"
    stub = "```{list-table} Named\n:stub-columns: 1\n\n* - A\n  - B\n```\n"
    built = build(make_book(tmp_path, page=f"# Page\n\n{wide}\n{stub}"), tmp_path / "build")
    boxes = html.parse(built.output / "page.html").getroot().xpath("//table/..")
    assert [box.get("tabindex") for box in boxes] == ["0", "0"]
    assert [box.get("aria-label") for box in boxes] == ["Table 1: A, B, C", "Table 2: Named"]
    scopes = [[head.get("scope") for head in box.xpath(".//th")] for box in boxes]
    assert scopes == [["col", "col", "col"], ["row"]]


def test_a_wide_table_is_a_list_on_a_phone_unless_it_has_room_to_write(tmp_path: Path) -> None:
    row, head = "| 1 | 2 | {} |\n", "| A[^n] | B | C[^n] |\n|---|---|---|\n"
    tables = [head + row.format(last) for last in ("short", "word " * 60, "☐")]
    tables += [table.replace(" |\n", " | 4 |\n").replace("---|\n", "---|---|\n") for table in tables]
    built = build(make_book(tmp_path, page="# Page\n\n" + "\n".join(tables) + "\n[^n]: Note.\n"), tmp_path / "build")
    found = html.parse(built.output / "page.html").getroot().xpath("//table")
    labels = [table.xpath("tbody//@data-label") for table in found]
    assert labels == [[], ["B", "C"], [], ["B", "C", "4"], ["B", "C", "4"], []]
    assert ["stacked" in table.get("class") for table in found] == [bool(names) for names in labels]


def test_an_icon_is_drawn_beside_its_text_and_not_read_aloud(tmp_path: Path) -> None:
    text = "# Page\n\n## {icon}`handshake`Cooperative\n\n[](#cooperative)\n\n{icon}`wheel`\n"
    built = build(make_book(tmp_path, "myst_heading_anchors = 2\n", page=text), tmp_path / "build")
    page = html.parse(built.output / "page.html").getroot()
    [drawing] = page.xpath("//article//svg")
    assert (drawing.get("aria-hidden"), drawing.getparent().tag, drawing.tail) == ("true", "h2", "Cooperative")
    assert page.xpath("//article//p/a/span/text()") == ["Cooperative"]
    assert [(warning.line, warning.message) for warning in built.warnings] == [
        (7, "There is no icon `wheel` in docs/_icons.")
    ]
    assert max(path.stat().st_size for path in (ROOT / "docs/_icons").glob("*.svg")) <= 1000


SOURCE = "@misc{{{0},\n  author = {{{{ILO}}}},\n  title = {{At {0}}},\n  year = {{2021}},\n  url = {{{1}}},\n}}\n"


def test_two_sources_of_one_author_and_year_have_numbers_and_entries_of_their_own(tmp_path: Path) -> None:
    conf = 'extensions += ["sse_handbook.bibliography", "page_sources"]\nbibtex_bibfiles = ["sources.bib"]\n'
    page = "# Page\n\nOne {footcite:p}`work`. Two {footcite:p}`home`. Both {footcite:p}`home,work`.\n\n"
    book = make_book(tmp_path, conf, page=f"{page}```{{bibliography}}\n:all:\n```\n")
    write_files(book, {"sources.bib": "".join(SOURCE.format(name, "https://a.example/") for name in ("home", "work"))})
    built = build(book, tmp_path / "build")
    assert built.raw_warnings == ""
    tree = html.parse(built.output / "page.html").getroot()
    links = [
        (link.text, *tree.xpath("//aside[@id=$id]/p/text()[1]", id=link.get("href")[1:]))
        for link in tree.xpath("//section/p/a")
    ]
    one, two = ("1", "ILO. At work. 2021. URL: "), ("2", "ILO. At home. 2021. URL: ")
    assert links == [one, two, two, one]
    assert tree.xpath("//*[@class='citation']/p/text()[1]") == [two[1], one[1]]


def test_what_is_not_translated_says_that_it_is_english(tmp_path: Path) -> None:
    texts = {"Page": "Página", "Here.": "Aquí."}
    page = "# Page\n\nHere.\n\nThere.\n\n- One\n\n| A |\n|---|\n| B |\n\n```{note}\nTwo.\n```\n"
    source = make_book(tmp_path, "language, locale_dirs, gettext_compact = 'es', ['.'], 'book'\n", page=page)
    catalogue = source / "es/LC_MESSAGES/book.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text("".join(f'msgid "{old}"\nmsgstr "{new}"\n\n' for old, new in texts.items()), encoding="utf-8")
    tree = html.parse(build(source, tmp_path / "build").output / "page.html").getroot()
    english = tree.xpath("//article//*[@lang='en']/descendant-or-self::*[not(*)]")
    assert [" ".join(part.text_content().split()) for part in english] == ["There.", "One", "A", "B", "Two."]
    assert tree.xpath("//article//p[@class='translation']/text()") == ["2 of 7 passages of this page are translated."]


@pytest.mark.parametrize(("language", "direction"), [("ur", "rtl"), ("pt_BR", None), ("tlh", None)])
def test_a_page_says_its_language_and_its_direction(tmp_path: Path, language: str, direction: str | None) -> None:
    built = build(make_book(tmp_path, f"language = {language!r}\n"), tmp_path / "build")
    page = html.parse(built.output / "index.html").getroot()
    assert (page.get("lang"), page.get("dir")) == (language.replace("_", "-"), direction)


@pytest.mark.parametrize("base", ["https://book.example/latest/", "https://book.example/latest"])
def test_the_address_of_the_newest_version_may_end_with_a_slash_or_not(tmp_path: Path, base: str) -> None:
    built = build(make_book(tmp_path, f"html_baseurl = {base!r}\n", page="# Page\n"), tmp_path / "build")
    page = html.parse(built.output / "page.html").getroot()
    assert (
        page.xpath("//link[@rel='canonical']/@href | //meta[@property='og:url']/@content")
        == ["https://book.example/latest/page.html"] * 2
    )
    assert page.xpath("//base") == []
    lost = html.parse(built.output / "404.html").getroot()
    assert lost.xpath("//base/@href") == ["https://book.example/latest/"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((f"({word}, {word})", [word, word]) for word in ("सहकारी", "সমবায়", "تعاونية", "đong")),
        ("Côte d'Ivoire: Coopérative", ["cote", "d", "ivoire", "cooperative"]),
        ("家内労働法 1970", ["家", "内", "労", "働", "法", "1970", "_1970"]),
        ("C177, a co-operative", ["c177", "_177", "a", "cooperative"]),
    ],
)
def test_words_are_whole_without_accents_and_japanese_is_parted(text: str, words: list[str]) -> None:
    assert AnyLanguage({}).split(text) == words
