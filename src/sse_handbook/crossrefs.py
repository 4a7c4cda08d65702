"""References: what each page names, whether it exists, and which name was meant where it does not.

Pages are searched when they are read; what they name is judged when all pages are known, on every build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from docutils.utils import get_source_line
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join

from .domain import Reference, SSEDomain
from .warnings import Check, Finding, did_you_mean, exact_line

# Which kind of name each of Sphinx's references carries: (domain, type) to kind.
KINDS = {("std", "ref"): "label", ("std", "term"): "term", ("sse", "video"): "video"}
# How a finding begins, and what it advises where no name is near.
WORDS = {
    "label": ("No page or heading has the label", "Write the label of a page or heading."),
    "term": ("The glossary has no term", "Write a term of the glossary, or add this one."),
    "doc": ("There is no page", "Write the path of a page, without its ending."),
    "source": ("No source has the key", "Add it to the file of sources, with its title, its date and its address."),
    "video": ("No video has the key", "Add it to the register of videos."),
}
BRACES = re.compile(r"\{[^}]*\}")


def note_references(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: remember what a page refers to."""
    docname = app.env.current_document.docname
    found = [each for node in doctree.findall(addnodes.pending_xref) for each in _references(app.env, docname, node)]
    # MyST has resolved links to labels of the same page by now: they are only noted as used.
    names = {anchor: name for name, anchor in doctree.nameids.items()}
    local = (names.get(node["refid"]) for node in doctree.findall(nodes.reference) if "refid" in node)
    path = str(app.env.doc2path(docname))
    found += [Reference("here", name, path, None, "") for name in local if name]
    SSEDomain.of(app.env).note(docname, found)


def _references(env: BuildEnvironment, docname: str, node: addnodes.pending_xref) -> Iterator[Reference]:
    source, line = get_source_line(node)
    path = source or str(env.doc2path(docname))
    key, target = (node.get("refdomain") or "", node.get("reftype", "")), node.get("reftarget", "")
    if key == ("sse", "label"):
        place, exact = node["place"]
        yield Reference("label", target, place, exact, "", node["check"])
    elif key == ("", "myst") and (suffix := PurePosixPath(target.partition("#")[0]).suffix) in env.config.source_suffix:
        page = target.partition("#")[0].removesuffix(suffix)
        yield Reference("doc", docname_join(docname, page), path, line, target)
    elif key[1] in ("any", "numref"):
        yield Reference("here", target, path, line, "")
    elif key == ("", "myst"):
        yield Reference("label", target, path, line, f"#{target}")
    elif key == ("doc", "myst"):
        yield Reference("doc", target, path, line, target.rpartition("/")[2])
    elif key == ("std", "doc"):
        yield Reference("doc", docname_join(node.get("refdoc", docname), target), path, line, target)
    elif key[0] == "cite":
        for cited in _cited(target):
            yield Reference("source", cited, path, line, cited)
    elif key in KINDS:
        check = Check.VIDEO_UNKNOWN if key == ("sse", "video") else Check.XREF_MISSING
        yield Reference(KINDS[key], target, path, line, target, check.value)


def _cited(targets: str) -> list[str]:
    """The keys of a citation; each may carry a text in braces before and after it."""
    return [BRACES.sub("", target).strip() for target in targets.split(",")]


def known_names(env: BuildEnvironment) -> dict[str, dict[str, str]]:
    """Every name that a reference may use, by kind: as it is compared, and as it is written."""
    std = env.domains.standard_domain
    sources = env.domains["cite"].bibdata.data.entries if "cite" in env.domains else ()  # type: ignore[attr-defined]
    written = {
        "label": std.anonlabels,
        "term": [name for kind, name in std.objects if kind == "term"],
        "doc": env.found_docs,
        "source": sources,
        "video": SSEDomain.of(env).register.videos,
    }
    return {kind: {_compared(kind, name): name for name in names} for kind, names in written.items()}


def _compared(kind: str, name: str) -> str:
    return name.lower() if kind in ("label", "term", "source") else name


def find_missing(env: BuildEnvironment) -> Iterator[Finding]:
    """A finding for each reference to a label, term, page, source or video that does not exist.

    Each is noted in the domain as missing, so that `ClaimReferences` keeps others from reporting it again.
    """
    known, domain = known_names(env), SSEDomain.of(env)
    for docname, references in domain.references.items():
        for each in references:
            if each.kind not in known or _compared(each.kind, each.target) in known[each.kind]:
                continue
            if each.kind not in ("source", "video") and _is_elsewhere(env, docname, each):
                continue
            domain.missing.add((docname, each.kind, each.target))
            what, otherwise = WORDS[each.kind]
            hint = did_you_mean(each.target, known[each.kind].values()) or f" {otherwise}"
            line = (exact_line(each.path, each.line, each.text) if each.text else None) or each.line
            yield Finding(each.path, line or 1, each.check, f"{what} `{each.target}`.{hint}")


def _is_elsewhere(env: BuildEnvironment, docname: str, reference: Reference) -> bool:
    """Whether something else answers to the name: an object, another project, or the project's own settings."""
    kind = "ref" if reference.kind == "label" else reference.kind
    if reference.kind == "label" and is_object(env, reference.target):
        return True
    if (f"std:{kind}", reference.target) in set(env.config.nitpick_ignore):
        return True
    node = addnodes.pending_xref("", refdomain="std", reftype=kind, reftarget=reference.target, refdoc=docname)
    node["refexplicit"] = True
    return env.events.emit_firstresult("missing-reference", env, node, nodes.inline()) is not None


def is_object(env: BuildEnvironment, name: str) -> bool:
    """Whether a page or an object of some domain has this name; a path or an inventory's name is not ours to judge."""
    if "/" in name or ":" in name or name in env.all_docs:
        return True
    return any(name == other for domain in env.domains.values() for other, *_ in domain.get_objects())


def pages_with_moved_labels(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: the pages to write again because a label they link to moved, came or went.

    Where each label now stands is kept for the next build.
    """
    labels, domain = env.domains.standard_domain.anonlabels, SSEDomain.of(env)
    moved = []
    for docname, references in domain.references.items():
        current = {each.target: labels.get(each.target.lower()) for each in references if each.kind == "label"}
        if domain.resolved.get(docname, current) != current:
            moved.append(docname)
        domain.resolved[docname] = current
    return moved


class ClaimReferences(SphinxPostTransform):
    """Take over MyST's links to labels, and drop what `find_missing` reported, before others report it again.

    MyST takes a label and a page of one name for two targets, and has no event for a target that it does not find.
    """

    default_priority = 8  # MyST's own resolver has 9, Sphinx's 10

    def run(self, **kwargs: Any) -> None:
        labels, missing = self.env.domains.standard_domain.anonlabels, SSEDomain.of(self.env).missing
        docname = self.env.current_document.docname
        for node in list(self.document.findall(addnodes.pending_xref)):
            named = _references(self.env, docname, node)
            gone = {each.target for each in named if (docname, each.kind, each.target) in missing}
            if gone and node["refdomain"] == "cite":
                left = [each for each in node["reftarget"].split(",") if BRACES.sub("", each).strip() not in gone]
                node["reftarget"] = ",".join(left)
                if not left:
                    node.replace_self(nodes.inline("", f"[{', '.join(sorted(gone))}]"))
            elif gone:
                node.replace_self(node.children)
            elif not node.get("refdomain") and node["reftype"] == "myst" and node["reftarget"].lower() in labels:
                content = nodes.inline("", "", *node.children)
                node.children = []
                node.append(content)
                node.attributes.update(refdomain="sse", reftype="label", refwarn=True)


def label_link(label: str, content: nodes.Node, check: Check, place: Path, line: int) -> addnodes.pending_xref:
    """A link to a label from generated text: `place` and `line` are where a contributor would mend it."""
    link = addnodes.pending_xref("", content, refdomain="sse", reftype="label", reftarget=label, refwarn=True)
    link.attributes.update(check=check.value, place=(str(place), line))
    return link
