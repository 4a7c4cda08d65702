"""What pages name of the register of videos, until its room is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils import get_source_line
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains import Domain
from sphinx.environment import BuildEnvironment

from ..domain import Reference, SSEDomain
from ..warnings import Check, Finding, did_you_mean, exact_line

CHECKS = {"video": Check.VIDEO_UNKNOWN}


def note_references(app: Sphinx, doctree: nodes.document) -> None:
    docname = app.env.current_document.docname
    found: list[Reference] = []
    for node in doctree.findall(addnodes.pending_xref):
        if node.get("refdomain") == "sse" and node["reftype"] in CHECKS:
            source, line = get_source_line(node)
            kind, target = node["reftype"], node["reftarget"]
            path = source or str(app.env.doc2path(docname))
            found.append(Reference(kind, target, path, line, target, node.get("check", CHECKS[kind].value)))
    SSEDomain.of(app.env).note(docname, found)


def find_missing(env: BuildEnvironment) -> Iterator[Finding]:
    domain = SSEDomain.of(env)
    known: dict[str, dict[str, Any]] = {"video": domain.register.videos}
    broken = {"video": domain.register.broken}
    for references in domain.references.values():
        for each in references:
            if each.kind not in known or each.target in known[each.kind] or broken[each.kind] or not each.check:
                continue
            hint = did_you_mean(each.target, known[each.kind]) or f" Add it to the register of {each.kind}s."
            line = (exact_line(each.path, each.line, each.text) if each.text else None) or each.line
            yield Finding(each.path, line or 1, each.check, f"No {each.kind} has the key `{each.target}`.{hint}")


def is_told(app: Sphinx, domain: Domain | None, node: addnodes.pending_xref) -> bool | None:
    return True if domain and domain.name == "sse" and node["reftype"] in CHECKS else None


def label_link(
    label: str, content: nodes.Node, check: Check, place: Path, line: int, docname: str
) -> addnodes.pending_xref:
    link = addnodes.pending_xref("", content, refdomain="sse", reftype="label", reftarget=label, refwarn=True)
    link.attributes.update(check=check, refdoc=docname)
    link.source, link.line = str(place), line
    return link


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", note_references)
    app.connect("warn-missing-reference", is_told, priority=400)
