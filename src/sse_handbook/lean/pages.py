"""The theme `sse_lean`: the book theme's pages, which work without a script, and say nothing twice.

`finish` makes the files that all pages share; the templates are in `themes/sse_lean`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from babel import Locale
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment.adapters.toctree import document_toc

from ..catalogues import _
from .words import AnyLanguage

THEMES = str(Path(__file__).parent.parent / "themes")
NAME = "sse_lean"
STYLES = "sse-lean.css"
OWN = re.compile(r"_static/sse-[\w-]+\.js")
# What Sphinx and the book theme load for menus and searches that this theme has without them.
UNUSED = {
    *("_static/documentation_options.js", "_static/doctools.js", "_static/sphinx_highlight.js"),
    *("_static/translations.js", "_static/scripts/sphinx-book-theme.js"),
}
# A picture in a stylesheet or an icon may stand in the address itself; drawings bring styles of their own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'self'"
)
# Written by Sphinx for stylesheets that count rows: ours has `:nth-child`. They make a tenth of a page of laws.
ODD_OR_EVEN = re.compile(r'(?: class="(?:row|field)-(?:odd|even)"| (?:row|field)-(?:odd|even)(?="))')
CURRENT = re.compile(r'<a class="current reference internal" href="#"')
LARGEST_ICON = 1000  # bytes, to stand in each page
# What a browser or the rules of HTML want otherwise than Sphinx and docutils write it.
MENDED = {
    ' role="doc-biblioentry"': ' role="listitem"',
    ' role="graphics-document document"': ' role="document"',  # the Nu checker knows one role for an element
    # They scroll, and the keyboard must reach what does.
    "<pre>": '<pre tabindex="0">',
    '<pre class="literal-block">': '<pre class="literal-block" tabindex="0">',
}
VIEWPORT = re.compile(r'<meta [^>]*name="viewport"[^>]*>\s*')  # the template has it


def site(app: Sphinx) -> StandaloneHTMLBuilder | None:
    """The builder, where it writes pages of this theme."""
    builder = app.builder
    return builder if isinstance(builder, StandaloneHTMLBuilder) and _theme(builder) == NAME else None


def _theme(builder: StandaloneHTMLBuilder) -> str:
    return str(getattr(builder.theme, "name", ""))


def lighten(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """`doctree-resolved`: leave out what a page says twice.

    A citation's tooltip repeats the list of sources, a tap away; the keys of that list mean nothing to a reader; an
    address that is shown in full is shown by its host, for its link has the rest.
    """
    if not site(app):
        return
    for link in [*doctree.findall(nodes.reference)]:
        address = link.get("refuri", "")
        if "bibtex-citation" in link.parent.get("classes", ()):
            link.attributes.pop("reftitle", None)
        elif link.astext() == address and (host := urlsplit(address).netloc.removeprefix("www.")):
            link.children = [nodes.Text(host)]
    for source in doctree.findall(nodes.citation):
        source.children = [each for each in source.children if not isinstance(each, nodes.label)]


def fill(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """`html-page-context`: give the templates what they show."""
    builder, config = site(app), app.config
    if not builder:
        return
    files = ((getattr(each, "filename", ""), each) for each in context["script_files"])
    scripts = {str(name): each for name, each in files if name and str(name) not in UNUSED}
    # Scripts of this extension travel together: one request.
    own = ["_static/sse-lean.js", *(each for each in scripts if OWN.fullmatch(each))]
    collapse = context["theme_collapse_navbar"] in (True, "true", "True")
    tree = context["toctree"](collapse=collapse, includehidden=True, titles_only=True)
    base, picture = config.html_baseurl, context["theme_share_image"]
    if "body" in context:
        context["body"] = ODD_OR_EVEN.sub("", context["body"])
        for wrong, right in MENDED.items():
            context["body"] = context["body"].replace(wrong, right)
    context["metatags"] = VIEWPORT.sub("", context.get("metatags") or "")
    context["_"] = _  # in our templates, our own words
    context["rtl"] = Locale.parse(app.config.language.replace("-", "_")).text_direction == "rtl"
    context["lean"] = {
        "policy": POLICY,
        "script": "+".join(Path(each).stem for each in own) + ".js",
        "scripts": [each for name, each in scripts.items() if name not in own],
        "icon": icon(app),
        "suffix": builder.link_suffix if builder.name == "html" else "/",
        "description": description(doctree) or context["theme_description"],
        "tree": CURRENT.sub('<a aria-current="page" href="#"', tree or ""),
        "parts": parts(builder, name) if doctree is not None else "",
        # A host shows this page at any address.
        "base": base if name == "404" else "",
        "picture": urljoin(base, f"_static/{picture}") if base and picture else "",
    }


def icon(app: Sphinx) -> str:
    """The book's icon, as an address that holds it whole: it costs no request. Empty where it is large or a URL."""
    path = Path(app.srcdir, app.config.html_favicon or "")
    if path.suffix != ".svg" or not path.is_file() or path.stat().st_size > LARGEST_ICON:
        return ""
    return f"data:image/svg+xml,{quote(path.read_text(encoding='utf-8').strip(), safe='=:/')}"


def description(doctree: nodes.document | None) -> str:
    """What a page says of itself: its first paragraph."""
    first = doctree.next_node(nodes.paragraph) if doctree is not None else None
    return " ".join(first.astext().split()) if first else ""


def parts(builder: StandaloneHTMLBuilder, name: str) -> str:
    """The headings of a page below its title, as HTML; empty where there are none."""
    contents = document_toc(builder.env, name, builder.tags)
    below = contents.next_node(nodes.bullet_list, descend=True) if contents.children else None
    return builder.render_partial(below)["fragment"] if below else ""


class Scrolling:
    """Mixin for the writer of pages: a table stands in a box that the keyboard can reach and move, and that has a name.

    With large letters on a phone, any table may be wider than the page.
    """

    def visit_table(self, node: nodes.table) -> None:
        here: Any = self
        start = len(here.body)
        super().visit_table(node)  # type: ignore[misc]
        title, head = node.next_node(nodes.title), node.next_node(nodes.thead)
        said = (
            title.astext() if title else ", ".join(each.astext() for each in head.findall(nodes.entry)) if head else ""
        )
        here.tables = getattr(here, "tables", 0) + 1
        name = _("Table {number}: {about}").format(number=here.tables, about=said)
        box = here.starttag({}, "div", "", tabindex="0", role="region", **{"aria-label": name})
        here.body[start] = here.body[start].replace("<div ", f"{box[:-1]} ", 1)


def write_scrolling_tables(app: Sphinx) -> None:
    """`builder-inited`, behind the book theme, which puts each table in a box that scrolls."""
    if site(app):
        writer = app.registry.get_translator_class(app.builder)
        app.set_translator(app.builder.name, type("LeanTranslator", (Scrolling, writer), {}), override=True)


def more_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """`html-collect-pages`: the page that a host shows where there is none."""
    if site(app):
        yield "404", {}, "404.html"


def setup(app: Sphinx) -> None:
    """The theme, and what its templates show."""
    app.add_html_theme(NAME, str(Path(THEMES, NAME)))
    app.add_search_language(AnyLanguage)
    app.connect("builder-inited", write_scrolling_tables, priority=900)
    app.connect("doctree-resolved", lighten)
    app.connect("html-page-context", fill, priority=900)
    app.connect("html-collect-pages", more_pages)
