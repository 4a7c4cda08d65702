"""The `sse` domain: where each document's videos are kept, merged and cleared, and what its roles point at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains import Domain, ObjType
from sphinx.roles import XRefRole
from sphinx.util.nodes import make_refnode

from .registers import VideoRegister, read_videos
from .warnings import Check, Finding, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Set

    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment


@dataclass(frozen=True, order=True)
class Use:
    """One place where a page uses a registered video."""

    key: str
    docname: str
    line: int


class VideoRole(XRefRole):
    """`` {sse:video}`key` ``: a link to the video's entry in the list of videos."""

    def process_link(
        self, env: BuildEnvironment, refnode: Element, has_explicit_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        domain = SSEDomain.of(env)
        env.note_dependency(str(domain.register.path))
        video = domain.register.videos.get(target)
        if video:
            domain.note_use(target, env.current_document.docname, refnode.line or 0)
            title = title if has_explicit_title else video.about
        return title, target


class SSEDomain(Domain):
    """Videos as objects that pages refer to."""

    name = "sse"
    label = "Social and solidarity economy"
    object_types: ClassVar = {"video": ObjType("video", "video")}
    roles: ClassVar = {"video": VideoRole(warn_dangling=True)}
    initial_data: ClassVar[dict[str, Any]] = {"uses": {}, "listed": {}, "shown": {}, "links": {}}
    data_version = 1
    # Set once at the start of each build; read-only after that, so parallel readers share it safely.
    register: VideoRegister

    @classmethod
    def of(cls, env: BuildEnvironment) -> SSEDomain:
        return cast("SSEDomain", env.get_domain("sse"))

    @property
    def uses(self) -> dict[str, set[Use]]:
        """The uses of videos in each document."""
        return cast("dict[str, set[Use]]", self.data["uses"])

    @property
    def listed(self) -> dict[str, tuple[str, str]]:
        """Where each video has its entry: key to (document, anchor)."""
        return cast("dict[str, tuple[str, str]]", self.data["listed"])

    @property
    def shown(self) -> dict[str, dict[str, list[str]]]:
        """What each list of videos last said of who uses what, to know when it must be written again."""
        return cast("dict[str, dict[str, list[str]]]", self.data["shown"])

    @property
    def links(self) -> dict[str, dict[str, tuple[str, str] | None]]:
        """The labels that each document links to, and where they stood when it was last written."""
        return cast("dict[str, dict[str, tuple[str, str] | None]]", self.data["links"])

    def note_use(self, key: str, docname: str, line: int) -> None:
        self.uses.setdefault(docname, set()).add(Use(key, docname, line))

    def users(self) -> dict[str, list[str]]:
        """Which documents use each video, in order."""
        found: dict[str, set[str]] = {}
        for uses in self.uses.values():
            for use in uses:
                found.setdefault(use.key, set()).add(use.docname)
        return {key: sorted(docnames) for key, docnames in sorted(found.items())}

    def clear_doc(self, docname: str) -> None:
        self.uses.pop(docname, None)
        self.shown.pop(docname, None)
        self.links.pop(docname, None)
        for key in [key for key, (where, _) in self.listed.items() if where == docname]:
            del self.listed[key]

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        # A reader process started with a copy of our data: only what it read itself is news.
        for docname in docnames:
            for table in ("uses", "shown", "links"):
                if docname in otherdata[table]:
                    self.data[table][docname] = otherdata[table][docname]
        for key, (where, anchor) in otherdata["listed"].items():
            if where in docnames:
                self.listed[key] = (where, anchor)

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        for key, (docname, anchor) in sorted(self.listed.items()):
            video = self.register.videos.get(key)
            yield key, video.about if video else key, "video", docname, anchor, 1

    def resolve_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: pending_xref,
        contnode: Element,
    ) -> nodes.reference | None:
        if typ == "label":
            return self._resolve_label(fromdocname, builder, target, contnode)
        video = self.register.videos.get(target)
        if video is None:
            return None
        if target in self.listed:
            docname, anchor = self.listed[target]
            return make_refnode(builder, fromdocname, docname, anchor, contnode, video.about)
        return nodes.reference("", "", contnode, refuri=video.link.url, internal=False)

    def _resolve_label(
        self, fromdocname: str, builder: Builder, target: str, contnode: Element
    ) -> nodes.reference | None:
        """A link to any label of the book; a link without a text shows the title of what it leads to."""
        std = self.env.domains.standard_domain
        if target.lower() not in std.anonlabels:
            return None
        docname, anchor = std.anonlabels[target.lower()]
        if not contnode.astext():
            contnode = nodes.inline("", std.labels.get(target.lower(), ("", "", target))[2])
        return make_refnode(builder, fromdocname, docname, anchor, contnode)

    def resolve_any_xref(self, *arguments: Any) -> list[Any]:
        return []  # MyST warns about a domain that does not answer

    def unknown_video(self, key: str, place: str | Path, line: int | None) -> Finding:
        """The finding for a key that the register does not hold."""
        known = self.register.videos
        hint = did_you_mean(key, known) or f" Add it to {self.register.path.name}."
        return Finding(Check.VIDEO_UNKNOWN, f"No video has the key `{key}`.{hint}", place, line)


def load_registers(app: Sphinx) -> None:
    """`builder-inited`: read the registers once, before any page and before readers part."""
    SSEDomain.of(app.env).register = read_videos(Path(app.srcdir, app.config.sse_data_dir, "videos.yaml"))
