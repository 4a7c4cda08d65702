"""Read the registers in `docs/data` into frozen dataclasses that know the line each entry stands on.

Nothing that a file holds raises: what is wrong becomes a `Finding` with file and line, and the rest is used.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from .video_links import VideoLink, VideoLinkError, parse_video_link
from .warnings import Check, Finding, did_you_mean


class _PlainLoader(yaml.SafeLoader):
    """YAML as JSON knows it: dates stay text, so that a bad date is our finding and not the parser's."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Entry:
    """One entry of a register as it stands in its file."""

    key: str
    value: Mapping[str, Any]
    path: Path
    node: yaml.Node
    key_line: int = 1

    def line(self, *steps: str | int) -> int:
        """The line of a field, or of the nearest thing around it that the file has."""
        node, line = self.node, self.key_line - 1
        for step in steps:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == step), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
        return line + 1


@dataclass(frozen=True)
class Video:
    """One video of `videos.yaml`; what each field means stands in `schemas/videos.schema.json`."""

    key: str
    link: VideoLink
    about: str
    source: str
    line: int
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
    findings: list[Finding] = field(default_factory=list)

    def by_id(self, link: VideoLink) -> Video | None:
        """The first entry for the same film, whatever its start."""
        return next((v for v in self.videos.values() if (v.link.provider, v.link.id) == (link.provider, link.id)), None)


def read_videos(path: Path) -> VideoRegister:
    """Read `videos.yaml`; a file that does not exist is an empty register."""
    register = VideoRegister(path)
    if not path.exists():
        return register
    for item in _entries(path, "videos"):
        if isinstance(item, Finding):
            register.findings.append(item)
            continue
        try:
            link = parse_video_link(item.value["link"])
        except VideoLinkError as error:
            register.findings.append(Finding(Check.VIDEO_ADDRESS, f"{error} {error.hint}", path, item.line("link")))
            continue
        if link is None:
            message = f"`{item.value['link']}` is no address of one video on a host we know."
            register.findings.append(Finding(Check.VIDEO_ADDRESS, message, path, item.line("link")))
            continue
        same = item.value.get("same_as", {})
        video = Video(
            key=item.key,
            link=link,
            about=item.value["about"],
            source=item.value["from"],
            line=item.line(),
            labels=tuple(item.value.get("labels", ())),
            language=item.value.get("language"),
            slides=tuple(item.value.get("slides", ())),
            same_as=same.get("key"),
            same_because=same.get("because"),
        )
        register.findings += _conflicts(video, register.videos.values(), item)
        register.videos[item.key] = video
    return register


def _conflicts(video: Video, earlier: Collection[Video], entry: Entry) -> Iterator[Finding]:
    for other in earlier:
        same_film = (other.link.provider, other.link.id) == (video.link.provider, video.link.id)
        if same_film and video.same_as is None and other.same_as != video.key:
            message = (
                f"`{video.key}` is the same film as `{other.key}` (line {other.line}). "
                f"Keep one of them, or add `same_as:` with `key: {other.key}` and `because:`."
            )
            yield Finding(Check.VIDEO_DUPLICATE, message, entry.path, entry.line("link"))
        if other.key == video.same_as and not same_film:
            message = f"`same_as` names `{other.key}`, which is another film. Delete it, or mend one of the two links."
            yield Finding(Check.VIDEO_DUPLICATE, message, entry.path, entry.line("same_as", "key"))
        for label in sorted(set(video.labels) & set(other.labels)):
            message = f"The label “{label}” stands at `{other.key}` too (line {other.line}). Give it to one of them."
            yield Finding(Check.VIDEO_DUPLICATE, message, entry.path, entry.line("labels"))
    known = {other.key for other in earlier}
    if video.same_as is not None and video.same_as not in known:
        message = f"`same_as` names `{video.same_as}`, which does not stand above.{did_you_mean(video.same_as, known)}"
        yield Finding(Check.REGISTER, message, entry.path, entry.line("same_as", "key"))


class _UnreadableError(Exception):
    """The whole file is of no use; `line` counts from 1 where the fault has one."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def _entries(path: Path, schema: str) -> Iterator[Entry | Finding]:
    """The valid entries of a YAML file that maps keys to entries, and a finding for each fault."""
    try:
        root, value = _parse(path)
    except _UnreadableError as error:
        yield Finding(Check.REGISTER, str(error), path, error.line)
        return
    yield from _duplicate_keys(root, path)
    rules = (files(__package__) / f"schemas/{schema}.schema.json").read_text(encoding="utf-8")
    whole = Entry("", value, path, root)
    broken: set[str | int] = set()
    problems = Draft202012Validator(json.loads(rules)).iter_errors(value)
    for problem in sorted(problems, key=lambda each: [str(step) for step in each.absolute_path]):
        steps = list(problem.absolute_path)
        broken.add(steps[0] if steps else str(problem.instance))
        name = ".".join(str(step) for step in steps)
        yield Finding(Check.REGISTER, f"`{name or path.name}`: {_plain(problem.message)}", path, whole.line(*steps))
    # Of two entries with one key YAML keeps the last, and so do we.
    for key, (key_node, node) in {pair[0].value: pair for pair in root.value}.items():
        if key not in broken and key in value:
            yield Entry(key, value[key], path, node, _line(key_node))


def _parse(path: Path) -> tuple[yaml.MappingNode, Mapping[str, Any]]:
    """The nodes and the values of a YAML file; raises `_UnreadableError`, and nothing else."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise _UnreadableError(f"The register cannot be read: {error.strerror}. It must be a file of text.") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _UnreadableError("The register is not UTF-8 here. Save the file as UTF-8.", line) from None
    try:
        for event in yaml.parse(text, Loader=_PlainLoader):
            if isinstance(event, yaml.AliasEvent):
                message = f"`*{event.anchor}`: references inside a register are not read. Write it out."
                raise _UnreadableError(message, _line(event))
        loader = _PlainLoader(text)
        root = loader.get_single_node()
        if root is None:
            raise _UnreadableError("The register is empty. Add an entry, or delete the file.")
        if not isinstance(root, yaml.MappingNode):
            message = "The register must map keys to entries (`key:` and, below it, its fields)."
            raise _UnreadableError(message, _line(root))
        return root, loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"This is not YAML: {error.problem or error.context}."
        raise _UnreadableError(message, mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise _UnreadableError("YAML does not allow a character on this line. Delete it.", line) from None
    except (RecursionError, ValueError) as error:
        message = f"The register cannot be read as data ({type(error).__name__}). Write plain text and lists."
        raise _UnreadableError(message) from None


def _plain(message: str) -> str:
    """A schema message short enough to read: a cell of a megabyte is not repeated."""
    return f"{message[:200]}…" if len(message) > 200 else f"{message}."


def _line(thing: Any) -> int:
    return int(thing.start_mark.line) + 1


def _duplicate_keys(node: yaml.Node, path: Path) -> Iterator[Finding]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                message = f"`{name}` stands here again (first on line {seen[name]}). Merge the two, or rename one."
                yield Finding(Check.REGISTER, message, path, _line(key))
            seen.setdefault(name, _line(key))
            yield from _duplicate_keys(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _duplicate_keys(value, path)
