"""Offer the book's other formats: on each page of the site, and in a box where `{sse:downloads}` stands.

Only what has been built is offered. Its size is measured, and it is copied into the site beside the pages.
"""

from __future__ import annotations

import filecmp
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from ..catalogues import _, of_register
from ..domain import SSEDomain

SITES = ("html", "dirhtml")
FOLDER = "downloads"


@dataclass(frozen=True)
class Download:
    """A file that is offered: where it is, its name, what it is good for, its size, and the one chapter it is for."""

    path: Path
    name: str
    good_for: str
    size: str
    chapter: str


class downloads_here(nodes.General, nodes.Element):
    """Stands where the downloads are offered, until the page is written."""


class DownloadBox(SphinxDirective):
    """`{sse:downloads}`: what can be downloaded; nothing in other formats, or where nothing has been built."""

    def run(self) -> list[nodes.Node]:
        return [downloads_here()]


def measured(size: int) -> str:
    """A size in bytes as phones and data plans show it: `87 KB`, `1.2 MB`."""
    return f"{size / 1e6:.1f} MB" if size >= 999_500 else f"{max(round(size / 1e3), 1)} KB"


def find(app: Sphinx) -> list[Download]:
    """What can be offered now; `{chapter}` in the name of a file stands for the name of each folder and page.

    Raises `ConfigError` where the settings cannot be understood.
    """
    settings, only = app.config.sse_downloads, app.config.sse_downloads_only
    if unknown := set(only) - set(settings):
        raise ConfigError(f"sse_downloads_only: sse_downloads has no {', '.join(sorted(unknown))}.")
    found = []
    for key, entry in settings.items():
        if not (isinstance(entry, (tuple, list)) and len(entry) == 3 and all(isinstance(each, str) for each in entry)):
            raise ConfigError(f"sse_downloads[{key!r}]: give three texts: a file, its name, and what it is good for.")
        file, name, good_for = entry
        chapters = {chapter for docname in app.env.all_docs for chapter in _chapters(docname)}
        for chapter in sorted(chapters) if "{chapter}" in file else [""]:
            path = Path(app.confdir, file.replace("{chapter}", chapter)).resolve()
            if path.is_file() and (not only or key in only):
                said = of_register(name), of_register(good_for)
                found.append(Download(path, *said, measured(path.stat().st_size), chapter))
    return found


def chapter_name(docname: str) -> str:
    """What the file of a chapter is named after: `policy/laws/index` gives `policy-laws`."""
    return re.sub(r"[^a-z0-9]+", "-", docname.removesuffix("/index").lower()).strip("-")


def _chapters(docname: str) -> list[str]:
    """The chapters that a page may be in, the nearest first: it may be one itself, and stand in folders that are."""
    parts = docname.split("/")
    return [chapter_name("/".join(parts[:end])) for end in range(len(parts), 0, -1) if len(parts) > 1]


def pages_with_other_offers(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: settle what this build offers; all pages are written again where that changed."""
    domain, builder = SSEDomain.of(env), app.builder.name
    if builder not in SITES:
        return []
    domain.downloads = find(app)
    offered = domain.data["offered"]  # by builder, what its pages last offered
    if offered.get(builder, []) == domain.downloads:
        return []
    offered[builder] = domain.downloads
    return sorted(env.all_docs)


def offer_below(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """`html-page-context`: offer the downloads at the foot of a page that has no box of its own."""
    if doctree is not None and app.builder.name in SITES and not next(iter(doctree.findall(downloads_here)), None):
        context["body"] += render(app.builder, name)


def render(builder: Builder, docname: str) -> str:
    """The offer as HTML for a page; nothing where there is none."""
    downloads = SSEDomain.of(builder.env).downloads if builder.name in SITES else []
    here = builder.get_target_uri(docname)
    made = {each.chapter for each in downloads}
    nearest = next((each for each in _chapters(docname) if each in made), "")
    rows = [
        (relative_uri(here, quote(f"{FOLDER}/{each.path.name}")), each)
        for each in downloads
        if each.chapter in ("", nearest)
    ]
    # Words in a template of ours would be gathered for translation in every project.
    words = {"title": _("Take this book with you"), "label": _("Downloads")}
    return builder.templates.render("sse_downloads.html", {"rows": rows, **words}) if rows else ""


def visit_box(translator: Any, node: downloads_here) -> None:
    """Write the offer into the page."""
    translator.body.append(render(translator.builder, translator.builder.current_docname))
    raise nodes.SkipNode


def skip(translator: Any, node: downloads_here) -> None:
    """Offer nothing: who reads this format has downloaded it."""
    raise nodes.SkipNode


VISITORS: Any = {"html": (visit_box, None), **dict.fromkeys(("latex", "text", "man", "texinfo"), (skip, None))}


def copy(app: Sphinx, exception: Exception | None) -> None:
    """`build-finished`: put what the pages offer beside them."""
    if exception or app.builder.name not in SITES:
        return
    for each in SSEDomain.of(app.env).downloads:
        target = Path(app.outdir, FOLDER, each.path.name)
        if not (target.is_file() and filecmp.cmp(each.path, target, shallow=False)):
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(each.path, target)


def setup(app: Sphinx) -> None:
    """The offer of other formats on the pages of the site."""
    app.add_config_value("sse_downloads", {}, "html", dict)
    app.add_config_value("sse_downloads_only", [], "html", list)
    app.add_directive_to_domain("sse", "downloads", DownloadBox)
    app.add_node(downloads_here, **VISITORS)
    app.connect("env-updated", pages_with_other_offers)
    app.connect("html-page-context", offer_below)
    app.connect("build-finished", copy)
