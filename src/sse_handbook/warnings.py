"""Every finding the extension can report, and the one place that turns findings into Sphinx warnings.

The page that explains the checks is made from `Check`: its docstrings are the documentation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path

from docutils import nodes
from docutils.utils import get_source_line
from sphinx.util import logging

logger = logging.getLogger(__name__)


class Check(Enum):
    """A kind of finding. The value is the warning's subtype; the type is always `sse`."""

    explanation: str

    def __new__(cls, subtype: str, explanation: str) -> Check:
        member = object.__new__(cls)
        member._value_ = subtype
        member.explanation = explanation
        return member

    REGISTER = (
        "register",
        """A file in `docs/data` cannot be read, or one of its entries breaks the rules of its schema.
        The entry is left out of the handbook until it is mended.

        Wrong: an entry without `about`; a field that no rule knows; two entries with one key.

        Right: every field that the schema asks for, each once, in UTF-8, with two spaces for each level.""",
    )
    VIDEO_UNKNOWN = (
        "video_unknown",
        """A page asks for a video by a key that `videos.yaml` does not hold.

        Wrong: `` {sse:video}`umbrela-framework` ``

        Right: `` {sse:video}`umbrella-framework` ``, or a new entry in `videos.yaml`.""",
    )
    VIDEO_ADDRESS = (
        "video_address",
        """The address of a video cannot be right: its id breaks the host's grammar, or its start time does.

        Wrong: `https://www.youtube.com/watch?v=gBKYf4qt1v`, with ten characters for eleven.

        Right: the address as the browser shows it when the video plays.""",
    )
    VIDEO_UNREGISTERED = (
        "video_unregistered",
        """A page gives the address of a video that `videos.yaml` does not hold, so nobody would notice its end.

        Wrong: a bare address in the text.

        Right: an entry in `videos.yaml`, and `` {sse:video}`its-key` `` in the text.""",
    )
    VIDEO_DUPLICATE = (
        "video_duplicate",
        """Two entries of `videos.yaml` stand for the same video, and neither says why; or two carry the same label.

        Right: one entry, or `same_as` with the other key and the reason.""",
    )
    XREF_MISSING = (
        "xref_missing",
        """A link names a label that no page and no heading has.

        Wrong: `[who decides](#cooperatves)`

        Right: `[who decides](#cooperatives)`, as the message suggests, or a new label above the heading.""",
    )
    DIAGRAM_SYNTAX = (
        "diagram_syntax",
        """Mermaid cannot draw the diagram. The message carries what Mermaid said of it.

        Wrong: `A["Members" --> B`

        Right: `A["Members"] --> B`""",
    )
    DIAGRAM_LINK = (
        "diagram_link",
        """A `click` line of a diagram names a node that the diagram does not have, or an address that is no label.

        Wrong: `click COOP href "cooperatives.html"`

        Right: `click COOP href "#cooperatives"`, where `cooperatives` is a label of a page or heading.""",
    )
    DIAGRAM_DESCRIPTION = (
        "diagram_description",
        """A diagram has no `accTitle` or no `accDescr` line, so a screen reader has nothing to say.

        Right: both lines below `flowchart TB`, one plain sentence each.""",
    )


@dataclass(frozen=True)
class Finding:
    """One thing found: what, where, and what to do.

    `place` is a document name or a file; `line` counts from 1, and is `None` where the whole of it is meant.
    """

    check: Check
    message: str
    place: str | Path
    line: int | None = None


def warn(findings: Iterable[Finding]) -> None:
    """Log each finding as a Sphinx warning of type `sse`: `suppress_warnings` and `-W` treat it as any other."""
    for finding in findings:
        # Sphinx takes (document, line), or "file:line" for what is no document.
        if isinstance(finding.place, str):
            location: str | tuple[str, int | None] = (finding.place, finding.line)
        else:
            location = f"{finding.place}:{finding.line or 1}"
        logger.warning(finding.message, type="sse", subtype=finding.check.value, location=location)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A suggestion to put behind a message: the nearest known name by spelling, or nothing."""
    nearest = get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f" Did you mean `{nearest[0]}`?" if nearest else ""


def exact_place(node: nodes.Element, text: str) -> tuple[Path, int | None]:
    """The file and line on which a node's text stands.

    MyST gives every inline node the first line of its block, so the text is looked for from that line on.
    """
    source, line = get_source_line(node)
    path = Path(source or "")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return path, line
    first = max((line or 1) - 1, 0)
    for number in range(first, len(lines)):
        if text in lines[number] or text.replace("&", "&amp;") in lines[number]:
            return path, number + 1
    return path, line
