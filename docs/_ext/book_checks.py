"""`BookCheck`: names of findings that this book's own parts alone have; `docs/contribute/checks.md` explains each."""

from enum import Enum

BookCheck = Enum(
    "BookCheck",
    "LAW_UNKNOWN LAW_UNUSED LAW_STALE ANCHOR_LOST REDIRECT DIAGRAM_SYNTAX "
    "DIAGRAM_LINK DIAGRAM_DESCRIPTION DIAGRAM_LEGIBILITY PDF",
)
