"""What the diagrams ask of a file, until that room is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from . import unreadable
from .warnings import Check, Finding


def find_bad_text(path: Path, what: str) -> Iterator[Finding]:
    for fault in unreadable.find_bad_text(path, what):
        yield Finding.at(Check.UNREADABLE, fault.message, fault.path, fault.line)
