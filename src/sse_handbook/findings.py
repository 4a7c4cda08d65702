"""Gather what every part of the extension found, leave out what is silenced, and say the rest once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from .domain import SSEDomain
from .formats import versions
from .laws import users as law_users
from .references import anchors, crossrefs, unused
from .registers.data_files import read_entries
from .registers.videos import today
from .videos import cards, checks
from .warnings import ONLINE, Check, Finding, warn


@dataclass(frozen=True)
class Silence:
    """One entry of `silenced.yaml`: the findings of a check, in the files that a pattern matches, until a day."""

    key: str
    check: str
    file: str
    until: date
    place: str
    line: int


def report(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: every finding of the whole book, on every build, each once."""
    warn(unsilenced(sorted(set(find_all(env))), Path(app.srcdir), app.config.sse_data_dir))


def find_all(env: BuildEnvironment) -> Iterator[Finding]:
    """What is wrong with the book as it now stands, whatever was read in this build."""
    domain = SSEDomain.of(env)
    yield from domain.register.findings
    yield from domain.laws.findings
    for found in domain.findings.values():
        yield from found
    yield from crossrefs.find_missing(env)
    yield from cards.find_bad_addresses(env)
    yield from checks.find_stale(env)
    yield from law_users.find_unknown(env)
    yield from law_users.find_stale(env)
    yield from unused.find_unused(env)
    yield from anchors.find_lost(env)
    yield from anchors.find_misled(env)
    yield from versions.find_misdated(env)


def unsilenced(findings: list[Finding], source: Path, data: str, online: bool = False) -> Iterator[Finding]:
    """The findings that no entry of `silenced.yaml` covers, and one for each entry that is of no more use.

    With `online`, the entries are those for the checks that need a network; without, all others.
    """
    path = source / data / "silenced.yaml"
    silences: list[Silence] = []
    for item in read_entries(path, "silenced") if path.exists() else ():
        if isinstance(item, Finding):
            if not online:
                yield item
            continue
        if (item.value["check"] in ONLINE) != online:
            continue
        until = date.fromisoformat(item.value["until"])
        silences.append(Silence(item.key, item.value["check"], item.value["file"], until, str(path), item.line()))
    used: set[str] = set()
    for finding in findings:
        file = Path(finding.path).resolve()
        name = file.relative_to(source).as_posix() if file.is_relative_to(source) else file.as_posix()
        covering = [each for each in silences if each.check == finding.check and fnmatch(name, each.file)]
        used |= {each.key for each in covering}
        if not any(each.until >= today() for each in covering):
            yield finding
    for each in silences:
        if each.until < today():
            message = f"`{each.key}` expired on {each.until}. Mend what it hides, or set a new date with a reason."
            yield Finding.at(Check.SILENCE, message, each.place, each.line)
        elif each.key not in used:
            yield Finding.at(Check.SILENCE, f"`{each.key}` silences nothing. Delete it.", each.place, each.line)


def setup(app: Sphinx) -> None:
    """Tell what was found, when all pages have been read."""
    app.connect("env-updated", report)
