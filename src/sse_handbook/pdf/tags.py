"""Mend the tree of elements in a PDF of WeasyPrint's, which tells a screen reader what is what, and make it smaller.

A PDF is here what the library `pydyf` makes of it before it is written: lists, dictionaries and streams.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from typing import Any

from pydyf import Array, Dictionary, Stream, String
from weasyprint.formatting_structure.boxes import TextBox

# Scripts in which one letter may be several glyphs, one glyph several letters, and their order another one.
SHAPED = re.compile("[\u0590-\u109f\u1780-\u17ff\ufb1d-\ufefc]")
# A word or an address that may go on in the next line has one of these signs, and signs behind it.
JOINTS = "-/?&=_–—"
JOINED = re.compile(rf"\S*[{JOINTS}]\S+")
NO_WIDTH = "\u200b"  # where an address may be parted


def finish(
    document: Any,
    pdf: Any,
    titles: Mapping[str, str],
    words: str,
    labels: Mapping[int, tuple[str, int]],
    depth: int,
) -> None:
    """The last touch on a PDF of WeasyPrint's: its tree of elements, its links, and the labels of its pages.

    `titles` says what the pages of the book are called, `words` which of its words the end of a line may part
    (`joined_words`, one a line), and `labels` from which page on the pages are numbered anew: in which style, from
    which number. Headings rise by `depth` levels: the file may begin deep in the book.
    """
    texts = [list(shaped_texts(page._page_box)) for page in document.pages]
    tidy(pdf, {font.hash: font for font in document.fonts.values()}, texts, words)
    for each in pdf.objects:
        if isinstance(each, Stream) and b"endbfchar" in each.stream:
            # A glyph that stands for no sign of its own, as the second of two for one letter; `tell` says the text.
            each.stream = [line.replace(b"> <>", b"> <200b>") for line in each.stream]
        if depth and isinstance(each, Dictionary) and re.fullmatch("/H[1-6]", str(each.get("S", ""))):
            each["S"] = f"/H{max(int(each['S'][2:]) - depth, 1)}"
        if isinstance(each, Dictionary) and each.get("Subtype") == "/Link":
            each |= {"Rect": Array(round(side, 1) for side in each["Rect"]), "F": 4}  # 4: on paper too
            if "Dest" in each:
                each["Contents"] = String(titles.get(each["Dest"].string.partition("#")[0], ""))
    if labels:
        pairs = ((place, Dictionary({"S": f"/{style}", "St": start})) for place, (style, start) in labels.items())
        pdf.catalog["PageLabels"] = Dictionary({"Nums": Array(each for pair in pairs for each in pair)})


def shaped_texts(box: Any) -> Iterator[str]:
    """Each piece of text on a page that has signs of a script in `SHAPED`, in the order in which they are drawn."""
    texts = [each for each in box.descendants() if isinstance(each, TextBox)]
    for each, after in zip_longest(texts, texts[1:]):
        if SHAPED.search(each.text):
            ends = after is None or after.position_y >= each.position_y + each.height
            yield f"{each.text} " if ends else each.text


def tell(operators: list[Any], fonts: Mapping[str, Any], texts: Iterable[str]) -> None:
    """Say of a page what its marks with shaped letters read: from their glyphs alone nobody can tell."""
    mark, font, marks, told = None, None, [], list(texts)
    for each in operators if told else ():
        if isinstance(each, Dictionary):
            mark = each if "MCID" in each else None
        elif isinstance(each, bytes) and each.endswith(b" Tf"):
            font = fonts.get(each[1:].split()[0].decode())
        elif isinstance(each, bytes) and each.endswith(b"TJ") and font and mark is not None and mark not in marks:
            glyphs = re.findall(rb"[0-9a-f]{4}", b"".join(re.findall(rb"<([0-9a-f]*)>", each)))
            if any(SHAPED.search(font.to_unicode.get(int(glyph, 16), "")) for glyph in glyphs):
                marks.append(mark)
    # They differ where no font has such a letter, which WeasyPrint reports.
    for mark, text in zip(marks, told, strict=True) if len(marks) == len(told) else ():
        mark["ActualText"] = String(text)


def tidy(pdf: Any, fonts: Mapping[str, Any], texts: Sequence[Iterable[str]], words: str) -> None:
    """Make the tree of elements what PDF/UA asks for, and the file a third smaller.

    WeasyPrint marks what stands in the margins, such as page numbers, as content that belongs to no element. All
    content is in the tree, or an artifact that nobody hears (ISO 14289-1, 7.1). It also gives each line of text an
    element and a mark of its own, which say nothing, and leaves spaces out.
    """
    owners: dict[tuple[bytes, int], bytes] = {}
    root = follow(pdf, pdf.catalog["StructTreeRoot"])
    for reference in root["K"]:
        gather(pdf, reference, owners)
    places = follow(pdf, root["ParentTree"])["Nums"]
    for number in range(len(pdf.page_references), len(places) // 2):
        places[2 * number + 1] = owners[b"", number]
    for number, page in enumerate(pdf.page_references):
        marks = places[2 * number + 1]
        elements = {mark: follow(pdf, owners[page, mark]) for mark in range(len(marks)) if (page, mark) in owners}
        content = follow(pdf, follow(pdf, page)["Contents"])
        tell(content.stream, fonts, texts[number])
        content.stream = with_spaces(fewer_marks(content.stream, elements), fonts, words)
        told = {kid for element in elements.values() for kid in element["K"] if isinstance(kid, int)}
        marks[:] = [owners[page, mark] if mark in told else b"null" for mark in range(len(marks))]


def fewer_marks(operators: Iterable[Any], elements: Mapping[int, Any]) -> list[Any]:
    """The operators of a page, in which neighbours in one element share its mark, and what has none is an artifact."""
    kept: list[Any] = []
    last, joined = None, False
    for each in operators:
        if isinstance(each, Dictionary) and "MCID" in each:
            tag, mark = kept.pop(), each["MCID"]
            kids = elements[mark]["K"] if mark in elements else []
            joined = (
                "ActualText" not in each
                and last in kids
                and kept[-1] == b"EMC"
                and kids[kids.index(last) + 1 :][:1] == [mark]
            )
            if joined:
                kept.pop()
                kids.remove(mark)
                continue
            last = mark if kids and "ActualText" not in each else None
            kept += [tag, each] if kids else [b"/Artifact", Dictionary({"Type": "/Pagination"})]
        elif joined and each == b"BDC":
            joined = False
        else:
            last = None if each == b"BMC" else last
            kept.append(each if isinstance(each, Dictionary) else shorter(each))
    return kept


def with_spaces(operators: list[Any], fonts: Mapping[str, Any], words: str) -> list[Any]:
    """The operators of a page, with the spaces that are not drawn: at the end of a line, and alone between two links.

    Without them two words are one to who hears the page. A word of `words` goes on in the next line.
    """
    font: Any = None
    line, ends = b"", [(0, font, "")]
    texts: dict[int, str] = {}
    for place, each in enumerate(operators):
        parts = each.split() if isinstance(each, bytes) else [b""]
        if parts[-1] == b"Tf":
            font = fonts.get(parts[0][1:].decode())
        elif parts[-1] == b"Tm" and parts[-2] != line:
            line = parts[-2]
            ends.append((0, font, ""))
        elif each == b"ET" and operators[place - 1] == b"BT":
            ends[-1] = (*ends[-1][:2], " ")
            ends.append((0, font, ""))
        elif parts[-1] == b"TJ":
            ends[-1] = (place, font, "")
            texts[place] = drawn(each, font)
    following = dict(pairwise(texts))
    for place, font, gap in ends:
        space = next((glyph for glyph, text in font.to_unicode.items() if text == " "), None) if font else None
        text = texts.get(place, "")
        if space is None or not text or text[-1].isspace():
            continue
        if gap or not goes_on(text, texts.get(following.get(place, 0), ""), words):
            head, tail = operators[place].rsplit(b">", 1)
            operators[place] = head + b"%04x>" % space + tail
    return operators


def drawn(operator: bytes, font: Any) -> str:
    """The text that an operator draws."""
    glyphs = re.findall(rb"[0-9a-f]{4}", b"".join(re.findall(rb"<([0-9a-f]*)>", operator)))
    return "".join(font.to_unicode.get(int(glyph, 16), " ") for glyph in glyphs) if font else ""


def joined_words(text: str) -> set[str]:
    """The words and addresses in a text that the end of a line may part."""
    return set(JOINED.findall(text.replace(NO_WIDTH, "")))


def goes_on(text: str, after: str, words: str) -> bool:
    """Whether the last word of a text is no whole word, and the first of what is drawn next its other half."""
    *before, half = text.rsplit(maxsplit=1)
    if not any(sign in half for sign in JOINTS) or after[:1].isspace():
        return False
    start = "\n" if before else ""  # else what is drawn may begin within a word
    if not after:  # it stands on the next page
        return re.search(rf"{start}{re.escape(half)}\S", f"\n{words}") is not None
    return f"{start}{half}{after.split(maxsplit=1)[0]}" in f"\n{words}"


def shorter(operator: bytes | str) -> bytes:
    """An operator of a page with the same effect: a tenth of a pixel is exact enough, and 0 is no distance."""
    text = operator if isinstance(operator, bytes) else operator.encode()
    if text.endswith(b"cm"):
        return text  # here a small number may stand for a large one
    text = re.sub(rb"(\d\d\.\d)\d+|(\d\.\d\d)\d+", rb"\1\2", text)
    return text.replace(b">0<", b"").replace(b">0]", b">]")


def follow(pdf: Any, reference: bytes) -> Any:
    """The object that a reference leads to."""
    return pdf.objects[int(reference.split()[0])]


def gather(pdf: Any, reference: bytes, owners: dict[tuple[bytes, int], bytes]) -> None:
    """Take into an element what stands in wrappers of no meaning below it; note which element owns which content."""
    element, kids = follow(pdf, reference), Array()
    for kid in element["K"]:
        child = follow(pdf, kid) if isinstance(kid, bytes) else {"Type": "/MCR"}
        if child["Type"] != "/StructElem":
            kids.append(kid if isinstance(kid, int) else child)
            continue
        gather(pdf, kid, owners)
        leads = any(not isinstance(each, (int, bytes)) for each in child["K"])  # a link, to something in this file
        plain = child["S"] in {"/Span", "/NonStruct", "/Div"} or (child["S"] == "/Link" and not leads)
        said = any(kind(pdf, each) in {"", "/Link"} for each in child["K"])
        if plain and said and element["S"] in {"/Document", "/Part", "/Art", "/Sect", "/Div"}:
            child["S"] = "/P"  # such as code, which is text and no less
            kids.append(kid)
        elif plain and child["Pg"] == element.get("Pg"):
            kids += child["K"]
        elif child["K"] or child["S"] in {"/TD", "/TH"}:
            kids.append(kid)
    if element["S"] == "/TH":
        rows = follow(pdf, follow(pdf, element["P"])["P"])
        element["A"]["Scope"] = "/Column" if rows["S"] == "/THead" else "/Row"
    elif element["S"] == "/LI" and (rest := [kid for kid in kids if kind(pdf, kid) not in {"/Lbl", "/LBody"}]):
        # An item has a marker and a body that holds all else (ISO 32000-1, 14.8.4.3.3).
        body = Dictionary({"Type": "/StructElem", "S": "/LBody", "Pg": element["Pg"], "P": reference})
        pdf.add_object(body)
        own(pdf, body, Array(rest), owners)
        kids = Array([*(kid for kid in kids if kid not in rest), body.reference])
    own(pdf, element, kids, owners)


def kind(pdf: Any, kid: Any) -> str:
    """What sort of element a kid is; empty where it is content itself."""
    return str(follow(pdf, kid)["S"]) if isinstance(kid, bytes) else ""


def own(pdf: Any, element: Any, kids: Any, owners: dict[tuple[bytes, int], bytes]) -> None:
    """Give an element its kids."""
    element["K"] = kids
    for kid in kids:
        if isinstance(kid, bytes):
            follow(pdf, kid)["P"] = element.reference
        elif isinstance(kid, int):
            owners[element["Pg"], kid] = element.reference
        else:
            owners[b"", follow(pdf, kid["Obj"])["StructParent"]] = element.reference
