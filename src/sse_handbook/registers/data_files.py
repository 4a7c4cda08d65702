"""Read a YAML file against its schema: valid entries that know their lines, and a finding for each fault.

Nothing that a file holds raises: what is wrong becomes a `Finding` with file and line, and the rest is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ..warnings import Check, Finding, did_you_mean

if TYPE_CHECKING:
    from jsonschema import ValidationError

# Longer than any number of a register; Python itself refuses to print one of 5,000 digits.
LONG_NUMBER = re.compile(r"[-+]?[0-9a-fA-FxXoO_:.]{30,}")
# What no page can show: control characters but the end of a line, and halves of characters.
UNSHOWABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class _PlainLoader(yaml.SafeLoader):
    """YAML as JSON knows it: keys are text, dates stay text, and nothing refers to something else in the file."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs lack it; look again by 2027-06-01
        if isinstance(event, yaml.AliasEvent):
            message = f"`*{event.anchor}`: references inside a register are not read. Write it out."
            raise _UnreadableError(message, _line(event))
        if getattr(event, "tag", None) not in (None, "!"):
            raise _UnreadableError(f"`{event.tag}`: tags are not read. Write plain text and lists.", _line(event))
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and LONG_NUMBER.fullmatch(event.value):
            raise _UnreadableError("This number is too long to be one. Put it in quotes if it is text.", _line(event))
        return super().compose_node(parent, index)


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _PlainLoader, node: yaml.MappingNode) -> dict[str, Any]:
    """A mapping whose keys are text as they are written."""
    for key, _value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _UnreadableError("A key must be text. Write `key:` and, below it, its fields.", _line(key))
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


_PlainLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


@dataclass(frozen=True)
class Entry:
    """One entry of a register as it stands in its file."""

    key: str
    value: Mapping[str, Any]
    path: Path
    node: yaml.Node
    key_line: int = 1

    def line(self, *steps: str | int) -> int:
        """The line of a field, or of the nearest thing around it that the file has."""
        node, line = self.node, self.key_line - 1
        for step in steps:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in reversed(node.value) if k.value == step), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
        return line + 1


# What to write, by the type that a schema asks for, and by what PyYAML says.
TYPES = {
    "string": 'This must be text. Put a number or a day into quotes: "1.10".',
    "array": "This must be a list. Write it in square brackets: `[x]`.",
    "integer": "This must be a whole number, without quotes.",
    "object": "This must have fields: write each below it, indented, as `name: value`.",
}
SLIPS = {
    "mapping values are not allowed": "There is a second colon on this line, or a quote or indent is wrong above it. "
    "Put a text that has a colon into quotes.",
    "cannot start any token": "A text cannot begin with this character. Put it into quotes; write spaces for a tab.",
    "could not find expected ':'": "A field needs a colon and a space: `name: value`. Look at the line above, too.",
    "expected <block end>": "The indent is not that of the lines around it, or a quote stands within a quoted text.",
    "unexpected end of stream": "A quote or a bracket is opened and not closed.",
    "found undefined alias": "A text that begins with `*` must stand in quotes.",
}


class _UnreadableError(Exception):
    """The whole file is of no use; `line` counts from 1 where the fault has one."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def read_entries(path: Path, schema: str) -> Iterator[Entry | Finding]:
    """The valid entries of a YAML file that maps keys to entries, and a finding for each fault."""
    try:
        root, value = _parse(path)
    except _UnreadableError as error:
        yield Finding.at(Check.REGISTER, str(error), path, error.line)
        return
    from jsonschema import Draft202012Validator

    yield from _duplicate_keys(root, path)
    rules = (files("sse_handbook") / f"schemas/{schema}.schema.json").read_text(encoding="utf-8")
    whole = Entry("", value, path, root)
    broken: set[str | int] = set()
    validator = Draft202012Validator(json.loads(rules), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for problem in sorted(validator.iter_errors(value), key=lambda each: [str(step) for step in each.absolute_path]):
        for steps, message in _explain(problem):
            broken.add(steps[0])
            name = ".".join(str(step) for step in steps)
            yield Finding.at(Check.REGISTER, f"`{name or path.name}`: {message}", path, whole.line(*steps))
    for way in _unshowable(value):
        broken.add(way[0])
        name = ".".join(map(str, way))
        yield Finding.at(Check.REGISTER, f"`{name}` holds a character that no page can show.", path, whole.line(*way))
    # Of two entries with one key YAML keeps the last, and so do we.
    for key, (key_node, node) in {pair[0].value: pair for pair in root.value}.items():
        if key not in broken and key in value:
            yield Entry(key, value[key], path, node, _line(key_node))


def _parse(path: Path) -> tuple[yaml.MappingNode, Mapping[str, Any]]:
    """The nodes and the values of a YAML file; raises `_UnreadableError`, and nothing else."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise _UnreadableError(f"The register cannot be read: {error.strerror}. It must be a file of text.") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _UnreadableError("The register is not UTF-8 here. Save the file as UTF-8.", line) from None
    try:
        loader = _PlainLoader(text)
        root = loader.get_single_node()
        if root is None:
            raise _UnreadableError("The register is empty. Add an entry, or delete the file.")
        if not isinstance(root, yaml.MappingNode):
            message = "The register must map keys to entries (`key:` and, below it, its fields)."
            raise _UnreadableError(message, _line(root))
        return root, loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = str(error.problem or error.context)
        message = next((advice for slip, advice in SLIPS.items() if slip in said), f"This is not YAML: {said}.")
        raise _UnreadableError(message, mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise _UnreadableError("YAML does not allow a character on this line. Delete it.", line) from None
    except (RecursionError, ValueError) as error:
        message = f"The register cannot be read as data ({type(error).__name__}). Write plain text and lists."
        raise _UnreadableError(message) from None


def _explain(problem: ValidationError) -> Iterator[tuple[list[str | int], str]]:
    """Where a fault of the schema stands, and what to say of it: a rule may bring its own advice, as `$comment`."""
    rule: Any = problem.schema
    value: Any = problem.instance
    if problem.validator == "additionalProperties":
        known = rule["properties"]
        for extra in [each for each in value if each not in known]:
            yield [*problem.absolute_path, extra], f"No rule knows this field.{did_you_mean(extra, known)}"
        return
    # What is wrong with a key is said of the whole map: the key is the fault's instance.
    steps = list(problem.absolute_path) or [str(value)]
    yield steps, rule.get("$comment") or _plain(problem)


def _unshowable(value: Any, *steps: str | int) -> Iterator[tuple[str | int, ...]]:
    """The way to each text that holds a character which no page can show."""
    if isinstance(value, str) and UNSHOWABLE.search(value):
        yield steps
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _unshowable(key, *steps, key)
            yield from _unshowable(each, *steps, key)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _unshowable(each, *steps, number)


def _plain(problem: ValidationError) -> str:
    """What is wrong and what to write, in plain words; a value of a megabyte is not repeated."""
    wanted: Any = problem.validator_value
    if problem.validator == "required":
        missing = problem.message.removesuffix(" is a required property").strip("'")
        return f"The field `{missing}` is missing. Add it."
    if problem.validator == "type" and isinstance(wanted, str) and wanted in TYPES:
        return TYPES[wanted]
    if problem.validator == "enum":
        known = [str(value) for value in wanted]
        given = str(problem.instance)[:80]
        return f"`{given}` is not one of: {', '.join(known)}.{did_you_mean(given, known)}"
    return f"{problem.message[:200]}…" if len(problem.message) > 200 else f"{problem.message}."


def _line(thing: Any) -> int:
    return int(thing.start_mark.line) + 1


def _duplicate_keys(node: yaml.Node, path: Path) -> Iterator[Finding]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                message = f"`{name}` stands here again (first on line {seen[name]}). Merge the two, or rename one."
                yield Finding.at(Check.REGISTER, message, path, _line(key))
            seen.setdefault(name, _line(key))
            yield from _duplicate_keys(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _duplicate_keys(value, path)
