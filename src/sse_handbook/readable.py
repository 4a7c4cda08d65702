"""What the diagrams ask of a file, until that room is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .warnings import Check, Finding


def find_bad_text(path: Path, what: str) -> Iterator[Finding]:
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"The {what} is not UTF-8 here. Save the file as UTF-8."
        yield Finding.at(Check.UNREADABLE, message, path, path.read_bytes().count(b"\n", 0, error.start) + 1)
