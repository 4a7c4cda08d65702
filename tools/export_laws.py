"""Write the register of laws as data: `export_laws.py FOLDER` gives `laws.csv`, `laws.json` and `datapackage.json`.

The same register gives the same bytes: there is no time in them but what the register itself holds and, where it is
set, `SOURCE_DATE_EPOCH`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pybtex.database import Entry, parse_file

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_ext"))
from register import Register, read_fields, read_register, read_schema  # noqa: E402

LICENSE = "https://creativecommons.org/licenses/by/4.0/"
ABOUT = {
    "name": "sse-handbook-laws",
    "title": "Laws and policies for home-based workers and the social and solidarity economy",
    "licenses": [{"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0", "path": LICENSE}],
}
CSV = "every law and policy, one a row, for a spreadsheet"
JSON = "the same with its lists and relations as they are, and the countries and sources"
# What a spreadsheet takes for the beginning of a formula; and the mark itself that keeps it from that.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


def export(register: Register, sources: Mapping[str, Entry], version: str) -> dict[str, bytes]:
    """Return the content of each file."""
    about: dict[str, Any] = {**ABOUT, "version": version}
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        about["created"] = f"{datetime.fromtimestamp(int(epoch), UTC).date()}T00:00:00Z"
    laws = []
    for law in register.laws.values():
        urls = [sources[key].fields["url"] for key in law["sources"] if "url" in sources[key].fields]
        place = {name: law[name] for name in read_schema("laws")["$defs"]["place"]["properties"]}
        laws.append(place | _sorted(law, "laws") | ({"source_addresses": urls} if urls else {}))
    used = sorted({key for law in register.laws.values() for key in law["sources"]})
    held = {
        "laws": laws,
        "countries": [{"key": key} | _sorted(country, "countries") for key, country in register.countries.items()],
        "sources": {key: _describe_source(sources[key]) for key in used},
    }
    rows, everything = _as_csv(laws), _as_json({**about, **held})
    fields = [
        {"name": name, "type": "string", "description": rule["description"]}
        | ({"constraints": {"enum": rule["enum"]}} if "enum" in rule else {})
        for name, rule in read_fields().items()
    ]
    table = {"fields": fields, "primaryKey": "key", "missingValues": [""]}
    csv_file = _describe_file("csv", CSV, rows) | {"profile": "tabular-data-resource", "mediatype": "text/csv"}
    json_file = _describe_file("json", JSON, everything) | {"mediatype": "application/json"}
    package = _as_json({**about, "resources": [csv_file | {"schema": table}, json_file]})
    return {"laws.csv": rows, "laws.json": everything, "datapackage.json": package}


def _sorted(thing: Mapping[str, Any], schema: str) -> dict[str, Any]:
    """Return the fields of a law or country in the order of the schema, those that must be there first."""
    rules = read_schema(schema)
    return {name: thing[name] for name in dict.fromkeys([*rules["required"], *rules["properties"]]) if thing.get(name)}


def _describe_source(source: Entry) -> dict[str, str]:
    people = {"author": "; ".join(map(str, source.persons["author"]))} if source.persons.get("author") else {}
    return {name: text.replace("{", "").replace("}", "") for name, text in {**people, **source.fields}.items()}


def _cell(value: Any) -> str:
    """Return a value as one cell: a bar stands between parts, and nothing begins as a formula does."""
    if isinstance(value, dict):
        value = [f"{name}: {_cell(part)}" for name, part in value.items()]
    text = " | ".join(map(_cell, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _as_csv(laws: list[dict[str, Any]]) -> bytes:
    """Return a row for each law, all cells in quotes; a mark at the beginning tells spreadsheets that it is UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*read_fields()], restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in law.items()} for law in laws)
    return text.getvalue().encode("utf-8-sig")


def _as_json(value: object) -> bytes:
    return f"{json.dumps(value, ensure_ascii=False, indent=1)}\n".encode()


def _describe_file(form: str, title: str, content: bytes) -> dict[str, Any]:
    """Return what a Data Package says of a file."""
    file = {"name": f"laws-{form}", "path": f"laws.{form}", "format": form, "encoding": "utf-8", "title": title}
    return file | {"bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}


def main(folder: Path) -> None:
    sources = parse_file(ROOT / "docs/data/sources.bib").entries
    register = read_register(ROOT / "docs/data", sources)
    if register.faults:
        sys.exit("\n".join(f"{fault.path}:{fault.line}: {fault.message}" for fault in register.faults))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in export(register, sources, version).items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
