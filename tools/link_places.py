"""Every address that the pages link to, with all its places, and which of them a run leaves alone.

Sphinx's linkcheck names one place of an address, though ten pages may carry it.
"""

from __future__ import annotations

import html
import re
import subprocess
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from docutils import nodes
from docutils.utils import get_source_line
from sphinx.application import Sphinx
from sphinx.builders.linkcheck import CheckExternalLinksBuilder, HyperlinkCollector
from sphinx.config import Config
from sphinx.util.docutils import docutils_namespace, patch_docutils
from sphinx.util.tags import Tags

from sse_handbook.registers.data_files import read_entries
from sse_handbook.video_links import VideoLinkError, parse_video_link
from sse_handbook.videos import today
from sse_handbook.warnings import Check, Finding


@dataclass(frozen=True, order=True)
class Place:
    """Where an address is written, and the page that shows it: a source stands in a file of its own."""

    file: str
    line: int
    page: str


class Collector(HyperlinkCollector):
    """Note every place of an address; Sphinx notes the first."""

    def run(self, **kwargs: Any) -> None:
        page = self.env.current_document.docname
        builder = cast("Reader", self.env._app.builder)
        for node in self.document.findall(nodes.Element):
            address = self.find_uri(node)
            if address and address.startswith(("http:", "https:")):
                builder.places[address].update(self.find_places(address, node, page))

    def find_places(self, address: str, node: nodes.Element, page: str) -> Iterator[Place]:
        """Each line of the page, or else of a file that it is made from, on which the address is written."""
        source, line = get_source_line(node)
        root = Path(self.env.srcdir)
        first = Path(source) if source and Path(source).is_file() else Path(self.env.doc2path(page))
        for path in [first, *(root / each for each in sorted(self.env.dependencies.get(page, ())))]:
            if lines := lines_with(address, path):
                yield from (Place(named(path, root), number, page) for number in lines)
                return
        yield Place(named(first, root), line or 1, page)


class Reader(CheckExternalLinksBuilder):
    """Reads the pages and asks nothing. It keeps the name `linkcheck`: Sphinx's collector works under no other."""

    def init(self) -> None:
        self.hyperlinks = {}
        self.places: dict[str, set[Place]] = defaultdict(set)

    def finish(self) -> None:
        pass


def setup(app: Sphinx) -> dict[str, Any]:
    """This file is an extension too; only `collect` loads it."""
    app.add_builder(Reader, override=True)
    app.add_post_transform(Collector)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def collect(source: Path, output: Path) -> tuple[dict[str, list[Place]], Config]:
    """Every address of a project with its places, from the first file on, and the project's settings."""
    text_lines.cache_clear()
    with patch_docutils(source), docutils_namespace():
        extensions = Config.read(source, overrides={}, tags=Tags()).extensions
        # Without anchors no page is read: it might have no end, and many a page makes its anchors in the browser.
        settings = {"extensions": [*extensions, __name__], "linkcheck_anchors": False}
        doctrees = output.parent / "doctrees" / "links"
        app = Sphinx(source, source, output, doctrees, "linkcheck", settings, status=None)
        app.build()
    found = [(sorted(places), address) for address, places in cast("Reader", app.builder).places.items()]
    return {address: places for places, address in sorted(found)}, app.config


def lines_with(address: str, path: Path) -> list[int]:
    """The lines of a file on which an address is written, and not only as a part of a longer one."""
    spellings = {address, unquote(address), html.escape(address), address.removeprefix("https://doi.org/")}
    written = "|".join(map(re.escape, spellings))
    pattern = re.compile(rf"(?<![\w./=-])(?:{written})(?![\w/%?&=#~+-]|[.,;:]\w)")
    return [number for number, line in enumerate(text_lines(path), 1) if pattern.search(line)]


@cache
def text_lines(path: Path) -> list[str]:
    """The lines of a file of text; none where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return []


def named(path: Path, root: Path) -> str:
    """A file as seen from the folder of the sources."""
    path, root = path.resolve(), root.resolve()
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def is_film(address: str) -> bool:
    """Whether the address is for `videocheck`, or for the offline check of videos that cannot be."""
    try:
        return parse_video_link(address) is not None
    except VideoLinkError as error:
        return error.code != "not_one_video"


def read_ignores(path: Path, addresses: Collection[str]) -> tuple[set[str], list[Finding]]:
    """Those of `addresses` that `link-ignores.yaml` hides today, and a finding for each entry that is of no use."""
    hidden: set[str] = set()
    findings: list[Finding] = []
    for entry in read_entries(path, "link-ignores") if path.exists() else ():
        if isinstance(entry, Finding):
            findings.append(entry)
            continue
        pattern = re.compile(re.escape(entry.value["pattern"]).replace(r"\*", ".*"))
        matched = {address for address in addresses if pattern.fullmatch(address)}
        until = date.fromisoformat(entry.value["until"])
        if until < today():
            message = f"`{entry.key}` expired on {until}. Mend the link, or set a new date with a reason."
        elif not matched:
            message = f"`{entry.key}` hides no link of the book. Delete it."
        else:
            hidden |= matched
            continue
        findings.append(Finding.at(Check.REGISTER, message, path, entry.line()))
    return hidden, sorted(findings)


def added_lines(source: Path, since: str) -> set[tuple[str, int]]:
    """The lines below `source`, as file and number, that are new since the common ancestor with `since`.

    Raises `ValueError`, with git's own words, where git cannot tell.
    """
    changed = ["git", "diff-index", "--merge-base", "--relative", "--diff-filter=d"]
    new = said_by(["git", "ls-files", "--others", "--exclude-standard", "-z"], source)
    added = {
        (name, number)
        for name in filter(None, new.split("\0"))
        for number, _ in enumerate(text_lines(source / name), 1)
    }
    for name in filter(None, said_by([*changed, "--name-only", "-z", since], source).split("\0")):
        for line in said_by([*changed, "--unified=0", since, "--", name], source).splitlines():
            # Any other line of a file begins with a sign of its own.
            if hunk := re.match(r"@@ -\S+ \+([0-9]+)(?:,([0-9]+))? @@", line):
                start = int(hunk[1])
                added |= {(name, number) for number in range(start, start + int(hunk[2] or 1))}
    return {(named(source / name, source), number) for name, number in added}


def said_by(command: list[str], folder: Path) -> str:
    """What a command prints. Raises `ValueError` with the first line of its complaint."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise ValueError(done.stderr.partition("\n")[0])
    return done.stdout
