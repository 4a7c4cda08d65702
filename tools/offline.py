"""Pack the offline copy: a ZIP file of the built HTML, to pass from phone to phone.

    python tools/offline.py FOLDER-OF-PAGES ZIP-FILE

It holds what a reader can get to from the front page and the search page, a file to begin with and a few words on how
to use it; nothing that no page refers to. The same pages always give the same bytes.
"""

from __future__ import annotations

import html
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from string import Template

from sse_handbook.formats.packing import pack, reachable

ROOT = Path(__file__).parent.parent
BEGIN = Path(__file__).parent / "offline"
LARGEST = 5_000_000  # bytes
# Windows takes 260 characters for a path: this leaves room for the folder in which the copy is unpacked.
LONGEST = 150
# What Windows or Android refuse in a name.
REFUSED = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)', re.IGNORECASE)


def contents(pages: Path, version: str) -> list[tuple[str, bytes]]:
    """Every file of the offline copy with its name, in order, in one folder.

    Raises `ValueError` where a name could not be unpacked on a phone or on Windows.
    """
    names = list(reachable(pages, ["index.html", "search.html", "searchindex.js"]))
    title = re.search(r"<h1[^>]*>([^<]*)", (pages / "index.html").read_text(encoding="utf-8"))
    values = {"title": title[1].strip() if title else "", "version": version}
    books = [name for name in names if name.endswith(".pdf")]
    values["files"] = "\n".join(f'<p><a href="pages/{name}">The book as PDF</a></p>' for name in books)
    start = Template((BEGIN / "open-me.html").read_text(encoding="utf-8")).substitute(values)
    values["files"] = "\n".join(f"Or open the book as PDF, which needs no other file: pages/{name}" for name in books)
    values["title"] = html.unescape(values["title"])
    readme = Template((BEGIN / "README.txt").read_text(encoding="utf-8")).substitute(values)
    files = [("README.txt", readme.encode()), ("open-me.html", start.encode())]
    files += [(f"pages/{name}", (pages / name).read_bytes()) for name in names]
    files = [(f"sse-handbook-{version}/{name}", data) for name, data in files]
    if bad := unfit(name for name, _data in files):
        raise ValueError(f"No phone or Windows computer could unpack {bad}. Give the page or picture another name.")
    return files


def unfit(names: Iterable[str]) -> str:
    """The first name that some file system refuses or takes for another one; empty where all are fit."""
    seen: set[str] = set()
    for name in names:
        if len(name) > LONGEST or name.casefold() in seen or any(REFUSED.search(part) for part in name.split("/")):
            return name
        seen.add(name.casefold())
    return ""


def main(pages: str, target: str) -> int:
    """Pack, and say how large the file is; 1 where it is too large to pass on."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    files = contents(Path(pages), version)
    pack(Path(target), files)
    size = Path(target).stat().st_size
    print(f"{target}: {len(files)} files, {size / 1e6:.1f} MB")
    if size > LARGEST:
        print(f"That is more than {LARGEST / 1e6:.0f} MB: too much to pass from phone to phone.", file=sys.stderr)
    return int(size > LARGEST)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
