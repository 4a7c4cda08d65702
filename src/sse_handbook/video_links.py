"""From an address to the one video it stands for: pure, offline, and with a hint on how to fix what is wrong."""

import base64
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import reduce
from urllib.parse import parse_qs, unquote
from uuid import UUID

# No pattern here goes over a text again and again: a very long address costs time in proportion to its length.
# The host must be plain: `@`, brackets, a backslash or a letter outside ASCII never stand in a host that we know.
ADDRESS = re.compile(r"(?ais)(?:(?:https?:)?//)?(?P<host>[a-z0-9.-]++)(?::(?:80|443)?)?(?P<rest>(?:[/?#&].*)?)")
YOUTUBE_HOST = re.compile(  # two letters in front were the countries' pages, until 2012
    r"(?:(?:www|m|music|gaming|studio|[a-z]{2})\.)?youtube\.com"
    r"|(?:www\.)?(?:youtu\.be|youtube-nocookie\.com|youtubekids\.com|youtube\.googleapis\.com)"
    r"|i[0-9]?\.ytimg\.com|img\.youtube\.com"  # of pictures
)
# 64 bits in URL-safe base64 (RFC 4648, section 5): the last character carries four of them, so only 16 can stand there.
YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]")
NOT_IN_YOUTUBE_ID = re.compile(r"[^A-Za-z0-9_-]")
BEFORE_ID = {"embed", "v", "e", "shorts", "live", "video", "vi", "vi_webp", "an", "an_webp", "sb"}  # then pictures
# Pages that take the id as `v=`. Others have a `v=` that is not what they show (`/redirect`, `/playlist`).
VIDEO_PAGES = {"", "watch", "watch_popup", "live_chat"}

VIMEO_HOST = re.compile(r"(?:(?:www|m|player)\.)?vimeo\.com|(?:www\.)?vimeopro\.com")
VIMEO_VIDEO = re.compile(  # `…/…/video` is how showcases, albums and vimeopro.com write it
    r"(?s)(?:(?:video|manage/videos|channels/[^/]+|ondemand/[^/]+|(?:groups|event)/[^/]+/videos|[^/]+/[^/]+/video)/)?"
    r"(?P<id>[1-9][0-9]{0,10}(?:/[0-9a-f]{8,20})?)(?P<tail>(?:[^0-9A-Za-z/].*)?)(?:/.*)?"
)

# PeerTube runs on any host, so its path counts: a UUID, or the number in Flickr's alphabet; then perhaps a comment's.
BASE58 = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
PEERTUBE_PAGE = re.compile(
    r"(?s)(?:w|videos/watch|videos/embed)/(?P<id>[0-9a-fA-F-]{36}|\w{22})(?:;\w+=\w+)?(?P<tail>(?:[^0-9A-Za-z/].*)?)"
)
PEERTUBE_HOST = re.compile(r"(?:[a-z0-9-]++\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)")

# For a host with a slip in its name: what it may have been, and what is like the id of a video.
HOSTS = ("youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be", "vimeo.com", "player.vimeo.com")
LIKE_ID = re.compile(r"[/=][\w-]{11}(?![\w-])|/\d{6}")

START_FIELDS = ("start", "t", "time_continue")
START = re.compile(
    r"(?=[0-9])(?:(?P<h>[0-9]{1,4})[hH])?(?:(?P<m>[0-9]{1,5})[mM])?(?:(?P<s>[0-9]{1,6})(?:\.[0-9]+)?[sS]?)?/?"
)

COPY_AGAIN = "Open the video and copy its address again."
NOT_ONE_VIDEO = "not_one_video", "The address is of a playlist, a channel, a search or another page, not of one video."
Fields = dict[str, list[str]]


class VideoLinkError(ValueError):
    """What is wrong with an address; `hint` says how to fix it, with the right address if it is known."""

    def __init__(self, code: str, message: str, hint: str = COPY_AGAIN) -> None:
        super().__init__(message)
        self.code, self.hint = code, hint


@dataclass(frozen=True)
class VideoLink:
    provider: str  # `youtube`, `vimeo` or `peertube`
    id: str  # of a hidden Vimeo video `number/hash`, of a PeerTube video `host/short id`
    start: int | None = None  # in whole seconds

    @property
    def video(self) -> "VideoLink":
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

    `url` is as people write it: no scheme, `&amp;`, line breaks, angle brackets, a second `?` or none. Raises
    `VideoLinkError`, and nothing else, when the host is known and the rest is wrong, or when the host has a slip.
    """
    written = ADDRESS.fullmatch("".join(url.split()).replace("&amp;", "&").strip("<>"))
    if not written:
        return None
    host = written["host"].lower().removesuffix(".")
    before, _, fragment = written["rest"].partition("#")
    path, *query = re.split(r"[?&]", before)
    steps = [unquote(step) for step in path.split("/") if step]
    fields = parse_qs(fragment.lstrip("!/").replace("?", "&")) | parse_qs("&".join(query))
    if YOUTUBE_HOST.fullmatch(host):
        return _parse_youtube(host, steps, fields)
    if VIMEO_HOST.fullmatch(host):
        return _parse_vimeo(steps, fields)
    if link := _parse_peertube(host, steps, fields):
        return link
    near = get_close_matches(host, HOSTS, 1, 0.8) if LIKE_ID.search(before) else []
    if near and (link := parse_video_link(near[0] + written["rest"])):
        raise VideoLinkError("host", f"{_show(host)} shows no videos that we know.", f"Perhaps it is {link.url}")
    return None


def _parse_youtube(host: str, steps: list[str], fields: Fields) -> VideoLink:
    page = steps[0].lower() if steps else ""
    ids: list[str] = []
    if page in BEFORE_ID:
        ids = steps[1:2]
    elif page in VIDEO_PAGES:
        ids = fields.get("v") or fields.get("vi") or steps[1:2]
    elif host.endswith("youtu.be") and page != "playlist" and not page.startswith("@"):
        ids = steps[:1]
    if not ids or ids[0] in ("videoseries", "live_stream"):  # commands to the player
        raise VideoLinkError(*NOT_ONE_VIDEO)
    return _add_start(VideoLink("youtube", _check_youtube_id(ids[0].rstrip("/"))), fields)  # a slash may close it


def _check_youtube_id(written: str) -> str:
    """Return `written`, when it can be an id; raise `VideoLinkError` with the id that it may have been."""
    if YOUTUBE_ID.fullmatch(written):
        return written
    if strange := NOT_IN_YOUTUBE_ID.search(written):
        code, fault = "id_alphabet", f"{_show(strange[0])} is not allowed in one"
    elif len(written) != 11:
        code, fault = "id_length", f"it has {len(written)} characters, and not 11"
    else:
        code, fault = "id_last", f"it cannot end in `{written[-1]}`"
    likely, hint = NOT_IN_YOUTUBE_ID.sub("", written)[:11], COPY_AGAIN
    if len(likely) == 11:
        likely = base64.urlsafe_b64encode(base64.urlsafe_b64decode(f"{likely}=")).decode().rstrip("=")
        hint += f" Perhaps it is {VideoLink('youtube', likely).url}"
    raise VideoLinkError(code, f"{_show(written)} cannot be a YouTube id: {fault}.", hint)


def _parse_vimeo(steps: list[str], fields: Fields) -> VideoLink:
    # `h=` in a player's address is what stands behind the number elsewhere.
    found = VIMEO_VIDEO.fullmatch("/".join([*steps, *fields.get("h", [])[-1:]]))
    if not found:
        raise VideoLinkError(*NOT_ONE_VIDEO)
    return _add_start(VideoLink("vimeo", found["id"]), fields, found["tail"])


def _parse_peertube(host: str, steps: list[str], fields: Fields) -> VideoLink | None:
    found = PEERTUBE_PAGE.fullmatch("/".join(steps))
    if not found or not PEERTUBE_HOST.fullmatch(host):
        return None
    name = found["id"]
    try:  # what is not of the alphabet, or has more than 128 bits, is no id
        number = UUID(name).int if "-" in name else reduce(lambda high, low: high * 58 + BASE58.index(low), name, 0)
        version = UUID(int=number).version
    except ValueError:
        return None
    short_id = "".join(BASE58[number // 58**place % 58] for place in reversed(range(22)))
    # RFC 9562, section 5.4: of other texts of the right form, one in 120 has the version by chance.
    return _add_start(VideoLink("peertube", f"{host}/{short_id}"), fields, found["tail"]) if version == 4 else None


def _add_start(link: VideoLink, fields: Fields, tail: str = "") -> VideoLink:
    """Return `link` with the start in the fields; raise `VideoLinkError` if it is none, or a `tail` follows the id."""
    if tail:
        raise VideoLinkError("id_alphabet", f"{_show(tail)} cannot stand behind an id.", f"Perhaps it is {link.url}")
    field, written = next(((name, fields[name][-1].strip()) for name in START_FIELDS if name in fields), ("", ""))
    if not written:
        return link
    if not (found := START.fullmatch(written)):
        hint = f"Write it in whole seconds, as in `{field}=95`, or leave it out: {link.url}"
        raise VideoLinkError("start", f"{_show(written)} is no start time.", hint)
    hours, minutes, seconds = (int(found[unit] or 0) for unit in "hms")
    # The canonical address has no start for 0, so the link has none either.
    return replace(link, start=hours * 3600 + minutes * 60 + seconds or None)


def _show(text: str) -> str:
    return f"`{ascii(text[:40])[1:-1]}`"  # short, with look-alike letters and control characters made visible
