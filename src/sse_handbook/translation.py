"""Translations of the book: what there is to translate beside the pages, how much is done, and who has read it over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.gettext import MessageCatalogBuilder, MsgOrigin
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.i18n import docname_to_domain
from sphinx.util.nodes import extract_messages

from . import po_files
from .catalogues import DIAGRAMS, REGISTERS, _
from .diagrams import words as diagram_words
from .domain import SSEDomain
from .laws import data as law_data
from .registers.data_files import Entry, read_entries
from .registers.translated import Text, settings, texts_of, translate_settings
from .warnings import Check, Finding

logger = logging.getLogger(__name__)


class KeepEnglish(SphinxTransform):
    """Remember what a page says in English, before Sphinx puts its translation there."""

    default_priority = 15

    def apply(self, **kwargs: Any) -> None:
        if self.config.sse_catalogues:
            settings = {
                id(each)
                for top in self.document.children
                if isinstance(top, (nodes.docinfo, nodes.field_list))
                for each in top.findall()
            }
            found = [text for node, text in extract_messages(self.document) if id(node) not in settings]
            SSEDomain.of(self.env).data["english"][self.env.current_document.docname] = found


@dataclass
class Translation:
    """The book in its language: of each page how much there is, is translated, and has another English text by now.

    `unread` holds what is wrong with each catalogue that nobody has read over as it now is.
    """

    pages: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    unread: list[Finding] = field(default_factory=list)


def folders(env: BuildEnvironment) -> list[Path]:
    """Where the catalogues of all languages lie."""
    return [Path(env.srcdir, each) for each in env.config.locale_dirs]


def find_faults(env: BuildEnvironment) -> Iterator[Finding]:
    """What translations lost of the English; and, where the book is published in one, what nobody has read over."""
    for language in po_files.languages(folders(env)):
        for found in po_files.read(folders(env), language).values():
            for each in [found] if isinstance(found, Finding) else found:
                yield from [each] if isinstance(each, Finding) else po_files.faults(each)
    if env.config.sse_published:
        yield from SSEDomain.of(env).translation.unread


def look_at(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: how far the translation is, before all findings are told."""
    domain, language = SSEDomain.of(env), env.config.language
    domain.translation = Translation()
    if not env.config.sse_catalogues:
        return
    catalogues = {
        name: found for name, found in po_files.read(folders(env), language).items() if not isinstance(found, Finding)
    }
    domain.translation.unread = [*unread(folders(env), language, catalogues)]
    english: dict[str, list[str]] = domain.data["english"]
    for docname, texts in sorted(english.items()):
        catalogue = catalogues.get(docname_to_domain(docname, env.config.gettext_compact), [])
        said = {each.english for each in catalogue if each.said}
        place = str(Path(env.doc2path(docname)).relative_to(Path(env.srcdir).parent))
        here = [each for each in catalogue if any(each_place.endswith(place) for each_place in each.places)]
        old = sum(1 for each in here if each.moved_on or (each.said and each.english not in texts))
        domain.translation.pages[docname] = (sum(text in said for text in texts), len(texts), old)


def unread(places: list[Path], language: str, catalogues: dict[str, list[po_files.Message]]) -> Iterator[Finding]:
    """A finding for each catalogue with a translation that nobody has read over, as `reviewed.yaml` has it."""
    reviews: dict[str, Entry] = {}
    for path in (each / language / "reviewed.yaml" for each in places):
        for item in read_entries(path, "reviewed") if path.exists() else ():
            if isinstance(item, Finding):
                yield item
            else:
                reviews[item.key] = item
    for name, messages in catalogues.items():
        review = reviews.get(name)
        if not any(each.said for each in messages):
            continue
        if review is None:
            said = "Nobody has read this translation over yet."
        elif review.value["text"] != po_files.fingerprint(messages):
            said = f"This translation has changed since {review.value['by']} read it over on {review.value['on']}."
        else:
            continue
        todo = f"When it has been read over: `python3 noxfile.py -s translate -- {language} --reviewed NAME`."
        yield Finding.at(Check.TRANSLATION_UNREVIEWED, f"{said} {todo}", messages[0].path)


def say_so(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """`doctree-resolved`: say below the title of a page that its translation is not read over, or not whole."""
    translation = SSEDomain.of(app.env).translation
    done, all_, _old = translation.pages.get(docname, (0, 0, 0))
    said = [_("Nobody has read this translation over yet. It may be wrong.")] if translation.unread and done else []
    if done < all_:
        said.append(_("{done} of {all} passages of this page are translated.").format(done=done, all=all_))
    section = next(iter(doctree.findall(nodes.section)), None)
    if said and section is not None:
        section.insert(1, nodes.paragraph("", " ".join(said), classes=["translation"]))


def report(app: Sphinx, exception: Exception | None) -> None:
    """`build-finished`: how much of each page is translated, as a table and as `translation.json`."""
    pages = SSEDomain.of(app.env).translation.pages if not exception else {}
    if not pages:
        return
    rows = [f"{docname:40} {done:4} of {all_:4}   {old or '':>4}" for docname, (done, all_, old) in pages.items()]
    done, whole = (sum(each[place] for each in pages.values()) for place in (0, 1))
    head = f"{'page':40} translated     English moved on"
    logger.info("%s", "\n".join([head, *rows, f"{app.config.language}: {done} of {whole} passages are translated."]))
    about = {
        docname: dict(zip(("translated", "all", "moved_on"), each, strict=True)) for docname, each in pages.items()
    }
    Path(app.outdir, "translation.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


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
    yield from (Text(text, str(Path(env.srcdir, "conf.py")), 1) for text in settings(config))
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
    """Translations: what there is to translate, and how far each is."""
    app.add_transform(KeepEnglish)
    app.connect("config-inited", translate)
    app.connect("env-updated", look_at)
    app.connect("env-updated", gather)
    app.connect("doctree-resolved", say_so)
    app.connect("build-finished", report)
