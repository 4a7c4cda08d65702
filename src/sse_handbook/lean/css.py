"""Pure: leave out of stylesheets what a page does not use, and write the rest as one small sheet.

A rule stays when every tag, class and id that its selector names occurs on the page (`words_of`). Then the custom
properties go that no rule reads any more, with whatever only they read; so do animations and fonts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import tinycss2
from tinycss2.ast import AtRule, Declaration, Node, QualifiedRule

# What a script may put on a page is a word of the script.
IN_SCRIPTS = re.compile(r"[A-Za-z][\w-]*")
IN_PAGES = re.compile(r"<([a-zA-Z][\w-]*)|\b(?:class|id)=\"([^\"]*)\"")
# What a selector asks for. In brackets stand conditions of another kind: they are not looked at.
IN_SELECTORS = re.compile(r"(?:^|(?<=[\s>+~]))([a-z][\w-]*)|[.#]((?:\\.|[\w-])+)")
BRACKETS = re.compile(r"\[[^\]]*\]|\((?:[^()]|\([^()]*\))*\)")
READS = re.compile(r"var\(\s*(--[\w-]+)")
# A chosen theme, by the attribute that the book theme's scripts set; and without a choice, what the device says.
DARK, LIGHT = re.compile(r"html\[data-theme=[\"']?dark[\"']?\]"), re.compile(r"html\[data-theme=[\"']?light[\"']?\]")
ON_DARK_DEVICES = "prefers-color-scheme:dark"


@dataclass(frozen=True)
class Rule:
    """A style rule: the conditions it stands in (outermost first), its selectors, its declarations."""

    conditions: tuple[str, ...]
    selectors: tuple[str, ...]
    declarations: tuple[tuple[str, str], ...]


def words_of(name: str, text: str) -> set[str]:
    """The tags, classes and ids of a page (`.html`); every word of a script."""
    if name.endswith(".js"):
        return set(IN_SCRIPTS.findall(text))
    found: set[str] = set()
    for tag, names in IN_PAGES.findall(text):
        found |= {tag.lower()} if tag else set(names.split())
    return found


# What is known of the same text is kept: the live preview builds again and again in one process.
@cache
def parse(sheet: str) -> tuple[Rule, ...]:
    """The rules of a sheet, in order."""
    nodes = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    return tuple(each for rule in _rules(nodes, ()) for each in _by_theme(rule))


@cache
def prune(rules: tuple[Rule, ...], used: frozenset[str]) -> tuple[Rule, ...]:
    """The rules that can meet something on a page with the words `used`, and the properties that these read."""
    return tuple(_without_unread([kept for rule in rules if (kept := _wanted(rule, used))]))


def _rules(nodes: Iterable[Node], conditions: tuple[str, ...]) -> Iterator[Rule]:
    """The style rules of a sheet. Of at-rules, only conditions are kept: fonts and animations weigh too much."""
    for node in nodes:
        if isinstance(node, QualifiedRule):
            content = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
            declared = tuple(_declared(each) for each in content if isinstance(each, Declaration))
            yield Rule(conditions, tuple(_split(tinycss2.serialize(node.prelude))), declared)
        elif isinstance(node, AtRule) and node.lower_at_keyword in ("media", "supports") and node.content is not None:
            inside = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            condition = f"@{node.lower_at_keyword} {_short(tinycss2.serialize(node.prelude))}"
            yield from _rules(inside, (*conditions, condition))


def _declared(declaration: Declaration) -> tuple[str, str]:
    value = _short(tinycss2.serialize(declaration.value))
    name = declaration.name if declaration.name.startswith("--") else declaration.lower_name
    return name, f"{value}!important" if declaration.important else value


def _short(text: str) -> str:
    """A text of CSS without the space that means nothing; strings stay as they are."""
    parts = re.split(r"(\"[^\"]*\"|'[^']*')", text.strip())
    shorten = (re.sub(r"\s*,\s*", ",", re.sub(r"\s+", " ", part)) for part in parts[::2])
    return "".join(part for pair in zip(shorten, [*parts[1::2], ""], strict=True) for part in pair)


def _split(selectors: str) -> Iterator[str]:
    """The selectors of a list, parted at the commas that stand in no brackets."""
    depth, start = 0, 0
    for place, sign in enumerate(selectors):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and not depth:
            yield _short(selectors[start:place])
            start = place + 1
    yield _short(selectors[start:])


def _wanted(rule: Rule, used: frozenset[str]) -> Rule | None:
    kept = tuple(each for each in rule.selectors if _asked(each) <= used)
    return Rule(rule.conditions, kept, rule.declarations) if kept and rule.declarations else None


@cache
def _asked(selector: str) -> frozenset[str]:
    """The tags, classes and ids without which a selector meets nothing."""
    found = IN_SELECTORS.findall(BRACKETS.sub("", selector))
    return frozenset(tag or re.sub(r"\\(.)", r"\1", name) for tag, name in found)


def _by_theme(rule: Rule) -> Iterator[Rule]:
    """A rule for a theme, so that it also holds without a script: light is what there is without a choice."""
    dark = tuple(each for each in rule.selectors if DARK.search(each))
    other = tuple(LIGHT.sub("html", each) for each in rule.selectors if each not in dark)
    if other:
        yield Rule(rule.conditions, other, rule.declarations)
    if dark:
        yield Rule(rule.conditions, dark, rule.declarations)
        unchosen = tuple(DARK.sub("html:not([data-theme=light])", each) for each in dark)
        yield Rule((*rule.conditions, f"@media ({ON_DARK_DEVICES})"), unchosen, rule.declarations)


def _without_unread(rules: list[Rule]) -> list[Rule]:
    """The rules without the custom properties that nothing reads."""
    while True:
        values = (value for rule in rules for _, value in rule.declarations if "var(" in value)
        read = {name for value in values for name in READS.findall(value)}
        fewer = []
        for rule in rules:
            declared = tuple(each for each in rule.declarations if not each[0].startswith("--") or each[0] in read)
            if declared:
                fewer.append(Rule(rule.conditions, rule.selectors, declared))
        if fewer == rules:
            return rules
        rules = fewer


def written(rules: Iterable[Rule]) -> str:
    """The text of the rules; those that stand one behind the other in the same conditions share them."""
    text = ""
    for conditions, inside in groupby(rules, key=lambda rule: rule.conditions):
        text += "".join(f"{each}{{" for each in conditions)
        for rule in inside:
            text += f"{','.join(rule.selectors)}{{{';'.join(map(':'.join, rule.declarations))}}}"
        text += "}" * len(conditions)
    return text
