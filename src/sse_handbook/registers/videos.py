"""Read `videos.yaml` into a `VideoRegister`: each video, what is wrong with it, and what stands twice."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from ..liveness import Remembered, film_address
from ..video_links import VideoLink, VideoLinkError, parse_video_link
from ..warnings import Check, Finding, did_you_mean
from .data_files import Entry, read_entries
from .status_file import StatusFileError, read_memory


@dataclass(frozen=True)
class Video:
    """One video of `videos.yaml`; what each field means stands in `schemas/videos.schema.json`."""

    key: str
    link: VideoLink
    about: str
    source: str
    line: int
    address: str  # as it is written, and on which line
    address_line: int
    labels: tuple[str, ...] = ()
    language: str | None = None
    slides: tuple[int, ...] = ()
    same_as: str | None = None
    same_because: str | None = None


@dataclass
class VideoRegister:
    """All videos by key, and what is wrong with the file."""

    path: Path
    videos: dict[str, Video] = field(default_factory=dict)
    films: dict[tuple[str, str], str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    checks: dict[str, Remembered] = field(default_factory=dict)
    broken: bool = False  # an entry was left out: a key that pages use may be right

    def age(self, key: str) -> float:
        """Days since a video was last seen working; endless for one that never was, or that will be one day."""
        seen = self.checks.get(key, Remembered()).seen
        days = (today() - seen).days if seen else -2
        return days if days >= -1 else float("inf")  # one day is the difference between two places on Earth

    def film(self, link: VideoLink | None) -> Video | None:
        """The first entry for the same video, whatever its start."""
        return self.videos[self.films[link.film]] if link and link.film in self.films else None


def today() -> date:
    """The day of the build: `SOURCE_DATE_EPOCH` where it is set, so that a build can be repeated."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC).date() if epoch else datetime.now(UTC).date()


def read_checks(path: Path, register: VideoRegister) -> dict[str, Remembered]:
    """What the online check last found of each video, from `video-status.json`, which only that check writes.

    It decides nothing but a note and a line on a card: a file that cannot be read says nothing, and what was found
    of another video that had the same key does not count.
    """
    try:
        memory = read_memory(path)
    except StatusFileError:
        return {}
    films = {key: film_address(video.link) for key, video in register.videos.items()}
    return {key: found for key, found in memory.items() if key in films and found.address in ("", films[key])}


def read_videos(path: Path) -> VideoRegister:
    """Read `videos.yaml`; a file that does not exist is an empty register."""
    register = VideoRegister(path)
    if not path.exists():
        return register
    for item in read_entries(path, "videos"):
        if isinstance(item, Finding):
            register.findings.append(item)
            register.broken = True
            continue
        try:
            link = parse_video_link(item.value["link"])
        except VideoLinkError as error:
            register.findings.append(Finding.at(Check.VIDEO_ADDRESS, f"{error} {error.hint}", path, item.line("link")))
            register.broken = True
            continue
        if link is None:
            message = f"`{item.value['link']}` is no address of one video on a host we know."
            register.findings.append(Finding.at(Check.VIDEO_ADDRESS, message, path, item.line("link")))
            continue
        same = item.value.get("same_as", {})
        video = Video(
            key=item.key,
            link=link,
            about=item.value["about"],
            source=item.value["from"],
            line=item.line(),
            address=item.value["link"],
            address_line=item.line("link"),
            labels=tuple(item.value.get("labels", ())),
            language=item.value.get("language"),
            slides=tuple(item.value.get("slides", ())),
            same_as=same.get("key"),
            same_because=same.get("because"),
        )
        register.findings += _conflicts(video, register.videos.values(), item)
        register.videos[item.key] = video
        register.films.setdefault(link.film, item.key)
    return register


def _conflicts(video: Video, earlier: Collection[Video], entry: Entry) -> Iterator[Finding]:
    for other in earlier:
        same_film = other.link.film == video.link.film
        if same_film and video.same_as is None and other.same_as != video.key:
            message = (
                f"`{video.key}` is the same video as `{other.key}` (line {other.line}). "
                f"Keep one of them, or add `same_as:` with `key: {other.key}` and `because:`."
            )
            yield Finding.at(Check.VIDEO_DUPLICATE, message, entry.path, entry.line("link"))
        if other.key == video.same_as and not same_film:
            message = f"`same_as` names `{other.key}`, which is another video. Delete it, or mend one of the two links."
            yield Finding.at(Check.VIDEO_DUPLICATE, message, entry.path, entry.line("same_as", "key"))
        for label in sorted(set(video.labels) & set(other.labels)):
            message = f"The label “{label}” stands at `{other.key}` too (line {other.line}). Give it to one of them."
            yield Finding.at(Check.VIDEO_DUPLICATE, message, entry.path, entry.line("labels"))
    known = {other.key for other in earlier}
    if video.same_as is not None and video.same_as not in known:
        message = f"`same_as` names `{video.same_as}`, which does not stand above.{did_you_mean(video.same_as, known)}"
        yield Finding.at(Check.REGISTER, message, entry.path, entry.line("same_as", "key"))
