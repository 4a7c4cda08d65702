"""The real handbook as PDF: complete, in order, alive in every link, fit for a screen reader; and bad input."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import pikepdf
import pypdfium2
import pytest
import yaml
import zxingcpp
from conftest import EPOCH, ROOT, Built, build, build_format, write_files
from lxml import html
from pdf_builder import TEMPLATE

from sse_handbook.video_links import parse_video_link

HEADINGS = {f"/H{level}" for level in range(1, 7)}
BLOCKS = HEADINGS | {"/P", "/LBody", "/Lbl", "/TD", "/TH", "/Caption", "/Note", "/TOCI"}
# Of a page of the site: what links to its own headings, what is drawn, the heading of its sources, here none; what a
# reader opens there; and the names of countries.
UNPRINTED = (
    ".//a[@class='headerlink'] | .//*[local-name()='svg'] | .//script | .//comment() | .//p[@class='sse-version']"
    " | .//h2[@class='rubric'] | .//div[contains(@class, 'finder') or contains(@class, 'feed')]"
    " | .//li[starts-with(normalize-space(), 'See how it is in')] | .//details[contains(@class, 'more')]/summary"
)
SVG = ".//div[@class='diagram']/*[local-name()='svg']"
RIGHT_TO_LEFT = r"[\u0590-\u06ff]+(?: [\u0590-\u06ff]+)*"


class Piece(NamedTuple):
    """A piece of text as a screen reader comes to it."""

    page: int
    kinds: tuple[str, ...]  # of the elements around it
    block: tuple[int, int]  # the nearest one
    text: str
    leads: str | int | None  # the address, or the number of the page in the file, to which its link leads


class Printed:
    """A PDF, read the way a screen reader reads it: by its tree of elements, and what these own of each page."""

    def __init__(self, path: Path) -> None:
        self.pdf = pikepdf.open(path)
        self.numbers = {page.obj.objgen: number for number, page in enumerate(self.pdf.pages, 1)}
        names = list(self.pdf.Root.Names.Dests.Names) if "/Names" in self.pdf.Root else []
        self.names = {str(name): place for name, place in zip(names[::2], names[1::2], strict=True)}
        self.margins: dict[int, str] = defaultdict(str)

    @cached_property
    def marks(self) -> dict[tuple[int, int], str]:
        """The text of each mark on each page; what stands in the margins is noted."""
        found: dict[tuple[int, int], str] = defaultdict(str)
        for number, page in enumerate(self.pdf.pages, 1):
            fonts = {name: read_glyphs(font) for name, font in page.resources.get("/Font", {}).items()}
            within: list[tuple[int | None, str | None]] = []  # the mark, and the text that is meant
            for operands, operator in pikepdf.parse_content_stream(page):
                owner = next((mark for mark, _meant in reversed(within) if mark is not None), None)
                match str(operator):
                    case "BDC" | "BMC":
                        options = operands[1] if isinstance(operands[-1], pikepdf.Dictionary) else {}
                        meant = str(options["/ActualText"]) if "/ActualText" in options else None
                        within.append((int(options["/MCID"]) if "/MCID" in options else None, meant))
                        owner = within[-1][0] if within[-1][0] is not None else owner
                        if meant is not None and owner is not None:
                            found[number, owner] += meant
                    case "EMC":
                        within.pop()
                    case "Tf":
                        font = fonts[str(operands[0])]
                    case "TJ" | "Tj":
                        raw = b"".join(bytes(part) for part in as_list(operands[0]) if isinstance(part, pikepdf.String))
                        text = "".join(font.get(int.from_bytes(raw[at : at + 2]), "") for at in range(0, len(raw), 2))
                        if owner is None:
                            self.margins[number] += text
                        elif all(meant is None for _mark, meant in within):
                            found[number, owner] += text
        return found

    @cached_property
    def pieces(self) -> list[Piece]:
        """All text in reading order."""
        return list(self.walk(self.pdf.Root.StructTreeRoot, Piece(0, (), (0, 0), "", None)))

    def walk(self, element: pikepdf.Dictionary, parent: Piece) -> Iterator[Piece]:
        kind, kids = str(element.get("/S", "")), as_list(element.get("/K", []))
        page = self.numbers[element.Pg.objgen] if "/Pg" in element else parent.page
        block, leads = element.objgen if kind in BLOCKS else parent.block, parent.leads
        if kind == "/Link":
            leads = next((self.find_target(kid.Obj) for kid in kids if is_a(kid, "/OBJR")), leads)
        for kid in kids:
            if isinstance(kid, int) or is_a(kid, "/MCR"):
                at = self.numbers[kid.Pg.objgen] if not isinstance(kid, int) and "/Pg" in kid else page
                text = self.marks[at, kid if isinstance(kid, int) else int(kid.MCID)]
                yield Piece(at, (*parent.kinds, kind), block, text, leads)
            elif not is_a(kid, "/OBJR"):
                yield from self.walk(kid, Piece(page, (*parent.kinds, kind), block, "", leads))

    def find_target(self, link: pikepdf.Dictionary) -> str | int:
        """Where a link leads: an address, or the number of a page of this file."""
        if "/A" in link and "/URI" in link.A:
            return str(link.A.URI)
        return self.find_page(link.Dest if "/Dest" in link else link.A.D)

    def find_page(self, place: pikepdf.Object) -> int:
        return self.numbers[(place if isinstance(place, pikepdf.Array) else self.names[str(place)])[0].objgen]

    @cached_property
    def headings(self) -> list[tuple[int, str, int]]:
        """Each heading: its level, its text, its page."""
        blocks = group_blocks(piece for piece in self.pieces if HEADINGS & set(piece.kinds))
        return [(int(min(HEADINGS & set(part[0].kinds))[2]), text_of(part), part[0].page) for part in blocks]

    @cached_property
    def contents(self) -> list[tuple[str, int | str | None, int]]:
        """The lines of the contents: the title of each, the page to which it leads, and the number that it tells."""
        blocks = group_blocks(piece for piece in self.pieces if "/TOCI" in piece.kinds and piece.text.strip(" ."))
        lines = [(re.fullmatch(r"(.*?)[ .]*?(\d+)", text_of(part)), part[0].leads) for part in blocks]
        return [(squeeze(line[1]), leads, int(line[2])) for line, leads in lines if line]

    def find_elements(self, kind: str) -> list[pikepdf.Dictionary]:
        return [item for item in self.pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == kind]

    def read_bookmarks(self) -> list[tuple[int, str, int]]:
        """Each bookmark: how deep it stands, its title, its page."""

        def walk(items: list[pikepdf.OutlineItem], depth: int) -> Iterator[tuple[int, str, int]]:
            for item in items:
                place = item.destination if item.destination is not None else item.action.D
                yield depth, squeeze(item.title), self.find_page(place)
                yield from walk(item.children, depth + 1)

        with self.pdf.open_outline() as outline:
            return list(walk(outline.root, 1))


def as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, pikepdf.Array)) else [value]


def is_a(kid: object, kind: str) -> bool:
    return isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == kind


def read_glyphs(font: pikepdf.Dictionary) -> dict[int, str]:
    """What each glyph of a font stands for."""
    lines = re.findall(r"^<(\w+)> <(\w+)>$", font.ToUnicode.read_bytes().decode(), re.MULTILINE)
    return {int(glyph, 16): bytes.fromhex(text).decode("utf-16-be") for glyph, text in lines}


def squeeze(text: str) -> str:
    return " ".join(re.sub("[\u00ad\u200b\u2060]", "", text).split())


def text_of(pieces: list[Piece]) -> str:
    return squeeze("".join(piece.text for piece in pieces))


def group_blocks(pieces: Iterator[Piece] | list[Piece]) -> Iterator[list[Piece]]:
    return (list(block) for _key, block in groupby(pieces, lambda piece: piece.block))


@pytest.fixture(scope="session")
def printed(shared_folder: Path, handbook: Built) -> Path:
    """The folder with the real handbook as PDF."""
    return build_format("pdf", shared_folder, handbook)


@pytest.fixture(scope="session")
def book(printed: Path) -> Printed:
    return Printed(printed / "sse-handbook.pdf")


@pytest.fixture(scope="session")
def chapters(printed: Path) -> dict[str, Printed]:
    return {path.stem: Printed(path) for path in sorted(set(printed.glob("sse-handbook-*.pdf")) - find_sheets(printed))}


def find_sheets(printed: Path) -> set[Path]:
    return {*printed.glob("sse-handbook-countries-??.pdf"), *printed.glob("sse-handbook-organise-handouts-*.pdf")}


def documents(printed: Path, name: str = "sse-handbook") -> list[str]:
    """The pages of the handbook in a file, in their order: the markup that it was made of stays beside it."""
    markup = (printed / f".typst/file-{name}.typ").read_text(encoding="utf-8")
    return re.findall(r'#include "/pages/(.*)\.typ"', markup)


def read_article(handbook: Built, docname: str, unprinted: str = UNPRINTED) -> html.HtmlElement:
    """The text of a page of the site, without what a printed page has no use for."""
    article = html.parse(handbook.output / f"{docname}.html").getroot().xpath("//article[@class='bd-article']")[0]
    for element in article.xpath(unprinted):
        element.drop_tree()
    return article


def title_of(handbook: Built, docname: str) -> str:
    return squeeze(read_article(handbook, docname).xpath("string(.//h1)"))


@pytest.mark.long
def test_every_link_leads_somewhere_and_tells_the_number_of_another_page(
    book: Printed, chapters: dict[str, Printed]
) -> None:
    for file in (book, *chapters.values()):
        links = [file.find_target(link) for page in file.pdf.pages for link in page.get("/Annots", [])]
        assert any(isinstance(target, int) for target in links)
        addresses = [target for target in links if isinstance(target, str)]
        assert [address for address in addresses if not re.match(r"https?://[\w.-]+", address)] == []
    told = {}
    linked = [list(group) for _key, group in groupby(book.pieces, lambda piece: (piece.block, piece.leads))]
    for link, after in pairwise(linked):
        if number := re.match(r"\(page (\d+)\)", text_of(after)):
            told[text_of(link), link[0].leads] = int(number[1])
    assert told
    assert [link for link, number in told.items() if link[1] != number] == []


def test_each_page_has_its_number_and_its_chapter(book: Printed) -> None:
    assert book.marks
    tops = {page: title for level, title, page in reversed(book.headings) if level == 1 and title != "Contents"}
    chapter = ""
    for number in range(min(tops), len(book.pdf.pages) + 1):
        assert book.margins[number].endswith(str(number))
        chapter = tops.get(number, chapter)
        assert number in tops or chapter in book.margins[number], number
    assert book.margins[1] == ""


def test_headings_bookmarks_and_contents_are_those_of_the_site(book: Printed, printed: Path, handbook: Built) -> None:
    assert [title for title, *_pages in book.contents] == [title_of(handbook, name) for name in documents(printed)]
    assert all(leads == number for _title, leads, number in book.contents)
    bookmarks = [(title, number) for _depth, title, number in book.read_bookmarks()]
    assert bookmarks == [(title, number) for _level, title, number in book.headings]
    assert {(title, number) for title, _leads, number in book.contents} <= set(bookmarks)
    level = ".//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6]"
    articles = [read_article(handbook, docname) for docname in documents(printed)]
    site = [squeeze(heading.text_content()) for article in articles for heading in article.xpath(level)]
    assert [text for _level, text, _page in book.headings] == ["Contents", *site]
    depths = [level for level, _text, _page in book.headings]
    assert all(after <= before + 1 for before, after in pairwise(depths)), "a level of headings is left out"


def test_every_word_of_the_site_is_there_in_order(book: Printed, printed: Path, handbook: Built) -> None:
    blocks = group_blocks([piece for piece in book.pieces if "/TOCI" not in piece.kinds])
    texts = ("".join(map(read_piece, block)) for block in blocks)
    found, place = split_words(" ".join(texts)), 0
    for docname in documents(printed):
        for word in split_words("".join(read_text(read_article(handbook, docname)))):
            if len(word) > 10 and re.search(RIGHT_TO_LEFT, word):
                continue  # a title of several words, which paper breaks into lines
            # What only paper has stands between: numbers of pages and sources, notes, addresses, repeated heads.
            assert word in found[place : place + 200], (docname, word, found[place - 9 : place + 9])
            place = found.index(word, place) + 1


def split_words(text: str) -> list[str]:
    """The words of a text; what is written from the right has its letters in the order of the paper."""
    text = re.sub(RIGHT_TO_LEFT, lambda run: "".join(sorted(run[0].replace(" ", ""))), squeeze(text))
    return re.findall(r"[^\W\d]+|\d+", text)  # from the right, paper has no space before a number


def read_piece(piece: Piece) -> str:
    text = "".join(piece.text.split()) if "/Code" in piece.kinds else piece.text  # code may be broken anywhere
    is_raised = text.strip(" ,").isdigit() and {"/Link", "/Lbl", "/TH", "/Strong"} & set(piece.kinds)
    return f" {text} " if is_raised else text  # the number of a note or a source


def read_text(element: html.HtmlElement) -> Iterator[str]:
    """The text of a page of the site, with a space where a block ends."""
    if element.tag in {"pre", "code"}:
        yield "".join(element.text_content().split())
    else:
        yield element.text or ""
        for child in element:
            yield from read_text(child)
            yield child.tail or ""
    if element.tag not in {"a", "em", "strong", "span", "code", "cite", "i", "b"}:
        yield " "


def test_every_figure_tells_what_it_shows_and_is_whole(book: Printed, printed: Path, handbook: Built) -> None:
    figures = book.find_elements("/Figure")
    assert all(str(figure.get("/Alt", "")) for figure in figures)
    drawn = [svg for name in documents(printed) for svg in read_article(handbook, name, "script").xpath(SVG)]
    for svg in drawn:
        title, about = (svg.xpath(f"string(./*[local-name()='{name}'])").rstrip(".?") for name in ("title", "desc"))
        figure, *_again = [figure for figure in figures if title in str(figure.Alt) and about in str(figure.Alt)]
        box = next(part["/BBox"] for part in as_list(figure.A) if "/BBox" in part)
        left, bottom, right, top = map(float, box)
        assert 0 < left < right < 596
        assert 0 < bottom < top < 842
        _left, _top, width, height = map(float, svg.get("viewbox", svg.get("viewBox")).split())
        scale = max((right - left) / width, (top - bottom) / height)  # of one in strips, at least this
        assert 16 * scale >= 8.5, title  # points: the height of Mermaid's letters
        inside = [kid for kid in as_list(figure.get("/K", [])) if isinstance(kid, pikepdf.Dictionary)]
        links = [kid for kid in inside if kid.get("/S") == "/Link"]
        assert len(links) == len(svg.xpath(".//*[local-name()='a']")), title
        for link in links:
            [annotation] = [kid.Obj for kid in as_list(link.K) if is_a(kid, "/OBJR")]
            left, bottom, right, top = map(float, annotation.Rect)
            assert right - left > 20 and top - bottom > 10, title
    assert drawn


def test_every_code_of_a_video_gives_its_address_at_half_the_size(printed: Path, book: Printed) -> None:
    register = yaml.safe_load((ROOT / "docs/data/videos.yaml").read_text(encoding="utf-8"))
    figures = [figure for figure in book.find_elements("/Figure") if str(figure.Alt).startswith("QR code: ")]
    told, codes = sorted(str(figure.Alt).removeprefix("QR code: ") for figure in figures), []
    document = pypdfium2.PdfDocument(printed / "sse-handbook.pdf")
    for number in sorted({book.numbers[figure.Pg.objgen] for figure in figures}):
        text = squeeze("".join(piece.text for piece in book.pieces if piece.page == number))
        picture = document[number - 1].render(scale=0.707 * 200 / 72)  # A5, at 200 dots an inch
        found = [code.text for code in zxingcpp.read_barcodes(picture.to_pil())]
        assert all(address in text for address in found)
        codes += found
    assert sorted(codes) == told
    videos = {link and link.id for link in map(parse_video_link, codes)}
    assert videos == {link and link.id for link in (parse_video_link(entry["link"]) for entry in register.values())}


def check_pdf_ua(file: Printed) -> str:
    """Check what PDF/UA asks for, and return the title."""
    assert (file.pdf.Root.Lang, file.pdf.Root.MarkInfo.Marked) == ("en", True)
    assert file.pdf.Root.ViewerPreferences.DisplayDocTitle
    fonts = [font for font in file.pdf.objects if isinstance(font, pikepdf.Dictionary) and "/FontName" in font]
    ours = r"/[A-Z]{6}\+(FiraSans|IBMPlex|Sarabun|HindSiliguri|Mukta|NotoSansCJK)"  # of the packages, of no system
    assert [str(font.FontName) for font in fonts if not re.match(ours, str(font.FontName))] == []
    with file.pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        return str(metadata["dc:title"])


def test_every_file_is_what_pdf_ua_asks_for(book: Printed, chapters: dict[str, Printed]) -> None:
    titles = set()
    for file in (book, *chapters.values()):
        titles.add(check_pdf_ua(file))
        last = {piece.page: piece for piece in file.pieces if piece.text.strip() and "/Note" not in piece.kinds}
        assert set(last) >= set(range(2, len(file.pdf.pages) + 1))
        assert [piece for piece in last.values() if HEADINGS & set(piece.kinds)] == [], "a heading alone at the foot"
    assert len(titles) == 1 + len(chapters)


def test_the_files_are_small_and_there_is_one_for_each_chapter(printed: Path) -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    chapters = re.findall(r"^([\w-]+)/index$", index, re.MULTILINE)
    assert chapters
    chapters += [f"reference-{path.stem}" for path in (ROOT / "docs/reference").glob("sources*.md")]
    sizes = {path.stem.removeprefix("sse-handbook"): path.stat().st_size for path in printed.glob("*.pdf")}
    sheets = {sheet.stem.removeprefix("sse-handbook") for sheet in find_sheets(printed)}
    assert sizes.keys() - sheets == {"", *(f"-{chapter}" for chapter in chapters)}
    assert sizes.pop("") <= 6_500_000
    assert max(sizes.values()) <= 1_100_000, sizes  # the laws: with room for those that are still to come


def test_each_country_and_hand_out_has_a_sheet_of_two_pages_at_most_for_all_readers(printed: Path) -> None:
    pages = [*(ROOT / "docs/countries").glob("??.md"), *(ROOT / "docs/organise/handouts").glob("[!i]*.md")]
    sheets = find_sheets(printed)
    assert len(sheets) == len(pages) > 100
    for sheet in sheets:
        file = Printed(sheet)
        assert 1 <= len(file.pdf.pages) <= 2, sheet.name
        assert sheet.stat().st_size <= (100_000 if "-handouts-" in sheet.name else 60_000), sheet.name
        check_pdf_ua(file)
        assert file.pieces[0].kinds[-1] == "/H1", sheet.name


def test_a_chapter_has_its_pages_its_contents_and_the_sources_that_it_names(
    chapters: dict[str, Printed], printed: Path, handbook: Built
) -> None:
    for name, chapter in chapters.items():
        own = documents(printed, name)
        titles = [title_of(handbook, docname) for docname in own]
        assert titles[0] in "".join(piece.text for piece in chapter.pieces if piece.page == 1)
        assert all(leads == number for _title, leads, number in chapter.contents)
        assert [title for title, *_pages in chapter.contents if title in titles] == titles, name
        assert [docname for docname in own[1:] if docname.startswith("countries/")] == [], "it has a sheet of its own"
        numbers = [piece for piece in chapter.pieces if piece.text.strip(", ").isdigit()]
        listed = {piece.text.strip() for piece in numbers if piece.kinds[-1] == "/Strong"}
        linked = [piece for piece in numbers if {"/Link", "/Span"} <= set(piece.kinds) and "/Note" not in piece.kinds]
        assert {piece.text.strip(", ") for piece in linked} <= listed, name


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
myst_enable_extensions = ["colon_fence", "deflist"]
html_theme = "basic"
""",
    "index.md": (ROOT / "tests/cases/pdf/index.md").read_text(encoding="utf-8"),
    "two words.md": "(here)=\n# Two words\n\nSee {ref}`genindex`, [this page](#here) and <https://example.org>.\n",
    "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>',
    "data/videos.yaml": "one:\n  link: https://youtu.be/gBKYf4qt1vw\n  about: A video\n  from: Elsewhere, 2021\n",
}


def write_project(folder: Path, cache: Path, **changes: str) -> Path:
    """A small project that has something of everything; keywords replace its pages (`index` for `index.md`)."""
    conf = PROJECT["conf.py"].replace("CACHE", str(cache)).replace("EXT", str(ROOT / "docs/_ext"))
    return write_files(folder, PROJECT | {"conf.py": conf} | {f"{name}.md": text for name, text in changes.items()})


def run_sphinx(source: Path, output: Path, builder: str, *options: str, **environment: str) -> None:
    command = [sys.executable, "-m", "sphinx", "-qnW", "--keep-going", "-b", builder, *options, source, output]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert (run.returncode, run.stderr) == (0, "")


def test_two_clean_builds_in_two_places_give_the_same_bytes_and_the_date_of_the_sources(
    tmp_path: Path, diagram_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for number in ("1", "2"):
        source, output = write_project(tmp_path / number / "docs", diagram_cache), tmp_path / number / "out"
        run_sphinx(source, output, "pdf", f"-j{number}", SOURCE_DATE_EPOCH=EPOCH, PYTHONHASHSEED=number)
        made.append({path.name: path.read_bytes() for path in output.glob("*.pdf")})
    assert set(made[0]) == {"small-two-words.pdf", "small.pdf"}
    assert made[0] == made[1]
    dated = Printed(output / "small.pdf")
    assert str(dated.pdf.docinfo["/CreationDate"]).startswith("D:20261118")
    assert "18 November 2026" in "".join(piece.text for piece in dated.pieces if piece.page == 1)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    undated = Printed(build(source, tmp_path / "undated", "pdf").output / "small.pdf")
    assert [key for key in undated.pdf.docinfo if "Date" in key] == []


def test_notes_pictures_and_code_are_printed_and_what_is_hostile_does_nothing(
    tmp_path: Path, diagram_cache: Path
) -> None:
    alone = "---\norphan: true\n---\n# Alone\n\nNowhere.\n\n```{rst-class} language-fr\n```\n\nNulle part.\n"
    source = write_project(tmp_path / "docs", diagram_cache, alone=alone)
    built = build(source, tmp_path / "build", "pdf")
    assert built.raw_warnings == ""
    small = Printed(built.output / "small.pdf")
    text = "".join(piece.text for piece in small.pieces)
    assert 'def code():    return  "two  spaces"' in text
    assert "example.org/a/long/address?with=query" in squeeze(text)
    assert "another page (page\xa04)" in text
    sheet = pypdfium2.PdfDocument(built.output / "small.pdf")[2].get_textpage()
    at = sheet.get_text_range().index("(page")
    assert sheet.get_charbox(at + 4)[2] - sheet.get_charbox(at)[0] < 22, "its letters stand apart"
    assert "©" not in text  # the project names no holder of rights
    assert "Nowhere." in text  # a page that stands in no contents comes last
    assert not any("genindex" in str(piece.leads) for piece in small.pieces)
    alts = {str(figure.Alt) for figure in small.find_elements("/Figure")}
    assert alts == {"a picture", "A title. What it shows.", "QR code: https://www.youtube.com/watch?v=gBKYf4qt1vw"}
    raw = [item for item in small.pdf.objects if isinstance(item, pikepdf.Dictionary)]
    assert {str(item.Lang) for item in raw if "/Lang" in item} == {"en", "fr"}
    forbidden = {"/JS", "/JavaScript", "/Launch", "/EmbeddedFiles", "/AcroForm", "/AA", "/OpenAction", "/RichMedia"}
    assert not [key for item in raw for key in item if key in forbidden]
    assert not [item for item in raw if item.get("/S") in ("/JavaScript", "/Launch", "/GoToR")]
    addresses = {str(item.URI) for item in raw if "/URI" in item} | {str(piece.leads) for piece in small.pieces}
    assert not [address for address in addresses if re.search("evil|javascript:|file:", address)]
    assert "taken over" not in str(small.pdf.docinfo)


LONG = """cooperative registration ministry threshold nondiscrimination telecommunications institutionalisation
  accountability membership obligation assembly inspection responsibilities infrastructure environmental sustainability
  representation straightforward documentation internationalisation"""


CODES = [f"U74999MH2015NPL26{number}" for number in range(10, 15)]


@pytest.mark.parametrize("words", [*(LONG.split()[:count] for count in (8, 10, 14, 20)), CODES])
def test_a_wide_table_stays_on_its_sheet_turned_or_told(tmp_path: Path, diagram_cache: Path, words: list[str]) -> None:
    count = len(words)
    rows = [words, ["---"] * count, [f"Some words of {word}" for word in words]]
    index = "\n".join([PROJECT["index.md"], "# Wide\n", *(f"| {' | '.join(row)} |" for row in rows)])
    built = build(write_project(tmp_path / "docs", diagram_cache, index=index), tmp_path / "build", "pdf")
    told = f"index.md:{len(index.splitlines()) - 2}: WARNING: A sheet holds 14 columns like these"
    assert (told in built.raw_warnings) == bool(built.raw_warnings) == (count > 14)
    sheets = [(sheet.get_textpage(), sheet.get_width()) for sheet in pypdfium2.PdfDocument(built.output / "small.pdf")]
    page, width = max(sheets, key=lambda sheet: sheet[0].get_text_range().count("Some"))
    text = page.get_text_range()
    assert (width > 600) == (count > 8 or words == CODES)
    assert "Wide" in text, "its heading stands alone on the sheet before"
    for nth in (0, 1):  # of the heads, and of the row: a word may be parted
        found = [[*re.finditer(r"\W*".join(word), text)][nth] for word in words]
        boxes = [[page.get_charbox(at) for at in range(*word.span())] for word in found]
        edges = [edge for word in boxes for edge in (min(box[0] for box in word), max(box[2] for box in word))]
        assert edges[0] > 42 and edges == sorted(edges) and edges[-1] < width - 42, edges  # side by side
        assert min(start - end for end, start in zip(edges[1::2], edges[2::2], strict=False)) > 3, edges


def test_what_is_higher_than_a_sheet_goes_on_over_the_next(tmp_path: Path, diagram_cache: Path) -> None:
    words = [f"w{number}" for number in range(900)]
    tables = ["| Wide " * 10, "|---" * 10, f"| {' '.join(words[:300])} " * 10]
    parts = [PROJECT["index.md"], "# High", f"```{{note}}\n{' '.join(words)}\n```", "\n".join(tables)]
    for rows in ([130] * 8, [400] * 3, [900], [3] * 5 + [900] + [3] * 4):
        lines = "".join(f"* - A row\n  - {' '.join(words[:count])}\n" for count in rows)
        parts += ["## A table", f"```{{list-table}} Its title\n\n{lines}```"]
    index = "\n\n".join(parts)
    built = build(write_project(tmp_path / "docs", diagram_cache, index=index), tmp_path / "build", "pdf")
    assert built.raw_warnings == ""
    sheets = [
        sheet.get_textpage().get_text_bounded(40, 40, sheet.get_width() - 40, sheet.get_height() - 40)
        for sheet in pypdfium2.PdfDocument(built.output / "small.pdf")
    ]
    assert Counter(re.findall(r"\bw\d+", " ".join(sheets))) == Counter(re.findall(r"\bw\d+", index))
    assert [sheet for sheet in sheets if "Its title" in sheet and "w1" not in sheet] == []


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


def test_all_builders_share_one_reading_and_miss_no_change_of_data(tmp_path: Path, diagram_cache: Path) -> None:
    source = write_project(tmp_path / "docs", diagram_cache)
    conf, videos = source / "conf.py", source / "data/videos.yaml"
    conf.write_text(conf.read_text(encoding="utf-8").replace('"pdf_builder"', '"pdf_builder", "shared_doctrees"'))
    for about in ("A video", "Another video"):
        videos.write_text(videos.read_text(encoding="utf-8").replace("about: A video", f"about: {about}"))
        for builder in ("pdf", "html", "dirhtml"):
            run_sphinx(source, tmp_path / builder, builder, "-d", str(tmp_path / "doctrees"))
        assert about in (tmp_path / "html/index.html").read_text(encoding="utf-8")
        assert about in (tmp_path / "dirhtml/index.html").read_text(encoding="utf-8")
        assert about in squeeze("".join(piece.text for piece in Printed(tmp_path / "pdf/small.pdf").pieces))
