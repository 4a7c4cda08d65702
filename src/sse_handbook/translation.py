"""Translations of the book: what there is to translate beside the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.builders.gettext import MessageCatalogBuilder, MsgOrigin
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from . import diagram_words, law_data
from .catalogues import DIAGRAMS, REGISTERS
from .domain import SSEDomain
from .translated import Text, settings, texts_of, translate_settings


def gather(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: give what is no part of a page to Sphinx's builder of catalogues, each text with its place."""
    if isinstance(app.builder, MessageCatalogBuilder):
        for catalogue, found in ((REGISTERS, register_texts(env)), (DIAGRAMS, diagram_texts(env))):
            for text, path, line in found:
                app.builder.catalogs[catalogue].add(text, MsgOrigin(path, line))


def register_texts(env: BuildEnvironment) -> Iterator[Text]:
    """What pages show of the registers, of the rules for them, and of the settings."""
    domain, config = SSEDomain.of(env), env.config
    if not config.sse_data_dir:
        return
    yield from (Text(text, str(Path(env._app.confdir, "conf.py")), 1) for text in settings(config))
    yield from texts_of(domain.register.videos.values(), domain.register.path)
    laws, countries = domain.source_laws.laws, domain.source_laws.countries
    yield from texts_of(countries.values(), Path(env.srcdir, config.sse_data_dir, "countries.yaml"))
    yield from texts_of(laws.values(), Path())
    if laws:
        rules = [each.get("description", "") for each in law_data.field_rules().values()]
        yield from (Text(text, law_data.__file__, 1) for text in [*rules, *law_data.FILES.values()] if text)


def diagram_texts(env: BuildEnvironment) -> Iterator[Text]:
    """What the diagrams of all pages say."""
    for code, path, first_line in (each for of_page in SSEDomain.of(env).data["diagrams"].values() for each in of_page):
        yield from (Text(text, path, first_line + line - 1) for text, line in diagram_words.texts(code))


def translate(app: Sphinx, config: Config) -> None:
    """`config-inited`: the settings, once the catalogues are open."""
    translate_settings(config)


def setup(app: Sphinx) -> None:
    """Translations: what there is to translate."""
    app.connect("config-inited", translate)
    app.connect("env-updated", gather)
