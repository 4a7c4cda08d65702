"""From an address to the one video it stands for: pure, offline, and with a hint on how to fix what is wrong.

A host is known by its exact ASCII name; PeerTube runs on any host, so it is known by the path, with a version 4 UUID.
No pattern here can go over the same text again and again: a very long address costs time in proportion to its length.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote
from uuid import UUID

# The host must be plain: `@`, brackets, a backslash or a letter outside ASCII never stand in a host that we know.
ADDRESS = re.compile(
    r"(?:(?:[Hh][Tt][Tt][Pp][Ss]?:)?//)?(?P<host>[A-Za-z0-9.-]++)(?P<port>(?::[0-9]*)?)(?P<rest>(?:[/?#&].*)?)", re.S
)
# Only with the semicolon: `&reg` in `&region=` is no escape.
ESCAPE = re.compile(r"&#?[0-9A-Za-z]{1,8};")
AROUND = "<>" + "".join(map(chr, range(0x21)))

# Two letters in front were the countries' pages, until 2012.
YOUTUBE_HOST = re.compile(
    r"(?:(?:www|m|music|gaming|studio|[a-z]{2})\.)?youtube\.com"
    r"|(?:www\.)?(?:youtu\.be|youtube-nocookie\.com|youtubekids\.com|youtube\.googleapis\.com)"
)
YOUTUBE_IMAGE_HOST = re.compile(r"i[0-9]?\.ytimg\.com|img\.youtube\.com")
# 64 bits in URL-safe base64 (RFC 4648, section 5): the last character carries four of them, so only 16 can stand there.
YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]")
NOT_IN_YOUTUBE_ID = re.compile(r"[^A-Za-z0-9_-]")
PLAYERS = {"embed", "v", "e"}
BEFORE_ID = PLAYERS | {"shorts", "live", "vi", "video"}
# Pages that take the id as `v=`. Others have a `v=` that is not what they show (`/redirect`, `/playlist`).
VIDEO_PAGES = {"", "watch", "watch_popup", "details", "movie", "ytscreeningroom", "live_chat", "all_comments"}
HUBS = {"", "shorts", "live"}  # without an id, pages of many videos; the others are mistakes

VIMEO_HOST = re.compile(r"(?:(?:www|m|player)\.)?vimeo\.com|(?:www\.)?vimeopro\.com")
# `…/…/video` is how showcases, albums and vimeopro.com write it.
VIMEO_VIDEO = re.compile(
    r"(?:(?:video|videos|m|manage/videos|channels/[^/]+|ondemand/[^/]+|(?:groups|event)/[^/]+/videos"
    r"|[^/]+/[^/]+/video|[^/]+/(?P<review>review))/)?"
    r"(?P<id>[1-9][0-9]{0,10})(?:/(?P<hash>[0-9a-f]{8,20}))?(?P<tail>(?:[^0-9A-Za-z/].*)?)(?:/.*)?",
    re.S,
)

# A UUID, or the same number in the alphabet that PeerTube's `short-uuid` takes from Flickr; then perhaps a comment's.
BASE58 = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
PEERTUBE_PAGE = re.compile(
    r"(?:w|videos/watch|videos/embed)/(?P<id>[0-9A-Fa-f-]{36}|[0-9A-Za-z]{22})(?:;\w+=\w+)?(?P<tail>(?:[^0-9A-Za-z/].*)?)",
    re.S,
)
PEERTUBE_HOST = re.compile(r"(?:[a-z0-9-]++\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)(?::[0-9]+)?")

START = re.compile(
    r"(?=[0-9])(?:(?P<h>[0-9]{1,4})[hH])?(?:(?P<m>[0-9]{1,5})[mM])?(?:(?P<s>[0-9]{1,6})(?:\.[0-9]+)?[sS]?)?"
    r"(?P<tail>[^0-9A-Za-z]*)"
)
CLOCK = re.compile(r"(?:(?P<h>[0-9]{1,4}):)?(?P<m>[0-9]{1,5}):(?P<s>[0-9]{1,2})")
# A player takes the whole seconds in front of `start=` and nothing else.
PLAYER_START = re.compile(r"[0-9]+(?:\.[0-9]+)?[sS]?/?")

COPY_AGAIN = "Open the video and copy its address again."
NOT_ONE_VIDEO = "not_one_video", "The address is of a playlist, a channel, a search or another page, not of one video."
Fields = Mapping[str, Sequence[str]]


class VideoLinkError(ValueError):
    """An address on a known video host that does not name one video as it must.

    `code` is `id_missing`, `id_length`, `id_alphabet`, `id_last`, `start`, `start_unused` or `not_one_video`; the text
    says what is wrong, and `hint` how to fix it, with the right address if it is known.
    """

    def __init__(self, code: str, message: str, hint: str = COPY_AGAIN) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


@dataclass(frozen=True)
class VideoLink:
    """One video: `provider` is `youtube`, `vimeo` or `peertube`; `start` is in whole seconds, `None` if there is none.

    The `id` of a hidden Vimeo video is `number/hash`; that of a PeerTube video is `host/short id`.
    """

    provider: str
    id: str
    start: int | None = None

    @property
    def video(self) -> VideoLink:
        """The same for every address of one video: from its beginning."""
        return replace(self, start=None)

    @property
    def url(self) -> str:
        """The canonical address, start included: `parse_video_link` makes the same link of it again."""
        url, start = {
            "youtube": (f"https://www.youtube.com/watch?v={self.id}", "&t="),
            "vimeo": (f"https://vimeo.com/{self.id}", "#t="),
            "peertube": (f"https://{self.id.replace('/', '/w/')}", "?start="),
        }[self.provider]
        return f"{url}{start}{self.start}s" if self.start else url


def parse_video_link(url: str) -> VideoLink | None:
    """Return the video that an address stands for, or `None` when its host is not known to have videos.

    `url` is as people write it: with or without a scheme, HTML-escaped, in angle brackets, with a second `?`.
    Raises `VideoLinkError`, and nothing else, when the host is known and the rest is wrong: no single video, a slip.
    """
    # Twice, since an address may have been escaped by its writer and again by a tool.
    for _ in range(2):
        url = ESCAPE.sub(lambda escape: html.unescape(escape[0]), url)
    # Browsers drop line breaks and tabs within an address, and spaces around it.
    written = ADDRESS.fullmatch(re.sub(r"[\t\r\n]", "", url).strip().strip(AROUND))
    if not written:
        return None
    host = written["host"].lower().removesuffix(".")
    before, _, fragment = written["rest"].partition("#")
    # People write a second `?`, or `&` where the first `?` belongs.
    path, *query = re.split(r"[?&]", before)
    steps = [unquote(step) for step in path.split("/") if step]
    fields = parse_qs(fragment.lstrip("!/").replace("?", "&")) | parse_qs("&".join(query))
    if YOUTUBE_IMAGE_HOST.fullmatch(host):
        is_picture = len(steps) > 1 and steps[0].startswith(("vi", "an", "sb"))
        return VideoLink("youtube", _check_youtube_id(steps[1])) if is_picture else None
    if YOUTUBE_HOST.fullmatch(host):
        return _parse_youtube(host, steps, fields)
    if VIMEO_HOST.fullmatch(host):
        return _parse_vimeo(steps, fields)
    port = "" if written["port"] in (":", ":80", ":443") else written["port"]
    return _parse_peertube(host + port, steps, fields)


def _parse_youtube(host: str, steps: list[str], fields: Fields) -> VideoLink:
    page = steps[0].lower() if steps else ""
    if page in BEFORE_ID:
        ids: Sequence[str] = steps[1:2]
    elif page in VIDEO_PAGES:
        ids = fields.get("v") or fields.get("vi") or steps[1:2]
    elif host.endswith("youtu.be") and page != "playlist" and not page.startswith("@"):
        ids = steps[:1]
    else:
        raise VideoLinkError(*NOT_ONE_VIDEO)
    # `videoseries` and `live_stream` have the form of an id, but the player reads them as commands.
    commands = page == "embed" and ids in (["videoseries"], ["live_stream"])
    if commands or (not ids and (page in HUBS or fields.keys() & {"list", "listType"})):
        raise VideoLinkError(*NOT_ONE_VIDEO)
    link = VideoLink("youtube", _check_youtube_id(ids[0].rstrip("/") if ids else ""))  # a slash may close the address
    if page not in PLAYERS:
        return _add_start(link, fields, "t", "start", "time_continue")
    link = _add_start(link, fields, "start", "t", "time_continue")
    if link.start and not PLAYER_START.fullmatch(fields.get("start", [""])[-1]):
        message = "A player's address reads only `start=` in whole seconds: the video would not start where it should."
        raise VideoLinkError("start_unused", message, f"Write `start={link.start}`, or use {link.url}")
    return link


def _check_youtube_id(written: str) -> str:
    """Return `written`, when it can be an id; raise `VideoLinkError` with the id that it may have been."""
    if YOUTUBE_ID.fullmatch(written):
        return written
    if not written:
        raise VideoLinkError("id_missing", "The address names no video.")
    hint = f"An id has 11 letters from A to Z, digits, `_` and `-`. {COPY_AGAIN}"
    if YOUTUBE_ID.fullmatch(written[:11]):
        hint = f"Take away {_show(written[11:])} at the end: {VideoLink('youtube', written[:11]).url}"
    elif YOUTUBE_ID.fullmatch(cleaned := NOT_IN_YOUTUBE_ID.sub("", written)):
        hint = f"Perhaps it is {VideoLink('youtube', cleaned).url}"
    wrong = f"{_show(written)} cannot be a YouTube id:"
    if strange := NOT_IN_YOUTUBE_ID.search(written):
        raise VideoLinkError("id_alphabet", f"{wrong} {_show(strange[0])} is not allowed in one.", hint)
    if len(written) != 11:
        raise VideoLinkError("id_length", f"{wrong} it has {len(written)} characters.", hint)
    likely = base64.urlsafe_b64encode(base64.urlsafe_b64decode(f"{written}=")).decode().rstrip("=")
    hint = f"{COPY_AGAIN} If only the last character is wrong, it is {VideoLink('youtube', likely).url}"
    raise VideoLinkError("id_last", f"{wrong} it cannot end in `{written[-1]}`.", hint)


def _parse_vimeo(steps: list[str], fields: Fields) -> VideoLink:
    # `h=` in a player's address is what stands behind the number elsewhere.
    found = VIMEO_VIDEO.fullmatch("/".join([*steps, *fields.get("h", [])[-1:]]))
    if not found:
        raise VideoLinkError(*NOT_ONE_VIDEO)
    # The hash of a review page opens the review, not the video.
    secret = f"/{found['hash']}" if found["hash"] and not found["review"] else ""
    return _add_start(VideoLink("vimeo", found["id"] + secret), fields, "t", tail=found["tail"])


def _parse_peertube(host: str, steps: list[str], fields: Fields) -> VideoLink | None:
    found = PEERTUBE_PAGE.fullmatch("/".join(steps))
    if not found or not PEERTUBE_HOST.fullmatch(host):
        return None
    name = found["id"]
    try:  # what is not of the alphabet, or has more than 128 bits, is no id
        number = (
            UUID(name).int
            if "-" in name
            else sum(BASE58.index(character) * 58**place for place, character in enumerate(reversed(name)))
        )
        if UUID(int=number).version != 4:  # RFC 9562, section 5.4: one text in 120 of the right form is by chance
            return None
    except ValueError:
        return None
    short_id = "".join(BASE58[number // 58**place % 58] for place in reversed(range(22)))
    return _add_start(VideoLink("peertube", f"{host}/{short_id}"), fields, "start", tail=found["tail"])


def _add_start(link: VideoLink, fields: Fields, *names: str, tail: str = "") -> VideoLink:
    """Return `link` with the start in the first of the fields `names` that is there; fractions of a second are dropped.

    Raises `VideoLinkError` when that is no start time, or when a `tail` hangs behind the id.
    """
    if tail:
        hint = f"Take away {_show(tail)} at the end: {link.url}"
        raise VideoLinkError("id_alphabet", f"{_show(tail[0])} cannot stand behind an id.", hint)
    written = next((fields[name][-1].strip("/ ") for name in names if name in fields), "")
    if not written:
        return link
    hint = f"Write the start in whole seconds, as in `{names[0]}=95`, or leave it out: {link.url}"
    spelled = START.fullmatch(written)
    if found := spelled or CLOCK.fullmatch(written):
        hours, minutes, seconds = (int(found[unit] or 0) for unit in "hms")
        # The canonical address has no start for 0, so the link has none either.
        right = replace(link, start=hours * 3600 + minutes * 60 + seconds or None)
        if spelled and not spelled["tail"]:
            return right
        hint = f"Perhaps it is `{names[0]}={right.start or 0}`: {right.url}"
    raise VideoLinkError("start", f"{_show(written)} is no start time.", hint)


def _show(text: str) -> str:
    return f"`{ascii(text[:40])[1:-1]}`"  # short, with look-alike letters and control characters made visible
