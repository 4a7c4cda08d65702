"""Videos: the list `videos.yaml`, `{sse:video}` and `{sse:videos}`, and addresses of videos on pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.utils import get_source_line
from jinja2 import Environment
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective
from sphinx.util.i18n import format_date

from .data_files import Entry, Fault, read_entries
from .video_links import VideoLink, VideoLinkError, parse_video_link
from .video_status import Status, read_status, today
from .warnings_ import Check, did_you_mean, find_line, warn

HERE = Path(__file__).parent
HOST_NAMES = {"youtube": "YouTube", "vimeo": "Vimeo", "peertube": "PeerTube"}
# Text that shows an address and leads nowhere, or that is a link and found as one.
NO_TEXT = (nodes.reference, nodes.literal, nodes.FixedTextElement, nodes.math)
# An address in raw HTML or in a text: up to a quote, a space or a bracket.
ADDRESS = re.compile(r"""(?:https?:)?//[^\s"'<>)\\]+""")


class Video(NamedTuple):
    """An entry of `videos.yaml`; its fields are those of `videos.schema.json`."""

    entry: Entry
    link: VideoLink


class Use(NamedTuple):
    """A page shows or links to a video; the key is empty if it has no entry."""

    key: str
    link: VideoLink
    path: str
    line: int


@dataclass
class Register:
    """The list of videos; `broken`: an entry was left out, so an unknown key may be right."""

    path: Path
    status_path: Path
    videos: dict[str, Video] = field(default_factory=dict)
    keys: dict[VideoLink, str] = field(default_factory=dict)  # of several entries for one video, the first
    status: dict[str, Status] = field(default_factory=dict)
    broken: bool = False

    @classmethod
    def of(cls, env: BuildEnvironment) -> Register:
        return cast("Register", vars(env)["sse_videos"])

    def find_key(self, node: nodes.Element) -> str:
        """Return the key of a card's video, or of one that a link leads to."""
        label = str(node.get("reftarget", ""))
        key = node.get("video") or (label[6:] if label.startswith("video-") else "")
        return key if key in self.videos else ""


def read_register(app: Sphinx) -> None:
    """`builder-inited`: read `videos.yaml` and `video-status.json` in the folder `sse_data_dir`, if they are there."""
    path = Path(app.srcdir, app.config.sse_data_dir or "no-data", "videos.yaml")
    register = vars(app.env)["sse_videos"] = Register(path, path.with_name("video-status.json"))
    for item in read_entries(path, HERE / "videos.schema.json") if path.exists() else ():
        if isinstance(item, Fault):
            register.broken = True
            warn(Check.REGISTER, item.message, path, item.line)
            continue
        link, message = None, f"`{item.value['link']}` is no address of one video on a host we know."
        try:
            link = parse_video_link(item.value["link"])
        except VideoLinkError as error:
            message = f"{error} {error.hint}"
        if link is None:
            register.broken = True
            warn(Check.VIDEO_ADDRESS, message, path, item.line("link"))
            continue
        _warn_of_conflicts(Video(item, link), register.videos)
        register.videos[item.key] = Video(item, link)
        register.keys.setdefault(link.video, item.key)
    try:
        known = read_status(register.status_path)
        register.status = {
            key: known[key]
            for key, (_entry, link) in register.videos.items()
            if known.get(key, {}).get("address") == link.video.url
        }
    except ValueError as error:
        warn(Check.REGISTER, str(error), register.status_path)


def _warn_of_conflicts(video: Video, earlier: dict[str, Video]) -> None:
    entry, twin = video.entry, video.entry.value.get("same_as", {}).get("key")
    for key, other in earlier.items():
        line = other.entry.line()
        if other.link.video == video.link.video and not twin:
            message = f"`{entry.key}` is the same video as `{key}` (line {line}). Keep one of them, or add `same_as:`"
            warn(Check.VIDEO_DUPLICATE, f"{message} with `key: {key}` and `because:`.", entry.path, entry.line("link"))
        for label in {*entry.value.get("labels", ())} & {*other.entry.value.get("labels", ())}:
            message = f"The label “{label}” stands at `{key}` too (line {line}). Give it to one of them."
            warn(Check.VIDEO_DUPLICATE, message, entry.path, entry.line("labels"))
    if twin and (twin not in earlier or earlier[twin].link.video != video.link.video):
        message = f"`same_as` must name an entry above, of the same video, and not `{twin}`."
        warn(Check.VIDEO_DUPLICATE, message + did_you_mean(twin, earlier), entry.path, entry.line("same_as", "key"))


def make_card(place: SphinxDirective, key: str, **options: Any) -> nodes.container:
    """Return the card of a video, which loads nothing, as `video_card.jinja` has it."""
    register, env, language = note_register(place.env), place.env, place.config.language
    entry, link = register.videos[key]

    jinja = Environment(trim_blocks=True)  # noqa: S701  # it makes Markdown or reStructuredText, no HTML
    jinja.filters["day"] = lambda day: format_date("%-d %B %Y", date=datetime.fromisoformat(day), language=language)
    jinja.filters["plain"] = lambda text: re.sub(r"([\[\]_~$^&])", r"\\\1", text)
    text = jinja.from_string((HERE / "video_card.jinja").read_text(encoding="utf-8")).render(
        options | {"_": _, "video": entry.value, "known": register.status.get(key, {}), "url": link.url},
        host=HOST_NAMES[link.provider],
        start=link.start or 0,
        rst=env.config.source_suffix.get(env.doc2path(env.current_document.docname).suffix) == "restructuredtext",
    )
    card = nodes.container("", *place.parse_text_to_nodes(text), classes=["video-card"])
    for address in card.findall(nodes.reference):
        address["of_card"] = True
    place.set_source_info(card)
    return card


class VideoCard(SphinxDirective):
    """`{sse:video} key`: what the video is about, where it starts, its language, and a link."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        if find_video(self, self.arguments[0]) is None:
            return []
        card = make_card(self, self.arguments[0])
        card["video"] = self.arguments[0]
        return [card]


class VideoList(SphinxDirective):
    """`{sse:videos}`: the card of each video, with the label `video-KEY`, its slides, and the pages that use it."""

    option_spec: ClassVar = {"slide-label": directives.unchanged}  # the label of a slide: `slide-{}`

    def run(self) -> list[nodes.Node]:
        cards: list[nodes.Node] = []
        for key in note_register(self.env).videos:
            card = make_card(self, key, listed=True, slide_label=self.options.get("slide-label"))
            card["names"] = [f"video-{key}"]
            self.state.document.note_explicit_target(card)
            card += pending_video_users(key=key)
            cards.append(card)
        return cards


class VideoRole(ReferenceRole):
    """`` {sse:video}`key` ``: a link to the video in the list of videos; to the video itself where no page has one."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        video = find_video(self, self.target)
        if video is None:
            return [nodes.inline("", self.title)], []
        title = self.title if self.has_explicit_title else video.entry.value["about"]
        text = nodes.inline("", title, classes=["std", "std-ref"])
        link = addnodes.pending_xref("", text, refdomain="std", reftype="ref", reftarget=f"video-{self.target}")
        link.attributes.update(refexplicit=True, refwarn=True, refdoc=self.env.current_document.docname)
        self.set_source_info(link)
        return [link], []


def note_register(env: BuildEnvironment) -> Register:
    """Return the list; the page is read again when it, or what was last found of its videos, has changed."""
    register = Register.of(env)
    for path in filter(Path.exists, (register.path, register.status_path)):
        env.note_dependency(str(path))
    return register


def find_video(place: SphinxDirective | ReferenceRole, key: str) -> Video | None:
    """Return a video by its key, or warn that there is none."""
    register, (path, line) = note_register(place.env), place.get_source_info()
    if key not in register.videos and not register.broken:  # else that has been told, and is what to fix
        hint = did_you_mean(key, register.videos) or " Add it to the register of videos."
        warn(Check.VIDEO_UNKNOWN, f"No video has the key `{key}`.{hint}", path, find_line(path, line, key) or line)
    return register.videos.get(key)


def lead_to_video(app: Sphinx, env: BuildEnvironment, node: nodes.Element, text: nodes.Element) -> nodes.Element | None:
    """`missing-reference`: no page lists the video."""
    register = Register.of(env)
    video = register.videos.get(register.find_key(node)) if node["reftype"] == "ref" else None
    return nodes.reference("", "", text, refuri=video.link.url, internal=False) if video else None


class pending_video_users(nodes.General, nodes.Element):
    """Stands where the pages that use a video are named, until all pages have been read."""


class NameVideoUsers(SphinxPostTransform):
    """Replace each `pending_video_users` by links to the pages."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        here, pages = self.env.current_document.docname, sorted(self.env.get_domain("sse").data["videos"].items())
        for node in list(self.document.findall(pending_video_users)):
            line = nodes.paragraph()
            for docname in [name for name, uses in pages if name != here and node["key"] in {use.key for use in uses}]:
                link = addnodes.pending_xref("", refdomain="std", reftype="doc", reftarget=f"/{docname}", refdoc=here)
                link["refexplicit"] = True
                link += nodes.inline("", self.env.titles[docname].astext())
                line += [nodes.Text(", " if line.children else _("On pages:") + " "), link]
            node.replace_self(line if line.children else nodes.paragraph("", _("On no page yet.")))


def collect_uses(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: keep which videos a page uses, and warn of addresses that are wrong or not in the list."""
    register, docname, uses = Register.of(app.env), app.env.current_document.docname, list[Use]()
    for node in doctree.findall(nodes.Element):
        key = register.find_key(node)
        for text in [key] if key else find_addresses(node):
            source, first = get_source_line(node)
            path = source or str(app.env.doc2path(docname))
            line = find_line(path, first, text) or first or 1
            if link := register.videos[key].link if key else check_address(text, register, path, line):
                uses.append(Use(key or register.keys.get(link.video, ""), link, path, line))
    app.env.get_domain("sse").data["videos"][docname] = uses


def find_addresses(node: nodes.Element) -> Iterator[str]:
    """Yield addresses: of a link, an image, in raw HTML or text, a player of sphinxcontrib.youtube; not of a card."""
    if isinstance(node, nodes.reference) and "refuri" in node and "of_card" not in node:
        yield node["refuri"]
    elif isinstance(node, nodes.image):
        yield node.get("uri", "")
    elif isinstance(node, nodes.raw) or (isinstance(node, nodes.TextElement) and not isinstance(node, NO_TEXT)):
        texts = [child for child in node.children if isinstance(child, nodes.Text) and "//" in child]
        yield from (match[0] for text in texts for match in ADDRESS.finditer(text))
    elif node.get("platform") in ("youtube", "vimeo"):
        yield f"https://{'youtu.be' if node['platform'] == 'youtube' else 'vimeo.com'}/{node.get('id')}"


def check_address(address: str, register: Register, path: str, line: int) -> VideoLink | None:
    """Return the video of an address; warn if it cannot be right, or if the list lacks it."""
    known = {link.id: key for link, key in register.keys.items()}
    try:
        link = parse_video_link(address)
        if not link or not known or link.video in register.keys:
            return link
        check, likely, advice = Check.VIDEO_UNREGISTERED, link.id, "Add it there, and use its key here."
        message = f"{link.url} is not in {register.path.name}."
    except VideoLinkError as error:
        if error.code == "not_one_video":
            return None
        parts: list[str] = re.findall(r"[\w-]+", address.partition("//")[2].partition("/")[2])
        likely = min(parts, key=lambda part: abs(len(part) - 11), default="")
        check, link, message, advice = Check.VIDEO_ADDRESS, None, str(error), error.hint
    for near in get_close_matches(likely, known, n=1, cutoff=0.8):
        advice = f"Did you mean `{known[near]}` ({near})?"
    warn(check, f"{message} {advice}", path, line)
    return link


def rewrite_lists(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-get-updated`: the lists of videos name pages."""
    places = env.domains.standard_domain.anonlabels
    return [places[f"video-{key}"][0] for key in Register.of(env).videos if f"video-{key}" in places]


def find_unused(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: videos that no page uses, and a note on those that nobody has seen working for long."""
    register, days = Register.of(env), env.config.sse_video_max_age
    pages: dict[str, list[Use]] = env.get_domain("sse").data["videos"]
    for key in register.videos.keys() - {use.key for uses in pages.values() for use in uses}:
        message = f"No page uses the video `{key}`. Show it on a page, or delete the entry."
        warn(Check.VIDEO_UNUSED, message, register.path, register.videos[key].entry.line())
    oldest = str(today() - timedelta(days=days))
    if old := [key for key in register.videos if register.status.get(key, {}).get("seen", "") < oldest]:
        message = f"Not seen working for {days} days, or never checked: {', '.join(old)}. Ask their hosts: "
        message += "`python3 noxfile.py -s videos`, or `sphinx-build -b videocheck` elsewhere."
        logging.getLogger(__name__).info("%s:1: NOTE: %s [sse.video_stale]", register.path, message)
