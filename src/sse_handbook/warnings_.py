"""Kinds of warnings, each shown once; `warn`; `stop`, which ends the build (a page not in UTF-8); message helpers."""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum
from logging import WARNING, LogRecord, getLogger
from pathlib import Path
from typing import NoReturn

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import __
from sphinx.util import logging

logger = logging.getLogger(__name__)

# Every kind of warning: its name in small letters is the subtype, the type is `sse`.
Check = Enum(
    "Check",
    "REGISTER UNREADABLE XREF_MISSING LABEL_DUPLICATE LABEL_UNUSED TERM_UNUSED SOURCE_UNUSED VIDEO_UNKNOWN "
    "VIDEO_ADDRESS VIDEO_UNREGISTERED VIDEO_DUPLICATE VIDEO_UNUSED VIDEO_STALE VIDEO_DEAD VIDEO_SUSPECT",
)


def warn(check: Enum, message: str, path: str | Path, line: int | None = None, text: str = "") -> None:
    """Log a warning at the place where `text` stands, from `line` on; without both, the whole file is meant."""
    # A message is one line of bounded length that no terminal takes for a command.
    message = "".join(character if character.isprintable() else "\ufffd" for character in message[:900])
    place = f"{path}:{find_line(path, line, text)}"
    logger.warning(message, type="sse", subtype=check.name.lower(), location=place)


def stop(path: Path, line: int, message: str) -> NoReturn:
    """Tell what would end in somebody else's traceback."""
    warn(Check.UNREADABLE, message, path, line)
    raise SystemExit(f"Nothing was built: fix {path}:{line} first.")  # below a `SphinxError` stands a traceback, too


def read_or_stop(path: Path, what: str, encoding: str) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        stop(path, raw.count(b"\n", 0, error.start) + 1, f"The {what} is not UTF-8 here. Save it as UTF-8.")


def check_pages(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """`env-before-read-docs`: the pages that will be read are UTF-8."""
    for name in docnames:
        read_or_stop(Path(env.doc2path(name)), "page", app.config.source_encoding)


def tell_once(app: Sphinx) -> None:
    """`builder-inited`: show each of our warnings once in a build, also where two processes find it."""
    told = set[tuple[str, str]]()

    def is_new(record: LogRecord) -> bool:
        found = (str(getattr(record, "location", "")), record.getMessage())
        was_told = getattr(record, "type", "") == "sse" and found in told
        told.add(found)
        return not was_told and str(record.msg) != __("duplicate label %s, other instance in %s")  # we tell it, too

    for handler in getLogger(logging.NAMESPACE).handlers:
        if handler.level == WARNING:
            handler.filters.insert(0, is_new)  # before Sphinx counts it


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A suggestion to put behind a message: the nearest known name by spelling, or nothing."""
    names = {name.lower(): name for name in known}
    nearest = get_close_matches(wrong.lower(), names, n=1)
    return f" Did you mean `{names[nearest[0]]}`?" if nearest else ""


def find_line(path: str | Path, first: int | None, text: str) -> int:
    """The line on which a text stands, from `first` on, which is all that MyST knows of a node; else `first`."""
    first, forms = first or 1, {text.lower(), text.lower().replace("&", "&amp;")}
    source = Path(path).read_text("utf-8", "replace").lower() if text and Path(path).is_file() else ""
    lines = enumerate(source.splitlines()[first - 1 :], first)
    return next((number for number, line in lines if any(form in line for form in forms)), first)
