"""Goes with the last module that imports it: use `sphinx.locale._` and `sphinx.util.i18n.format_date`."""

from __future__ import annotations

from types import SimpleNamespace

from babel import Locale
from sphinx.locale import get_translation, get_translator

book = SimpleNamespace(locale=Locale("en", "GB"))


def _(text: str) -> str:
    return str(get_translation("sphinx")(text))


def N_(text: str) -> str:
    return text


def ngettext(one: str, many: str, number: int) -> str:
    return get_translator("sphinx").ngettext(one, many, number)


def of_register(text: str) -> str:
    return text
