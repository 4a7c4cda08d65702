"""From an address to the one video it stands for: pure, offline, and with a hint on how to mend what is wrong.

Three rules hold throughout:

- A known host that shows no single video (`/about`, `/iframe_api`, a playlist) is an error, `not_one_video`. `None` is
  only for a host that is not known, and for other files of the hosts that keep YouTube's thumbnails.
- A host is known by its exact ASCII name. User names in front of it, look-alike letters and other domains are refused.
- PeerTube runs on any host, so its addresses are known by their path: the words and a version 4 UUID must both fit.

No pattern here can go over the same text again and again: a very long address costs time in proportion to its length.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote

# The host must be plain: `@`, brackets, a backslash or a letter outside ASCII never stand in a host that we know.
ADDRESS = re.compile(
    r"(?:(?:[Hh][Tt][Tt][Pp][Ss]?:)?//)?(?P<host>[A-Za-z0-9.-]++)(?P<port>(?::[0-9]*)?)(?P<rest>(?:[/?#&].*)?)", re.S
)
# Only with the semicolon: `&reg` in `&region=` is no escape.
ESCAPE = re.compile(r"&#?[0-9A-Za-z]{1,8};")
AROUND = "<>" + "".join(map(chr, range(0x21)))

# Two letters in front were the countries' pages, until 2012.
YOUTUBE_HOST = re.compile(
    r"(?:(?:www|m|music|gaming|studio|consent|[a-z]{2})\.)?youtube\.com"
    r"|(?:www\.)?(?:youtu\.be|youtube-nocookie\.com|youtubekids\.com|youtube\.googleapis\.com)"
)
YOUTUBE_IMAGE_HOST = re.compile(r"i[0-9]?\.ytimg\.com|img\.youtube\.com")
YOUTUBE_IMAGE_FOLDERS = {"vi", "vi_webp", "vi_lc", "an", "an_webp", "sb"}
# 64 bits in URL-safe base64 (RFC 4648, section 5): the last character carries four of them, so only 16 can stand there.
YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]")
NOT_IN_YOUTUBE_ID = re.compile(r"[^A-Za-z0-9_-]")
PLAYERS = {"embed", "v", "e"}
BEFORE_ID = PLAYERS | {"shorts", "live", "vi", "video"}
# Pages that take the id as `v=`. Others carry a `v=` that is not what they show: `/redirect`, `/playlist`.
VIDEO_PAGES = {"", "watch", "watch_popup", "details", "movie", "ytscreeningroom", "live_chat", "all_comments"}
# Without an id, these are pages of many videos; the other `BEFORE_ID` and `VIDEO_PAGES` are mistakes.
HUBS = {"", "shorts", "live"}
# Pages that only carry the address of another page, and the field it stands in.
CARRIERS = {"attribution_link": "u", "redirect": "q", "signin": "next", "m": "continue", "ml": "continue"}
CARRIERS |= dict.fromkeys(("oembed", "oembed.json", "oembed.xml"), "url")

VIMEO_HOST = re.compile(r"(?:(?:www|m|player)\.)?vimeo\.com|(?:www\.)?vimeopro\.com")
# `…/…/video` is how showcases, albums and vimeopro.com write it.
VIMEO_VIDEO = re.compile(
    r"(?:(?:video|videos|m|manage/videos|channels/[^/]+|ondemand/[^/]+|(?:groups|event)/[^/]+/videos"
    r"|[^/]+/[^/]+/video|[^/]+/(?P<review>review))/)?"
    r"(?P<id>[0-9]+)(?:/(?P<hash>[0-9a-f]{8,20}))?(?P<tail>(?:[^0-9A-Za-z/].*)?)(?:/.*)?",
    re.S,
)
VIMEO_ID = re.compile(r"[1-9][0-9]{0,10}")

# A UUID, or the same number in the alphabet that PeerTube's `short-uuid` takes from Flickr, always in 22 characters.
BASE58 = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
PEERTUBE_PAGE = re.compile(
    r"(?:w|videos/watch|videos/embed|(?P<playlist>w/p|videos/watch/playlist|video-playlists/embed))/"
    rf"(?P<id>[{BASE58}]{{22}}|[0-9A-Fa-f]{{8}}(?:-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}})"
    r"(?:;\w+=\w+)?(?P<tail>(?:[^0-9A-Za-z/].*)?)",  # `;threadId=7` leads to a comment below the video.
    re.S,
)
# Rumble's channels look the same; what the error says is true of them as well.
PEERTUBE_CHANNEL = re.compile(r"(?:c|video-channels)/[^/]+/video(?:s|-playlists)|(?:a|accounts)/[^/]+/video-channels")
PEERTUBE_HOST = re.compile(r"(?:[a-z0-9-]++\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)(?::[0-9]+)?")

START = re.compile(
    r"(?=[0-9])(?:(?P<h>[0-9]{1,4})[hH])?(?:(?P<m>[0-9]{1,5})[mM])?(?:(?P<s>[0-9]{1,6})(?:\.[0-9]+)?[sS]?)?"
    r"(?P<tail>[^0-9A-Za-z]*)"
)
CLOCK = re.compile(r"(?:(?P<h>[0-9]{1,4}):)?(?P<m>[0-9]{1,5}):(?P<s>[0-9]{1,2})")
# A player takes the whole seconds in front of `start=` and nothing else.
PLAYER_START = re.compile(r"[0-9]+(?:\.[0-9]+)?[sS]?/?")

COPY_AGAIN = "Open the video and copy its address again."
Fields = Mapping[str, Sequence[str]]


class VideoLinkError(ValueError):
    """An address on a known video host that does not name one video as it must.

    `code` is one of `id_missing`, `id_length`, `id_alphabet`, `id_last`, `id_twice`, `start`, `start_unused`,
    `not_one_video`. The text says what is wrong; `hint` says how to mend it, with the right address if it is known.
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
    def film(self) -> tuple[str, str]:
        """What is the same for every address of one film: its host's name and its id."""
        return self.provider, self.id

    @property
    def url(self) -> str:
        """The canonical address, start included: `parse_video_link` makes the same link of it again."""
        if self.provider == "youtube":
            return f"https://www.youtube.com/watch?v={self.id}" + (f"&t={self.start}s" if self.start else "")
        if self.provider == "vimeo":
            return f"https://vimeo.com/{self.id}" + (f"#t={self.start}s" if self.start else "")
        host, _, short_id = self.id.partition("/")
        return f"https://{host}/w/{short_id}" + (f"?start={self.start}s" if self.start else "")


def parse_video_link(url: str) -> VideoLink | None:
    """The video that an address stands for, or `None` when its host is not known to have videos.

    `url` is as people write it: with or without a scheme, HTML-escaped, in angle brackets, with a second `?`.
    Raises `VideoLinkError`, and nothing else, when the host is known and the rest is wrong.
    """
    return _parse(url, follow=True)


def _parse(url: str, follow: bool) -> VideoLink | None:
    """As `parse_video_link`; `follow` allows one step from a page that only carries the address of another."""
    # Twice, since an address may have been escaped by its writer and again by a tool.
    for _ in range(2):
        url = ESCAPE.sub(lambda escape: html.unescape(escape[0]), url)
    # Browsers drop line breaks and tabs within an address, and spaces around it.
    written = ADDRESS.fullmatch(re.sub(r"[\t\r\n]", "", url).strip().strip(AROUND))
    if not written:
        return None
    host, rest = written["host"].lower().removesuffix("."), written["rest"]
    before, _, fragment = rest.partition("#")
    # People write a second `?`, or `&` where the first `?` belongs.
    path, *query = re.split(r"[?&]", before)
    steps = [unquote(step) for step in path.split("/") if step]
    fields = parse_qs(fragment.lstrip("!/").replace("?", "&")) | parse_qs("&".join(query))
    if YOUTUBE_IMAGE_HOST.fullmatch(host):
        pictured = bool(steps) and steps[0] in YOUTUBE_IMAGE_FOLDERS
        return VideoLink("youtube", _youtube_id("".join(steps[1:2]))) if pictured else None
    is_youtube = YOUTUBE_HOST.fullmatch(host)
    if not is_youtube and not VIMEO_HOST.fullmatch(host):
        return _peertube(host if written["port"] in ("", ":", ":80", ":443") else host + written["port"], steps, fields)
    carrier = CARRIERS.get(steps[-1].lower()) if steps and follow else None
    # Read from the raw text: the carried address may have `?` and `&` of its own.
    if carrier and (found := re.search(rf"[?&]{carrier}=([^&#]+)", rest)):
        carried = unquote(found[1])
        if link := _parse(host + carried if carried.startswith("/") else carried, follow=False):
            return link
    return _youtube(host, steps, fields) if is_youtube else _vimeo(steps, fields)


def _youtube(host: str, steps: list[str], fields: Fields) -> VideoLink:
    page = steps[0].lower() if steps else ""
    if page in BEFORE_ID:
        ids: Sequence[str] = steps[1:2]
    elif page in VIDEO_PAGES:
        ids = fields.get("v") or fields.get("vi") or steps[1:2]
    elif host.endswith("youtu.be") and page != "playlist" and not page.startswith("@"):
        ids = steps[:1]
    else:
        raise _not_one_video()
    # `videoseries` and `live_stream` have the form of an id, but the player reads them as commands.
    if page == "embed" and ids in (["videoseries"], ["live_stream"]):
        raise _not_one_video()
    if not ids and (page in HUBS or fields.keys() & {"list", "listType"}):
        raise _not_one_video()
    # A slash may close the whole address.
    links = list(dict.fromkeys(VideoLink("youtube", _youtube_id(each.rstrip("/"))) for each in ids or [""]))
    if len(links) > 1:
        hint = f"Use one of them: {links[0].url} or {links[1].url}"
        raise VideoLinkError("id_twice", "The address names more than one video.", hint)
    if page not in PLAYERS:
        return _started(links[0], fields, "t", "start", "time_continue")
    link = _started(links[0], fields, "start", "t", "time_continue")
    if link.start and not PLAYER_START.fullmatch(fields.get("start", [""])[-1]):
        message = "A player's address reads only `start=` in whole seconds: the video would not start where it should."
        raise VideoLinkError("start_unused", message, f"Write `start={link.start}`, or use {link.url}")
    return link


def _youtube_id(written: str) -> str:
    """`written`, when it can be an id. Raises `VideoLinkError` with the id that it may have been."""
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
    mended = base64.urlsafe_b64encode(base64.urlsafe_b64decode(f"{written}=")).decode().rstrip("=")
    hint = f"{COPY_AGAIN} If only the last character is wrong, it is {VideoLink('youtube', mended).url}"
    raise VideoLinkError("id_last", f"{wrong} it cannot end in `{written[-1]}`.", hint)


def _vimeo(steps: list[str], fields: Fields) -> VideoLink:
    # `h=` in a player's address is what stands behind the number elsewhere.
    found = VIMEO_VIDEO.fullmatch("/".join([*steps, *fields.get("h", [])[-1:]]))
    if not found:
        raise _not_one_video()
    if not VIMEO_ID.fullmatch(found["id"]):
        message = f"{_show(found['id'])} cannot be a Vimeo id: it has up to 11 digits, and no zero in front."
        raise VideoLinkError("id_length", message)
    # The hash of a review page opens the review, not the video.
    secret = f"/{found['hash']}" if found["hash"] and not found["review"] else ""
    link = VideoLink("vimeo", found["id"] + secret)
    return _started(_without_tail(link, found["tail"]), fields, "t")


def _peertube(host: str, steps: list[str], fields: Fields) -> VideoLink | None:
    path = "/".join(steps)
    found = PEERTUBE_PAGE.fullmatch(path)
    if not (found or PEERTUBE_CHANNEL.fullmatch(path)) or not PEERTUBE_HOST.fullmatch(host):
        return None
    if not found:
        raise _not_one_video()
    if "-" in found["id"]:
        number = int(found["id"].replace("-", ""), 16)
    else:
        number = sum(BASE58.index(character) * 58**place for place, character in enumerate(reversed(found["id"])))
    # PeerTube takes only version 4 (RFC 9562, section 5.4), which one text in 120 of the right form is by chance.
    if number >> 128 or number >> 76 & 0b1111 != 4 or number >> 62 & 0b11 != 2:
        return None
    if found["playlist"]:
        raise _not_one_video()
    short_id = "".join(BASE58[number // 58**place % 58] for place in reversed(range(22)))
    return _started(_without_tail(VideoLink("peertube", f"{host}/{short_id}"), found["tail"]), fields, "start")


def _started(link: VideoLink, fields: Fields, *names: str) -> VideoLink:
    """`link` with the start in the first of the fields `names` that is there; fractions of a second are dropped.

    Raises `VideoLinkError` when what stands there is no start time.
    """
    written = next((fields[name][-1].strip("/ ") for name in names if name in fields), "")
    if not written:
        return link
    hint = f"Write the start in whole seconds, as in `{names[0]}=95`, or leave it out: {link.url}"
    spelled = START.fullmatch(written)
    if found := spelled or CLOCK.fullmatch(written):
        hours, minutes, seconds = (int(found[unit] or 0) for unit in "hms")
        # The canonical address has no start for 0, so the link has none either.
        mended = replace(link, start=hours * 3600 + minutes * 60 + seconds or None)
        if spelled and not spelled["tail"]:
            return mended
        hint = f"Perhaps it is `{names[0]}={mended.start or 0}`: {mended.url}"
    raise VideoLinkError("start", f"{_show(written)} is no start time.", hint)


def _without_tail(link: VideoLink, tail: str) -> VideoLink:
    """`link`, when nothing hangs behind its id; else raises `VideoLinkError`."""
    if not tail:
        return link
    hint = f"Take away {_show(tail)} at the end: {link.url}"
    raise VideoLinkError("id_alphabet", f"{_show(tail[0])} cannot stand behind an id.", hint)


def _not_one_video() -> VideoLinkError:
    message = "The address is of a playlist, a channel, a search or a page of the host, not of one video."
    return VideoLinkError("not_one_video", message, "Open the video and copy the address from there.")


def _show(text: str) -> str:
    """`text` for a message: short, and with look-alike letters and control characters made visible."""
    return f"`{ascii(text[:40])[1:-1]}`"
