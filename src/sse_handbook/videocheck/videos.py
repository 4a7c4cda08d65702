"""Each film of the book once: every place where it is used, what its host said of it in this run, what to say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from sphinx.environment import BuildEnvironment

from ..domain import SSEDomain
from ..liveness import GRACE, Judgement, Remembered, Verdict, agree, film_address, remember
from ..video_links import VideoLink
from ..warnings import Check, Finding, exact_line
from .hosts import Probe

IN_DOUBT = {Verdict.SUSPECT, Verdict.DEAD}
ARCHIVE = "https://web.archive.org/web/*/"
MOST_PLACES = 12  # a message names no more; `output.json` has them all


@dataclass(frozen=True)
class Place:
    """Where a film is used: the file from the sources on, the line, and what is written there."""

    file: str
    line: int
    written: str


@dataclass
class Film:
    """A film: its keys (its address, where the register lacks it), its places, and what is known of it.

    `judgement` is that of this run, `None` where it came to none, and then `reason` says why.
    """

    link: VideoLink
    keys: list[str]
    places: list[Place] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    known: Remembered = field(default_factory=Remembered)
    judgement: Judgement | None = None
    reason: str = "Not asked in this run."

    def recall(self, memory: Mapping[str, Remembered]) -> None:
        """Take what earlier runs knew, by the address: a key may have been given to another video since."""
        address = film_address(self.link)
        by_key = [memory[key] for key in self.keys if key in memory and not memory[key].address]
        found = [*(each for each in memory.values() if each.address == address), *by_key, Remembered()]
        self.known = replace(found[0], address=address)

    def in_doubt(self) -> bool:
        """The first look says that it may be gone: a second one must say so too."""
        return bool(self.probes) and self.probes[0].judgement.verdict in IN_DOUBT

    def settle(self, day: date, scheduled: bool, closed: str, canaries: bool) -> None:
        """Come to a judgement, unless the host was `closed`. Without canaries, no single run proves a death.

        A host that says no to every film could not be told from one whose film is gone.
        """
        if closed or not self.probes or (self.in_doubt() and len(self.probes) < 2):
            self.reason = closed or self.reason
            return
        verdict, self.reason, grows = self.judgement = agree(self.probes[0].judgement, self.probes[-1].judgement)
        if verdict is Verdict.DEAD and not canaries:
            verdict = Verdict.SUSPECT
        self.known = remember(self.known, verdict, day, scheduled, self.known.address, grows=grows)

    def described(self) -> dict[str, Any]:
        """What `output.json` says of the film."""
        days = {name: each.isoformat() for name, each in vars(self.known).items() if isinstance(each, date)}
        evidence = [
            {"oembed": each.oembed.sign, "thumbnail": each.thumbnail.sign if each.thumbnail else "not asked"}
            for each in self.probes
        ]
        return {
            "address": self.known.address,
            "keys": self.keys,
            "verdict": self.known.verdict,
            "reason": self.reason,
            "evidence": evidence,
            **days,
            "archived": ARCHIVE + self.known.address,
            "places": [vars(place) for place in self.places],
        }


def find_films(env: BuildEnvironment) -> list[Film]:
    """Every film of the register, and then every other one that a page gives the address of."""
    domain, root = SSEDomain.of(env), Path(env.srcdir)

    def place(path: str | Path, line: int | None, written: str) -> Place:
        file = Path(path).resolve()
        return Place(file.relative_to(root).as_posix() if file.is_relative_to(root) else str(path), line or 1, written)

    films: dict[tuple[str, str], Film] = {}
    for video in domain.register.videos.values():
        film = films.setdefault(video.link.film, Film(video.link, []))
        film.keys.append(video.key)
        film.places.append(place(domain.register.path, video.address_line, video.address))
    for each in (each for found in domain.references.values() for each in found):
        registered = domain.register.videos.get(each.target) if each.kind == "video" else None
        link = registered.link if registered else each.link
        if link and each.kind in ("video", "address"):
            film = films.setdefault(link.film, Film(link, [film_address(link)]))
            line = exact_line(each.path, each.line, each.text) if each.text else None
            film.places.append(place(each.path, line or each.line, each.target))
    return list(films.values())


def find_gone(films: list[Film], source: Path) -> Iterator[Finding]:
    """A finding for each film that this run found dead or suspect; it names the places of both."""
    for film in films:
        if not film.judgement or film.judgement.verdict not in IN_DOUBT:
            continue
        known = film.known
        if known.verdict is Verdict.DEAD:
            check, said = Check.VIDEO_DEAD, f"is dead. {film.reason}"
        else:
            later = f"on {known.since + GRACE} or later" if known.since else "with its picture gone too"
            again = "in the next run" if known.deaths else later
            check, said = Check.VIDEO_SUSPECT, f"may be dead. {film.reason} It is dead if found so again {again}."
        seen = f"Last seen working on {known.seen}." if known.seen else "Never seen working."
        named = ", ".join(f"{place.file}:{place.line}" for place in film.places[:MOST_PLACES])
        more = f" and {len(film.places) - MOST_PLACES} more" if len(film.places) > MOST_PLACES else ""
        message = f"{known.address} {said} {seen} Copies may be at {ARCHIVE}{known.address} Used at {named}{more}."
        yield Finding.at(check, message, source / film.places[0].file, film.places[0].line)
