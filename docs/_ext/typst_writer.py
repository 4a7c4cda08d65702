"""Write a page as Typst markup: calls of the functions in `_pdf/book.typ`, with all text in strings.

A string needs no escaping but its own, so no text of a page can be taken for markup.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
from docutils import nodes
from docutils.utils import get_source_line
from sphinx.locale import admonitionlabels
from sphinx.util.docutils import SphinxTranslator
from typst_drawing import Drawing

OUTSIDE = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
LONGEST_WORD = 24  # in characters; a longer one may be broken where an address may
LEAST_COLUMN, WIDEST_COLUMN = 6, 48  # in characters
LINE_BREAK = '#" "#linebreak()'  # with a space for those who hear it
ZERO_WIDTH_SPACE = "\u200b"
NUMBERING = {"loweralpha": "a.", "upperalpha": "A.", "lowerroman": "i.", "upperroman": "I."}

# What stands before and behind the content of a node, by its tag. A block begins a line of its own.
BLOCKS = {
    "paragraph": ("", "\n"),
    "bullet_list": ("#list(", ")\n"),
    "list_item": ("[", "], "),
    "definition_list": ("#words(", ")\n"),
    "field_list": ("#fields(", ")\n"),
    "block_quote": ("#quote(block: true)[", "]\n"),
    "attribution": ("", "\n"),
    "line": ("", "#linebreak()"),
    "rubric": ("#strip[", "]\n"),
    "caption": ("#caption[", "]\n"),
    "transition": ("#line(length: 100%)", "\n"),
    "tbody": ("(", ")"),
}
INLINES = {
    "emphasis": ("#emph[", "]"),
    "title_reference": ("#emph[", "]"),
    "strong": ("#strong[", "]"),
    "subscript": ("#sub[", "]"),
    "superscript": ("#super[", "]"),
    "definition": ("", "]), "),
    "field_body": ("", "]), "),
}
# What has no place on paper, or is written where the node above it is.
SKIPPED = {
    *("comment", "downloads_here", "index", "label", "meta", "raw", "substitution_definition", "system_message"),
    *("tabular_col_spec", "term", "toctree"),
}


@dataclass(frozen=True)
class Targets:
    """The places that links of the book lead to. A place is named `DOCNAME` or `DOCNAME#ID`.

    `names` gives each place the name of its first id, `links` has the places that each page's links lead to,
    `terms` the names of words in a glossary, and `numbers` the number of each source in the lists of sources.
    """

    names: dict[str, str] = field(default_factory=dict)
    links: dict[str, set[str]] = field(default_factory=dict)
    terms: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)

    def add_page(self, docname: str, doctree: nodes.document) -> None:
        """Note what has an id on a page, and what its links lead to."""
        self.links[docname] = {find_place(docname, node) for node in doctree.findall(nodes.reference)}
        for node in doctree.findall(lambda node: isinstance(node, nodes.Element) and bool(node.get("ids"))):
            first = docname if isinstance(node.parent, nodes.document) else f"{docname}#{node['ids'][0]}"
            self.names.update({f"{docname}#{name}": first for name in node["ids"]})
            if isinstance(node, nodes.term):
                self.terms.add(first)
            elif isinstance(node, nodes.citation):
                self.numbers[first] = len(self.numbers) + 1
        self.names[docname] = docname

    def named_on(self, docname: str) -> set[str]:
        """Return the names of the places that links of a page lead to."""
        return {self.names[place] for place in self.links[docname] if place in self.names}


def find_place(docname: str, node: nodes.Element) -> str:
    """Return the place that a link on a page leads to, or an empty text where it leads out of the book."""
    if "refid" in node:
        return f"{docname}#{node['refid']}"
    uri = node.get("refuri", "")
    return uri.removeprefix("#/") if uri.startswith("#/") else ""


def quote(text: str) -> str:
    r"""Return a text as a string of Typst: `say "no"` gives `"say \"no\""`."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def break_words(text: str) -> str:
    """Return a text in which long addresses and names may go on in the next line."""
    long_word = rf"\S{{{LONGEST_WORD},}}"
    return re.sub(long_word, lambda word: re.sub(r"(?<=[/?&=._#%-])(?=\w)", ZERO_WIDTH_SPACE, word[0]), text)


def shorten(url: str) -> str:
    """Return an address as people write it: `https://example.org/` gives `example.org`."""
    return OUTSIDE.sub("", url).removeprefix("//").rstrip("/")


def column_widths(table: nodes.table, columns: int) -> list[int]:
    """Return how wide each column should be beside the others, in characters: as its longest text, within limits."""
    widths = [LEAST_COLUMN] * columns
    for row in table.findall(nodes.row):
        for column, entry in enumerate(row[:columns]):
            text = re.sub(r"\[[^\]]*\]", "", entry.astext())  # sources are numbers here
            longest_word = max(map(len, re.split(r"[\s/-]", text)))
            widths[column] = max(widths[column], min(longest_word, LONGEST_WORD), min(len(text), WIDEST_COLUMN))
    return widths


def neighbour(node: nodes.Element, step: int) -> nodes.Element | None:
    """Return the node before (-1) or behind (1) one, where it is of the same kind."""
    place = node.parent.index(node) + step
    other = node.parent[place] if 0 <= place < len(node.parent) else None
    return other if isinstance(other, type(node)) else None


def has_laws(node: nodes.Element | None) -> bool:
    """Tell whether a section is that of a country, with an entry for each law."""
    return node is not None and any("law" in part["classes"] for part in node if isinstance(part, nodes.section))


class TypstTranslator(SphinxTranslator):
    """Turns the doctree of one page into Typst: `parts`. `depth` is how deep the page stands in the contents."""

    def __init__(self, document: nodes.document, builder: Any, docname: str, depth: int) -> None:
        super().__init__(document, builder)
        self.docname, self.level = docname, max(depth - 1, 0)
        self.targets: Targets = builder.targets
        self.parts = ['#import "/book.typ": *\n']
        self.line = 2  # of the markup, from 1
        self.origins: list[tuple[int, str, int | None]] = []  # from which line on, the file and line of the page
        self.sources: dict[str, str] = {}  # the entry of each source that this page lists
        self.titled = self.in_head = False

    def add(self, text: str) -> None:
        """Write some markup."""
        self.parts.append(text)
        self.line += text.count("\n")

    def begin(self, node: nodes.Element, text: str) -> None:
        """Begin a block in a line of its own, and note where in the page it comes from."""
        self.add("\n")
        self.origins.append((self.line, *get_source_line(node)))
        self.add(text)

    def find_origin(self, line: int) -> tuple[str, int | None]:
        """Return the file and line of the page that a line of the markup comes from."""
        place = bisect_right(self.origins, line, key=lambda origin: origin[0])
        return self.origins[max(place - 1, 0)][1:]

    def content(self, node: nodes.Element) -> str:
        """Return what a node contains as content of Typst, without writing it."""
        before, line, self.parts = self.parts, self.line, []
        for child in node.children:
            child.walkabout(self)
        written, self.parts, self.line = "".join(self.parts), before, line
        return f"[{written.strip()}]"

    def name(self, node: nodes.Element) -> str:
        """Return the name of a node's place, or an empty text where no link leads to it."""
        name = self.targets.names.get(f"{self.docname}#{node['ids'][0]}", "") if node["ids"] else ""
        return name if name in self.builder.linked else ""

    def anchor(self, node: nodes.Element) -> str:
        """Return the anchor of a node, if a link leads to it."""
        return f"#anchor({quote(self.name(node))})" if self.name(node) else ""

    def unknown_visit(self, node: nodes.Node) -> None:
        """Write what the tables above have for a node, or its content alone: nothing that a page says is lost."""
        if node.tagname in SKIPPED:
            raise nodes.SkipNode
        start = BLOCKS.get(node.tagname, INLINES.get(node.tagname, ("", "")))[0]
        start = f"{self.anchor(node)}{start}" if start.startswith("#") else f"{start}{self.anchor(node)}"
        if node.tagname in BLOCKS:
            self.begin(node, start)
        else:
            self.add(start)

    def unknown_departure(self, node: nodes.Node) -> None:
        self.add(BLOCKS.get(node.tagname, INLINES.get(node.tagname, ("", "")))[1])

    def close(self, node: nodes.Node) -> None:
        """End what was begun with a bracket."""
        self.add("]")

    # Text and links

    def visit_Text(self, node: nodes.Text) -> None:
        text = re.sub(r"[ \t\r\n]+", " ", str(node))
        after = node.next_node(descend=False, siblings=True)
        if isinstance(after, nodes.inline) and "bibtex-citation" in after["classes"]:
            text = text.rstrip(" ")
        if text:
            self.add(f"#{quote(break_words(text))}")

    def visit_literal(self, node: nodes.Element) -> None:
        self.add(f"#raw({quote(break_words(node.astext()))})")
        raise nodes.SkipNode

    visit_math = visit_literal

    def visit_inline(self, node: nodes.inline) -> None:
        if "bibtex-citation" in node["classes"]:
            self.add_citation(node)
            raise nodes.SkipNode
        language = next((name[9:] for name in node["classes"] if name.startswith("language-")), "")
        style = f'text(lang: "{language.partition("-")[0]}")' if re.match(r"[a-z]{2,3}\b", language) else ""
        self.add(f"{self.anchor(node)}#{style}[")

    depart_inline = close

    def add_citation(self, node: nodes.inline) -> None:
        """Write the numbers of the sources that a citation names."""
        names = [self.targets.names.get(find_place(self.docname, link), "") for link in node.findall(nodes.reference)]
        sources = ", ".join(f"({self.targets.numbers.get(name, 0)}, {quote(name)})" for name in names)
        raised = ", raised: false" if len(node.parent) == 1 else ""
        self.add(f"#cited({sources}{raised}{', linked: false' if self.in_head else ''})")

    def visit_reference(self, node: nodes.reference) -> None:
        name, url = self.targets.names.get(find_place(self.docname, node), ""), node.get("refuri", "")
        if self.in_head:  # the head of a table stands on each of its pages; PDF/UA allows no link there
            self.add("#[")
        elif name:
            page = name.partition("#")[0]
            near = page == self.docname or name in self.targets.numbers
            kind = "word" if name in self.targets.terms else "near" if near else "far"
            self.add(f'#to({quote(page)}, {quote(name)}, kind: "{kind}")[')
        elif OUTSIDE.match(url):
            text, address = node.astext().strip(), shorten(url)
            if shorten(text) in (address, re.sub(r"^www\.|[/?#].*", "", address)):
                # The site shows an address by its host, and paper shows all of it.
                self.add(f"#away({quote(url)})[#{quote(break_words(address))}]")
                raise nodes.SkipNode
            noted = not (node.get("sse_card") or isinstance(node.parent, nodes.title))
            self.add(f"#away({quote(url)}{f', note: {quote(break_words(address))}' if noted else ''})[")
        else:
            self.add("#[")

    depart_reference = close

    def visit_footnote_reference(self, node: nodes.footnote_reference) -> None:
        name = find_place(self.docname, node)
        self.add(f"{self.anchor(node)}#super(link(label({quote(name)}))[#{quote(node.astext())}])")
        raise nodes.SkipNode

    def visit_image(self, node: nodes.image) -> None:
        if image := self.builder.images.get(node["uri"]):
            alt = node.get("alt") or Path(node["uri"]).name
            self.begin(node, f"{self.anchor(node)}#picture({quote(f'/images/{image}')}, {quote(alt)})")
        raise nodes.SkipNode

    # Sections and blocks

    def visit_section(self, node: nodes.section) -> None:
        self.level += 1
        if has_laws(node) and not has_laws(neighbour(node, -1)):
            self.begin(node, "#laws[")

    def depart_section(self, node: nodes.section) -> None:
        self.level -= 1
        if has_laws(node) and not has_laws(neighbour(node, 1)):
            self.add("]\n")

    def visit_title(self, node: nodes.title) -> None:
        if isinstance(node.parent, nodes.section):
            function, name = ("section", self.name(node.parent)) if self.titled else ("page-title", self.docname)
            self.titled = True
            self.begin(node, f"#{function}({self.level}, {quote(name)}, {self.content(node)})\n")
        elif not isinstance(node.parent, nodes.table | nodes.Admonition):
            self.begin(node, f"#strip{self.content(node)}\n")
        raise nodes.SkipNode

    def visit_enumerated_list(self, node: nodes.enumerated_list) -> None:
        numbering = NUMBERING.get(node["enumtype"], "1.")
        self.begin(node, f'{self.anchor(node)}#enum(start: {node.get("start", 1)}, numbering: "{numbering}", ')

    def depart_enumerated_list(self, node: nodes.enumerated_list) -> None:
        self.add(")\n")

    def visit_definition_list_item(self, node: nodes.definition_list_item) -> None:
        terms = (f"{self.anchor(term)}#{self.content(term)}" for term in node.findall(nodes.term))
        self.begin(node, f"terms.item([{LINE_BREAK.join(terms)}], [")

    def visit_field_name(self, node: nodes.field_name) -> None:
        self.begin(node, f'terms.item([#{self.content(node)}#":"], [')
        raise nodes.SkipNode

    def visit_literal_block(self, node: nodes.literal_block) -> None:
        self.begin(node, f"{self.anchor(node)}#code({quote(break_words(node.astext()))})\n")
        raise nodes.SkipNode

    visit_doctest_block = visit_math_block = visit_literal_block

    def visit_Admonition(self, node: nodes.Element) -> None:
        title = node.next_node(nodes.title)
        shown = self.content(title) if title else f"[#{quote(str(admonitionlabels.get(node.tagname, node.tagname)))}]"
        self.begin(node, f"{self.anchor(node)}#note({shown})[")

    def depart_Admonition(self, node: nodes.Element) -> None:
        self.add("]\n")

    def visit_container(self, node: nodes.container) -> None:
        link = node.next_node(nodes.reference)
        if "video-card" in node["classes"] and link is not None:
            url, picture = link["refuri"], BytesIO()
            segno.make(url, error="m", micro=False).save(picture, kind="png", scale=8, border=0)
            path, alt = self.builder.add_image(picture.getvalue(), ".png"), self.builder.qr_label.format(address=url)
            code = f"{quote(path)}, {quote(alt)}, {quote(break_words(url))}"
            self.begin(node, f"{self.anchor(node)}#card({quote(url)}, {code})[")
        else:
            self.begin(node, f"{self.anchor(node)}#[")

    depart_container = depart_Admonition

    def visit_citation(self, node: nodes.citation) -> None:
        name = f"{self.docname}#{node['ids'][0]}"
        self.sources[name] = f"#source({self.targets.numbers[name]}, {quote(name)}){self.content(node)}"
        start, end = neighbour(node, -1) is None, neighbour(node, 1) is None
        self.begin(node, f"{'#sources[' if start else ''}{self.sources[name]}{']' if end else ''}\n")
        raise nodes.SkipNode

    def visit_footnote(self, node: nodes.footnote) -> None:
        number = node[0].astext() if isinstance(node[0], nodes.label) else ""
        name = f"{self.docname}#{node['ids'][0]}"
        self.begin(node, f"#source({quote(number)}, {quote(name)}){self.content(node)}\n")
        raise nodes.SkipNode

    # Tables

    def visit_table(self, node: nodes.table) -> None:
        title, columns = node.next_node(nodes.title), list(node.findall(nodes.colspec))
        self.stubs = [bool(column.get("stub")) for column in columns]
        widths = "".join(f"{width}fr, " for width in column_widths(node, len(columns)))
        title = f"title: {self.content(title)}, " if title else ""
        self.begin(node, f"{self.anchor(node)}#wide-table({title}({widths}), ")
        self.add("" if node.next_node(nodes.thead) else "(), ")

    def depart_table(self, node: nodes.table) -> None:
        self.add(")\n")

    def visit_thead(self, node: nodes.thead) -> None:
        self.in_head = True
        self.add("(")

    def depart_thead(self, node: nodes.thead) -> None:
        self.in_head = False
        self.add("), ")

    def visit_entry(self, node: nodes.entry) -> None:
        spans = f"colspan: {node.get('morecols', 0) + 1}, rowspan: {node.get('morerows', 0) + 1}"
        heads = self.stubs[min(node.parent.index(node), len(self.stubs) - 1)] and not self.in_head
        self.begin(node, f"table.cell({spans})[{'#strong' if heads else '#'}[")

    def depart_entry(self, node: nodes.entry) -> None:
        self.add("]], ")

    # Diagrams

    def visit_mermaid(self, node: nodes.Element) -> None:
        if "svg" in node:
            drawing = Drawing(node["svg"], self.builder.fonts[0])
            boxes = "".join(f"({x}, {y}, {w}, {h}, {self.link(to)}), " for x, y, w, h, to in drawing.boxes)
            files = ((start, end, self.builder.add_image(svg.encode(), ".svg")) for start, end, svg in drawing.strips)
            strips = "".join(f"({start}, {end}, {quote(path)}), " for start, end, path in files)
            call = f"#drawing({quote(drawing.alt)}, {drawing.width}, ({boxes}), ({strips}))"
            self.begin(node, f"{self.anchor(node)}{call}\n")
        raise nodes.SkipNode

    def link(self, target: str) -> str:
        """Return what makes a link of a node of a diagram: a function of its content."""
        labels = self.builder.env.domains.standard_domain.anonlabels
        docname, anchor = labels.get(target[1:].lower(), ("", ""))
        name = self.targets.names.get(f"{docname}#{anchor}" if anchor else docname, "")
        if name in self.builder.linked:
            return f'to.with({quote(name.partition("#")[0])}, {quote(name)}, kind: "near")'
        return f"link.with({quote(target)})" if OUTSIDE.match(target) else "box"

    def visit_diagram_words(self, node: nodes.Element) -> None:
        self.begin(node, f"#strip[#{quote(self.builder.words_label)}]\n")
