"""Mermaid diagrams as inline SVG that needs no script, with links that are checked, and the same as a list below.

Mermaid runs in the engine of the package `mermaidx` when a page is read, once for each content. `{mermaid}` takes the
options `:name:`, `:caption:` and `:text:`: the lines of the list, where a program wrote the diagram.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape, unescape
from inspect import getsource
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

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

SVG = "{http://www.w3.org/2000/svg}"
# Labels as plain text (other viewers show `foreignObject` as empty boxes), and the same bytes each time.
CONFIG = {"htmlLabels": False, "handDrawnSeed": 1, "themeCSS": ".edgeLabel rect{opacity:1;fill:#fff}"}
# A phone of 360 pixels has 328 for a drawing; Mermaid's letters are 16 high, and 9 is the least that can be read.
WIDEST = 328 * 16 // 9
HEAD = re.compile(r"\A---\n.*?^---\n", re.MULTILINE | re.DOTALL)
# Settings, comments, and what is read aloud: not drawn, and free to hold any bracket.
NOT_DRAWN = re.compile(rf"{HEAD.pattern}|^\s*(?:%%|acc\w+\s*:)[^\n]*|^\s*accDescr\s*\{{[^}}]*\}}", re.M | re.S)
CLICK = re.compile(r"\s*click\s+(\S+)\s+(?:href\s+)?[\"']([^\"']*)[\"']")
TAG = re.compile(r"(?<!<)<(?!br\s*/?>)(/?[A-Za-z][^<>]*)>(?!>)")
Edges = dict[str, list[tuple[str, str]]]  # from each box: the other box, and the label of the line with an arrow


class Diagram(SphinxDirective):
    has_content, optional_arguments = True, 1
    option_spec: ClassVar = dict.fromkeys(("name", "caption", "text"), directives.unchanged)

    def run(self) -> list[nodes.Node]:
        page, line = self.get_source_info()
        self.path, self.first_line, code = Path(page), line + self.content_offset + 1, "\n".join(self.content)
        try:
            if self.arguments:  # a translated diagram stands beside it, as NAME.LANGUAGE.mmd
                relative, path = self.env.relfn2path(search_image_for_language(self.arguments[0], self.env))
                self.env.note_dependency(relative)
                self.path, self.first_line = Path(path), 1
                code = self.path.read_text(encoding="utf-8")
            svg = draw_once(code, Path(self.config.sse_diagram_cache or self.env.doctreedir / "diagrams"), self.path)
        except OSError:
            near = did_you_mean(self.path.name, (file.name for file in self.path.parent.glob("*.mmd")))
            advice = near or " Write its path from the folder of pages."
            return self.stand_in(f"There is no diagram `{self.arguments[0]}`.{advice}", Path(page), line)
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            code = error.object.decode(errors="replace")
            return self.stand_in("The diagram is not UTF-8 here. Save it as UTF-8.", self.path, line, code.splitlines())
        except RuntimeError as error:
            advice, line = explain_refusal(str(error), code)
            message = f"Mermaid cannot draw this diagram. {advice}"
            return self.stand_in(message, self.path, self.first_line + line - 1, code.splitlines())
        root = ElementTree.fromstring(svg)  # noqa: S314 (Mermaid drew it, on this machine)
        boxes = dict(find_boxes(root))
        links = dict(self.check(code, boxes, float(root.get("viewBox", "0 0 0 0").split()[2])))
        node: nodes.Element = nodes.raw("", svg, format="html", classes=["diagram"])
        if caption := self.options.get("caption"):
            node = nodes.figure("", node, nodes.caption(caption, "", *self.parse_inline(caption)[0]))
            self.set_source_info(node[1])
        self.add_name(node)
        # The list is folded away in HTML; the PDF has a heading there.
        fold = f'<details class="diagram-words"><summary>{_("The diagram in words")}</summary>\n'
        first, last = (nodes.raw("", tag, format="html", heads=tag is fold) for tag in (fold, "</details>\n"))
        return [node, first, *self.make_text(root, boxes, links), last]

    def stand_in(self, message: str, path: Path, line: int, code: Iterable[str] = ()) -> list[nodes.Node]:
        """Warn, and return what stands for a diagram that cannot be drawn: links to its name and from it still lead."""
        warn(BookCheck.DIAGRAM_SYNTAX, message, path, line)
        node = nodes.paragraph("", _("(A diagram belongs here.)"))
        clicks = ((number, CLICK.match(text)) for number, text in enumerate(code, 1))
        for number, target in ((number, click[2]) for number, click in clicks if click and click[2][0] == "#"):
            node += nodes.Text(" "), self.make_link(target[1:], number, target[1:])
        self.add_name(node)
        return [node]

    def check(self, code: str, boxes: dict[str, str], width: float) -> Iterator[tuple[str, tuple[str, int]]]:
        """Warn of what is wrong with a diagram; yield each box that links to a label, with the label and the line."""

        def fault(check: BookCheck, message: str, line: int = 1) -> None:
            warn(check, message, self.path, self.first_line + line - 1)

        if width > WIDEST:
            text = f"At 360 pixels the labels are {328 * 16 / width:.1f} pixels high; 9 is the least. The diagram is "
            fault(BookCheck.DIAGRAM_LEGIBILITY, f"{text}{width:.0f} wide: make it {WIDEST}, with fewer boxes in a row.")
        for name, purpose in (("accTitle", "a name"), ("accDescr", "a description in one sentence")):
            if not re.search(rf"^\s*{name}\s*[:{{]\s*\S", code, re.MULTILINE):
                text = f"The diagram has no `{name}:` line, {purpose} for those who cannot see it. Add it below line 1."
                fault(BookCheck.DIAGRAM_DESCRIPTION, text)
        for number, line in enumerate(blank_out(NOT_DRAWN, code), 1):
            if not (click := CLICK.match(line)):
                for tag in TAG.finditer(line):
                    text = f"Mermaid takes `{tag[0]}` for HTML. Write `#lt;{tag[1]}#gt;`, or leave out the brackets."
                    fault(BookCheck.DIAGRAM_SYNTAX, text, number)
            elif boxes and click[1] not in boxes:
                text = f"`click {click[1]}`: the diagram has no node `{click[1]}`. Its nodes: {', '.join(boxes)}."
                fault(BookCheck.DIAGRAM_LINK, text, number)
            elif not re.match(r"#.|https?://", click[2]):
                text = f"`{click[2]}` is neither a label nor an address. Write `#label` or `https://…`."
                fault(BookCheck.DIAGRAM_LINK, text, number)
            elif click[2].startswith("#"):
                yield click[1], (click[2][1:], number)

    def make_link(self, target: str, line: int, text: str) -> pending_xref:
        """Return a link to a label, which is told on its line of the diagram where it is missing."""
        link = pending_xref("", nodes.inline("", text), refdomain="std", reftype="ref", reftarget=target.lower())
        here = self.env.current_document.docname
        link.attributes.update(refwarn=True, refexplicit=True, refdoc=here, check=BookCheck.DIAGRAM_LINK)
        link.source, link.line = str(self.path), self.first_line + line - 1
        return link

    def make_text(
        self, root: ElementTree.Element, boxes: dict[str, str], links: dict[str, tuple[str, int]]
    ) -> Iterator[nodes.Node]:
        """Yield the diagram as a list: each box, and where its lines lead. Each box links once."""
        edges = find_edges(root, boxes)
        ends = [end for leads in edges.values() for end, _text in leads]
        chain = find_chain(edges, ends)

        def label(name: str, before: str = "") -> nodes.paragraph:
            text = boxes[name]
            node = self.make_link(*links.pop(name), text) if name in links else nodes.inline("", text)
            return nodes.paragraph("", before, nodes.strong("", "", node) if edges[name] and not chain else node)

        def item(name: str) -> Iterator[nodes.Node]:
            yield label(name)
            if edges[name] and not chain:
                yield make_list([label(end, text)] for end, text in edges[name])

        text = self.options.get("text", "").splitlines()
        if not text:
            yield nodes.paragraph("", root.findtext(f"{SVG}desc", ""))
        starts = chain or [name for name in boxes if edges[name] or name not in ends]
        if text or starts:
            items = ([nodes.paragraph("", line)] for line in text) if text else map(item, starts)
            yield make_list(items, nodes.enumerated_list if chain else nodes.bullet_list)


def make_list(items: Iterable[Iterable[nodes.Node]], kind: type[nodes.Element] = nodes.bullet_list) -> nodes.Element:
    return kind("", *(nodes.list_item("", *item) for item in items))


def blank_out(pattern: re.Pattern[str], code: str) -> list[str]:
    """Return the lines of a diagram, with nothing where the pattern matches."""
    return pattern.sub(lambda match: "\n" * match[0].count("\n"), code).splitlines()


def draw_once(code: str, cache: Path, path: Path) -> str:
    """Return a diagram as SVG, from the cache where it or Mermaid's refusal (`RuntimeError`) is known."""
    name = sha256(json.dumps([mermaidx.__version__, CONFIG, getsource(tidy_svg), code]).encode()).hexdigest()[:20]
    kept = cache / f"{name}.svg"
    if not kept.exists():
        print(f"{path}: drawing a diagram", flush=True)  # a large one takes half a minute, also with `--quiet`
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
    svg = svg.replace("xlink:href", "href").replace("graphics-document document", "document")  # as HTML has them
    plain = '<tspan font-style="normal" class="text-inner-tspan" font-weight="normal">'
    svg = re.sub(rf"{plain}([^<]*)</tspan>", r"\1", svg)  # one for each word
    svg = re.sub(r' (?:data-(?:points|look|et|edge)="[^"]*"|style=";?")', "", svg)
    for match in re.finditer(r'<(marker|filter|linearGradient) id="([^"]+)".*?</\1>', svg, re.DOTALL):
        if f"url(#{match[2]})" not in svg.replace(match[0], "").partition("</style>")[2]:
            svg = svg.replace(match[0], "")
    return re.sub(r"<rect(?![^>]*\swidth=)[^>]*(?:/>|>\s*</rect>)", "", svg)


def explain_refusal(refusal: str, code: str) -> tuple[str, int]:
    """Return what is wrong in plain words, and its line."""
    counted = [number for number, line in enumerate(blank_out(HEAD, code), 1) if line and line.lstrip()[:2] != "%%"]
    number = re.search(r"on line (\d+)", refusal)
    reported = counted[min(int(number[1]), len(counted)) - 1] if number and counted else 0
    # An open bracket or quote swallows what follows, and Mermaid names a later line.
    for line, text in enumerate(blank_out(NOT_DRAWN, code)[: reported or None], 1):
        bare = re.sub(r'"[^"]*"|\w>[^\]]*\]', "", text)  # `A>flag]` is a shape of Mermaid's
        if '"' in bare or any(bare.count(left) != bare.count(right) for left, right in ("[]", "()", "{}")):
            return "A bracket or a quote of this line has no partner.", line
    known = yaml.safe_load(Path(__file__).with_name("mermaid_advice.yaml").read_text(encoding="utf-8"))
    advice = next((text for pattern, text in known.items() if re.search(pattern, refusal)), "")
    return advice or f"It says: {' '.join(refusal.partition('Expecting')[0].split())[:300]}", reported or 1


def find_boxes(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield the name and the label of each box of a flowchart. Mermaid marks it as `id="…-flowchart-NAME-n"`."""
    for group in root.iter(f"{SVG}g"):
        if match := re.fullmatch(r".*-flowchart-(.+)-\d+", group.get("id", "")):
            yield match[1], read_label(group)
        elif "cluster" in group.get("class", "").split():
            yield group.get("id", "").removeprefix(f"{root.get('id')}-"), read_label(group)


def find_edges(root: ElementTree.Element, boxes: Iterable[str]) -> Edges:
    """Return the lines that lead on from each box. A line is marked as `data-id="L_FROM_TO_n"`."""
    labels = {group.get("data-id", ""): read_label(group) for group in root.iter(f"{SVG}g")}
    pairs = {f"L_{start}_{end}": (start, end) for start in boxes for end in boxes}
    edges: Edges = {name: [] for name in boxes}
    for path in root.iter(f"{SVG}path"):
        mark = path.get("data-id", "")
        start, end = pairs.get(mark.rpartition("_")[0], ("", ""))
        if start:
            edges[start].append((end, f"{labels.get(mark, '')} {'→' if path.get('marker-end') else '–'} ".lstrip()))
    return edges


def find_chain(edges: Edges, ends: list[str]) -> list[str]:
    """Return the boxes in order where they are one chain, without a fork or a label on its lines; else nothing."""
    chain = [name for name in edges if name not in ends][:1]
    for name in chain:  # grows on the way
        [(end, text)] = edges[name] if len(edges[name]) == 1 else [("", "")]
        chain += [end] if text in ("→ ", "– ") and end not in chain else []
    return chain if len(chain) == len(edges) == len(ends) + 1 else []


def read_label(group: ElementTree.Element) -> str:
    rows = ("".join(row.itertext()).strip() for row in group.iter(f"{SVG}tspan") if "row" in row.get("class", ""))
    return " ".join(filter(None, rows))


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
