"""The domain `sse`; warns of missing targets (with the nearest name), unused labels and terms, labels of two pages.

A missing target is told where Sphinx would tell it: at `warn-missing-reference`. MyST has no such event for Markdown
links, so a transform looks at these before it does.
"""

import re
from collections.abc import Iterable, Set
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.utils import get_source_line
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains import Domain
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join

from .warnings_ import Check, did_you_mean, warn

# What each kind of target is called where it is missing, and what to do where no name is near.
MISSING = {
    "label": ("No page or heading has the label", " Write the label of a page or heading."),
    "term": ("The glossary has no term", " Write a term of the glossary, or add this one."),
    "doc": ("There is no page", " Write the path of a page, without its ending."),
    "footnote": ("This page has no footnote", " Write its text on a line of its own: `[^1]: the text`."),
}
# What to say of a name that nobody uses, and how its definition is written, in MyST or in reST.
UNUSED = {
    "label": (Check.LABEL_UNUSED, "No page uses the label `{}`. Link to it, or delete it.", r"\({}\)=|\.\. _{}:"),
    "term": (Check.TERM_UNUSED, "No page uses the term `{}`. Use it, or delete the entry.", r"^[ \t]*{}[ \t]*$"),
}
# The roles that lead to a name of each kind.
USES = {"label": ("ref", "numref", "any", "myst"), "term": ("term", "any", "myst")}
ROLES = {"std:term": "term", "std:doc": "doc", "std:ref": "label"}
LAW = re.compile(r"law-[a-z]{2,3}-")  # the label of a law, with its country


class SSEDomain(Domain):
    """The home of the roles and directives; what each page defines, refers to and shows."""

    name = "sse"
    label = "SSE handbook"
    initial_data: ClassVar[dict[str, Any]] = {"labels": {}, "terms": {}, "uses": {}, "videos": {}}  # each by document

    def clear_doc(self, docname: str) -> None:
        for table in self.initial_data:
            self.data[table].pop(docname, None)

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        for table in self.initial_data:
            self.data[table].update({name: page for name, page in otherdata[table].items() if name in docnames})

    def resolve_any_xref(self, *arguments: Any) -> list[Any]:
        return []  # MyST warns about a domain that does not answer


def collect_names(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: keep the terms that a page explains, entry by entry, and what it refers to, in lower case."""
    terms, uses = list[list[str]](), set[tuple[str, str]]()
    # Of a name that a page has twice, docutils keeps no anchor.
    names = {anchor: name for name, anchor in doctree.nameids.items() if anchor}
    for node in doctree.findall(nodes.Element):  # by class: a function here costs twice the time
        if isinstance(node, addnodes.glossary):
            for item in node.findall(nodes.definition_list_item):
                terms.append([term.astext() for term in item.findall(nodes.term) if term["ids"]])
        elif isinstance(node, nodes.reference) and node.get("refid") in names:
            uses.add(("label", names[node["refid"]].lower()))  # MyST has resolved links within the page by now
        elif isinstance(node, addnodes.pending_xref):
            target = str(node.get("reftargetid") or node.get("reftarget", "")).lower()
            uses.update((kind, target) for kind, roles in USES.items() if node["reftype"] in roles)
    data, docname = app.env.get_domain("sse").data, app.env.current_document.docname
    data["labels"][docname] = [name for name, explicit in doctree.nametypes.items() if explicit]
    data["terms"][docname], data["uses"][docname] = terms, uses


def warn_missing(app: Sphinx, domain: Domain | None, node: addnodes.pending_xref) -> bool | None:
    """`warn-missing-reference`: tell a missing term, page or label; Sphinx's own handler tells labels, too."""
    kind, target = ROLES.get(f"{domain.name if domain else ''}:{node['reftype']}"), node["reftarget"]
    if not kind or (kind == "label" and target in app.env.domains.standard_domain.anonlabels):
        return None
    node["reftype"] = kind  # no longer `ref`: Sphinx's own handler is asked, too
    _warn(app.env, kind, docname_join(node["refdoc"], target) if kind == "doc" else target, node)
    return True


def _warn(env: BuildEnvironment, kind: str, target: str, node: nodes.Element, text: str = "") -> None:
    (source, line), (what, advice) = get_source_line(node), MISSING[kind]
    message = f"{what} `{target}`.{did_you_mean(target, _known_names(env, kind, target)) or advice}"
    path = source or env.doc2path(env.current_document.docname)
    warn(node.get("check", Check.XREF_MISSING), message, path, line, text or node["reftarget"])


def _known_names(env: BuildEnvironment, kind: str, target: str) -> Iterable[str]:
    std = env.domains.standard_domain
    if kind == "label":
        law = LAW.match(target)  # a law of another country is never what was meant
        return [label for label in std.anonlabels if not law or label.startswith(law[0])]
    if kind == "term":
        return [name for object_type, name in std.objects if object_type == "term"]
    return env.found_docs if kind == "doc" else ()


class MissingFootnotes(SphinxTransform):
    """Tell a footnote that has no text before docutils calls it an unknown target name."""

    default_priority = 610  # docutils resolves footnotes at 620

    def apply(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(nodes.footnote_reference)):
            if (name := node.get("refname")) and name not in self.document.nameids:
                _warn(self.env, "footnote", name, node, f"[^{name}]")
                node.resolved = True  # or docutils would miss its number, too
                node.replace_self(nodes.inline("", f"[{name}]"))


class MissingTargets(SphinxPostTransform):
    """Tell missing targets of Markdown links before MyST does."""

    default_priority = 8  # MyST's own resolver has 9, Sphinx's 10

    def run(self, **kwargs: Any) -> None:
        for link in [*self.document.findall(nodes.reference), *self.document.findall(addnodes.pending_xref)]:
            for inner in list(link.findall(addnodes.pending_xref, include_self=False)):
                inner.replace_self(inner.children)  # no format has a link within a link: it stays text
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node["reftype"] == "myst":
                self.check_link(node)

    def check_link(self, node: addnodes.pending_xref) -> None:
        target, std = node["reftarget"], self.env.domains.standard_domain
        if node["refdomain"] == "doc":  # MyST has found the file
            if target not in self.env.all_docs:
                self.report(node, "doc", target, target.rpartition("/")[2])
        elif target.lower() in std.anonlabels:
            if target.lower() not in std.labels and not node.astext():
                node[:] = [nodes.inline("", target)]
                node["refexplicit"] = True  # of a label without a title MyST finds no text
            if docname_join(node["refdoc"], target) in self.env.all_docs:  # MyST would doubt which of them is meant
                node["reftarget"] = target.upper()  # it finds labels in any case, and pages in their own
        elif not self.is_found_by_myst(node):
            if (page := target.partition("#")[0]).endswith(tuple(self.config.source_suffix)):
                self.report(node, "doc", docname_join(node["refdoc"], page.rpartition(".")[0]), target)
            elif not re.search("[/:]", target):  # other paths and the names of inventories are MyST's to judge
                self.report(node, "label", target, f"#{target}")

    def report(self, node: addnodes.pending_xref, kind: str, target: str, written: str) -> None:
        """Tell a missing target, and leave the text of the link, or else what it was to lead to."""
        _warn(self.env, kind, target, node, written)
        node.replace_self(node.children if node.astext() else nodes.Text(target.rpartition("/")[2]))

    def is_found_by_myst(self, node: addnodes.pending_xref) -> bool:
        """Tell whether MyST finds a page or an object, looks into inventories, or has been told not to look."""
        target, env = node["reftarget"], self.env
        ignored = [*env.config.nitpick_ignore_regex, *(map(re.escape, pair) for pair in env.config.nitpick_ignore)]
        names = (name for domain in env.domains.values() for name, *_ in domain.get_objects())
        return bool(
            node.get("reflocalid")
            or docname_join(node["refdoc"], target) in env.all_docs
            or getattr(env, "intersphinx_named_inventory", None)
            or any(re.fullmatch(kind, "myst") and re.fullmatch(name, target) for kind, name in ignored)
            or any(name.lower() == target.lower() or name.endswith(f".{target}") for name in names)
        )


def find_unused(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-check-consistency`: tell the labels and terms that no page uses, as `sse_report_unused` says."""
    data, labels = env.get_domain("sse").data, env.domains.standard_domain.anonlabels.items()
    uses = set[tuple[str, str]]().union(*data["uses"].values())
    defined = [("label", docname, [label]) for label, (docname, _anchor) in labels if docname in env.all_docs]
    defined += [("term", docname, names) for docname, entries in data["terms"].items() for names in entries if names]
    pages = sorted((docname, name) for docname, names in data["labels"].items() for name in names)
    first = {name: docname for docname, name in reversed(pages)}
    for docname, name in pages:  # Sphinx tells it only where one process reads both pages
        if first[name] != docname and name in env.domains.standard_domain.anonlabels:
            message = f"The label `{name}` stands in `{env.doc2path(first[name], False)}`, too. Rename one of the two."
            warn(Check.LABEL_DUPLICATE, message, env.doc2path(docname), 1, f"({name})=")
    for kind, docname, names in defined:
        if kind in app.config.sse_report_unused and not any((kind, name.lower()) in uses for name in names):
            (check, message, written), path = UNUSED[kind], Path(env.doc2path(docname))
            text, pattern = path.read_text("utf-8", "replace"), written.replace("{}", re.escape(names[0]))
            if found := re.search(pattern, text, re.IGNORECASE | re.MULTILINE):  # else it was generated
                warn(check, message.format(names[0]), path, text.count("\n", 0, found.end()) + 1)
