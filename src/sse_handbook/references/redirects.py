"""Make redirects work, without a script: old anchors on living pages, and small pages where old pages stood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

from ..catalogues import _
from ..domain import SSEDomain
from .anchors import current_routes

# Builders of HTML whose pages have no address of their own.
WITHOUT_PAGES = ("epub", "singlehtml")


@dataclass(frozen=True)
class Moved:
    """What a page at an old address says of one thing that was there: the page itself where `anchor` is empty."""

    anchor: str
    to: str
    link: str
    title: str


def find_templates(app: Sphinx, config: Config) -> None:
    """`config-inited`: our template comes last, so that a project may have its own."""
    config.templates_path = [*config.templates_path, str(Path(__file__).parent.parent / "templates")]


def pages_with_new_redirects(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: settle where each redirect leads, and name the pages to write again because that changed.

    The first page of the book stands for all pages that are gone.
    """
    domain = SSEDomain.of(env)
    current: dict[str, list[tuple[str, str, str]]] = {docname: [] for docname in env.all_docs}
    for old, (new, title) in current_routes(env).items():
        page = old.partition("#")[0]
        current.setdefault(page if page in env.all_docs else env.config.root_doc, []).append((old, new, title))
    changed = [docname for docname, now in current.items() if domain.redirected.get(docname, []) != now]
    domain.redirected.update(current)
    return changed


def keep_old_anchors(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """`doctree-resolved`: on a page that lives, give each redirected anchor its place.

    That is what the anchor became, where this is on the same page, and a note at the top where it is not.
    """
    domain = SSEDomain.of(app.env)
    if not domain.redirects:
        return
    # Builders that write one file have the pages of the whole book in it.
    parts: dict[str, nodes.Element] = {docname: doctree}
    parts |= {part["docname"]: part for part in doctree.findall(addnodes.start_of_file)}
    for name, part in parts.items():
        taken = {each for node in part.findall(nodes.Element) for each in node["ids"]}
        notes: list[nodes.Node] = []
        for old, new, title in domain.redirected.get(name, ()):
            page, _sharp, anchor = old.partition("#")
            # An id that Sphinx made from a heading may have taken the name.
            if page != name or anchor in taken:
                continue
            to, _sharp, target = new.partition("#")
            place = _find(part, target) if to == name else None
            if place is not None:
                place["ids"].append(anchor)
            else:
                notes.append(_note(app.builder, name, anchor, new, title))
        section = _find(part, "")
        if notes and section is not None:
            section[1:1] = notes  # behind the heading
        elif notes:
            part[0:0] = notes


def _find(part: nodes.Element, anchor: str) -> nodes.Element | None:
    """What has an anchor in a page; without an anchor, the page's first section."""
    if not anchor:
        return next(iter(part.findall(nodes.section)), None)
    return next((node for node in part.findall(nodes.Element) if anchor in node["ids"]), None)


def _note(builder: Builder, docname: str, anchor: str, new: str, title: str) -> nodes.paragraph:
    to, _sharp, target = new.partition("#")
    link = make_refnode(builder, docname, to, target, nodes.inline("", title))
    return nodes.paragraph("", "", nodes.Text(_("This part has moved:") + " "), link, ids=[anchor], classes=["moved"])


def old_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """`html-collect-pages`: a page at each address whose page is gone.

    A browser takes the reader on by itself only where that loses nothing. A refresh drops the anchor that was asked
    for, so a page that had any shows where each of them went.
    """
    env, builder = app.env, app.builder
    gone: dict[str, list[Moved]] = {}
    for old, new, title in SSEDomain.of(env).redirected.get(env.config.root_doc, []):
        page, _sharp, anchor = old.partition("#")
        if page not in env.all_docs and builder.name not in WITHOUT_PAGES:
            to, sharp, target = new.partition("#")
            link = builder.get_relative_uri(page, to) + sharp + target
            gone.setdefault(page, []).append(Moved(anchor, new, link, title))
    living = {builder.get_target_uri(docname) for docname in env.all_docs}
    for page, moved in gone.items():
        if builder.get_target_uri(page) in living:
            continue  # where a folder stands for its index, `page` and `page/index` are one
        whole = next((each for each in moved if not each.anchor), None)
        parts = [each for each in moved if each.anchor]
        refresh = whole and not parts
        title = _("Moved: {title}").format(title=whole.title) if whole else _("This page has moved")
        # Words in a template of ours would be gathered for translation in every project.
        words = {"here": _("This page is now here:"), "parts_here": _("Its parts are now here:")}
        yield page, {"whole": whole, "parts": parts, "refresh": refresh, "title": title, **words}, "sse_moved.html"


def setup(app: Sphinx) -> None:
    """Old addresses of pages and anchors, which stay alive."""
    app.connect("config-inited", find_templates)
    app.connect("env-updated", pages_with_new_redirects)
    app.connect("doctree-resolved", keep_old_anchors)
    app.connect("html-collect-pages", old_pages)
