"""What stands around the text of a page: the other formats that were built, with their sizes, and its version."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pytest
from conftest import ROOT, Built, build, write_files
from lxml import html
from pybtex.database import parse_string
from pybtex.richtext import Text

CONF = f"""
extensions = ["myst_parser", "downloads"]
templates_path = ["_templates", "{ROOT / "docs/_templates"}"]
version = release = "1.2.0"
sse_downloads = {{
    "chapter": "../made/book-*.pdf",
    "pdf": "../made/{{language}}/book.pdf",
    "offline": "../made/book & pages.zip",
}}
"""
PAGES = {
    "conf.py": CONF,
    "_templates/page.html": '{% extends "!page.html" %}{% block body %}'
    '{% include "newer.html" %}{% include "version.html" %}{{ super() }}{% include "cite.html" %}{% endblock %}',
    "index.md": "# Front\n\nBefore.\n\n<!-- downloads -->\n\nAfter.\n\n```{toctree}\npart/page\npart/other\n```\n",
    "part/page.md": "---\nreviewed: 2026-11-20\n---\n# Page\n\nText.\n",
    "part/other.md": "# Other\n\nText.\n",
}
Make = Callable[..., Built]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A small project, with `made/` for its other formats beside it: call it with their sizes to build."""
    write_files(tmp_path / "docs", PAGES)
    (tmp_path / "made/es").mkdir(parents=True)

    def make(builder: str = "html", made: dict[str, int] | None = None, **settings: object) -> Built:
        for name, size in (made or {}).items():
            (tmp_path / "made" / name).write_bytes(b"x" * size)
        built = build(tmp_path / "docs", tmp_path / "build", builder, **settings)
        assert built.warnings == []
        return built

    return make


def offers(built: Built, page: str) -> dict[str, str]:
    """What a page offers: each link, which works, with the text of its line."""
    found = {}
    for item in html.parse(built.output / page).getroot().xpath("//*[@class='sse-downloads']//li"):
        [link] = item.xpath("./a/@href")
        assert (built.output / page).parent.joinpath(unquote(link)).is_file(), f"{page}: {link} leads nowhere"
        found[link] = " ".join(item.text_content().split())
    return found


def test_each_page_offers_what_has_been_built_with_its_size(make: Make) -> None:
    assert offers(make(), "index.html") == {}
    built = make(made={"book.pdf": 1_234_567, "book & pages.zip": 87_400})
    assert offers(built, "part/page.html") == {
        "../downloads/book.pdf": "The book as PDF (1.2 MB): to print, to file, to send to an office",
        "../downloads/book%20%26%20pages.zip": "Offline copy (87.4 kB): all pages, the search and the PDF, "
        "to pass on and to use without a network",
    }
    text = html.parse(built.output / "index.html").getroot().text_content()
    assert re.findall(r"Before|Take this book|After", text) == ["Before", "Take this book", "After"]


def test_pages_follow_when_a_format_changes_and_only_then(make: Make) -> None:
    make(made={"book.pdf": 1_230_000})
    assert make().written == set()
    again = make(made={"book.pdf": 2_000_000})
    assert (again.read, again.written) == (set(), {"index", "part/page", "part/other"})
    assert "(2.0 MB)" in offers(again, "part/page.html")["../downloads/book.pdf"]


def test_a_page_offers_its_own_chapter_and_of_two_the_nearer(make: Make) -> None:
    built = make(made={"book-part.pdf": 1000, "book-part-other.pdf": 2000, "book-par.pdf": 3000})
    assert list(offers(built, "part/page.html")) == ["../downloads/book-part.pdf"]
    assert list(offers(built, "part/other.html")) == ["../downloads/book-part-other.pdf"]
    assert offers(built, "index.html") == {}


def test_some_formats_can_be_left_out_and_other_builders_offer_nothing(make: Make) -> None:
    built = make(made={"book.pdf": 1000, "book & pages.zip": 1000}, sse_downloads_only=["pdf"])
    assert list(offers(built, "index.html")) == ["downloads/book.pdf"]
    assert "Take this book" not in (make("singlehtml").output / "index.html").read_text(encoding="utf-8")


def test_a_translation_offers_its_own(make: Make) -> None:
    built = make(made={"book.pdf": 1000}, language="es")
    assert offers(built, "index.html") == {}
    built = make(made={"es/book.pdf": 2000}, language="es")
    assert "2.0 kB" in offers(built, "index.html")["downloads/book.pdf"]


def test_a_page_says_its_version_and_when_it_was_reviewed(make: Make) -> None:
    [line] = html.parse(make().output / "part/page.html").xpath("//p[@class='sse-version']")
    assert line.text_content().split(". ") == ["Version 1.2.0", "Last reviewed on 2026-11-20.\n"]
    assert line.xpath(".//@href") == []
    built = make(html_baseurl="https://book.example/latest/")
    [line] = html.parse(built.output / "part/page.html").xpath("//p[@class='sse-version']")
    assert line.xpath(".//@href") == ["https://book.example/latest/part/page.html"]


def test_a_published_page_leads_to_the_other_versions_beside_it(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1801396800")
    built = make(sse_published=True)
    for name, up in (("part/page.html", "../../"), ("index.html", "../")):
        [line] = html.parse(built.output / name).xpath("//p[@class='sse-version']")
        assert line.xpath(".//a/@href") == [f"{up}latest/{name}", f"{up}versions/{name}"]
        assert line.xpath("preceding::link[@rel='stylesheet']/@href")[-1] == f"{up}versions.css"
        assert line.xpath("time/@datetime | time/text()") == ["2027-01-31", "31 January 2027"]
        assert line.xpath("preceding::p[@hidden]/strong/text()") == ["There is a newer version."]


def test_a_page_says_how_to_cite_it_in_a_line_and_for_bibtex(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1801396800")
    settings: dict[str, object] = {"project": "A & B", "html_context": {"author": "The group"}}
    here, there = "Page: part/page", "https://book.example/1.2.0/part/page.html"
    for place, more in ((here, {}), (there, {"sse_published": 1, "html_baseurl": "https://book.example/latest/"})):
        [fold] = html.parse(make(**settings, **more).output / "part/page.html").xpath("//details[@class='cite']")
        assert fold.findtext("summary") == "How to cite this page"
        line = f"“Page”. In: The group. A & B. Version 1.2.0, 31 January 2027. {place}"
        assert " ".join(fold.find("p").text_content().split()) == line
        [entry] = parse_string(fold.findtext("pre"), "bibtex").entries.values()
        fields = {name: str(Text.from_latex(text)) for name, text in entry.fields.items()}
        assert (fields["title"], fields["booktitle"], fields["year"]) == ("Page", "A & B", "2027")
        assert (fields.get("url", ""), "part/page" in fields["note"]) == ((there, False) if more else ("", True))


def test_each_review_of_the_handbook_was_on_a_day() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")]
    for day in (day for text in texts for day in re.findall(r"\A---\n(?:.*\n)*?reviewed: (.*)\n", text)):
        assert date.fromisoformat(day) <= date.today()


def test_a_new_title_or_order_is_in_the_menu_of_every_page(tmp_path: Path) -> None:
    pages = {"index.md": "# Front\n\n```{toctree}\none\ntwo\n```\n", "one.md": "# One\n", "two.md": "# Two\n"}
    conf = {"conf.py": 'extensions = ["myst_parser", "shared_doctrees"]\n'}
    source = write_files(tmp_path / "docs", conf | pages)
    build(source, tmp_path / "build")
    assert build(source, tmp_path / "build").written == set()
    (source / "one.md").write_text("# One\n\nMore.\n", encoding="utf-8")
    assert build(source, tmp_path / "build").written == {"index", "one"}
    (source / "one.md").write_text("# Another\n", encoding="utf-8")
    built = build(source, tmp_path / "build")
    assert (built.read, built.written) == ({"one"}, {"index", "one", "two"})
    assert "Another" in (built.output / "two.html").read_text(encoding="utf-8")
    (source / "index.md").write_text(pages["index.md"].replace("one\ntwo", "two\none"), encoding="utf-8")
    built = build(source, tmp_path / "build")
    assert (built.read, built.written) == ({"index"}, {"index", "one", "two"})
    menu = html.parse(built.output / "two.html").getroot().xpath("//li[starts-with(@class, 'toctree-l1')]/a/text()")
    assert menu == ["Two", "Another"]
