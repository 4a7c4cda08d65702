"""Laws as text for links and templates of `laws/`: names, dates in words; templates escape values that are not safe."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from register import Law
from sphinx.locale import _, get_translator
from sphinx.util.i18n import format_date

TEMPLATES = Path(__file__).parents[1] / "_templates" / "laws"
# Not the years of a span (2014-2016), and not a day of several (2000-10-18/20).
DATE = re.compile(r"(?<![\d./-])\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?(?![\d/-])")
MARKUP = re.compile(r"[\\`*\[\]<|]|(?<!\w)_|_(?!\w)|&(?=#|\w)|^[-+#>=:%~(]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")


def escape_markdown(text: object) -> str:
    """Return a text on one line that Markdown shows as it is."""
    return text if isinstance(text, Markup) else MARKUP.sub(r"\\\g<0>", " ".join(str(text).split()))


def escape_mermaid(text: str) -> Markup:
    """Return a text as Mermaid takes it: without the characters that mean something to it."""
    return Markup(" ".join(re.sub(r"""["'`#;:{}\[\]<>|\\]|--|%%""", " ", text).split()))  # noqa: S704 (as above)


def law_name(law: Law, always: bool = False) -> str:
    """Return the English title and the year; and the status, where (without `always`) readers would not expect it."""
    expected = ("in force", "ratified", *(["adopted"] if law["type"] == "strategy" else []))
    status = law["status"] if always or law["status"] not in expected else ""
    year = "" if law["year"] in law["english"] else law["year"]
    more = ", ".join(filter(None, (year, _("no law found") if status == "none" else status)))
    return f"{law['english']} ({more})" if more else str(law["english"])


def format_day(day: str) -> str:
    """Return a date as people say it: `2011-03-29` is 29 March 2011; what is no date stays, as does a year alone."""
    whole = day.count("-") == 2
    try:
        found = datetime.fromisoformat(day if whole else f"{day}-01")
    except ValueError:
        return day
    form = str(_("%-d %B %Y") if whole else _("%B %Y"))
    return format_date(form, date=found, language=str(templates.globals["language"]))


def format_dates(day: str, text: str) -> str:
    """Return a date and what is in_words of it: `2011-03-29` and `2011-03-29 (passed)` give 29 March 2011 (passed)."""
    in_words = DATE.sub(lambda match: format_day(match[0]), text or "")
    return in_words if day and text and text.startswith(day) else "; ".join(filter(None, (format_day(day), in_words)))


def group_by_letter(countries: Collection[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    """Return the first letters of the names, and the countries of each; an accent counts for nothing."""
    folded = [re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", area["name"].upper())) for area in countries]
    groups = groupby(sorted(zip(folded, countries, strict=True), key=lambda pair: pair[0]), lambda pair: pair[0][:1])
    return [(letter, [country for _fold, country in group]) for letter, group in groups]


templates = Environment(  # noqa: S701 (it makes Markdown, and escapes it itself)
    loader=FileSystemLoader(TEMPLATES), finalize=escape_markdown, trim_blocks=True, lstrip_blocks=True
)
templates.globals |= {"_": _, "ngettext": lambda *texts: get_translator("sphinx").ngettext(*texts), "language": "en"}
templates.filters |= {"dates": format_dates, "day": format_day, "mermaid": escape_mermaid}
templates.filters |= {"letters": group_by_letter, "name": law_name}
# How many laws have each value of a field, the most frequent first.
templates.filters["count"] = lambda laws, field: Counter(law[field] for law in laws).most_common()
