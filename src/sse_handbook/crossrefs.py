"""Cross-references: a target that is not there, with the nearest name; labels, terms and sources that nobody uses.

A missing target is told where Sphinx would tell it: at `warn-missing-reference`. Markdown links, citations and `ref`
are told by others whatever that event is answered, so a transform looks at these before they do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from typing import Any, ClassVar, NamedTuple, cast

from docutils import nodes
from docutils.utils import get_source_line
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.domains import Domain
from sphinx.environment import BuildEnvironment
from sphinx.errors import NoUri
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join
from sphinx.util.nodes import make_refnode

from .warnings_ import Check, did_you_mean, find_line, warn

# What each kind of target is called where it is missing, and what to do where no name is near.
MISSING = {
    "label": ("No page or heading has the label", "Write the label of a page or heading."),
    "term": ("The glossary has no term", "Write a term of the glossary, or add this one."),
    "doc": ("There is no page", "Write the path of a page, without its ending."),
    "footnote": ("This page has no footnote", "Write its text on a line of its own: `[^1]: the text`."),
    "source": ("No source has the key", "Add it to the file of sources, with its title, its date and its address."),
}
ROLES = {("std", "term"): "term", ("std", "doc"): "doc", ("sse", "label"): "label"}
# How a definition is written: in MyST, in reST.
MARKUP = {"label": ("({})=", ".. _{}:"), "term": ("{}",), "source": ("{{{},",)}
BRACES = re.compile(r"\{[^}]*\}")  # the texts that a cited key may carry before and after it
UNUSED = {
    "label": (Check.LABEL_UNUSED, "No page uses the label", "Link to it, or delete it."),
    "term": (Check.TERM_UNUSED, "No page uses the term", "Use it on a page, or delete the entry."),
    "source": (Check.SOURCE_UNUSED, "No page cites the source", "Cite it, or delete it."),
}
LAW = re.compile(r"law-[a-z]{2}-")  # the label of a law, with its country


class PageNames(NamedTuple):
    definitions: list[tuple[str, list[str]]]  # kind, and all the names of one entry
    uses: set[tuple[str, str]]  # kind, and the name in lower case


class SSEDomain(Domain):
    """The home of the roles and directives; what each page defines, refers to and shows; links to labels."""

    name = "sse"
    label = "SSE handbook"
    initial_data: ClassVar[dict[str, Any]] = {"names": {}, "videos": {}}  # each by document

    def clear_doc(self, docname: str) -> None:
        for table in self.initial_data:
            self.data[table].pop(docname, None)

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        for table in self.initial_data:
            self.data[table].update({name: page for name, page in otherdata[table].items() if name in docnames})

    def resolve_xref(self, *arguments: Any) -> nodes.reference | None:
        """Resolve `sse:label`: as Sphinx's `ref`, but the text keeps its markup, and no label needs a title."""
        env, fromdocname, builder, kind, target, _node, text = arguments
        label, std = target.lower(), env.domains.standard_domain
        if kind != "label" or label not in std.anonlabels:
            return None
        docname, anchor = std.anonlabels[label]
        content = nodes.inline("", "", *text.children, classes=["std", "std-ref"])
        if not text.astext():
            content.children = [nodes.Text(std.labels.get(label, ("", "", target))[2])]
        return make_refnode(builder, fromdocname, docname, anchor, content)

    def resolve_any_xref(self, *arguments: Any) -> list[Any]:
        return []  # MyST warns about a domain that does not answer


def collect_names(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: keep what a page defines and refers to."""
    names = app.env.get_domain("sse").data["names"]
    names[app.env.current_document.docname] = PageNames(list(_definitions(doctree)), set(_uses(doctree)))


def _definitions(doctree: nodes.document) -> Iterator[tuple[str, list[str]]]:
    for name, explicit in doctree.nametypes.items():
        node = doctree.ids.get(doctree.nameids.get(name) or "")
        # A figure's name, a footnote or a citation is no label that a contributor wrote for others.
        if explicit and isinstance(node, (nodes.section, nodes.target, nodes.table)):
            yield "label", [name]
    if any(anchor.startswith("term-") for anchor in doctree.ids):
        for item in doctree.findall(nodes.definition_list_item):
            names = [term.astext() for term in item.findall(nodes.term) if term["ids"]]
            if names and "glossary" in item.parent.get("classes", []):
                yield "term", names


def _uses(doctree: nodes.document) -> Iterator[tuple[str, str]]:
    # Of a name that a page has twice, docutils keeps no anchor.
    names = {anchor: name for name, anchor in doctree.nameids.items() if anchor}
    for node in doctree.findall(nodes.Element):  # by class: a function here costs twice the time
        if isinstance(node, nodes.reference) and node.get("refid") in names:
            yield "label", names[node["refid"]].lower()  # MyST has resolved links within the page by now
        elif isinstance(node, addnodes.pending_xref):
            kind, target = node["reftype"], str(node.get("reftargetid") or node.get("reftarget", "")).lower()
            if node.get("refdomain") == "cite":
                yield from (("source", key) for key, _part in _cited(target))
            elif kind in ("ref", "numref", "any", "myst", "label"):
                yield "label", target
            if kind in ("term", "any", "myst"):
                yield "term", target


def _cited(targets: str) -> list[tuple[str, str]]:
    """Return the keys of a citation, each with its part of it."""
    return [(BRACES.sub("", part).strip(), part) for part in re.split(r",(?![^{]*\})", targets)]


def warn_missing(app: Sphinx, domain: Domain | None, node: addnodes.pending_xref) -> bool | None:
    """`warn-missing-reference`: tell a missing term or page, or a label that generated text links to."""
    kind, target = ROLES.get((domain.name if domain else "", node["reftype"])), node["reftarget"]
    if kind:
        _warn(app.env, kind, docname_join(node["refdoc"], target) if kind == "doc" else target, node, target)
    return bool(kind) or None


def _warn(env: BuildEnvironment, kind: str, target: str, node: nodes.Element, written: str) -> None:
    source, line = get_source_line(node)
    path = source or str(env.doc2path(node["refdoc"]))
    what, advice = MISSING[kind]
    suggestion = did_you_mean(target, _known_names(env, kind, target)) or f" {advice}"
    line = find_line(path, line, written) or line
    if node.get("check", Check.XREF_MISSING):  # empty where a register names a source: it has told what is missing
        warn(node.get("check", Check.XREF_MISSING), f"{what} `{target}`.{suggestion}", path, line)


def _known_names(env: BuildEnvironment, kind: str, target: str) -> Iterable[str]:
    std = env.domains.standard_domain
    if kind == "label":
        law = LAW.match(target)  # a law of another country is never what was meant
        return [label for label in std.anonlabels if not law or label.startswith(law[0])]
    if kind == "term":
        return [name for object_type, name in std.objects if object_type == "term"]
    return {"doc": env.found_docs, "source": _sources(env)}.get(kind, ())


def _sources(env: BuildEnvironment) -> dict[str, Any]:
    """Return the entries of all BibTeX files by key: none without sphinxcontrib-bibtex."""
    return cast("Any", env.domains["cite"]).bibdata.data.entries if "cite" in env.domains else {}


class MissingFootnotes(SphinxTransform):
    """Tell a footnote that has no text before docutils calls it an unknown target name."""

    default_priority = 610  # docutils resolves footnotes at 620

    def apply(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(nodes.footnote_reference)):
            name = node.get("refname")
            if name and name not in self.document.nameids:
                node["refdoc"] = self.env.current_document.docname
                _warn(self.env, "footnote", name, node, f"[^{name}]")
                if node in self.document.autofootnote_refs:
                    self.document.autofootnote_refs.remove(node)
                node.replace_self(nodes.inline("", f"[{name}]"))


class MissingTargets(SphinxPostTransform):
    """Take over Markdown links to labels, and tell missing targets before MyST, Sphinx and sphinxcontrib-bibtex do."""

    default_priority = 8  # MyST's own resolver has 9, Sphinx's 10

    def run(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(addnodes.pending_xref)):
            node.setdefault("refdoc", self.env.current_document.docname)
            if _is_in_link(node):  # no format has a link within a link: it stays text
                node.replace_self(node.children)
            elif node.get("refdomain") == "cite":
                self.check_citation(node)
            elif node["reftype"] == "myst":
                self.check_link(node)
            elif (node.get("refdomain"), node["reftype"]) == ("std", "ref"):
                self.check_label(node)

    def check_link(self, node: addnodes.pending_xref) -> None:
        """Give a link to a label to our domain (MyST doubts where a page has its name, too); tell a missing target."""
        target, page = node["reftarget"], node["reftarget"].partition("#")[0]
        if node["refdomain"] == "doc":  # MyST has found the file
            if target not in self.env.all_docs:
                self.report(node, "doc", target, target.rpartition("/")[2])
        elif target.lower() in self.env.domains.standard_domain.anonlabels:
            node.attributes.update(refdomain="sse", reftype="label")
        elif not self.is_found_by_myst(node):
            if page.endswith(tuple(self.config.source_suffix)):
                self.report(node, "doc", docname_join(node["refdoc"], page.rpartition(".")[0]), target)
            elif not re.search("[/:]", target):  # other paths and the names of inventories are MyST's to judge
                self.report(node, "label", target, f"#{target}")

    def check_label(self, node: addnodes.pending_xref) -> None:
        """Tell what `ref` does not find here: Sphinx lets others answer for a missing label, and warns all the same."""
        target, config = node["reftarget"], self.config
        if target in self.env.domains.standard_domain.anonlabels or not (node.get("refwarn") or config.nitpicky):
            return
        if _is_ignored(config, "ref", target) or _is_ignored(config, "std:ref", target):
            return
        arguments, events = (self.env, node, node[0].deepcopy()), self.env.events
        try:
            found = events.emit_firstresult("missing-reference", *arguments, allowed_exceptions=(NoUri,))
        except NoUri:
            return  # somebody knows the label
        if found is not None:
            node.replace_self(found)
        elif "intersphinx_self_referential" not in node:
            self.report(node, "label", target, target)

    def report(self, node: addnodes.pending_xref, kind: str, target: str, written: str) -> None:
        """Tell a missing target, and leave the text of the link, or else what it was to lead to."""
        _warn(self.env, kind, target, node, written)
        node.replace_self(node.children if node.astext() else nodes.Text(target.rpartition("/")[2]))

    def is_found_by_myst(self, node: addnodes.pending_xref) -> bool:
        """Tell whether MyST finds a page, an object of a domain or of another project, or has been told not to look."""
        target, env = node["reftarget"], self.env
        if node.get("reflocalid") or docname_join(node["refdoc"], target) in env.all_docs:
            return True
        inventories = getattr(env, "intersphinx_named_inventory", {}).values()
        names = (name for domain in env.domains.values() for name, *_ in domain.get_objects())
        return (
            _is_ignored(env.config, "myst", target)
            or any(target in objects for inventory in inventories for objects in inventory.values())
            or any(name.lower() == target.lower() or name.endswith(f".{target}") for name in names)
        )

    def check_citation(self, node: addnodes.pending_xref) -> None:
        """Tell the keys that no source has, and take them out of the citation."""
        known, keys = _sources(self.env), _cited(node["reftarget"])
        prefixed = cast("Any", self.env.domains["cite"]).citations  # a bibliography may put a prefix to its keys
        missing = [key for key, _ in keys if key not in known and all(key != citation.key for citation in prefixed)]
        for key in missing:
            _warn(self.env, "source", key, node, key)
        node["reftarget"] = ",".join(part for key, part in keys if key not in missing)
        if not node["reftarget"]:
            node.replace_self(nodes.inline("", f"[{', '.join(missing)}]"))


def _is_ignored(config: Config, kind: str, target: str) -> bool:
    return (kind, target) in config.nitpick_ignore or any(
        re.fullmatch(kinds, kind) and re.fullmatch(names, target) for kinds, names in config.nitpick_ignore_regex
    )


def _is_in_link(node: nodes.Element) -> bool:
    parent = node.parent
    if isinstance(parent, nodes.reference | addnodes.pending_xref):
        return True
    return isinstance(parent, nodes.Inline) and _is_in_link(cast("nodes.Element", parent))


def find_unused(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-check-consistency`: tell the labels, terms and sources that no page uses, as `sse_report_unused` says."""
    pages: dict[str, PageNames] = env.get_domain("sse").data["names"]
    uses = {use for page in pages.values() for use in page.uses}
    defined = [([str(env.doc2path(name))], *each) for name, page in pages.items() for each in page.definitions]
    if "cite" in env.domains:
        files = list(map(str, cast("Any", env.domains["cite"]).bibdata.bibfiles))
        defined += [(files, "source", [key]) for key in _sources(env)]
    for paths, kind, names in defined:
        if kind in app.config.sse_report_unused and not any((kind, name.lower()) in uses for name in names):
            (check, what, advice), texts = UNUSED[kind], [markup.format(names[0]) for markup in MARKUP[kind]]
            places = ((path, find_line(path, 1, text, kind == "term")) for path in paths for text in texts)
            for path, line in [(path, line) for path, line in places if line][:1]:  # without any, it was generated
                warn(check, f"{what} `{names[0]}`. {advice}", path, line)
