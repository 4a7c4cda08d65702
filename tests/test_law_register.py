"""The register of laws: what it holds, and that a fault in any field of any of its files is named on its line."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from pybtex.database import parse_file
from register import RELATIONS, Register, read_register, read_schema

DATA = ROOT / "docs" / "data"
LAW_RULES = read_schema("laws")
SPAIN = {"name": "Spain", "region": "Europe", "subregion": "Southern Europe"}
COUNTRIES: dict[str, Any] = {
    "es": {**SPAIN, "search": "nothing usable", "search_note": "Home work", "note": "A note"},
    "fr": {"name": "France", "region": "Europe", "subregion": "Western Europe"},
}
# An entry with every field.
FULL: dict[str, Any] = {
    **{"title": "Ley de ejemplo", "language": "es", "english": "An example", "level": "sub-national"},
    **{"unit": "Galicia", "type": "sectoral law", "topic": "cooperative", "adopted": "2011-03-29"},
    **{"adoption": "2011-03-29 (published)", "in_force": 2012, "commencement": "2012 (in part)", "status": "in force"},
    **{"status_detail": "amended", "status_as_of": "2025-12", "home_based": "None.", "forms": "cooperatives"},
    **{"threshold": "3 members", "principles": "yes (art. 4)", "body": "A ministry"},
    **{"text_access": "official source online", "evidence": "law text read", "notes": "A note"},
    **{"disagreements": ["Two dates."], "gaps": ["The decree."], "finder": ["light door"], "sources": ["boe", "les"]},
    **{"checked": "2026-01-31", "checked_by": "Somebody", "gazette": "BOE 76"},
    "archived": [{"source": "boe", "url": "https://archive.example/1", "date": "2026-01-31"}],
    **{"text_language": "es", "translation_language": "en", "relations": {"amends": ["es-2012-two"]}},
}
PLAIN = {name: FULL[name] for name in LAW_RULES["required"]} | {"level": "national"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, {"countries.yaml": dump(COUNTRIES)})
    return tmp_path


def dump(value: dict[str, Any]) -> str:
    """Return YAML as people write it: what stands twice is written twice."""
    return yaml.safe_dump(json.loads(json.dumps(value)), sort_keys=False)


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def read(folder: Path, **laws: dict[str, Any]) -> Register:
    """Read a register with these laws, each in the file of its country."""
    for country in {key[:2] for key in laws}:
        mine = {key.replace("_", "-"): law for key, law in laws.items() if key.startswith(country)}
        write(folder, {f"laws/{country}.yaml": dump(mine)})
    return read_register(folder, {"boe", "les"})


def places(register: Register) -> list[tuple[str, int]]:
    return [(fault.path.name, fault.line) for fault in register.faults]


def line_of(path: Path, start: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip().startswith(start))


@pytest.fixture(scope="module")
def register() -> Register:
    return read_register(DATA, parse_file(DATA / "sources.bib").entries)


def test_the_register_of_the_handbook_has_no_fault(register: Register) -> None:
    assert register.faults == []


# The first edition: framework laws, sectoral laws, strategies and ratifications of each region. Laws do not leave.
FIRST = {
    **{"World": (0, 1, 4, 0), "Africa": (11, 15, 3, 0), "Americas": (12, 15, 4, 2)},
    **{"Asia": (3, 35, 6, 1), "Europe": (18, 20, 4, 10), "Oceania": (0, 1, 0, 0)},
}


def test_no_law_of_the_first_edition_is_lost(register: Register) -> None:
    held = Counter((law["region"], law["type"]) for law in register.laws.values())
    for region, counts in FIRST.items():
        for kind, count in zip(LAW_RULES["properties"]["type"]["enum"], counts, strict=True):
            assert held[region, kind] >= count, (region, kind)


def test_the_convention_shows_every_ratification(register: Register) -> None:
    ratifications = sorted(key for key, law in register.laws.items() if law["type"] == "ratification")
    assert len(ratifications) >= 13
    assert register.laws["xil-1996-home-work"]["relations"]["ratified_by"] == ratifications


def test_every_field_of_an_entry_arrives(folder: Path) -> None:
    assert set(FULL) == set(LAW_RULES["properties"])
    register = read(folder, es_2011_one=FULL, es_2012_two=PLAIN | {"principles": False})
    assert register.faults == []
    law, other = register.laws["es-2011-one"], register.laws["es-2012-two"]
    assert {name: law[name] for name in FULL} == FULL | {"in_force": "2012"}
    assert (law["year"], law["place"], law["region"]) == ("2011", "Spain (Galicia)", "Europe")
    assert (other["year"], other["place"], other["principles"]) == ("2012", "Spain", "no")
    assert other["relations"] == {"amended_by": ["es-2011-one"]}
    assert register.countries["es"] == {"country": "es", **COUNTRIES["es"]}


# What no field of its kind may be, as it would stand in the file.
ANY = ["{a: b}", "[[x]]", "~", '""', "12345"]
TEXT = ['"a\\u202Eb"', '"a\\u2066b"', '"a\\x00b"', "long " * 4_000]
DATE = ["2011-02-30", "2011-13", "20110329", "1.3.2011", "spring 2011", "99", "2011-3", "true"]
URL = "source: boe, date: 2026-01-31, url: "
KINDS: dict[str, list[str]] = {
    "title english unit adoption commencement status_detail home_based forms threshold body notes gazette": TEXT,
    "checked_by": TEXT,
    "adopted in_force": DATE,
    "language text_language translation_language": ["Spanish", "ES", "e", "es_ES", '"es\\nx"'],
    "level type topic status text_access evidence": ["In force", "law", "C", "yes"],
    "status_as_of": [*DATE, "unknown"],
    "principles": [*TEXT, "maybe", "yes, art. 4", "not sure"],
    "disagreements gaps": ["Two dates", "[]", "[1]", *(f"[{text}]" for text in TEXT)],
    "finder": ["light door", "[]", "[door]", "[light door, light door]"],
    "sources": ["boe", "[]", "[boe, boe]", "[1]", "[boe, unheard-of]", '[""]'],
    "checked": ["2026", "2026-01", "2026-02-30", "yesterday"],
    "archived": ["[]", *(f"[{{{URL}{url}}}]" for url in ("archive.example", "'javascript:alert(1)'", "x, by: y"))],
    "relations": ["[es-2012-two]", "{amends: []}", "{amend: [es-2012-two]}", "{amends: [es-2012-tow]}"],
}
WRONG = {name: wrong for names, wrong in KINDS.items() for name in names.split()}


@pytest.mark.parametrize("name", LAW_RULES["properties"])
def test_a_fault_in_any_field_is_named_on_its_line(name: str, folder: Path) -> None:
    any_year = ["1799"] if name in ("adopted", "in_force", "status_as_of") else ["12345"]
    path, text = folder / "laws/es.yaml", dump({"es-2011-one": FULL | {name: "HERE"}, "es-2012-two": PLAIN})
    for value in [*ANY[:-1], *any_year, *WRONG[name]]:
        write(folder, {"laws/es.yaml": text.replace("HERE", value)})
        assert {*places(read_register(folder, {"boe", "les"}))} == {("es.yaml", line_of(path, f"{name}:"))}, value[:60]


@pytest.mark.parametrize("name", ["ES.yaml", "espagne.yaml", "xx.yaml", "es.yml", "es.yaml.bak", "es"])
def test_a_file_whose_name_is_no_country_s_is_told(name: str, folder: Path) -> None:
    write(folder, {f"laws/{name}": dump({"es-2011-one": PLAIN})})
    register = read_register(folder)
    assert (places(register), register.laws, register.broken) == ([(name, 1)], {}, True)


def test_what_is_no_file_of_laws_is_passed_by_or_told(folder: Path) -> None:
    write(folder, {"laws/.es.yaml.swp": "\0", "laws/fr.yaml/x": ""})
    assert ["cannot be read" in fault.message for fault in read_register(folder).faults] == [True]
    assert read_register(folder / "nowhere") == Register()


def test_a_key_in_another_country_s_file_is_left_out(folder: Path) -> None:
    write(folder, {f"laws/{name}.yaml": dump({"es-2011-one": PLAIN}) for name in ("es", "fr")})
    register = read_register(folder)
    assert (places(register), list(register.laws)) == ([("fr.yaml", 1)], ["es-2011-one"])


def test_a_broken_entry_does_not_blame_those_that_name_it(folder: Path) -> None:
    one = PLAIN | {"relations": {"amends": ["es-2012-two"]}}
    register = read(folder, es_2011_one=one, es_2012_two=PLAIN | {"status": "gone"})
    assert ["es-2012-two.status" in fault.message for fault in register.faults] == [True]


def test_what_is_missing_is_never_taken_for_another_country_s(folder: Path) -> None:
    one = PLAIN | {"relations": {"see_also": ["fr-2012-two"]}}
    register = read(folder, es_2011_one=one, es_2012_two=PLAIN, fr_1999_three=PLAIN)
    assert ["Did you mean" in fault.message for fault in register.faults] == [False]


@pytest.mark.parametrize("name", sorted(set(RELATIONS) - {"see_also"}))
def test_two_laws_that_say_the_same_of_each_other_contradict(name: str, folder: Path) -> None:
    one, two = (PLAIN | {"relations": {name: [other]}} for other in ("fr-2012-two", "es-2011-one"))
    found = places(read(folder, es_2011_one=one, fr_2012_two=two))
    lines = [("es.yaml", "- fr-2012"), ("fr.yaml", "- es-2011")]
    assert found == [(file, line_of(folder / "laws" / file, start)) for file, start in lines]


def test_both_laws_may_say_how_they_are_related(folder: Path) -> None:
    one = PLAIN | {"relations": {"succeeded_by": ["es-2012-two"], "see_also": ["es-2012-two"]}}
    two = PLAIN | {"relations": {"succeeds": ["es-2011-one"]}}
    register = read(folder, es_2011_one=one, es_2012_two=two)
    assert register.faults == []
    assert register.laws["es-2012-two"]["relations"] == {"see_also": ["es-2011-one"], "succeeds": ["es-2011-one"]}
