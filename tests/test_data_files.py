"""Data files, fuzzed: whatever a file holds, faults come out, each on a line that the file has, and soon."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sse_handbook.data_files import Entry, Fault, read_entries

FUZZ = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
TEXT = {"type": "string", "minLength": 1, "maxLength": 500}
SCHEMA = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-z0-9-]+$", "$comment": "A key is of small letters, digits and hyphens."},
    "additionalProperties": {
        "type": "object",
        "required": ["link", "about"],
        "additionalProperties": False,
        "properties": {
            "link": {**TEXT, "pattern": "^https://", "$comment": "A link begins with `https://`."},
            "about": TEXT,
            "status": {"enum": ["open", "closed"]},
            "day": {"type": "string", "format": "date"},
            "labels": {"type": "array", "items": TEXT, "uniqueItems": True},
            "slides": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        },
    },
}
GOOD = {"link": "https://example.org/", "about": "One", "labels": ["a"], "slides": [1]}
FIELDS = ["link", "about", "status", "day", "labels", "slides", "unheard-of"]
# Values as they would stand in the file.
HOSTILE = [
    "", "~", "[]", "{}", "[[]]", "{a: {b: [1]}}", "1", "1.0", "1e400", ".inf", ".nan", "0x10", "1:30", "true",
    "2020-01-01", "2020-13-45", "=", "<<", "!", "!!null x", "!!str 5", "!!int x", "!!float x", "!!timestamp x",
    "!!binary aGk=", "!!set {a, b}", "!!python/object/apply:os.system [ls]", "!own x", "&a x", "*a", "&a [*a]",
    "{<<: {a: 1}}", "{? [a]: b}", "{1: a, 1: b}", "[1, a, {b: 1}, [c], ~]", "[1, 1]", "[.nan, .nan]", "|", ">\n  a",
    '"\\0"', '"\\x1b[31m"', '"\\ud800"', '"\\u202E"', '"a\\nb\\rc"', '"\\u2028"', '"', "'", "'a", "- a", "a: b", "%",
    "@", "`", "---", "...", "? a", ", a", "]", "}", "\t", "#", "a # b", "\u202eab", "\ufeff", "\x85", "\u2028", "👩‍🏭",
    "0x" + "f" * 5000, "9" * 5000, "a" * 5000, "[" * 50 + "]" * 50, "[" * 5000, "{a: " * 400 + "}" * 400,
]  # fmt: skip
LARGE = {
    "nested lists": "[" * 100_000,
    "nested maps": "{a: " * 20_000,
    "a long text": f"one: {'x' * 2_000_000}",
    "many references": "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(1000)),
    "many faults": "".join(f"k{n}: {n}\n" for n in range(1000)),
    "one key many times": "a: 1\n" * 1000,
    "many entries": "".join(f"k{n}: {{link: 'https://example.org/{n}', about: a}}\n" for n in range(500)),
    "quotes": "'" * 200_001,
}


def read(content: str | bytes) -> list[Entry | Fault]:
    with TemporaryDirectory() as folder:
        path, schema = Path(folder) / "data.yaml", Path(folder) / "schema.json"
        schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        found = list(read_entries(path, schema))
        lines = len(re.split("\r\n|[\n\r\x85\u2028\u2029]", path.read_bytes().decode("utf-8", "replace")))
        for item in found:
            if isinstance(item, Fault):
                assert item.path == path
                assert 1 <= item.line <= lines, item
                assert item.message
            else:
                assert {"link", "about"} <= item.value.keys() <= {*FIELDS}
                assert 1 <= item.line("labels", 0) <= lines
        return found


def entry_with(field: str, value: str) -> str:
    return yaml.safe_dump({"zero": GOOD, "one": {**GOOD, field: "HERE"}}, sort_keys=False).replace("HERE", value)


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value)[:20])
def test_a_hostile_value_in_any_field_or_key_leaves_the_other_entry_or_is_told(value: str) -> None:
    for text in [*(entry_with(field, value) for field in FIELDS), f"{value}:\n  about: x\n", f"? {value}\n: x\n"]:
        assert read(text)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("labels: [x", "A bracket is opened and not closed"),
        ("about: {x\nfrom: y", "A bracket is opened and not closed"),
        ("about: , x", "A text cannot begin with this character"),
        ("about: - x", "put a text that begins with `-` into quotes"),
        ("about: >x", "A text that begins with `>` or `|` must stand in quotes"),
        ("about: > x", "A text that begins with `>` or `|` must stand in quotes"),
        ("about: * x", "A text that begins with `*`, `&` or `%` must stand in quotes"),
        ('about: "C:\\docs"', "Put the text into single quotes"),
        ("about: x\x01y", "a character here that nobody can see"),
        ("a: {}\n---\nb: {}", "Delete the line that begins with `---`"),
    ],
)
def test_what_is_no_yaml_is_told_in_plain_words(text: str, advice: str) -> None:
    [fault] = read(text)
    assert isinstance(fault, Fault)
    assert advice in fault.message
    assert fault.line == (2 if "---" in text else 1)  # a bracket is told where it is opened


@given(st.binary(max_size=80) | st.text("[]{}:,-?!&*#|>'\"%@` \n\tab1", max_size=80))
@example(b"\xef\xbb\xbfone: 1\n").via("a byte order mark")
@example("one: 1\n".encode("utf-16")).via("another encoding")
@FUZZ
def test_any_content(content: str | bytes) -> None:
    read(content)


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_what_is_large_or_deep_takes_no_long_time(content: str) -> None:
    started = time.process_time()
    read(content)
    assert time.process_time() - started < 5
