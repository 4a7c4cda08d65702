"""The `sse` domain: what each document refers to, defines and got wrong, kept across builds, merged and cleared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains import ObjType
from sphinx.roles import XRefRole
from sphinx.util.nodes import make_refnode

from .crossrefs import SSEDomain as CheckDomain
from .registers.videos import VideoRegister, read_checks, read_videos
from .video_links import VideoLink
from .warnings import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Set

    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment


# The tables of the domain's data that have a row for each document.
BY_DOCUMENT = ("references", "findings", "shown")


class Reference(NamedTuple):
    """One place where a document names something else.

    `kind` is `label`, `term`, `doc`, `source`, `video`, `address` (of a video, with its `link` where it can be
    parsed), or `here`: used, and not to be judged. `text` is what to look for in the file, from `line` on, to find the
    exact line; with an empty one the line is exact. `check` is empty where a register named it and has judged it.
    """

    kind: str
    target: str
    path: str
    line: int | None
    text: str
    check: str = Check.XREF_MISSING.value
    link: VideoLink | None = None


class VideoRole(XRefRole):
    """`` {sse:video}`key` ``: a link to the video's entry in the list of videos."""

    def process_link(
        self, env: BuildEnvironment, refnode: Element, has_explicit_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        register = SSEDomain.of(env).register
        env.note_dependency(str(register.path))
        video = register.videos.get(target)
        return (video.about if video and not has_explicit_title else title), target


class SSEDomain(CheckDomain):
    """Videos as objects, and the records of every document that the checks work on."""

    name = "sse"
    label = "Social and solidarity economy"
    object_types: ClassVar = {"video": ObjType("video", "video")}
    roles: ClassVar = {
        "video": VideoRole(innernodeclass=nodes.inline, warn_dangling=True),
    }
    # `listed` is by video.
    initial_data: ClassVar[dict[str, Any]] = {name: {} for name in (*BY_DOCUMENT, "names", "listed")}
    data_version = 10
    # Set once at the start of each build; read-only after that, so parallel readers share it safely.
    register: VideoRegister

    @classmethod
    def of(cls, env: BuildEnvironment) -> SSEDomain:
        return cast("SSEDomain", env.get_domain("sse"))

    @property
    def references(self) -> dict[str, list[Reference]]:
        """What each document refers to, in order."""
        return cast("dict[str, list[Reference]]", self.data["references"])

    @property
    def findings(self) -> dict[str, list[Finding]]:
        """What was found wrong in each document by itself, when it was read."""
        return cast("dict[str, list[Finding]]", self.data["findings"])

    @property
    def shown(self) -> dict[str, dict[str, object]]:
        """What each list of videos last said of who uses what, in the words of each builder."""
        return cast("dict[str, dict[str, object]]", self.data["shown"])

    @property
    def listed(self) -> dict[str, tuple[str, str]]:
        """Where each video has its entry: key to (document, anchor)."""
        return cast("dict[str, tuple[str, str]]", self.data["listed"])

    def note(self, docname: str, references: Iterable[Reference] = (), findings: Iterable[Finding] = ()) -> None:
        """Add to a document's records."""
        self.references.setdefault(docname, []).extend(references)
        self.findings.setdefault(docname, []).extend(findings)

    def users(self) -> dict[str, list[str]]:
        """Which documents use each registered video, by key or by address, in order."""
        found: dict[str, set[str]] = {}
        for docname, references in self.references.items():
            for each in references:
                video = (
                    self.register.film(each.link) if each.kind == "address" else self.register.videos.get(each.target)
                )
                if video and each.kind in ("address", "video"):
                    found.setdefault(video.key, set()).add(docname)
        return {key: sorted(docnames) for key, docnames in sorted(found.items())}

    def clear_doc(self, docname: str) -> None:
        super().clear_doc(docname)
        for name in BY_DOCUMENT:
            self.data[name].pop(docname, None)
        for key in [key for key, (where, _anchor) in self.listed.items() if where == docname]:
            del self.listed[key]

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        super().merge_domaindata(docnames, otherdata)
        # A reader process started with a copy of our data: only what it read itself is news.
        for name in BY_DOCUMENT:
            self.data[name].update({doc: value for doc, value in otherdata[name].items() if doc in docnames})
        self.listed.update({key: where for key, where in otherdata["listed"].items() if where[0] in docnames})

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
            return super().resolve_xref(env, fromdocname, builder, typ, target, node, contnode)
        video = self.register.videos.get(target)
        if video is None:
            return None
        if target in self.listed:
            docname, anchor = self.listed[target]
            return make_refnode(builder, fromdocname, docname, anchor, contnode, video.about)
        return nodes.reference("", "", contnode, refuri=video.link.url, internal=False)


def load_registers(app: Sphinx) -> None:
    """`builder-inited`: read the registers once, before any page and before readers part.

    What an unchanged file of videos holds is kept from one build to the next.
    """
    domain, folder = SSEDomain.of(app.env), Path(app.srcdir, app.config.sse_data_dir or "no-registers")
    videos = folder / "videos.yaml"
    state = (str(videos), hashlib.sha256(videos.read_bytes()).hexdigest() if videos.is_file() else "")
    if domain.data.get("register", ("",))[0] != state:
        domain.data["register"] = (state, read_videos(videos))
    domain.register = domain.data["register"][1]
    domain.register.checks = read_checks(folder / "video-status.json", domain.register)


def setup(app: Sphinx) -> None:
    """The domain, and the registers that it holds."""
    app.add_config_value("sse_data_dir", "", "env", str)
    app.add_domain(SSEDomain)
    app.connect("builder-inited", load_registers)
