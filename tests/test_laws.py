"""Laws in the register, on pages and as data: those of the handbook, and those of a small project that tests change."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import runpy
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pypdfium2
import pytest
import yaml
from conftest import ROOT, Built, build, find_page, read_pages, write_files
from law_changes import find_changes, format_laws
from law_text import escape_markdown, format_dates, group_by_letter, law_name
from laws import HEADINGS, SORTS
from lxml import etree, html
from pybtex.database import parse_file
from register import Register, read_register, read_schema

DATA, RULES = ROOT / "docs" / "data", read_schema("laws")
EXPORT = ROOT / "tools" / "export_laws.py"


@pytest.fixture(scope="module")
def register() -> Register:
    return read_register(DATA, parse_file(DATA / "sources.bib").entries)


def dump(value: dict[str, Any]) -> str:
    """Return YAML as people write it: what stands twice is written twice."""
    return yaml.safe_dump(json.loads(json.dumps(value)), sort_keys=False)


def tree(folder: Path, name: str) -> html.HtmlElement:
    return html.parse(folder / f"{name}.html").getroot()


def text(element: html.HtmlElement) -> str:
    """Return the text of an element, with quotes as they are typed."""
    return " ".join(str(element.text_content()).translate(str.maketrans("‘’“”", "''\"\"")).split())


# --- the handbook ---


def test_the_register_has_no_fault_and_every_law_of_the_first_edition(register: Register) -> None:
    assert register.faults == []
    held = Counter(law["region"] for law in register.laws.values())
    assert held >= Counter(World=5, Africa=29, Americas=33, Asia=45, Europe=52, Oceania=1)
    ratifications = sorted(key for key, law in register.laws.items() if law["type"] == "ratification")
    assert register.laws["xil-1996-home-work"]["relations"]["ratified_by"] == ratifications != []


def find_untrue(register: Register) -> list[str]:
    """Return what cannot be true: of a law that another took the place of, of a status without a day."""
    found = list[str]()
    for key, law in register.laws.items():
        followed, status = "succeeded_by" in law.get("relations", {}), law["status"]  # whichever of the two says so
        if followed and status not in ("superseded", "ended"):
            found.append(f"{key}: {status}, and another took its place")
        if status == "superseded" and not followed:
            found.append(f"{key}: superseded, and by what?")
        if "status_as_of" not in law:
            found.append(f"{key}: {status}, and as of when?")
    return found


def test_no_law_counts_that_has_a_successor(register: Register) -> None:
    assert register.faults == []  # each successor is there
    assert find_untrue(register) == []


def test_what_cannot_be_true_of_a_law_is_found(folder: Path) -> None:
    plain = PLAIN | {"status_as_of": "2025"}
    laws = {"es-1999-old": plain, "es-2011-new": plain | {"relations": {"succeeds": ["es-1999-old"]}}}
    laws |= {"es-2001-gone": plain | {"status": "superseded"}, "es-2002-undated": PLAIN}
    laws["es-2003-true"] = plain | {"status_as_of": "source not dated"}
    names = {line.partition(":")[0] for line in find_untrue(read(folder, laws))}
    assert names == laws.keys() - {"es-2011-new", "es-2003-true"}


def test_every_law_has_an_entry_on_its_page_with_its_facts_and_sources(handbook: Built, register: Register) -> None:
    pages = (page for _name, page in read_pages(handbook.output))
    entries = [entry for page in pages for entry in page.xpath("//section[starts-with(@id, 'law-')]")]
    for key, law in register.laws.items():
        (entry,) = (entry for entry in entries if entry.get("id") == f"law-{key}")
        assert text(entry.xpath("h2|h3|h4|h5")[0]).startswith(" ".join(law_name(law, always=True).split()))
        facts = (f"{law['type']}: {law['topic']}", *(law.get(name, "") for name in ("home_based", "threshold", "body")))
        assert all(" ".join(fact.split()) in text(entry) for fact in (*facts, law["evidence"], key)), key
        assert len(entry.xpath(".//a[@role='doc-noteref']")) == len(law["sources"]), key
        if law["title"] != law["english"] and "language" in law:
            assert entry.xpath(f".//span[@lang='{law['language']}']"), key
        if "home_based" in law:
            assert entry.xpath("string(p[1])").startswith("For home-based workers:"), key


def test_the_counts_are_those_of_the_register(handbook: Built, register: Register) -> None:
    index = tree(handbook.output, find_page("laws-data"))
    for table, field in zip(index.xpath("//table[contains(@class, 'counts')]"), ("type", "evidence"), strict=True):
        heads = [text(head) for head in table.xpath("./thead//th")][1:]
        for row in table.xpath("./tbody/tr"):
            name, *cells = map(text, row)
            laws = [law for law in register.laws.values() if name in (law["region"], "All")]
            assert [int(cell) for cell in cells] == [sum(head in (law[field], "All") for law in laws) for head in heads]
    countries = len({law["country"] for law in register.laws.values()})
    summary = f"{len(register.laws)} laws and policies, of {countries} countries"
    assert summary in text(tree(handbook.output, find_page("laws")))


def test_every_country_is_listed_by_its_letter_with_what_is_known_of_it(handbook: Built, register: Register) -> None:
    rows = tree(handbook.output, find_page("countries")).xpath("//section[starts-with(@id, 'countries-')]//li")
    held = Counter(law["country"] for law in register.laws.values())
    named = [country for _letter, group in group_by_letter(register.countries.values()) for country in group]
    for row, country in zip(rows, named, strict=True):
        name, _, says = text(row).partition(": ")
        number, links = held[country["country"]], row.xpath(".//a/@href")
        assert (name, row.xpath("string(ancestor::section[1]/h2)")[0]) == (country["name"], name[0])
        assert links or not number
        assert number or says in ("own laws not searched", "no law of its own found")
        assert not number or says.startswith(f"{number} law")


def test_only_the_page_with_a_table_to_filter_loads_the_script(handbook: Built) -> None:
    for name, page in read_pages(handbook.output):
        tables = page.xpath("//table[contains(@class, 'law-filter')]")
        assert len(page.xpath("//script[contains(@src, 'sse-laws')]")) == bool(tables), name


def test_the_data_hold_every_law_and_no_formula(handbook: Built, register: Register, tmp_path: Path) -> None:
    def export(folder: Path) -> dict[str, bytes]:
        command = [sys.executable, str(EXPORT), str(folder)]
        subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1795478400"})
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    files = export(tmp_path / "one")
    assert files == export(tmp_path / "two")
    rows = list(csv.DictReader(io.StringIO(files["laws.csv"].decode("utf-8-sig"), newline="")))
    assert files["laws.csv"].startswith(b"\xef\xbb\xbf")
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    data = json.loads(files["laws.json"])
    for row, held, law in zip(rows, data["laws"], register.laws.values(), strict=True):
        for name in ("key", "region", "title", "english", "status", "threshold", "notes"):
            assert held.get(name, "") == row[name].removeprefix("'") == law.get(name, ""), law["key"]
        assert held["sources"] == law["sources"]
    assert [country["key"] for country in data["countries"]] == list(register.countries)
    assert data["sources"].keys() == {key for law in register.laws.values() for key in law["sources"]}
    package = json.loads(files["datapackage.json"])
    assert (package["licenses"][0]["name"], package["created"][:10]) == ("CC-BY-4.0", "2026-11-24")
    for resource in package["resources"]:
        assert resource["hash"] == f"sha256:{hashlib.sha256(files[resource['path']]).hexdigest()}"
    codebook = tree(handbook.output, find_page("laws-data")).xpath("//table[contains(@class, 'codebook')]/tbody/tr")
    assert [text(row[0]) for row in codebook] == list(rows[0])


def test_the_link_to_correct_a_law_fills_in_the_form_that_the_repository_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/handbook")
    links = runpy.run_path(str(ROOT / "docs/conf.py"))["sse_law_links"]
    asked = parse_qs(urlsplit(links["correct"].format(key="ke-2022-groups", country="ke")).query)
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE" / asked["template"][0]).read_text(encoding="utf-8"))
    assert asked["key"][0] == "ke-2022-groups"
    assert {"key"} <= {field.get("id") for field in form["body"]}
    assert (ROOT / links["history"].format(key="", country="ke").partition("/commits/HEAD/")[2]).exists()


# --- what the files of a register may hold; most faults have a case in `cases/` ---

SPAIN = {"name": "Spain", "region": "Europe", "subregion": "Southern Europe", "search": "nothing usable"}
SPAIN |= {"search_note": "Home work", "note": "A note"}
# An entry with every field.
FULL: dict[str, Any] = {
    **{"title": "Ley de ejemplo", "language": "es", "english": "An example", "level": "sub-national"},
    **{"unit": "Galicia", "type": "sectoral law", "topic": "cooperative", "adopted": "2011-03-29"},
    **{"adoption": "2011-03-29 (published)", "in_force": 2012, "commencement": "2012 (in part)", "status": "in force"},
    **{"status_detail": "amended", "status_as_of": "2025-12", "home_based": "None.", "forms": "cooperatives"},
    **{"law_text": "boe", "duties": "A fee."},
    **{"threshold": "3 members", "principles": "yes (art. 4)", "body": "A ministry"},
    **{"text_access": "official source online", "evidence": "law text read", "notes": "A note"},
    **{"disagreements": ["Two dates."], "gaps": ["The decree."], "finder": ["light door"], "sources": ["boe", "les"]},
    **{"checked": "2026-01-31", "checked_by": "Somebody", "gazette": "BOE 76"},
    "archived": [{"source": "boe", "url": "https://archive.example/1", "date": "2026-01-31"}],
    **{"text_language": "es", "translation_language": "en", "relations": {"amends": ["es-2012-two"]}},
}
PLAIN = {name: FULL[name] for name in RULES["required"]} | {"level": "national"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path, {"countries.yaml": dump({"es": SPAIN})})


def read(folder: Path, laws: dict[str, dict[str, Any]]) -> Register:
    write_files(folder, {"laws/es.yaml": dump(laws)})
    return read_register(folder, {"boe", "les"})


def test_every_field_of_an_entry_arrives(folder: Path) -> None:
    assert set(FULL) == set(RULES["properties"])
    relations = {"amended_by": ["es-2011-one"], "see_also": ["es-2011-one"]}  # both sides may say it
    two = PLAIN | {"principles": False, "relations": relations}
    register = read(folder, {"es-2011-one": FULL, "es-2012-two": two})
    assert register.faults == []
    law, other = register.laws["es-2011-one"], register.laws["es-2012-two"]
    both = {"amends": ["es-2012-two"], "see_also": ["es-2012-two"]}
    assert {name: law[name] for name in FULL} == FULL | {"in_force": "2012", "relations": both}
    assert (law["year"], law["place"], law["region"]) == ("2011", "Spain (Galicia)", "Europe")
    assert (other["year"], other["place"], other["principles"]) == ("2012", "Spain", "no")
    assert other["relations"] == relations
    assert register.countries["es"] == {"country": "es", **SPAIN}


# What no field of its kind may be, as it would stand in the file.
ANY = ["{a: b}", "[[x]]", "~", '""']
TEXT = ['"a\\u202Eb"', '"a\\u2066b"', '"a\\x00b"', "long " * 4_000]
DATE = ["2011-02-30", "2011-13", "20110329", "1.3.2011", "spring 2011", "99", "2011-3", "true", "1799"]
URL = "source: boe, date: 2026-01-31, url: "
KINDS: dict[str, list[str]] = {
    "title english unit adoption commencement status_detail home_based forms threshold duties body notes gazette": TEXT,
    "checked_by": TEXT,
    "adopted in_force": DATE,
    "language text_language translation_language": ["Spanish", "ES", "e", "es_ES", '"es\\nx"'],
    "level type topic status text_access evidence": ["In force", "law", "C", "yes"],
    "status_as_of": [*DATE, "unknown"],
    "principles": [*TEXT, "maybe", "yes, art. 4", "not sure"],
    "disagreements gaps": ["Two dates", "[]", "[1]", *(f"[{text}]" for text in TEXT)],
    "finder": ["light door", "[]", "[door]", "[light door, light door]"],
    "sources": ["boe", "[]", "[boe, boe]", "[1]", "[boe, unheard-of]", '[""]'],
    "law_text": ["[]", "eur-lex"],
    "checked": ["2026", "2026-01", "2026-02-30", "yesterday"],
    "archived": ["[]", *(f"[{{{URL}{url}}}]" for url in ("archive.example", "'javascript:alert(1)'", "x, by: y"))],
    "relations": ["[es-2012-two]", "{amends: []}", "{amend: [es-2012-two]}", "{amends: [es-2012-tow]}"],
}
WRONG = {name: wrong for names, wrong in KINDS.items() for name in names.split()}


@pytest.mark.parametrize("name", RULES["properties"])
def test_a_fault_in_any_field_is_named_on_its_line(name: str, folder: Path) -> None:
    file = dump({"es-2011-one": FULL | {name: "HERE"}, "es-2012-two": PLAIN})
    line = [line.partition(":")[0].strip() for line in file.splitlines()].index(name) + 1
    for value in [*ANY, *WRONG[name], *([] if WRONG[name][0] in DATE else ["12345"])]:
        write_files(folder, {"laws/es.yaml": file.replace("HERE", value)})
        found = {(fault.path.name, fault.line) for fault in read_register(folder, {"boe", "les"}).faults}
        assert found == {("es.yaml", line)}, value[:60]


@pytest.mark.parametrize("name", ["ES.yaml", "espagne.yaml", "xx.yaml", "es.yml", "es.yaml.bak", "es", "es.yaml/x"])
def test_a_file_that_is_no_country_s_is_told(name: str, folder: Path) -> None:
    write_files(folder, {f"laws/{name}": dump({"es-2011-one": PLAIN}), "laws/.es.yaml.swp": "\0"})
    register = read_register(folder)
    assert [(fault.path.name, fault.line) for fault in register.faults] == [(name.partition("/")[0], 1)]
    assert (register.laws, register.is_left_out("es-2011-one")) == ({}, True)
    assert read_register(folder / "nowhere") == Register()


def test_days_that_are_not_in_order_are_told(folder: Path) -> None:
    true = PLAIN | {"adopted": "2003-05-02", "in_force": "2003-05", "checked": "2025-01-01"}
    late = {"adopted": true | {"adopted": "2003-06"}, "in_force": true | {"in_force": "2026"}, "checked": {}}
    late["checked"] = true | {"checked": "2126-01-01"}
    for name, law in {"": true, **late}.items():
        told = [fault.message for fault in read(folder, {"es-2003-one": law}).faults]
        assert [message.partition(" is later than ")[0] for message in told] == (
            [f"`es-2003-one.{name}`: {law[name]}"] if name else []
        )


def test_a_broken_entry_does_not_blame_those_that_name_it(folder: Path) -> None:
    one = PLAIN | {"relations": {"amends": ["es-2012-two"]}}
    register = read(folder, {"es-2011-one": one, "es-2012-two": PLAIN | {"status": "gone"}})
    assert ["es-2012-two.status" in fault.message for fault in register.faults] == [True]


# --- a small project ---

CONF = """
extensions = ["myst_parser", "sse_handbook.bibliography", "sse_handbook", "page_sources", "mermaid_svg", "laws"]
myst_enable_extensions = ["attrs_inline", "fieldlist"]
bibtex_bibfiles = ["data/sources.bib"]
exclude_patterns = ["_*"]
html_theme = "basic"
smartquotes = False
templates_path = ["_templates"]
sse_law_links = {"correct": "https://example.org/new?key={key}", "history": "https://example.org/{country}.yaml"}
"""
SOURCE = "@misc{{{0},\n  author = {{{{{0}}}}},\n  title = {{Laws}},\n  year = {{2023}},\n  url = {{https://example.org/1}},\n}}\n"
KE = "data/laws/ke.yaml"


def law(key: str, **more: str) -> str:
    fields = {"title": "Ley", "language": "es", "english": f"Act of {key[:2].upper()}", "adopted": key[3:7]}
    fields |= {"status_as_of": "2025-12", "home_based": "Says nothing."}
    return dump({key: PLAIN | fields | {"sources": ["gazette", "times"]} | more})


def lists(*options: str) -> str:
    return "".join(f"```{{sse:laws}}\n{option}\n```\n\n" for option in options)


SMALL = {
    "conf.py": CONF,
    "_templates/layout.html": '<!DOCTYPE html><meta charset="utf-8">{% block body %}{% endblock %}',
    "index.md": "# Laws\n\n{sse:law}`es-2011-one`, {sse:law}`a bill <es-2024-bill>` and {sse:law}`es-2024-bill`.\n\n"
    "```{toctree}\neurope\nafrica\ntables\nyears\nsources\n```\n",
    "europe.md": "# Europe\n\n## By country\n\n" + lists(":show: entries\n:region: Europe"),
    "africa.md": "# Africa\n\n" + lists(":show: entries\n:region: Africa"),
    "tables.md": "# Tables\n\n" + lists(":show: counts", ":show: summary", ":region: Africa", ":show: countries"),
    "years.md": "# Years\n\n" + lists(":show: chart\n:by: year", ":show: downloads"),
    "sources.md": "# Sources\n\n```{bibliography}\n```\n",
    "data/sources.bib": SOURCE.format("gazette") + SOURCE.format("times"),
    "data/countries.yaml": """es: {name: Spain, region: Europe, subregion: Southern Europe}
fr: {name: France, region: Europe, subregion: Western Europe, search: nothing usable}
ke: {name: Kenya, region: Africa, subregion: Eastern Africa, note: A note.}
ml: {name: Mali, region: Africa, subregion: Western Africa, search: not researched}
""",
    "data/laws/es.yaml": law("es-2011-one") + law("es-2024-bill", status="draft"),
    KE: law("ke-2022-groups"),
}


class Project:
    def __init__(self, folder: Path, diagram_cache: Path) -> None:
        self.folder, self.source, self.cache = folder, folder / "docs", str(diagram_cache)
        write_files(self.source, SMALL)

    def write(self, name: str, text: str) -> None:
        write_files(self.source, {name: text})

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.source / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def build(self, output: str = "build", builder: str = "html", jobs: int = 1) -> Built:
        return build(self.source, self.folder / output, builder, jobs, sse_diagram_cache=self.cache)

    def page(self, name: str) -> html.HtmlElement:
        return tree(self.folder / "build/html", name)


@pytest.fixture
def small(tmp_path: Path, diagram_cache: Path) -> Project:
    return Project(tmp_path, diagram_cache)


def test_a_link_names_the_law_and_an_entry_says_who_cites_it_and_where_to_correct_it(small: Project) -> None:
    assert small.build().warnings == []
    assert "2011: Spain; 1 in all 2022: Kenya; 2 in all 2024: Spain; 3 in all" in text(small.page("years"))
    links = small.page("index").xpath("//a[span/@class='law']")
    assert [text(link) for link in links] == ["Act of ES (2011)", "a bill", "Act of ES (2024, draft)"]
    assert links[0].get("href") == "europe.html#law-es-2011-one"
    assert links[0].get("title") == "Act of ES. Spain, 2011. Status: in force, as of 2025-12."
    (entry,) = small.page("europe").xpath("//section[@id='by-country']/section/section[@id='law-es-2011-one']")
    assert "Cited on: Laws" in text(entry)
    assert re.search(r"How we know: [\w ]+\.\[1\]\[2\]", text(entry))
    assert "Cited on" not in text(small.page("africa"))
    assert {"https://example.org/new?key=es-2011-one", "https://example.org/es.yaml"} <= set(entry.xpath(".//a/@href"))
    assert "Not checked again yet since the entry was written." in text(entry)


def test_an_entry_says_how_long_ago_it_was_checked(small: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795478400")  # 24 November 2026
    ago = {"2026-11-01": "checked 1 November 2026. Send", "2024-11-23": "checked 23 November 2024. Too long ago"}
    for checked, says in ago.items():
        small.write(KE, law("ke-2022-groups", checked=checked))
        (note,) = [note.message for note in small.build().notes if note.type == "sse.law_stale"]
        assert says in text(small.page("africa"))
        assert ("ke-2022-groups" in note) == ("Too long" in says)


def test_a_date_is_said_once_and_in_words() -> None:
    shown = {
        ("2011", ""): "2011",
        ("2011-03-09", ""): "9 March 2011",
        ("", "bills since 2014-10 (two of 2015-01-02)"): "bills since October 2014 (two of 2 January 2015)",
        ("2011-03", "2011-03-09 (passed)"): "9 March 2011 (passed)",
        ("2011-03-09", "passed by 10 votes"): "9 March 2011; passed by 10 votes",
        ("2014", "2014-2016"): "2014-2016",
        ("2000-10-18", "2000-10-18/20"): "2000-10-18/20",
        ("", "2011-04-31 (passed), 0000-01-01"): "2011-04-31 (passed), 0000-01-01",
    }
    assert {key: format_dates(*key) for key in shown} == shown


EDITS: dict[str, Callable[[Project], None]] = {
    "cite": lambda small: small.change("sources.md", "# Sources", "# Sources\n\n{sse:law}`ke-2022-groups`"),
    "retitle": lambda small: small.change("index.md", "# Laws", "# All the laws"),
    "status": lambda small: small.change("data/laws/es.yaml", "status: draft", "status: in force"),
    "new file": lambda small: small.write("data/laws/fr.yaml", law("fr-2014-sse")),
    "no file": lambda small: (small.source / KE).unlink(),
    "uncited": lambda small: small.write("data/laws/es.yaml", law("es-2024-bill", status="draft")),
    "rename": lambda small: small.change(KE, "ke-2022-groups", "ke-2022-community-groups"),
    "move": lambda small: small.change("data/countries.yaml", "Kenya, region: Africa", "Kenya, region: Europe"),
    "break": lambda small: small.change(KE, "in force", "in vigour"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_pages_are_right_after_an_edit(edit: str, small: Project) -> None:
    small.build("incremental")
    EDITS[edit](small)
    incremental, clean = small.build("incremental"), small.build("clean", jobs=2)
    for page in clean.output.glob("*.html"):
        assert (incremental.output / page.name).read_bytes() == page.read_bytes()
    assert not Counter(incremental.warnings) - Counter(clean.warnings)


OLD, ATOM = "data/published/1.0.laws.json", "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def changed(small: Project) -> Project:
    """Since version 1.0 a law is new, one has changed, one has ended, one is gone, and one was checked."""
    small.write("changes.md", "# Changes\n\n" + lists(":show: changes"))
    small.change("index.md", "\nsources\n", "\nsources\nchanges\n")
    small.write("data/laws/fr.yaml", law("fr-2014-sse", status="ended") + law("fr-2015-two"))
    old = json.loads(format_laws(read_register(small.source / "data").laws))
    old["ke-1999-gone"] = old.pop("es-2024-bill") | {"english": "The <lost> act"}
    old["ke-2022-groups"] |= {"threshold": "20 *people*", "adopted": "2022-03-01"}
    old["fr-2014-sse"]["status"], old["fr-2015-two"]["checked"] = "in force", "2020-01-02"
    small.write(OLD, json.dumps(old))
    return small


def test_a_page_tells_what_has_changed_since_an_older_version(changed: Project) -> None:
    kept = (changed.source / OLD).rename(changed.folder / "kept")
    assert changed.build().warnings == []
    assert "There is no older version to compare with" in text(changed.page("changes"))
    kept.rename(changed.source / OLD)
    assert changed.build().warnings == []  # the page is written again
    page_text = text(changed.page("changes"))
    for part in (
        "version 1.0. New in the register: Spain: Act of ES (2024, draft) Changed: Kenya: Act of KE (2022) What we",
        "Adopted Before: 1 March 2022 Now: 2022 A small group needs Before: 20 *people* Now: not known Ended: France:",
        "before, and say now, of: Status Status Before: in force Now: ended No longer in the register: Kenya: The",
    ):
        assert part in page_text
    now = read_register(changed.source / "data").laws
    changed.write("data/published/1.1.laws.json", format_laws(now))  # just released: it tells what it has brought
    assert changed.build().warnings == []
    assert text(changed.page("changes")) == page_text
    changed.write(OLD, '{\n"es-2011-one": 7\n}')
    changed.write("data/published/1.1.laws.json", format_laws(now)[:-9])
    found = {(warning.file, warning.line) for warning in changed.build().warnings if warning.type == "sse.register"}
    assert found == {(OLD, 1), ("data/published/1.1.laws.json", 6)}


def test_a_feed_tells_it_where_the_pages_know_their_address(changed: Project) -> None:
    sources, data = parse_file(changed.source / "data/sources.bib").entries, changed.source / "data"
    export = runpy.run_path(str(EXPORT))["export"]
    find_changes(register := read_register(data), data)
    assert "laws.atom" not in export(register, sources, "1.1")
    files = export(register, sources, "1.1", "https://book.example/latest")
    feed = etree.fromstring(files["laws.atom"])
    entries = feed.findall(f"{ATOM}entry")
    for thing in (feed, *entries):
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT00:00:00Z", thing.findtext(f"{ATOM}updated"))
        links = [link.get("href") for link in thing.findall(f"{ATOM}link")]
        assert thing.findtext(f"{ATOM}title") and links[-1].startswith("https://book.example/latest/")
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries) == 5
    held = json.loads(files["laws-changes.json"])
    kinds = {change["key"]: change["kind"] for change in held["changes"]}
    more = {"fr-2014-sse": "ended", "fr-2015-two": "checked", "ke-1999-gone": "gone", "ke-2022-groups": "changed"}
    assert (held["since"], kinds) == ("1.0", {"es-2024-bill": "new", **more})


HOSTILE = [
    "=HYPERLINK(\"https://example.org\",\"x\")", "+1+1", "-2+3", "@SUM(A1)", "'=1", "＝1+1", "1. one", "# h", "> q",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{ config }} {% raw %}", "[^1] [x]: y", "(x)=", "~~~",
    "**bold** [x](javascript:alert(1)) `{sse:law}`", "\\input{/etc/passwd} $x$ & % # _ ^ ~", "&amp; _a_ :name: x",
    "|sub| :role:`x` .. raw:: html", "a;=1\n  =cmd", '"quoted", and, more', "--> %%{init: {}}%% end\"]; click X",
    "]]></svg>", "```{raw} html", "::: x", "[a]{.b} ![c](d)", "---", "a\\",
]  # fmt: skip
SPACE = re.compile(r"[\s\u200b\ufffe\x02-]")


def test_a_hostile_text_comes_out_as_text(small: Project) -> None:
    laws = {f"ke-2022-law{number}": value for number, value in enumerate(HOSTILE)}
    small.write(KE, "".join(law(key, title=value, home_based=value, english=value) for key, value in laws.items()))
    name = " ".join(value for value in HOSTILE if value.isascii())[:380]
    small.change("data/countries.yaml", "name: Kenya", f"name: {json.dumps(name)}")
    assert [warning for warning in small.build().warnings if warning.type != "sse.diagram_legibility"] == []
    for key, value in laws.items():
        (entry,) = small.page("africa").xpath(f"//section[@id='law-{key}']")
        assert text(entry).count(" ".join(value.split())) >= 2, value
        (link,) = small.page("tables").xpath(f"//tr//a[@href='africa.html#law-{key}']")
        assert " ".join(value.split()) in text(link)
    for name in ("africa", "tables", "years"):
        bad = "//script | //img | //*[@onerror] | //a[starts-with(@href, 'javascript')] | //svg//a"
        assert not small.page(name).xpath(bad), name
    sources = parse_file(small.source / "data/sources.bib").entries
    files = runpy.run_path(str(EXPORT))["export"](read_register(small.source / "data", sources), sources, "1")
    rows = list(csv.DictReader(io.StringIO(files["laws.csv"].decode("utf-8-sig"), newline="")))[2:]
    for row, value in zip(rows, HOSTILE, strict=True):
        assert row["home_based"].removeprefix("'") == value
        assert row["home_based"].startswith("'") == value.startswith(("=", "+", "-", "@", "＝", "'"))
    small.change("conf.py", '"laws"]', '"laws", "pdf_builder"]')
    printed = small.build(builder="pdf").output / "book.pdf"
    printed_text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(printed))
    for value in HOSTILE:  # our fonts do not have the wide "=", and a line ends anywhere in a long word
        assert SPACE.sub("", value).replace("＝", "?") in SPACE.sub("", printed_text), value


def test_what_is_escaped_is_markup_alone() -> None:
    escaped = "Act 5/2011 (arts 9-11); its_name \\[not confirmed\\]"
    assert escape_markdown("Act 5/2011 (arts 9-11); its_name [not confirmed]") == escaped


def test_every_column_can_be_shown(small: Project) -> None:
    small.write("tables.md", "# Tables\n\n" + lists(f":columns: {', '.join(HEADINGS.columns)}"))
    assert small.build().warnings == []
    rows = small.page("tables").xpath("//tr")
    assert {len(row) for row in rows} == {len(HEADINGS.columns)}
    assert all(text(head) for head in rows[0])


@pytest.mark.parametrize("option", [":show: everything", ":sort: size", ":by: weight", ":unheard: of"])
def test_an_option_that_cannot_be_is_a_warning(small: Project, option: str) -> None:
    small.write("tables.md", "# Tables\n\n" + lists(option))
    assert [warning.line for warning in small.build().warnings if warning.file == "tables.md"] == [4]


def test_laws_are_sorted_by_year_and_by_check() -> None:
    read_on = [{"status_as_of": "source not dated"}, {"status_as_of": "2024"}, {"checked": "2026-01-02"}]
    read_on += [{"checked": "2026-11-29", "status_as_of": "2008-10"}, {"checked": "2026-11-29", "status_as_of": "2025"}]
    assert sorted([*read_on[3:], *read_on[:3]], key=SORTS["checked"]) == read_on
    made_in = [{"adopted": "2011-03", "year": "2011"}, {"year": ""}, {"in_force": "1998", "year": "1998"}]
    assert sorted(made_in, key=SORTS["year"]) == [made_in[2], made_in[0], made_in[1]]
