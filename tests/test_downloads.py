"""What the pages offer to download: what has been built, with its size, and never a dead link."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from conftest import Built, build
from lxml import html
from sphinx.errors import ConfigError

from sse_handbook.formats.downloads import measured

CONF = """
extensions = ["myst_parser", "sse_handbook"]
html_theme = "basic"
html_copy_source = False
sse_downloads = {
    "pdf": ("../made/book.pdf", "PDF", "to print"),
    "zip": ("../made/book & pages.zip", "Offline <copy>", "to pass on"),
}
"""
PAGES = {
    "conf.py": CONF,
    "index.md": "# Front\n\nBefore.\n\n```{sse:downloads}\n```\n\nAfter.\n\n```{toctree}\npart/page\n```\n",
    "part/page.md": "# Page\n\nText.\n",
}

Make = Callable[..., Built]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A small project to build, with `made/` for its other formats beside it: call it to build."""
    for name, text in PAGES.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "made").mkdir()
    return lambda builder="html", **settings: build(tmp_path / "docs", tmp_path / "build", builder, **settings)


def made(tmp_path: Path, name: str, size: int, letter: bytes = b"x") -> None:
    (tmp_path / "made" / name).write_bytes(letter * size)


def offers(built: Built, page: str) -> dict[str, str]:
    """What a page offers: each link that works, to the words of its line."""
    path = built.output / page
    found = {}
    for item in html.parse(path).getroot().xpath("//*[@class='sse-downloads']//li"):
        [link] = item.xpath("./a/@href")
        assert (path.parent / unquote(link)).is_file(), f"{page}: {link} leads nowhere"
        found[link] = " ".join(item.text_content().split())
    return found


def test_nothing_is_offered_where_nothing_has_been_built(make: Make) -> None:
    built = make()
    assert built.warnings == []
    for page in ("index.html", "part/page.html"):
        assert "sse-downloads" not in (built.output / page).read_text(encoding="utf-8")
    assert not (built.output / "downloads").exists()


def test_each_page_offers_what_has_been_built_with_its_size(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "book.pdf", 1_234_567)
    made(tmp_path, "book & pages.zip", 87_400)
    built = make()
    assert built.warnings == []
    assert offers(built, "part/page.html") == {
        "../downloads/book.pdf": "PDF (1.2 MB): to print",
        "../downloads/book%20%26%20pages.zip": "Offline <copy> (87 KB): to pass on",
    }
    assert list(offers(built, "index.html")) == ["downloads/book.pdf", "downloads/book%20%26%20pages.zip"]
    assert (built.output / "downloads/book.pdf").read_bytes() == (tmp_path / "made/book.pdf").read_bytes()


def test_a_page_with_a_box_of_its_own_offers_once_and_there(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "book.pdf", 1000)
    text = html.parse(make().output / "index.html").getroot().text_content()
    assert re.findall(r"Before|Take this book|After", text) == ["Before", "Take this book", "After"]


def test_a_format_that_has_not_been_built_is_not_offered(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "book.pdf", 1000)
    assert list(offers(make(), "part/page.html")) == ["../downloads/book.pdf"]


def test_a_second_build_writes_nothing(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "book.pdf", 1_230_000)
    assert make().written == {"index", "part/page"}
    again = make()
    assert again.written == set()
    assert "no targets are out of date" in again.status


def test_a_format_of_another_size_writes_every_page_again(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "book.pdf", 1_230_000)
    make()
    made(tmp_path, "book.pdf", 2_000_000)
    again = make()
    assert again.written == {"index", "part/page"}
    assert again.read == set()
    assert offers(again, "part/page.html") == {"../downloads/book.pdf": "PDF (2.0 MB): to print"}


def test_a_format_changed_within_its_size_is_copied_and_no_page_written(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "book.pdf", 1_230_000)
    make()
    made(tmp_path, "book.pdf", 1_230_000, b"y")
    again = make()
    assert again.written == set()
    assert (again.output / "downloads/book.pdf").read_bytes() == b"y" * 1_230_000


def test_a_format_that_is_gone_is_no_longer_offered(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "book.pdf", 1000)
    make()
    (tmp_path / "made/book.pdf").unlink()
    assert offers(make(), "part/page.html") == {}


def test_some_formats_can_be_left_out(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "book.pdf", 1000)
    made(tmp_path, "book & pages.zip", 1000)
    # As `-D sse_downloads_only=pdf` gives it.
    assert list(offers(make(sse_downloads_only=["pdf"]), "index.html")) == ["downloads/book.pdf"]


def test_each_chapter_offers_its_own_file_and_no_other(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "part.pdf", 1000)
    made(tmp_path, "other.pdf", 1000)
    built = make(sse_downloads={"chapter": ("../made/{chapter}.pdf", "Chapter", "to print")})
    assert list(offers(built, "part/page.html")) == ["../downloads/part.pdf"]
    assert offers(built, "index.html") == {}
    assert not (built.output / "downloads/other.pdf").exists()


def test_folders_as_addresses_lead_to_the_same_files(make: Make, tmp_path: Path) -> None:
    made(tmp_path, "book.pdf", 1000)
    assert list(offers(make("dirhtml"), "part/page/index.html")) == ["../../downloads/book.pdf"]


@pytest.mark.parametrize("builder", ["epub", "text", "latex", "man", "texinfo"])
def test_other_formats_offer_nothing(make: Make, tmp_path: Path, builder: str) -> None:
    made(tmp_path, "book.pdf", 1000)
    built = make(builder, latex_documents=[("index", "book.tex", "Book", "We", "manual")], copyright="We", version="1")
    assert built.warnings == []
    written = [path for path in built.output.rglob("*") if path.suffix in (".xhtml", ".txt", ".tex", ".1", ".texi")]
    assert written
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "book.pdf" not in text
        assert "Take this book" not in text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sse_downloads_only": ["odt"]}, "sse_downloads_only: sse_downloads has no odt."),
        ({"sse_downloads": {"pdf": ("book.pdf", "PDF")}}, "sse_downloads['pdf']: give three texts"),
        ({"sse_downloads": {"pdf": "book.pdf"}}, "sse_downloads['pdf']: give three texts"),
    ],
)
def test_settings_that_cannot_be_understood_are_named(make: Make, settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        make(**settings)


@pytest.mark.parametrize(
    ("size", "shown"),
    [(1, "1 KB"), (499, "1 KB"), (87_400, "87 KB"), (999_499, "999 KB"), (999_500, "1.0 MB"), (4_960_000, "5.0 MB")],
)
def test_sizes_are_shown_as_phones_show_them(size: int, shown: str) -> None:
    assert measured(size) == shown
