"""Who is alive: one table from what hosts answer to a verdict, and what to remember of it from run to run.

Pure: no network, no file, no clock. The day is always given. Three promises hold throughout:

- An answer that shows nothing (an outage, throttling, a captcha) changes nothing.
- What is dead is found dead more than once. What is only suspect has a week to come back.
- A clock that jumps makes nothing dead, and nothing trusted for ever: dates that cannot be right are forgotten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from .video_links import VideoLink


class Verdict(StrEnum):
    """What is said of a video or a link."""

    ALIVE = "alive"
    NOT_EMBEDDABLE = "alive, not embeddable"
    RESTRICTED = "restricted"
    MOVED = "moved"  # of links only
    UNKNOWN = "unknown"
    SUSPECT = "suspect"
    DEAD = "dead"


MILDEST_FIRST = list(Verdict)
WORKING = {Verdict.ALIVE, Verdict.NOT_EMBEDDABLE, Verdict.MOVED}


class Failure(StrEnum):
    """Why a request has no answer that counts."""

    TIME_OUT = "time-out"
    DNS = "DNS"
    TLS = "TLS"
    NOT_REACHED = "not reached"
    BROKEN_OFF = "broken off"
    TOO_LARGE = "too large"
    SENT_AWAY = "sent to another host"
    NO_HTTP = "not HTTP"


@dataclass(frozen=True)
class Answer:
    """What one request gave: a status, or why there is none.

    `film` is set where the body was read: whether it is JSON with a title and the id that was asked for.
    """

    status: int | None = None
    failure: Failure | None = None
    film: bool | None = None

    @property
    def sign(self) -> str:
        """The word for this answer in the table."""
        if self.failure or self.status is None:
            return (self.failure or Failure.NO_HTTP).value
        if self.status == 200 and self.film is not None:
            return FILM if self.film else OTHER
        return "5xx" if self.status >= 500 else str(self.status)

    @property
    def refused(self) -> bool:
        """The host did not judge the film: it was down, too busy, or it wanted to see a person."""
        return self.sign in (OTHER, *OUTAGE)


class Row(NamedTuple):
    """A row of the table. No signs stand for any answer: for a thumbnail, it is then not even asked for."""

    oembed: tuple[str, ...]
    thumbnail: tuple[str, ...]
    verdict: Verdict
    reason: str
    grows: bool = True  # a suspicion that may become a death


FILM = "200, JSON with a title and the same id"
OTHER = "200, anything else"
OUTAGE = ("429", "5xx", *(each.value for each in Failure))
ANY: tuple[str, ...] = ()
_FIRST = (
    Row((FILM,), ANY, Verdict.ALIVE, "The host names the video."),
    Row((OTHER,), ANY, Verdict.UNKNOWN, "A captcha, a consent page or a stranger answered, not the host."),
)
_LAST = (
    Row(("400",), ANY, Verdict.UNKNOWN, "The host does not understand the address."),
    Row(OUTAGE, ANY, Verdict.UNKNOWN, "The host did not answer, or not now."),
    Row(ANY, ANY, Verdict.UNKNOWN, "Nobody has told us what this answer means."),
)
# The first row that fits decides.
TABLES: Mapping[str, tuple[Row, ...]] = {
    "youtube": (
        *_FIRST,
        Row(("401",), ("200",), Verdict.NOT_EMBEDDABLE, "The video is there; its owner forbids showing it elsewhere."),
        Row(("401",), ("404",), Verdict.SUSPECT, "Its owner forbids showing it elsewhere, and its picture is gone."),
        Row(("403",), ("200",), Verdict.RESTRICTED, "The video is there, and not for everyone."),
        Row(("403", "404"), ("404",), Verdict.DEAD, "The video and its picture are gone, or private."),
        Row(("404",), ("200",), Verdict.SUSPECT, "The video is gone and its picture is left: a closed account?"),
        Row(("404",), OUTAGE, Verdict.SUSPECT, "The video seems gone; its picture could not be asked for."),
        # With the picture, this would be "restricted": no proof of a death, however often it comes.
        Row(("403",), OUTAGE, Verdict.SUSPECT, "Gone or only restricted: its picture could not be asked for.", False),
        *_LAST,
    ),
    "vimeo": (
        *_FIRST,
        Row(("403",), ANY, Verdict.RESTRICTED, "The video is there, and not for everyone."),
        Row(("404",), ANY, Verdict.SUSPECT, "Gone, private, or hidden: then its address needs `/HASH` at the end."),
        *_LAST,
    ),
    "vimeo, hidden": (
        *_FIRST,
        Row(("403",), ANY, Verdict.RESTRICTED, "The video is there, and not for everyone."),
        Row(("404",), ANY, Verdict.DEAD, "The video is gone, or private."),
        *_LAST,
    ),
    "peertube": (
        *_FIRST,
        Row(("403",), ANY, Verdict.RESTRICTED, "The video is there, and private."),
        Row(("404",), ANY, Verdict.DEAD, "The video is gone."),
        *_LAST,
    ),
}


def film_address(link: VideoLink) -> str:
    """The canonical address of a film, whatever the start: hosts are asked about it, and it is remembered by it."""
    return replace(link, start=None).url


def table_of(link: VideoLink) -> str:
    """The table that judges a film."""
    return "vimeo, hidden" if link.provider == "vimeo" and "/" in link.id else link.provider


class Judgement(NamedTuple):
    """A verdict and why; `grows` is false for a suspicion that never becomes a death."""

    verdict: Verdict
    reason: str
    grows: bool = True


def judge(table: str, oembed: Answer, thumbnail: Answer | None = None) -> Judgement:
    """The verdict on what a host answered: `table` is a key of `TABLES`, `thumbnail` what was said of it when asked."""
    picture = thumbnail.sign if thumbnail else ""
    row = next(row for row in TABLES[table] if _fits(row.oembed, oembed.sign) and _fits(row.thumbnail, picture))
    return Judgement(row.verdict, row.reason, row.grows)


def wants_thumbnail(table: str, oembed: Answer) -> bool:
    """Whether the thumbnail can change the verdict."""
    return next(row for row in TABLES[table] if _fits(row.oembed, oembed.sign)).thumbnail != ANY


def agree(first: Judgement, second: Judgement) -> Judgement:
    """What two probes of one run come to: the milder of the two."""
    return min(first, second, key=lambda each: (MILDEST_FIRST.index(each.verdict), each.grows))


def _fits(signs: tuple[str, ...], sign: str) -> bool:
    return signs == ANY or sign in signs


# The least time from the first suspicion to the death, and how long what works is left alone.
GRACE, TRUST, JITTER = timedelta(days=7), timedelta(days=30), 7
# Two runs further apart than this do not confirm one another: it may be the clock that went.
MEMORY = timedelta(days=90)


@dataclass(frozen=True)
class Remembered:
    """What is known of one video or link from all runs.

    `checked` is the day of the last answer that showed anything, `seen` the last day on which it worked, `since` the
    first day of the present suspicion, `next` the day from which to ask again. `deaths` counts the runs that found it
    dead, one after the other. `address` is what was asked for: under another one, all this is worth nothing.
    """

    verdict: Verdict = Verdict.UNKNOWN
    checked: date | None = None
    seen: date | None = None
    since: date | None = None
    next: date | None = None
    deaths: int = 0
    address: str = ""

    def trusted(self, when: date) -> bool:
        """Found working not long ago: there is no need to ask on the day `when`."""
        if self.verdict not in WORKING or self.checked is None or self.next is None:
            return False
        return self.checked <= when < self.next <= self.checked + TRUST


def remember(
    before: Remembered | None, found: Verdict, when: date, scheduled: bool, key: str = "", *, grows: bool = True
) -> Remembered:
    """What to remember once a run has found `found` on the day `when`, and what it means after all earlier runs.

    The `verdict` of the result is what to say. `found` must be what two probes of the run agree on. `scheduled` asks
    for a second run before a death is called one. `key` spreads the days on which to ask again. `grows` is that of
    the `Judgement`.
    """
    before = before or Remembered()
    if found is Verdict.UNKNOWN:
        return before
    if found in WORKING:
        spread = hashlib.sha256(key.encode()).digest()[0] % JITTER
        again = when + TRUST - timedelta(days=spread)
        return Remembered(found, checked=when, seen=when, next=again, address=before.address)
    # Only dates in their right order, and not too far apart, are believed. A clock that goes back stands still.
    last = before.checked or date.min
    goes_on = abs(when - last) <= MEMORY
    latest = max(when, last) if goes_on else when
    seen = before.seen if before.seen and before.seen <= latest else None
    if found is Verdict.RESTRICTED:
        return Remembered(found, checked=latest, seen=seen, address=before.address)
    since = before.since if goes_on and before.since and before.since <= last else None
    deaths = (before.deaths if goes_on and last <= when else 0) + 1 if found is Verdict.DEAD else 0
    dead = (
        (found is Verdict.DEAD and (deaths > 1 or not scheduled))
        or (grows and since is not None and latest - since >= GRACE)
        or (goes_on and before.verdict is Verdict.DEAD)
    )
    return Remembered(
        Verdict.DEAD if dead else Verdict.SUSPECT,
        checked=latest,
        seen=seen,
        since=since or (latest if grows else None),
        deaths=deaths,
        address=before.address,
    )
