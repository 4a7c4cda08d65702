"""Read the SVG that Mermaid drew into a `Chart`: its nodes, its edges, their texts. `diagrams` writes the words.

Mermaid marks nodes as `id="…-flowchart-NAME-n"` and edges as `data-id="L_FROM_TO_n"` (Mermaid 11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Edge:
    """A line from one node to another, by their names, with its text or an empty one, and whether it is an arrow."""

    start: str
    end: str
    label: str
    arrow: bool = True


@dataclass(frozen=True)
class Chart:
    """A flowchart's nodes (name to text, in the order drawn), edges, link targets, and description.

    A diagram of another kind has a description and no nodes.
    """

    description: str
    nodes: Mapping[str, str] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    targets: Mapping[str, str] = field(default_factory=dict)

    @property
    def chain(self) -> list[str]:
        """The nodes in order where they are one plain chain, without a fork and without a word on its lines."""
        following = {edge.start: edge.end for edge in self.edges if not edge.label}
        first = [name for name in self.nodes if name not in following.values()]
        if len(following) != len(self.edges) or len(set(following.values())) != len(following) or len(first) != 1:
            return []
        names = first
        while names[-1] in following:
            names.append(following[names[-1]])
        return names if len(names) == len(self.nodes) else []


def read_chart(svg: str, targets: Mapping[str, str]) -> Chart:
    """What an SVG drawn by Mermaid says; `targets` maps names of nodes to the links they were given."""
    root = ElementTree.fromstring(svg)  # noqa: S314 (our command drew it; review by 2027-06-01)
    described = root.find(f"{SVG}desc")
    description = (described.text or "") if described is not None else ""
    found: dict[str, str] = {}
    for group in root.iter(f"{SVG}g"):
        match = re.fullmatch(r".*-flowchart-(.+)-\d+", group.get("id", ""))
        if match:
            found[match[1]] = _text(group)
        elif "cluster" in group.get("class", "").split():
            found[group.get("id", "").removeprefix(f"{root.get('id')}-")] = _text(group)
    labels = {group.get("data-id", ""): _text(group) for group in root.iter(f"{SVG}g") if group.get("data-id")}
    edges = []
    for path in root.iter(f"{SVG}path"):
        name = path.get("data-id", "")
        ends = _ends(name, found)
        if ends:
            edges.append(Edge(*ends, labels.get(name, ""), path.get("marker-end") is not None))
    return Chart(description, found, tuple(edges), {name: target for name, target in targets.items() if name in found})


def _ends(name: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """The two nodes in `L_FROM_TO_n`: names may hold underscores themselves."""
    match = re.fullmatch(r"L_(.+)_\d+", name)
    parts = match[1].split("_") if match else []
    for cut in range(1, len(parts)):
        start, end = "_".join(parts[:cut]), "_".join(parts[cut:])
        if start in known and end in known:
            return start, end
    return None


def _text(group: ElementTree.Element) -> str:
    """The text of a label, its lines joined by spaces."""
    rows = ["".join(row.itertext()) for row in group.iter(f"{SVG}tspan") if "row" in row.get("class", "")]
    return " ".join(filter(None, (row.strip() for row in rows)))
