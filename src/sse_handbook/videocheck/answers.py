"""From what came over the wire to an `Answer`: a response and its body, a wish to be left alone, a failure."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3 import exceptions as wire

from ..liveness import Answer, Failure
from ..video_links import VideoLink, VideoLinkError, parse_video_link

BODY = 1 << 16  # the most that is read of an answer; oEmbed takes about a thousandth of it
JSON_TYPE = re.compile(r"(?:application|text)/(?:\w+\+)?json\b", re.I)
ADDRESS = re.compile(r"""https?://[^\s"'<>]+""")
# The first that fits the error, or what it wraps.
FAILURES: tuple[tuple[type[BaseException], Failure], ...] = (
    (requests.exceptions.SSLError, Failure.TLS),
    (requests.exceptions.ProxyError, Failure.NOT_REACHED),
    (wire.NameResolutionError, Failure.DNS),
    (wire.ConnectTimeoutError, Failure.NOT_REACHED),  # refused, too: urllib3 counts that among them
    (requests.Timeout, Failure.TIME_OUT),
    (wire.ReadTimeoutError, Failure.TIME_OUT),
    (wire.ProtocolError, Failure.BROKEN_OFF),
    (requests.exceptions.ChunkedEncodingError, Failure.BROKEN_OFF),
    (requests.ConnectionError, Failure.NOT_REACHED),
)


def read(response: requests.Response, link: VideoLink | None) -> Answer:
    """The answer that a response is; its body counts only where it can be what was asked for."""
    if link is None or response.status_code != 200:
        return Answer(response.status_code)
    if not JSON_TYPE.match(response.headers.get("Content-Type", "")):
        return Answer(200, film=False)
    body = b""
    for part in response.iter_content(1 << 12):
        body += part
        if len(body) > BODY:
            return Answer(failure=Failure.TOO_LARGE)
    try:
        return Answer(200, film=names_film(json.loads(body), link))
    except (ValueError, RecursionError):
        return Answer(200, film=False)


def names_film(data: Any, link: VideoLink) -> bool:
    """Whether what oEmbed gave has a title and names the same video: by its id, or by an address of it."""
    if not (isinstance(data, dict) and isinstance(data.get("title"), str) and data["title"].strip()):
        return False
    if link.provider == "vimeo" and str(data.get("video_id")) == link.id.partition("/")[0]:
        return True
    said = " ".join(
        each for key, each in data.items() if isinstance(each, str) and key in ("html", "thumbnail_url", "url")
    )
    return any(_same(address, link) for address in ADDRESS.findall(said))


def _same(address: str, link: VideoLink) -> bool:
    try:
        found = parse_video_link(address)
    except VideoLinkError:
        return False
    if found and found.provider == link.provider == "vimeo":
        return found.id.partition("/")[0] == link.id.partition("/")[0]
    return found is not None and found.film == link.film


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a host asks for, in either form of RFC 9110 (section 10.2.3); `None` for none, or for nonsense.

    A date is read by the host's own clock, where it shows one.
    """
    wanted = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", wanted):
        return float(wanted)
    try:
        until = parsedate_to_datetime(wanted).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(until - host_time(headers), 0.0)


def host_time(headers: Mapping[str, str]) -> float:
    """What the host's clock shows, in seconds since 1970; that of this machine where the host shows none."""
    with suppress(ValueError, OverflowError):
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    return time.time()


def failure(error: BaseException) -> Failure:
    """The word for what went wrong with a request."""
    cause = getattr(error.args[0], "reason", error.args[0]) if error.args else None
    return next(
        (kind for what, kind in FAILURES if isinstance(error, what) or isinstance(cause, what)), Failure.NO_HTTP
    )
