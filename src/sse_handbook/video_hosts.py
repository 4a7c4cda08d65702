"""Ask the host of a video if it is still there, as `video_hosts.yaml` says (online).

A host's page answers 200 for a dead video too, so its data (oEmbed) and the video's picture (thumbnail) are asked for,
one video after the other.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
import yaml
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, ResponseError
from urllib3.util import Retry

from .video_links import VideoLink, parse_video_link
from .videos import HOST_NAMES

HOSTS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("video_hosts.yaml").read_text(encoding="utf-8"))
PASSING = (429, 500, 502, 503, 504)  # what may be over in a moment
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
        self.hosts = {key: {**HOSTS[name], **settings.get(key, {})} for key, name in HOST_NAMES.items()}
        self.pause, self.silent, self.session = pause, dict[str, str](), requests.Session()
        self.session.headers["User-Agent"] = f"sse-handbook/{version('sse-handbook')} (do these videos still exist?)"
        patience = Patience(2, status_forcelist=PASSING, backoff_factor=5 * pause, raise_on_status=False)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=patience))

    def check(self, link: VideoLink) -> tuple[str, str]:
        """Return the status of a video, and why: the first row of its host's table that fits."""
        hidden = link.provider == "vimeo" and "/" in link.id
        rows = HOSTS["Vimeo, an address with a hash" if hidden else HOST_NAMES[link.provider]]["answers"]
        found, picture = self.ask("oembed", link), ""
        for oembed, thumbnail, status, why in rows:
            if oembed == "anything else" or found in oembed.split(" or "):
                if thumbnail != "not asked":
                    picture = picture or self.ask("thumbnail", link)
                if thumbnail in ("not asked", picture):
                    return status, why
        raise LookupError(found)  # the last row fits all

    def check_host(self, provider: str) -> None:
        """Do not believe a host that does not know a video that is there, or knows one that never was."""
        host = urlsplit(self.hosts[provider]["oembed"]).netloc
        for name, right in (("alive", "alive"), ("never", "dead")):
            if known := self.hosts[provider].get(name):
                status, _why = self.check(VideoLink(provider, known))
                if status != right:
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
    with suppress(ValueError, LookupError, TypeError, RecursionError):  # it is something else
        data = json.loads(body)
        if not str(data["title"] or "").strip():
            return False
        if link.provider == "vimeo":
            return str(data["video_id"]) == link.id.partition("/")[0]
        addresses = re.findall(r"""https?://[^\s"'<>]+""", f"{data.get('html')} {data.get('thumbnail_url')}")
        return any(parse_video_link(address) == link.video for address in addresses)
    return False
