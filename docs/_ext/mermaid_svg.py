"""Mermaid diagrams as inline SVG that needs no script, with links that are checked, and the same as a list below.

Mermaid runs in the engine of the package `mermaidx` when a page is read, once for each content. `{mermaid}` takes the
options `:name:`, `:caption:` and `:text:`: the lines of the list, where a program wrote the diagram.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

import mermaidx
from book_checks import BookCheck
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx.util.i18n import search_image_for_language
from sphinxcontrib.mermaid import mermaid

from sse_handbook.warnings_ import did_you_mean, warn

SVG = "{http://www.w3.org/2000/svg}"
# Labels as plain text (other viewers show `foreignObject` as empty boxes), and the same bytes each time.
CONFIG = {"htmlLabels": False, "handDrawnSeed": 1, "themeCSS": ".edgeLabel rect{opacity:1;fill:#fff}"}
# In pixels: Mermaid's letters, the least that can be read, and what a phone of 360 has for a drawing.
LABEL_HEIGHT, LEAST_HEIGHT, PHONE_WIDTH = 16, 9, 328
HEAD = re.compile(r"\A---\n.*?^---\n", re.MULTILINE | re.DOTALL)
# Settings, comments, and what is read aloud: not drawn, and free to hold any bracket.
NOT_DRAWN = re.compile(rf"{HEAD.pattern}|^\s*(?:%%|acc\w+\s*:)[^\n]*|^\s*accDescr\s*\{{[^}}]*\}}", re.M | re.S)
CLICK = re.compile(r"\s*click\s+(\S+)\s+(?:href\s+)?[\"']([^\"']*)[\"']")
TAG = re.compile(r"(?<!<)<(?!br\s*/?>)(/?[A-Za-z][^<>]*)>(?!>)")
# What Mermaid says of a text that it refuses, and what to write; the rest is a list of its forty names for characters.
ADVICE = {
    r"No diagram type": "Its first line says the kind of diagram: `flowchart TB`.",
    r"got '(?:PS|SQS|DIAMOND_START|STR|PE)'": "A text with brackets or quotes in it goes into quotes: "
    '`A["Members (all)"]`; write `#quot;` for a quote.',
    r"got 'end'": "`end` is a word of Mermaid's own. Write `End`.",
    r"got 'MINUS'": "An arrow is written `-->`.",
    r"got 'NODE_STRING'": "Write an arrow (`-->`) between two boxes, or begin a new line.",
    r"got '(?:EOF|NEWLINE|SEMI)'": "Something is missing at the end of this line.",
}


class diagram_words(nodes.General, nodes.Element):
    """The list below a diagram: folded away in HTML."""


class Diagram(SphinxDirective):
    has_content = True
    optional_arguments = 1
    option_spec: ClassVar = dict.fromkeys(("name", "caption", "text"), directives.unchanged)

    def run(self) -> list[nodes.Node]:
        page, line = self.get_source_info()
        self.path, self.first_line, code = Path(page), line + self.content_offset + 1, "\n".join(self.content)
        try:
            if self.arguments:  # a translated diagram stands beside it, as NAME.LANGUAGE.mmd
                relative, path = self.env.relfn2path(search_image_for_language(self.arguments[0], self.env))
                self.env.note_dependency(relative)
                self.path, self.first_line, code = Path(path), 1, Path(path).read_text(encoding="utf-8")
            svg = draw_once(code, Path(self.config.sse_diagram_cache or self.env.doctreedir / "diagrams"), self.path)
        except FileNotFoundError:
            near = did_you_mean(Path(path).name, (file.name for file in Path(path).parent.glob("*.mmd")))
            advice = near or " Write its path from the folder of pages."
            return self.stand_in(f"There is no diagram `{self.arguments[0]}`.{advice}", Path(page), line)
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            return self.stand_in("The diagram is not UTF-8 here. Save the file as UTF-8.", Path(path), line)
        except RuntimeError as error:
            advice, line = explain_refusal(str(error), code)
            return self.stand_in(f"Mermaid cannot draw this diagram. {advice}", self.path, self.first_line + line - 1)
        root = ElementTree.fromstring(svg)  # noqa: S314 (Mermaid drew it, on this machine)
        boxes = dict(find_boxes(root))
        links = dict(self.check(code, boxes, float(root.get("viewBox", "0 0 0 0").split()[2])))
        node: nodes.Element = mermaid(code=code, svg=svg)
        if caption := self.options.get("caption"):
            node = nodes.figure("", node, nodes.caption(caption, "", *self.parse_inline(caption)[0]))
            self.set_source_info(node[1])
        self.add_name(node)
        return [node, diagram_words("", *self.make_text(root, boxes, links))]

    def stand_in(self, message: str, path: Path, line: int) -> list[nodes.Node]:
        """Warn, and return what stands for a diagram that cannot be drawn: links to its name still lead here."""
        warn(BookCheck.DIAGRAM_SYNTAX, message, path, line)
        node = nodes.paragraph("", _("(A diagram belongs here.)"))
        self.add_name(node)
        return [node]

    def warn(self, check: BookCheck, message: str, line: int = 1) -> None:
        """Warn of a line of the diagram, counted from 1."""
        warn(check, message, self.path, self.first_line + line - 1)

    def check(self, code: str, boxes: dict[str, str], width: float) -> Iterator[tuple[str, tuple[str, int]]]:
        """Warn of what is wrong with a diagram; yield each box that links to a label, with the label and the line."""
        height = LABEL_HEIGHT * PHONE_WIDTH / max(width, PHONE_WIDTH)
        if height < LEAST_HEIGHT:
            text = (
                f"At 360 pixels the labels are {height:.1f} pixels high; {LEAST_HEIGHT} is the least. The diagram is "
                f"{width:.0f} wide: make it {PHONE_WIDTH * LABEL_HEIGHT // LEAST_HEIGHT}, with fewer boxes in a row."
            )
            self.warn(BookCheck.DIAGRAM_LEGIBILITY, text)
        for name, purpose in (("accTitle", "a name"), ("accDescr", "a description in one sentence")):
            if not re.search(rf"^\s*{name}\s*[:{{]\s*\S", code, re.MULTILINE):
                text = f"The diagram has no `{name}:` line, {purpose} for those who cannot see it. Add it below line 1."
                self.warn(BookCheck.DIAGRAM_DESCRIPTION, text)
        for number, line in enumerate(blank_out(NOT_DRAWN, code), 1):
            if not (click := CLICK.match(line)):
                for tag in TAG.finditer(line):
                    text = f"Mermaid takes `{tag[0]}` for HTML. Write `#lt;{tag[1]}#gt;`, or leave out the brackets."
                    self.warn(BookCheck.DIAGRAM_SYNTAX, text, number)
            elif boxes and click[1] not in boxes:
                text = f"`click {click[1]}`: the diagram has no node `{click[1]}`. Its nodes: {', '.join(boxes)}."
                self.warn(BookCheck.DIAGRAM_LINK, text, number)
            elif not re.match(r"#.|https?://", click[2]):
                text = f"`{click[2]}` is neither a label nor an address. Write `#label` or `https://…`."
                self.warn(BookCheck.DIAGRAM_LINK, text, number)
            elif click[2].startswith("#"):
                yield click[1], (click[2][1:], number)

    def make_text(
        self, root: ElementTree.Element, boxes: dict[str, str], links: dict[str, tuple[str, int]]
    ) -> Iterator[nodes.Node]:
        """Yield the diagram as a list: each box, and where its lines lead. Each box links once."""
        edges = list(find_edges(root, boxes))
        chain = find_chain(boxes, edges)

        def label(name: str, before: str = "") -> nodes.paragraph:
            node: nodes.Element = nodes.inline("", boxes[name])
            if name in links:
                target, line = links.pop(name)
                node = pending_xref("", node, refdomain="sse", reftype="label", reftarget=target, refwarn=True)
                node.attributes.update(refdoc=self.env.current_document.docname, check=BookCheck.DIAGRAM_LINK)
                node.source, node.line = str(self.path), self.first_line + line - 1
            leads_on = not chain and any(start == name for start, *_end in edges)
            return nodes.paragraph("", before, nodes.strong("", "", node) if leads_on else node)

        items: list[list[nodes.Node]] = [
            [nodes.paragraph("", line)] for line in self.options.get("text", "").splitlines()
        ]
        if not items:
            yield nodes.paragraph("", root.findtext(f"{SVG}desc", ""))
            items += ([label(name)] for name in chain)
        for name in () if items else boxes:
            onward = [(end, text) for start, end, text in edges if start == name]
            if onward or all(end != name for _start, end, _text in edges):
                items.append([label(name), *([make_list([label(*edge)] for edge in onward)] if onward else [])])
        if items:
            yield make_list(items, bool(chain))


def make_list(items: Iterable[list[nodes.Node]], ordered: bool = False) -> nodes.Element:
    children = [nodes.list_item("", *item) for item in items]
    return nodes.enumerated_list("", *children, enumtype="arabic") if ordered else nodes.bullet_list("", *children)


def blank_out(pattern: re.Pattern[str], code: str) -> list[str]:
    """Return the lines of a diagram, with nothing where the pattern matches."""
    return pattern.sub(lambda match: "\n" * match[0].count("\n"), code).splitlines()


def draw_once(code: str, cache: Path, path: Path) -> str:
    """Return a diagram as SVG, from the cache where it or Mermaid's refusal (`RuntimeError`) is known."""
    known = json.dumps([mermaidx.__version__, CONFIG, code])
    name = hashlib.sha256(known.encode() + Path(__file__).read_bytes()).hexdigest()[:20]
    kept = cache / f"{name}.svg"
    if not kept.exists():
        # A large one takes half a minute, also in a build with `--quiet`.
        print(f"{path}: drawing a diagram", flush=True)
        try:
            svg = tidy_svg(mermaidx.render(code, config=CONFIG).svg(), f"diagram-{name}")
        except Exception as error:  # whatever its engine ran into
            svg = f"refused: {error}"
        cache.mkdir(parents=True, exist_ok=True)
        half = kept.with_suffix(f".{os.getpid()}")  # two processes may draw the same diagram at once
        half.write_text(svg, encoding="utf-8")
        half.replace(kept)
    svg = kept.read_text(encoding="utf-8")
    if svg.startswith("refused: "):
        raise RuntimeError(svg)
    return svg


def tidy_svg(svg: str, name: str) -> str:
    """Give an SVG ids of its own, and take out what nothing uses: two on a page are two, and small."""
    svg = svg.replace("my-svg", name)
    svg = re.sub(r"&amp;(\w+;)", lambda match: escape(unescape(f"&{match[1]}")), svg)  # `#quot;` is a quote
    svg = re.sub(r' (?:data-(?:points|look|et|edge)="[^"]*"|style=";?")', "", svg)
    for match in re.finditer(r'<(marker|filter|linearGradient) id="([^"]+)".*?</\1>', svg, re.DOTALL):
        if f"url(#{match[2]})" not in svg.replace(match[0], "").partition("</style>")[2]:
            svg = svg.replace(match[0], "")
    return re.sub(r"<rect(?![^>]*\swidth=)[^>]*(?:/>|>\s*</rect>)", "", svg)


def explain_refusal(said: str, code: str) -> tuple[str, int]:
    """Return what is wrong in plain words, and its line."""
    counted = [number for number, line in enumerate(blank_out(HEAD, code), 1) if line and line.lstrip()[:2] != "%%"]
    number = re.search(r"on line (\d+)", said)
    reported = counted[min(int(number[1]), len(counted)) - 1] if number and counted else 0
    advice = next((text for pattern, text in ADVICE.items() if re.search(pattern, said)), "")
    # An open bracket or quote swallows what follows, and Mermaid names a later line.
    for line, text in enumerate(blank_out(NOT_DRAWN, code)[: reported or None], 1):
        bare = re.sub(r'"[^"]*"|\w>[^\]]*\]', "", text)  # `A>flag]` is a shape of Mermaid's
        if '"' in bare or any(bare.count(left) != bare.count(right) for left, right in ("[]", "()", "{}")):
            advice, reported = "A bracket or a quote of this line has no partner.", line
            break
    advice = advice or f"It says: {' '.join(said.partition('Expecting')[0].split())[:300]}"
    return advice, reported or 1


def find_boxes(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield the name and the label of each box of a flowchart. Mermaid marks it as `id="…-flowchart-NAME-n"`."""
    for group in root.iter(f"{SVG}g"):
        if match := re.fullmatch(r".*-flowchart-(.+)-\d+", group.get("id", "")):
            yield match[1], read_label(group)
        elif "cluster" in group.get("class", "").split():
            yield group.get("id", "").removeprefix(f"{root.get('id')}-"), read_label(group)


def find_edges(root: ElementTree.Element, boxes: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield each line: its two boxes, its label with an arrow. It is marked as `data-id="L_FROM_TO_n"`."""
    labels = {group.get("data-id", ""): read_label(group) for group in root.iter(f"{SVG}g")}
    pairs = {f"L_{start}_{end}": (start, end) for start in boxes for end in boxes}
    for path in root.iter(f"{SVG}path"):
        mark = path.get("data-id", "")
        if ends := pairs.get(mark.rpartition("_")[0]):
            yield *ends, f"{labels.get(mark, '')} {'→' if path.get('marker-end') else '–'} ".lstrip()


def find_chain(boxes: dict[str, str], edges: list[tuple[str, str, str]]) -> list[str]:
    """Return the boxes in order where they are one chain, without a fork or a label on its lines; else nothing."""
    following = {start: end for start, end, text in edges if text in ("→ ", "– ")}
    names = [name for name in boxes if name not in following.values()]
    if len({*following.values()}) != len(edges) or len(names) != 1:
        return []
    while names[-1] in following:
        names.append(following[names[-1]])
    return names if len(names) == len(boxes) else []


def read_label(group: ElementTree.Element) -> str:
    rows = ("".join(row.itertext()).strip() for row in group.iter(f"{SVG}tspan") if "row" in row.get("class", ""))
    return " ".join(filter(None, rows))


def write_diagram(translator: Any, node: mermaid) -> None:
    """Write the SVG into the page, with links to labels as they are from there."""
    builder, labels = translator.builder, translator.builder.env.domains.standard_domain.anonlabels

    def link(match: re.Match[str]) -> str:
        docname, anchor = labels.get(match[1].lower(), (builder.current_docname, match[1]))
        here = docname == builder.current_docname
        return f'href="{"" if here else builder.get_relative_uri(builder.current_docname, docname)}#{anchor}"'

    svg = re.sub(r'xlink:href="#([^"]*)"', link, node["svg"]).replace("xlink:href", "href")
    svg = svg.replace('role="graphics-document document"', 'role="document"', 1)  # an HTML checker knows one role
    translator.body.append(f"{translator.starttag(node, 'div', '', CLASS='diagram')}{svg}</div>\n")
    raise nodes.SkipNode


def open_text(translator: Any, node: diagram_words) -> None:
    translator.body.append(f'<details class="diagram-words"><summary>{_("The diagram in words")}</summary>\n')


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("sphinxcontrib.mermaid")
    app.add_config_value("sse_diagram_cache", "", "", str)
    app.add_directive("mermaid", Diagram, override=True)
    app.add_node(mermaid, override=True, html=(write_diagram, None))
    app.add_node(diagram_words, html=(open_text, lambda page, node: page.body.append("</details>\n")))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
