"""HTML beyond templates: tables, icons, search index, bare links as hosts; in all formats, marks untranslated text."""

import re
import unicodedata
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.search.en import SearchEnglish

# Python's `\w` knows no marks: it would cut each Devanagari word at its vowel signs. Japanese and Chinese set no spaces
# between words: there each character counts as one.
MARKS = "".join(character for character in map(chr, range(0x300, 0xFFFF)) if unicodedata.category(character)[0] == "M")
NO_SPACES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(f"[{NO_SPACES}]|(?:(?![{NO_SPACES}])[\\w{MARKS}])+")
NUMBER = re.compile(r"^[a-z]([0-9]{3})$|^([0-9]{4})$")  # they have a mark: Sphinx leaves numbers out
ICONS = Path(__file__).parent.parent / "_icons"


class AnyLanguage(SearchEnglish):
    """`html_search_language = "any"`: English endings fold together, accents count for nothing, every word is found."""

    lang, stopwords = "any", frozenset()

    def split(self, input: str) -> list[str]:
        """Part the text of a page; `splitQuery` in `search.js.jinja` parts what a reader types in the same way."""
        folded = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", input))
        words = WORD.findall(unicodedata.normalize("NFC", folded).lower().replace("co-op", "coop"))
        return [part for word in words for part in NUMBER.sub(r"\g<0> _\1\2", word).split()]


class AccessibleTables:
    """Mixin for writers of HTML: a table is in a box with a name, and a wide one is a list on a phone."""

    body: list[str]
    tables = 0
    labels: tuple[str, ...] = ()

    def visit_table(self, node: nodes.table) -> None:
        title, head = node.next_node(nodes.title), node.next_node(nodes.thead)
        heads = [entry.findall(nodes.Text) for entry in head.findall(nodes.entry)] if head else []
        columns = ["".join(text for text in texts if text.parent.tagname != "footnote_reference") for texts in heads]
        # A form to write in, with empty cells and boxes to tick, stays a table.
        texts = ["" if "morecols" in entry else entry.astext().strip(" ☐") for entry in node.findall(nodes.entry)]
        wide = len(columns) > 3 or (len(columns) == 3 and sum(map(len, texts)) > 29 * len(texts))  # long cells
        self.labels = tuple(columns) if wide and all(texts) else ()
        node["classes"] += ["stacked"] if self.labels else []
        about = title.astext() if title else ", ".join(columns)
        self.tables += 1
        name = _("Table {number}: {about}").format(number=self.tables, about=about)
        # The book theme's own writer has put the box around the table; an EPUB has none.
        box, start = f'<div tabindex="0" role="region" aria-label="{escape(name)}" ', len(self.body)
        super().visit_table(node)  # type: ignore[misc]  # of the writer that this is mixed into
        self.body[start:] = ["".join(self.body[start:]).replace("<div ", box, 1)]

    def visit_entry(self, node: nodes.entry) -> None:
        super().visit_entry(node)  # type: ignore[misc]  # likewise
        if self.labels and (column := node.parent.index(node)):
            self.body[-1] = self.body[-1].replace("<td", f'<td data-label="{escape(self.labels[column])}"', 1)


def add_accessible_tables(app: Sphinx) -> None:
    """`builder-inited`, behind the book theme, whose writer puts each table in a box."""
    if app.builder.format == "html":
        writer = app.registry.get_translator_class(app.builder)
        app.set_translator(app.builder.name, type("Writer", (AccessibleTables, writer), {}), override=True)


def shorten_sources(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """`doctree-resolved`: show of an address its host, and of the bibliography no keys; draw the icons."""
    if app.builder.format != "html" or app.builder.name == "epub":
        return
    for link in doctree.findall(nodes.reference):
        address = link.get("refuri", "")
        host = urlsplit(address).netloc.removeprefix("www.")
        if host and (link.astext() == address or "github" in link["classes"]):  # to which the book theme adds a name
            link.children = [nodes.Text(host)]
    for source in doctree.findall(nodes.citation):
        source.children = [child for child in source.children if not isinstance(child, nodes.label)]
        source["ids"] = []  # a number leads to the list of its own page
        source["classes"].append("no-search")  # these words of many languages would be a fifth of the index
    for icon in [node for node in doctree.findall(nodes.inline) if node["classes"][:1] == ["icon"]]:
        drawing = Path(ICONS, f"{icon['classes'][1]}.svg").read_text(encoding="utf-8").strip()
        icon.parent.replace(icon, nodes.raw("", drawing, format="html"))


def read_icon(name: str, rawtext: str, text: str, line: int, inliner: Any, *_more: Any) -> tuple[list[Any], list[Any]]:
    """The role `icon`: a drawing of `_icons` before a text that says the same, on the site alone."""
    if not Path(ICONS, f"{text}.svg").is_file():
        return [], [inliner.reporter.warning(f"There is no icon `{text}` in docs/_icons.", line=line)]
    return [nodes.inline(classes=["icon", text])], []


def mark_english(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: Sphinx has noted of each passage whether it is translated."""
    for node in doctree.findall(nodes.Element):
        if node.get("translated") is False:
            node["classes"].append("language-en")  # docutils writes it as `lang`
    section, progress = doctree.next_node(nodes.section), doctree.get("translation_progress")  # none for `gettext`
    if app.config.language != "en" and section and progress and progress["translated"] < progress["total"]:
        text = _("{translated} of {total} passages of this page are translated.").format(**progress)
        section.insert(1, nodes.paragraph("", text, classes=["translation"]))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_search_language(AnyLanguage)
    app.add_role("icon", read_icon)
    app.connect("builder-inited", add_accessible_tables, priority=900)
    app.connect("doctree-read", mark_english)
    app.connect("doctree-resolved", shorten_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
