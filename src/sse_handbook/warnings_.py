"""Every warning of the extension: `Check`, with the text that explains each; `warn`; and two helpers for messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
_told: set[tuple[str, str]] = set()


class Check(Enum):
    """A kind of warning: its name in small letters is its subtype (the type is `sse`), its value explains it."""

    REGISTER = """A file of data cannot be read, or one of its entries breaks the rules of its schema.
        Such an entry is left out until it is fixed.

        Wrong: an entry without `about`; a field that no rule knows; two entries with one key.

        Right: every field that the schema asks for, each once, in UTF-8, with two spaces for each level."""
    UNREADABLE = """A page or a file of sources cannot be read: it is not UTF-8, or its grammar is broken.
        Nothing is built until it is fixed.

        Wrong: a file that an old editor saved in another encoding; a `}` too few in `sources.bib`.

        Right: UTF-8, which every editor of today can save."""
    VIDEO_UNKNOWN = """A page asks for a video by a key that `videos.yaml` does not hold.

        Wrong: `` {sse:video}`umbrela-framework` ``

        Right: `` {sse:video}`umbrella-framework` ``, or a new entry in `videos.yaml`."""
    VIDEO_ADDRESS = """The address of a video cannot be right: its id breaks the host's grammar, or its start time does.

        Wrong: `https://www.youtube.com/watch?v=gBKYf4qt1v`, with ten characters for eleven.

        Right: the address as the browser shows it when the video plays."""
    VIDEO_UNREGISTERED = """A page gives the address of a video that `videos.yaml` does not hold, so nobody would
        notice its end.

        Wrong: a bare address in the text.

        Right: an entry in `videos.yaml`, and `` {sse:video}`its-key` `` in the text."""
    VIDEO_DUPLICATE = """Two entries of `videos.yaml` stand for the same video, and neither says why; or two carry the
        same label.

        Right: one entry, or `same_as` with the other key and the reason."""
    VIDEO_UNUSED = """An entry of `videos.yaml` that no page shows or links to.

        Right: use it (`` {sse:video}`its-key` ``), or delete the entry."""
    VIDEO_STALE = """A note, which fails no build: nobody has seen these videos work for longer than
        `sse_video_max_age` days.

        Right: an online check, which writes what it saw and when to `video-status.json`."""
    VIDEO_DEAD = """A video is gone: online checks on two days have found so. The message names every place.

        Right: another address of the same video, an archived copy, or no video."""
    VIDEO_SUSPECT = """A video may be gone: one online check has found so, and a later one decides.

        Right: open the address yourself, and wait for the next check where you are not sure."""
    XREF_MISSING = """A link names a label, a term, a page, a footnote or a source that is not there.
        The message names the nearest one that is.

        Wrong: `[who decides](#cooperatves)`, `` {term}`cooperatve` ``, `` {cite:p}`hni-abuot` ``

        Right: the name as it stands above the heading, in the glossary, or in `sources.bib`."""
    LABEL_UNUSED = """A label that no page links to. On where `sse_report_unused` has `"label"`.

        Right: link to it, or delete the line `(the-label)=`. A label that a version has published stays."""
    TERM_UNUSED = """A term of the glossary that no page uses, under none of its names. On where `sse_report_unused`
        has `"term"`.

        Right: `` {term}`the term` `` where a page first uses the word, or no entry."""
    SOURCE_UNUSED = """A source that no page cites. On where `sse_report_unused` has `"source"`.

        Right: cite it where it carries a fact, or delete it from `sources.bib`."""


def warn(check: Enum, message: str, path: str | Path, line: int | None = None) -> None:
    """Log a warning of type `sse`, with the name of `check` as its subtype; without a line, the whole file is meant.

    `suppress_warnings` and `-W` treat it as any other; what was said before in this build is not said again.
    """
    # A message is one line of bounded length that no terminal takes for a command.
    text = "".join(character if character.isprintable() else "\ufffd" for character in message[:900])
    place = f"{path}:{line or 1}"
    if (place, text) not in _told:  # Sphinx's `once` tells a text once in a build, however many places it has
        _told.add((place, text))
        logger.warning(text, type="sse", subtype=check.name.lower(), location=place)


def forget_told(app: Sphinx) -> None:
    """`builder-inited`: one process may make several builds."""
    _told.clear()


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A suggestion to put behind a message: the nearest known name by spelling, or nothing."""
    names = {name.lower(): name for name in known}
    nearest = get_close_matches(wrong.lower(), names, n=1, cutoff=0.6)
    return f" Did you mean `{names[nearest[0]]}`?" if nearest else ""


def find_line(path: str, first: int | None, text: str, alone: bool = False) -> int | None:
    """The line of a file on which a text stands (`alone`: nothing else), from `first` on; `None` where none does.

    MyST gives every inline node the first line of its block, so this is where the text itself is found.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    wanted = (text.lower(), text.replace("&", "&amp;").lower())
    for number in range(max((first or 1) - 1, 0), len(lines)):
        line = lines[number].lower()
        if line.strip() in wanted if alone else any(text in line for text in wanted):
            return number + 1
    return None
