"""References: what each page names, whether it exists, and which name was meant where it does not.

Pages are searched when they are read; what they name is judged when all pages are known, on every build.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, cast

from docutils import nodes
from docutils.utils import get_source_line
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError, NoUri
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join

from ..domain import Reference, SSEDomain
from ..warnings import Check, Finding, did_you_mean, exact_line

# Which kind of name each of Sphinx's references carries: (domain, type) to kind.
KINDS = {("std", "ref"): "label", ("std", "term"): "term", ("sse", "video"): "video", ("sse", "law"): "law"}
# The check of a kind, where it is not `xref_missing`.
CHECKS = {"video": Check.VIDEO_UNKNOWN, "law": Check.LAW_UNKNOWN}
# How a finding begins, and what it advises where no name is near.
WORDS = {
    "label": ("No page or heading has the label", "Write the label of a page or heading."),
    "term": ("The glossary has no term", "Write a term of the glossary, or add this one."),
    "doc": ("There is no page", "Write the path of a page, without its ending."),
    "source": ("No source has the key", "Add it to the file of sources, with its title, its date and its address."),
    "video": ("No video has the key", "Add it to the register of videos."),
    "law": ("No law has the key", "Add it to the register of laws."),
}
BRACES = re.compile(r"\{[^}]*\}")


def note_references(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: remember what a page refers to."""
    docname = app.env.current_document.docname
    path = str(app.env.doc2path(docname))
    # Of a name that a page has twice, docutils keeps no anchor.
    names = {anchor: name for name, anchor in doctree.nameids.items() if anchor}
    found: list[Reference] = []
    for node in doctree.findall(nodes.Element):  # by class: a function here costs twice the time
        if isinstance(node, addnodes.pending_xref):
            found += _references(app.env, docname, node)
        elif isinstance(node, nodes.reference) and names.get(node.get("refid")):
            # MyST has resolved links to labels of the same page by now: they are only noted as used.
            found.append(Reference("here", names[node["refid"]], path, None, ""))
    SSEDomain.of(app.env).note(docname, found)


def _references(env: BuildEnvironment, docname: str, node: addnodes.pending_xref) -> Iterator[Reference]:
    source, line = get_source_line(node)
    path = source or str(env.doc2path(docname))
    key, target = (node.get("refdomain") or "", node.get("reftype", "")), node.get("reftarget", "")
    if key == ("sse", "label"):
        place, exact = node["place"]
        yield Reference("label", target, place, exact, "", node["check"])
    elif key == ("", "myst") and node.get("reflocalid"):
        pass  # MyST has found it on the page itself
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
            yield Reference("source", cited, path, line, cited, node.get("check", Check.XREF_MISSING.value))
    elif key in KINDS:
        check = CHECKS.get(KINDS[key], Check.XREF_MISSING).value
        yield Reference(KINDS[key], target, path, line, target, node.get("check", check))


def _cited(targets: str) -> list[str]:
    """The keys of a citation; each may carry a text in braces before and after it."""
    return [BRACES.sub("", target).strip() for target in targets.split(",")]


def known_names(env: BuildEnvironment) -> dict[str, dict[str, str]]:
    """Every name that a reference may use, by kind: as it is compared, and as it is written."""
    std = env.domains.standard_domain
    sources = cast("Any", env.domains["cite"]).bibdata.data.entries if "cite" in env.domains else ()
    written = {
        "label": std.anonlabels,
        "term": [name for kind, name in std.objects if kind == "term"],
        "doc": env.found_docs,
        "source": sources,
        "video": SSEDomain.of(env).register.videos,
        "law": SSEDomain.of(env).laws.laws,
    }
    return {kind: {_compared(kind, name): name for name in names} for kind, names in written.items()}


def _compared(kind: str, name: str) -> str:
    return name.lower() if kind in ("label", "term", "source") else name


def find_missing(env: BuildEnvironment) -> Iterator[Finding]:
    """A finding for each reference to a label, term, page, source, video or law that does not exist.

    Each is noted in the domain as missing, so that `ClaimReferences` keeps others from reporting it again.
    """
    known, domain = known_names(env), SSEDomain.of(env)
    broken = {"video": domain.register.broken, "law": domain.laws.broken}
    for docname, references in domain.references.items():
        for each in references:
            if each.kind not in known or _compared(each.kind, each.target) in known[each.kind]:
                continue
            if each.kind not in ("source", "video", "law") and _is_elsewhere(env, docname, each):
                continue
            domain.missing.add((docname, each.kind, each.target))
            if broken.get(each.kind) or not each.check:
                continue  # what is wrong with the register has been said, and is what to mend
            what, otherwise = WORDS[each.kind]
            hint = did_you_mean(each.target, known[each.kind].values()) or f" {otherwise}"
            line = (exact_line(each.path, each.line, each.text) if each.text else None) or each.line
            yield Finding(each.path, line or 1, each.check, f"{what} `{each.target}`.{hint}")


def _is_elsewhere(env: BuildEnvironment, docname: str, reference: Reference) -> bool:
    """Whether something else answers to the name: an object, another project, or the project's own settings."""
    kind = "ref" if reference.kind == "label" else reference.kind
    # MyST takes `b` for the page beside this one, too.
    if reference.kind == "label" and docname_join(docname, reference.target) in env.all_docs:
        return True
    if reference.kind == "label" and is_object(env, reference.target):
        return True
    # A page is looked for under the name that was written: another project has its own folders.
    target = reference.text if reference.kind == "doc" else reference.target
    ignored = [*env.config.nitpick_ignore, *env.config.nitpick_ignore_regex]
    for domain_kind, name in ignored:
        of_this_kind = any(re.fullmatch(domain_kind, each) for each in (f"std:{kind}", kind, "myst"))
        if of_this_kind and (name == target or re.fullmatch(name, target)):
            return True
    # MyST finds a label among all objects of the inventories that intersphinx has loaded.
    inventories = getattr(env, "intersphinx_named_inventory", {}).values()
    if reference.kind == "label" and any(target in names for each in inventories for names in each.values()):
        return True
    node = addnodes.pending_xref("", nodes.inline("", target), refdomain="std", reftype=kind, reftarget=target)
    node.attributes.update(refdoc=docname, refexplicit=True)
    try:
        return env.events.emit_firstresult("missing-reference", env, node, nodes.inline("", target)) is not None
    except (NoUri, ExtensionError):
        return True  # whoever answered knows the name


def is_object(env: BuildEnvironment, name: str) -> bool:
    """Whether a page or an object of some domain has this name; a path or an inventory's name is not ours to judge."""
    if "/" in name or ":" in name or name in env.all_docs:
        return True
    return any(name == other for domain in env.domains.values() for other, *_ in domain.get_objects())


def pages_with_moved_targets(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: the pages to write again because something they link to moved, came, went or has a new title.

    Where everything now stands is kept for the next build of this builder.
    """
    domain, builder = SSEDomain.of(env), app.builder.name
    std = env.domains.standard_domain
    terms = {name.lower(): where for (kind, name), where in std.objects.items() if kind == "term"}
    # Where each name now stands, and what a link to it would say.
    places: dict[str, Callable[[str], object]] = {
        "label": lambda name: (std.anonlabels.get(name.lower()), std.labels.get(name.lower())),
        "term": lambda name: terms.get(name.lower()),
        "doc": lambda name: env.titles[name].astext() if name in env.titles else None,
        "video": domain.listed.get,
        "law": lambda key: (domain.law_places.get(key), domain.law_text(key) if key in domain.laws.laws else None),
    }
    moved = []
    for docname, references in domain.references.items():
        current = {
            (each.kind, each.target): places[each.kind](each.target) for each in references if each.kind in places
        }
        known = domain.resolved.setdefault(docname, {})
        if known.get(builder, current) != current:
            moved.append(docname)
        known[builder] = current
    return moved


class ClaimReferences(SphinxPostTransform):
    """Take over MyST's links to labels, and drop what `find_missing` reported, before others report it again.

    MyST takes a label and a page of one name for two targets, and has no event for a target that it does not find.
    """

    default_priority = 8  # MyST's own resolver has 9, Sphinx's 10

    def run(self, **kwargs: Any) -> None:
        labels, missing = self.env.domains.standard_domain.anonlabels, SSEDomain.of(self.env).missing
        for node in list(self.document.findall(addnodes.pending_xref)):
            if is_in_link(node):  # no format has a link within a link: it stays text
                node.replace_self(node.children)
                continue
            # Some builders put all pages into one: what a link was written in is its `refdoc`.
            docname = node.get("refdoc") or self.env.current_document.docname
            named = _references(self.env, docname, node) if missing else ()
            gone = {each.target for each in named if (docname, each.kind, each.target) in missing}
            if gone and node["refdomain"] == "cite":
                left = [each for each in node["reftarget"].split(",") if BRACES.sub("", each).strip() not in gone]
                node["reftarget"] = ",".join(left)
                if not left:
                    node.replace_self(nodes.inline("", f"[{', '.join(sorted(gone))}]"))
            elif gone:
                # A link without a text of its own shows what it was to lead to.
                shown = nodes.Text(min(gone).rpartition("/")[2])
                node.replace_self(node.children if node.astext() else shown)
            elif not node.get("refdomain") and node["reftype"] == "myst" and node["reftarget"].lower() in labels:
                # The same element and classes as a link that Sphinx resolves by itself.
                content = nodes.inline("", "", *node[0].children, classes=["std", "std-ref"])
                node.children = []
                node.append(content)
                node.attributes.update(refdomain="sse", reftype="label", refwarn=True)


def is_in_link(node: nodes.Element) -> bool:
    """Tell whether a node stands within the text of a link."""
    parent = node.parent
    if isinstance(parent, nodes.reference | addnodes.pending_xref):
        return True
    return isinstance(parent, nodes.Inline) and is_in_link(cast("nodes.Element", parent))


def label_link(
    label: str, content: nodes.Node, check: Check, place: Path, line: int, docname: str
) -> addnodes.pending_xref:
    """A link to a label from generated text: `place` and `line` are where a contributor would mend it."""
    link = addnodes.pending_xref("", content, refdomain="sse", reftype="label", reftarget=label, refwarn=True)
    link.attributes.update(check=check.value, place=(str(place), line), refdoc=docname)
    return link


def setup(app: Sphinx) -> None:
    """References that lead nowhere, with the nearest name."""
    app.connect("doctree-read", note_references)
    app.connect("env-updated", pages_with_moved_targets)
    app.add_post_transform(ClaimReferences)
