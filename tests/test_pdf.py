"""The real handbook as PDF: complete, in order, alive in every link, fit for a screen reader; and bad input."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from pathlib import Path

import page as page_validation
import pikepdf
import pypdfium2
import pytest
import yaml
import zxingcpp
from conftest import ROOT, Built, build, shared_folder
from filelock import FileLock
from lxml import html
from pdf_builder import TEMPLATE

EPOCH = "1795000000"  # 18 November 2026
HEADINGS = {f"/H{level}" for level in range(1, 7)}
BLOCKS = HEADINGS | {"/P", "/LBody", "/Lbl", "/TD", "/TH", "/Caption", "/Note", "/TOCI"}
# Of a page of the site: what links to its own headings, what is drawn, keys of sources, and citations: numbers here.
UNPRINTED = (
    ".//a[@class='headerlink'] | .//*[local-name()='svg'] | .//script | .//p[@class='sse-version']"
    " | .//div[@class='citation']/span[@class='label'] | .//*[contains(@class, 'bibtex-citation')]"
)


@dataclass(frozen=True)
class Piece:
    """A piece of text as a screen reader comes to it: its page, the elements around it, the nearest block, its link.

    `leads` is an address, or the number of the page in the file to which the link leads; `mark` names it on its page.
    """

    page: int
    kinds: tuple[str, ...]
    block: tuple[int, int]
    text: str
    leads: str | int | None
    mark: int


class Printed:
    """A PDF, read the way a screen reader reads it: by its tree of elements, and what these own of each page."""

    def __init__(self, path: Path) -> None:
        self.pdf = pikepdf.open(path)
        self.numbers = {page.obj.objgen: number for number, page in enumerate(self.pdf.pages, 1)}
        self.margins: dict[int, str] = defaultdict(str)
        self.styles: dict[tuple[int, int], tuple[float, tuple[float, ...]]] = {}

    @cached_property
    def marks(self) -> dict[tuple[int, int], str]:
        """The text of each mark on each page; its size and colour, and what stands in the margins, are noted."""
        found: dict[tuple[int, int], str] = defaultdict(str)
        for number, page in enumerate(self.pdf.pages, 1):
            fonts = {name: glyphs(font) for name, font in page.resources.get("/Font", {}).items()}
            owners: list[int | None] = []
            actual: list[str | None] = []
            for operands, operator in pikepdf.parse_content_stream(page):
                match str(operator):
                    case "BDC" | "BMC":
                        options = (
                            operands[1] if len(operands) > 1 and isinstance(operands[1], pikepdf.Dictionary) else {}
                        )
                        owners.append(int(options["/MCID"]) if "/MCID" in options else None)
                        actual.append(str(options["/ActualText"]) if "/ActualText" in options else None)
                        owner = next((owner for owner in reversed(owners) if owner is not None), None)
                        if actual[-1] is not None and owner is not None:
                            found[number, owner] += actual[-1]
                    case "EMC":
                        owners.pop()
                        actual.pop()
                    case "Tf":
                        font, size = fonts[str(operands[0])], float(operands[1])
                    case "scn":
                        colour = tuple(map(float, operands))
                    case "TJ" | "Tj":
                        raw = b"".join(bytes(part) for part in as_list(operands[0]) if isinstance(part, pikepdf.String))
                        text = "".join(font.get(int.from_bytes(raw[at : at + 2]), "") for at in range(0, len(raw), 2))
                        owner = next((owner for owner in reversed(owners) if owner is not None), None)
                        if owner is None:
                            self.margins[number] += text
                        elif all(said is None for said in actual):
                            found[number, owner] += text
                        if owner is not None and text.strip():
                            self.styles[number, owner] = size, colour
        return found

    @cached_property
    def pieces(self) -> list[Piece]:
        """All text in reading order."""
        return list(self._pieces(self.pdf.Root.StructTreeRoot, (), (0, 0), None, 0))

    def _pieces(
        self,
        element: pikepdf.Dictionary,
        kinds: tuple[str, ...],
        block: tuple[int, int],
        leads: str | int | None,
        page: int,
    ) -> Iterator[Piece]:
        kind = str(element.get("/S", ""))
        block = element.objgen if kind in BLOCKS else block
        page = self.numbers[element.Pg.objgen] if "/Pg" in element else page
        kids = as_list(element.get("/K", []))
        if kind == "/Link":
            leads = next((self.target(kid.Obj) for kid in kids if is_a(kid, "/OBJR")), leads)
        for kid in kids:
            if is_a(kid, "/OBJR"):
                continue
            if isinstance(kid, int) or is_a(kid, "/MCR"):
                at = page if isinstance(kid, int) else self.numbers[kid.Pg.objgen] if "/Pg" in kid else page
                mark = kid if isinstance(kid, int) else int(kid.MCID)
                yield Piece(at, (*kinds, kind), block, self.marks[at, mark], leads, mark)
            else:
                yield from self._pieces(kid, (*kinds, kind), block, leads, page)

    def target(self, link: pikepdf.Dictionary) -> str | int:
        """Where a link leads: an address, or the number of a page of this file."""
        if "/A" in link and "/URI" in link.A:
            return str(link.A.URI)
        place = link.Dest if "/Dest" in link else link.A.D
        if not isinstance(place, pikepdf.Array):
            place = self.names[str(place)]
        return self.numbers[place[0].objgen]

    @cached_property
    def names(self) -> dict[str, pikepdf.Array]:
        """The places of the file that have names."""
        names = list(self.pdf.Root.Names.Dests.Names) if "/Names" in self.pdf.Root else []
        return {str(name): place for name, place in zip(names[::2], names[1::2], strict=True)}

    @cached_property
    def headings(self) -> list[tuple[int, str, int]]:
        """Each heading: its level, its text, its page."""
        found = groupby((piece for piece in self.pieces if HEADINGS & set(piece.kinds)), lambda piece: piece.block)
        pieces = [list(group) for _block, group in found]
        return [
            (int(next(kind for kind in part[0].kinds if kind in HEADINGS)[2]), text_of(part), part[0].page)
            for part in pieces
        ]

    def elements(self, kind: str) -> Iterator[pikepdf.Dictionary]:
        yield from (
            item for item in self.pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == kind
        )

    def outline(self) -> list[tuple[int, str, int]]:
        """Each bookmark: how deep it stands, its title, its page."""

        def walk(items: list[pikepdf.OutlineItem], depth: int) -> Iterator[tuple[int, str, int]]:
            for item in items:
                place = item.destination if item.destination is not None else item.action.D
                place = place if isinstance(place, pikepdf.Array) else self.names[str(place)]
                yield depth, squeeze(item.title), self.numbers[place[0].objgen]
                yield from walk(item.children, depth + 1)

        with self.pdf.open_outline() as outline:
            return list(walk(outline.root, 1))


def as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, pikepdf.Array)) else [value]


def is_a(kid: object, kind: str) -> bool:
    return isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == kind


def glyphs(font: pikepdf.Dictionary) -> dict[int, str]:
    """What each glyph of a font stands for."""
    lines = re.findall(r"^<(\w+)> <(\w+)>$", font.ToUnicode.read_bytes().decode(), re.MULTILINE)
    return {int(glyph, 16): bytes.fromhex(text).decode("utf-16-be") for glyph, text in lines}


def squeeze(text: str) -> str:
    return " ".join(re.sub("[\u00ad\u200b\u2060]", "", text).split())


def text_of(pieces: list[Piece]) -> str:
    return squeeze("".join(piece.text for piece in pieces))


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory, diagram_cache: Path) -> Path:
    """The folder with the real handbook as PDF, built once for all workers."""
    folder = shared_folder(tmp_path_factory) / "printed"
    with FileLock(f"{folder}.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        if not (folder / "done").exists():
            built = build(ROOT / "docs", folder, "pdf", jobs=2, sse_diagram_cache=str(diagram_cache))
            assert built.raw_warnings == ""
            (folder / "done").touch()
    return folder / "pdf"


@pytest.fixture(scope="session")
def book(printed: Path) -> Printed:
    return Printed(printed / "sse-handbook.pdf")


@pytest.fixture(scope="session")
def chapters(printed: Path) -> dict[str, Printed]:
    return {path.stem: Printed(path) for path in sorted(printed.glob("sse-handbook-*.pdf"))}


def documents(printed: Path, name: str = "sse-handbook") -> list[str]:
    """The pages of the handbook in a file, in their order: the markup that it was made of stays beside it."""
    markup = (printed / f".typst/file-{name}.typ").read_text(encoding="utf-8")
    return re.findall(r'#include "/pages/(.*)\.typ"', markup)


def page_of_site(handbook: Built, docname: str) -> html.HtmlElement:
    """The text of a page of the site, without what a printed page has no use for."""
    article = html.parse(handbook.output / f"{docname}.html").getroot().xpath("//article[@class='bd-article']")[0]
    for element in article.xpath(UNPRINTED):
        element.drop_tree()
    return article


def title_of(handbook: Built, docname: str) -> str:
    return squeeze(page_of_site(handbook, docname).xpath("string(.//h1)"))


def by_document(book: Printed, printed: Path, handbook: Built) -> Iterator[tuple[str, list[Piece]]]:
    """Each page of the handbook with its pieces: from its title to the next page's."""
    names = documents(printed)
    titles = [title_of(handbook, docname) for docname in names]
    found: list[list[Piece]] = [[]]
    for _block, group in groupby(book.pieces, lambda piece: piece.block):
        pieces = list(group)
        if len(found) <= len(titles) and HEADINGS & set(pieces[0].kinds) and text_of(pieces) == titles[len(found) - 1]:
            found.append([])
        found[-1] += pieces
    assert len(found) == len(names) + 1
    yield from zip(names, found[1:], strict=True)


def test_every_link_leads_to_a_page_of_the_file_or_to_an_address(book: Printed, chapters: dict[str, Printed]) -> None:
    for file, least in ((book, 3000), *((chapter, 0) for chapter in chapters.values())):
        links = [file.target(link) for page in file.pdf.pages for link in page.get("/Annots", [])]
        inside = [target for target in links if isinstance(target, int)]
        assert len(inside) > least
        assert [
            target for target in links if isinstance(target, str) and not re.match(r"https?://[\w.-]+", target)
        ] == []


def test_every_link_to_another_page_of_the_handbook_says_its_number(book: Printed) -> None:
    said, wrong = 0, []
    linked = [list(group) for _key, group in groupby(book.pieces, lambda piece: (piece.block, piece.leads))]
    for link, after in pairwise(linked):
        if number := re.match(r"\s\(page\s(\d+)\)", text_of(after)) or re.match(r"\s*\(page\s+(\d+)\)", after[0].text):
            said += 1
            if link[0].leads != int(number[1]):
                wrong.append((text_of(link), link[0].leads, number[1]))
    assert said > 800
    assert wrong == []


def test_each_page_says_its_number_and_its_chapter(book: Printed) -> None:
    assert book.marks
    tops = {page: title for level, title, page in reversed(book.headings) if level == 1 and title != "Contents"}
    chapter = ""
    for number in range(min(tops), len(book.pdf.pages) + 1):
        assert book.margins[number].endswith(str(number))
        chapter = tops.get(number, chapter)
        assert number in tops or chapter in book.margins[number], number
    assert "Home-based" not in book.margins[1]


def contents(printed: Printed) -> list[tuple[str, int | str | None, int]]:
    """The lines of the contents: the title of each, the page to which it leads, and the number that it says."""
    found = []
    for _block, group in groupby(
        (piece for piece in printed.pieces if "/TOCI" in piece.kinds), lambda piece: piece.block
    ):
        pieces = [piece for piece in group if piece.text.strip(" .")]
        if pieces:
            title, number = re.fullmatch(r"(.*?)[ .]*?(\d+)", text_of(pieces)).groups()
            found.append((squeeze(title), pieces[0].leads, int(number)))
    return found


def test_bookmarks_and_contents_agree_and_are_right(book: Printed, printed: Path, handbook: Built) -> None:
    lines = contents(book)
    assert [title for title, _leads, _number in lines] == [title_of(handbook, name) for name in documents(printed)]
    assert all(leads == number for _title, leads, number in lines)
    bookmarks = [(title, number) for _depth, title, number in book.outline()]
    assert bookmarks == [(title, number) for _level, title, number in book.headings]
    assert {(title, number) for title, _leads, number in lines} <= set(bookmarks)
    assert max(depth for depth, _title, _number in book.outline()) >= 3


def test_every_heading_of_the_site_is_there_in_order(book: Printed, printed: Path, handbook: Built) -> None:
    level = ".//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6]"
    site = [
        squeeze(heading.text_content())
        for docname in documents(printed)
        for heading in page_of_site(handbook, docname).xpath(level)
    ]
    assert [text for _level, text, _page in book.headings] == ["Contents", *site]
    depths = [level for level, _text, _page in book.headings]
    assert depths[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(depths)), "a level of headings is left out"


def test_every_word_of_the_site_is_there_in_order(book: Printed, printed: Path, handbook: Built) -> None:
    for docname, pieces in by_document(book, printed, handbook):
        site = "".join(words_of(page_of_site(handbook, docname)))
        site = re.sub(RIGHT_TO_LEFT, lambda run: sorted_letters(run[0]), re.sub(BEFORE_MARKS, "", squeeze(site)))
        wanted, found = [word for word in site.split() if word != "·"], words(pieces, source_pages(book))
        place = next((n for n, (a, b) in enumerate(zip(wanted, found, strict=False)) if a != b), None)
        assert found == wanted, (
            docname,
            place is not None and (wanted[place - 5 : place + 9], found[place - 5 : place + 9]),
        )


BEFORE_MARKS = r"\s+(?=[.,;:!?)”’]+(?:\s|$))"  # where a citation was
RIGHT_TO_LEFT = r"[\u0590-\u06ff]+(?: [\u0590-\u06ff]+)*"


def sorted_letters(text: str) -> str:
    """What is written from the right has its letters in the order of the paper: that they are all there is told."""
    return "".join(sorted(text.replace(" ", "")))


def source_pages(printed: Printed) -> range:
    """The pages that list the sources."""
    titles = [(title, page) for level, title, page in printed.headings if level < 3]
    last = max(place for place, (title, _page) in enumerate(titles) if title.startswith("Sources"))
    first = next(page for title, page in titles if title.startswith("Sources"))
    return range(first, titles[last + 1][1] + 1 if last + 1 < len(titles) else len(printed.pdf.pages) + 1)


def words_of(element: html.HtmlElement) -> Iterator[str]:
    """The text of a page of the site; addresses as paper has them, and a space where a block ends."""
    address = bare(element.get("href", ""))
    # The site shows an address by its host, and paper shows all of it.
    if element.tag == "a" and bare(element.text_content()) in {address, re.sub(r"^www\.|[/?#].*", "", address)}:
        yield address
    elif element.tag in {"pre", "code"}:
        yield "".join(element.text_content().split())  # a line of code may be broken anywhere
    else:
        yield element.text or ""
        for child in element:
            yield from words_of(child)
            yield child.tail or ""
    if element.tag not in {"a", "em", "strong", "span", "code", "cite", "i", "b"}:
        yield " "


def bare(address: str) -> str:
    return re.sub("^(https?://|mailto:)", "", address.strip()).rstrip("/")


def words(pieces: list[Piece], sources: range) -> list[str]:
    """What is said, without what only paper has: pages of links, notes, numbers of sources, heads of tables again."""
    said: list[str] = []
    kept = [piece for piece in without_repeated_heads(pieces) if is_of_the_site(piece, sources)]
    for _block, group in groupby(kept, lambda piece: piece.block):
        parts = list(group)
        if parts[0].kinds[-1] == "/Strong" and parts[0].text.strip().isdigit() and len(parts) > 1:
            del parts[0]  # the number of a source
        text = ""
        for leads, linked in groupby(parts, lambda piece: piece.leads):
            run = list(linked)
            if isinstance(leads, str) and text_of(run) == leads:
                continue  # the address of a video, below its card
            code = "/Code" in run[0].kinds
            text += "".join("".join(part.text.split()) if "/Code" in part.kinds else part.text for part in run)
            text += " " if code and "/P" not in run[0].kinds else ""
        text = re.sub(r"\s*\(page\s+\d+\)", "", squeeze(text))
        text = re.sub(RIGHT_TO_LEFT, lambda run: sorted_letters(run[0]), text)
        said += [word for word in re.sub(BEFORE_MARKS, "", text).split() if word.strip(",·")]
    return said


def is_of_the_site(piece: Piece, sources: range) -> bool:
    """Tell whether the site has a piece too; it has no markers, notes, or numbers of sources."""
    raised_in_head = {"/TH", "/Span"} <= set(piece.kinds) and piece.text.strip(" ,").isdigit()
    if (
        raised_in_head
        or {"/Note", "/Figure"} & set(piece.kinds)
        or ("/Lbl" in piece.kinds and "/Strong" not in piece.kinds)
    ):
        return False
    return not ("/Span" in piece.kinds and piece.text.strip() == ",") and not (
        piece.leads in sources and piece.text.strip(" ,").isdigit()
    )


def without_repeated_heads(pieces: list[Piece]) -> Iterator[Piece]:
    """Leave out what a table says once more: its head, on the next page."""
    seen: set[tuple[int, int]] = set()
    for block, group in groupby(pieces, lambda piece: piece.block):
        parts = list(group)
        if "/TH" not in parts[0].kinds or block not in seen:
            yield from parts
        seen.add(block)


def test_every_figure_says_what_it_shows(book: Printed, printed: Path, handbook: Built) -> None:
    figures = [str(figure.get("/Alt", "")) for figure in book.elements("/Figure")]
    assert all(figures)
    drawn = [svg for docname in documents(printed) for svg in svgs(handbook, docname)]
    for svg in drawn:
        said = [part.rstrip(".?") for part in svg.xpath("./*[local-name()='title' or local-name()='desc']/text()")]
        assert any(all(part in figure for part in said) for figure in figures), said
    assert len(drawn) >= len(list((ROOT / "docs/diagrams").glob("*.mmd")))
    codes = [figure for figure in figures if figure.startswith("QR code: https://")]
    cards = ".//div[contains(@class, 'video-card')]"
    assert len(codes) == sum(len(page_of_site(handbook, name).xpath(cards)) for name in documents(printed)) >= 6


def svgs(handbook: Built, docname: str) -> list[html.HtmlElement]:
    tree = html.parse(handbook.output / f"{docname}.html").getroot()
    return list(tree.xpath("//div[@class='diagram']/*[local-name()='svg']"))


def test_each_node_that_links_on_the_site_links_on_paper(book: Printed, printed: Path, handbook: Built) -> None:
    links = []
    for figure in book.elements("/Figure"):
        inside = [kid for kid in as_list(figure.get("/K", [])) if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]
        links += [link for link in inside if link.S == "/Link"]
    site = [
        a for name in documents(printed) for svg in svgs(handbook, name) for a in svg.xpath(".//*[local-name()='a']")
    ]
    assert len(links) == len(site) > 40
    for link in links:
        [annotation] = [kid.Obj for kid in as_list(link.K) if is_a(kid, "/OBJR")]
        left, bottom, right, top = map(float, annotation.Rect)
        assert right - left > 40 and top - bottom > 15


def test_no_drawing_is_cut_or_too_small_to_read(book: Printed, printed: Path, handbook: Built) -> None:
    sizes = {}
    for docname in documents(printed):
        for svg in svgs(handbook, docname):
            _left, _top, width, height = map(float, svg.get("viewbox", svg.get("viewBox")).split())
            sizes[svg.xpath("string(./*[local-name()='title'])")] = width, height
    found = 0
    for figure in book.elements("/Figure"):
        left, bottom, right, top = map(float, attribute(figure, "/BBox"))
        assert 0 < left < right < 596
        assert 0 < bottom < top < 842
        for title, (width, height) in sizes.items():
            if str(figure.Alt).startswith(title):
                found += 1
                scale = max((right - left) / width, (top - bottom) / height)  # of one in strips, at least this
                assert 16 * scale >= 8.5, title  # points: the height of Mermaid's letters
    assert found == len(sizes) >= 6


def attribute(element: pikepdf.Dictionary, name: str) -> pikepdf.Object:
    return next(part[name] for part in as_list(element.A) if name in part)


def test_every_code_of_a_video_gives_its_address_at_a4_and_at_a5(printed: Path, book: Printed) -> None:
    register = yaml.safe_load((ROOT / "docs/data/videos.yaml").read_text(encoding="utf-8"))
    document = pypdfium2.PdfDocument(printed / "sse-handbook.pdf")
    videos = set()
    said = [str(figure.Alt) for figure in book.elements("/Figure")]
    said = sorted(alt.removeprefix("QR code: ") for alt in said if alt.startswith("QR code: "))
    for size in (1, 0.707):
        read = []
        for number, page in enumerate(document, 1):
            text = squeeze("".join(piece.text for piece in book.pieces if piece.page == number))
            if "opens another site" in text:
                codes = [code.text for code in zxingcpp.read_barcodes(page.render(scale=size * 200 / 72).to_pil())]
                assert all(address in text for address in codes)
                read += codes
        assert sorted(read) == said
        videos |= {re.search(r"[?&]v=([\w-]{11})", address)[1] for address in read}
    assert videos == {re.search(r"[?&]v=([\w-]{11})", entry["link"])[1] for entry in register.values()}


def test_every_file_is_what_pdf_ua_asks_for(printed: Path, book: Printed, chapters: dict[str, Printed]) -> None:
    for path in sorted(printed.glob("*.pdf")):
        report = page_validation.validate_pdf(path, profile=page_validation.ValidationProfile.PDF_UA_1)
        assert [(failure.rule_id, failure.message) for failure in report.failures] == []
    titles = set()
    for file in (book, *chapters.values()):
        assert file.pdf.Root.Lang == "en"
        assert file.pdf.Root.MarkInfo.Marked
        assert file.pdf.Root.ViewerPreferences.DisplayDocTitle
        with file.pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            titles.add(metadata["dc:title"])
    assert "Home-based workers and the social and solidarity economy" in titles
    assert len(titles) == 1 + len(chapters)


def test_all_fonts_are_in_the_file_and_come_from_the_packages(book: Printed, chapters: dict[str, Printed]) -> None:
    for file in (book, *chapters.values()):
        fonts = [font for font in file.pdf.objects if isinstance(font, pikepdf.Dictionary) and "/FontName" in font]
        assert fonts
        assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts)
        ours = r"/[A-Z]{6}\+(FiraSans|IBMPlex|Sarabun|HindSiliguri|Mukta|NotoSansCJK)"
        assert all(re.match(ours, str(font.FontName)) for font in fonts)


def test_titles_in_other_scripts_are_whole(book: Printed) -> None:
    # Arabic is written from the right: what is told here are the letters of each word, and not their order.
    printed = {"".join(sorted(word)) for piece in book.pieces for word in re.split(MARKS, piece.text)}
    titles = re.findall(r"^  title: (.*)$", "".join(path.read_text(encoding="utf-8") for path in LAWS), re.MULTILINE)
    for first, last in (("\u0900", "\u097f"), ("\u0980", "\u09ff"), ("\u0e00", "\u0e7f"), ("\u0600", "\u06ff")):
        title = next(title for title in titles if first <= title[0] <= last)
        assert {"".join(sorted(word)) for word in re.split(MARKS, title)} <= printed, title


MARKS = "[ ,،.]+"
LAWS = sorted((ROOT / "docs/data/laws").glob("*.yaml"))


def test_what_is_printed_can_be_read_at_a5_and_without_colour(book: Printed) -> None:
    assert book.marks
    for piece in book.pieces:
        size, colour = book.styles.get((piece.page, piece.mark), (11.0, (0.0,)))
        if piece.page > 1 and "/Figure" not in piece.kinds:
            assert size >= 9 or "/Span" in piece.kinds, piece  # raised numbers are smaller
            linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour * 3][:3]
            luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
            assert 1.05 / (luminance + 0.05) >= 7, piece


def test_no_heading_is_alone_at_the_foot_of_a_page(book: Printed, chapters: dict[str, Printed]) -> None:
    for file in (book, *chapters.values()):
        last = {piece.page: piece for piece in file.pieces if piece.text.strip() and "/Note" not in piece.kinds}
        assert set(last) >= set(range(2, len(file.pdf.pages) + 1))
        assert [piece for piece in last.values() if HEADINGS & set(piece.kinds)] == []


def test_the_files_are_small_and_there_is_one_for_each_chapter(printed: Path) -> None:
    names = {path.name for path in printed.glob("*.pdf")}
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    chapters = re.findall(r"^([\w-]+)/index$", index, re.MULTILINE)
    laws = {path.stem for path in (ROOT / "docs/policy/laws").glob("*.md")} - {"index"}
    assert len(chapters) >= 6
    chapters += ["policy-laws", *(f"policy-laws-{law}" for law in laws)]
    chapters += [f"reference-{path.stem}" for path in (ROOT / "docs/reference").glob("*sources*.md")]
    assert names == {"sse-handbook.pdf", *(f"sse-handbook-{chapter}.pdf" for chapter in chapters)}
    assert (printed / "sse-handbook.pdf").stat().st_size <= 3_000_000
    sizes = {name: (printed / name).stat().st_size for name in names - {"sse-handbook.pdf"}}
    assert max(sizes.values()) <= 400_000, sizes


def test_a_chapter_has_its_pages_its_contents_and_the_sources_that_it_names(
    chapters: dict[str, Printed], printed: Path, handbook: Built
) -> None:
    for name, chapter in chapters.items():
        own = documents(printed, name)
        titles = [title_of(handbook, docname) for docname in own]
        assert titles[0] in "".join(piece.text for piece in chapter.pieces if piece.page == 1)
        lines = contents(chapter)
        assert all(leads == number for _title, leads, number in lines)
        assert [title for title, *_rest in lines if title in titles] == titles, name
        assert [docname for docname in own[1:] if docname.startswith("policy/laws/")] == [], "it has a file of its own"
        numbers = {piece.text.strip(", ") for piece in chapter.pieces if is_number_of_source(piece)}
        listed = {
            part.text.strip() for part in chapter.pieces if part.kinds[-1] == "/Strong" and part.text.strip().isdigit()
        }
        assert numbers <= listed, name


def is_number_of_source(piece: Piece) -> bool:
    return (
        "/Link" in piece.kinds
        and "/Span" in piece.kinds
        and piece.text.strip(", ").isdigit()
        and "/Note" not in piece.kinds
    )


PROJECT = {
    "conf.py": """
project = "Small & <plain>"
author = "Somebody"
release = "1.0"
import sys
sys.path.insert(0, "EXT")
extensions = ["myst_parser", "sse_handbook", "mermaid_svg", "pdf_builder"]
sse_data_dir = "data"
pdf_name = "small"
sse_diagram_cache = "CACHE"
mermaid_output_format = "svg"
myst_enable_extensions = ["colon_fence", "deflist"]
html_theme = "basic"
""",
    "index.md": """
# Small

Words with a note[^note], ![a picture](picture.svg), `code`, and [another page](two%20words.md).

[^note]: The note, with a [link](https://example.org/a/long/address?with=query).

| Head | Other head |
|---|---|
| 1 | 2 |

```python
def code():
    return  "two  spaces"
```

```{mermaid}
flowchart TB
  accTitle: A title
  accDescr: What it shows.
  A["One"] --> B["Two"]
```

:::{sse:video} film
:::

```{toctree}
two words
```
""",
    "two words.md": "(here)=\n# Two words\n\nSee {ref}`genindex`, [this page](#here) and <https://example.org>.\n",
    "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>',
    "data/videos.yaml": "film:\n  link: https://youtu.be/gBKYf4qt1vw\n  about: A film\n  from: Elsewhere, 2021\n",
}


def write_project(folder: Path, cache: Path, **changes: str) -> Path:
    """A small project that has something of everything; keywords replace its pages (`index` for `index.md`)."""
    for name, text in (PROJECT | {f"{name}.md": text for name, text in changes.items()}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("CACHE", str(cache)).replace("EXT", str(ROOT / "docs/_ext")), encoding="utf-8")
    return folder


def run_sphinx(
    source: Path, output: Path, builder: str = "pdf", *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", builder, *options]
    return subprocess.run(
        [*command, source, output], capture_output=True, text=True, check=False, env=os.environ | environment
    )


def test_two_clean_builds_in_two_places_give_the_same_bytes(tmp_path: Path, diagram_cache: Path, printed: Path) -> None:
    for number in ("1", "2"):
        source = write_project(tmp_path / number / "docs", diagram_cache)
        out = tmp_path / number / "out"
        run = run_sphinx(source, out, "pdf", f"-j{number}", SOURCE_DATE_EPOCH=EPOCH, PYTHONHASHSEED=number)
        assert (run.returncode, run.stderr) == (0, "")
    first, second = (sorted((tmp_path / number / "out").glob("*.pdf")) for number in ("1", "2"))
    assert [path.name for path in first] == [path.name for path in second] == ["small-two-words.pdf", "small.pdf"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_file_is_dated_by_its_sources_or_not_at_all(
    tmp_path: Path, diagram_cache: Path, printed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_project(tmp_path / "docs", diagram_cache)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    undated = Printed(build(source, tmp_path / "undated", "pdf").output / "small.pdf")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    dated = Printed(build(source, tmp_path / "dated", "pdf").output / "small.pdf")
    assert [key for key in undated.pdf.docinfo if "Date" in key] == []
    assert str(dated.pdf.docinfo["/CreationDate"]).startswith("D:20261118")
    covers = ["".join(piece.text for piece in each.pieces if piece.page == 1) for each in (undated, dated)]
    assert "18 November 2026" in covers[1]
    assert covers[1].replace("18 November 2026", "").split() == covers[0].split()


def test_notes_pictures_code_and_links_to_what_is_not_printed(
    tmp_path: Path, diagram_cache: Path, printed: Path
) -> None:
    built = build(write_project(tmp_path / "docs", diagram_cache), tmp_path / "build", "pdf")
    assert built.raw_warnings == ""
    small = Printed(built.output / "small.pdf")
    text = "".join(piece.text for piece in small.pieces)
    assert 'def code():    return  "two  spaces"' in text
    assert "example.org/a/long/address?with=query" in squeeze(text)
    assert "another page (page\xa04)" in text
    leads = [piece.leads for piece in small.pieces if piece.leads]
    assert not any("genindex" in str(target) for target in leads)
    assert {"a picture", "A title. What it shows.", "QR code: https://www.youtube.com/watch?v=gBKYf4qt1vw"} == {
        str(figure.Alt) for figure in small.elements("/Figure")
    }
    report = page_validation.validate_pdf(
        built.output / "small.pdf", profile=page_validation.ValidationProfile.PDF_UA_1
    )
    assert report.is_compliant


HOSTILE = """
# A heading with \u202eRIGHT TO LEFT

<script>document.title = "taken over"</script>
<style>@page { size: 1mm } p { display: none }</style>
<title>taken over</title><base href="https://evil.example/"><meta name="author" content="taken over">
<link rel="attachment" href="conf.py"><iframe src="https://evil.example/"></iframe>
<form><input name="taken"></form>
<a href="javascript:alert(1)">a script</a> <a href="file:///etc/hostname">a file</a>

Before \u202eturned\nafter.

Plain words stay plain.
</div></div></section>

LONG

:::{sse:video} film
:::

```{toctree}
two words
```
"""


def test_hostile_text_is_printed_and_does_nothing(tmp_path: Path, diagram_cache: Path, printed: Path) -> None:
    page = HOSTILE.replace("LONG", "long" * 2000)
    built = build(write_project(tmp_path / "docs", diagram_cache, index=page), tmp_path / "build", "pdf")
    assert built.raw_warnings == ""
    for name in ("small", "small-two-words"):
        small = Printed(built.output / f"{name}.pdf")
        raw = [each for each in small.pdf.objects if isinstance(each, pikepdf.Dictionary)]
        forbidden = {"/JS", "/JavaScript", "/Launch", "/EmbeddedFiles", "/AcroForm", "/AA", "/OpenAction", "/RichMedia"}
        assert not [key for each in raw for key in each if key in forbidden]
        assert not [key for each in raw if each.get("/S") in ("/JavaScript", "/Launch", "/GoToR") for key in each]
        assert "taken over" not in str(small.pdf.docinfo)
        assert [
            uri for each in raw if "/URI" in each if not (uri := str(each.URI)).startswith("https://example.org")
        ] == []
    small = Printed(built.output / "small.pdf")
    said = squeeze("".join(piece.text for piece in small.pieces))
    assert "Plain words stay plain." in said
    assert [text for _level, text, _page in small.headings][-1] == "Two words"
    assert small.pdf.pages[0].MediaBox[2] == pytest.approx(595, abs=1)
    assert documents(built.output, "small") == ["index", "two words"]


def test_what_typst_refuses_is_told_in_one_line_and_leaves_no_file(
    tmp_path: Path, diagram_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(TEMPLATE, tmp_path / "_pdf")
    (tmp_path / "_pdf/book.typ").write_text("#let broken = (\n", encoding="utf-8")
    monkeypatch.setattr("pdf_builder.TEMPLATE", tmp_path / "_pdf")
    built = build(write_project(tmp_path / "docs", diagram_cache), tmp_path / "build", "pdf")
    assert {(warned.file, warned.type) for warned in built.warnings} == {("index.md", "sse.pdf")}
    assert all("unclosed delimiter" in warned.message for warned in built.warnings)
    assert list(built.output.glob("*.pdf")) == []


def test_all_formats_together_draw_each_diagram_once(tmp_path: Path, printed: Path) -> None:
    source = write_project(tmp_path / "docs", tmp_path / "drawn")
    second = re.search("```{mermaid}.*?```", PROJECT["index.md"], re.DOTALL)[0].replace('A["One"]', 'A["First"]')
    (source / "two words.md").write_text(f"(here)=\n# Two\n\n{second}\n", encoding="utf-8")
    tool = tmp_path / "count.py"
    tool.write_text(
        f"import subprocess, sys\nopen({str(tmp_path / 'count')!r}, 'a').write('drawn\\n')\n"
        f"sys.exit(subprocess.call([{shutil.which('mermaidx')!r}, *sys.argv[1:]]))\n",
        encoding="utf-8",
    )
    for builder in ("html", "pdf", "epub"):
        build(source, tmp_path / "build", builder, mermaid_cmd=f"{sys.executable} {tool} -q")
    assert (tmp_path / "count").read_text(encoding="utf-8").split() == ["drawn", "drawn"]


def test_all_builders_share_one_reading_and_miss_no_change_of_data(tmp_path: Path, diagram_cache: Path) -> None:
    source = write_project(tmp_path / "docs", diagram_cache)
    conf, videos = source / "conf.py", source / "data/videos.yaml"
    conf.write_text(conf.read_text(encoding="utf-8").replace('"pdf_builder"', '"pdf_builder", "shared_doctrees"'))
    for about in ("A film", "Another film"):
        videos.write_text(videos.read_text(encoding="utf-8").replace("about: A film", f"about: {about}"))
        for builder in ("pdf", "html", "dirhtml"):
            done = run_sphinx(source, tmp_path / builder, builder, "-d", str(tmp_path / "doctrees"), "-q")
            assert (done.returncode, done.stderr) == (0, "")
        assert about in (tmp_path / "html/index.html").read_text(encoding="utf-8")
        assert about in (tmp_path / "dirhtml/index.html").read_text(encoding="utf-8")
        assert about in squeeze("".join(piece.text for piece in Printed(tmp_path / "pdf/small.pdf").pieces))
