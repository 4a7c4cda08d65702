"""From a page's doctree to Typst (`PageWriter`, no docutils visitor): calls of functions of `_pdf/book.typ` and Typst.

A string needs no escaping but its own, so no text of a page can be taken for markup.
"""

import re
from io import BytesIO
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any

import segno
import yaml
from book_checks import BookCheck
from docutils import nodes
from docutils.utils import get_source_line
from sphinx.locale import _, admonitionlabels

from sse_handbook.warnings_ import warn

UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")  # no paper shows them, or lines end there
OUTSIDE = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
# What stands before and behind the content of a node, by its tag.
AROUND = yaml.safe_load((Path(__file__).parent.parent / "_pdf/markup.yaml").read_text(encoding="utf-8"))
LISTS = {"footnote": "notes", "citation": "sources"}  # the function of the template that sets a list of them
WIDTHS = (459, 757)  # of a sheet, upright and turned, in points
PARTED = re.compile(r"(?<!\w)(?![A-Z]{2})([^\W\d_]{9})[^\W\d_]{1,11}(?!\w)")  # a long word, and its longest part
APART = re.compile(r"[\s\u200b–—\u0e00-\u0e7f\u3000-\u9fff]|[-/](?!\d)")  # in Thai, as in Chinese, lines end anywhere
# What has no place on paper, or is written where the node above it is.
SKIPPED = {"comment", "index", "label", "substitution_definition", "toctree"}


def find_place(docname: str, node: nodes.Element) -> str:
    """Return the place that a link on a page leads to, or an empty text where it leads out of the book."""
    uri = node.get("refuri", "")
    return f"{docname}#{node['refid']}" if "refid" in node else uri[1:] if uri.startswith("/") else ""


def quote(text: str) -> str:
    r"""Return a text as a string of Typst: `say "no"` gives `"say \"no\""`."""
    text = UNSEEN.sub(" ", text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def break_words(text: str) -> str:
    """Return a text in which long addresses and names may go on in the next line."""
    may_break = r"(?<=[/?&=._#%-])(?=\w)|(?<=\w{50})(?=\w)"
    return re.sub(r"\S{24,}", lambda word: re.sub(may_break, "\u200b", word[0]), text)  # a space of no width


def count_letters(cell: nodes.Node) -> int:
    """Return how many letters of a cell stay together at most: Typst parts words; no capitals, figures or code."""
    texts = (text if text.parent.tagname == "literal" else PARTED.sub(r"\1", text) for text in cell.findall(nodes.Text))
    return max([1, *(len(part) for text in texts for part in APART.split(break_words(text)))])


class PageWriter:
    """Turns the doctree of one page into Typst: the method `write_TAG` returns the markup of a node."""

    def __init__(self, builder: Any, docname: str, depth: int) -> None:
        self.builder, self.docname, self.level = builder, docname, max(depth - 1, 0)
        # The head of a table stands on each page of it, and PDF/UA allows no link there.
        self.titled = self.in_head = False

    def write(self, node: Any) -> str:
        """Return the markup of a node, or that of its content alone: nothing that a page says is lost."""
        kind = "admonition" if isinstance(node, nodes.Admonition) else node.tagname.strip("#").lower()
        if kind in SKIPPED:
            return ""
        start, end = AROUND.get(kind, ("", ""))
        method = getattr(self, f"write_{kind}", None)
        name = self.anchor(node) if not method and start[:1] != "\n" else ""  # a block has it before it
        text: str = method(node) if method else f"{start}{name}{self.inside(node)}{end}"
        # Each block begins with its line in the page, as a comment: faults are told there.
        if text.startswith("\n") and not isinstance(node, nodes.section | nodes.document):
            anchor = "" if isinstance(node, nodes.citation | nodes.footnote) else self.anchor(node)
            text = f"\n/*{get_source_line(node)[1] or ''}*/{anchor}{text[1:]}"
        return text

    def inside(self, node: Any) -> str:
        groups = groupby(node.children, lambda child: LISTS.get(child.tagname, ""))
        parts = ((function, "".join(map(self.write, group))) for function, group in groups)
        text = "".join(f"#{function}[{text}]" if function else text for function, text in parts)
        language = re.search(r"\blanguage-([a-z]{2,3})\b", " ".join(node["classes"]))  # not the page's own
        return f'#text(lang: "{language[1]}")[{text}]' if language else text

    def anchor(self, node: Any, first: int = 0) -> str:
        """Return the names of a node; the head of a table, which stands on each page of it, has none."""
        names = [f"{self.docname}#{name}" for name in node["ids"][first:] if not self.in_head]
        return "".join(f"#anchor({quote(name)})" for name in names)

    def write_text(self, node: nodes.Text) -> str:
        text = re.sub(r"[ \t\r\n]+", " ", node.astext())
        return f"#{quote(break_words(text))}" if text else ""

    def write_literal_block(self, node: nodes.literal_block) -> str:
        return f"\n#code({quote(break_words(node.astext()))})\n"

    def write_reference(self, node: nodes.reference) -> str:
        place, url = find_place(self.docname, node), node.get("refuri", "")
        if self.in_head or not (place or OUTSIDE.match(url)):
            return self.inside(node)
        if place:
            near = ", near: true" if place.partition("#")[0] == self.docname else ""
            return f"#to({quote(place)}{near})[{self.inside(node)}]"
        shown, address = (OUTSIDE.sub("", text.strip()).removeprefix("//").rstrip("/") for text in (node.astext(), url))
        how = ", noted: false" if node.get("of_card") or isinstance(node.parent, nodes.title) else ""
        how += ", listed: true" if isinstance(node.parent.parent, nodes.footnote) else ""
        return f"#away({quote(url)}, {quote(break_words(address))}, {quote(shown)}{how})[{self.inside(node)}]"

    def write_footnote_reference(self, node: nodes.footnote_reference) -> str:
        how = ", first: false" if isinstance(node.previous_sibling(), nodes.footnote_reference) else ""
        how += ", linked: false" if self.in_head else ""
        return f"{self.anchor(node)}#cited({quote(find_place(self.docname, node))}{how})[#{quote(node.astext())}]"

    def write_image(self, node: nodes.image) -> str:
        file, alt = Path(self.builder.srcdir, node["uri"]), node.get("alt") or Path(node["uri"]).name
        source = quote(node["uri"])  # of what is no file here Typst says so: a build asks nothing from another site
        if file.suffix == ".svg" and file.is_file():
            source = f"bytes({quote(file.read_text(encoding='utf-8', errors='replace'))})"
        elif file.is_file():
            source = quote(self.builder.add_image(file.read_bytes(), file.name))
        return f"\n#image({source}, alt: {quote(alt)})"

    def write_section(self, node: nodes.section) -> str:
        self.level += 1
        text = self.inside(node)
        self.level -= 1
        return text

    def write_title(self, node: nodes.title) -> str:
        if not isinstance(node.parent, nodes.section):
            return f"\n#strip[{self.inside(node)}]\n"
        function, names = ("section" if self.titled else "page-title"), self.anchor(node.parent, 1)
        name = f"{self.docname}#{node.parent['ids'][0]}" if self.titled else self.docname
        self.titled = True
        return f"\n#{function}({self.level}, {quote(name)})[{names}{self.inside(node)}]\n"

    def write_enumerated_list(self, node: nodes.enumerated_list) -> str:
        return f"\n#enum(start: {node.get('start', 1)}, {self.inside(node)})\n"

    def write_admonition(self, node: nodes.Element) -> str:
        if not isinstance(node[0], nodes.title):
            node.insert(0, nodes.title("", str(admonitionlabels[node.tagname])))
        function = "folded" if node.get("collapsible") else "note"
        return f"\n#{function}([{self.inside(node[0])}])[{''.join(map(self.write, node[1:]))}]\n"

    def write_container(self, node: nodes.container) -> str:
        call, link = "", node.next_node(nodes.reference)
        if "video-card" in node["classes"] and link is not None:
            url, code = link["refuri"], BytesIO()
            segno.make(url, error="m", micro=False).save(code, kind="png", scale=8, border=0)
            path, alt = self.builder.add_image(code.getvalue(), "code.png"), _("QR code: {address}").format(address=url)
            call = f"card({quote(url)}, {quote(path)}, {quote(alt)}, {quote(break_words(url))})"
        return f"\n#{call}[{self.inside(node)}]\n"

    def write_citation(self, node: nodes.Element) -> str:
        name, label = f"{self.docname}#{node['ids'][0]}", node.next_node(nodes.label)
        back = "".join(f", back: {quote(f'{self.docname}#{first}')}" for first in node["backrefs"][:1])
        number = label.astext() if isinstance(node, nodes.footnote) and label else ""
        return f"\n#source({quote(number)}, {quote(name)}{back})[{self.inside(node).strip()}]\n"

    write_footnote = write_citation

    def write_table(self, node: nodes.table) -> str:
        title, head, body = (node.next_node(kind) for kind in (nodes.title, nodes.thead, nodes.tbody))
        stubs = [column.get("stub", 0) for column in node.findall(nodes.colspec)]
        rows = (map(count_letters, row) for row in node.findall(nodes.row))
        letters = [max(column) for column in zip_longest(*rows, [1] * len(stubs), fillvalue=1)]
        room, need = WIDTHS[isinstance(node.parent, nodes.section)], sum(5 * count + 8 for count in letters)
        if need > room:
            held, size = len(stubs) * room // need, 9 * (room - 8 * len(stubs)) / (5 * sum(letters))
            message = f"A sheet holds {held} columns like these in letters of 9 points; here they have {size:.1f}."
            warn(BookCheck.PDF, f"{message} Make two tables of it.", *get_source_line(node))
        how = f"title: [{self.inside(title)}], " if title else ""
        how += f"stubs: {sum(stubs)}, letters: {tuple(letters)}, room: {room}pt, "
        names = "".join(map(self.anchor, head.findall(nodes.footnote_reference))) if head else ""
        self.in_head = True
        heads = self.inside(head) if head else ""
        self.in_head = False
        return f"\n{names}#wide-table({how}({heads}), ({self.inside(body) if body else ''}))\n"

    def write_entry(self, node: nodes.entry) -> str:
        spans = f"colspan: {node.get('morecols', 0) + 1}, rowspan: {node.get('morerows', 0) + 1}"
        return f"table.cell({spans})[{self.inside(node)}], "

    def write_raw(self, node: nodes.raw) -> str:
        if "diagram" not in node["classes"]:
            return "\n#strip(settings.texts.diagram)\n" if node.get("heads") else ""
        return f"\n#drawing({quote(node.astext())})\n"
