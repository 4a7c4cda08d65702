"""Read `countries.yaml` and the folder `laws` into a `LawRegister`: each law, and what is wrong with the files.

What a field may hold stands in `schemas/laws.schema.json`, and is checked there. Here is checked what a schema cannot
know: that a file is named like a country, and that every source and every other law that is named is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..warnings import Check, Finding, did_you_mean
from .data_files import Entry, read_entries

# Each relation between two laws, and how the other law sees it.
RELATIONS = {
    "amends": "amended_by",
    "repeals": "repealed_by",
    "succeeds": "succeeded_by",
    "implements": "implemented_by",
    "ratifies": "ratified_by",
}
RELATIONS |= {other: name for name, other in RELATIONS.items()} | {"see_also": "see_also"}
# How a field marks one detail that nobody could confirm.
NOT_CONFIRMED = "not confirmed"


@dataclass(frozen=True)
class Country:
    """One country or area of `countries.yaml`."""

    key: str
    name: str
    region: str
    subregion: str
    line: int
    search: str = ""
    search_note: str = ""
    note: str = ""


@dataclass(frozen=True)
class Archived:
    """A copy of a source that an archive keeps."""

    source: str
    url: str
    date: str


@dataclass(frozen=True)
class Law:
    """One law or policy. A date is a year, a month or a day, as text; what is not known is empty.

    `relations` holds what the file says; `LawRegister.relations` has both sides. `lines` has the line of each field
    and of what stands in it: `title`, `sources.0`, `relations.amends.0`.
    """

    key: str
    country: str
    path: str
    line: int
    title: str
    english: str
    level: str
    type: str
    topic: str
    status: str
    text_access: str
    evidence: str
    sources: tuple[str, ...]
    language: str = ""
    unit: str = ""
    adopted: str = ""
    adoption: str = ""
    in_force: str = ""
    commencement: str = ""
    status_detail: str = ""
    status_as_of: str = ""
    home_based: str = ""
    forms: str = ""
    threshold: str = ""
    principles: str = ""
    body: str = ""
    notes: str = ""
    disagreements: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    finder: tuple[str, ...] = ()
    checked: str = ""
    checked_by: str = ""
    archived: tuple[Archived, ...] = ()
    gazette: str = ""
    text_language: str = ""
    translation_language: str = ""
    relations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def unconfirmed(self, name: str) -> bool:
        """Whether a field of text marks a detail, or all of it, as not confirmed."""
        return NOT_CONFIRMED in str(getattr(self, name))


@dataclass(frozen=True)
class DataFile:
    """What one file says, by itself: it can be kept for as long as the file stays the same."""

    countries: tuple[Country, ...] = ()
    laws: tuple[Law, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass
class LawRegister:
    """All countries and laws by key, in the order of the files, and what is wrong with them."""

    countries: dict[str, Country] = field(default_factory=dict)
    laws: dict[str, Law] = field(default_factory=dict)
    relations: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    broken: bool = False  # an entry was left out: a key that pages or other laws use may be right

    def of_country(self, country: str) -> list[Law]:
        """The laws of one country, in the order of its file."""
        return [law for law in self.laws.values() if law.country == country]


def read_laws(
    folder: Path, sources: Collection[str] | None = None, kept: dict[str, tuple[str, DataFile]] | None = None
) -> LawRegister:
    """Read `countries.yaml` and `laws/` of a folder; where they do not exist, the register is empty.

    `sources` are the keys that a citation may use; without them, citations are not checked. `kept` holds what was read
    before, by path, with the hash of the file; it is brought up to date.
    """
    kept = {} if kept is None else kept
    before, register = dict(kept), LawRegister()
    kept.clear()
    countries = folder / "countries.yaml"
    laws = sorted((folder / "laws").iterdir()) if (folder / "laws").is_dir() else []
    for path in [*([countries] if countries.exists() else []), *laws]:
        if path.name.startswith("."):
            continue  # an editor's own
        digest = _digest(path)
        old, read = before.get(str(path), ("", DataFile()))
        if old != digest:
            read = _read_countries(path) if path == countries else _read_file(path)
        kept[str(path)] = (digest, read)
        if path != countries and path.suffix == ".yaml" and path.stem not in register.countries:
            message = f"`{path.stem}` is no code of `countries.yaml`.{did_you_mean(path.stem, register.countries)}"
            read = DataFile(findings=(Finding.at(Check.REGISTER, message, path),))
        register.countries |= {each.key: each for each in read.countries}
        register.laws |= {each.key: each for each in read.laws}
        register.findings += read.findings
        register.broken = register.broken or bool(read.findings)
    register.findings += _find_unknown(register, sources)
    with_laws = {law.country for law in register.laws.values()}
    for country in register.countries.values():
        if country.search == "not researched" and not country.search_note and country.key in with_laws:
            message = f"`{country.key}` has laws now: delete its `search`, or say in `search_note` what it is about."
            register.findings.append(Finding.at(Check.REGISTER, message, countries, country.line))
    register.relations = _both_sides(register.laws)
    return register


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:  # what is wrong with it is said when it is read
        return str(error)


def _read_countries(path: Path) -> DataFile:
    items = list(read_entries(path, "countries"))
    countries = (Country(each.key, line=each.line(), **each.value) for each in items if isinstance(each, Entry))
    return DataFile(tuple(countries), findings=tuple(each for each in items if isinstance(each, Finding)))


def _read_file(path: Path) -> DataFile:
    """The laws of one file, which has the code of a country for its name."""
    laws: list[Law] = []
    findings: list[Finding] = []
    if path.suffix != ".yaml":
        message = f"`{path.name}` is not read. Name a file of laws after its country: `es.yaml`."
        return DataFile(findings=(Finding.at(Check.REGISTER, message, path),))
    for item in read_entries(path, "laws"):
        if isinstance(item, Finding):
            findings.append(item)
        elif not item.key.startswith(f"{path.stem}-"):
            message = f"`{item.key}` stands in `{path.name}`: its key must begin with `{path.stem}-`."
            findings.append(Finding.at(Check.REGISTER, message, path, item.line()))
        else:
            values = {name: _plain(value) for name, value in item.value.items()}
            laws.append(Law(item.key, path.stem, str(path), item.line(), **values, lines=_lines(item)))
    return DataFile(laws=tuple(laws), findings=tuple(findings))


def _plain(value: Any) -> Any:
    """A value as the register holds it: YAML takes `no` for false, and a year for a number."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return Archived(**value) if "url" in value else {name: _plain(each) for name, each in value.items()}
    return tuple(_plain(each) for each in value) if isinstance(value, list) else str(value)


def _lines(entry: Entry) -> dict[str, int]:
    def ways(value: Any, *way: str | int) -> Iterator[tuple[str | int, ...]]:
        yield way
        if isinstance(value, dict | list):
            for step, each in value.items() if isinstance(value, dict) else enumerate(value):
                yield from ways(each, *way, step)

    return {".".join(map(str, way)): entry.line(*way) for way in ways(entry.value)}


def _find_unknown(register: LawRegister, sources: Collection[str] | None) -> Iterator[Finding]:
    """A finding for each source or law that is named and is not there, and where two laws contradict each other."""
    for law in register.laws.values():
        found: list[tuple[str, str]] = []
        for number, key in enumerate(law.sources):
            if sources is not None and key not in sources:
                found.append((f"sources.{number}", f"`{key}` is no key of a source.{did_you_mean(key, sources)}"))
        for number, copy in enumerate(law.archived):
            if copy.source not in law.sources:
                message = f"`{copy.source}` is none of the entry's `sources`. Add it there, or delete the copy."
                found.append((f"archived.{number}.source", message))
        for name, keys in law.relations.items():
            for number, key in enumerate(keys):
                if message := _misfit(register, law, name, key):
                    found.append((f"relations.{name}.{number}", message))
        for way, message in found:
            yield Finding.at(Check.REGISTER, f"`{law.key}.{way}`: {message}", law.path, law.lines[way])


def _misfit(register: LawRegister, law: Law, name: str, key: str) -> str:
    """What is wrong with a relation to another law; empty where it fits."""
    if key == law.key:
        return "A law has no relation to itself. Name another law, or delete the line."
    if key not in register.laws:
        return "" if register.broken else f"`{key}` is no law of the register.{did_you_mean(key, register.laws)}"
    if name != "see_also" and law.key in register.laws[key].relations.get(name, ()):
        return f"`{key}` says the same of `{law.key}`: one of the two is wrong."
    return ""


def _both_sides(laws: Mapping[str, Law]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Every relation as each of its two laws sees it, whichever of them says it."""
    found: dict[str, dict[str, set[str]]] = {}
    for law in laws.values():
        for name, keys in law.relations.items():
            for key in laws.keys() & keys:
                found.setdefault(law.key, {}).setdefault(name, set()).add(key)
                found.setdefault(key, {}).setdefault(RELATIONS[name], set()).add(law.key)
    return {key: {name: tuple(sorted(each)) for name, each in sorted(of.items())} for key, of in sorted(found.items())}
