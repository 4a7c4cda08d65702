"""The `sse` domain: what each document refers to, defines and got wrong, kept across builds, merged and cleared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains import ObjType
from sphinx.roles import XRefRole
from sphinx.util.nodes import make_refnode

from .catalogues import _, of_register
from .crossrefs import SSEDomain as CheckDomain
from .registers.law_words import law_name, law_year
from .registers.laws import Law, LawRegister, read_laws
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
BY_DOCUMENT = (
    *("references", "findings", "shown"),
    *("law_entries", "law_views", "law_shown"),
)


class Reference(NamedTuple):
    """One place where a document names something else.

    `kind` is `label`, `term`, `doc`, `source`, `video`, `law`, `address` (of a video, with its `link` where it can be
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
    """Videos and laws as objects, and the records of every document that the checks work on."""

    name = "sse"
    label = "Social and solidarity economy"
    object_types: ClassVar = {"video": ObjType("video", "video"), "law": ObjType("law", "law")}
    roles: ClassVar = {
        "video": VideoRole(innernodeclass=nodes.inline, warn_dangling=True),
        # What it shows is decided when the page is written: no page need be read again when a law changes.
        "law": XRefRole(innernodeclass=nodes.inline, warn_dangling=True),
    }
    # `listed` is by video, `laws` by file.
    initial_data: ClassVar[dict[str, Any]] = {name: {} for name in (*BY_DOCUMENT, "names", "listed", "laws")}
    data_version = 10
    # Set once at the start of each build; read-only after that, so parallel readers share it safely.
    register: VideoRegister
    # The register of laws; set and read as the register of videos is. `source_laws` is it as its files have it.
    laws: LawRegister
    source_laws: LawRegister
    # Where each law has its entry, gathered when first asked for.
    _law_places: dict[str, tuple[str, str]] | None = None
    # Which documents cite each law; set when all have been read.
    law_users: dict[str, list[str]]

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

    @property
    def law_places(self) -> dict[str, tuple[str, str]]:
        """Where each law has its entry: key to (document, anchor); of several, the first document by name."""
        if self._law_places is None:
            entries: dict[str, list[str]] = self.data["law_entries"]
            pairs = ((key, docname) for docname in sorted(entries, reverse=True) for key in entries[docname])
            self._law_places = {key: (docname, f"law-{key}") for key, docname in pairs}
        return self._law_places

    @cached_property
    def laws_of(self) -> dict[str, list[Law]]:
        """The laws of each country, by its key."""
        found: dict[str, list[Law]] = {}
        for law in self.laws.laws.values():
            found.setdefault(law.country, []).append(law)
        return found

    def note_law_entries(self, docname: str, keys: Iterable[str]) -> None:
        """Remember that a document has the entries of laws, each with the anchor `law-KEY`."""
        self.data["law_entries"].setdefault(docname, []).extend(keys)
        self._law_places = None

    def law_text(self, key: str) -> tuple[str, str]:
        """What a link to a law shows, and what it says when it is pointed at: title, country, year, status."""
        law = self.laws.laws[key]
        place = ", ".join(filter(None, (law.unit, self.laws.countries[law.country].name, law_year(law))))
        said = _("Status: {status}, as of {day}.").format(
            status=of_register(law.status), day=of_register(law.status_as_of)
        )
        return law_name(law), f"{law.english}. {place}. {said}"

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
        self._law_places = None
        super().clear_doc(docname)
        for name in BY_DOCUMENT:
            self.data[name].pop(docname, None)
        for key in [key for key, (where, _anchor) in self.listed.items() if where == docname]:
            del self.listed[key]

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        self._law_places = None
        super().merge_domaindata(docnames, otherdata)
        # A reader process started with a copy of our data: only what it read itself is news.
        for name in BY_DOCUMENT:
            self.data[name].update({doc: value for doc, value in otherdata[name].items() if doc in docnames})
        self.listed.update({key: where for key, where in otherdata["listed"].items() if where[0] in docnames})

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        for key, (docname, anchor) in sorted(self.listed.items()):
            video = self.register.videos.get(key)
            yield key, video.about if video else key, "video", docname, anchor, 1
        for key, (docname, anchor) in sorted(self.law_places.items()):
            yield key, self.law_text(key)[0] if key in self.laws.laws else key, "law", docname, anchor, 1

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
        if typ == "law":
            return self._resolve_law(fromdocname, builder, target, node, contnode)
        video = self.register.videos.get(target)
        if video is None:
            return None
        if target in self.listed:
            docname, anchor = self.listed[target]
            return make_refnode(builder, fromdocname, docname, anchor, contnode, video.about)
        return nodes.reference("", "", contnode, refuri=video.link.url, internal=False)

    def _resolve_law(
        self, fromdocname: str, builder: Builder, target: str, node: pending_xref, contnode: Element
    ) -> nodes.reference | None:
        """A link to the law's entry; where no page has it, the text alone."""
        if target not in self.laws.laws:
            return None
        text, tip = self.law_text(target)
        if not node.get("refexplicit"):
            contnode = nodes.inline("", text)
        contnode["classes"] = ["law"]
        if target not in self.law_places:
            return cast("nodes.reference", contnode)  # what is no link replaces it as well
        docname, anchor = self.law_places[target]
        return make_refnode(builder, fromdocname, docname, anchor, contnode, tip)


def load_registers(app: Sphinx) -> None:
    """`builder-inited`: read the registers once, before any page and before readers part.

    What an unchanged file of videos or laws holds is kept from one build to the next.
    """
    domain, folder = SSEDomain.of(app.env), Path(app.srcdir, app.config.sse_data_dir or "no-registers")
    videos = folder / "videos.yaml"
    state = (str(videos), hashlib.sha256(videos.read_bytes()).hexdigest() if videos.is_file() else "")
    if domain.data.get("register", ("",))[0] != state:
        domain.data["register"] = (state, read_videos(videos))
    domain.register = domain.data["register"][1]
    domain.register.checks = read_checks(folder / "video-status.json", domain.register)
    cite = app.env.domains.get("cite")  # of sphinxcontrib-bibtex, which a project may lack
    sources = cast("Any", cite).bibdata.data.entries if cite else None
    domain.laws = domain.source_laws = read_laws(folder, sources, domain.data["laws"])


def setup(app: Sphinx) -> None:
    """The domain, and the registers that it holds."""
    app.add_config_value("sse_data_dir", "", "env", str)
    app.add_domain(SSEDomain)
    # After sphinxcontrib-bibtex has read the sources that laws cite.
    app.connect("builder-inited", load_registers, priority=600)
