"""What a diagram says, as texts to translate: labels in quotes, its name and description. Pure: Mermaid in and out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from textwrap import wrap

# In this order: settings above a diagram, lines that show nothing, what is read aloud, labels.
SAID = re.compile(
    r"""\A---\n.*?^---$ | ^\s*(?:click|style|classDef|class|linkStyle|%%)[^\n]*$
    | (?P<before>^\s*acc(?:Title|Descr)\s*:[^\S\n]*)(?P<line>[^\n]*?)(?P<after>[^\S\n]*)$
    | (?P<open>^\s*accDescr\s*\{)(?P<block>[^}]*)(?P<close>\})
    | "(?P<label>[^"]*)" """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
BREAK = re.compile(r"\s*<br\s*/?>\s*")


def texts(code: str) -> Iterator[tuple[str, int]]:
    """Each text of a diagram in one line, and the line on which it stands."""
    for match in SAID.finditer(code):
        if text := _text(match):
            yield text, code.count("\n", 0, match.start(match.lastgroup or 0)) + 1


def translate(code: str, said: Callable[[str], str]) -> str:
    """The diagram with what `said` gives for each of its texts; names of nodes, links and structure stay.

    A label is broken into lines as long as the longest that it had, so that boxes keep their width.
    """

    def change(match: re.Match[str]) -> str:
        text = _text(match)
        new = " ".join(said(text).split()).replace('"', "#quot;") if text else text
        if new == text:
            return match[0]
        if match["label"] is not None:
            width = max(map(len, BREAK.split(match["label"])))
            return f'"{"<br/>".join(wrap(new, width, break_long_words=False, break_on_hyphens=False))}"'
        if match["block"] is not None:
            return f"{match['open']} {new}{match['close']}" + "\n" * match["block"].count("\n")
        return f"{match['before']}{new}{match['after']}"

    return SAID.sub(change, code)


def _text(match: re.Match[str]) -> str:
    """What is said at a place in a diagram, in one line; empty where nothing is."""
    found = match["label"] or match["line"] or match["block"] or ""
    return " ".join(BREAK.sub(" ", found).split())
