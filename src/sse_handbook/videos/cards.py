"""Cards for registered videos that load nothing, the list of all videos, and the addresses of unknown ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.utils import get_source_line
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from ..catalogues import _
from ..domain import Reference, SSEDomain
from ..references.crossrefs import label_link
from ..registers.videos import Video, VideoRegister
from ..video_links import VideoLinkError, parse_video_link
from ..warnings import Check, Finding, exact_line
from .checks import last_check

HOST_NAMES = {"youtube": "YouTube", "vimeo": "Vimeo", "peertube": "PeerTube"}
# What the players of other extensions show, by the name of the platform that their nodes carry.
PLAYERS = {
    "youtube": "https://www.youtube.com/watch?v={id}",
    "vimeo": "https://vimeo.com/{id}",
    "peertube": "https://{instance}/w/{id}",
}
# Where an address is a link and found as one, or is shown and leads nowhere.
CODE = (
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.doctest_block,
    nodes.math,
    nodes.math_block,
    nodes.comment,
)
# An address in raw HTML or in the text: up to a quote, a space or a bracket.
ADDRESS = re.compile(r"""(?:https?:)?//[^\s"'<>)\\]+""")


class VideoCard(SphinxDirective):
    """`{sse:video} key`: what the video is about, where it starts, its language, and a link."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        domain = SSEDomain.of(self.env)
        self.env.note_dependency(str(domain.register.path))
        key = self.arguments[0]
        video = domain.register.videos.get(key)
        use = Reference("video", key, self.get_source_info()[0], self.lineno, "", Check.VIDEO_UNKNOWN.value)
        domain.note(self.env.current_document.docname, [use])
        return [card(video, last_check(self.env, key))] if video else []


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
            entry = card(video, last_check(self.env, key))
            entry["ids"].append(anchor)
            if video.slides:
                slides = nodes.paragraph("", _("Slides:") + " ")
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
        label = self.options["slide-label"].replace("{}", str(number))
        return label_link(
            label,
            text,
            Check.XREF_MISSING,
            Path(self.get_source_info()[0]),
            self.lineno,
            self.env.current_document.docname,
        )


class video_users(nodes.General, nodes.Element):
    """Stands where the pages that use a video are named, until all pages have been read."""


class NameVideoUsers(SphinxPostTransform):
    """Replace each `video_users` by links to the pages that use the video."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        domain = SSEDomain.of(self.env)
        waiting = list(self.document.findall(video_users)) if domain.shown else []
        users = domain.users() if waiting else {}
        for node in waiting:
            here = self.env.current_document.docname
            docnames = [name for name in users.get(node["key"], []) if name != here]
            line = nodes.paragraph("", _("On pages:") + " " if docnames else _("On no page yet."))
            for docname in docnames:
                line += nodes.Text(", " if len(line) > 1 else "")
                link = addnodes.pending_xref("", refdomain="std", reftype="doc", reftarget=f"/{docname}", refdoc=here)
                link["refexplicit"] = True
                line += link
                link += nodes.inline("", self.env.titles[docname].astext())
            node.replace_self(line)


def card(video: Video, checked: str) -> nodes.container:
    """The card as plain nodes, which every builder can show; `checked` says what the last online check found."""
    start = _("starts at {time}").format(time=clock(video.link.start)) if video.link.start else _("from the start")
    language = _("language: {code}").format(code=video.language) if video.language else _("language not confirmed")
    facts = [*video.labels, video.source, start, language, checked]
    watch = _("Watch on {host}").format(host=HOST_NAMES[video.link.provider])
    link = nodes.reference("", watch, refuri=video.link.url, internal=False, sse_card=True)
    box = nodes.container("", classes=["video-card"])
    box["video"] = video.key
    box += nodes.paragraph("", "", nodes.strong("", video.about))
    box += nodes.paragraph("", "\xa0· ".join(facts))  # no line begins with a dot
    box += nodes.paragraph("", "", link, nodes.Text(" " + _("(opens another site and uses data)")))
    if video.same_because:
        box += nodes.paragraph("", video.same_because)
    return box


def clock(seconds: int) -> str:
    """A time as players show it: `0:35`, `1:15:03`."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def lists_to_write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: the lists of videos whose “on pages” is no longer what they last said.

    What they will say is kept for the next build.
    """
    domain, builder = SSEDomain.of(env), app.builder.name
    users = {key: [(name, env.titles[name].astext()) for name in names] for key, names in domain.users().items()}
    changed = [docname for docname, said in domain.shown.items() if said.get(builder, users) != users]
    for said in domain.shown.values():
        said[builder] = users
    return changed


def note_addresses(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: remember every address on a page that may be a video's."""
    docname = app.env.current_document.docname
    found = []
    for address, node in find_addresses(doctree):
        try:
            link = parse_video_link(address)
        except VideoLinkError as error:
            link = None
            if error.code == "not_one_video":
                continue
        else:
            if link is None:
                continue
        source, line = get_source_line(node)
        path = source or str(app.env.doc2path(docname))
        found.append(Reference("address", address, path, line, str(node.get("id") or address), link=link))
    SSEDomain.of(app.env).note(docname, found)


def find_addresses(doctree: nodes.document) -> Iterator[tuple[str, nodes.Element]]:
    """Each address on a page, wherever it stands: links, images, raw HTML, players of other extensions.

    Cards are left out: their addresses are the register's own.
    """
    for node in doctree.findall(nodes.Element):
        if isinstance(node, nodes.reference) and "refuri" in node and "sse_card" not in node:
            yield node["refuri"], node
        elif isinstance(node, nodes.image):
            yield node.get("uri", ""), node
        elif isinstance(node, nodes.raw) or (isinstance(node, nodes.TextElement) and not isinstance(node, CODE)):
            # Bare addresses in the text itself: what stands inside other elements is theirs.
            text = node.astext() if isinstance(node, nodes.raw) else " ".join(map(str, _texts(node)))
            yield from ((match[0], node) for match in ADDRESS.finditer(text))
        elif isinstance(node.get("platform"), str) and node["platform"] in PLAYERS:
            name = str(node.get("id", ""))
            address = PLAYERS[node["platform"]].format(id=name, instance=node.get("instance", ""))
            yield (name if "/" in name else address), node
        elif isinstance(node.get("sources"), list):
            yield from ((str(each[0]), node) for each in node["sources"] if isinstance(each, tuple) and each)


def _texts(node: nodes.Element) -> list[nodes.Text]:
    return [child for child in node.children if isinstance(child, nodes.Text) and "//" in child]


def find_bad_addresses(env: BuildEnvironment) -> Iterator[Finding]:
    """Addresses of videos that cannot be right, or that the register does not hold."""
    domain = SSEDomain.of(env)
    register = domain.register
    for each in (each for found in domain.references.values() for each in found if each.kind == "address"):
        if each.link is None:
            check, message = Check.VIDEO_ADDRESS, _fault(each.target, register)
        elif register.videos and not register.film(each.link):
            near = _near(each.link.id, register) or " Add it there, and use its key here."
            check, message = Check.VIDEO_UNREGISTERED, f"{each.link.url} is not in {register.path.name}.{near}"
        else:
            continue
        yield Finding.at(check, message, each.path, exact_line(each.path, each.line, each.text) or each.line)


def _near(video_id: str, register: VideoRegister) -> str:
    """The registered video whose id is nearest by spelling, as a suggestion."""
    known = {video.link.id: video.key for video in register.videos.values()}
    return "".join(
        f" Did you mean `{known[each]}` ({each})?" for each in get_close_matches(video_id, known, n=1, cutoff=0.8)
    )


def _fault(address: str, register: VideoRegister) -> str:
    """What is wrong with an address that cannot be parsed, and the nearest film, or the way to mend it."""
    try:
        parse_video_link(address)
    except VideoLinkError as error:
        return f"{error}{_near(_id_in(address), register) or f' {error.hint}'}"
    raise AssertionError(address)  # it was noted because it could not be parsed


def _id_in(address: str) -> str:
    """What is most like a video's id in an address that could not be parsed."""
    parts: list[str] = re.findall(r"[\w-]+", address.partition("//")[2].partition("/")[2])
    return min(parts, key=lambda part: abs(len(part) - 11), default="")


def setup(app: Sphinx) -> None:
    """Cards and lists of films, and the films that pages name."""
    app.add_directive_to_domain("sse", "video", VideoCard)
    app.add_directive_to_domain("sse", "videos", VideoList)
    app.add_node(video_users)
    app.add_post_transform(NameVideoUsers)
    app.connect("doctree-read", note_addresses)
    app.connect("env-updated", lists_to_write_again)
