"""The file that remembers verdicts between runs: read strictly, written whole or not at all, by one run at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from enum import IntEnum
from pathlib import Path

from ..liveness import Remembered, Verdict


class Exit(IntEnum):
    """How a run ends; Sphinx itself uses 2."""

    FINE = 0
    DEAD_FOUND = 1
    CANNOT_JUDGE = 3
    STATUS_FILE = 4
    ANOTHER_RUN = 5
    NO_NETWORK = 6
    INTERRUPTED = 130


class StatusFileError(Exception):
    """The status file cannot be used; the text says what is wrong and what to do, in one line."""


class AnotherRunError(Exception):
    """Another run works on the same status file; the text says so."""


def read_memory(path: Path, root: str = "videos") -> dict[str, Remembered]:
    """What the status file remembers, by key; nothing where there is no file. Raises `StatusFileError`."""
    try:
        return {key: _entry(value) for key, value in json.loads(path.read_bytes())[root].items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StatusFileError(f"{path}: the status file cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        message = (
            f"{path}{line}: the status file is cut short, or holds what no run wrote. Nothing was asked or changed."
        )
        advice = (
            f"Restore it from version control (`git restore {path.name}` in its folder), or delete it to start anew."
        )
        raise StatusFileError(f"{message} {advice}") from None


def _entry(value: Mapping[str, object]) -> Remembered:
    days = {
        each: date.fromisoformat(str(value[each])) for each in ("checked", "seen", "since", "next") if value.get(each)
    }
    deaths = int(str(value.get("deaths", 0)))
    return Remembered(
        Verdict(str(value.get("verdict", Verdict.UNKNOWN.value))),
        **days,
        deaths=deaths,
        address=str(value.get("address", "")),
    )


def write_memory(path: Path, memory: Mapping[str, Remembered], root: str = "videos") -> None:
    """Write the status file: whole or not at all, in one order, so that differences are small.

    Raises `StatusFileError`, and the file is as it was.
    """
    entries = {
        key: {
            name: value if isinstance(value, (str, int)) else value.isoformat()
            for name, value in vars(memory[key]).items()
            if value
        }
        for key in sorted(memory)
    }
    text = json.dumps({root: entries}, indent=2, ensure_ascii=False) + "\n"
    path = path.resolve()  # a link to the file stays one
    new = path.with_name(f".{path.name}.new")
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        with new.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise StatusFileError(
            f"{path}: the status file cannot be written: {error.strerror}. It is as it was."
        ) from None


@contextmanager
def one_run(path: Path) -> Iterator[None]:
    """Hold the status file for this run alone. Raises `AnotherRunError`, or `StatusFileError` where none may write."""
    from filelock import FileLock, Timeout  # only an online run needs it

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise AnotherRunError(f"{path}: another run is at work on this file. Wait until it has ended.") from None
    except OSError as error:
        raise StatusFileError(f"{path}: the folder of the status file cannot be written: {error.strerror}.") from None
    try:
        yield
    finally:
        # While it is still held: who waits for it sees that it is gone, and makes a new one.
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()
