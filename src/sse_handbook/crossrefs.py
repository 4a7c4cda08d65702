"""Warns of links to nothing, of labels and terms unused or doubled; readies links for MyST; holds the domain `sse`."""

import re
from collections.abc import Iterable, Set
from enum import Enum
from posixpath import basename, dirname, relpath, splitext
from typing import Any, ClassVar

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains import Domain
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join

from .videos import Register, VideoCard, VideoList, VideoRole, find_uses
from .warnings_ import QUOTED, Check, did_you_mean, find_lines, read_advice, warn

DEFINED = {"label": r"\({}\)=|\.\. _{}:", "term": r"^[ \t]*{}[ \t]*$"}  # how each is written, in MyST or in reST
USES = {"label": ("ref", "numref", "any", "myst"), "term": ("term", "any", "myst")}  # the roles that lead to each kind
LAW = re.compile(r"law-[a-z]{2,3}-|(laws|country)-[a-z]{2,3}$")  # the label of a law, or of laws, with their country


class SSEDomain(Domain):
    """The home of the roles and directives; keeps what each page defines, refers to and shows."""

    name = "sse"
    roles: ClassVar = {"video": VideoRole()}
    directives: ClassVar = {"video": VideoCard, "videos": VideoList}
    initial_data: ClassVar[dict[str, Any]] = {"pages": {}}  # by document, the `names`, `uses` and `videos` of each

    def clear_doc(self, docname: str) -> None:
        self.data["pages"].pop(docname, None)

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        self.data["pages"].update({name: page for name, page in otherdata["pages"].items() if name in docnames})

    def resolve_any_xref(self, *arguments: Any) -> list[Any]:
        return []  # MyST warns about a domain that does not answer


def collect_names(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: keep the labels and terms that a page has, and what it refers to, in lower case."""
    docname, homes = app.env.current_document.docname, app.env.domains.standard_domain.anonlabels  # addresses are none
    found = [("label", [name]) for name, own in doctree.nametypes.items() if own and homes.get(name, " ")[0] == docname]
    uses = {kind: set[str]() for kind in USES}
    names = {anchor: name for name, anchor in doctree.nameids.items() if anchor}  # no anchor: the page has it twice
    elements = list(doctree.findall(nodes.Element))  # by class: a function here costs twice the time
    for node in elements:
        if isinstance(node, addnodes.glossary):
            for item in node.findall(nodes.definition_list_item):
                found.append(("term", [term.astext() for term in item.findall(nodes.term) if term["ids"]]))
        elif isinstance(node, nodes.reference) and node.get("refid") in names:
            uses["label"].add(names[node["refid"]].lower())  # MyST has resolved links within the page by now
        elif isinstance(node, addnodes.pending_xref):
            target = str(node.get("reftargetid") or node.get("reftarget", "")).lower()
            for kind in (kind for kind, roles in USES.items() if node["reftype"] in roles):
                uses[kind].add(target)
    uses["twice"] = {name for name, own in doctree.nametypes.items() if own and not doctree.nameids[name]}
    page = {"names": found, "uses": uses, "videos": find_uses(app.env, elements)}
    app.env.get_domain("sse").data["pages"][docname] = page


def tell_missing(env: BuildEnvironment, message: str, path: str, line: int, check: Enum) -> bool:
    """Tell in our words, with the nearest name, what Sphinx or MyST says of a missing target; `False` if it is none."""
    kind = next((kind for words, kind in read_advice("targets").items() if words in message), "")
    *_, page, target = ["", "", *QUOTED.findall(message)]
    written = f"#{target}" if kind == "anchor" else target
    if kind == "link":  # in Markdown: other paths, and the names of inventories, are MyST's to judge
        if splitext(target.partition("#")[0])[1] in env.config.source_suffix:
            kind, target = "path", target.partition("#")[0]
        else:
            kind, written = "" if re.search("[/:]", target) else "label", f"#{target}"
    if kind == "path":
        kind, page = "" if ":" in target else "doc", path  # of an inventory
    if not (kind and target) or (kind == "label" and target.lower() in env.domains.standard_domain.anonlabels):
        return False
    doubled = set[str]().union(*(found["uses"]["twice"] for found in env.get_domain("sse").data["pages"].values()))
    kind = "twice" if kind in ("label", "anchor") and target.lower() in doubled else kind
    what, advice = read_advice("missing")[kind]
    hint = did_you_mean(target, find_names(env, kind, target, page)) or f" {advice}"
    warn(check, f"{what} `{target}`.{hint}", path, line, written)
    return True


def find_names(env: BuildEnvironment, kind: str, target: str, page: str) -> Iterable[str]:
    std = env.domains.standard_domain
    if kind == "anchor":  # of a page: labels, and what MyST makes of headings, if it is asked to
        slugs = env.metadata[page].get("myst_slugs", {}).items()
        places = ({label, anchor} for label, (where, anchor) in std.anonlabels.items() if where == page)
        return set[str]().union(*({slug, anchor} for slug, (_line, anchor, _title) in slugs), *places)
    if kind == "label":  # of a law: another country is never what was meant
        return [label for label in std.anonlabels if label.startswith((LAW.match(target) or [""])[0])]
    if kind == "term":
        return [name for object_type, name in std.objects if object_type == "term"]
    docs, here = env.found_docs if kind == "doc" else (), dirname(env.path2doc(page) or "")
    ending = next((suffix for suffix in env.config.source_suffix if target.endswith(suffix)), "")
    return [relpath(doc, here) + ending for doc in docs if did_you_mean(basename(target), doc.split("/"))]


def reread_pages(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """`env-get-outdated`: pages with warnings; lists of videos; where a name stands on two pages, the other one."""
    pages, changed = env.get_domain("sse").data["pages"], set[str]().union(*changes)
    lost = {name for page in changed & pages.keys() for _kind, some in pages[page]["names"] for name in some}
    lost |= {f"video-{key}" for key in Register.of(env).videos if changed}
    own = app.doctreedir / f"warned-{app.builder.name}.txt"
    last = own.stat().st_mtime if own.exists() else 0  # this builder has read again what was noted before
    notes = [note for note in app.doctreedir.glob("warned-*.txt") if note.stat().st_mtime >= last]
    warned = [page for note in notes for page in note.read_text("utf-8").split("\n")]
    return warned + [page for page in pages if any(not lost.isdisjoint(some) for _kind, some in pages[page]["names"])]


class PrepareLinks(SphinxPostTransform):
    """Make ready what MyST would not resolve: a link within a link, and some labels."""

    default_priority = 8  # MyST's own resolver has 9, Sphinx's 10

    def run(self, **kwargs: Any) -> None:
        std = self.env.domains.standard_domain
        for node in list(self.document.findall(addnodes.pending_xref)):
            around, target = node.parent, node["reftarget"]
            while isinstance(around, nodes.TextElement) and not isinstance(around, nodes.reference):
                around = around.parent
            if isinstance(around, nodes.reference | addnodes.pending_xref):
                node.replace_self(node.children)  # no format has a link within a link: it stays text
            elif node["reftype"] == "myst" and node["refdomain"] != "doc" and target.lower() in std.anonlabels:
                if target.lower() not in std.labels and not node.astext():
                    node[:] = [nodes.inline("", target)]
                    node["refexplicit"] = True  # of a label without a title MyST finds no text
                if docname_join(node["refdoc"], target) in self.env.all_docs:  # MyST would doubt which of them is meant
                    node["reftarget"] = target.upper()  # it finds labels in any case, and pages in their own


def check_book(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-check-consistency`: tell the names that stand twice or are not used, and the pages without a heading."""
    for docname in {page for pages in env.toctree_includes.values() for page in pages} & env.tocs.keys():
        if env.titles[docname].astext() == "<no title>":  # nor does `.. title::` say it; Sphinx tells it at each menu
            warn(Check.TITLE_MISSING, "The page has no heading. Begin it with `# Its title`.", env.doc2path(docname))
    pages, about = env.get_domain("sse").data["pages"], "translated" if "language" in app.config.overrides else "unused"
    uses = {kind: set[str]().union(*(found["uses"][kind] for found in pages.values())) for kind in USES}
    known = uses["label"] | env.domains.standard_domain.labels.keys()  # one without title that nobody uses is harmless
    places = [(at, page, *name) for page in sorted(pages) for at, name in enumerate(pages[page]["names"])]
    first = {(kind, name): (at, page) for at, page, kind, names in sorted(places)[::-1] for name in names}
    for at, docname, kind, names in places:  # `first` of two is the nearer to the top of its page, as its own label is
        written, path = DEFINED[kind], env.doc2path(docname)
        for name in names:
            if (home := first[kind, name]) != (at, docname) and (kind == "term" or name in known):
                message = f"The {kind} `{name}` stands in `{env.doc2path(home[1], False)}`, too. Rename one of the two."
                line = [1, *find_lines(path, written.replace("{}", re.escape(name)))][-1]
                warn(Check[f"{kind.upper()}_DUPLICATE"], message, path, line)
        if names and kind in app.config.sse_report_unused and uses[kind].isdisjoint(map(str.lower, names)):
            for line in find_lines(path, written.replace("{}", re.escape(names[0])))[:1]:  # else it was generated
                message = f"No page uses the {kind} `{names[0]}`. {read_advice(about)[kind]}"
                warn(Check[f"{kind.upper()}_UNUSED"], message, path, line)
