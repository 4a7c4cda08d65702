"""What pages show of the registers and of the settings: gathered for translators, and put into the book's language.

A text is translated once, where it is read. What lists choose by (a status, a region) stays as it is in the register,
and is translated where it is shown. Original titles, names of sources, keys, dates and numbers stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sphinx.config import Config

from ..catalogues import of_register
from .laws import Country, Law, LawRegister
from .videos import Video, VideoRegister

Thing = TypeVar("Thing", Law, Country, Video)

TEXTS: dict[type, tuple[str, ...]] = {
    Law: (
        *("english", "unit", "adoption", "commencement", "status_detail", "home_based", "forms", "threshold", "body"),
        *("notes", "disagreements", "gaps", "gazette"),
    ),
    Country: ("name", "search_note", "note"),
    Video: ("about", "source", "labels", "same_because"),
}
# What a law or a country is chosen by: translated where it is shown.
VALUES: dict[type, tuple[str, ...]] = {
    Law: ("level", "type", "topic", "status", "text_access", "evidence", "principles", "status_as_of"),
    Country: ("region", "subregion", "search"),
    Video: (),
}
SETTINGS = ("project", "html_title", "html_short_title", "epub_title", "epub_description")


DATE = re.compile(r"[\d-]*")


class Text(NamedTuple):
    """Something to translate, and where it stands."""

    text: str
    path: str
    line: int


def translated(thing: Thing) -> Thing:
    """An entry of a register with its texts in the language of the book."""
    texts = {name: getattr(thing, name) for name in TEXTS[type(thing)]}
    return replace(thing, **{name: _each(value) for name, value in texts.items() if value})


def _each(value: Any) -> Any:
    return tuple(map(of_register, value)) if isinstance(value, tuple) else of_register(value)


def translated_laws(register: LawRegister) -> LawRegister:
    """The register of laws in the language of the book."""
    countries = {key: translated(each) for key, each in register.countries.items()}
    return replace(register, countries=countries, laws={key: translated(each) for key, each in register.laws.items()})


def translated_videos(register: VideoRegister) -> VideoRegister:
    """The register of videos in the language of the book."""
    return replace(register, videos={key: translated(each) for key, each in register.videos.items()})


def texts_of(things: Iterable[Law | Country | Video], path: Path) -> Iterator[Text]:
    """The texts and values of entries, each at its line where the entry knows it; `path` is that of the others."""
    for thing in things:
        for name in (*TEXTS[type(thing)], *VALUES[type(thing)]):
            value = getattr(thing, name)
            lines = getattr(thing, "lines", {})
            for number, text in enumerate(value if isinstance(value, tuple) else [value]):
                line = lines.get(f"{name}.{number}", lines.get(name, thing.line))
                if text and not DATE.fullmatch(text):
                    yield Text(text, getattr(thing, "path", str(path)), line)


def settings(config: Config) -> Iterator[str]:
    """The settings that readers see."""
    values = [getattr(config, name) for name in SETTINGS]
    values.append(config.html_theme_options.get("description"))
    values += [text for each in config.sse_downloads.values() for text in each[1:]]  # translated where it is shown
    yield from (each for each in values if isinstance(each, str) and each)


def translate_settings(config: Config) -> None:
    """Put the settings that readers see into the language of the book."""
    for name in SETTINGS:
        if isinstance(getattr(config, name), str):
            setattr(config, name, of_register(getattr(config, name)))
    options = config.html_theme_options
    if "description" in options:
        config.html_theme_options = {**options, "description": of_register(options["description"])}
