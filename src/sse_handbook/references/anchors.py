"""The contract of addresses: what a version has published stays reachable, down to the anchor.

An address is the same in every format: `understand/forms` for a page, `understand/forms#form-mutual` for an anchor.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml
from packaging.version import InvalidVersion, Version
from sphinx.application import Sphinx
from sphinx.builders.dummy import DummyBuilder
from sphinx.environment import BuildEnvironment

from ..domain import SSEDomain
from ..registers.data_files import Entry
from ..warnings import Check, Finding, did_you_mean

# What every system can write and nothing climbs out of: folders (without a dot: files have one), a page, an anchor.
ODD = r"""/#\\:*?"<>|\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff"""
FOLDERS, PAGE, ANCHOR = rf"(?:[^\s.{ODD}][^.{ODD}]{{0,59}}/)*", rf"[^\s.{ODD}][^{ODD}]{{0,59}}", rf"[^\s{ODD[1:]}]+"
ADDRESS = re.compile(rf"(?=.{{1,400}}\Z)(?!.*\.html?(?:#|\Z)){FOLDERS}{PAGE}(?:#{ANCHOR})?")
OLDEST = Version("0.dev0")


@dataclass(frozen=True)
class Listed:
    """An address that a version has published, and where the list of that version names it."""

    address: str
    path: Path
    line: int


def places(env: BuildEnvironment) -> dict[str, str]:
    """Every address that the book as it now stands publishes, and what is there: a title, a term, a video.

    Anchors are the explicit ones: labels, terms of the glossary, objects of the `sse` domain. Ids that Sphinx makes
    from headings are not promised to anyone.
    """
    found = {docname: env.titles[docname].astext() for docname in env.all_docs}
    std = env.domains.standard_domain
    named = [(*where, std.labels.get(name, ("", "", ""))[2]) for name, where in std.anonlabels.items()]
    named += [(*where, name) for (kind, name), where in std.objects.items() if kind == "term"]
    named += [(docname, anchor, shown) for _, shown, _, docname, anchor, _ in SSEDomain.of(env).get_objects()]
    for docname, anchor, title in named:
        if docname in env.all_docs and anchor:
            found[f"{docname}#{anchor}"] = str(title) or found[docname]
    return found


def published(env: BuildEnvironment) -> list[str]:
    """Every address that the book as it now stands publishes, sorted."""
    return sorted(places(env))


class AddressBuilder(DummyBuilder):
    """`sphinx-build -b addresses`: write what the book publishes to `addresses.txt`, and no page."""

    name = "addresses"

    def write_documents(self, docnames: Set[str]) -> None:
        """There is nothing to write for a page by itself."""

    def finish(self) -> None:
        title = f"# Every page and explicit anchor of {self.config.project} {self.config.release}".rstrip()
        text = "".join(f"{line}\n" for line in (title, *published(self.env)))
        Path(self.outdir, "addresses.txt").write_text(text, encoding="utf-8")


def find_lost(env: BuildEnvironment) -> Iterator[Finding]:
    """A finding for each published address that is gone and leads nowhere, and for each list that cannot be read."""
    data = Path(env.srcdir, env.config.sse_data_dir)
    listed: list[Listed] = []
    for item in read_lists(data / "anchors"):
        if isinstance(item, Finding):
            yield item
        else:
            listed.append(item)
    exists, redirects = places(env), _targets(env)
    for each in lost(listed, exists, redirects):
        near = nearest(each.address, exists, redirects)
        kind, hint = "label" if "#" in each.address else "page", f" Is it now `{near}`?" if near else ""
        message = (
            f"Version {each.path.stem} published `{each.address}`, and it is gone.{hint} "
            f"Give the {kind} back, or add to `{data.name}/redirects.yaml`: `{yaml_line(each.address, near)}`"
        )
        yield Finding.at(Check.ANCHOR_LOST, _one_line(message), each.path, each.line)


def find_misled(env: BuildEnvironment) -> Iterator[Finding]:
    """A finding for each redirect that does not lead straight from an address that is gone to one that is there."""
    entries: dict[str, Entry] = {}
    for item in SSEDomain.of(env).redirects:
        if isinstance(item, Finding):
            yield item
        else:
            entries[item.key] = item
    for old, step, message in misled(_targets(env), places(env)):
        yield Finding.at(Check.REDIRECT, _one_line(message), entries[old].path, entries[old].line(*step))


def _one_line(message: str) -> str:
    """A message in which nothing from a file breaks the line or hides what follows."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in message)


def _targets(env: BuildEnvironment) -> dict[str, str]:
    return {each.key: each.value["to"] for each in SSEDomain.of(env).redirects if isinstance(each, Entry)}


def current_routes(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """Each address that is gone, sorted, with the address that it leads to and what is there."""
    exists = places(env)
    return {old: (new, exists[new]) for old, new in sorted(routes(_targets(env), exists).items())}


def read_lists(folder: Path) -> Iterator[Listed | Finding]:
    """What each version has published, the newest first, and a finding for each list that cannot be read."""
    if folder.exists() and not folder.is_dir():
        yield Finding.at(Check.REGISTER, "This must be a folder, with a list of addresses for each version.", folder)
    for path in sorted(folder.glob("*.txt"), key=lambda path: (_version(path) or OLDEST, path.name), reverse=True):
        if _version(path) is None:
            yield Finding.at(Check.REGISTER, "Name the list after the version that published it: `1.0.txt`.", path)
        try:
            raw = path.read_bytes()
            lines = raw.decode("utf-8-sig").split("\n")
        except OSError as error:
            message = f"The list cannot be read: {error.strerror}. It must be a file of text."
            yield Finding.at(Check.REGISTER, message, path)
            continue
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            yield Finding.at(Check.REGISTER, "The list is not UTF-8 here. Save the file as UTF-8.", path, line)
            continue
        found = [Listed(text.strip(), path, number) for number, text in enumerate(lines, 1)]
        found = [each for each in found if each.address and not f"{each.address} ".startswith("# ")]
        if not found:
            yield Finding.at(Check.REGISTER, "The list is empty. A version publishes one page at least.", path)
        yield from found


def _version(path: Path) -> Version | None:
    try:
        return Version(path.stem)
    except InvalidVersion:
        return None


def lost(listed: Collection[Listed], exists: Collection[str], redirects: Collection[str]) -> Iterator[Listed]:
    """The listed addresses that neither exist nor have a redirect, each once, where it is listed first."""
    first = {each.address: each for each in reversed([*listed])}
    return (each for address, each in first.items() if address not in exists and address not in redirects)


def nearest(address: str, exists: Collection[str], redirects: Mapping[str, str]) -> str:
    """What a lost address most likely is now, or an empty text.

    The same anchor on the page that its page became, or on any other; else the anchor of its page, or the page, whose
    spelling is nearest.
    """
    page, sharp, anchor = address.partition("#")
    if not sharp:
        names = {each: each for each in exists if "#" not in each}
        return next(iter(get_close_matches(page, names, n=1)), "")
    moved = f"{redirects.get(page, page).partition('#')[0]}#{anchor}"
    same = sorted(each for each in exists if each.endswith(sharp + anchor))
    if same:
        return moved if moved in same else get_close_matches(address, same, n=1, cutoff=0)[0]
    names = {each.partition("#")[2]: each for each in exists if each.startswith(page + sharp)}
    return next((names[name] for name in get_close_matches(anchor, names, n=1)), "")


def yaml_line(address: str, near: str) -> str:
    """The line to add to the redirects, quoted where YAML needs it."""
    entry = {address: {"to": near or "THE NEW ADDRESS", "because": "WHY IT MOVED"}}
    return yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)[1:-2]


def follow(old: str, redirects: Mapping[str, str], exists: Collection[str]) -> tuple[list[str], bool]:
    """The way from a redirected address to its end, both included, and whether it comes back to where it was."""
    way = [old]
    while way[-1] in redirects and (len(way) == 1 or way[-1] not in exists):
        way.append(redirects[way[-1]])
        if way[-1] in way[:-1]:
            return way, True
    return way, False


def routes(redirects: Mapping[str, str], exists: Collection[str]) -> dict[str, str]:
    """Each redirected address that is gone, and the existing address to which it leads in the end."""
    ends = {old: follow(old, redirects, exists)[0][-1] for old in redirects if old not in exists}
    return {old: end for old, end in ends.items() if end in exists and ADDRESS.fullmatch(old)}


def misled(redirects: Mapping[str, str], exists: Collection[str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """What is wrong with each redirect: its old address, the field that is wrong, and what to say."""
    for old, to in redirects.items():
        way, circle = follow(old, redirects, exists)
        if not ADDRESS.fullmatch(old):
            yield old, (), f"`{old[:200]}` is no address. Write it as `folder/page` or `folder/page#anchor`."
        elif old in exists:
            yield old, (), f"`{old}` still exists, so it cannot lead elsewhere. Delete this entry."
        elif circle:
            path = " → ".join(f"`{each}`" for each in way)
            yield old, ("to",), f"This redirect leads in a circle: {path}. Write an address that exists."
        elif to not in exists and way[-1] in exists:
            yield old, ("to",), f"`{to}` is itself redirected. Write where it leads in the end: `to: {way[-1]}`."
        elif to not in exists:
            what = f"`{to}` is itself redirected, and leads to `{way[-1]}`, which" if len(way) > 2 else f"`{to}`"
            hint = did_you_mean(way[-1], exists) or " Write the address of a page or of a label on it."
            yield old, ("to",), f"{what} does not exist.{hint}"


def setup(app: Sphinx) -> None:
    """The builder that writes the contract of addresses."""
    app.add_builder(AddressBuilder)
