"""Draw Mermaid diagrams as static SVG when the handbook is built, link their nodes, and say the same in words.

The diagram is drawn once for each content, by a command with mmdc's options, and kept in a cache
that all builders share.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinxcontrib.mermaid import Mermaid, html_visit_mermaid, mermaid

from ..catalogues import _
from ..domain import SSEDomain
from ..readable import find_bad_text
from ..references.crossrefs import label_link
from ..warnings import Check, Finding, did_you_mean
from .drawing import DiagramError, draw
from .svg_chart import Chart, read_chart

LABEL_HEIGHT = 16  # Mermaid's font size, in pixels of the drawing
PHONE_WIDTH = 328  # what a phone of 360 pixels leaves for a drawing, less the page's margins
LEAST_HEIGHT = 9
CLICK = re.compile(r"^\s*click\s+(\S+)\s+(?:href\s+)?[\"']([^\"']*)[\"']")


class Diagram(Mermaid, SphinxDirective):
    """The `mermaid` directive, drawn when the page is read; see sphinxcontrib-mermaid for its options."""

    option_spec: ClassVar = Mermaid.option_spec

    def run(self, **kwargs: Any) -> list[nodes.Node]:
        domain, docname = SSEDomain.of(self.env), self.env.current_document.docname
        place, first_line = self.source_of_text()
        if unreadable := list(self.check_file(place)):
            domain.note(docname, findings=unreadable)
            return self.name_alone()
        produced = list(super().run(**kwargs))
        found = [node for top in produced for node in top.findall(mermaid)]
        if self.config.mermaid_output_format != "svg" or not found:
            return produced
        node = found[0]
        findings = list(check_source(node["code"], place, first_line))
        command = [*shlex.split(self.config.mermaid_cmd), *self.config.mermaid_params]
        try:
            svg = draw(node["code"], command, Path(self.config.sse_diagram_cache))
        except DiagramError as error:
            line = first_line + error.line - 1 if error.line else first_line
            findings.append(Finding.at(Check.DIAGRAM_SYNTAX, f"Mermaid cannot draw this diagram: {error}", place, line))
            domain.note(docname, findings=findings)
            return self.name_alone()
        chart = read_chart(svg, {name: target for name, target, _line in clicks(node["code"])})
        findings += check_links(chart, node["code"], place, first_line)
        findings += check_legibility(svg, place, first_line)
        domain.note(docname, findings=findings)
        node["svg"] = svg
        words = diagram_words("", *self.words(chart, node["code"]))
        return [*produced, words]

    def name_alone(self) -> list[nodes.Node]:
        """What stands for a diagram that cannot be drawn: links to its name still lead here."""
        stand_in = nodes.paragraph("", _("(A diagram belongs here.)"))
        self.add_name(stand_in)
        return [stand_in]

    def check_file(self, place: Path) -> Iterator[Finding]:
        """A finding where the diagram's own file is not there, or cannot be read."""
        if self.arguments and not place.is_file():
            near = did_you_mean(place.name, (each.name for each in place.parent.glob("*.mmd")))
            message = f"There is no diagram `{self.arguments[0]}`.{near or ' Write its path from the folder of pages.'}"
            self.env.note_dependency(str(place))
            yield Finding.at(Check.DIAGRAM_SYNTAX, message, self.get_source_info()[0], self.lineno)
        elif self.arguments:
            yield from find_bad_text(place, "diagram")

    def source_of_text(self) -> tuple[Path, int]:
        """The file that holds the diagram's text, and the line on which it starts."""
        if self.arguments:
            return Path(self.env.relfn2path(self.arguments[0])[1]), 1
        # MyST counts the offset from the directive's first line, reStructuredText from the start of the file.
        relative = type(self.state).__module__.startswith("myst_parser")
        return Path(self.get_source_info()[0]), self.content_offset + 1 + (self.lineno if relative else 0)

    def words(self, chart: Chart, code: str) -> Iterator[nodes.Node]:
        """The diagram as a list: each node, and where its edges lead. Each node is linked once."""
        linked: set[str] = set()
        yield nodes.paragraph("", chart.description)
        if chart.chain:
            items = [nodes.paragraph("", "", self.node_label(chart, code, name, linked)) for name in chart.chain]
            yield nodes.enumerated_list("", *(nodes.list_item("", item) for item in items), enumtype="arabic")
            return
        listed = nodes.bullet_list()
        for name in chart.nodes:
            edges = [edge for edge in chart.edges if edge.start == name]
            if not edges and any(edge.end == name for edge in chart.edges):
                continue
            item = nodes.list_item("", nodes.paragraph("", "", self.node_label(chart, code, name, linked)))
            leads = nodes.bullet_list()
            for edge in edges:
                text = nodes.paragraph("", f"{edge.label} {'→' if edge.arrow else '–'} ".lstrip())
                text += self.node_label(chart, code, edge.end, linked)
                leads += nodes.list_item("", text)
            if edges:
                item += leads
            listed += item
        if len(listed):
            yield listed

    def node_label(self, chart: Chart, code: str, name: str, linked: set[str]) -> nodes.Node:
        text, target = chart.nodes[name], chart.targets.get(name, "")
        leads_on = any(edge.start == name for edge in chart.edges) and not chart.chain
        label: nodes.Element = nodes.strong("", text) if leads_on else nodes.inline("", text)
        if not target.startswith("#") or name in linked:
            return label
        linked.add(name)
        place, first_line = self.source_of_text()
        line = next(line for clicked, _target, line in clicks(code) if clicked == name)
        return label_link(
            target[1:], label, Check.DIAGRAM_LINK, place, first_line + line - 1, self.env.current_document.docname
        )


class diagram_words(nodes.General, nodes.Element):
    """A diagram in words: folded away in HTML, a plain list in every other format."""


def clicks(code: str) -> Iterator[tuple[str, str, int]]:
    """Each `click NODE href "target"` of a diagram, with its line."""
    for number, line in enumerate(code.splitlines(), 1):
        match = CLICK.match(line)
        if match:
            yield match[1], match[2], number


def check_source(code: str, place: Path, first_line: int) -> Iterator[Finding]:
    """What the text of a diagram lacks."""
    for word, purpose in (("accTitle", "a name"), ("accDescr", "a description in one sentence")):
        if not re.search(rf"^\s*{word}\s*[:{{]\s*\S", code, re.MULTILINE):
            message = f"The diagram has no `{word}:` line, {purpose} for those who cannot see it. Add it below line 1."
            yield Finding.at(Check.DIAGRAM_DESCRIPTION, message, place, first_line)


def check_links(chart: Chart, code: str, place: Path, first_line: int) -> Iterator[Finding]:
    """Links of nodes that do not exist, or to what is neither a label nor an address."""
    for name, target, line in clicks(code):
        where = first_line + line - 1
        if chart.nodes and name not in chart.nodes:
            message = f"`click {name}`: the diagram has no node `{name}`. Its nodes: {', '.join(chart.nodes)}."
            yield Finding.at(Check.DIAGRAM_LINK, message, place, where)
        elif not re.match(r"#.|https?://", target):
            message = f"`{target}` is neither a label nor an address. Write `#label` or `https://…`."
            yield Finding.at(Check.DIAGRAM_LINK, message, place, where)


def check_legibility(svg: str, place: Path, first_line: int) -> Iterator[Finding]:
    """A diagram so wide that a phone would shrink its labels below what can be read."""
    match = re.search(r'viewBox="\S+ \S+ ([\d.]+) ', svg)
    width = float(match[1]) if match else 0.0
    height = LABEL_HEIGHT * min(1.0, PHONE_WIDTH / width) if width else LABEL_HEIGHT
    if height < LEAST_HEIGHT:
        message = (
            f"At 360 pixels the labels are {height:.1f} pixels high; {LEAST_HEIGHT} is the least. The diagram is "
            f"{width:.0f} wide: make it {int(PHONE_WIDTH * LABEL_HEIGHT / LEAST_HEIGHT)}, with fewer boxes in a row."
        )
        yield Finding.at(Check.DIAGRAM_LEGIBILITY, message, place, first_line)


def visit_diagram_html(translator: Any, node: mermaid) -> None:
    """Write the SVG into the page, its nodes linked to where the words below it link."""
    if "svg" not in node:
        html_visit_mermaid(translator, node)
    svg = re.sub(r'xlink:href="([^"]*)"', lambda match: f'href="{_address(translator, match[1])}"', node["svg"])
    # A diagram may carry its own name and the label above it: each is an address.
    more = "".join(f'<span id="{each}"></span>' for each in node["ids"][1:])
    own = f' id="{node["ids"][0]}"' if node["ids"] else ""
    translator.body.append(f'{more}<div class="diagram"{own}>{svg}</div>\n')
    raise nodes.SkipNode


def _address(translator: Any, target: str) -> str:
    """Where a node's link leads from the page being written; a label that is unknown was reported in the words."""
    labels = translator.builder.env.domains.standard_domain.anonlabels
    if target[1:].lower() not in labels:
        return target
    docname, anchor = labels[target[1:].lower()]
    here = translator.builder.current_docname
    page = "" if docname == here else translator.builder.get_relative_uri(here, docname)
    return f"{page}#{anchor}" if anchor else page


def visit_words_html(translator: Any, node: diagram_words) -> None:
    """Fold the words away below a line that opens them."""
    said = _("The diagram in words")
    translator.body.append(f'<details class="diagram-words"><summary>{said}</summary>\n')


def depart_words_html(translator: Any, node: diagram_words) -> None:
    """End the fold."""
    translator.body.append("</details>\n")


def pass_by(translator: Any, node: nodes.Element) -> None:
    """Every format but HTML shows the words as they stand."""


VISITORS: Any = {
    mermaid: {"html": (visit_diagram_html, None)},
    diagram_words: {
        "html": (visit_words_html, depart_words_html),
        **dict.fromkeys(("latex", "text", "man", "texinfo"), (pass_by, pass_by)),
    },
}


def settle(app: Sphinx) -> None:
    """`builder-inited`: give the cache its place, and keep our nodes known to the EPUB builder.

    Sphinx looks for handlers by the builder's name first: an extension that registers any for "epub" hides what all
    others registered for "html".
    """
    if not app.config.sse_diagram_cache:
        app.config.sse_diagram_cache = str(app.doctreedir / "diagrams")
    if "epub" in app.registry.translation_handlers:
        for node, visitors in VISITORS.items():
            app.registry.add_translation_handlers(node, epub=visitors["html"])


def setup(app: Sphinx) -> None:
    """Diagrams, only where a project has Mermaid: sphinxcontrib-mermaid adds to every page."""
    app.add_config_value("sse_diagram_cache", "", "", str)
    if "sphinxcontrib.mermaid" in app.config.extensions:
        app.setup_extension("sphinxcontrib.mermaid")
        app.add_directive("mermaid", Diagram, override=True)
        for node, visitors in VISITORS.items():
            app.add_node(node, override=True, **visitors)
        app.connect("builder-inited", settle)
