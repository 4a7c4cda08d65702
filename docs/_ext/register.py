"""The register of laws: reads countries and laws; checks sources, relations, names of files; completes relations."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from sse_handbook.data_files import Entry, Fault, Steps, read_entries
from sse_handbook.warnings_ import did_you_mean

SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
OF_COUNTRY = ("country", "region", "subregion")
# The fields of the schema that a law has, those of its `place`, `year`, and `place` itself (for whom it is made).
Law = dict[str, Any]


@dataclass
class Register:
    """Countries and laws by key, in the order of the files; in `relations` each law has both sides.

    What is wrong in a file is a fault, and `left_out`: the key of a law, the code of a country, or `countries` for all.
    """

    countries: dict[str, dict[str, Any]] = field(default_factory=dict)
    laws: dict[str, Law] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)  # of both
    faults: list[Fault] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    since: str = ""  # the older version with which `law_changes` has compared it
    changes: list[dict[str, Any]] = field(default_factory=list)

    def is_left_out(self, key: str) -> bool:
        """Return whether a law or a country may be missing for a fault that is told: its own, or that of its file."""
        return not self.left_out.isdisjoint({key.lower(), key.lower().partition("-")[0], "countries"})


def read_register(folder: Path, sources: Collection[str] | None = None) -> Register:
    """Read the register in a folder; without `sources` (the keys of the bibliography) citations are not checked."""
    register, countries = Register(), folder / "countries.yaml"
    # What begins with a dot is an editor's own.
    register.files = [path for path in (countries, *sorted((folder / "laws").glob("[!.]*"))) if path.exists()]
    for path in register.files:
        for item in _read_file(path, register):
            if isinstance(item, Fault):
                register.faults.append(item)
                register.left_out.add((item.key or path.stem).lower())
                continue
            register.entries[item.key] = item
            if path == countries:
                register.countries[item.key] = {"country": item.key, **item.value}
            else:
                register.laws[item.key] = _make_law(item, register.countries[path.stem])
    for steps, message in _find_faults(register, sources):
        entry = register.entries[str(steps[0])]
        register.faults.append(Fault(entry.path, entry.line(*steps[1:]), f"`{'.'.join(map(str, steps))}`: {message}"))
    for law in register.laws.values():  # what has been told here is not told again by whoever cites it
        law["sources"] = [source for source in law["sources"] if sources is None or source in sources]
    _complete_relations(register.laws)
    return register


@cache
def read_schema(name: str) -> dict[str, Any]:
    """Return the rules of an entry: which fields it must have, and the rule of each field."""
    schema: dict[str, dict[str, Any]] = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return schema["additionalProperties"] | {"$defs": schema["$defs"]}


def read_fields() -> dict[str, dict[str, Any]]:
    """Return each field of the data in its order, with what it means and the values that it may have."""
    rules = read_schema("laws")
    place, derived = (rules["$defs"][name]["properties"] for name in ("place", "derived"))
    return {**place, **rules["properties"], **derived}


def _read_file(path: Path, register: Register) -> Iterator[Entry | Fault]:
    if path.parent.name != "laws":
        yield from read_entries(path, SCHEMAS / "countries.schema.json")
    elif path.suffix != ".yaml":
        yield Fault(path, 1, f"`{path.name}` is not read. Name it after the laws' country: `es.yaml`.", "countries")
    elif path.stem in register.countries:
        for item in read_entries(path, SCHEMAS / "laws.schema.json"):
            if isinstance(item, Fault) or item.key.startswith(f"{path.stem}-"):
                yield item
            else:
                message = f"`{item.key}` stands in `{path.name}`: its key must begin with `{path.stem}-`."
                yield Fault(path, item.line(), message, item.key)
    elif register.countries and not any(fault.path.name == "countries.yaml" for fault in register.faults):
        hint = did_you_mean(path.stem, register.countries) or " Add the country there."
        yield Fault(path, 1, f"`{path.stem}` is no code of `countries.yaml`.{hint}", "countries")


def _make_law(entry: Entry, country: Mapping[str, str]) -> Law:
    law = {"key": entry.key, "country_name": country["name"], **{name: country[name] for name in OF_COUNTRY}}
    for name, value in entry.value.items():  # YAML takes `no` for false, and a year for a number
        law[name] = {"True": "yes", "False": "no"}.get(str(value), str(value)) if isinstance(value, int) else value
    part = entry.key.split("-")[1]  # the year by which people name it, where it is known
    law["year"] = (law.get("adopted") or law.get("in_force", ""))[:4] or (part if part.isdigit() else "")
    law["place"] = " ".join((f"{country['name']} ({law['unit']})" if "unit" in law else country["name"]).split())
    return law


def _find_faults(register: Register, sources: Collection[str] | None) -> Iterator[tuple[Steps, str]]:
    """Yield what names a source or a law that is not there, and where two entries or days contradict each other."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()  # east of here it may be today
    for key, law in register.laws.items():
        for number, source in enumerate(law["sources"]):
            if sources is not None and source not in sources:
                hint = did_you_mean(source, sources) or " Add it to `sources.bib`."
                yield (key, "sources", number), f"`{source}` is no key of a source.{hint}"
        if law.get("law_text", law["sources"][0]) not in law["sources"]:
            yield (key, "law_text"), f"`{law['law_text']}` is none of the entry's `sources`. Add it there."
        days = [(name, law[name]) for name in ("adopted", "in_force", "checked") if name in law]
        yield from (
            ((key, before), f"{day} is later than {after} ({other}). Correct what is wrong.")
            for (before, day), (after, other) in pairwise([*days, ("tomorrow", tomorrow)])
            if day[: len(other)] > other[: len(day)]  # of a year and a day, the year
        )
        for number, copy in enumerate(law.get("archived", ())):
            if copy["source"] not in law["sources"]:
                message = f"`{copy['source']}` is none of the entry's `sources`. Add it there, or delete the copy."
                yield (key, "archived", number, "source"), message
        for name, others in law.get("relations", {}).items():
            for number, other in enumerate(others):
                if message := _find_misfit(register, key, name, other):
                    yield (key, "relations", name, number), message
    with_laws = {law["country"] for law in register.laws.values()}
    for key, country in register.countries.items():
        if country.get("search") == "not researched" and "search_note" not in country and key in with_laws:
            yield (key, "search"), "There are laws now: delete this, or say in `search_note` what it is about."


def _find_misfit(register: Register, key: str, name: str, other: str) -> str:
    """Return what is wrong with a law's relation to another; an empty text where it fits."""
    if other == key:
        return "A law has no relation to itself. Name another law, or delete the line."
    if other not in register.laws:
        of_country = [law for law in register.laws if law[:3] == other[:3]]  # another country's is never meant
        hint = did_you_mean(other, of_country) or " Add it, or delete the line."
        return "" if register.is_left_out(other) else f"`{other}` is no law of the register.{hint}"
    if name != "see_also" and key in register.laws[other].get("relations", {}).get(name, ()):
        return f"`{other}` says the same of `{key}`: one of the two is wrong."
    return ""


def _complete_relations(laws: dict[str, Law]) -> None:
    """Let each of two related laws have the relation, whichever of them says it."""
    rules, found = read_schema("laws")["properties"]["relations"]["properties"], set[tuple[str, str, str]]()
    for key, law in laws.items():
        for name, others in law.pop("relations", {}).items():
            for other in laws.keys() & others:
                found |= {(key, name, other), (other, rules[name]["inverse"], key)}
    for key, name, other in sorted(found):
        laws[key].setdefault("relations", {}).setdefault(name, []).append(other)
