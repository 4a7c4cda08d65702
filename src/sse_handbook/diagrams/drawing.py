"""Draw Mermaid text as SVG, once for each content; pure but for the command that it runs and the cache it keeps."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

LONGEST = 300  # seconds; the largest diagram of a handbook takes a few
# What is read aloud: it may hold any bracket.
SPOKEN = re.compile(r"^\s*acc(?:Title|Descr)\s*(?::.*|\{[^}]*\})", re.MULTILINE)
# Labels as plain text (other viewers show `foreignObject` as empty boxes), and the same bytes each time.
DRAWING_CONFIG = {
    "htmlLabels": False,
    "flowchart": {"htmlLabels": False},
    "handDrawnSeed": 1,
    "themeCSS": ".edgeLabel rect { opacity: 1; fill: #fff; }",
}


class DiagramError(Exception):
    """Mermaid refused a diagram; `line` counts from 1 in the diagram's own text, where Mermaid gave one."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def draw(code: str, command: Sequence[str], cache: Path) -> str:
    """The diagram as SVG text, drawn by a command with mmdc's options, or from the cache where it was drawn before.

    Raises `DiagramError` when Mermaid refuses the text, or the command is not there.
    """
    if not command:
        raise DiagramError("no command is set; set `mermaid_cmd`, for example to `mermaidx`", None)
    settings = json.dumps({"command": list(command), "config": DRAWING_CONFIG, "code": code}, sort_keys=True)
    # What this module makes of a drawing is part of the drawing.
    name = hashlib.sha256(settings.encode() + Path(__file__).read_bytes()).hexdigest()[:20]
    kept = cache / f"{name}.svg"
    if kept.exists():
        return kept.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        source, result, settings_file = (Path(folder) / each for each in ("in.mmd", "out.svg", "config.json"))
        source.write_text(code, encoding="utf-8")
        settings_file.write_text(json.dumps(DRAWING_CONFIG), encoding="utf-8")
        try:
            run = subprocess.run(
                [*command, "-i", source, "-o", result, "-c", settings_file],
                capture_output=True,
                text=True,
                check=False,
                timeout=LONGEST,
            )
        except OSError as error:
            message = f"the command `{command[0]}` cannot be run ({error.strerror}); install it or set `mermaid_cmd`"
            raise DiagramError(message, None) from None
        except subprocess.TimeoutExpired:
            raise DiagramError("Mermaid did not end within five minutes; make the diagram smaller", None) from None
        if run.returncode or not result.exists():
            raise _refusal(run.stderr, code)
        svg = tidy(result.read_text(encoding="utf-8"), f"diagram-{name}")
    cache.mkdir(parents=True, exist_ok=True)
    # Written whole or not at all: two processes may draw the same diagram at once.
    half = kept.with_suffix(f".{hashlib.sha256(folder.encode()).hexdigest()[:8]}")
    half.write_text(svg, encoding="utf-8")
    half.replace(kept)
    return svg


def tidy(svg: str, name: str) -> str:
    """The SVG with ids of its own, so that two may stand on one page, and without what nothing uses.

    Markers and filters that nothing refers to go, boxes without a size, and attributes and rules that only Mermaid's
    own script reads.
    """
    svg = svg.replace("my-svg", name)
    svg = re.sub(r' (?:data-points|data-look|data-et|data-edge)="[^"]*"', "", svg)
    svg = re.sub(r' style="(?:;|)"', "", svg)
    for tag in ("marker", "filter", "linearGradient"):
        for match in re.finditer(rf'<{tag} id="([^"]+)".*?</{tag}>', svg, re.DOTALL):
            if f"url(#{match[1]})" not in svg.replace(match[0], "").partition("</style>")[2]:
                svg = svg.replace(match[0], "")
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    svg = re.sub(r"<rect(?![^>]*\swidth=)[^>]*(?:/>|>\s*</rect>)", "", svg)
    return re.sub(r"(?<=\})[^{}]*\[data-look[^{}]*\{[^{}]*\}", "", svg)


def _refusal(message: str, code: str) -> DiagramError:
    """Mermaid's own words in one line, and the line they mean."""
    said = message.rpartition("Mermaid rendering failed: ")[2].strip() or message.strip()
    number = re.search(r"on line (\d+)", said)
    reported = min(int(number[1]), len(code.splitlines())) if number else None
    # An open bracket or quote swallows what follows, and Mermaid names a later line.
    plain = SPOKEN.sub(lambda text: "\n" * text[0].count("\n"), code)
    opened = next((line for line, text in enumerate(plain.splitlines(), 1) if _is_open(text)), None)
    line = opened if opened and (reported is None or opened < reported) else reported
    return DiagramError(re.sub(r"\s+", " ", re.sub(r"on line \d+", "", said))[:300], line)


def _is_open(line: str) -> bool:
    """Whether a quote or bracket that the line opens is not closed on it; `A>flag]` is a shape of Mermaid's."""
    bare = re.sub(r"\w>[^\]]*\]", "", re.sub(r'"[^"]*"', "", line))
    return '"' in bare or any(bare.count(left) != bare.count(right) for left, right in ("[]", "()", "{}"))
