"""Refuse links whose address stands elsewhere on the page: translations print them as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from sphinx.application import Sphinx

from ..domain import SSEDomain
from ..warnings import Check, Finding

# What may be a definition; only then is the page parsed for it.
MAYBE = re.compile(r"^[ >:]*\[[^\]\n]+\]:[ \t]*\S", re.MULTILINE)


def note_link_style(app: Sphinx, docname: str, source: list[str]) -> None:
    """`source-read`: remember a page's definitions of addresses."""
    path = str(app.env.doc2path(docname))
    if app.config.sse_refuse_reference_links and path.endswith(".md"):
        SSEDomain.of(app.env).note(docname, findings=find_definitions(source[0], path))


def find_definitions(text: str, path: str) -> Iterator[Finding]:
    """A finding for each `[name]: address` of a Markdown text, code left out."""
    if not MAYBE.search(text):
        return
    environment: dict[str, Any] = {}
    # As MyST: it knows that `:::` holds code or text of its own.
    create_md_parser(MdParserConfig(enable_extensions={"colon_fence"}), RendererHTML).parse(text, environment)
    for name, definition in environment.get("references", {}).items():
        if name.startswith("^"):
            continue  # a footnote, which this parser does not know
        message = f"`[{name.lower()}]` is defined apart from its links. Write `[text]({definition['href']})` there."
        yield Finding.at(Check.LINK_STYLE, message, path, definition["map"][0] + 1)


def setup(app: Sphinx) -> None:
    """Links that translations lose."""
    app.add_config_value("sse_refuse_reference_links", False, "env", bool)
    app.connect("source-read", note_link_style)
