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
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.util.nodes import make_refnode

from sse_handbook.data_files import Entry, Fault, read_entries
from sse_handbook.videos import Register
from sse_handbook.warnings_ import Check, did_you_mean, warn

REDIRECTS = "data/redirects.yaml"
SCHEMA = Path(__file__).parent.parent / "data/schemas/redirects.schema.json"
NO_LIST = "This is no list of what a version published. Name it `1.0.0.txt`, and give back what its release wrote."
# A key of the file of redirects, at the beginning of a line, also where the file has a fault.
KEY = re.compile(r"^[\"']?([^\s#\"'].*?)[\"']?:(?=\s|$)", re.MULTILINE)


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
    """Return what a lost address most likely is now: the same anchor wherever it is; else the page, or the anchor of
    its page, whose spelling is nearest: one that the same version did not have (`listed`), for that is another thing.
    """
    page, sharp, anchor = lost.partition("#")
    country = anchor[:7] if anchor.startswith("law-") else ""  # `law-es-…`: no law becomes another country's
    start, old = page + sharp + country if sharp else "", {address.rpartition("#")[2] for address in listed}
    alike = (address for address in addresses if address.startswith(start) and ("#" in address) == bool(sharp))
    new = {name: address for address in alike if (name := address.rpartition("#")[2]) not in old}
    same = [address for address in addresses if sharp and address.endswith(f"#{anchor}")]
    return next(iter([*same, *(new[name] for name in get_close_matches(anchor or page, new, n=1))]), "")


def check_published(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: warn of each address that a version published and that is gone, with the redirect to paste."""
    data, addresses, lists = Path(app.srcdir, "data"), find_addresses(env), []
    for path in {*Path(data, "published").glob("*")}.difference(Path(data, "published").glob("*.laws.json")):
        try:
            lines = enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1)
            if not (listed := {line: number for number, line in lines if line and line[0] != "#"}):
                raise ValueError(path)
            lists.append((Version(path.stem), path, listed))
        except (OSError, ValueError):
            warn(Check.REGISTER, NO_LIST, path)
    # What is made of a file with a fault, which is told, is not gone: `law-np-…` of `np.yaml`, and so on.
    broken = {fault.path.stem for fault in book.register.faults}
    unread = [f"law-{country}-" for country in broken] + ["law", "countries-"] * ("countries" in broken)
    unread += ["video-"] * Register.of(env).broken
    # Of a label or a term that stands twice, Sphinx knows one place.
    names, before = env.get_domain("sse").data["names"], {"label": "", "term": "term-"}
    kept = {f"{page}#{before[kind]}{nodes.make_id(text)}" for page in names for kind, of in names[page] for text in of}
    done = {*addresses, *kept, *KEY.findall(app.config.published_redirects)}
    for _version, path, listed in sorted(lists, reverse=True):
        for lost in listed:
            if {lost, lost.lower()} & done or lost.partition("#")[2].startswith(tuple(unread)):
                continue
            done.add(lost)
            near = find_new_address(lost, addresses, listed)
            entry = {lost: {"to": near or "THE NEW ADDRESS", "because": "WHY IT MOVED"}}
            line = yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, allow_unicode=True, width=999)[1:-2]
            gone = f"Version {path.stem} published `{lost}`, and it is gone.{f' Is it now `{near}`?' if near else ''}"
            give_back = f" Give the {'label' if '#' in lost else 'page'} back, or add to `{REDIRECTS}`: `{line}`"
            warn(BookCheck.ANCHOR_LOST, gone + give_back, path, listed[lost])


def note_redirects(app: Sphinx, config: Config) -> None:
    """`config-inited`: make the redirects a setting: Sphinx then writes all pages again when one changes."""
    path = Path(app.srcdir, REDIRECTS)
    config.published_redirects = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


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
            old, new = entry.key, entry.value["to"]
            end = new
            for _step in redirects:  # no way is longer; one that leads in a circle ends nowhere
                end = end if end in addresses else redirects.get(end, end)
            if old in addresses:
                message = f"`{old}` still exists, so it cannot lead elsewhere. Delete this entry."
                warn(BookCheck.REDIRECT, message, entry.path, entry.line())
            elif new not in addresses and end in addresses:
                message = f"`{new}` is itself redirected. Write where it leads in the end: `to: {end}`."
                warn(BookCheck.REDIRECT, message, entry.path, entry.line("to"))
            elif new not in addresses:
                problem, near = ("leads in a circle", "") if end in redirects else ("does not exist", new)
                hint = did_you_mean(near, addresses) or " Write the address of a page or of a label on it."
                warn(BookCheck.REDIRECT, f"`{new}` {problem}.{hint}", entry.path, entry.line("to"))
            elif app.builder.name == "html":
                page, _sharp, anchor = old.partition("#")
                self.routes[page][anchor] = (*new.partition("#")[::2], addresses[new])

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
    redirects = Redirects()
    app.add_config_value("published_redirects", "", "html", str)
    app.add_builder(AddressBuilder)
    app.connect("config-inited", note_redirects)
    app.connect("env-updated", redirects.check)
    app.connect("env-updated", check_published)
    app.connect("doctree-resolved", redirects.keep_old_anchors)
    app.connect("html-collect-pages", redirects.make_old_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
