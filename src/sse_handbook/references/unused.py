"""What nobody uses: labels, glossary terms, sources, videos and laws that are defined and never named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from ..domain import Definition, SSEDomain
from ..warnings import Check, Finding, exact_line

# How a definition is written, in MyST and in reStructuredText.
MARKUP = {"label": ("({})=", ".. _{}:"), "term": ("{}",)}


def note_definitions(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: remember the labels and the terms that a page defines."""
    docname = app.env.current_document.docname
    path = str(app.env.doc2path(docname))
    # A term has an id that begins so: without any, the page need not be searched.
    has_terms = any(anchor.startswith("term-") for anchor in doctree.ids)
    found = [Definition("term", names, path) for names in (_terms(doctree) if has_terms else ())]
    for name, explicit in doctree.nametypes.items():
        node = doctree.ids.get(doctree.nameids.get(name) or "")
        # A figure's name, a footnote or a citation is no label that a contributor wrote for others.
        if explicit and isinstance(node, (nodes.section, nodes.target, nodes.table)):
            found.append(Definition("label", (name,), path))
    if found:
        SSEDomain.of(app.env).definitions[docname] = found


def _terms(doctree: nodes.document) -> Iterator[tuple[str, ...]]:
    for item in doctree.findall(nodes.definition_list_item):
        names = tuple(term.astext() for term in item.findall(nodes.term) if term["ids"])
        if names and "glossary" in item.parent.get("classes", []):
            yield names


def find_unused(env: BuildEnvironment) -> Iterator[Finding]:
    """A finding for each video that no page uses, and for the kinds that `sse_report_unused` names."""
    domain, wanted = SSEDomain.of(env), set(env.config.sse_report_unused)
    references = [each for found in domain.references.values() for each in found]
    used = {(each.kind, each.target.lower()) for each in references}
    used |= {(kind, name) for here, name in used if here == "here" for kind in ("label", "term")}
    for each in (each for found in domain.definitions.values() for each in found if each.kind in wanted):
        if any((each.kind, name.lower()) in used for name in each.names):
            continue
        advice = "Link to it, or delete it." if each.kind == "label" else "Use it on a page, or delete the entry."
        lines = (
            exact_line(each.path, 1, text.format(each.names[0]), each.kind == "term") for text in MARKUP[each.kind]
        )
        line = next(filter(None, lines), None)
        if line:  # what no line of the page holds was generated, and is for nobody to delete
            check = Check.LABEL_UNUSED if each.kind == "label" else Check.TERM_UNUSED
            yield Finding.at(check, f"No page uses the {each.kind} `{each.names[0]}`. {advice}", each.path, line)
    users = domain.users()
    for key, video in domain.register.videos.items():
        if key not in users:
            message = f"No page uses the video `{key}`. Show it on a page, or delete the entry."
            yield Finding.at(Check.VIDEO_UNUSED, message, domain.register.path, video.line)
    for key in domain.laws.laws.keys() - domain.law_places.keys() if domain.law_places else ():
        law = domain.laws.laws[key]
        message = f"No page has the entry of `{key}`. Let a list of laws with `:show: entries` take it in."
        yield Finding.at(Check.LAW_UNUSED, message, law.path, law.line)
    if "source" in wanted and "cite" in env.domains:
        yield from _unused_sources(env, {target for kind, target in used if kind == "source"})


def _unused_sources(env: BuildEnvironment, cited: set[str]) -> Iterator[Finding]:
    data = cast("Any", env.domains["cite"]).bibdata
    for key in data.data.entries:
        if key.lower() in cited:
            continue
        places = [(path, exact_line(path, 1, f"{{{key},")) for path in map(str, data.bibfiles)]
        path, line = next((place for place in places if place[1]), places[0])
        yield Finding.at(Check.SOURCE_UNUSED, f"No page cites the source `{key}`. Cite it, or delete it.", path, line)


def setup(app: Sphinx) -> None:
    """What is defined and used nowhere."""
    app.add_config_value("sse_report_unused", [], "", (list, tuple, set))
    app.connect("doctree-read", note_definitions)
