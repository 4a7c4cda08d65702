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
from itertools import dropwhile, groupby, pairwise
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

from sse_handbook.pdf.builder import OURS
from sse_handbook.pdf.press import renumbered
from sse_handbook.pdf.tags import goes_on, joined_words

EPOCH = "1795000000"  # 18 November 2026
HEADINGS = {f"/H{level}" for level in range(1, 7)}
# Of a page of the site: what links to its own headings, what is drawn, and the keys of sources that our style hides.
UNPRINTED = (
    ".//a[@class='headerlink'] | .//*[local-name()='svg'] | .//script | .//p[@class='sse-version']"
    " | .//div[@class='citation']/span[@class='label']"
)
SOURCE = "reference/[a-z-]*sources[a-z-]*#id"
BLOCKS = HEADINGS | {"/P", "/LBody", "/Lbl", "/TD", "/TH", "/Caption"}


@dataclass(frozen=True)
class Piece:
    """A piece of text as a screen reader comes to it: its page, the elements around it, the nearest block, its link."""

    page: int
    kinds: tuple[str, ...]
    block: tuple[int, int]
    text: str
    leads: str


class Printed:
    """A PDF, read the way a screen reader reads it: by its tree of elements, and what these own of each page."""

    def __init__(self, path: Path) -> None:
        self.pdf = pikepdf.open(path)
        self.numbers = {page.obj.objgen: number for number, page in enumerate(self.pdf.pages, 1)}
        self.margins: dict[int, list[str]] = defaultdict(list)
        self.sizes: dict[float, str] = {}
        self.colours: dict[tuple[float, ...], str] = {}

    @cached_property
    def marks(self) -> dict[tuple[tuple[int, int], int], str]:
        """The text of each mark on each page; the rest is noted: what stands in the margins, sizes and colours."""
        found: dict[tuple[tuple[int, int], int], str] = defaultdict(str)
        for page in self.pdf.pages:
            fonts = {name: glyphs(font) for name, font in page.resources.Font.items()}
            owners: list[int | None] = []
            told = False
            font: dict[int, str] = {}
            for operands, operator in pikepdf.parse_content_stream(page):
                match str(operator):
                    case "BDC":
                        owners.append(int(operands[1].MCID) if "/MCID" in operands[1] else None)
                        if told := "/ActualText" in operands[1]:
                            found[page.obj.objgen, owners[-1]] += str(operands[1].ActualText)
                    case "BMC":
                        owners.append(None)
                    case "EMC":
                        owners.pop()
                        told = False
                    case "Tf":
                        font, size = fonts[str(operands[0])], float(operands[1]) * 0.75
                    case "rg":
                        colour = tuple(map(float, operands))
                    case "TJ":
                        raw = b"".join(bytes(each) for each in operands[0] if isinstance(each, pikepdf.String))
                        signs = (font[int.from_bytes(raw[at : at + 2])] for at in range(0, len(raw), 2))
                        text = "" if told else "".join(signs)
                        if owners and owners[-1] is not None:
                            found[page.obj.objgen, owners[-1]] += text
                        else:
                            self.margins[self.numbers[page.obj.objgen]].append(text.strip())
                        if text.strip():
                            self.sizes[size], self.colours[colour] = text, text
        return found

    @cached_property
    def pieces(self) -> list[Piece]:
        """All text in reading order."""
        return list(self._pieces(self.pdf.Root.StructTreeRoot, (), (0, 0), ""))

    def _pieces(
        self, element: pikepdf.Dictionary, kinds: tuple[str, ...], block: tuple[int, int], leads: str
    ) -> Iterator[Piece]:
        kind = str(element.get("/S", ""))
        block = element.objgen if kind in BLOCKS else block
        for kid in element.get("/K", []):
            if isinstance(kid, int):
                text = self.marks[element.Pg.objgen, kid]
                yield Piece(self.numbers[element.Pg.objgen], (*kinds, kind), block, text, leads)
            elif kid.get("/Type") == "/OBJR":
                leads = str(kid.Obj.get("/Dest") or kid.Obj.A.URI)
            else:
                yield from self._pieces(kid, (*kinds, kind), block, leads)

    @cached_property
    def places(self) -> dict[str, int]:
        """The page of each place that links may lead to."""
        names = list(self.pdf.Root.Names.Dests.Names)
        return {str(name): self.numbers[place[0].objgen] for name, place in zip(names[::2], names[1::2], strict=True)}

    @cached_property
    def headings(self) -> list[tuple[str, str, int]]:
        """Each heading: its level, its text, its page."""
        found = groupby((piece for piece in self.pieces if HEADINGS & set(piece.kinds)), lambda piece: piece.block)
        pieces = [list(group) for _block, group in found]
        return [(each[0].kinds[-1], squeeze("".join(piece.text for piece in each)), each[0].page) for each in pieces]

    def elements(self, kind: str) -> Iterator[pikepdf.Dictionary]:
        yield from (
            each for each in self.pdf.objects if isinstance(each, pikepdf.Dictionary) and each.get("/S") == kind
        )

    def outline(self) -> list[tuple[int, str, int]]:
        """Each bookmark: how deep it stands, its title, its page."""

        def walk(items: list[pikepdf.OutlineItem], depth: int) -> Iterator[tuple[int, str, int]]:
            for item in items:
                yield depth, item.title, self.numbers[item.destination[0].objgen]
                yield from walk(item.children, depth + 1)

        with self.pdf.open_outline() as outline:
            return list(walk(outline.root, 1))


def glyphs(font: pikepdf.Dictionary) -> dict[int, str]:
    """What each glyph of a font stands for."""
    lines = re.findall(r"^<(\w+)> <(\w+)>$", font.ToUnicode.read_bytes().decode(), re.MULTILINE)
    return {int(glyph, 16): bytes.fromhex(text).decode("utf-16-be") for glyph, text in lines}


def squeeze(text: str) -> str:
    return " ".join(text.split())


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


def contents(printed: Printed) -> list[tuple[int, str, int]]:
    """The lines of the contents: how deep each stands, its title, the number beside it."""
    after = next(page for level, text, page in printed.headings if (level, text) != ("/H1", "Contents"))
    lines = groupby(
        (each for each in printed.pieces if each.page < after and "/L" in each.kinds), lambda each: each.block
    )
    found = []
    for _block, group in lines:
        pieces = list(group)
        title = squeeze("".join(piece.text for piece in pieces if piece.leads))
        number = "".join(piece.text for piece in pieces if not piece.leads)
        folders = pieces[0].leads.removesuffix("/index").count("/")
        found.append((folders + 1, title, int(number)))
    return found


def documents(book: Printed) -> list[str]:
    """The pages of the handbook in the order of the contents."""
    first = next(number for level, text, number in book.headings if text != "Contents")
    return list(dict.fromkeys(piece.leads for piece in book.pieces if piece.page < first and piece.leads))


def page_of_site(handbook: Built, docname: str) -> html.HtmlElement:
    """The text of a page of the site, without what a printed page has no use for."""
    article = html.parse(handbook.output / f"{docname}.html").getroot().xpath("//article[@class='bd-article']")[0]
    for each in article.xpath(UNPRINTED):
        each.drop_tree()
    return article


def test_every_internal_link_leads_to_a_place_in_the_file(book: Printed, chapters: dict[str, Printed]) -> None:
    for printed, least in ((book, 3000), *((chapter, 0) for chapter in chapters.values())):
        links = [link for page in printed.pdf.pages for link in page.get("/Annots", [])]
        inside = [str(link.Dest) for link in links if "/Dest" in link]
        outside = [str(link.A.URI) for link in links if "/A" in link]
        assert len(inside) > least
        assert len(inside) + len(outside) == len(links)
        assert set(inside) <= set(printed.places)
        assert [each for each in outside if not re.match(r"https?://[\w.-]+", each)] == []


def test_every_link_to_a_place_says_its_page(book: Printed) -> None:
    links, wrong = 0, []
    following = [(list(group)) for _key, group in groupby(book.pieces, lambda piece: (piece.block, piece.leads))]
    for pieces, after in pairwise(following):
        target = pieces[0].leads
        if not target or target.startswith("http") or re.search(f"#term-|^{SOURCE}", target):
            continue  # words and sources stand in the order of the alphabet: the foot of each page says where
        said = re.match(r"\s*\(?(?:page\s+)?(\d+)\)?", after[0].text) if after[0].block == pieces[0].block else None
        links += 1
        if not said or int(said[1]) != book.places[target]:
            wrong.append((target, pieces[0].text, after[0].text))
    assert links > 800
    assert wrong == []


def test_each_page_says_its_number_and_where_words_and_sources_are(book: Printed) -> None:
    assert book.marks
    words, sources = book.places["reference/glossary"], book.places["reference/sources"]
    for number in range(2, len(book.pdf.pages) + 1):
        assert str(number) in book.margins[number]
        assert f"Words: page {words} · Sources: page {sources}" in squeeze(" ".join(book.margins[number]))
    assert not book.margins[1]


@pytest.mark.parametrize(
    ("text", "places", "right"),
    [
        (" (page\xa0100)", ["words"], " (page\xa0\u200797)"),
        ("100", ["words"], "\u200797"),
        (
            "Words: page\xa0100, Sources: page\xa0120",
            ["words", "sources"],
            "Words: page\xa0\u200797, Sources: page\xa0121",
        ),
        ("Act 100 of\xa01990 (page\xa0120)", ["sources"], "Act 100 of\xa01990 (page\xa0121)"),
        ("Title\xa0121", ["words", "sources"], "Title\xa0121"),
    ],
)
def test_a_number_is_filled_in_where_room_was_left_for_it(text: str, places: list[str], right: str) -> None:
    assert renumbered(text, places, {"words": 100, "sources": 120}, {"words": 97, "sources": 121}) == right


@pytest.mark.parametrize(
    ("line", "after", "goes"),
    [
        ("(www.ilo.org/groups/public/---ed_emp/---", "emp_ent/---coop/documents),", True),
        ("the folder latest/", "into which", False),
        ("women and home-", "based workers", True),
        ("paid by piece-", "or time-rates", False),
        ("---", "reviewed: 2026-11-28", False),
        ("home-", "", True),  # at the end of a page
        ("latest/", "", False),
        ("latest/", " into", False),
        ("a whole", "word", False),
        ("2026-11-28 /", "public goods", False),
    ],
)
def test_a_word_that_goes_on_in_the_next_line_is_told_from_two(line: str, after: str, goes: bool) -> None:
    book = (
        "See there (www.ilo.org/groups/\u200bpublic/---ed_emp/---emp_ent/---coop/documents), the folder latest/ into"
        " which home-based workers are paid by piece- or time-rates. --- reviewed: 2026-11-28 / public goods"
    )
    assert goes_on(line, after, "\n".join(joined_words(book))) == goes


def test_bookmarks_and_contents_agree_and_are_right(book: Printed, handbook: Built) -> None:
    lines = contents(book)
    assert lines == book.outline()
    assert [book.places[docname] for docname in documents(book)] == [number for _depth, _title, number in lines]
    titles = [squeeze(page_of_site(handbook, docname).xpath("string(.//h1)")) for docname in documents(book)]
    assert titles == [title for _depth, title, _number in lines]
    assert len(lines) >= len(list((ROOT / "docs").rglob("*.md"))) - 1


def test_every_heading_of_the_site_is_there_in_order(book: Printed, handbook: Built) -> None:
    level = ".//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6]"
    site = [
        squeeze(heading.text_content())
        for docname in documents(book)
        for heading in page_of_site(handbook, docname).xpath(level)
    ]
    assert [text for _level, text, _page in book.headings] == ["Contents", *site]
    depths = [int(each[-1]) for each, _text, _page in book.headings]
    assert depths[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(depths)), "a level of headings is left out"


def test_every_word_of_the_site_is_there_in_order(book: Printed, handbook: Built) -> None:
    starts = [book.places[docname] for docname in documents(book)]
    for docname, (first, after) in zip(documents(book), pairwise([*starts, len(book.pdf.pages) + 1]), strict=True):
        said = [piece for piece in book.pieces if first <= piece.page < after and "/Lbl" not in piece.kinds]
        wanted = "".join(words_of(page_of_site(handbook, docname))).split()
        assert words(said) == wanted, docname


def words_of(element: html.HtmlElement) -> Iterator[str]:
    """The text of a page of the site; addresses as paper has them, and a space where a block ends."""
    address = bare(element.get("href", ""))
    # The site shows an address by its host, and paper shows all of it.
    if element.tag == "a" and bare(element.text_content()) in {address, re.sub(r"^www\.|[/?#].*", "", address)}:
        yield address
    else:
        # A long address in a block of code may go on in the next line.
        yield re.sub(r"(?<=/)\n", "", element.text or "")
        for each in element:
            yield from words_of(each)
            yield re.sub(r"(?<=/)\n", "", each.tail or "")
    if element.tag not in {"a", "em", "strong", "span", "code", "cite", "i", "b"}:
        yield " "


def bare(address: str) -> str:
    return re.sub("^(https?://|mailto:)", "", address.strip()).rstrip("/")


def words(pieces: list[Piece]) -> list[str]:
    """What is said, without what only paper has: pages of links, addresses behind them, heads of tables once more."""
    said: list[str] = []
    for _block, group in groupby(without_repeated_heads(pieces), lambda piece: piece.block):
        text, leads, parts = "", "", list(group)
        for part in parts:
            added = rf"\s*\({re.escape(bare(leads))}\)" if leads.startswith("http") else r"\s*\(page\s+\d+\)"
            match = re.match(added, part.text) if leads and not part.leads else None
            text = text.rstrip() + part.text[match.end() :] if match else text + part.text
            leads = part.leads
        for address in {bare(part.leads) for part in parts if part.leads.startswith("http")}:
            # In a new line an address goes on where it may: only what is no letter is not followed by a space.
            text = re.sub(r"\s?".join(map(re.escape, address)), lambda _match, whole=address: whole, text)
        if squeeze(text) != leads:  # the address of a film, below its card
            said += text.split()
    return said


def without_repeated_heads(pieces: list[Piece]) -> Iterator[Piece]:
    """A table that goes on on the next page says its head there again."""
    in_table = False
    for _page, group in groupby(pieces, lambda piece: piece.page):
        parts = list(group)
        yield from dropwhile(lambda piece: "/THead" in piece.kinds, parts) if in_table else parts
        in_table = "/Table" in parts[-1].kinds


def test_every_figure_says_what_it_shows(book: Printed, handbook: Built) -> None:
    figures = [str(figure.get("/Alt", "")) for figure in book.elements("/Figure")]
    assert all(figures)
    drawn = [svg for docname in documents(book) for svg in svgs(handbook, docname)]
    for svg in drawn:
        said = ". ".join(svg.xpath("./*[local-name()='title' or local-name()='desc']/text()"))
        assert any(each.startswith(said) for each in figures), said
    assert len(drawn) >= len(list((ROOT / "docs/diagrams").glob("*.mmd")))
    codes = [each for each in figures if each.startswith("QR code: https://")]
    assert len(codes) == sum(len(page_of_site(handbook, each).xpath(CARDS)) for each in documents(book)) >= 6


CARDS = ".//div[contains(@class, 'video-card')]"


def svgs(handbook: Built, docname: str) -> list[html.HtmlElement]:
    tree = html.parse(handbook.output / f"{docname}.html").getroot()
    return list(tree.xpath("//div[@class='diagram']/*[local-name()='svg']"))


def test_no_drawing_is_cut_or_too_small_to_read(book: Printed, handbook: Built) -> None:
    widths = {}
    for docname in documents(book):
        for svg in svgs(handbook, docname):
            title = svg.xpath("string(./*[local-name()='title'])")
            widths[title] = float(svg.get("viewbox", svg.get("viewBox")).split()[2])
    found = 0
    for figure in book.elements("/Figure"):
        left, top, right, bottom = (float(side) * 0.75 for side in figure.A.BBox)
        assert 0 < left < right < 596
        assert 0 < top < bottom < 842
        for title, width in widths.items():
            if str(figure.Alt).startswith(f"{title}. "):
                found += 1
                assert 16 * (right - left) / width >= 8.5  # points: the height of Mermaid's letters
    assert found > len(widths) >= 6  # one is so tall that it stands in two columns


def test_every_code_of_a_film_gives_its_address_at_a4_and_at_a5(printed: Path, book: Printed) -> None:
    register = yaml.safe_load((ROOT / "docs/data/videos.yaml").read_text(encoding="utf-8"))
    shown: dict[int, list[str]] = defaultdict(list)
    for figure in book.elements("/Figure"):
        if str(figure.Alt).startswith("QR code: "):
            shown[book.numbers[figure.Pg.objgen]].append(str(figure.Alt).removeprefix("QR code: "))
            left, _top, right, _bottom = (float(side) for side in figure.A.BBox)
            assert (right - left) / 96 * 25.4 == pytest.approx(20, abs=0.5)
    document = pypdfium2.PdfDocument(printed / "sse-handbook.pdf")
    for number, addresses in shown.items():
        for size in (1, 0.707):
            picture = document[number - 1].render(scale=size * 200 / 72).to_pil()
            assert sorted(code.text for code in zxingcpp.read_barcodes(picture)) == sorted(addresses), number
        text = squeeze("".join(piece.text for piece in book.pieces if piece.page == number))
        assert all(address in text for address in addresses)
    films = {re.search(r"[?&]v=([\w-]{11})", entry["link"])[1] for entry in register.values()}
    assert {re.search(r"[?&]v=([\w-]{11})", each)[1] for found in shown.values() for each in found} == films


def test_every_file_is_what_pdf_ua_asks_for(printed: Path, book: Printed, chapters: dict[str, Printed]) -> None:
    for path in sorted(printed.glob("*.pdf")):
        report = page_validation.validate_pdf(path, profile=page_validation.ValidationProfile.PDF_UA_1)
        assert [(each.rule_id, each.message) for each in report.failures] == []
    titles = set()
    for each in (book, *chapters.values()):
        assert each.pdf.Root.Lang == "en"
        assert each.pdf.Root.MarkInfo.Marked
        assert each.pdf.Root.ViewerPreferences.DisplayDocTitle
        with each.pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            titles.add(metadata["dc:title"])
    assert "Home-based workers and the social and solidarity economy" in titles
    assert len(titles) == 1 + len(chapters)


def test_all_fonts_are_in_the_file_and_come_from_the_packages(book: Printed, chapters: dict[str, Printed]) -> None:
    for printed in (book, *chapters.values()):
        fonts = [each for each in printed.pdf.objects if isinstance(each, pikepdf.Dictionary) and "/FontName" in each]
        assert fonts
        assert all("/FontFile2" in each or "/FontFile3" in each for each in fonts)
        assert all(
            re.match(r"/[A-Z]{6}\+(Fira-Sans|IBM-Plex|Sarabun|Hind-Siliguri|Mukta|titles)", str(each.FontName))
            for each in fonts
        )


def test_what_is_printed_can_be_read_at_a5_and_without_colour(book: Printed) -> None:
    assert book.marks
    assert min(book.sizes) >= 9, book.sizes
    for colour, text in book.colours.items():
        linear = [each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in colour]
        luminance = sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
        assert 1.05 / (luminance + 0.05) >= 7, (colour, text)


def test_no_heading_is_alone_at_the_foot_of_a_page(book: Printed, chapters: dict[str, Printed]) -> None:
    for printed in (book, *chapters.values()):
        last = {piece.page: piece for piece in printed.pieces if piece.text.strip()}
        assert set(last) >= set(range(2, len(printed.pdf.pages) + 1))
        assert [piece for piece in last.values() if HEADINGS & set(piece.kinds)] == []


def test_the_files_are_small_and_there_is_one_for_each_chapter(printed: Path) -> None:
    names = {path.name for path in printed.glob("*.pdf")}
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    chapters = re.findall(r"^([\w-]+)/index$", index, re.MULTILINE)
    laws = {path.stem for path in (ROOT / "docs/policy/laws").glob("*.md")} - {"index"}
    assert len(chapters) >= 6
    assert len(laws) >= 17
    chapters += ["policy-laws", *(f"policy-laws-{each}" for each in laws)]
    chapters += [f"reference-{path.stem}" for path in (ROOT / "docs/reference").glob("*sources*.md")]
    assert names == {"sse-handbook.pdf", *(f"sse-handbook-{chapter}.pdf" for chapter in chapters)}
    assert (printed / "sse-handbook.pdf").stat().st_size <= 3_000_000
    sizes = {name: (printed / name).stat().st_size for name in names - {"sse-handbook.pdf"}}
    assert max(sizes.values()) <= 400_000, sizes


def test_a_chapter_has_its_pages_of_the_book_and_the_sources_it_names(
    book: Printed, chapters: dict[str, Printed]
) -> None:
    order, outline = documents(book), book.outline()
    ends = dict(zip(order, [*(book.places[each] for each in order[1:]), len(book.pdf.pages) + 1], strict=True))
    for name, chapter in chapters.items():
        own = documents(chapter)
        assert chapter.pdf.pages[0].label == "i"
        for each in own:
            assert chapter.pdf.pages[chapter.places[each] - 1].label == str(book.places[each])
        assert [line[:2] for line in contents(chapter)] == [outline[order.index(each)][:2] for each in own], name
        pages = {page for each in own for page in range(book.places[each], ends[each])}
        cited = {piece.leads for piece in book.pieces if piece.page in pages}
        cited = {each for each in cited if re.match(SOURCE, each)}
        assert cited <= set(chapter.places)
        apart = [each for each in own[1:] if each.startswith("policy/laws/")]
        assert apart == [], "a page that has a file of its own is in no other"


PROJECT = {
    "conf.py": """
project = "Small & <plain>"
author = "Somebody"
release = "1.0"
extensions = ["myst_parser", "sphinxcontrib.mermaid", "sse_handbook"]
sse_data_dir = "data"
sse_pdf_name = "small"
sse_diagram_cache = "CACHE"
mermaid_output_format = "svg"
mermaid_cmd = "mermaidx -q"
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
        path.write_text(text.replace("CACHE", str(cache)), encoding="utf-8")
    return folder


def run_sphinx(
    source: Path, output: Path, builder: str = "pdf", jobs: int = 1, **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-n",
        "-W",
        "--keep-going",
        "-b",
        builder,
        f"-j{jobs}",
        source,
        output,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def test_two_clean_builds_in_two_places_give_the_same_bytes(tmp_path: Path, diagram_cache: Path, printed: Path) -> None:
    for number in ("1", "2"):
        source = write_project(tmp_path / number / "docs", diagram_cache)
        out = tmp_path / number / "out"
        run = run_sphinx(source, out, jobs=int(number), SOURCE_DATE_EPOCH=EPOCH, PYTHONHASHSEED=number)
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
    assert 'def code():     return  "two  spaces"' in text
    assert "link (example.org/a/long/address?with=query)" in text
    assert "another page (page\xa04)" in text
    leads = [piece.leads for piece in small.pieces if piece.leads]
    assert {each for each in leads if not each.startswith("http")} <= set(small.places)
    assert not any("genindex" in each for each in leads)
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
    assert "a script" in said
    assert [text for _level, text, _page in small.headings][-1] == "Two words"
    assert small.pdf.pages[0].MediaBox[2] == pytest.approx(595, abs=1)
    assert documents(small) == ["index", "two words"]


def test_what_a_machine_lacks_is_said_in_one_line(tmp_path: Path, diagram_cache: Path) -> None:
    source = write_project(tmp_path / "docs", diagram_cache)
    (tmp_path / "pango").mkdir()
    (tmp_path / "pango/sitecustomize.py").write_text(
        "import cffi\n"
        "real = cffi.FFI.dlopen\n"
        "def dlopen(self, name, flags=0):\n"
        "    if 'pango' in name:\n"
        "        raise OSError(f'cannot load library {name}')\n"
        "    return real(self, name, flags)\n"
        "cffi.FFI.dlopen = dlopen\n",
        encoding="utf-8",
    )
    (tmp_path / "weasyprint/weasyprint").mkdir(parents=True)
    (tmp_path / "weasyprint/weasyprint/__init__.py").write_text("raise ImportError", encoding="utf-8")
    for hidden, commands in (
        ("pango", ("apt-get install libpango", "dnf install pango", "brew install pango", "pacman -S")),
        ("weasyprint", ("pip install weasyprint",)),
    ):
        run = run_sphinx(source, tmp_path / "out", PYTHONPATH=str(tmp_path / hidden))
        assert run.returncode != 0
        assert len(run.stderr.strip().splitlines()) == 1, run.stderr
        assert run.stderr.startswith("No PDF was written")
        assert all(command in run.stderr for command in commands)
        assert run.stdout == ""
        assert not list(tmp_path.rglob("*.pdf"))
        # The site needs none of it.
        run = run_sphinx(source, tmp_path / "site", "html", PYTHONPATH=str(tmp_path / hidden))
        assert (run.returncode, (tmp_path / "site/index.html").exists()) == (0, True)


def test_other_scripts_read_right_in_any_font_and_in_none(tmp_path: Path, diagram_cache: Path, printed: Path) -> None:
    # One font of the machine may write all of it: what is told apart are letters, and not fonts.
    text = "Plain words, then \u0642\u0627\u0646\u0648\u0646, then \u0986\u0987\u09a8, then \ua015, and plain words."
    project = write_project(
        tmp_path / "docs", diagram_cache, index=f"# Small\n\n{text}\n\n```{{toctree}}\ntwo words\n```\n"
    )
    for fonts in (["DejaVu Sans", "DejaVu Sans"], ["Fira Sans", "IBM Plex Mono"]):
        built = build(project, tmp_path / fonts[0], "pdf", sse_pdf_fonts=fonts)
        said = squeeze("".join(piece.text for piece in Printed(built.output / "small.pdf").pieces))
        assert text.split("\ua015", maxsplit=1)[0] in said


@pytest.mark.parametrize(
    ("fonts", "says"), [("()", "must name a font for text"), ("('A', 'B', 'gone.otf')", "names the file gone.otf")]
)
def test_wrong_fonts_in_the_settings_end_with_one_line(
    tmp_path: Path, diagram_cache: Path, printed: Path, fonts: str, says: str
) -> None:
    source = write_project(tmp_path / "docs", diagram_cache)
    conf = source / "conf.py"
    conf.write_text(f"{conf.read_text(encoding='utf-8')}\nsse_pdf_fonts = {fonts}\n", encoding="utf-8")
    run = run_sphinx(source, tmp_path / "out")
    assert (run.returncode, len(run.stderr.strip().splitlines())) == (1, 1), run.stderr
    assert run.stderr.startswith("No PDF was written: sse_pdf_fonts") and says in run.stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_sign_that_no_font_has_is_told_where_the_register_has_it(
    tmp_path: Path, diagram_cache: Path, printed: Path, jobs: int
) -> None:
    source = write_project(tmp_path / "docs", diagram_cache)
    register = source / "data/videos.yaml"
    register.write_text(register.read_text(encoding="utf-8").replace("A film", "A \u0ed0 film"), encoding="utf-8")
    built = build(source, tmp_path / "build", "pdf", jobs, sse_pdf_fonts=["Fira Sans", "IBM Plex Mono"])
    places = {(each.file, each.line) for each in built.warnings if each.type == "sse.pdf"}
    assert places == {("data/videos.yaml", 3)}, built.raw_warnings


@pytest.mark.parametrize("broken", ["small.pdf", "small-two-words.pdf"])
def test_a_file_that_cannot_be_written_ends_the_build_also_in_a_process_of_its_own(
    tmp_path: Path, diagram_cache: Path, printed: Path, broken: str
) -> None:
    source = write_project(tmp_path / "docs", diagram_cache)
    (tmp_path / "out" / broken).mkdir(parents=True)
    for jobs in (1, 2):
        run = run_sphinx(source, tmp_path / "out", jobs=jobs)
        assert run.returncode != 0
        assert "Is a directory" in run.stderr and broken in run.stderr


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


def test_nothing_is_laid_out_when_nothing_has_changed(tmp_path: Path, diagram_cache: Path, printed: Path) -> None:
    source = write_project(tmp_path / "docs", diagram_cache)
    (source / "conf.py").write_text(f"{(source / 'conf.py').read_text()}\ntemplates_path = ['own']\n", encoding="utf-8")
    (source / "own").mkdir()
    look = source / "own/sse_pdf.css"
    shutil.copy(OURS / "sse_pdf.css", look)
    target = build(source, tmp_path / "build", "pdf").output / "small.pdf"
    for changed in (None, source / "two words.md", look, None):
        before = target.stat().st_mtime_ns
        if changed:
            changed.write_text(f"{changed.read_text(encoding='utf-8')}\n", encoding="utf-8")
        build(source, tmp_path / "build", "pdf")
        assert (target.stat().st_mtime_ns != before) == bool(changed), changed
