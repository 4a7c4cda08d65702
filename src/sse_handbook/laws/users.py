"""What an entry says that only all pages together, or the day, can tell: who cites a law, how old its check is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.osutil import relative_uri

from ..domain import SSEDomain
from ..registers.law_words import checked_words, months_since, oldest_first
from ..registers.laws import Law
from ..registers.videos import today
from ..warnings import Check, Finding, did_you_mean
from . import data
from .pages import COLUMNS, joined, law_later


class FillLater(SphinxPostTransform):
    """Write what had to wait until all pages were read: who cites a law, and when it was checked."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        for node in [each for each in self.document.findall(law_later) if each["kind"] != "file"]:
            said = [*getattr(self, node["kind"])(node["key"], SSEDomain.of(self.env))]
            node.replace_self(said)
            if not said:
                line: nodes.Element = node.parent.parent.parent
                line.parent.remove(line)

    def checked(self, key: str, domain: SSEDomain) -> Iterator[nodes.Node]:
        """When the entry was last checked."""
        words = checked_words(domain.laws.laws[key], today(), self.config.sse_law_max_age)
        yield nodes.Text(words)

    def users(self, key: str, domain: SSEDomain) -> Iterator[nodes.Node]:
        """Links to the pages that cite the law."""
        here = self.env.current_document.docname
        links = []
        for docname in domain.law_users.get(key, ()):
            link = addnodes.pending_xref("", refdomain="std", reftype="doc", reftarget=f"/{docname}", refdoc=here)
            link += nodes.inline("", self.env.titles[docname].astext())
            link["refexplicit"] = True
            links.append(link)
        return joined(links)


def link_files(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """`doctree-resolved`: link the files of the data, in formats that have them beside their pages."""
    for node in [*doctree.findall(law_later)]:
        text = nodes.literal("", node["key"])
        uri = relative_uri(app.builder.get_target_uri(docname), f"{data.FOLDER}/{node['key']}")
        link = nodes.reference("", "", text, refuri=uri, internal=False)
        node.replace_self(link if data.published(app.builder) else text)


def entries_to_write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: the pages whose entries would name other pages that cite them, or another time since their check.

    What they will say is kept for the next build.
    """
    domain, builder = SSEDomain.of(env), app.builder.name
    users: dict[str, set[str]] = {}
    for docname, references in domain.references.items():
        for each in references:
            if each.kind == "law" and each.check:
                users.setdefault(each.target, set()).add(docname)
    domain.law_users = {key: sorted(docnames) for key, docnames in users.items()}
    changed = []
    for docname, keys in domain.data["law_entries"].items():
        said = {}
        for key in keys:
            named = [(name, env.titles[name].astext()) for name in domain.law_users.get(key, ())]
            words = checked_words(domain.laws.laws[key], today(), env.config.sse_law_max_age)
            said[key] = (named, words)
        before = domain.data["law_shown"].setdefault(docname, {})
        if before.get(builder, said) != said:
            changed.append(docname)
        before[builder] = said
    return changed


def find_stale(env: BuildEnvironment) -> Iterator[Finding]:
    """One note on the laws that nobody has checked for too long: the one with the oldest sources says so for all."""
    laws, most = SSEDomain.of(env).laws.laws.values(), env.config.sse_law_max_age
    old = [law for law in laws if not law.checked or months_since(law.checked, today()) >= most]
    if old:
        old.sort(key=oldest_first)
        named = ", ".join(law.key for law in old[:3]) + (f" and {len(old) - 3} more" if len(old) > 3 else "")
        message = f"{len(old)} of {len(laws)} laws were not checked for {most} months, or never. Begin with: {named}."
        yield Finding.at(Check.LAW_STALE, message, old[0].path, old[0].line)


def find_unknown(env: BuildEnvironment) -> Iterator[Finding]:
    """A finding for each value that a list asks for and that no law may have: it is most likely misspelt."""
    domain = SSEDomain.of(env)
    known: dict[str, Collection[str]] = {
        **{name: data.values("laws", name) for name in ("type", "topic", "status", "level", "evidence", "finder")},
        **{name: data.values("countries", name) for name in ("region", "subregion")},
        "country": domain.laws.countries.keys(),
        "principles": ["yes", "partly", "no", "not checked"],
        "with": [each.name for each in fields(Law)],
        "columns": COLUMNS.keys(),
    }
    for each in (each for views in domain.data["law_views"].values() for each in views):
        for option in known.keys() & each.asked.keys():
            for value in {*each.asked[option]}.difference(known[option]):
                message = f"`:{option}:` asks for `{value}`, which no law has.{did_you_mean(value, known[option])}"
                yield Finding.at(Check.LAW_UNKNOWN, message, each.path, each.line)


def setup(app: Sphinx) -> None:
    """What is known of a law when all pages have been read: where it stands, who cites it."""
    app.add_post_transform(FillLater)
    app.connect("doctree-resolved", link_files)
    app.connect("env-updated", entries_to_write_again)
