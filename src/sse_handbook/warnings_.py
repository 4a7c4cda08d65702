"""For checks: this package's kinds, `warn`, `stop`, nearest names, lines; refuses pages not UTF-8 or half merged."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import yaml
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

# What Git leaves where it could not merge two changes. Code may show it; what stands in a directive is read as text.
CONFLICT = re.compile(rb"(?ms)^(```+|~~~+)(\{(?!code)[^\n]*)?(?P<body>.*?)^\1|<pre.*?</pre>|^(?P<mark>[<>]{7} )")
QUOTED = re.compile(r"""(?<!\w)['"](.+?)['"](?!\w)""")  # a name in a message, as Python shows it

Check = Enum(  # every kind of warning: its name in small letters is the subtype, the type is `sse`
    "Check",
    "REGISTER UNREADABLE TITLE_MISSING XREF_MISSING LABEL_DUPLICATE LABEL_UNUSED TERM_DUPLICATE TERM_UNUSED "
    "SOURCE_UNUSED VIDEO_UNKNOWN VIDEO_ADDRESS VIDEO_UNREGISTERED VIDEO_DUPLICATE VIDEO_UNUSED VIDEO_STALE VIDEO_DEAD "
    "VIDEO_SUSPECT",
)


def warn(check: Enum, message: str, path: str | Path, line: int | None = None, text: str = "") -> None:
    """Log a warning at the place where `text` stands, from `line` on; without both, the whole file is meant."""
    # A message is one line of bounded length that no terminal takes for a command.
    message = "".join(character if character.isprintable() else "\ufffd" for character in message[:900])
    place = f"{path}:{find_line(path, line, text)}".partition(":<translated>")[0]  # Sphinx's mark behind the line
    logging.getLogger(__name__).warning(message, type="sse", subtype=check.name.lower(), location=place)


def stop(path: Path, line: int, message: str) -> NoReturn:
    """Tell what would end in somebody else's traceback."""
    warn(Check.UNREADABLE, message, path, line)
    raise SystemExit(f"Nothing was built: fix {path}:{line} first.")  # below a `SphinxError` stands a traceback, too


def read_or_stop(path: Path, what: str, encoding: str) -> str:
    try:
        raw = path.read_bytes()
        if line := find_conflict(raw):
            stop(path, line, read_advice("slips")["conflict"])
        return raw.decode(encoding)
    except OSError as error:
        stop(path, 1, f"The {what} cannot be read: {error.strerror}. Make it a file that you may read.")
    except UnicodeDecodeError as error:
        stop(path, raw.count(b"\n", 0, error.start) + 1, f"The {what} is not UTF-8 here. Save it as UTF-8.")


def find_conflict(raw: bytes) -> int:
    """Return the line of the first mark that a merge has left; 0 if there is none."""
    for found in CONFLICT.finditer(raw):
        if line := 1 if found["mark"] else find_conflict(found["body"]) if found[2] else 0:
            return raw.count(b"\n", 0, max(found.start(), found.start("body"))) + line
    return 0


def check_pages(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """`env-before-read-docs`: the pages that will be read, and all translations, are UTF-8 and hold no conflict."""
    language = "" if app.builder.name == "gettext" else app.config.language  # it is made to refresh any of them
    files = (path for folder in app.config.locale_dirs for path in Path(app.srcdir, folder, language).rglob("*.po"))
    for path in (*map(env.doc2path, docnames), *files):
        read_or_stop(Path(path), "file", app.config.source_encoding)


@cache
def read_advice(about: str) -> dict[str, Any]:
    return dict(yaml.safe_load(Path(__file__).with_name("advice.yaml").read_text(encoding="utf-8"))[about])


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A suggestion to put behind a message: the nearest known name by spelling, or nothing."""
    names = {name.lower(): name for name in known}
    nearest = get_close_matches(wrong.lower(), names, n=1)
    return f" Did you mean `{names[nearest[0]]}`?" if nearest else ""


def find_line(path: str | Path, first: int | None, text: str) -> int:
    """The line on which a text stands, from `first` on, which is all that MyST knows of a node; else `first`."""
    pattern = re.escape(text).replace(r"\&", "&(?:amp;)?")
    return next(iter(find_lines(path, pattern, first or 1) if text else []), first or 1)


def find_lines(path: str | Path, pattern: str, first: int = 1) -> list[int]:
    source = Path(path).read_text("utf-8", "replace") if Path(path).is_file() else ""
    found = re.finditer(pattern, source, re.IGNORECASE | re.MULTILINE)
    return [line for match in found if (line := source.count("\n", 0, match.end()) + 1) >= first]
