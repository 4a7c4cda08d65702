"""The register of laws as data for others: CSV, JSON, a Data Package that describes both, and the codebook.

The same register gives the same bytes: there is no time in them but what the register itself holds and, where it is
set, `SOURCE_DATE_EPOCH`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment

from ..domain import SSEDomain
from ..registers.laws import Country, Law
from ..registers.videos import today

FOLDER = "data"
FILES = {
    "laws.csv": "every law and policy, one a row, for a spreadsheet",
    "laws.json": "the same with its lists and relations as they are, and the countries and sources",
    "datapackage.json": "what the two files hold: each field, with its meaning and values (a Data Package)",
}
# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# What the CSV and the codebook say beyond the fields of the register.
MORE = {
    "key": "The law's own key, which stays the same in every version.",
    "country": "The code of the country or area: ISO 3166-1 in lower case, or a code made for the register.",
    "country_name": "The name of the country or area in English.",
    "region": "The region, as the UN's list M49 has it; World is ours.",
    "subregion": "The part of the region, as M49 has it; Supranational and Global are ours.",
    "source_addresses": "The addresses of the sources, in the order of their keys.",
}
HIDDEN = {"path", "line", "lines"}


def rules(register: str) -> dict[str, dict[str, Any]]:
    """The rule of each field of a register, from its schema."""
    text = (files("sse_handbook") / f"schemas/{register}.schema.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)["additionalProperties"]["properties"]
    return found


def values(register: str, field: str) -> list[str]:
    """The values that a field may have, where its rule names them."""
    return _values(rules(register)[field])


def field_rules() -> dict[str, dict[str, Any]]:
    """The rule of each field of the CSV, in its order."""
    more = {name: {"description": about} for name, about in MORE.items()}
    last = {"source_addresses": more.pop("source_addresses")}
    return more | rules("laws") | last


def codebook() -> Iterator[tuple[str, str, str]]:
    """Each field of the data: its name, what it means, and the values that it may have."""
    for name, rule in field_rules().items():
        yield name, rule.get("description", ""), "; ".join(_values(rule))


def _values(rule: Mapping[str, Any]) -> list[str]:
    return [str(each) for each in rule.get("enum") or rule.get("items", {}).get("enum") or ()]


def plain(thing: Law | Country) -> dict[str, Any]:
    """What a law or a country holds, without what is empty and without its place in the file."""
    values = {each.name: getattr(thing, each.name) for each in fields(thing) if each.name not in HIDDEN}
    return {name: _json(value) for name, value in values.items() if value}


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _json(each) for name, each in value.items()}
    return value if isinstance(value, str) else {each.name: getattr(value, each.name) for each in fields(value)}


def cell(value: Any) -> str:
    """A value as one cell: parts are parted by a bar, and nothing begins as a formula does."""
    if isinstance(value, dict):
        parts = [f"{name}: {cell(each)}" for name, each in value.items()]
    else:
        parts = [cell(each) for each in value] if isinstance(value, list) else [str(value)]
    text = " | ".join(parts)
    return f"'{text}" if text.startswith((*FORMULA, "'")) else text


def as_csv(laws: list[dict[str, Any]]) -> bytes:
    """One row a law, every cell in quotes; a mark at the beginning tells spreadsheets that it is UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*field_rules()], restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: cell(law[name]) for name in writer.fieldnames if name in law} for law in laws)
    return text.getvalue().encode("utf-8-sig")


def as_json(value: object) -> bytes:
    """JSON that a person can read."""
    return f"{json.dumps(value, ensure_ascii=False, indent=1)}\n".encode()


def package(env: BuildEnvironment) -> dict[str, bytes]:
    """The content of each file."""
    domain = SSEDomain.of(env)
    sources = cast("Any", env.domains["cite"]).bibdata.data.entries if "cite" in env.domains else {}
    laws = []
    for law in domain.laws.laws.values():
        country = domain.laws.countries[law.country]
        where = {"key": law.key, "country": law.country, "country_name": country.name}
        where |= {"region": country.region, "subregion": country.subregion}
        addresses = [
            sources[key].fields["url"] for key in law.sources if key in sources and "url" in sources[key].fields
        ]
        relations = {"relations": _json(domain.laws.relations[law.key])} if law.key in domain.laws.relations else {}
        laws.append(where | plain(law) | relations | ({"source_addresses": addresses} if addresses else {}))
    used = sorted({key for law in domain.laws.laws.values() for key in law.sources if key in sources})
    about: dict[str, Any] = {**env.config.sse_law_package, "version": env.config.release}
    if os.environ.get("SOURCE_DATE_EPOCH"):
        about["created"] = f"{today()}T00:00:00Z"
    content = {
        "laws.csv": as_csv(laws),
        "laws.json": as_json({
            **about,
            "laws": laws,
            "countries": [plain(each) for each in domain.laws.countries.values()],
            "sources": {key: {name: _unbraced(text) for name, text in _source(sources[key])} for key in used},
        }),
    }  # fmt: skip
    return content | {"datapackage.json": as_json({**about, "resources": [*_resources(content)]})}


def _source(source: Any) -> Iterator[tuple[str, str]]:
    if people := source.persons.get("author"):
        yield "author", "; ".join(str(person) for person in people)
    yield from source.fields.items()


def _unbraced(text: str) -> str:
    return text.replace("{", "").replace("}", "")


def _resources(content: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """How a Data Package describes each file."""
    table = [
        {"name": name, "type": "string", "description": rule.get("description", "")}
        for name, rule in field_rules().items()
    ]
    for described, rule in zip(table, field_rules().values(), strict=True):
        if "enum" in rule:
            described["constraints"] = {"enum": [str(each) for each in rule["enum"]]}
    kinds: dict[str, dict[str, Any]] = {
        "laws.csv": {
            "profile": "tabular-data-resource",
            "mediatype": "text/csv",
            "schema": {"fields": table, "primaryKey": "key", "missingValues": [""]},
        },
        "laws.json": {"mediatype": "application/json"},
    }
    for name, described in kinds.items():
        form = {"name": name.replace(".", "-"), "path": name, "format": name.partition(".")[2], "encoding": "utf-8"}
        measured = {"bytes": len(content[name]), "hash": f"sha256:{hashlib.sha256(content[name]).hexdigest()}"}
        yield {**form, "title": FILES[name], **measured, **described}


def published(builder: Builder) -> bool:
    """Whether a builder makes a site that the files can stand in."""
    return builder.format == "html" and builder.name != "epub"


def write_files(app: Sphinx, exception: Exception | None) -> None:
    """`build-finished`: write the data beside the pages, where `sse_law_package` says under what name and licence."""
    if exception is None and app.config.sse_law_package and published(app.builder):
        folder = Path(app.outdir, FOLDER)
        folder.mkdir(exist_ok=True)
        for name, content in package(app.env).items():
            (folder / name).write_bytes(content)


def find_script(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: let Sphinx copy the script that filters a table, where a page has one."""
    if published(app.builder) and any("sse_laws" in each for each in env.metadata.values()):
        app.config.html_static_path = [*app.config.html_static_path, str(Path(__file__).parent.parent / "static")]


def add_script(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """`html-page-context`: a page with a table to filter loads the script for it, and no other page does."""
    if published(app.builder) and app.env.metadata.get(page, {}).get("sse_laws"):
        app.add_js_file("sse-laws.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """The register as data, and the filter of its tables."""
    app.add_config_value("sse_law_package", {}, "env", dict)
    app.connect("env-updated", find_script)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write_files)
