"""A book in another language: what its catalogues say for our own words, for the registers and for the diagrams.

Sphinx translates the pages. What else a reader sees comes from three catalogues more, beside those of the chapters in
`locale_dirs`. A text that nobody has translated yet stays as it is.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

from babel import Locale, UnknownLocaleError
from sphinx import locale
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util.i18n import CatalogRepository, docname_to_domain

WORDS, REGISTERS, DIAGRAMS = OURS = ("sse_handbook", "registers", "diagrams")
ENGLISH = Locale("en", "GB")
# As Sphinx keeps its translators: one book at a time in a process.
book = SimpleNamespace(locale=ENGLISH)


def look_up(catalogue: str, text: str) -> str:
    """What a catalogue has for a text."""
    translator = locale.translators.get(("general", catalogue))
    return translator.gettext(text) if translator and text else text


def _(text: str) -> str:
    """One of our own words in the language of the book: ours, or Sphinx's where it has the same."""
    said = look_up(WORDS, text)
    return said if said != text else str(locale.get_translation("sphinx")(text))


def N_(text: str) -> str:
    """Mark one of our own words, which is translated where it is shown."""
    return text


def ngettext(one: str, many: str, number: int) -> str:
    """The form of our own words that goes with a number."""
    translator = locale.translators.get(("general", WORDS))
    return translator.ngettext(one, many, number) if translator else (one if number == 1 else many)


def of_register(text: str) -> str:
    """A text or a value of a register in the language of the book."""
    return look_up(REGISTERS, text)


def of_page(env: BuildEnvironment, docname: str, text: str) -> str:
    """A text of a page in the language of the book, for what is needed before Sphinx translates the page."""
    catalogue = docname_to_domain(docname, env.config.gettext_compact)
    locale.init([Path(env.srcdir, each) for each in env.config.locale_dirs], env.config.language, catalogue)
    return look_up(catalogue, text)


def locale_of(language: str) -> Locale:
    """How a language writes its dates, and which way it runs; British English where that is not known."""
    try:
        known = Locale.parse(language, sep="-" if "-" in language else "_")
    except (ValueError, UnknownLocaleError):
        return ENGLISH
    return ENGLISH if str(known) == "en" else known


def open_catalogues(app: Sphinx, config: Config) -> None:
    """`config-inited`: compile our catalogues where their texts have changed, and open them, as Sphinx does its own.

    It does so with those of the chapters later, when the registers have long been read.
    """
    folder = CatalogRepository(app.srcdir, config.locale_dirs, config.language, config.source_encoding)
    catalogues = list(folder.catalogs)
    ours = [each for each in catalogues if each.domain in OURS]
    for each in ours:
        if each.is_outdated():
            each.write_mo(config.language, config.gettext_allow_fuzzy_translations)
    held = [Path(each.po_path) for each in ours]
    held += [path for each in folder.locale_dirs for path in Path(each, config.language).glob("reviewed.yaml")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(held))).hexdigest()
    config.sse_catalogues = digest if catalogues else ""
    book.locale = locale_of(config.language)
    for name in OURS:
        locale.translators.pop(("general", name), None)  # of another build in this process
        locale.init(folder.locale_dirs, config.language, name)


def setup(app: Sphinx) -> None:
    """The catalogues of words, registers and diagrams."""
    # What they hold, so that Sphinx reads all pages again when it changes; nobody sets it.
    app.add_config_value("sse_catalogues", "", "env", str)
    app.connect("config-inited", open_catalogues)
