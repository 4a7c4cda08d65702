"""The builder `videocheck` (online): ask the hosts if each video of the book is still there, and remember the answers.

A host's page answers 200 for a dead video too, so its data (oEmbed) and the video's picture (thumbnail) are asked for,
one video after the other, as `video_hosts.yaml` says. A video is dead when two runs agree.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping, Set
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote, urlsplit

import requests
import yaml
from requests.adapters import HTTPAdapter
from sphinx.application import Sphinx
from sphinx.builders.dummy import DummyBuilder
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.display import status_iterator
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, ResponseError
from urllib3.util import Retry

from .video_links import VideoLink, VideoLinkError, parse_video_link
from .video_status import decide_status, read_status, today, write_status
from .videos import HOST_NAMES, Register, Use
from .warnings_ import Check, warn

logger = logging.getLogger(__name__)

HOSTS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("video_hosts.yaml").read_text(encoding="utf-8"))
PASSING = (429, 500, 502, 503, 504)  # what may be over in a moment
LONGEST_WAIT = 120  # seconds: a host that wants to be left alone for longer is
LARGEST = 1 << 16  # bytes of an answer; oEmbed takes about a thousandth of it
ARCHIVE = "https://web.archive.org/web/*/"
MOST_PLACES = 12  # in a message; the report has them all
URL = re.compile(r"""https?://[^\s"'<>]+""")


class Row(NamedTuple):
    """What the answers of a host mean."""

    oembed: str
    thumbnail: str
    status: str
    why: str


def choose_row(link: VideoLink, oembed: str, thumbnail: str = "") -> Row:
    """Return the first row that fits what a host answered; without a thumbnail, the first that may fit."""
    name = "Vimeo, an address with a hash" if link.provider == "vimeo" and "/" in link.id else HOST_NAMES[link.provider]
    rows = (Row(*cells) for cells in HOSTS[name]["answers"])
    return next(
        row
        for row in rows
        if (row.oembed == "anything else" or oembed in row.oembed.split(" or "))
        and (not thumbnail or row.thumbnail in ("not asked", thumbnail))
    )


class Patience(Retry):
    """Waits as long as a host asks (`Retry-After`), or leaves it alone if that is too long."""

    def sleep_for_retry(self, response: BaseHTTPResponse) -> bool:
        if (wait := self.get_retry_after(response) or 0) > LONGEST_WAIT:
            raise ResponseError(f"the host asks to be left alone for {wait:.0f} seconds")
        return super().sleep_for_retry(response)


class Asker:
    """Asks the hosts. `silent`: those that did not answer or are not believed, and why; they are not asked again."""

    def __init__(self, settings: Mapping[str, Mapping[str, str]], pause: float) -> None:
        if wrong := settings.keys() - HOST_NAMES.keys():
            stop(f"sse_videocheck_hosts: {', '.join(wrong)}: the hosts are {', '.join(HOST_NAMES)}.")
        self.settings, self.pause, self.silent = settings, pause, dict[str, str]()
        self.session = requests.Session()
        self.session.headers["User-Agent"] = f"sse-handbook/{version('sse-handbook')} (do these videos still exist?)"
        patience = Patience(2, status_forcelist=PASSING, backoff_factor=5 * pause, raise_on_status=False)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=patience))

    def check(self, link: VideoLink) -> Row:
        """Return the row that fits what the host says of a video."""
        row = choose_row(link, oembed := self.ask("oembed", link))
        return row if row.thumbnail == "not asked" else choose_row(link, oembed, self.ask("thumbnail", link))

    def check_host(self, provider: str) -> None:
        """Do not believe a host that does not know a video that is there, or knows one that never was."""
        settings = self.get_settings(provider)
        for name, status in (("alive", "alive"), ("never", "dead")):
            if name in settings:
                row = self.check(VideoLink(provider, settings[name]))
                if row.status != status:
                    host = urlsplit(settings["oembed"]).netloc
                    said = f"{host} says of {settings[name]}, which must be {status}: {row.status}"
                    self.silent.setdefault(host, said)

    def get_settings(self, provider: str) -> dict[str, str]:
        return {**HOSTS[HOST_NAMES[provider]], **self.settings.get(provider, {})}

    def ask(self, what: str, link: VideoLink) -> str:
        """Return the answer to a request, as the tables have it."""
        url = self.get_settings(link.provider)[what].replace("{url}", quote(link.video.url, safe=""))
        url = url.replace("{id}", quote(link.id)).replace("{host}", link.id.partition("/")[0])
        host = urlsplit(url).netloc
        if host in self.silent:
            return "no answer"
        time.sleep(self.pause)
        try:
            with self.session.get(url, timeout=(5, 10), allow_redirects=False, stream=True) as response:
                if response.status_code == 429 or response.status_code >= 500:
                    raise ResponseError(str(response.status_code))
                if response.status_code != 200 or what == "thumbnail":
                    return str(response.status_code)
                named = names_video(response.raw.read(LARGEST, decode_content=True), link)
                return "200, names the video" if named else "200, anything else"
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            self.silent[host] = f"{host} does not answer ({type(error).__name__}: {str(error)[:200]})"
            return "no answer"


def names_video(body: bytes, link: VideoLink) -> bool:
    """Tell whether what oEmbed gave has a title and names the same video: by its id, or by an address of it."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(data, dict) or not str(data.get("title") or "").strip():
        return False
    if link.provider == "vimeo":
        return str(data.get("video_id")) == link.id.partition("/")[0]
    for url in URL.findall(" ".join(str(data.get(name)) for name in ("html", "thumbnail_url", "url"))):
        with suppress(VideoLinkError):
            if parse_video_link(url) == link.video:
                return True
    return False


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
        register, report, videos = Register.of(self.env), list[str](), collect_videos(self.env)
        path = register.status_path if self.config.sse_data_dir else Path(self.outdir, "video-status.json")
        try:
            known = {entry.get("address", ""): entry for entry in read_status(path).values()}
        except ValueError:
            stop("Nothing was asked: the status file cannot be read.")
        asker = Asker(self.config.sse_videocheck_hosts, self.config.sse_videocheck_pause)
        for provider in {link.provider for link in videos}:
            asker.check_host(provider)
        try:
            for link in status_iterator(videos, "asking hosts... ", "brown", len(videos), self.sphinx.verbosity, str):
                row = asker.check(link)
                status = known[link.url] = decide_status(known.get(link.url, {}), row.status, today())
                if status.get("status") in ("dead", "suspect"):
                    report.append(self.tell_gone(link.url, status, row.why, videos[link]))
                    self.sphinx.statuscode |= status["status"] == "dead"
        finally:  # what has been learnt until then
            found = {
                key: {"address": link.url, **known[link.url]}
                for link, uses in videos.items()
                for key in {use.key for use in uses if use.key} or {link.url}
                if known.get(link.url)
            }
            write_status(path, found)
            Path(self.outdir, "report.md").write_text("".join(report), encoding="utf-8")
        if asker.silent:
            reasons = "; ".join(asker.silent.values())
            stop(f"Some videos could not be asked for: {reasons}.", self.sphinx.statuscode or 2)

    def tell_gone(self, url: str, status: Mapping[str, str], why: str, uses: list[Use]) -> str:
        """Warn of a video that is dead or suspect, and return its item of the report."""
        dead = status["status"] == "dead"
        text = "is dead" if dead else "may be dead; a run on a later day decides"
        seen = f"Last seen working on {status['seen']}." if "seen" in status else "Never seen working."
        start = f"{url} {text} (first found so on {status['since']}). {why} {seen}"
        places = [f"{Path(os.path.relpath(use.path, self.srcdir)).as_posix()}:{use.line}" for use in uses]
        more = f" and {len(places) - MOST_PLACES} more" if len(places) > MOST_PLACES else ""
        message = f"{start} Copies may be at {ARCHIVE}{url} Used at {', '.join(places[:MOST_PLACES])}{more}."
        warn(Check.VIDEO_DEAD if dead else Check.VIDEO_SUSPECT, message, uses[0].path, uses[0].line)
        return f"- {start} Copies may be at <{ARCHIVE}{url}>. Used at `{'`, `'.join(places)}`.\n"


def stop(message: str, code: int = 2) -> NoReturn:
    """End without a traceback, which Sphinx prints below each error."""
    logger.error(message)
    raise SystemExit(code)


def collect_videos(env: BuildEnvironment) -> dict[VideoLink, list[Use]]:
    """Return every video of the list, and then every other one that a page uses, each with its places."""
    pages, videos = env.get_domain("sse").data["videos"], dict[VideoLink, list[Use]]()
    listed = Register.of(env).videos.items()
    uses = [Use(key, link, str(entry.path), entry.line("link")) for key, (entry, link) in listed]
    for use in (*uses, *(use for docname in sorted(pages) for use in pages[docname])):
        videos.setdefault(use.link.video, []).append(use)
    return videos
