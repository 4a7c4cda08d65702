"""The `videocheck` builder: are the videos of the book still there? It asks their hosts, and remembers the answers."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Set
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

from sphinx.application import Sphinx
from sphinx.builders.dummy import DummyBuilder
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError
from sphinx.util import logging
from sphinx.util.display import status_iterator

from ..liveness import Verdict
from ..registers.status_file import AnotherRunError, Exit, StatusFileError, one_run, read_memory, write_memory
from ..registers.videos import today
from ..warnings import Check, warn
from .hosts import CANARIES, HOSTS, Client, Pace
from .videos import Film, find_films, find_gone

logger = logging.getLogger(__name__)


class EndedError(SystemExit):
    """The run ended before its time, and why has been said. Its code is an `Exit`, which no `-W` turns into another."""


class VideoCheckBuilder(DummyBuilder):
    """`sphinx-build -b videocheck`: asks for each film, and writes `output.json` and `video-status.json`."""

    name = "videocheck"
    epilog = ""

    def __init__(self, app: Sphinx, env: BuildEnvironment) -> None:
        super().__init__(app, env)
        self._sphinx = app

    def init(self) -> None:
        self.client = client(self.config)
        data = self.config.sse_data_dir
        self.status = Path(self.srcdir if data else self.outdir, data, "video-status.json")
        # Held and read before any page is read: what is wrong with it is said at once.
        self.held = ExitStack()
        try:
            self.held.enter_context(one_run(self.status))
            self.memory = read_memory(self.status)
        except AnotherRunError as error:
            _end(Exit.ANOTHER_RUN, str(error))
        except StatusFileError as error:
            _end(Exit.STATUS_FILE, str(error))

    def write_documents(self, docnames: Set[str]) -> None:
        """No page is written."""

    def finish(self) -> None:
        with self.held:
            films = find_films(self.env)
            for film in films:
                film.recall(self.memory)
            asked = [film for film in films if not film.known.trusted(today())]
            interrupted = False
            try:
                self._ask(asked, "asking hosts... ")
                if doubtful := [film for film in asked if film.in_doubt()]:
                    time.sleep(self.client.pace.second_probe)
                    self._ask(doubtful, "asking again... ")
            except KeyboardInterrupt:
                interrupted = True
                self.client.stop.set()
            self._remember(films, asked)
            self._tell(films, asked, interrupted)

    def _ask(self, films: list[Film], summary: str) -> None:
        """Look at each film once; a bar shows how far it has come."""
        by_film = {film.link.film: film for film in films}
        probes = self.client.probe_all(film.link for film in films)
        length, verbosity = len(films), self._sphinx.verbosity
        for probe in status_iterator(probes, summary, "brown", length, verbosity, lambda each: each.link.id):
            by_film[probe.link.film].probes.append(probe)

    def _remember(self, films: list[Film], asked: list[Film]) -> None:
        """Settle what was asked about, and write the status file if that told us anything."""
        for film in asked:
            closed, canaries = self.client.lane(film.link).closed, bool(self.client.canaries.get(film.link.provider))
            film.settle(today(), self.config.sse_videocheck_scheduled, closed, canaries)
        if any(film.judgement and film.judgement.verdict is not Verdict.UNKNOWN for film in asked):
            try:
                write_memory(
                    self.status, {key: film.known for film in films for key in film.keys if film.known.checked}
                )
            except StatusFileError as error:
                _end(Exit.STATUS_FILE, str(error))

    def _tell(self, films: list[Film], asked: list[Film], interrupted: bool) -> None:
        """Say what was found, write it down with every place, and end with the code for it."""
        gone = find_gone(films, Path(self.srcdir))
        findings = sorted(set(gone))
        warn(findings)
        counts = Counter(film.known.verdict.value for film in films)
        said = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())) or "none"
        output = Path(self.outdir, "output.json")
        logger.info("Films of the book: %s. Asked about: %d. Every place stands in %s.", said, len(asked), output)
        closed = [f"{lane.host}: {lane.closed}." for lane in self.client.lanes.values() if lane.closed]
        code, message = Exit.FINE, ""
        if interrupted:
            code, message = Exit.INTERRUPTED, f"Interrupted: what was learnt until then is in {self.status}."
        elif asked and not self.client.answered:
            code, message = Exit.NO_NETWORK, "No host answered: there is no network here. No verdict was changed."
        elif any(finding.check == Check.VIDEO_DEAD.value for finding in findings):
            code = Exit.DEAD_FOUND
        elif closed:
            code, message = (
                Exit.CANNOT_JUDGE,
                "No verdict on its videos was changed. Try again later, or from elsewhere.",
            )
        report = {
            "day": today().isoformat(),
            "ended": code.name.lower(),
            "cannot_judge": closed,
            "videos": [film.described() for film in films],
        }
        output.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for each in closed:
            logger.error("Cannot judge from here. %s", each)
        self._sphinx.statuscode = int(code)
        if message:
            _end(code, message)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder: Sphinx loads this module only when it is asked for (entry point `sphinx.builders`)."""
    app.setup_extension("sse_handbook")
    app.add_config_value("sse_videocheck_hosts", {}, "", dict)
    app.add_config_value("sse_videocheck_canaries", {}, "", dict)
    app.add_config_value("sse_videocheck_pace", {}, "", dict)
    app.add_config_value("sse_videocheck_scheduled", False, "", bool)
    app.add_builder(VideoCheckBuilder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _end(code: Exit, message: str) -> NoReturn:
    logger.error(message)
    raise EndedError(int(code))


def client(config: Config) -> Client:
    """The client that the settings ask for. Raises `ConfigError`, which names the setting that is wrong."""
    given = config.sse_videocheck_hosts
    if wrong := ", ".join(given.keys() - HOSTS.keys()):
        raise ConfigError(f"sse_videocheck_hosts: {wrong}: the hosts are {', '.join(HOSTS)}.")
    hosts = {provider: {**patterns, **given.get(provider, {})} for provider, patterns in HOSTS.items()}
    for pattern in (pattern for patterns in hosts.values() for pattern in patterns.values()):
        try:
            pattern.format(url="", id="", host="")
        except (KeyError, IndexError, ValueError) as error:
            raise ConfigError(
                f"sse_videocheck_hosts: {pattern}: only {{url}}, {{id}} and {{host}} stand for something."
            ) from error
    try:
        pace = Pace(**{name: type(getattr(Pace, name))(value) for name, value in config.sse_videocheck_pace.items()})
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigError(f"sse_videocheck_pace: {error}. It takes numbers for: {', '.join(vars(Pace()))}.") from error
    canaries = {**CANARIES, **config.sse_videocheck_canaries}
    if any(not isinstance(each, dict) or each.keys() - {"alive", "never"} for each in canaries.values()):
        raise ConfigError("sse_videocheck_canaries: write {'youtube': {'alive': 'an id', 'never': 'an id'}}.")
    return Client(hosts, canaries, pace)
