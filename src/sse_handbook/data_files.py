"""YAML files of keys and entries (videos, laws, redirects): valid entries that know their lines; faults for the rest.

Nothing that a file holds raises. ruamel.yaml stops at the first key that stands twice, and reads days as dates (0.19).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from .warnings_ import did_you_mean, find_conflict, read_advice

Steps = tuple[str | int, ...]  # to a value in a file: keys, and numbers of items


class Fault(NamedTuple):  # what is wrong with a file, and what to do
    path: Path
    line: int
    message: str
    key: str = ""  # of its entry; none where the whole file is meant


class Entry(NamedTuple):  # valid by its schema
    key: str
    value: Mapping[str, Any]
    path: Path
    lines: Mapping[Steps, int]  # of every key and item of the file, by the steps to it

    def line(self, *steps: str | int) -> int:
        """Return the line of a field (`"sources", 2` is the third source), or of the nearest thing around it."""
        place: Steps = (self.key, *steps)
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]


def read_entries(path: Path, schema: Path) -> Iterator[Entry | Fault]:
    """Yield the entries that a JSON Schema allows, and a fault for all else; advice is a rule's `$comment`."""
    from jsonschema import Draft202012Validator  # as slow to import as all of the extension

    reader = _Reader(path)
    entries = reader.read()
    yield from reader.faults
    rules = json.loads(schema.read_text(encoding="utf-8"))
    validator = Draft202012Validator(rules, format_checker=Draft202012Validator.FORMAT_CHECKER)
    broken = set[str]()
    for problem in validator.iter_errors(entries):
        for key, *steps, message in _explain(problem):
            broken.add(key)
            line = Entry(key, {}, path, reader.lines).line(*steps)
            yield Fault(path, line, f"`{'.'.join(map(str, (key, *steps)))}`: {message}", key)
    yield from (Entry(key, fields, path, reader.lines) for key, fields in entries.items() if key not in broken)


class _Reader:
    """Reads YAML as JSON knows it: keys are text, and days stay text. Of two entries with one key the last counts."""

    def __init__(self, path: Path) -> None:
        self.path, self.faults = path, list[Fault]()
        self.lines: dict[Steps, int] = {(): 1}

    def read(self) -> dict[str, Any]:
        raw, line = b"", 0
        try:
            raw = self.path.read_bytes()
            line = find_conflict(raw)
            root = None if line else yaml.compose(raw, yaml.SafeLoader)
            if isinstance(root, yaml.MappingNode):
                return cast("dict[str, Any]", self.build(root))
            advice = read_advice("slips")["conflict" if line else "is empty" if root is None else "holds no map"]
        except (OSError, yaml.YAMLError, RecursionError, ValueError) as error:
            within = str(getattr(error, "context", "")).startswith(("while scanning a ", "while parsing a flow "))
            mark: Any = getattr(error, "context_mark" if within else "problem_mark", None)  # where it begins, or is met
            line = mark.line + 1 if mark else raw.count(b"\n", 0, getattr(error, "position", 0)) + 1
            problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
            known = (advice for slip, advice in read_advice("slips").items() if slip in problem)
            advice = next(known, f"The register cannot be read: {problem}.")
        self.faults.append(Fault(self.path, line or 1, advice))
        return {}

    def build(self, node: Any, *steps: str | int) -> Any:
        """Return the value of a node, and note the line of every key and item in it."""
        self.lines.setdefault(steps, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, *steps, number) for number, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            is_text = node.tag.endswith(":timestamp") or len(node.value) > 99  # a number that nobody can print
            return node.value if is_text else yaml.constructor.SafeConstructor().construct_object(node)
        fields: dict[str, Any] = {}
        for key, value in node.value:
            line, place = key.start_mark.line + 1, (*steps, key.value)
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a list or map for a key", problem_mark=key.start_mark)
            if key.value in fields:
                first = f"`{key.value}` stands here again (first on line {self.lines[place]})."
                self.faults.append(Fault(self.path, line, f"{first} Merge the two, or rename one.", place[0]))
            self.lines[place] = line
            fields[key.value] = self.build(value, *place)
        return fields


def _explain(problem: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the steps to what breaks a rule, and then what to say of it; a value of a megabyte is not repeated."""
    rule, wanted, value = problem.schema, problem.validator_value, problem.instance
    # What is wrong with a key is said of the whole map: the key is the fault's instance.
    steps = tuple(problem.absolute_path) or (str(value),)
    if problem.validator == "additionalProperties":
        for extra in sorted(value.keys() - rule["properties"]):
            yield *problem.absolute_path, extra, f"No rule knows this field.{did_you_mean(extra, rule['properties'])}"
    elif "$comment" in rule:
        yield *steps, rule["$comment"]
    elif problem.validator in ("required", "dependentRequired"):
        missing = problem.message.split("'")[1]
        if not any(did_you_mean(extra, [missing]) for extra in value.keys() - rule.get("properties", value)):
            yield *steps, f"The field `{missing}` is missing. Add it."  # and not misspelt, which has been told
    elif problem.validator in ("type", "format") and (advice := read_advice("types").get(wanted)):
        yield *steps, read_advice("types").get(f"{wanted}, {type(value).__name__}", advice)
    elif problem.validator == "enum":
        yield *steps, f"`{str(value)[:80]}` is not one of: {', '.join(wanted)}.{did_you_mean(str(value)[:80], wanted)}"
    else:
        yield *steps, read_advice("rules").get(problem.validator, problem.message[-200:]).replace("WANTED", str(wanted))
