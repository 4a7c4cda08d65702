"""Make images for paper of the drawings in a page of HTML: still vectors, in the book's font, and never too small."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from math import ceil
from xml.etree.ElementTree import Element, tostring

SVG = "{http://www.w3.org/2000/svg}"
XMLNS = "{http://www.w3.org/2000/xmlns/}"
SCALE = 0.75  # Mermaid's letters of 16 pixels come out at 9 points
# The room that a page of our stylesheet has for a drawing, and the space between two parts of one, in its own pixels.
PAGE_WIDTH, PAGE_HEIGHT, GAP = 612 / SCALE, 840 / SCALE, 8 / SCALE


def as_images(svg: Element, font: str) -> Element:
    """A drawing as an image, or cut between its boxes and set in columns where it is too tall to be read on one page.

    Its `alt` is all that the drawing says of itself. Its links go: the same drawing in words has them.
    """
    said = ". ".join(part.text or "" for tag in ("title", "desc") for part in svg.findall(f"{SVG}{tag}"))
    for each in list(svg.iter()):
        for name in [name for name in each.attrib if name.startswith(XMLNS)]:
            del each.attrib[name]  # the parser of HTML takes them for attributes; they are written again
        if each.tag == f"{SVG}style":
            each.text = re.sub(r"font-family:[^;}]*", f"font-family:{font}", each.text or "")
        elif each.tag == f"{SVG}a":
            each.tag = f"{SVG}g"
        elif each.tag == f"{SVG}text":
            _part_rows(each)
    svg.tail = None
    left, top, width, height = _numbers(svg.get("viewBox", "")) or (0, 0, 0, 0)
    sides = [top, *_cuts(svg, top, width, height), top + height]
    whole = Element("div", {"class": "drawing"})
    for number, (start, end) in enumerate(pairwise(sides), 1):
        part = deepcopy(svg)
        for upper, lower, box in list(_boxes(part, 0)):
            if lower <= start or upper >= end:
                box.clear()
        if width:
            part.attrib |= {"width": f"{width * SCALE}", "height": f"{(end - start) * SCALE}"}
            part.set("viewBox", f"{left} {start} {width} {end - start}")
        data = b64encode(tostring(part)).decode()
        alt = said if len(sides) == 2 else f"{said} ({number}/{len(sides) - 1})"
        whole.append(Element("img", {"alt": alt, "src": f"data:image/svg+xml;base64,{data}"}))
    return whole


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def _cuts(svg: Element, top: float, width: float, height: float) -> list[float]:
    """Where to cut a drawing, between its boxes, so that its letters come out a third larger at least."""
    columns = ceil(height / PAGE_HEIGHT)
    free, lowest = [], top
    for upper, lower in sorted((upper, lower) for upper, lower, _box in _boxes(svg, 0)):
        free += [(lowest + upper) / 2] if upper > lowest else []
        lowest = max(lowest, lower)
    if columns < 2 or len(free) < columns:
        return []
    cuts = [min(free, key=lambda place: abs(place - top - height * each / columns)) for each in range(1, columns)]
    tallest = max(end - start for start, end in pairwise([top, *cuts, top + height]))
    larger = min(1, PAGE_WIDTH / (columns * (width + GAP)), PAGE_HEIGHT / tallest)
    return cuts if larger * height > PAGE_HEIGHT * 4 / 3 else []


def _boxes(parent: Element, offset: float) -> Iterator[tuple[float, float, Element]]:
    """Each box in a drawing of Mermaid's, with its upper and lower end; Mermaid moves boxes, and never turns them."""
    for each in parent:
        place = offset + (_numbers(each.get("transform", "")) or [0, 0])[-1]
        if "label-container" in each.get("class", "").split() and each.tag == f"{SVG}rect":
            upper = place + float(each.get("y", "0"))
            yield upper, upper + float(each.get("height", "0")), parent
        yield from _boxes(each, place)


def _part_rows(text: Element) -> None:
    """Make each row of a label a text of its own: Mermaid cuts it into words, and WeasyPrint draws each apart."""
    if not len(text) or any("x" not in row.attrib or "y" not in row.attrib or _emphasis(row) for row in text):
        return
    text.tag = f"{SVG}g"
    for row in text:
        row.tag = f"{SVG}text"
        row.text = "".join(row.itertext())
        row[:] = []
        row.attrib |= {"style": text.get("style", "")}


def _emphasis(row: Element) -> bool:
    """Whether a word in a row is in another style than the rest."""
    return any(each.get(name, "normal") != "normal" for each in row for name in ("font-style", "font-weight"))
