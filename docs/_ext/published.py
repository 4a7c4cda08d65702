"""What a version published stays reachable: builder `addresses`, check of older lists, redirects of pages and labels.

An address is the same in every format: `understand/forms` is a page, `understand/forms#form-mutual` an anchor on it.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from book_checks import BookCheck
from docutils import nodes
from law_changes import format_laws
from laws import book
from packaging.version import Version
from sphinx.application import Sphinx
from sphinx.builders.dummy import DummyBuilder
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.util.nodes import make_refnode

from sse_handbook.data_files import Entry, Fault, read_entries
from sse_handbook.videos import Register
from sse_handbook.warnings_ import Check, did_you_mean, warn

REDIRECTS = "data/redirects.yaml"
SCHEMA = Path(__file__).parent.parent / "data/schemas/redirects.schema.json"
# What stays where an address moves (the page of an anchor, the country of a law), and its name; `index` alone is none.
PARTS = re.compile(r"^(.*#(?:law-..-)?)?(?:.*/(?!index$))?(.+)$")
NO_LIST = "This is no list of what a version published. Name it `1.0.0.txt`, and give back what its release wrote."


def find_addresses(env: BuildEnvironment) -> dict[str, str]:
    """Return every page and every explicit anchor (label or term) of the book, each with the title of what is there."""
    addresses = {docname: title.astext() for docname, title in env.titles.items()}
    for name, title, kind, docname, anchor, _priority in env.domains.standard_domain.get_objects():
        if docname in env.titles and anchor:
            addresses[f"{docname}#{anchor}"] = addresses[docname] if (kind, title) == ("label", name) else title
    return addresses


class AddressBuilder(DummyBuilder):
    """`sphinx-build -b addresses`: write what the book publishes to `published.txt`, and its laws; no page."""

    name = "addresses"

    def finish(self) -> None:
        title = f"# Every page and explicit anchor of {self.config.project} {self.config.release}"
        text = "".join(f"{line}\n" for line in (title, *sorted(find_addresses(self.env))))
        Path(self.outdir, "published.txt").write_text(text, encoding="utf-8")
        Path(self.outdir, "published.laws.json").write_text(format_laws(book.register.laws), encoding="utf-8")


def find_new_address(lost: str, addresses: Collection[str], listed: Collection[str]) -> str:
    """Return what a lost address most likely is now: the same anchor, or a near name that its version did not have."""
    same = [address for address in addresses if "#" in lost and address.endswith(lost[lost.index("#") :])]
    [(start, name)], old = PARTS.findall(lost), {address.rpartition("#")[2] for address in listed}
    new = {PARTS.findall(address)[0]: address for address in addresses if address.rpartition("#")[2] not in old}
    near = get_close_matches(name, [other for before, other in new if before == start], n=1, cutoff=0.85)
    return next(iter([*same, *(new[start, other] for other in near)]), "")


def check_published(app: Sphinx, addresses: dict[str, str], redirects: Collection[str]) -> None:
    """Warn of each address that a version published and that is gone, with the redirect to paste."""
    lists = []
    for path in Path(app.srcdir, "data/published").glob("*.txt"):
        try:
            lines = enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1)
            if not (listed := {line: number for number, line in lines if line and line[0] != "#"}):
                raise ValueError(path)
            lists.append((Version(path.stem), path, listed))
        except (OSError, ValueError):
            warn(Check.REGISTER, NO_LIST, path)
    # What could not be read, which is told, is not gone.
    unread = ("law", "countries-") * bool(book.register.left_out)
    unread += tuple(f"video-{key}" for key in Register.of(app.env).left_out)
    # Of a label or a term that stands twice, Sphinx knows one place.
    pages, lead = app.env.get_domain("sse").data["pages"].items(), {"label": "", "term": "term-"}
    own = {f"{at}#{lead[kind]}{nodes.make_id(text)}" for at, page in pages for kind, of in page["names"] for text in of}
    done = {*addresses, *own, *redirects}
    for _version, path, listed in sorted(lists, reverse=True):
        for lost in listed:
            if {lost, lost.lower()} & done or lost.partition("#")[2].startswith(unread):
                continue
            done.add(lost)
            near = find_new_address(lost, addresses, listed)
            entry = {lost: {"to": near or "THE NEW ADDRESS", "because": "WHY IT MOVED"}}
            line = yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, allow_unicode=True, width=999)[1:-2]
            gone = f"Version {path.stem} published `{lost}`, and it is gone.{f' Is it now `{near}`?' if near else ''}"
            give_back = f" Give the {'label' if '#' in lost else 'page'} back, or add to `{REDIRECTS}`: `{line}`"
            page = app.env.doc2path(lost.partition("#")[0])  # it lost a label, if it is there
            warn(BookCheck.ANCHOR_LOST, gone + give_back, *((page, 1) if page.exists() else (path, listed[lost])))


class Redirects:
    """Where the entries of `redirects.yaml` lead the readers of this build."""

    def __init__(self) -> None:  # by page and anchor of old: page, anchor and title of now
        self.routes = defaultdict[str, dict[str, tuple[str, str, str]]](dict)

    def check(self, app: Sphinx, env: BuildEnvironment) -> None:
        """`env-updated`: warn of each that does not lead straight from what is gone to what is there."""
        path, addresses = Path(app.srcdir, REDIRECTS), find_addresses(env)
        entries = [*read_entries(path, SCHEMA)] if path.exists() else []
        redirects = {entry.key: entry.value["to"] for entry in entries if isinstance(entry, Entry)}
        for entry in entries:
            if isinstance(entry, Fault):
                warn(Check.REGISTER, entry.message, entry.path, entry.line)
                continue
            old, new, end = entry.key, entry.value["to"], entry.value["to"]
            for _step in redirects:  # no way is longer; one that leads in a circle ends at a redirect
                end = redirects.get(end, end)
            if old in addresses:
                message = f"`{old}` still exists, so it cannot lead elsewhere. Delete this entry."
                warn(BookCheck.REDIRECT, message, entry.path, entry.line())
            elif new not in addresses:
                hint = did_you_mean(new, addresses) or " Write the address of a page or of a label on it."
                message = f"`{new}` {'leads in a circle' if end in redirects else 'does not exist'}.{hint}"
                if end in addresses:
                    message = f"`{new}` is itself redirected. Write where it leads in the end: `to: {end}`."
                warn(BookCheck.REDIRECT, message, entry.path, entry.line("to"))
            elif app.builder.name == "html":
                page, _sharp, anchor = old.partition("#")
                self.routes[page][anchor] = (*new.partition("#")[::2], addresses[new])
        if len(redirects) == len(entries):  # else one that could not be read may say where something went
            check_published(app, addresses, redirects)

    def keep_old_anchors(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """`doctree-resolved`: put each old anchor where it went on its page, or into a note at the top, with a link."""
        section = doctree.next_node(nodes.section)
        for anchor, (page, target, title) in self.routes[docname].items():
            places = {name: node for node in doctree.findall(nodes.Element) for name in node["ids"]}
            if page == docname and target in places:
                places[target]["ids"] += {anchor} - places.keys()  # a heading may have the name by itself
            elif anchor not in places and section is not None:
                link = make_refnode(app.builder, docname, page, target, nodes.inline("", title))
                text = nodes.Text(_("This part has moved:") + " ")
                section.insert(1, nodes.paragraph("", "", text, link, ids=[anchor], classes=["moved"]))

    def make_old_pages(self, app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
        """`html-collect-pages`: put a small page where a page is gone; it shows where each of its anchors went."""
        for page in self.routes.keys() - app.env.titles.keys():
            yield page, {"places": self.routes[page]}, "moved.html"


def setup(app: Sphinx) -> dict[str, Any]:
    redirects, path = Redirects(), Path(app.srcdir, REDIRECTS)
    # Sphinx writes all pages again when a setting changes; this one holds the redirects.
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    app.add_config_value("published_redirects", text, "html", str)
    app.add_builder(AddressBuilder)
    app.connect("env-updated", redirects.check)
    app.connect("doctree-resolved", redirects.keep_old_anchors)
    app.connect("html-collect-pages", redirects.make_old_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
