"""A law in words: its name, its dates, how long ago it was checked. Texts in, texts out, in the book's language."""

from __future__ import annotations

import re
from datetime import date

from babel.dates import format_date, format_skeleton

from ..catalogues import _, book, ngettext, of_register
from .laws import Law

# Not the years of a span (2014-2016), and not a day of several (2000-10-18/20).
DATE = re.compile(r"(?<![\d./-])\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?(?![\d/-])")


def law_year(law: Law) -> str:
    """The year of a law, by which people name it; empty where it is not known."""
    part = law.key.split("-")[1]
    return (law.adopted or law.in_force)[:4] or (part if part.isdigit() else "")


def law_name(law: Law, always: bool = False) -> str:
    """The English title and the year; and the status, unless (without `always`) it is what a reader takes for granted.

    A law that is a draft or has ended says so wherever it is named.
    """
    status = law.status if always or law.status not in ("in force", "adopted", "ratified") else ""
    status = _("no law found") if status == "none" else of_register(status)
    more = ", ".join(filter(None, ("" if law_year(law) in law.english else law_year(law), status)))
    return f"{law.english} ({more})" if more else law.english


def in_words(day: str) -> str:
    """A date as people say it: `2011-03-29` is 29 March 2011; what is no date stays."""
    parts = day.split("-")
    if len(parts) not in (2, 3) or not all(part.isdigit() for part in parts):
        return of_register(day)
    if len(parts) == 3:
        return format_date(date.fromisoformat(day), "long", locale=book.locale)
    return format_skeleton("yMMMM", date.fromisoformat(f"{day}-01"), locale=book.locale)


def dated(day: str, words: str) -> str:
    """A date and what is said of it: `2011-03-29` and `2011-03-29 (passed)` are 29 March 2011 (passed)."""

    def spoken(match: re.Match[str]) -> str:
        try:
            return in_words(match[0])
        except ValueError:  # no such day, as 31 April: it stays as it was written
            return match[0]

    said = DATE.sub(spoken, words)
    return said if day and words.startswith(day) else "; ".join(filter(None, (in_words(day), said)))


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
        dated = _("Its newest source is of {day}.").format(day=in_words(law.status_as_of))
        newest = _("Its newest source is not dated.") if law.status_as_of == "source not dated" else dated
        return _("Not checked again yet since the entry was written.") + f" {newest}"
    months = months_since(law.checked, today)
    some = ngettext("{number} month ago", "{number} months ago", months).format(number=months)
    ago = some if months else _("less than a month ago")
    said = _("{day} by {name}, {ago}.") if law.checked_by else _("{day}, {ago}.")
    late = _("Too long ago: we ask for a check every {number} months.").format(number=most) if months >= most else ""
    return f"{said.format(day=in_words(law.checked), name=law.checked_by, ago=ago)} {late}".rstrip()


def drawable(text: str) -> str:
    """A text as Mermaid takes it: without the signs that mean something to it."""
    return " ".join(re.sub(r"""["'`#;:{}\[\]<>|\\]|--""", " ", text).split())
