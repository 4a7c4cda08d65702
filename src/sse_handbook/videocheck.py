"""The builder `videocheck` (online): ask if each video of the book is still there, and remember the answers.

A video is dead when two runs agree.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import NoReturn

from sphinx.application import Sphinx
from sphinx.builders.dummy import DummyBuilder
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.display import status_iterator

from .video_links import VideoLink
from .video_status import decide_status, read_status, today, write_status
from .videos import HOST_NAMES, Register, Use
from .warnings_ import Check, warn

logger = logging.getLogger(__name__)
ARCHIVE = "https://web.archive.org/web/*/"
MOST_PLACES = 12  # in a message; the report has them all


class VideoCheckBuilder(DummyBuilder):
    """`sphinx-build -b videocheck`: writes `video-status.json` beside the list of videos, and `report.md`.

    It ends with 1 where a video is dead, and with 2 where hosts could not be asked.
    """

    name = "videocheck"
    epilog = ""

    def __init__(self, app: Sphinx, env: BuildEnvironment) -> None:
        super().__init__(app, env)
        self.sphinx = app

    def write_documents(self, docnames: Set[str]) -> None:
        """No page is written."""

    def finish(self) -> None:
        from .video_hosts import Asker  # `requests` is not for other builds

        if wrong := self.config.sse_videocheck_hosts.keys() - HOST_NAMES.keys():
            stop(f"sse_videocheck_hosts: {', '.join(wrong)}: the hosts are {', '.join(HOST_NAMES)}.")
        register, report, videos = Register.of(self.env), list[str](), collect_videos(self.env)
        path = register.status_path if self.config.sse_data_dir else Path(self.outdir, "video-status.json")
        try:
            known = read_status(path)
        except ValueError:
            stop("Nothing was asked: the status file cannot be read.")
        asker = Asker(self.config.sse_videocheck_hosts, self.config.sse_videocheck_pause)
        for provider in {link.provider for link in videos}:
            asker.check_host(provider)
        try:
            for link in status_iterator(videos, "asking hosts... ", "brown", len(videos), self.sphinx.verbosity, str):
                found, why = asker.check(link)
                status = known[link.url] = decide_status(known.get(link.url, {}), found, today())
                if status.get("status") in ("dead", "suspect"):
                    report.append(self.tell_gone(link.url, status, why, videos[link]))
                    self.sphinx.statuscode |= status["status"] == "dead"
        finally:  # what has been learnt until then
            remembered = {
                use.key or link.url: {"address": link.url, **known[link.url]}
                for link, uses in videos.items()
                for use in uses
                if known.get(link.url)
            }
            write_status(path, remembered)
            Path(self.outdir, "report.md").write_text("".join(report), encoding="utf-8")
        if asker.silent:
            reasons = "; ".join(asker.silent.values())
            stop(f"Some videos could not be asked for: {reasons}.", self.sphinx.statuscode or 2)

    def tell_gone(self, url: str, status: Mapping[str, str], why: str, uses: list[Use]) -> str:
        """Warn of a video that is dead or suspect, and return its item of the report."""
        dead = status["status"] == "dead"
        text = "is dead" if dead else "may be dead; a run on a later day decides"
        seen = f"Last seen working on {status['seen']}." if "seen" in status else "Never seen working."
        start = f"{url} {text} (first found so on {status['since']}). {why} {seen} Copies may be at"
        places = [f"{Path(os.path.relpath(use.path, self.srcdir)).as_posix()}:{use.line}" for use in uses]
        used = ", ".join(places[:MOST_PLACES]) + (
            f" and {len(places) - MOST_PLACES} more" * (len(places) > MOST_PLACES)
        )
        check = Check.VIDEO_DEAD if dead else Check.VIDEO_SUSPECT
        warn(check, f"{start} {ARCHIVE}{url} Used at {used}.", uses[0].path, uses[0].line)
        return f"- {start} <{ARCHIVE}{url}>. Used at `{'`, `'.join(places)}`.\n"


def stop(message: str, code: int = 2) -> NoReturn:
    """End without a traceback, which Sphinx prints below each error."""
    logger.error(message)
    raise SystemExit(code)


def collect_videos(env: BuildEnvironment) -> dict[VideoLink, list[Use]]:
    """Return every video of the list, and then every other one that a page uses, each with its places."""
    videos = dict[VideoLink, list[Use]]()
    uses = [
        Use(key, link, str(entry.path), entry.line("link")) for key, (entry, link) in Register.of(env).videos.items()
    ]
    for use in (*uses, *(use for _page, uses in sorted(env.get_domain("sse").data["videos"].items()) for use in uses)):
        videos.setdefault(use.link.video, []).append(use)
    return videos
