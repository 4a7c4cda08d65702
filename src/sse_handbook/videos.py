"""Cards for registered videos that load nothing, the list of all videos, and the addresses of unknown ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from .crossrefs import label_link
from .domain import SSEDomain
from .registers import Video
from .video_links import VideoLinkError, parse_video_link
from .warnings import Check, Finding, did_you_mean, exact_place, warn

HOST_NAMES = {"youtube": "YouTube", "vimeo": "Vimeo", "peertube": "PeerTube"}
# An address in raw HTML: up to a quote, a space or a bracket.
ADDRESS = re.compile(r"""(?:https?:)?//[^\s"'<>)\\]+""")


class VideoCard(SphinxDirective):
    """`{sse:video} key`: what the video is about, where it starts, its language, and a link."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        domain = SSEDomain.of(self.env)
        self.env.note_dependency(str(domain.register.path))
        key = self.arguments[0]
        video = domain.register.videos.get(key)
        if video is None:
            warn([domain.unknown_video(key, self.env.current_document.docname, self.lineno)])
            return []
        domain.note_use(key, self.env.current_document.docname, self.lineno)
        return [card(video)]


class VideoList(SphinxDirective):
    """`{sse:videos}`: an entry for each registered video, which `{sse:video}` roles link to."""

    option_spec: ClassVar = {"slide-label": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        domain = SSEDomain.of(self.env)
        docname = self.env.current_document.docname
        self.env.note_dependency(str(domain.register.path))
        domain.shown[docname] = {}
        entries: list[nodes.Node] = []
        for key, video in domain.register.videos.items():
            anchor = f"video-{key}"
            domain.listed[key] = (docname, anchor)
            entry = card(video)
            entry["ids"].append(anchor)
            if video.slides:
                slides = nodes.paragraph("", "Slides: ")
                for number in video.slides:
                    slides += [nodes.Text(", ")] if len(slides) > 1 else []
                    slides += self.slide(number)
                entry += slides
            entry += video_users(key=key)
            entries.append(entry)
        return entries

    def slide(self, number: int) -> nodes.Node:
        """The slide's number, linked to its label (`:slide-label: slide-{}`) where the page gives a pattern."""
        text = nodes.inline("", str(number))
        if "slide-label" not in self.options:
            return text
        label = self.options["slide-label"].format(number)
        return label_link(label, text, Check.XREF_MISSING, Path(self.get_source_info()[0]), self.lineno)


class video_users(nodes.General, nodes.Element):
    """Stands where the pages that use a video are named, until all pages have been read."""


class NameVideoUsers(SphinxPostTransform):
    """Replace each `video_users` by links to the pages that use the video."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        users = SSEDomain.of(self.env).users()
        for node in list(self.document.findall(video_users)):
            here = self.env.current_document.docname
            docnames = [name for name in users.get(node["key"], []) if name != here]
            line = nodes.paragraph("", "On pages: " if docnames else "On no page yet.")
            for docname in docnames:
                line += nodes.Text(", " if len(line) > 1 else "")
                link = addnodes.pending_xref("", refdomain="std", reftype="doc", reftarget=f"/{docname}", refdoc=here)
                link["refexplicit"] = True
                line += link
                link += nodes.inline("", self.env.titles[docname].astext())
            node.replace_self(line)


def card(video: Video) -> nodes.container:
    """The card as plain nodes, which every builder can show."""
    start = f"starts at {video.link.start // 60}:{video.link.start % 60:02}" if video.link.start else "from the start"
    language = f"language: {video.language}" if video.language else "language not confirmed"
    facts = [*video.labels, video.source, start, language]
    host = HOST_NAMES[video.link.provider]
    link = nodes.reference("", f"Watch on {host}", refuri=video.link.url, internal=False)
    box = nodes.container("", classes=["video-card"])
    box["video"] = video.key
    box += nodes.paragraph("", "", nodes.strong("", video.about))
    box += nodes.paragraph("", " · ".join(facts))
    box += nodes.paragraph("", "", link, nodes.Text(" (opens another site and uses data)"))
    if video.same_because:
        box += nodes.paragraph("", video.same_because)
    return box


def lists_to_write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: the lists of videos whose “on pages” is no longer what they last said."""
    domain = SSEDomain.of(env)
    users = domain.users()
    changed = [docname for docname, said in domain.shown.items() if said != users]
    for docname in changed:
        domain.shown[docname] = users
    return changed


def check_document(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: note the registered videos that a page links to by address, and report all others."""
    domain = SSEDomain.of(app.env)
    warn(_find_faults(domain, app.env.current_document.docname, doctree))


def report_register(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: what is wrong with the register itself, on every build, once."""
    warn(SSEDomain.of(env).register.findings)


def find_addresses(doctree: nodes.document) -> Iterator[tuple[str, nodes.Element]]:
    """Each address in a page, wherever it stands: links, images, raw HTML, frames."""
    for node in doctree.findall(nodes.Element):
        if isinstance(node, nodes.reference) and "refuri" in node:
            yield node["refuri"], node
        elif isinstance(node, nodes.image):
            yield node.get("uri", ""), node
        elif isinstance(node, nodes.raw):
            for match in ADDRESS.finditer(node.astext()):
                yield match[0], node


def _find_faults(domain: SSEDomain, docname: str, doctree: nodes.document) -> Iterator[Finding]:
    for address, node in find_addresses(doctree):
        if any("video-card" in parent.get("classes", []) for parent in _parents(node)):
            continue
        place, line = exact_place(node, address)
        try:
            link = parse_video_link(address)
        except VideoLinkError as error:
            if error.code != "not_one_video":
                yield Finding(Check.VIDEO_ADDRESS, f"{error} {error.hint}", place, line)
            continue
        if link is None:
            continue
        video = domain.register.by_id(link)
        if video:
            domain.note_use(video.key, docname, line or 0)
        elif domain.register.videos:
            near = did_you_mean(link.id, [each.link.id for each in domain.register.videos.values()])
            message = (
                f"{link.url} is not in {domain.register.path.name}.{near or ' Add it there, and use its key here.'}"
            )
            yield Finding(Check.VIDEO_UNREGISTERED, message, place, line)


def _parents(node: nodes.Element) -> Iterator[nodes.Element]:
    while node.parent is not None:
        node = node.parent
        yield node
