"""Draws Mermaid diagrams as inline SVG, without script; checks their links; puts each in words, as a list, below it.

Mermaid runs in the engine of the package `mermaidx` when a page is read, once for each content. `{mermaid}` takes the
options `:name:`, `:caption:` and `:text:`: the lines of the list, where a program wrote the diagram.
"""

import os
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape, unescape
from pathlib import Path
from typing import Any, ClassVar
from xml.etree.ElementTree import Element, fromstring

import mermaidx
import yaml
from book_checks import BookCheck
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx.util.i18n import search_image_for_language

from sse_handbook.warnings_ import did_you_mean, warn

SETTINGS = yaml.safe_load(Path(__file__).with_name("mermaid.yaml").read_text(encoding="utf-8"))
SVG = "{http://www.w3.org/2000/svg}"


class Diagram(SphinxDirective):
    has_content, optional_arguments = True, 1
    option_spec: ClassVar = {"name": directives.unchanged, "caption": directives.unchanged, "text": str.splitlines}

    def run(self) -> list[nodes.Node]:
        page, line = self.get_source_info()
        self.path, self.above, self.code = Path(page), line + self.content_offset, "\n".join(self.content)
        if self.arguments:  # a translated diagram stands beside it, as NAME.LANGUAGE.mmd
            relative, path = self.env.relfn2path(search_image_for_language(self.arguments[0], self.env))
            self.env.note_dependency(relative)
            self.path, self.above = Path(path), 0
            try:
                self.code = self.path.read_text(encoding="utf-8-sig", errors="replace")
            except OSError:
                near = did_you_mean(self.path.name, (file.name for file in self.path.parent.glob("*.mmd")))
                advice = near or " Write its path from the folder of pages."
                self.path = Path(page)
                return self.make_stand_in(f"There is no diagram `{self.arguments[0]}`.{advice}", line)
        cache = Path(self.config.sse_diagram_cache or self.env.doctreedir / "diagrams")
        drawing = draw_once(self.code, cache, self.path)
        if not drawing.startswith("<svg"):
            return self.make_stand_in(*explain_refusal(drawing, self.code))
        root = fromstring(drawing)  # noqa: S314 (Mermaid drew it, on this machine)
        self.check(float(root.get("viewBox", "0 0 0 0").split()[2]))
        node: nodes.Element = nodes.raw("", drawing, format="html", classes=["diagram"])
        if caption := self.options.get("caption"):
            node = nodes.figure("", node, nodes.caption(caption, "", *self.parse_inline(caption)[0]))
            self.set_source_info(node[1])
        self.add_name(node)
        # The list is folded away in HTML; the PDF has a heading there.
        fold = f'<details class="diagram-words"><summary>{_("The diagram in words")}</summary>\n'
        first, last = nodes.raw("", fold, format="html", heads=True), nodes.raw("", "</details>\n", format="html")
        return [node, first, *self.make_text(root), last]

    def make_stand_in(self, message: str, line: int) -> list[nodes.Node]:
        """Warn, and return what stands for a diagram that cannot be drawn: links to its name and from it still lead."""
        warn(BookCheck.DIAGRAM_SYNTAX, message, self.path, self.above + line)
        node = nodes.paragraph("", _("(A diagram belongs here.)"))
        self.add_name(node)
        return [node, *(nodes.paragraph("", "", link) for link in self.make_links({}).values())]

    def check(self, width: float) -> None:
        """Warn of what is wrong with a diagram that could be drawn."""
        if width > SETTINGS["widest"]:
            text = f"At 360 pixels the labels are {9 * SETTINGS['widest'] / width:.1f} pixels high; 9 is the least. "
            warn(BookCheck.DIAGRAM_LEGIBILITY, f"{text}Have fewer boxes in a row.", self.path, self.above + 1)
        for kind, pattern, message in SETTINGS["faults"]:
            for match in re.finditer(f"{pattern}|{SETTINGS['not_drawn']}", self.code, re.MULTILINE | re.DOTALL):
                if match.lastindex:
                    line = self.above + self.code.count("\n", 0, match.start(1)) + 1
                    warn(BookCheck[kind], match.expand(message), self.path, line)

    def make_links(self, boxes: dict[str, str]) -> dict[str, pending_xref]:
        """Return each box's link to a label, which is told on its line where it is missing; warn where the box is."""
        links = {}
        for line, text in enumerate(self.code.splitlines(), self.above + 1):
            match = re.match(SETTINGS["click"], text)
            box, sharp, target = match.groups() if match else ("", "", "")
            if box and boxes and box not in boxes:
                message = f"`click {box}`: the diagram has no node `{box}`. Its nodes: {', '.join(boxes)}."
                warn(BookCheck.DIAGRAM_LINK, message, self.path, line)
            elif sharp and target:
                link = pending_xref("", nodes.inline("", boxes.get(box, target)), refdomain="std", reftype="ref")
                link.attributes.update(reftarget=target.lower(), refdoc=self.env.current_document.docname)
                link.attributes.update(refwarn=True, refexplicit=True, check=BookCheck.DIAGRAM_LINK)
                link.source, link.line = str(self.path), line
                links[box] = link
        return links

    def make_text(self, root: Element) -> Iterator[nodes.Node]:
        """Yield the diagram as a list: each box, and where its lines lead. Each box links once."""
        boxes, edges = read_flowchart(root)
        links = self.make_links(boxes)
        ends = {end for leads in edges.values() for end, _arrow in leads}
        # Where each box only leads to the next one, they are steps.
        steps = [*edges.values()] == [*([(name, "→ ")] for name in [*boxes][1:]), []]

        def label(name: str, before: str = "") -> nodes.paragraph:
            node = links.pop(name, None) or nodes.inline("", boxes[name])
            return nodes.paragraph("", before, nodes.strong("", "", node) if edges[name] and not steps else node)

        items: list[list[nodes.Node]] = [[nodes.paragraph("", line)] for line in self.options.get("text", [])]
        if not items:
            yield nodes.paragraph("", root.findtext(f"{SVG}desc", ""))
            for name in boxes:
                if edges[name] and not steps:
                    items.append([label(name), make_list([label(*lead)] for lead in edges[name])])
                elif steps or name not in ends:
                    items.append([label(name)])
        if items:
            yield make_list(items, nodes.enumerated_list if steps else nodes.bullet_list)


def make_list(items: Iterable[Iterable[nodes.Node]], kind: type[nodes.Element] = nodes.bullet_list) -> nodes.Element:
    return kind("", *(nodes.list_item("", *item) for item in items))


def blank_out(pattern: str, code: str) -> list[str]:
    """Return the lines of a diagram, with nothing where the pattern matches."""
    return re.sub(pattern, lambda match: "\n" * match[0].count("\n"), code, flags=re.M | re.S).splitlines()


def draw_once(code: str, cache: Path, path: Path) -> str:
    """Return a diagram as SVG, or what Mermaid says of one that it refuses; from the cache where it is known."""
    name = sha256(repr([mermaidx.__version__, SETTINGS["config"], SETTINGS["tidy"], code]).encode()).hexdigest()[:20]
    kept = cache / f"{name}.svg"
    if not kept.exists():
        print(f"{path}: drawing a diagram", flush=True)  # a large one takes half a minute, also with `--quiet`
        try:
            # An id of its own: two diagrams may stand on one page.
            svg = mermaidx.render(code, config=SETTINGS["config"]).svg().replace("my-svg", f"diagram-{name}")
            svg = re.sub(r"&amp;(#?\w+;)", lambda match: escape(unescape(f"&{match[1]}")), svg)  # `#quot;` is a quote
            for pattern, instead in SETTINGS["tidy"].items():
                svg = re.sub(pattern, instead, svg)
        except Exception as error:  # whatever its engine ran into
            svg = f"refused: {error}"
        cache.mkdir(parents=True, exist_ok=True)
        half = kept.with_suffix(f".{os.getpid()}")  # two processes may draw the same diagram at once
        half.write_text(svg, encoding="utf-8")
        half.replace(kept)
    return kept.read_text(encoding="utf-8")


def explain_refusal(refusal: str, code: str) -> tuple[str, int]:
    """Return what is wrong in plain words, and its line."""
    counted = [line for line, text in enumerate(blank_out(SETTINGS["not_counted"], code), 1) if text]
    number = re.search(r"on line (\d+)", refusal)
    reported = counted[min(int(number[1]), len(counted)) - 1] if number and counted else 0
    # An open bracket or quote swallows what follows, and Mermaid names a later line.
    for line, text in enumerate(blank_out(SETTINGS["not_drawn"], code)[: reported or None], 1):
        bare = re.sub(r'"[^"]*"|\w>[^\]]*\]', "", text)  # `A>flag]` is a shape of Mermaid's
        if '"' in bare or any(bare.count(left) != bare.count(right) for left, right in ("[]", "()", "{}")):
            return "Mermaid cannot draw this diagram. A bracket or a quote of this line has no partner.", line
    says = f"It says: {' '.join(refusal.partition('Expecting')[0].split())[:300]}"
    advice = next((text for pattern, text in SETTINGS["advice"].items() if re.search(pattern, refusal)), says)
    return f"Mermaid cannot draw this diagram. {advice}", reported or 1


def read_flowchart(root: Element) -> tuple[dict[str, str], dict[str, list[tuple[str, str]]]]:
    """Return the label of each box, and where the lines from it lead: the other box, with their label and an arrow.
    Mermaid marks a box as `id="…-flowchart-NAME-n"`, and a line and its label as `data-id="L_FROM_TO_n"`.
    """
    boxes, labels = {}, {}
    for group in root.iter(f"{SVG}g"):
        rows = ("".join(row.itertext()).strip() for row in group.iter(f"{SVG}tspan") if "row" in row.get("class", ""))
        labels[group.get("data-id")] = label = " ".join(filter(None, rows))
        mark = group.get("id", "").removeprefix(f"{root.get('id')}-")
        if match := re.fullmatch(r"flowchart-(.+)-\d+", mark):
            boxes[match[1]] = label
        elif "cluster" in group.get("class", "").split():
            boxes[mark] = label
    edges, names = {name: list[tuple[str, str]]() for name in boxes}, "|".join(map(re.escape, boxes))
    for path in root.iter(f"{SVG}path"):
        if match := re.fullmatch(rf"L_({names})_({names})_\d+", path.get("data-id", "")):
            arrow = "→ " if path.get("marker-end") else "– "
            edges[match[1]].append((match[2], f"{labels.get(match[0], '')} {arrow}".lstrip()))
    return boxes, edges


def link_drawings(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """`doctree-resolved`: let the links to labels lead there from this page."""
    labels = app.env.domains.standard_domain.anonlabels

    def link(match: re.Match[str]) -> str:
        page, anchor = labels.get(match[1].lower(), (docname, match[1]))
        return f'href="{app.builder.get_relative_uri(docname, page)}#{anchor}"'

    for node in doctree.findall(nodes.raw) if app.builder.format in ("html", "pdf") else ():
        if "diagram" in node["classes"]:
            node[:] = [nodes.Text(re.sub(r'href="#([^"]*)"', link, node.astext()))]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("sse_diagram_cache", "", "", str)
    app.add_directive("mermaid", Diagram, override=True)
    app.connect("doctree-resolved", link_drawings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
