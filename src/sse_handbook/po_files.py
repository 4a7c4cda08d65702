"""The catalogues of a translation as files: what they say, what a translation lost of the English, who reviewed it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import PoFileError, read_po

from .warnings import Check, Finding

# What a translation keeps, by how a message calls it; code may say anything.
KEPT = re.compile(
    r"""(?P<role>\{[\w:+-]+\}`[^`]*`) | (?P<code>(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))
    | \]\((?P<link>[^)\s]*)[^)]*\) | <(?P<address>https?://[^>]*)> | (?P<value>\{\w*\}|%[sd])""",
    re.VERBOSE | re.DOTALL,
)
# What begins a list, a heading or a quotation in Markdown: Sphinx takes no such translation, and says nothing.
MARKED = re.compile(r"(?:\d{1,9}[.)]|[-+*>]|#{1,6})\s")
NOT_MARKDOWN = ("registers", "sse_handbook")
# Languages part thousands and decimals by other signs.
PARTED = re.compile(r"(?<=\d)[.,’'\u00a0\u202f](?=\d)")


class Message(NamedTuple):
    """One text of a catalogue; `said` is empty where nobody has translated it, or the English has moved on since."""

    english: str
    said: str
    moved_on: bool
    places: tuple[str, ...]
    path: str
    line: int


def languages(folders: Iterable[Path]) -> list[str]:
    """The languages that have catalogues."""
    return sorted({path.parent.name for folder in folders for path in folder.glob("*/LC_MESSAGES")})


def read(folders: Iterable[Path], language: str) -> dict[str, list[Message] | Finding]:
    """Each catalogue of a language by name: its messages, or what is wrong with the file."""
    found: dict[str, list[Message] | Finding] = {}
    for path in sorted(path for folder in folders for path in (folder / language / "LC_MESSAGES").glob("*.po")):
        try:
            with path.open("rb") as file:
                catalogue = read_po(file, abort_invalid=True)
        except (PoFileError, UnicodeDecodeError, ValueError, LookupError) as error:
            message = f"The catalogue cannot be read: {error}. Save it again with a program for PO files."
            found[path.stem] = Finding.at(Check.TRANSLATION, message, path, getattr(error, "lineno", 0))
            continue
        found[path.stem] = [
            Message(str(english), "" if each.fuzzy else said or "", each.fuzzy, places, str(path), each.lineno or 1)
            for each in catalogue
            if each.id
            for places in [tuple(place for place, _line in each.locations)]
            for english, said in _forms(each.id, each.string)
        ]
    return found


def _forms(english: object, said: object) -> Iterator[tuple[str, str]]:
    """A text and its translation; of a text with forms for numbers, each form with the English one for many."""
    if isinstance(english, (list, tuple)) and isinstance(said, (list, tuple)):
        yield from ((str(english[-1]), str(each)) for each in said)
    else:
        yield str(english), str(said)


def faults(message: Message) -> Iterator[Finding]:
    """What a translation lost of the English, or added to it: links, roles, places for values, numbers."""
    if not message.said:
        return
    if (marked := MARKED.match(message.said)) and Path(message.path).stem not in NOT_MARKDOWN:
        sign = marked[0].strip()
        todo = f"The translation begins with `{sign}`, and would not be shown. Write `{sign[:-1]}\\{sign[-1]}`."
        yield Finding.at(Check.TRANSLATION, todo, message.path, message.line)
    lost, added = Counter(_kept(message.english)), Counter(_kept(message.said))
    for what, word in ((lost - added, "lacks"), (added - lost, "adds")):
        if what:
            named = ", ".join(f"the {kind} `{text}`" for kind, text in what)
            advice = "Keep links, roles, values and numbers as the English has them."
            yield Finding.at(Check.TRANSLATION, f"The translation {word} {named}. {advice}", message.path, message.line)


def _kept(text: str) -> Iterator[tuple[str, str]]:
    for match in KEPT.finditer(text):
        if match.lastgroup not in ("code", "ticks"):
            kind = str(match.lastgroup)
            # What a role shows may be translated; what it leads to may not: `` {term}`words <target>` ``.
            yield kind, re.sub(r"`[^`<]*<([^>]*)>`", r"`\1`", match[kind])
    plain = PARTED.sub("", KEPT.sub(" ", text))
    yield from (("number", str(int(digits[:100]))) for digits in re.findall(r"\d+", plain))


def fingerprint(messages: Iterable[Message]) -> str:
    """A short text that changes when a translation does, and only then."""
    pairs = sorted((each.english, each.said) for each in messages if each.said)
    return hashlib.sha256(repr(pairs).encode()).hexdigest()[:16]
