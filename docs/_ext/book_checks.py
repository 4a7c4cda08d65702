"""The warnings that only this book's own parts give; `docs/contribute/checks.md` explains each."""

from enum import Enum, auto


class BookCheck(Enum):
    LAW_UNKNOWN = auto()
    LAW_UNUSED = auto()
    LAW_STALE = auto()
    ANCHOR_LOST = auto()
    REDIRECT = auto()
    DIAGRAM_SYNTAX = auto()
    DIAGRAM_LINK = auto()
    DIAGRAM_DESCRIPTION = auto()
    DIAGRAM_LEGIBILITY = auto()
    PDF = auto()
