"""Videos: `videos.yaml`; `{sse:video}`, link or card; `{sse:videos}`, all; warns of addresses wrong or unlisted."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
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
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective
from sphinx.util.i18n import format_date
from sphinx.util.nodes import make_refnode

from .data_files import Entry, Fault, read_entries
from .video_links import VideoLink, VideoLinkError, parse_video_link
from .warnings_ import Check, did_you_mean, read_advice, warn

CARD, SCHEMA = map(Path(__file__).with_name, ("video_card.jinja", "videos.schema.json"))
DAY = "%-d %B %Y"
HOST_NAMES = {"youtube": "YouTube", "vimeo": "Vimeo", "peertube": "PeerTube"}
# Text that shows an address and leads nowhere, or that is a link and found as one.
NO_TEXT = (nodes.reference, nodes.literal, nodes.FixedTextElement, nodes.math)
# An address in raw HTML or in a text: up to a quote, a space or a bracket, without what ends the sentence.
ADDRESS = re.compile(r"""//[^\s"'<>)\\]+(?<=[\w/=&#-])""")
Status = dict[str, str]  # of a video: its `address`, `status`, and the days `checked`, `seen` working, gone `since`


class Video(NamedTuple):
    entry: Entry  # its fields are those of `videos.schema.json`
    link: VideoLink
    status: Status


class Use(NamedTuple):
    key: str  # empty if the video has no entry
    link: VideoLink
    path: str
    line: int  # `text` stands on it, or on a later one
    text: str = ""


@dataclass
class Register:
    """The list of videos; of an entry that was `left_out` for a fault its key is known, of a whole file it is empty."""

    path: Path
    status_path: Path
    status: dict[str, Status] | None  # by address; `None` where the file is broken
    items: list[Entry | Fault]  # of the file with this path and time: it is checked again only when it has changed
    state: tuple[Path, int] | None
    videos: dict[str, Video] = field(default_factory=dict)
    keys: dict[VideoLink, str] = field(default_factory=dict)  # of several entries for one video, the first
    left_out: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, env: BuildEnvironment) -> "Register":
        return cast("Register", vars(env)["sse_videos"])

    def find_key(self, node: nodes.Element) -> str:
        """Return the key of a card's video, or of one that a link leads to."""
        label = str(node.get("reftarget", ""))
        key = node.get("video") or (label[6:] if label.startswith("video-") else "")
        return key if key in self.videos else ""


def today() -> date:
    return date.fromisoformat(format_date("%Y-%m-%d", language="en"))  # of `SOURCE_DATE_EPOCH` where it is set


def read_status(path: Path) -> dict[str, Status] | None:
    """Return what `videocheck` last found, by address; warn where it cannot have written that."""
    try:
        found = json.loads(path.read_bytes())["videos"].values() if path.exists() else ()
        [date.fromisoformat(status[day]) for status in found for day in status.keys() & {"checked", "seen", "since"}]
        return {status["address"]: status for status in found}
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        advice = f"Restore it (`git restore {path.name}` in its folder), or delete it to start anew."
        warn(Check.REGISTER, f"The status file cannot be read ({type(error).__name__}). {advice}", path)
        return None


def read_register(app: Sphinx) -> None:
    """`builder-inited`: read the files in the folder `sse_data_dir`; without one, `videocheck` writes in its output."""
    folder = Path(app.srcdir, app.config.sse_data_dir) if app.config.sse_data_dir else Path(app.outdir)
    path, status_path = folder / "videos.yaml", folder / "video-status.json"
    state, last = (path, path.stat().st_mtime_ns) if path.exists() else None, vars(app.env).get("sse_videos")
    items = last.items if last and last.state == state else list(read_entries(path, SCHEMA) if state else ())
    register = vars(app.env)["sse_videos"] = Register(path, status_path, read_status(status_path), items, state)
    for item in items:
        if isinstance(item, Fault):
            warn(Check.REGISTER, item.message, path, item.line)
            register.left_out.add(item.key)
            continue
        try:
            if link := parse_video_link(item.value["link"]):
                _warn_of_conflicts(item, link.video, register)
                register.videos[item.key] = Video(item, link, (register.status or {}).get(link.video.url, {}))
                register.keys.setdefault(link.video, item.key)
                continue
            problem = f"`{item.value['link']}` {read_advice('videos')['host']}"
        except VideoLinkError as error:
            problem = f"{error} {error.hint}"
        warn(Check.VIDEO_ADDRESS, problem, path, item.line("link"))
        register.left_out.add(item.key)


def _warn_of_conflicts(entry: Entry, video: VideoLink, register: Register) -> None:
    earlier, key, twin = register.videos, register.keys.get(video), entry.value.get("same_as", {}).get("key")
    if twin and twin != key and twin not in register.left_out:
        message = f"`same_as` must name the first entry of the same video, and not `{twin}`."
        warn(Check.VIDEO_DUPLICATE, message + did_you_mean(twin, earlier), entry.path, entry.line("same_as", "key"))
    elif key and not twin:
        message = read_advice("videos")["same"].format(entry.key, key, earlier[key].entry.line())
        warn(Check.VIDEO_DUPLICATE, message, entry.path, entry.line("link"))
    for key, (other, *_rest) in earlier.items():
        for label in {*entry.value.get("labels", ())} & {*other.value.get("labels", ())}:
            message = f"The label “{label}” stands at `{key}` too (line {other.line()}). Give it to one of them."
            warn(Check.VIDEO_DUPLICATE, message, entry.path, entry.line("labels"))


def make_card(place: SphinxDirective, video: Video, **options: Any) -> nodes.container:
    """Return the card of a video, which loads nothing, as `video_card.jinja` has it."""
    config, page = place.config, place.env.doc2path(place.env.current_document.docname)
    jinja = Environment(trim_blocks=True)  # noqa: S701  # it makes Markdown or reStructuredText, no HTML
    jinja.filters["day"] = lambda day: format_date(DAY, date=datetime.fromisoformat(day), language=config.language)
    jinja.filters["plain"] = lambda text: re.sub(r"([\[\]_~$^&])", r"\\\1", text)
    options |= {"_": _, "video": video.entry.value, "link": video.link, "known": video.status}
    options |= {"host": HOST_NAMES[video.link.provider], "markup": config.source_suffix.get(page.suffix)}
    template = jinja.from_string(CARD.read_text(encoding="utf-8"))
    card = nodes.container("", *place.parse_text_to_nodes(template.render(options)), classes=["video-card"])
    for address in card.findall(nodes.reference):
        address["of_card"] = True
    for line in [*card.findall(nodes.paragraph)][1:3]:  # put together of texts that are translated one by one
        line["translatable"] = False
    card["video"] = video.entry.key
    place.set_source_info(card)
    return card


class VideoCard(SphinxDirective):
    """`{sse:video} key`: what the video is about, where it starts, its language, and a link."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [make_card(self, video)] if (video := find_video(self, self.arguments[0])) else []


class VideoList(SphinxDirective):
    """`{sse:videos}`: the card of each video, with the label `video-KEY`, its slides, and the pages that use it."""

    option_spec: ClassVar = {"slide-label": directives.unchanged}  # the label of a slide: `slide-{}`

    def run(self) -> list[nodes.Node]:
        cards: list[nodes.Node] = []
        for key, video in note_register(self.env).videos.items():
            card = make_card(self, video, listed=True, slide_label=self.options.get("slide-label"))
            card["names"], card["video"] = [f"video-{key}"], ""  # a list does not use the video
            self.state.document.note_explicit_target(card)
            card += nodes.paragraph("", users_of=key)
            cards.append(card)
        return cards


class VideoRole(ReferenceRole):
    """`` {sse:video}`key` ``: a link to the video in the list of videos; to the video itself where no page has one."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if not (video := find_video(self, self.target)):
            return [nodes.inline("", self.title)], []
        title = self.title if self.has_explicit_title else video.entry.value["about"]
        text, here = nodes.inline("", title, classes=["std", "std-ref"]), self.env.current_document.docname
        target = {"refdomain": "std", "reftype": "ref", "reftarget": f"video-{self.target}", "refdoc": here}
        link = addnodes.pending_xref("", text, **target, refexplicit=True, refwarn=True)
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
    register = note_register(place.env)
    if key not in register.videos and register.left_out.isdisjoint({key, ""}):  # else that is told, and is to be fixed
        hint = did_you_mean(key, register.videos) or f" {read_advice('videos')['unknown']}"
        warn(Check.VIDEO_UNKNOWN, f"No video has the key `{key}`.{hint}", *place.get_source_info(), key)
    return register.videos.get(key)


def lead_to_video(app: Sphinx, env: BuildEnvironment, node: nodes.Element, text: nodes.Element) -> nodes.Element | None:
    """`missing-reference`: no page lists the video."""
    register = Register.of(env)
    video = register.videos.get(register.find_key(node)) if node["reftype"] == "ref" else None
    return nodes.reference("", "", text, refuri=video.link.url, internal=False) if video else None


def name_users(app: Sphinx, doctree: nodes.document, here: str) -> None:
    """`doctree-resolved`: all pages have been read, so those that use a video can be named."""
    pages = app.env.get_domain("sse").data["pages"]
    for line in doctree.findall(nodes.paragraph) if any(name.startswith("video-") for name in doctree.nameids) else ():
        if key := line.get("users_of"):
            users = [at for at in sorted(pages) if at != here and key in {use.key for use in pages[at]["videos"]}]
            line.append(nodes.Text(_("On pages:") if users else _("On no page yet.")))
            for name in users:
                title = nodes.inline("", app.env.titles[name].astext(), classes=["doc"])
                link = make_refnode(app.builder, here, name, None, title)
                line.extend([nodes.Text(" " if name == users[0] else ", "), link])


def find_uses(env: BuildEnvironment, elements: Iterable[nodes.Element]) -> list[Use]:
    """Return which videos a page uses, and warn of addresses that are wrong or not in the list."""
    register, docname, uses = Register.of(env), env.current_document.docname, list[Use]()
    for node, key, text in find_videos(elements, register):
        source, line = get_source_line(node)
        path = source or str(env.doc2path(docname))
        if link := register.videos[key].link if key else check_address(text, register, path, line):
            uses.append(Use(key or register.keys.get(link.video, ""), link, path, line or 1, key or text))
    return uses


def find_videos(elements: Iterable[nodes.Element], register: Register) -> Iterator[tuple[nodes.Element, str, str]]:
    """Yield a key, or an address: of a link, an image, in raw HTML or text; not of a card."""
    for node in elements:  # all of a page: what most are comes first
        if isinstance(node, nodes.reference):
            if "refuri" in node and "of_card" not in node:
                yield node, "", node["refuri"]
        elif isinstance(node, nodes.raw) or (isinstance(node, nodes.TextElement) and not isinstance(node, NO_TEXT)):
            for text in (child for child in node.children if isinstance(child, nodes.Text) and "//" in child):
                yield from ((node, "", address) for address in ADDRESS.findall(text))
        elif key := register.find_key(node):
            yield node, key, ""
        elif isinstance(node, nodes.image):
            yield node, "", node.get("uri", "")


def check_address(address: str, register: Register, path: str, line: int | None) -> VideoLink | None:
    """Return the video of an address; warn if it cannot be right, or if the list lacks it."""
    try:
        link = parse_video_link(address)
        if not link or not register.keys or link.video in register.keys:
            return link
        check, message = Check.VIDEO_UNREGISTERED, f"{link.url} is not in {register.path.name}."
        advice = "Add it there, and use its key here."
    except VideoLinkError as error:
        if error.code == "not_one_video":
            return None
        check, link, message, advice = Check.VIDEO_ADDRESS, None, str(error), error.hint
    known = {link.id: key for link, key in register.keys.items()}
    parts = re.split("[/?=&#]", address)
    for near in {near for part in parts for near in get_close_matches(part, known, 1, 0.8)}.difference(parts):
        advice = f"Did you mean `{known[near]}` ({near})?"
    warn(check, f"{message} {advice}", path, line, address)
    return link


def find_unused(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: videos that no page uses, and a note on those that nobody has seen working for long."""
    register, days = Register.of(env), env.config.sse_video_max_age
    used = {use.key for page in env.get_domain("sse").data["pages"].values() for use in page["videos"]}
    for entry in (video.entry for key, video in register.videos.items() if key not in used):
        warn(Check.VIDEO_UNUSED, read_advice("videos")["unused"].format(entry.key), entry.path, entry.line())
    oldest = str(today() - timedelta(days=days))
    if old := [key for key, video in register.videos.items() if video.status.get("seen", "") < oldest]:
        message = f"{len(old)} not seen for {days} days, or never. Run `videocheck`. Begin with: {', '.join(old[:3])}."
        logging.getLogger(__name__).info("%s:1: NOTE: %s [sse.video_stale]", register.path, message)
