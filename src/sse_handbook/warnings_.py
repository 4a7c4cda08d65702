"""Every kind of warning that the extension gives; how one is told; and two helpers for messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum, auto
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
_told: set[tuple[str, str]] = set()


class Check(Enum):
    """The kinds of warnings: the name in small letters is the subtype, the type is `sse`."""

    REGISTER = auto()
    UNREADABLE = auto()
    VIDEO_UNKNOWN = auto()
    VIDEO_ADDRESS = auto()
    VIDEO_UNREGISTERED = auto()
    VIDEO_DUPLICATE = auto()
    VIDEO_UNUSED = auto()
    VIDEO_STALE = auto()
    VIDEO_DEAD = auto()
    VIDEO_SUSPECT = auto()
    XREF_MISSING = auto()
    LABEL_UNUSED = auto()
    TERM_UNUSED = auto()
    SOURCE_UNUSED = auto()


def warn(check: Enum, message: str, path: str | Path, line: int | None = None, text: str = "") -> None:
    """Log a warning of type `sse`, with the name of `check` as its subtype.

    The place is where `text` stands, from `line` on; without both, the whole file is meant.
    `suppress_warnings` and `-W` treat it as any other; what was said before in this build is not said again.
    """
    # A message is one line of bounded length that no terminal takes for a command.
    message = "".join(character if character.isprintable() else "\ufffd" for character in message[:900])
    place = f"{path}:{(text and find_line(path, line, text)) or line or 1}"
    if (place, message) not in _told:  # Sphinx's `once` tells a text once in a build, however many places it has
        _told.add((place, message))
        logger.warning(message, type="sse", subtype=check.name.lower(), location=place)


def forget_told(app: Sphinx) -> None:
    """`builder-inited`: one process may make several builds."""
    _told.clear()


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A suggestion to put behind a message: the nearest known name by spelling, or nothing."""
    names = {name.lower(): name for name in known}
    nearest = get_close_matches(wrong.lower(), names, n=1, cutoff=0.6)
    return f" Did you mean `{names[nearest[0]]}`?" if nearest else ""


def find_line(path: str | Path, first: int | None, text: str) -> int | None:
    """The line of a file on which a text stands, from `first` on; `None` where none does.

    MyST gives every inline node the first line of its block, so this is where the text itself is found.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").lower().splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for number, line in enumerate(lines, 1):
        if number >= (first or 1) and (text.lower() in line or text.replace("&", "&amp;").lower() in line):
            return number
    return None
