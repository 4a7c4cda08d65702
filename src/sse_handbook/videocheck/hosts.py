"""Ask the hosts of videos, politely: what they say of a film, by their oEmbed and their thumbnail.

At most two requests at a time go to a host, with a pause after each. `Retry-After` is honoured, and a host that refuses
three videos in a row is left alone. Everything has an end: a connection, a silence, a whole answer, its size.
No Sphinx here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from queue import Empty, SimpleQueue
from threading import Event, Thread
from urllib.parse import quote, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from ..liveness import Answer, Failure, Judgement, film_address, judge, table_of, wants_thumbnail
from ..video_links import VideoLink
from .answers import failure, host_time, read, retry_after

# What to ask, by provider: `{url}` is the canonical address, quoted; `{host}` is that of a PeerTube video.
HOSTS: Mapping[str, Mapping[str, str]] = {
    "youtube": {
        "oembed": "https://www.youtube.com/oembed?url={url}&format=json",
        "thumbnail": "https://i.ytimg.com/vi/{id}/hqdefault.jpg",
    },
    "vimeo": {"oembed": "https://vimeo.com/api/oembed.json?url={url}"},
    "peertube": {"oembed": "https://{host}/services/oembed?url={url}&format=json"},
}
# A film that is known to be there (the first one on YouTube), and an id that nobody was ever given.
CANARIES: Mapping[str, Mapping[str, str]] = {"youtube": {"alive": "jNQXAC9IVRw", "never": "never-was-A"}}
AT_A_TIME, REFUSALS, REDIRECTS = 2, 3, 3
CLOCKS_APART = 2 * 86_400  # seconds; less may be a copy that somebody kept for a while
# These may be over in a moment. A name that is not found, or a captcha, will not.
PASSING = ("429", "5xx", Failure.TIME_OUT.value, Failure.BROKEN_OFF.value)
# Where there is nothing else than these, there is no network.
UNREACHED = (Failure.DNS, Failure.NOT_REACHED, Failure.TIME_OUT)


@dataclass(frozen=True)
class Pace:
    """How patient to be, in seconds, and how often to try.

    `pause` follows each request, `second_probe` comes before the second look at what seems dead. `connect`, `read`
    (a silence) and `total` end a request. `backoff` is the first wait after a refusal; each further one is twice as
    long. A host that asks to be left alone for more than `longest_wait` is.
    """

    pause: float = 1.0
    connect: float = 5.0
    read: float = 10.0
    total: float = 20.0
    tries: int = 3
    backoff: float = 2.0
    longest_wait: float = 120.0
    second_probe: float = 30.0


@dataclass(frozen=True)
class Probe:
    """One look at one film."""

    link: VideoLink
    oembed: Answer
    thumbnail: Answer | None

    @property
    def judgement(self) -> Judgement:
        """What the table says."""
        return judge(table_of(self.link), self.oembed, self.thumbnail)

    @property
    def refused(self) -> bool:
        """A host kept back what was asked for."""
        return self.oembed.refused or bool(self.thumbnail and self.thumbnail.refused)


@dataclass
class Lane:
    """One host: what it asked for, and how it has answered so far. `closed` says why it is not asked any more."""

    host: str
    provider: str
    quiet_until: float = 0.0
    refusals: list[str] = field(default_factory=list)
    closed: str = ""


class Client:
    """Asks hosts about films. `hosts` and `canaries` are as `HOSTS` and `CANARIES`; they are not checked here."""

    def __init__(
        self,
        hosts: Mapping[str, Mapping[str, str]] = HOSTS,
        canaries: Mapping[str, Mapping[str, str]] = CANARIES,
        pace: Pace = Pace(),
    ) -> None:
        self.hosts, self.canaries, self.pace = hosts, canaries, pace
        self.lanes: dict[str, Lane] = {}
        self.stop = Event()
        self.answered = False  # somebody did, in whatever words: there is a network
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"sse-handbook/{version('sse-handbook')} (do these videos still exist?)"
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def lane(self, link: VideoLink) -> Lane:
        """The host that is asked about a film."""
        host = urlsplit(self._address("oembed", link)).netloc
        return self.lanes.setdefault(host, Lane(host, link.provider))

    def probe_all(self, links: Iterable[VideoLink]) -> Iterator[Probe]:
        """A look at each film, as they come; none at those of a host that does not judge (its lane says why)."""
        waiting: dict[str, SimpleQueue[VideoLink]] = {}
        for link in links:
            waiting.setdefault(self.lane(link).host, SimpleQueue()).put(link)
        found: SimpleQueue[Probe | None] = SimpleQueue()
        for host, queue in waiting.items():
            # Daemons: nothing that hangs keeps the program from ending.
            Thread(target=self._drive, args=(self.lanes[host], queue, found), daemon=True).start()
        for _ in waiting:
            while probe := found.get():
                yield probe

    def _drive(self, lane: Lane, waiting: SimpleQueue[VideoLink], found: SimpleQueue[Probe | None]) -> None:
        """The work of one lane: its canaries, and then its films, two at a time."""
        try:
            lost = "" if lane.closed else self._lost_canary(lane)
            lane.closed = lane.closed or lost
            workers = [Thread(target=self._work, args=(lane, waiting, found), daemon=True) for _ in range(AT_A_TIME)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        finally:
            found.put(None)

    def _work(self, lane: Lane, waiting: SimpleQueue[VideoLink], found: SimpleQueue[Probe | None]) -> None:
        with suppress(Empty):
            while not lane.closed and not self.stop.is_set():
                found.put(self.probe(waiting.get_nowait()))

    def _lost_canary(self, lane: Lane) -> str:
        """Why the host's answers are worth nothing from here; empty when both canaries answer as they must."""
        for must_be, name in self.canaries.get(lane.provider, {}).items():
            link = VideoLink(lane.provider, name)
            oembed = self._ask(lane, self._address("oembed", link), link)
            picture = self._address("thumbnail", link)
            thumbnail = self._ask(lane, picture) if picture and not oembed.refused else None
            status = 200 if must_be == "alive" else 404
            if oembed.status != status or oembed.film is False or (thumbnail and thumbnail.status != status):
                is_there = "is there" if must_be == "alive" else "never was"
                said = " and ".join(each.sign for each in (oembed, thumbnail) if each)
                return f"asked for a video that {is_there} ({name}), it gave: {said}"
        return ""

    def probe(self, link: VideoLink) -> Probe:
        """One look at a film: the oEmbed, and the thumbnail where it can change the verdict."""
        lane = self.lane(link)
        oembed = self._ask(lane, self._address("oembed", link), link)
        picture = self._address("thumbnail", link) if wants_thumbnail(table_of(link), oembed) else ""
        probe = Probe(link, oembed, self._ask(lane, picture) if picture and not lane.closed else None)
        lane.refusals = [*lane.refusals, (probe.thumbnail or oembed).sign] if probe.refused else []
        if len(lane.refusals) >= REFUSALS and not lane.closed:
            lane.closed = f"it refused {REFUSALS} videos in a row ({', '.join(lane.refusals)})"
        return probe

    def _address(self, what: str, link: VideoLink) -> str:
        pattern = self.hosts[link.provider].get(what, "")
        host = link.id.partition("/")[0] if link.provider == "peertube" else ""
        return pattern.format(url=quote(film_address(link), safe=""), id=quote(link.id), host=host)

    def _ask(self, lane: Lane, address: str, link: VideoLink | None = None) -> Answer:
        """The answer to a request, tried again where the refusal may pass. With a `link`, its body is read."""
        for turn in range(self.pace.tries):
            while (left := lane.quiet_until - time.monotonic()) > 0 and not self.stop.wait(left):
                pass  # the other request may have been asked for more patience by then
            answer, headers = self._within_time(address, link)
            self.answered |= answer.failure not in UNREACHED
            self.stop.wait(self.pace.pause * random.uniform(0.8, 1.2))  # noqa: S311  # no secret hangs on it
            # By a clock that has jumped, a suspicion of yesterday would be old enough to be a death.
            if link and abs(time.time() - host_time(headers)) > CLOCKS_APART:
                lane.closed = f"by its clock it is now {headers.get('Date')}: is the clock of this machine right?"
            if answer.sign not in PASSING or not self.answered or lane.closed or self.stop.is_set():
                break
            wait = retry_after(headers)
            if wait is not None and wait > self.pace.longest_wait:
                lane.closed = f"it asks to be left alone for {wait:.0f} seconds"
                break
            if wait is None:
                wait = self.pace.backoff * 2**turn * random.uniform(0.5, 1.5)  # noqa: S311  # nor on this
            lane.quiet_until = max(lane.quiet_until, time.monotonic() + wait)
        return answer

    def _within_time(self, address: str, link: VideoLink | None) -> tuple[Answer, Mapping[str, str]]:
        """One request, which ends in time whatever happens: not even looking up a name may take for ever."""
        result: list[tuple[Answer, Mapping[str, str]]] = []
        seen: list[requests.Response] = []
        thread = Thread(target=lambda: result.append(self._request(address, link, seen)), daemon=True)
        thread.start()
        thread.join(self.pace.total)
        if result:
            return result[0]
        for response in seen:
            with suppress(AttributeError, OSError, RuntimeError, ValueError):
                response.raw.shutdown()
        return Answer(failure=Failure.TIME_OUT), {}

    def _request(
        self, address: str, link: VideoLink | None, seen: list[requests.Response]
    ) -> tuple[Answer, Mapping[str, str]]:
        """One request: the answer, and the headers that came with it."""
        try:
            for _ in range(REDIRECTS):
                with self._session.get(
                    address, timeout=(self.pace.connect, self.pace.read), allow_redirects=False, stream=True
                ) as response:
                    seen.append(response)
                    if not response.is_redirect:
                        return read(response, link), response.headers
                    before, address = urlsplit(address), urljoin(address, response.headers["Location"])
                    if urlsplit(address)[:2] not in (before[:2], ("https", before.netloc)):
                        break
            return Answer(failure=Failure.SENT_AWAY), {}
        except (OSError, ValueError, HTTPError) as error:
            return Answer(failure=failure(error)), {}
