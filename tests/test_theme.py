"""The theme of the handbook on small books of our own, in any language: what its templates and its writer make."""

import sys
from pathlib import Path

import pytest
from conftest import ROOT, build
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
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conf.py").write_text(CONF + conf, encoding="utf-8")
    contents = "\n".join(["# Book", "", "```{toctree}", *pages, "```", ""])
    for name, text in ({"index": contents} | pages).items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


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
        ("家内労働法 1970", ["家", "内", "労", "働", "法", "1970"]),
    ],
)
def test_words_are_whole_without_accents_and_japanese_is_parted(text: str, words: list[str]) -> None:
    assert AnyLanguage({}).split(text) == words
