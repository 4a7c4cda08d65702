"""The register of laws: what it holds, and that a fault in any field of any of its files is named on its line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database.input.bibtex import Parser
from test_registers import FUZZ, HOSTILE, assert_sound, at_most, entries, hostile, lines_like_yaml, refused

from sse_handbook.registers import laws as law_register
from sse_handbook.registers.laws import RELATIONS, Archived, Country, DataFile, Law, LawRegister, read_laws

DATA = ROOT / "docs" / "data"
SCHEMAS = ROOT / "src" / "sse_handbook" / "schemas"
LAW_FIELDS: dict[str, dict[str, Any]] = json.loads((SCHEMAS / "laws.schema.json").read_text(encoding="utf-8"))[
    "additionalProperties"
]["properties"]
COUNTRY_FIELDS: dict[str, dict[str, Any]] = json.loads((SCHEMAS / "countries.schema.json").read_text(encoding="utf-8"))[
    "additionalProperties"
]["properties"]

COUNTRIES: dict[str, Any] = {
    "es": {
        "name": "Spain",
        "region": "Europe",
        "subregion": "Southern Europe",
        "search": "nothing usable",
        "search_note": "Home work",
        "note": "A note",
    },
    "fr": {"name": "France", "region": "Europe", "subregion": "Western Europe"},
}
# An entry with every field.
FULL: dict[str, Any] = {
    "title": "Ley de ejemplo",
    "language": "es",
    "english": "An example",
    "level": "sub-national",
    "unit": "Galicia",
    "type": "sectoral law",
    "topic": "cooperative",
    "adopted": "2011-03-29",
    "adoption": "2011-03-29 (published)",
    "in_force": 2012,
    "commencement": "2012 (in part)",
    "status": "in force",
    "status_detail": "amended",
    "status_as_of": "2025-12",
    "home_based": "None.",
    "forms": "cooperatives [list not confirmed]",
    "threshold": "3 members",
    "principles": "yes (art. 4)",
    "body": "A ministry",
    "text_access": "official source online",
    "evidence": "law text read",
    "notes": "A note",
    "disagreements": ["Two dates."],
    "gaps": ["The decree."],
    "finder": ["light door"],
    "sources": ["boe", "les"],
    "checked": "2026-01-31",
    "checked_by": "Somebody",
    "archived": [{"source": "boe", "url": "https://archive.example/1", "date": "2026-01-31"}],
    "gazette": "BOE 76",
    "text_language": "es",
    "translation_language": "en",
    "relations": {name: ["es-2012-two"] for name in RELATIONS if name in ("amends", "see_also")},
}
NEEDED = ("title", "english", "level", "type", "topic", "status", "text_access", "evidence", "sources")
PLAIN = {name: FULL[name] for name in NEEDED} | {"level": "national"}


@contextmanager
def folder_of(files: dict[str, str | bytes]) -> Iterator[Path]:
    """A folder of data with countries, and with these files, each by its name in `laws/` or from the folder on."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in ({"../countries.yaml": yaml.safe_dump(COUNTRIES, sort_keys=False)} | files).items():
            path = (root / "laws").joinpath(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        yield root


def read(files: dict[str, str | bytes]) -> LawRegister:
    with folder_of(files) as root:
        register = read_laws(root, {"boe", "les"})
        for finding in register.findings:
            assert_sound([finding], Path(finding.path))
        return register


class _Written(yaml.SafeDumper):
    """YAML as people write it: what stands twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def file_of_laws(**laws: dict[str, Any]) -> str:
    return yaml.dump({key.replace("_", "-"): law for key, law in laws.items()}, Dumper=_Written, sort_keys=False)


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(start))


# --- what the handbook's register holds ---


@pytest.fixture(scope="module")
def sources() -> set[str]:
    return set(Parser().parse_string((DATA / "sources.bib").read_text(encoding="utf-8")).entries)


@pytest.fixture(scope="module")
def register(sources: set[str]) -> LawRegister:
    return read_laws(DATA, sources)


def test_the_register_of_the_handbook_has_no_fault(register: LawRegister, sources: set[str]) -> None:
    assert register.findings == []
    assert len(sources) > 600


# The first edition: framework laws, sectoral laws, strategies and ratifications of each region. Laws do not leave.
FIRST = {
    "World": (0, 1, 4, 0),
    "Africa": (11, 15, 3, 0),
    "Americas": (12, 15, 4, 2),
    "Asia": (3, 35, 6, 1),
    "Europe": (18, 20, 4, 10),
    "Oceania": (0, 1, 0, 0),
}
TYPES = ("framework law", "sectoral law", "strategy", "ratification")


def test_no_law_of_the_first_edition_is_lost(register: LawRegister) -> None:
    assert sum(map(sum, FIRST.values())) == 165
    held = Counter((register.countries[law.country].region, law.type) for law in register.laws.values())
    lost = {
        (region, kind): count - held[region, kind]
        for region, counts in FIRST.items()
        for kind, count in zip(TYPES, counts, strict=True)
        if held[region, kind] < count
    }
    assert lost == {}


def test_every_ratification_names_the_convention_and_the_convention_shows_them_all(register: LawRegister) -> None:
    ratifications = [law.key for law in register.laws.values() if law.type == "ratification"]
    assert len(ratifications) >= 13
    assert register.relations["xil-1996-home-work"]["ratified_by"] == tuple(sorted(ratifications))


def test_no_mark_of_the_fact_record_is_left_as_a_letter(register: LawRegister) -> None:
    marked = [law.key for law in register.laws.values() if re.search(r"\[[^\]]*\bC\b|\(C\)", repr(law))]
    assert marked == []
    assert register.laws["tj-2012-c177"].unconfirmed("adoption")
    assert not register.laws["es-2011-social-economy"].unconfirmed("adopted")


@pytest.mark.parametrize("path", sorted((DATA / "laws").iterdir()), ids=lambda path: path.name)
def test_each_file_names_its_schema_and_its_country(path: Path, register: LawRegister) -> None:
    first, second, *_ = path.read_text(encoding="utf-8").splitlines()
    schema = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert schema
    assert (path.parent / schema[1]).resolve() == (SCHEMAS / "laws.schema.json").resolve()
    assert second == f"# {register.countries[path.stem].name}"


# --- every field ---


def test_the_schema_and_the_register_know_the_same_fields() -> None:
    own = {"key", "country", "path", "line", "lines"}
    assert {field.name for field in fields(Law)} - own == set(LAW_FIELDS) == set(FULL)
    assert {field.name for field in fields(Country)} - {"key", "line"} == set(COUNTRY_FIELDS)
    assert set(LAW_FIELDS["relations"]["properties"]) == set(RELATIONS)
    assert {RELATIONS[other] for other in RELATIONS.values()} == set(RELATIONS)


def test_every_field_of_an_entry_arrives() -> None:
    text = file_of_laws(es_2011_one=FULL, es_2012_two=PLAIN | {"principles": False})
    register = read({"es.yaml": text})
    assert register.findings == []
    law = register.laws["es-2011-one"]
    for name, value in FULL.items():
        if name not in ("archived", "relations", "in_force"):
            assert getattr(law, name) == (tuple(value) if isinstance(value, list) else value), name
        assert law.lines[name] == line_of(text, f"{name}:"), name
    assert law.in_force == "2012"
    assert law.archived == (Archived("boe", "https://archive.example/1", "2026-01-31"),)
    assert law.relations == {"amends": ("es-2012-two",), "see_also": ("es-2012-two",)}
    assert register.relations["es-2012-two"] == {"amended_by": ("es-2011-one",), "see_also": ("es-2011-one",)}
    assert register.laws["es-2012-two"].principles == "no"
    assert [each.key for each in register.of_country("es")] == ["es-2011-one", "es-2012-two"]
    assert register.countries["es"] == Country("es", **COUNTRIES["es"], line=1)


# What no field of its kind may be, as it would stand in the file.
ANY = ["{a: b}", "[[x]]", "~", '""', "12345"]
TEXT = ['"a\\u202Eb"', '"a\\u2066b"', '"a\\x00b"', "long " * 4_000]
DATE = ["2011-02-30", "2011-13", "20110329", "1.3.2011", "spring 2011", "99", "2011-3", "true"]
KINDS = {
    "title english unit adoption commencement status_detail home_based forms threshold body notes gazette": TEXT,
    "checked_by": TEXT,
    "adopted in_force": DATE,
    "language text_language translation_language": ["Spanish", "ES", "e", "es_ES", '"es\\nx"'],
    "level type topic status text_access evidence": ["In force", "law", "C", "yes"],
}
WRONG = {name: wrong for names, wrong in KINDS.items() for name in names.split()} | {
    "status_as_of": [*DATE, "unknown"],
    "principles": [*TEXT, "maybe", "yes, art. 4", "not sure"],
    "disagreements": ["Two dates", "[]", "[1]", *(f"[{text}]" for text in TEXT)],
    "gaps": ["The decree", "[]", "[1]", *(f"[{text}]" for text in TEXT)],
    "finder": ["light door", "[]", "[door]", "[light door, light door]"],
    "sources": ["boe", "[]", "[boe, boe]", "[1]", "[boe, unheard-of]", '[""]'],
    "checked": ["2026", "2026-01", "2026-02-30", "yesterday"],
    "archived": [
        "[]",
        "https://archive.example/1",
        "[{source: boe, url: https://archive.example/1}]",
        "[{source: boe, url: archive.example, date: 2026-01-31}]",
        "[{source: boe, url: 'javascript:alert(1)', date: 2026-01-31}]",
        "[{source: boe, url: https://archive.example/1, date: 2026}]",
        "[{source: other, url: https://archive.example/1, date: 2026-01-31}]",
        "[{source: boe, url: https://archive.example/1, date: 2026-01-31, by: x}]",
    ],
    "relations": [
        "[es-2012-two]",
        "{amends: es-2012-two}",
        "{amends: []}",
        "{amend: [es-2012-two]}",
        "{amends: [es-2012-tow]}",
        "{amends: [es-2011-one]}",
    ],
}


@pytest.mark.parametrize("name", LAW_FIELDS)
def test_a_fault_in_any_field_is_named_on_its_line(name: str) -> None:
    wrong = [*ANY, *WRONG[name]]
    if name in ("adopted", "in_force", "status_as_of"):
        wrong.remove("12345")
        wrong.append("1799")
    unnoticed = []
    for value in wrong:
        whole = file_of_laws(es_2011_one=FULL | {name: "HERE"}, es_2012_two=PLAIN)
        text = re.sub(rf"(?m)^  {name}: HERE$", lambda _, value=value: f"  {name}: {value}", whole)
        assert text != whole
        found = {(Path(each.path).name, each.line) for each in read({"es.yaml": text}).findings}
        if found != {("es.yaml", line_of(text, f"{name}:"))}:
            unnoticed.append((value[:60], found))
    assert unnoticed == []


@pytest.mark.parametrize("name", [*NEEDED, "unit"])
def test_a_field_that_must_be_there_is_missed_on_the_line_of_its_entry(name: str) -> None:
    entry = {key: value for key, value in FULL.items() if key != name}
    text = file_of_laws(es_2012_two=PLAIN, es_2011_one=entry)
    register = read({"es.yaml": text})
    found = [(each.line, f"The field `{name}` is missing" in each.message) for each in register.findings]
    assert found == [(line_of(text, "es-2011-one:"), True)]
    assert list(register.laws) == ["es-2012-two"]


@pytest.mark.parametrize("name", COUNTRY_FIELDS)
def test_a_fault_in_any_field_of_a_country_is_named_on_its_line(name: str) -> None:
    for value in [*ANY, "Europa" if "region" in name or name == "search" else '"a\\u202Eb"']:
        whole = yaml.safe_dump(COUNTRIES | {"es": COUNTRIES["es"] | {name: "HERE"}}, sort_keys=False)
        text = whole.replace("HERE", value)
        assert [each.line for each in read({"../countries.yaml": text}).findings] == [line_of(text, f"{name}:")], value


# --- the files together ---


def test_a_key_in_another_country_s_file_is_left_out() -> None:
    register = read({"es.yaml": file_of_laws(es_2011_one=PLAIN), "fr.yaml": file_of_laws(es_2011_one=PLAIN)})
    assert [(Path(each.path).name, each.line) for each in register.findings] == [("fr.yaml", 1)]
    assert list(register.laws) == ["es-2011-one"]


@pytest.mark.parametrize("name", ["ES.yaml", "espagne.yaml", "xx.yaml", "es.yml", "es.yaml.bak", "es"])
def test_a_file_whose_name_is_no_country_s_is_told(name: str) -> None:
    register = read({name: file_of_laws(es_2011_one=PLAIN)})
    assert [(Path(each.path).name, each.line) for each in register.findings] == [(name, 1)]
    assert register.laws == {}
    assert register.broken


def test_what_an_editor_hides_is_not_read() -> None:
    assert read({".es.yaml.swp": b"\x00", ".#es.yaml": "x"}).findings == []


def test_a_folder_for_a_file_is_told() -> None:
    with folder_of({"es.yaml/x": ""}) as root:
        assert ["cannot be read" in each.message for each in read_laws(root).findings] == [True]


def test_a_project_without_laws_has_an_empty_register(tmp_path: Path) -> None:
    assert read_laws(tmp_path) == LawRegister()


def test_without_a_bibliography_citations_are_not_checked() -> None:
    with folder_of({"es.yaml": file_of_laws(es_2011_one=PLAIN)}) as root:
        assert read_laws(root).findings == []
        assert [each.line for each in read_laws(root, {"les"}).findings] == [
            line_of((root / "laws/es.yaml").read_text(), "- boe")
        ]


def test_a_broken_entry_does_not_blame_those_that_name_it() -> None:
    one = PLAIN | {"relations": {"amends": ["es-2012-two"]}}
    register = read({"es.yaml": file_of_laws(es_2011_one=one, es_2012_two=PLAIN | {"status": "gone"})})
    assert ["es-2012-two.status" in each.message for each in register.findings] == [True]


@pytest.mark.parametrize("name", sorted(set(RELATIONS) - {"see_also"}))
def test_two_laws_that_say_the_same_of_each_other_contradict(name: str) -> None:
    one, two = (PLAIN | {"relations": {name: [other]}} for other in ("fr-2012-two", "es-2011-one"))
    text = {"es.yaml": file_of_laws(es_2011_one=one), "fr.yaml": file_of_laws(fr_2012_two=two)}
    found = [(Path(each.path).name, each.line) for each in read(text).findings]
    assert found == [(file, line_of(text[file], "- " + key)) for file, key in (("es.yaml", "fr-"), ("fr.yaml", "es-"))]


def test_both_laws_may_say_how_they_are_related() -> None:
    one = PLAIN | {"relations": {"succeeded_by": ["es-2012-two"], "see_also": ["es-2012-two"]}}
    two = PLAIN | {"relations": {"succeeds": ["es-2011-one"], "see_also": ["es-2011-one"]}}
    register = read({"es.yaml": file_of_laws(es_2011_one=one, es_2012_two=two)})
    assert register.findings == []
    assert register.relations == {
        "es-2011-one": {"see_also": ("es-2012-two",), "succeeded_by": ("es-2012-two",)},
        "es-2012-two": {"see_also": ("es-2011-one",), "succeeds": ("es-2011-one",)},
    }


def test_only_a_file_that_changed_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read_files: list[str] = []
    really = law_register.read_entries

    def noted(path: Path, schema: str) -> Any:
        read_files.append(path.name)
        return really(path, schema)

    monkeypatch.setattr(law_register, "read_entries", noted)
    kept: dict[str, tuple[str, DataFile]] = {}
    es, fr = file_of_laws(es_2011_one=PLAIN), file_of_laws(fr_2014_sse=PLAIN)
    with folder_of({"es.yaml": es, "fr.yaml": fr}) as root:
        first = read_laws(root, None, kept)
        assert read_files == ["countries.yaml", "es.yaml", "fr.yaml"]
        assert read_laws(root, None, kept) == first
        assert len(read_files) == 3
        (root / "laws/fr.yaml").write_text(fr.replace("An example", "Another"), encoding="utf-8")
        second = read_laws(root, None, kept)
        assert read_files[3:] == ["fr.yaml"]
        assert second.laws["fr-2014-sse"].english == "Another"
        (root / "laws/es.yaml").unlink()
        assert list(read_laws(root, None, kept).laws) == ["fr-2014-sse"]
        assert sorted(Path(name).name for name in kept) == ["countries.yaml", "fr.yaml"]


# --- whatever a file holds ---

HARMLESS = {
    "script": "<script>alert(1)</script>",
    "markup": "**a** `b` [c](#start) {sse:law}`d` $e$ |f| {{ g }} {% raw %}",
    "formula": '=HYPERLINK("https://example.org","x")',
    "other formulas": "+1 -1 @SUM(A1) \\input{x}",
    "other scripts": "قانون ساماندهی و حمایت از مشاغل خانگی · 家内労働法 · 사회적기업 육성법",
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_a_text_is_kept_as_it_is(text: str) -> None:
    register = read({"es.yaml": file_of_laws(es_2011_one=PLAIN | {"notes": text})})
    assert register.findings == []
    assert register.laws["es-2011-one"].notes == text


@pytest.mark.parametrize("schema", ["laws", "countries"])
@given(content=lines_like_yaml | st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
@FUZZ
def test_any_bytes_give_findings_and_nothing_else(schema: str, content: str | bytes) -> None:
    entries(content, schema)
    read({"es.yaml" if schema == "laws" else "../countries.yaml": content})


@given(name=st.sampled_from([*LAW_FIELDS, "unheard-of"]), value=hostile)
@FUZZ
def test_any_value_in_any_field_gives_findings_and_nothing_else(name: str, value: str) -> None:
    text = file_of_laws(es_2011_one=FULL | {name: "HERE"}, es_2012_two=PLAIN).replace("HERE", value)
    register = read({"es.yaml": text})
    assert "es-2012-two" in register.laws or register.findings


# One field of each kind: text, date, words to choose from, lists and maps.
@pytest.mark.parametrize("name", ["notes", "adopted", "sources", "archived", "relations"])
def test_each_hostile_value_in_each_field_of_a_law(name: str) -> None:
    whole = file_of_laws(es_2011_one=FULL | {name: "HERE"}, es_2012_two=PLAIN)
    assert refused(lambda text: read({"es.yaml": text}), lambda value: whole.replace("HERE", value)) == {}


@pytest.mark.parametrize("shape", ["KEY:\nFIELDS", "? KEY\n:\nFIELDS", "KEY: {}\n", "es-2011-one:\n  KEY: x\n", "KEY"])
def test_each_hostile_key_of_a_law(shape: str) -> None:
    shape = shape.replace("FIELDS", "".join(f"  {line}\n" for line in yaml.safe_dump(PLAIN).splitlines()))
    assert refused(lambda text: read({"es.yaml": text}), lambda value: shape.replace("KEY", value)) == {}
    assert len(HOSTILE) > 100


MANY = 300
LARGE = {
    "a long text": file_of_laws(es_2011_one=PLAIN | {"notes": "long " * 400_000}),
    "a long key": f"? {'x' * 1_000_000}\n: 1\n",
    "a long field": f"es-2011-one:\n  ? {'x' * 1_000_000}\n  : 1\n",
    "many unknown fields": "es-2011-one:\n" + "".join(f"  k{n}: 1\n" for n in range(MANY)),
    "many unknown sources": file_of_laws(es_2011_one=PLAIN | {"sources": [f"k{n}" for n in range(MANY)]}),
    "many relations": file_of_laws(es_2011_one=PLAIN | {"relations": {"amends": [f"es-{n}" for n in range(MANY)]}}),
}


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_what_is_large_takes_no_long_time(content: str) -> None:
    with at_most(seconds=5):
        assert read({"es.yaml": content}).findings
