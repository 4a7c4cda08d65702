"""A law in words: its name, its dates, how long ago it was checked. Pure: texts in, texts out."""

from __future__ import annotations

import re
from datetime import date

from .laws import Law

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def law_year(law: Law) -> str:
    """The year of a law, by which people name it; empty where it is not known."""
    part = law.key.split("-")[1]
    return (law.adopted or law.in_force)[:4] or (part if part.isdigit() else "")


def law_name(law: Law, always: bool = False) -> str:
    """The English title and the year; and the status, unless (without `always`) it is what a reader takes for granted.

    A law that is a draft or has ended says so wherever it is named.
    """
    status = law.status if always or law.status not in ("in force", "adopted", "ratified") else ""
    status = "no law found" if status == "none" else status
    more = ", ".join(filter(None, ("" if law_year(law) in law.english else law_year(law), status)))
    return f"{law.english} ({more})" if more else law.english


def in_words(day: str) -> str:
    """A date as people say it: `2011-03-29` is 29 March 2011; what is no date stays."""
    parts = day.split("-")
    if not all(part.isdigit() for part in parts):
        return day
    return " ".join(
        [*([str(int(parts[2]))] if len(parts) > 2 else []), *(MONTHS[int(m) - 1] for m in parts[1:2]), parts[0]]
    )


def oldest_first(law: Law) -> str:
    """What to sort by to have first what was checked longest ago; of entries never checked, the oldest source."""
    return f"{law.checked or '0'} {law.status_as_of if law.status_as_of[:1].isdigit() else '0'}"


def months_since(day: str, today: date) -> int:
    """Whole months from a day to today."""
    then = date.fromisoformat(day)
    return (today.year - then.year) * 12 + today.month - then.month - (today.day < then.day)


def checked_words(law: Law, today: date, most: int) -> str:
    """When an entry was last compared with its sources, how long ago that is, and whether it is too long ago."""
    if not law.checked:
        newest = "not dated" if law.status_as_of == "source not dated" else f"of {in_words(law.status_as_of)}"
        return f"Not checked again yet since the entry was written. Its newest source is {newest}."
    months = months_since(law.checked, today)
    ago = "less than a month ago" if months < 1 else "1 month ago" if months == 1 else f"{months} months ago"
    by = f" by {law.checked_by}" if law.checked_by else ""
    late = f" Too long ago: we ask for a check every {most} months." if months >= most else ""
    return f"{in_words(law.checked)}{by}, {ago}.{late}"


def drawable(text: str) -> str:
    """A text as Mermaid takes it: without the signs that mean something to it."""
    return " ".join(re.sub(r"""["'`#;:{}\[\]<>|\\]|--""", " ", text).split())
