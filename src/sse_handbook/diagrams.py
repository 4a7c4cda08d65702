"""Draw Mermaid diagrams as static SVG when the handbook is built, link their nodes, and say the same in words.

The diagram is drawn once for each content, by a command with mmdc's options, and kept in a cache
that all builders share.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import ensuredir
from sphinxcontrib.mermaid import Mermaid, html_visit_mermaid, mermaid

from .crossrefs import label_link
from .diagram_words import Chart, read_chart
from .warnings import Check, Finding, warn

# Labels as plain text (other viewers show `foreignObject` as empty boxes), and the same bytes each time.
DRAWING_CONFIG = {
    "htmlLabels": False,
    "flowchart": {"htmlLabels": False},
    "handDrawnSeed": 1,
    "themeCSS": ".edgeLabel rect { opacity: 1; fill: #fff; }",
}
CLICK = re.compile(r"^\s*click\s+(\S+)\s+(?:href\s+)?[\"']([^\"']*)[\"']")


class DiagramError(Exception):
    """Mermaid refused a diagram; `line` counts from 1 in the diagram's own text, where Mermaid gave one."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


class Diagram(Mermaid, SphinxDirective):
    """The `mermaid` directive, drawn when the page is read; see sphinxcontrib-mermaid for its options."""

    option_spec: ClassVar = Mermaid.option_spec

    def run(self, **kwargs: Any) -> list[nodes.Node]:
        produced = list(super().run(**kwargs))
        found = [node for top in produced for node in top.findall(mermaid)]
        if self.config.mermaid_output_format != "svg" or not found:
            return produced
        node = found[0]
        place, first_line = self.source_of_text()
        findings = list(check_source(node["code"], place, first_line))
        try:
            svg = draw(node["code"], self.config)
        except DiagramError as error:
            line = first_line + error.line - 1 if error.line else first_line
            warn([Finding(Check.DIAGRAM_SYNTAX, f"Mermaid cannot draw this diagram: {error}", place, line)])
            return []
        chart = read_chart(svg, {name: target for name, target, _line in clicks(node["code"])})
        findings += check_links(chart, node["code"], place, first_line)
        warn(findings)
        node["svg"] = svg
        words = diagram_words("", *self.words(chart, node["code"]))
        return [*produced, words]

    def source_of_text(self) -> tuple[Path, int]:
        """The file that holds the diagram's text, and the line on which it starts."""
        if self.arguments:
            return Path(self.env.relfn2path(self.arguments[0])[1]), 1
        # reStructuredText counts the offset from the start of the file, MyST from the directive's first line.
        absolute = self.content_offset >= self.lineno
        return Path(self.get_source_info()[0]), self.content_offset + 1 + (0 if absolute else self.lineno)

    def words(self, chart: Chart, code: str) -> Iterator[nodes.Node]:
        """The diagram as a list: each node, and where its edges lead. Each node is linked once."""
        linked: set[str] = set()
        items = nodes.bullet_list()
        for name in chart.nodes:
            edges = [edge for edge in chart.edges if edge.start == name]
            if not edges and any(edge.end == name for edge in chart.edges):
                continue
            item = nodes.list_item("", nodes.paragraph("", "", self.node_label(chart, code, name, linked)))
            leads = nodes.bullet_list()
            for edge in edges:
                text = nodes.paragraph("", f"{edge.label} → " if edge.label else "→ ")
                text += self.node_label(chart, code, edge.end, linked)
                leads += nodes.list_item("", text)
            if edges:
                item += leads
            items += item
        yield nodes.paragraph("", chart.description)
        if len(items):
            yield items

    def node_label(self, chart: Chart, code: str, name: str, linked: set[str]) -> nodes.Node:
        text, target = chart.nodes[name], chart.targets.get(name, "")
        leads_on = any(edge.start == name for edge in chart.edges)
        label: nodes.Element = nodes.strong("", text) if leads_on else nodes.inline("", text)
        if not target.startswith("#") or name in linked:
            return label
        linked.add(name)
        place, first_line = self.source_of_text()
        line = next(line for clicked, _target, line in clicks(code) if clicked == name)
        return label_link(target[1:], label, Check.DIAGRAM_LINK, place, first_line + line - 1)


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
            yield Finding(Check.DIAGRAM_DESCRIPTION, message, place, first_line)


def check_links(chart: Chart, code: str, place: Path, first_line: int) -> Iterator[Finding]:
    """Links of nodes that do not exist, or to what is neither a label nor an address."""
    for name, target, line in clicks(code):
        where = first_line + line - 1
        if chart.nodes and name not in chart.nodes:
            message = f"`click {name}`: the diagram has no node `{name}`. Its nodes: {', '.join(chart.nodes)}."
            yield Finding(Check.DIAGRAM_LINK, message, place, where)
        elif not re.match(r"#.|https?://", target):
            message = f"`{target}` is neither a label nor an address. Write `#label` or `https://…`."
            yield Finding(Check.DIAGRAM_LINK, message, place, where)


def draw(code: str, config: Config) -> str:
    """The diagram as SVG text, from the cache where the same text was drawn before.

    Raises `DiagramError` when Mermaid refuses the text, or the command is not there.
    """
    command = [*shlex.split(config.mermaid_cmd), *config.mermaid_params]
    settings = json.dumps({"command": command, "config": DRAWING_CONFIG, "code": code}, sort_keys=True)
    name = hashlib.sha256(settings.encode()).hexdigest()[:20]
    cache = Path(config.sse_diagram_cache)
    kept = cache / f"{name}.svg"
    if kept.exists():
        return kept.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        source, result, settings_file = (Path(folder) / each for each in ("in.mmd", "out.svg", "config.json"))
        source.write_text(code, encoding="utf-8")
        settings_file.write_text(json.dumps(DRAWING_CONFIG), encoding="utf-8")
        try:
            run = subprocess.run(
                [*command, "-i", source, "-o", result, "-c", settings_file], capture_output=True, text=True, check=False
            )
        except OSError as error:
            message = f"the command `{command[0]}` cannot be run ({error.strerror}); install it or set `mermaid_cmd`"
            raise DiagramError(message, None) from None
        if run.returncode or not result.exists():
            raise _refusal(run.stderr, code)
        svg = tidy(result.read_text(encoding="utf-8"), f"diagram-{name}")
    ensuredir(cache)
    # Written whole or not at all: two processes may draw the same diagram at once.
    half = kept.with_suffix(f".{hashlib.sha256(folder.encode()).hexdigest()[:8]}")
    half.write_text(svg, encoding="utf-8")
    half.replace(kept)
    return svg


def tidy(svg: str, name: str) -> str:
    """The SVG with ids of its own, so that two may stand on one page, and without what nothing refers to."""
    svg = svg.replace("my-svg", name)
    svg = re.sub(r' (?:data-points|data-look|data-et|data-edge)="[^"]*"', "", svg)
    svg = re.sub(r' style="(?:;|)"', "", svg)
    for tag in ("marker", "filter", "linearGradient"):
        for match in re.finditer(rf'<{tag} id="([^"]+)".*?</{tag}>', svg, re.DOTALL):
            if f"url(#{match[1]})" not in svg.replace(match[0], "").partition("</style>")[2]:
                svg = svg.replace(match[0], "")
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    return re.sub(r"(?<=\})[^{}]*\[data-look[^{}]*\{[^{}]*\}", "", svg)


def _refusal(message: str, code: str) -> DiagramError:
    """Mermaid's own words in one line, and the line they mean."""
    said = message.rpartition("Mermaid rendering failed: ")[2].strip() or message.strip()
    lines = code.splitlines()
    number = re.search(r"on line (\d+)", said)
    # An open bracket or quote swallows what follows, and Mermaid names a later line.
    texts = [re.sub(r"^\s*acc(?:Title|Descr).*", "", line) for line in lines]
    unbalanced = next((number for number, line in enumerate(texts, 1) if _is_open(line)), None)
    line = unbalanced or (min(int(number[1]), len(lines)) if number else None)
    expecting = re.sub(r"\s+", " ", re.sub(r"on line \d+", "", said))
    return DiagramError(expecting[:300], line)


def _is_open(line: str) -> bool:
    """Whether a quote or bracket that the line opens is not closed on it."""
    bare = re.sub(r'"[^"]*"', "", line)
    return '"' in bare or (
        any(bare.count(a) != bare.count(b) for a, b in ("[]", "()", "{}")) and "accDescr" not in line
    )


def visit_diagram_html(translator: Any, node: mermaid) -> None:
    """Write the SVG into the page, its nodes linked to where the words below it link."""
    if "svg" not in node:
        html_visit_mermaid(translator, node)
    svg = re.sub(r'xlink:href="([^"]*)"', lambda match: f'href="{_address(translator, match[1])}"', node["svg"])
    ids = "".join(f' id="{each}"' for each in node["ids"][:1])
    translator.body.append(f'<div class="diagram"{ids}>{svg}</div>\n')
    raise nodes.SkipNode


def _address(translator: Any, target: str) -> str:
    """Where a node's link leads from the page being written; a label that is unknown was reported in the words."""
    labels = translator.builder.env.domains.standard_domain.anonlabels
    if target[1:] not in labels:
        return target
    docname, anchor = labels[target[1:]]
    here = translator.builder.current_docname
    page = "" if docname == here else translator.builder.get_relative_uri(here, docname)
    return f"{page}#{anchor}" if anchor else page


def visit_words_html(translator: Any, node: diagram_words) -> None:
    """Fold the words away below a line that opens them."""
    translator.body.append(f'<details class="diagram-words"><summary>{_("The diagram in words")}</summary>\n')


def depart_words_html(translator: Any, node: diagram_words) -> None:
    """End the fold."""
    translator.body.append("</details>\n")


def pass_by(translator: Any, node: nodes.Element) -> None:
    """Every format but HTML shows the words as they stand."""


WORDS_VISITORS: Any = {
    "html": (visit_words_html, depart_words_html),
    **dict.fromkeys(("latex", "text", "man", "texinfo"), (pass_by, pass_by)),
}


def default_cache(app: Sphinx, config: Config) -> None:
    """`config-inited`: the cache stands beside the doctrees unless the project says where."""
    if not config.sse_diagram_cache:
        config.sse_diagram_cache = str(app.doctreedir / "diagrams")
