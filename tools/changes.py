"""Check that the list of changes, the version and what else names it agree.

    python tools/changes.py

The list has the form of Keep a Changelog: https://keepachangelog.com/en/1.1.0/. What a version means is this project's
own rule, and stands in `docs/contribute/releasing.md`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

import yaml
from packaging.version import Version

ROOT = Path(__file__).parent.parent
CHANGES, ANCHORS = Path("docs/reference/changes.md"), Path("docs/data/published")
GROUPS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
NUMBER = re.compile(r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)")
UNRELEASED = "Unreleased"
HEADING = re.compile(rf"## ({UNRELEASED}|[\[v]*\d.*)")
RELEASED = re.compile(rf"({NUMBER.pattern}) - (\d{{4}}-\d\d-\d\d)")
SINCE = re.compile(r"^\s*(?:`{3,}|:{3,})\{(?:versionadded|versionchanged|deprecated|versionremoved)\}[ \t]+(\S+)", re.M)
# What is not out yet: a release puts its number in the place of this word.
NEXT = "next"
# How such a change begins in the list: it makes a version major.
WEIGHTY = ("Recommendation:", "Definition:")
KINDS = ("patch", "minor", "major")


@dataclass
class Section:
    """One version of the list, or what is not out yet: its entries, each with its group and its line."""

    name: str
    line: int
    day: date | None = None
    entries: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def version(self) -> Version | None:
        """Its version; `None` for what is not out yet."""
        return None if self.name == UNRELEASED else Version(self.name)

    def kind(self) -> str:
        """The smallest kind of version that these entries may be: `patch`, `minor` or `major`."""
        groups = {group for group, _, _ in self.entries}
        if "Removed" in groups or any(text.startswith(WEIGHTY) for _, _, text in self.entries):
            return "major"
        return "minor" if groups & {"Added", "Changed", "Deprecated"} else "patch"


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong on one line of a file, and what to do."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def read(text: str) -> tuple[list[Section], list[Fault]]:
    """The sections of a list of changes, in its order, and each fault of its form."""
    sections: list[Section] = []
    faults: list[Fault] = []
    inside, group = False, ""

    def fault(line: int, message: str) -> None:
        faults.append(Fault(CHANGES.as_posix(), line, message))

    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            found = HEADING.fullmatch(line.rstrip())
            inside, group = found is not None, ""
            if found is None:
                continue
            try:
                sections.append(_section(found[1], number))
            except ValueError:
                inside = False
                fault(number, f"`{found[1]}` is no version. Write `## {UNRELEASED}`, or `## 1.0.0 - 2027-01-31`.")
        elif inside and line.startswith("### "):
            group = line[4:].strip()
            if group not in GROUPS:
                fault(number, f"`{group}` is no group of changes. Write one of: {', '.join(GROUPS)}.")
        elif inside and line.startswith("- "):
            if not group:
                fault(number, f"This change stands in no group. Put it under one of: {', '.join(GROUPS)}.")
            sections[-1].entries.append((group, number, line[2:].strip()))
    faults += [Fault(CHANGES.as_posix(), line, message) for line, message in _disorder(sections)]
    return sections, faults


def _section(name: str, line: int) -> Section:
    """What a heading begins. Raises `ValueError` where it is neither `Unreleased` nor a version with a day."""
    if name == UNRELEASED:
        return Section(name, line)
    found = RELEASED.fullmatch(name)
    if not found:
        raise ValueError(name)
    return Section(found[1], line, date.fromisoformat(found[2]))


def _disorder(sections: Sequence[Section]) -> Iterator[tuple[int, str]]:
    if [each for each in sections if each.version is None] != sections[:1] or not sections:
        yield 1, f"The list begins with `## {UNRELEASED}`, and has that heading once."
    out = [each for each in sections if each.version]
    for newer, older in pairwise(out):
        if Version(newer.name) <= Version(older.name):
            yield older.line, f"{older.name} stands below {newer.name}. The newest version comes first, each once."
        elif newer.day and older.day and newer.day < older.day:
            yield newer.line, f"{newer.name} is older than {older.name} by its day. Mend the day."
    for each in out:
        if not each.entries:
            yield each.line, f"{each.name} has no change. Say what it brought."


def find(root: Path) -> Iterator[Fault]:
    """Every way in which the files of a project disagree on its versions."""
    text = (root / CHANGES).read_text(encoding="utf-8")
    sections, faults = read(text)
    yield from faults
    out = [each for each in sections if each.version]
    version = str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    yield from _version(root, version, out)
    yield from _contracts(root, version, out)
    known = {each.name for each in out}
    for page in sorted((root / "docs").rglob("*.md")):
        words = page.read_text(encoding="utf-8")
        for found in SINCE.finditer(words):
            if found[1] != NEXT and found[1] not in known:
                message = f"No version {found[1]} is out. Write `{NEXT}`: the release puts its number there."
                yield Fault(page.relative_to(root).as_posix(), words[: found.start(1)].count("\n") + 1, message)


def _version(root: Path, version: str, out: Sequence[Section]) -> Iterator[Fault]:
    line = _line(root / "pyproject.toml", "version =")
    if not NUMBER.fullmatch(version):
        yield Fault("pyproject.toml", line, f"`{version}` is no version of this project: write three numbers, 1.0.0.")
    elif out and version != out[0].name:
        message = f"The version is {version}, and the newest in {CHANGES} is {out[0].name}. Only a release sets both."
        yield Fault("pyproject.toml", line, message)
    elif not out and Version(version) >= Version("1.0.0"):
        yield Fault(
            "pyproject.toml", line, f"The version is {version}, and {CHANGES} has no version. Release it first."
        )
    path = root / "CITATION.cff"
    citation = yaml.safe_load(path.read_text(encoding="utf-8"))
    if str(citation.get("version")) != version:
        message = f"The version here is {citation.get('version')}, and that of pyproject.toml is {version}. Copy that."
        yield Fault(path.name, _line(path, "version:"), message)
    if out and str(citation.get("date-released")) != str(out[0].day):
        message = (
            f"`date-released` is {citation.get('date-released')}, and {out[0].name} is of {out[0].day}. Copy that."
        )
        yield Fault(path.name, _line(path, "date-released:"), message)


def _contracts(root: Path, version: str, out: Sequence[Section]) -> Iterator[Fault]:
    names = {each.name for each in out}
    lists = {path.stem for path in (root / ANCHORS).glob("*.txt")}
    for each in out:
        if each.name not in lists:
            message = f"{each.name} has no list of its addresses. Give `{ANCHORS}/{each.name}.txt` back from its tag."
            yield Fault(CHANGES.as_posix(), each.line, message)
    for name in sorted(lists - names):
        message = f"{CHANGES} has no version {name}. Name the list after a version that is out, or delete it."
        yield Fault(f"{ANCHORS.as_posix()}/{name}.txt", 1, message)


def _line(path: Path, start: str) -> int:
    """The line of a file that begins with a text; 1 where none does."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.startswith(start)), 1)


def moved(text: str, version: str, day: date) -> str:
    """The list of changes when what was not out yet is a version."""
    heading = f"## {UNRELEASED}"
    return re.sub(rf"^{heading}$", f"{heading}\n\n## {version} - {day}", text, count=1, flags=re.M)


def steps(old: str) -> dict[str, str]:
    """The versions that may follow a version, each with its kind, the smallest first."""
    major, minor, patch = Version(old).release
    return {f"{major}.{minor}.{patch + 1}": "patch", f"{major}.{minor + 1}.0": "minor", f"{major + 1}.0.0": "major"}


def main() -> int:
    """Print every fault; the exit code is 1 when there is one."""
    faults = sorted(find(ROOT))
    for fault in faults:
        print(fault)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
