"""The online builder `videocheck`: is each video, listed or on a page, still there? Writes status and report."""

import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any
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

from .video_links import VideoLink, parse_video_link
from .videos import HOST_NAMES, Register, Status, Use, today
from .warnings_ import Check, find_line, read_advice, warn

TABLES = Path(__file__).with_name("video_hosts.yaml")
LONGEST_WAIT = 120  # seconds: a host that wants to be left alone for longer is
LARGEST = 1 << 16  # bytes of an answer; oEmbed takes about a thousandth of it


class Patience(Retry):
    """Waits as long as a host asks (`Retry-After`), or leaves it alone if that is too long."""

    def sleep_for_retry(self, response: BaseHTTPResponse) -> bool:
        if (wait := self.get_retry_after(response) or 0) > LONGEST_WAIT:
            raise ResponseError(f"the host asks to be left alone for {wait:.0f} seconds")
        return super().sleep_for_retry(response)


class Asker:
    """Asks the hosts. `silent`: those that did not answer or are not believed, and why; they are not asked again."""

    def __init__(self, settings: Mapping[str, Mapping[str, str]], pause: float) -> None:
        self.tables: dict[str, Any] = yaml.safe_load(TABLES.read_text(encoding="utf-8"))
        self.hosts = {key: {**self.tables[name], **settings.get(key, {})} for key, name in HOST_NAMES.items()}
        self.pause, self.silent, self.session = pause, dict[str, str](), requests.Session()
        self.session.headers["User-Agent"] = f"sse-handbook/{version('sse-handbook')} (do these videos still exist?)"
        patience = Patience(2, status_forcelist=[429, *range(500, 600)], backoff_factor=5 * pause)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=patience))

    def check(self, link: VideoLink) -> tuple[str, str]:
        """Return the status of a video, and why: the first row of its host's table that fits."""
        hidden = link.provider == "vimeo" and "/" in link.id
        rows = self.tables["Vimeo, an address with a hash" if hidden else HOST_NAMES[link.provider]]["answers"]
        found = self.ask("oembed", link)
        fitting = [row[1:] for row in rows if row[0] == "anything else" or found in row[0].split(" or ")]
        picture = "" if fitting[0][0] == "not asked" else self.ask("thumbnail", link)
        return next((status, why) for thumbnail, status, why in fitting if thumbnail in ("not asked", picture))

    def check_host(self, provider: str) -> None:
        """Do not believe a host that does not know a video that is there, or knows one that never was."""
        host = urlsplit(self.hosts[provider]["oembed"]).netloc
        for name, right in (("alive", "alive"), ("never", "dead")):
            known = self.hosts[provider].get(name)
            if known and (status := self.check(VideoLink(provider, known))[0]) != right:
                self.silent.setdefault(host, f"{host} says of {known}, which must be {right}: {status}")

    def ask(self, what: str, link: VideoLink) -> str:
        """Return the answer to a request, as the tables have it."""
        url = self.hosts[link.provider][what].replace("{url}", quote(link.video.url, safe=""))
        url = url.replace("{id}", quote(link.id)).replace("{host}", link.id.partition("/")[0])
        if (host := urlsplit(url).netloc) in self.silent:
            return "no answer"
        time.sleep(self.pause)
        try:
            with self.session.get(url, timeout=(5, 10), allow_redirects=False, stream=True) as response:
                if response.status_code != 200 or what == "thumbnail":
                    return str(response.status_code)
                named = names_video(response.raw.read(LARGEST, decode_content=True), link)
                return "200, names the video" if named else "200, anything else"
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            self.silent[host] = f"{host} does not answer ({type(error).__name__}: {str(error)[:200]})"
            return "no answer"


def names_video(body: bytes, link: VideoLink) -> bool:
    """Tell whether what oEmbed gave names the same video: by its id, or by an address of it."""
    with suppress(ValueError, LookupError, TypeError, RecursionError):  # it is something else
        data = json.loads(body)
        if link.provider == "vimeo":
            return str(data["video_id"]) == link.id.partition("/")[0]
        addresses = re.findall(r"""https?://[^\s"'<>]+""", f"{data.get('html')} {data.get('thumbnail_url')}")
        return any(parse_video_link(address) == link.video for address in addresses)
    return False


def decide_status(before: Status, found: str, day: date) -> Status:
    """Return what to remember. Dead is what two runs agree on, a day apart (a week where it was but suspect)."""
    if found == "unknown":  # it changes nothing
        return before
    seen = str(day) if found.startswith("alive") else before.get("seen")
    known = {"status": found, "checked": str(day)} | ({"seen": seen} if seen else {})
    if found not in ("dead", "suspect"):
        return known
    since = before.get("since", str(day))
    agreed = (day - date.fromisoformat(since)).days >= (1 if found == "dead" else 7)
    return known | {"status": "dead" if agreed or before.get("status") == "dead" else "suspect", "since": since}


class VideoCheckBuilder(DummyBuilder):
    """`sphinx-build -b videocheck`: ends with 1 where a video is dead, and with 2 where hosts could not be asked."""

    name = "videocheck"
    epilog = ""

    def __init__(self, app: Sphinx, env: BuildEnvironment) -> None:
        super().__init__(app, env)
        self.sphinx = app

    def write_documents(self, docnames: object) -> None: ...

    def finish(self) -> None:
        register, report, videos = Register.of(self.env), list[str](), self.collect_videos()
        known, remembered = register.status, dict[str, Status]()
        if known is None:  # that has been told
            self.sphinx.statuscode = 2
            return
        asker = Asker(self.config.sse_videocheck_hosts, self.config.sse_videocheck_pause)
        for provider in {link.provider for link in videos}:
            asker.check_host(provider)
        try:
            for link in status_iterator(videos, "asking hosts... ", length=len(videos), stringify_func=str):
                found, why = asker.check(link)
                status = known[link.url] = decide_status(known.get(link.url, {}), found, today())
                if status.get("status") in ("dead", "suspect"):
                    report.append(self.tell_gone(link.url, status, why, videos[link]))
        finally:  # what has been learnt until then
            for link, uses in videos.items():
                if status := known.get(link.url, {}):
                    remembered |= {use.key or link.url: {"address": link.url, **status} for use in uses}
            text = json.dumps({"videos": remembered}, indent=2, sort_keys=True)
            new = register.status_path.with_suffix(".new")
            new.write_text(f"{text}\n", encoding="utf-8")
            new.replace(register.status_path)  # the file is written whole, or not at all
            Path(self.outdir, "report.md").write_text("".join(report), encoding="utf-8")
        if asker.silent:
            logging.getLogger(__name__).error("Videos could not be asked for: %s.", "; ".join(asker.silent.values()))
        dead = any(status["status"] == "dead" for status in remembered.values())
        self.sphinx.statuscode = 1 if dead else 2 if asker.silent else 0

    def collect_videos(self) -> dict[VideoLink, list[Use]]:
        """Return every video of the list, and then every other one that a page uses, each with its places."""
        videos, pages = dict[VideoLink, list[Use]](), sorted(self.env.get_domain("sse").data["pages"].items())
        listed = Register.of(self.env).videos.items()
        uses = [Use(key, video.link, str(video.entry.path), video.entry.line("link")) for key, video in listed]
        for use in [*uses, *(use for _name, page in pages for use in page["videos"])]:
            videos.setdefault(use.link.video, []).append(use)
        return videos

    def tell_gone(self, url: str, status: Status, why: str, uses: list[Use]) -> str:
        """Warn of a video that is dead or suspect, and return the same for the report."""
        last = f"Last seen working on {status['seen']}." if "seen" in status else "Never seen working."
        places = [(use.path, find_line(use.path, use.line, use.text)) for use in uses]
        shown = ", ".join(f"{Path(os.path.relpath(path, self.srcdir)).as_posix()}:{line}" for path, line in places)
        text = read_advice("videos")[status["status"]].format(url=url, why=why, last=last, places=shown, **status)
        warn(Check.VIDEO_DEAD if status["status"] == "dead" else Check.VIDEO_SUSPECT, text, *places[0])
        return f"- {text}\n"
