"""A drawing of Mermaid's for paper: in our font, with its links as boxes, and with places to cut it. Pure: SVG in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
Box = tuple[float, float, float, float, str]
PAGE_WIDTH, PAGE_HEIGHT = 612, 840  # what our paper has room for, in the drawing's pixels of 0.75 pt


class Drawing:
    """What a drawing says (`alt`), how large it is in pixels, its links, and the parts that it is shown in."""

    def __init__(self, svg: str, font: str) -> None:
        root = ElementTree.fromstring(svg)  # noqa: S314 (Mermaid drew it, on this machine)
        said = filter(None, (root.findtext(f"{SVG}{tag}") for tag in ("title", "desc")))
        self.alt = " ".join(part if part[-1] in ".?!" else f"{part}." for part in said)
        left, top, self.width, self.height = map(float, root.get("viewBox", "0 0 1 1").split())
        boxes = list(_boxes(root, -left, -top, ""))
        self.boxes = [box for box in boxes if box[4]]  # x, y, width, height and target of the nodes that link
        for element in root.iter():
            if element.tag == f"{SVG}style":
                element.text = re.sub(r"font-family:[^;}]*", f"font-family:{font}", element.text or "")
            elif element.tag == f"{SVG}a":
                element.tag = f"{SVG}g"
            elif "row" in element.get("class", "") and {word.get("font-weight") for word in element} <= {"normal"}:
                element.text, element[:] = "".join(element.itertext()), []  # one piece of text, not one for each word
        ElementTree.register_namespace("", SVG[1:-1])
        self.strips = []  # side by side: where each begins and ends, and its SVG
        for start, end in pairwise(_cuts([(box[1], box[1] + box[3]) for box in boxes], self.width, self.height)):
            size = {"width": f"{self.width}", "height": f"{end - start}"}
            root.attrib |= {**size, "viewBox": f"{left} {top + start} {self.width} {end - start}"}
            self.strips.append((start, end, ElementTree.tostring(root, encoding="unicode")))


def _boxes(parent: ElementTree.Element, x: float, y: float, target: str) -> Iterator[Box]:
    """Each box, with the link that it stands in; Mermaid moves boxes, and never turns them."""
    for element in parent:
        dx, dy = ([float(n) for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", element.get("transform", ""))] + [0, 0])[:2]
        leads = element.get(XLINK) or target
        if element.tag == f"{SVG}rect" and "label-container" in element.get("class", ""):
            left, top, width, height = (float(element.get(name, 0)) for name in ("x", "y", "width", "height"))
            yield x + dx + left, y + dy + top, width, height, leads
        yield from _boxes(element, x + dx, y + dy, leads)


def _cuts(boxes: list[tuple[float, float]], width: float, height: float) -> list[float]:
    """Where to cut: between boxes, so that all fits on a page and letters come out a third larger at least."""
    strips = ceil(height / PAGE_HEIGHT / (4 / 3))
    gaps, lowest = [], 0.0
    for start, end in sorted(boxes):
        gaps += [(lowest + start) / 2] if start > lowest > 0 else []
        lowest = max(lowest, end)
    if strips < 2 or len(gaps) < strips:
        return [0, height]
    cuts = sorted({0, *(min(gaps, key=lambda gap: abs(gap - height * n / strips)) for n in range(1, strips)), height})
    tallest = max(end - start for start, end in pairwise(cuts))
    larger = min(height / tallest, PAGE_WIDTH / (strips * width) * height / PAGE_HEIGHT)
    return cuts if larger >= 4 / 3 else [0, height]
