"""Write the register of laws, and what has changed in it, as data and as a feed: `export_laws.py FOLDER`.

The same register gives the same bytes: no time is in them but its own and, where it is set, `SOURCE_DATE_EPOCH`.
"""

import csv
import hashlib
import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Template
from pybtex.database import Entry, parse_file

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "docs/_ext"), str(ROOT / "tools")]
from law_changes import COMPARED, find_changes  # noqa: E402
from publish import BASE, VERSION  # noqa: E402
from register import Register, read_fields, read_register, read_schema  # noqa: E402

LICENSE = "https://creativecommons.org/licenses/by/4.0/"
ABOUT = {
    "name": "sse-handbook-laws",
    "title": "Laws and policies for home-based workers and the social and solidarity economy",
    "licenses": [{"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0", "path": LICENSE}],
}
FILES = {
    "laws.csv": "every law and policy, one a row, for a spreadsheet",
    "laws.json": "the same with its lists and relations as they are, and the countries and sources",
    "laws-changes.json": "what has changed since an older version of the book: what each field was, and what it is",
}
FEED = Template((ROOT / "docs/_templates/laws.atom.jinja").read_text(encoding="utf-8"), autoescape=True)
# What a spreadsheet takes for the beginning of a formula; and the mark itself that keeps it from that.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


def export(register: Register, sources: Mapping[str, Entry], version: str, base: str = "") -> dict[str, bytes]:
    """Return the content of each file; the feed only with `base`, the address of the pages."""
    about: dict[str, Any] = {**ABOUT, "version": version}
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        about["created"] = f"{datetime.fromtimestamp(int(epoch), UTC).date()}T00:00:00Z"
    fields, laws = read_fields(), []
    for law in register.laws.values():
        urls = [sources[key].fields["url"] for key in law["sources"] if "url" in sources[key].fields]
        laws.append(_pick(law | {"source_addresses": urls}, fields))
    of_country, cited = read_schema("countries")["properties"], {key for law in laws for key in law["sources"]}
    held = {
        "laws": laws,
        "countries": [{"key": key, **_pick(country, of_country)} for key, country in register.countries.items()],
        "sources": {key: _describe_source(sources[key]) for key in sorted(cited)},
    }
    files = {"laws.csv": _as_csv(laws, [*fields]), "laws.json": _as_json({**about, **held})}
    files["laws-changes.json"] = _as_json({**about, "since": register.since, "changes": register.changes})
    columns = [
        {"name": name, "type": "string", "description": rule["description"]}
        | ({"constraints": _pick(rule, ["enum"])} if "enum" in rule else {})
        for name, rule in fields.items()
    ]
    table = {"fields": columns, "primaryKey": "key", "missingValues": [""]}
    resources = [_describe_file(name, content) for name, content in files.items()]
    resources[0] |= {"profile": "tabular-data-resource", "schema": table}
    if base:
        files["laws.atom"] = FEED.render(vars(register), base=base, title=ABOUT["title"], compared=COMPARED).encode()
    return files | {"datapackage.json": _as_json({**about, "resources": resources})}


def _pick(thing: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: thing[name] for name in names if thing.get(name)}


def _describe_source(source: Entry) -> dict[str, str]:
    people = {"author": "; ".join(map(str, source.persons["author"]))} if source.persons.get("author") else {}
    return {name: text.replace("{", "").replace("}", "") for name, text in {**people, **source.fields}.items()}


def _cell(value: Any) -> str:
    """Return a value as one cell: a bar stands between parts, and nothing begins as a formula does."""
    if isinstance(value, dict):
        value = [f"{name}: {_cell(part)}" for name, part in value.items()]
    text = " | ".join(map(_cell, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _as_csv(laws: list[dict[str, Any]], columns: list[str]) -> bytes:
    """Return a row for each law, all cells in quotes; a mark at the beginning tells spreadsheets that it is UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in law.items()} for law in laws)
    return text.getvalue().encode("utf-8-sig")


def _as_json(value: object) -> bytes:
    return f"{json.dumps(value, ensure_ascii=False, indent=1)}\n".encode()


def _describe_file(path: str, content: bytes) -> dict[str, Any]:
    """Return what a Data Package says of a file."""
    form, media = ("csv", "text/csv") if path.endswith(".csv") else ("json", "application/json")
    file = {"name": path.replace(".", "-"), "path": path, "title": FILES[path], "format": form, "mediatype": media}
    return {**file, "encoding": "utf-8", "bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}


def main(folder: Path) -> None:
    sources = parse_file(ROOT / "docs/data/sources.bib").entries
    register = read_register(ROOT / "docs/data", sources)
    find_changes(register, ROOT / "docs/data")
    if register.faults:
        sys.exit("\n".join(f"{fault.path}:{fault.line}: {fault.message}" for fault in register.faults))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in export(register, sources, VERSION, BASE).items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
