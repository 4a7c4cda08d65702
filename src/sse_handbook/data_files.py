"""YAML files that map keys to entries: valid entries that know their lines, and a fault for whatever is wrong.

Nothing that a file holds raises. PyYAML and not ruamel.yaml: that one stops at the first key that stands twice, and
reads days as dates (looked at with 0.19.1, November 2026).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml
from jsonschema import Draft202012Validator, ValidationError

from .warnings_ import did_you_mean

Steps = tuple[str | int, ...]  # to a value in a file: keys, and numbers of items


class Fault(NamedTuple):
    """What is wrong with a file, and what to do; `line` counts from 1."""

    path: Path
    line: int
    message: str


@dataclass(frozen=True)
class Entry:  # valid by its schema
    key: str
    value: Mapping[str, Any]
    path: Path
    lines: Mapping[Steps, int]  # of every key and item of the file, by the steps to it

    def line(self, *steps: str | int) -> int:
        """Return the line of a field (`"sources", 2` is the third source), or of the nearest thing around it."""
        return _nearest_line(self.lines, (self.key, *steps))


def _nearest_line(lines: Mapping[Steps, int], steps: Steps) -> int:
    while steps and steps not in lines:
        steps = steps[:-1]
    return lines.get(steps, 1)


# What to write, by the type or format that a schema asks for, and by what PyYAML says.
TYPES = {
    "string": 'This must be text. Put a number or a day into quotes: "1.10".',
    "array": "This must be a list. Write it in square brackets: `[x]`.",
    "integer": "This must be a whole number, without quotes.",
    "object": "This must have fields: write each below it, indented, as `name: value`.",
    "date": "This must be a day of the calendar, as `2026-11-30`.",
}
SLIPS = {
    "mapping values are not allowed": "There is a second colon on this line, or a quote or indent is wrong above it. "
    "Put a text that has a colon into quotes.",
    "cannot start any token": "A text cannot begin with this character. Put it into quotes; write spaces for a tab.",
    "could not find expected ':'": "A field needs a colon and a space: `name: value`. Look at the line above, too.",
    "expected <block end>": "The indent is not that of the lines around it, or a quote stands within a quoted text.",
    "unexpected end of stream": "A quote or a bracket is opened and not closed.",
    "found undefined alias": "A text that begins with `*` must stand in quotes.",
    "special characters are not allowed": "YAML does not allow a character on this line. Delete it.",
}


class _UnreadableError(Exception):
    """The whole file is of no use: what is wrong, and on which line."""


class _PlainLoader(yaml.SafeLoader):
    """YAML as JSON knows it: keys are text, days stay text, and nothing refers to something else in the file."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs lack it (November 2026)
        if isinstance(event, yaml.AliasEvent):
            raise _UnreadableError(_line(event), f"`*{event.anchor}`: references are not read. Write it out.")
        if getattr(event, "tag", None) not in (None, "!"):
            raise _UnreadableError(_line(event), f"`{event.tag}`: tags are not read. Write plain text and lists.")
        return super().compose_node(parent, index)


def _construct_mapping(loader: _PlainLoader, node: yaml.MappingNode) -> dict[str, Any]:
    for key, _value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _UnreadableError(_line(key), "A key must be text. Write `key:` and, below it, its fields.")
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


_PlainLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
as_text: Any = yaml.SafeLoader.construct_yaml_str  # PyYAML's stubs would have it called on another loader
_PlainLoader.add_constructor("tag:yaml.org,2002:timestamp", as_text)


def read_entries(path: Path, schema: Path) -> Iterator[Entry | Fault]:
    """Yield the entries of a YAML file that its JSON Schema allows, in their order, and a fault for all else.

    A rule of the schema may bring its own advice as `$comment`.
    """
    lines: dict[Steps, int] = {}
    try:
        root, value = _parse(path)
    except _UnreadableError as error:
        yield Fault(path, *error.args)
        return
    yield from _index_lines(root, (), lines, path)
    broken = set[str]()
    for problem in sorted(_validator(schema).iter_errors(value), key=lambda problem: list(map(str, problem.path))):
        for steps, message in _explain(problem):
            broken.add(str(steps[0]))
            yield Fault(path, _nearest_line(lines, steps), f"`{'.'.join(map(str, steps))}`: {message}")
    yield from (Entry(key, fields, path, lines) for key, fields in value.items() if key not in broken)


@cache
def _validator(schema: Path) -> Draft202012Validator:
    rules = json.loads(schema.read_text(encoding="utf-8"))
    return Draft202012Validator(rules, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _parse(path: Path) -> tuple[yaml.MappingNode, Mapping[str, Any]]:
    """Return the nodes and the values of a YAML file; raise `_UnreadableError`, and nothing else."""
    try:
        raw = path.read_bytes()
        loader = _PlainLoader(raw.decode("utf-8"))
        root = loader.get_single_node()
        if root is None:
            raise _UnreadableError(1, "The register is empty. Add an entry, or delete the file.")
        if not isinstance(root, yaml.MappingNode):
            raise _UnreadableError(1, "The register must map keys to entries (`key:` and, below it, its fields).")
        return root, loader.construct_document(root)
    except OSError as error:
        raise _UnreadableError(
            1, f"The register cannot be read: {error.strerror}. It must be a file of text."
        ) from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _UnreadableError(line, "The register is not UTF-8 here. Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark else raw.decode("utf-8").count("\n", 0, getattr(error, "position", 0)) + 1
        problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
        advice = next((advice for slip, advice in SLIPS.items() if slip in problem), f"This is not YAML: {problem}.")
        raise _UnreadableError(line, advice) from None
    except (RecursionError, ValueError) as error:  # lists in lists in lists; a number of 5,000 digits
        message = f"The register cannot be read as data ({type(error).__name__}). Write plain text and lists."
        raise _UnreadableError(1, message) from None


def _explain(problem: ValidationError) -> Iterator[tuple[Steps, str]]:
    """Yield where a fault of the schema stands, and what to say of it; a value of a megabyte is not repeated."""
    rule, wanted, value = cast("tuple[Any, Any, Any]", (problem.schema, problem.validator_value, problem.instance))
    # What is wrong with a key is said of the whole map: the key is the fault's instance.
    steps = tuple(problem.absolute_path) or (str(value),)
    if problem.validator == "additionalProperties":
        for extra in [key for key in value if key not in rule["properties"]]:
            yield (*problem.absolute_path, extra), f"No rule knows this field.{did_you_mean(extra, rule['properties'])}"
    elif "$comment" in rule:
        yield steps, rule["$comment"]
    elif problem.validator == "required":
        for field in [field for field in wanted if field not in value]:
            if f"'{field}'" in problem.message:
                yield steps, f"The field `{field}` is missing. Add it."
    elif problem.validator in ("type", "format") and wanted in TYPES:
        yield steps, TYPES[wanted]
    elif problem.validator == "enum":
        known, given = list(map(str, wanted)), str(value)[:80]
        yield steps, f"`{given}` is not one of: {', '.join(known)}.{did_you_mean(given, known)}"
    else:
        yield steps, f"{problem.message[:200]}."


def _line(thing: Any) -> int:
    return int(thing.start_mark.line) + 1


def _index_lines(node: yaml.Node, steps: Steps, lines: dict[Steps, int], path: Path) -> Iterator[Fault]:
    """Note the line of every key and item; of two entries with one key YAML keeps the last, and so do we."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*steps, str(key.value))
            if place in lines:
                message = (
                    f"`{key.value}` stands here again (first on line {lines[place]}). Merge the two, or rename one."
                )
                yield Fault(path, _line(key), message)
                for old in [old for old in lines if old[: len(place)] == place]:
                    del lines[old]
            lines[place] = _line(key)
            yield from _index_lines(value, place, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            lines[*steps, number] = _line(value)
            yield from _index_lines(value, (*steps, number), lines, path)
