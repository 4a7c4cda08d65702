"""Turn the HTML of single pages into parts of one printed book: ids, links, headings, addresses, drawings, QR codes.

Everything here works on trees of `xml.etree`; nothing knows Sphinx's, and nothing is loaded from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from urllib.parse import unquote
from xml.etree.ElementTree import Element, SubElement

import segno
import tinyhtml5

from ..catalogues import _
from .drawing import SVG, as_images
from .tags import NO_WIDTH

# What has no place on paper, or would speak for the whole book.
DROPPED = re.compile("base|button|embed|form|iframe|input|link|meta|object|script|select|style|textarea|title")
SHOWN = "shown-below"  # of a link: its address is printed, but not behind it
HEADING = re.compile("h[1-6]")
LONGEST_WORD = 60  # of code, in letters, so that it fits in a line
OUTSIDE = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


def parse(html: str) -> Element:
    """The element that a text in HTML consists of; broken markup ends with it."""
    body = tinyhtml5.parse(f"<!DOCTYPE html>{html}", namespace_html_elements=False).find("body")
    whole = Element("div")
    whole.extend(body)
    return whole[0] if len(whole) == 1 else whole


def settle(page: Element, docname: str, depth: int, font: str) -> None:
    """Make a page of HTML part of a book: ids of its own, headings as deep as the page stands, drawings as images.

    Its place is `#DOCNAME`, what has an id in it is `#DOCNAME#ID`, and so its links lead: to itself where they
    were `#ID`, and to other pages where they were `#/DOCNAME#ID`.
    """
    page.set("id", docname)
    page.set("class", f"page level-{min(depth, 3)}")
    titled = False
    for parent, each in list(_elements(page)):
        if DROPPED.fullmatch(str(each.tag)):
            _replace(parent, each, None)
        elif each.tag == f"{SVG}svg":
            _replace(parent, each, as_images(each, font))
        elif HEADING.fullmatch(str(each.tag)):
            each.tag = f"h{min(int(each.tag[1]) + max(depth - 1, 0), 6)}"
            each.set("class", f"{each.get('class', '')} {'' if titled else 'page-title'}".strip())
            titled = True
        elif each.tag == "pre":
            # Colours are nothing on paper, and spaces between coloured words would not be drawn.
            each.text, each[:] = "".join(each.itertext()), []
        elif each.get("class") == "pre" and len(each.text or "") > LONGEST_WORD:
            del each.attrib["class"]  # a word of code, which the stylesheet would not break
        if "id" in each.attrib:
            each.set("id", f"{docname}#{each.get('id')}")
        each.attrib.pop("title", None)
        if each.tag == "a" and each.get("href", "").startswith("#"):
            target = unquote(each.get("href", ""))[1:]
            there, _sharp, anchor = target[1:].partition("#") if target.startswith("/") else (docname, "", target)
            each.set("href", f"#{there}#{anchor}" if anchor else f"#{there}")
    for each in list(page.iter()):
        if "video-card" in each.get("class", "").split():
            _add_code(each)


def _elements(page: Element) -> Iterator[tuple[Element, Element]]:
    """Each element below one, with its parent, but nothing that stands inside of a drawing."""
    for each in page:
        yield page, each
        if each.tag != f"{SVG}svg":
            yield from _elements(each)


def _replace(parent: Element, each: Element, new: Element | None) -> None:
    """Put another element where one stands, or take it out; the text behind it stays."""
    place = list(parent).index(each)
    if new is None:
        new = Element("span")
    new.tail = each.tail
    parent[place] = new


def _add_code(card: Element) -> None:
    """Beside a card's text, its address as a QR code; below it, the address itself."""
    link = next((each for each in card.iter("a") if OUTSIDE.match(each.get("href", ""))), None)
    if link is None:
        return
    address = link.get("href", "")
    link.set("class", SHOWN)
    text = Element("div", {"class": "card-text"})
    text.extend(card)
    shown = SubElement(SubElement(text, "p", {"class": "address"}), "a", {"href": address, "class": SHOWN})
    shown.text = breakable(address)
    code = Element("div", {"class": "card-code"})
    data = segno.make(address, error="m", micro=False).svg_data_uri(border=0)
    SubElement(code, "img", {"src": data, "alt": _("QR code: {address}").format(address=address)})
    card[:] = [text, code]


def bare(address: str) -> str:
    """An address as people write it: `example.org/page`."""
    return OUTSIDE.sub("", address).removeprefix("//").rstrip("/")


def breakable(address: str) -> str:
    """An address that may go on in the next line where people expect it to."""
    return re.sub(r"(?<=[/?&=_-])(?=\w)", NO_WIDTH, address)


def kinds(pages: Collection[Element]) -> dict[str, str]:
    """Each id in the book and what it is the id of: a word of a glossary, a source, a note, or any other place."""
    found = {}
    for page in pages:
        for each in page.iter():
            if name := each.get("id"):
                note = "footnote" in each.get("class", "").split()
                found[name] = "source" if _is_source(each) else "note" if note else "place"
        for glossary in page.iter("dl"):
            if "glossary" in glossary.get("class", "").split():
                found |= {each.get("id", ""): "word" for each in glossary.iter("dt")}
    return found


def link(pages: Mapping[str, Element], known: Mapping[str, str]) -> None:
    """Say of each link what it leads to, as a class: `to-place`, `to-word`, `to-source`, `to-note`, or `outside`.

    Behind a link to a place stands room for the number of its page, behind one to another site its address. A link to
    a page that the book does not have becomes plain text. Ids that nothing leads to go.
    """
    targets = set(pages)
    names = {name: other for page in pages.values() for name, other in _more_names(page)}
    for page in pages.values():
        for parent, each in list(_elements(page)):
            if each.tag != "a":
                continue
            href = each.get("href", "")
            href = each.attrib["href"] = names.get(href, href)
            _flatten(each)
            if href.startswith("#") and href[1:].partition("#")[0] in pages:
                back = "backlink" in each.get("role", "") or "footnote-reference" in each.get("class", "")
                kind = "note" if back else known.get(href[1:], "place")
                each.set("class", f"to-{kind}")
                targets.add(href[1:])
                if kind == "place":
                    _follow(parent, each, Element("span", {"class": "page-of", "data-of": href[1:]}))
            elif OUTSIDE.match(href):
                _print_address(parent, each, bare(href))
                each.set("class", "outside")
            else:
                each.tag = "span"
                each.attrib.pop("href", None)
    for page in pages.values():
        for each in page.iter():
            if each.get("id", "") not in targets:
                each.attrib.pop("id", None)
            if "bibtex-citation" in each.get("class", ""):
                _take_in(each)
            _guard(each)


def _more_names(page: Element) -> Iterator[tuple[str, str]]:
    """Each further name of a section or a block, and its first; the empty elements that carried them go.

    They would stand between a heading and what it heads, and part them at the foot of a page.
    """
    for parent in [page, *(each for _parent, each in _elements(page) if each.tag in {"section", "div"})]:
        holder = None
        for each in reversed(list(parent)):
            if holder is None or each.tag != "span" or len(each) or each.text or (each.tail or "").strip():
                holder = parent if HEADING.fullmatch(str(each.tag)) and "id" in parent.attrib else each
            elif "id" in each.attrib:
                parent.remove(each)
                yield f"#{each.get('id')}", f"#{holder.attrib.setdefault('id', str(each.get('id')))}"


def _take_in(sources: Element) -> None:
    """Give the signs between the sources of a citation to its links: what is one piece of text is one in the file."""
    if any(each.get("class") != "to-source" for each in sources) or not len(sources):
        return
    sources[0].text, sources.text = (sources.text or "") + (sources[0].text or ""), None
    for each in sources:
        if len(each):
            each[-1].tail = (each[-1].tail or "") + (each.tail or "")
        else:
            each.text = (each.text or "") + (each.tail or "")
        each.tail = None


def _guard(parent: Element) -> None:
    """Put a sign of no width behind a space that ends a text before an element.

    WeasyPrint 70 ends a line behind its first word where all of a text fits, but not the space behind it.
    Look again by 2027-06-01.
    """
    before, slot = parent, "text"
    for each in parent:
        text = getattr(before, slot) or ""
        if text[-1:].isspace() and len(text.split()) > 1:
            setattr(before, slot, f"{text.rstrip()} {NO_WIDTH}")
        before, slot = each, "tail"


def _flatten(link: Element) -> None:
    """Take the wrappers off the text of a link: Sphinx puts up to three around it, and each costs time."""
    while len(link) == 1 and link[0].tag == "span" and not (link.text or link[0].tail or link[0].get("id")):
        inner = link[0]
        link.text, link[:] = inner.text, list(inner)


def _follow(parent: Element, each: Element, new: Element) -> None:
    """Put an element directly behind another."""
    new.tail, each.tail = each.tail, None
    parent.insert(list(parent).index(each) + 1, new)


def _print_address(parent: Element, link: Element, address: str) -> None:
    if link.get("class") == SHOWN:
        return
    if bare("".join(link.itertext())) == address:
        link[:] = []
        link.text = breakable(address)
    else:
        new = Element("span", {"class": "address"})
        new.text = f" ({breakable(address)})"
        _follow(parent, link, new)


def expected(pages: Iterable[Element], letters: int = 1700) -> dict[str, int]:
    """The number of the page on which each place of the book is likely to be, rather too high than too low.

    It is told by the `letters` before it, and half a page left empty at the end of each page of the web.
    """
    found: dict[str, int] = {}
    before = 5.0 * letters  # the cover, the contents, and the first page
    for page in pages:
        for each in page.iter():
            if "id" in each.attrib:
                found[each.get("id", "")] = int(before / letters)
            before += len(each.text or "") + len(each.tail or "")
        before += letters / 2
    return found


def number(pages: Collection[Element], numbers: Mapping[str, int], word: str) -> None:
    """Write the numbers of pages behind the links: `word` is “page”."""
    for page in pages:
        for each in page.iter("span"):
            if "data-of" in each.attrib:
                each.text = f" ({word}\xa0{numbers.get(each.get('data-of', ''), 100)})"


def sources(pages: Collection[Element], wanted: Collection[str]) -> list[Element]:
    """Copies of those sources in the lists of the book whose ids are wanted, in its order."""
    return [
        deepcopy(each) for page in pages for each in page.iter("div") if _is_source(each) and each.get("id") in wanted
    ]


def _is_source(each: Element) -> bool:
    return "citation" in each.get("class", "").split()
