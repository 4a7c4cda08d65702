"""How templates of `laws/` write: dates in words, and every value escaped, so that none is taken for markup.

What is Markdown already is `Markdown`, or passes through the filter `safe`.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from jinja2 import Environment, FileSystemLoader
from register import Law
from sphinx.locale import _, get_translator

TEMPLATES = Path(__file__).parents[1] / "_templates" / "laws"
# Not the years of a span (2014-2016), and not a day of several (2000-10-18/20).
DATE = re.compile(r"(?<![\d./-])\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?(?![\d/-])")
MARKUP = re.compile(r"[\\`*\[\]<|]|(?<!\w)_|_(?!\w)|&(?=#|\w)|^[-+#>=:%~(]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
language = SimpleNamespace(locale=Locale("en", "GB"))  # one book at a time in a process, as Sphinx keeps its own


def set_language(code: str) -> None:
    """Write dates as a language does: as British English where it is not known."""
    try:
        locale = Locale.parse(code, sep="-" if "-" in code else "_")
    except (ValueError, UnknownLocaleError):
        locale = Locale("en")
    language.locale = Locale("en", "GB") if str(locale) == "en" else locale


class Markdown(str):
    """A text that is Markdown already."""


def escape_markdown(text: object) -> str:
    """Return a text on one line that Markdown shows as it is."""
    return text if isinstance(text, Markdown) else MARKUP.sub(r"\\\g<0>", " ".join(str(text).split()))


def escape_mermaid(text: str) -> Markdown:
    """Return a text as Mermaid takes it: without the characters that mean something to it."""
    return Markdown(" ".join(re.sub(r"""["'`#;:{}\[\]<>|\\]|--|%%""", " ", text).split()))


def law_name(law: Law, always: bool = False) -> str:
    """Return the English title and the year; and the status, where (without `always`) readers would not expect it."""
    status = law["status"] if always or law["status"] not in ("in force", "adopted", "ratified") else ""
    year = "" if law["year"] in law["english"] else law["year"]
    more = ", ".join(filter(None, (year, _("no law found") if status == "none" else status)))
    return f"{law['english']} ({more})" if more else str(law["english"])


def format_day(day: str) -> str:
    """Return a date as people say it: `2011-03-29` is 29 March 2011; what is no date stays."""
    parts = day.split("-")
    if len(parts) not in (2, 3) or not all(part.isdigit() for part in parts):
        return day
    if len(parts) == 3:
        return str(format_date(date.fromisoformat(day), "long", locale=language.locale))
    return str(format_skeleton("yMMMM", date.fromisoformat(f"{day}-01"), locale=language.locale))


def format_dates(day: str, text: str) -> str:
    """Return a date and what is said of it: `2011-03-29` and `2011-03-29 (passed)` give 29 March 2011 (passed)."""

    def format_match(match: re.Match[str]) -> str:
        try:
            return format_day(match[0])
        except ValueError:  # no such day, as 31 April: it stays as it was written
            return match[0]

    formatted = DATE.sub(format_match, text or "")
    return formatted if day and text and text.startswith(day) else "; ".join(filter(None, (format_day(day), formatted)))


def months_since(day: str) -> int:
    """Return the whole months from a day to today, or to the day that `SOURCE_DATE_EPOCH` names."""
    epoch, then = os.environ.get("SOURCE_DATE_EPOCH"), date.fromisoformat(day)
    now = datetime.fromtimestamp(int(epoch), UTC).date() if epoch else datetime.now(UTC).date()
    return (now.year - then.year) * 12 + now.month - then.month - (now.day < then.day)


def count_values(laws: Iterable[Law], field: str) -> list[tuple[str, int]]:
    """Return how many laws have each value of a field, the most frequent first."""
    return Counter(law[field] for law in laws).most_common()


templates = Environment(  # noqa: S701 (it makes Markdown, and escapes it itself)
    loader=FileSystemLoader(TEMPLATES), finalize=escape_markdown, trim_blocks=True, lstrip_blocks=True
)
templates.globals |= {"_": _, "ngettext": lambda *texts: get_translator("sphinx").ngettext(*texts)}
templates.filters |= {
    "count": count_values,
    "dates": format_dates,
    "day": format_day,
    "mermaid": escape_mermaid,
    "months": months_since,
    "name": law_name,
    "safe": Markdown,
}
