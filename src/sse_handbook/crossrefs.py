"""Links to labels: `[text](#label)` means the label and nothing else, and an unknown one is told which was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains import Domain
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform

from .domain import SSEDomain
from .warnings import Check, Finding, did_you_mean, exact_place, warn


def note_links(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: remember which names a page links to, to know when one of them moves or goes."""
    names = {node["reftarget"].lower() for node in doctree.findall(addnodes.pending_xref) if _may_be_label(node)}
    SSEDomain.of(app.env).links[app.env.current_document.docname] = dict.fromkeys(names)


def pages_with_moved_labels(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: the pages to write again because a label they link to moved, came or went.

    A page that links to a label which does not exist is written on every build, so that every build says so.
    """
    labels = env.domains.standard_domain.anonlabels
    moved = []
    for docname, known in SSEDomain.of(env).links.items():
        current = {name: labels.get(name) for name in known}
        missing = [name for name, where in current.items() if where is None and not _is_other_object(env, name)]
        if current != known or missing:
            moved.append(docname)
        known.update(current)
    return moved


def _may_be_label(node: addnodes.pending_xref) -> bool:
    if node.get("refdomain") == "sse":
        return bool(node["reftype"] == "label")
    return node.get("reftype") == "myst" and not node.get("refdomain")


def _is_other_object(env: BuildEnvironment, name: str) -> bool:
    """Whether a page, or an object of some domain, has this name."""
    if "/" in name or name in env.all_docs:
        return True
    return any(name == other for domain in env.domains.values() for other, *_ in domain.get_objects())


class ClaimLabels(SphinxPostTransform):
    """Take over MyST's links to labels before MyST resolves them.

    MyST takes a label and a page of one name for two targets, and has no event for a target it does not find.
    """

    default_priority = 8  # MyST's own resolver has 9, Sphinx's 10

    def run(self, **kwargs: Any) -> None:
        labels = self.env.domains.standard_domain.anonlabels
        for node in list(self.document.findall(addnodes.pending_xref)):
            if not _may_be_label(node) or node["refdomain"] == "sse":
                continue
            target = node["reftarget"]
            if target.lower() in labels or not _is_other_object(self.env, target):
                content = nodes.inline("", "", *node.children)
                node.children = []
                node.append(content)
                node.attributes.update(refdomain="sse", reftype="label", refwarn=True, check=Check.XREF_MISSING.name)


def label_link(label: str, content: nodes.Node, check: Check, place: Path, line: int) -> addnodes.pending_xref:
    """A link to a label from generated text: `place` and `line` are where a contributor would mend it."""
    link = addnodes.pending_xref("", content, refdomain="sse", reftype="label", reftarget=label, refwarn=True)
    link.attributes.update(check=check.name, place=(str(place), line))
    return link


def report_unknown(app: Sphinx, domain: Domain | None, node: addnodes.pending_xref) -> bool | None:
    """`warn-missing-reference`: say which label or video was meant. `None` leaves the node to Sphinx."""
    if not isinstance(domain, SSEDomain):
        return None
    target = node["reftarget"]
    if node["reftype"] == "label":
        hint = did_you_mean(target, app.env.domains.standard_domain.anonlabels)
        message = f"No page or heading has the label `{target}`.{hint or ' Write the label of a page or heading.'}"
        place, line = node["place"] if "place" in node else exact_place(node, f"#{target}")
        warn([Finding(Check[node["check"]], message, Path(place), line)])
    else:
        place, line = exact_place(node, target)
        warn([domain.unknown_video(target, place, line)])
    return True
