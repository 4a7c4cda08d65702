"""Which files a set of pages holds, and a ZIP file of them that is the same each time.

Pure: no Sphinx. The EPUB and the offline copy are both made with it.
"""

from __future__ import annotations

import os
import posixpath
import re
import time
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

PAGES = (".html", ".xhtml", ".svg")
ADDRESSES = ("href", "src", "data", "action", "poster", "xlink:href")
IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")
FIRST_YEAR = 315532800  # 1980, in seconds: a ZIP file knows no earlier date


class _Addresses(HTMLParser):
    """Collects every address that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.in_style = tag == "style"
        for name, value in attributes:
            if name in ADDRESSES:
                self.found.append(value or "")
            elif name == "srcset":
                self.found += [each.split()[0] for each in (value or "").split(",") if each.split()]
            elif name == "style":
                self.found += IN_STYLES.findall(value or "")

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self.found += IN_STYLES.findall(data)


def addresses(path: Path) -> list[str]:
    """Every address that a page or a stylesheet names, in order; none for any other file."""
    if path.suffix == ".css":
        return IN_STYLES.findall(path.read_text(encoding="utf-8"))
    if path.suffix not in PAGES:
        return []
    parser = _Addresses()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.found


def reachable(folder: Path, starts: Iterable[str]) -> Iterator[str]:
    """The files of a folder that a reader can get to from the ones named: by links, styles, scripts and pictures.

    Yields names relative to the folder, sorted. What lies outside the folder, or is not there, is left out.
    """
    found: set[str] = set()
    new = set(starts)
    while new:
        name = new.pop()
        if name in found or name.startswith(("/", "../")) or not (folder / name).is_file():
            continue
        found.add(name)
        for address in addresses(folder / name):
            parts = urlsplit(address)
            if parts.path and not parts.scheme and not parts.netloc:
                new.add(posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path))))
    yield from sorted(found)


def pack(target: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a ZIP file in the order given, dated by SOURCE_DATE_EPOCH (without it, 1980), whole or not at all.

    A first file named `mimetype` is stored as it is, as EPUB wants it.
    """
    date = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), FIRST_YEAR))
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f"{target.name}.half")
    with ZipFile(half, "w") as archive:
        for name, data in files:
            entry = ZipInfo(name, date[:6])
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same on Windows
            archive.writestr(entry, data, ZIP_STORED if name == "mimetype" else ZIP_DEFLATED, compresslevel=9)
    half.replace(target)
