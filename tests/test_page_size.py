"""What a page costs somebody who opens it first, in bytes as a host sends them that compresses with gzip."""

from __future__ import annotations

import gzip
import posixpath
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from browser import find_pages
from conftest import Built
from lxml import html

WORST, TYPICAL, SCRIPTS, REQUESTS = 35_000, 25_000, 4_000, 3  # `TYPICAL` for 95 pages of 100
STYLES = 6_000
# The search page has Sphinx's search in one script; the index of words (below 80 KB) is loaded when somebody searches.
SEARCH, INDEX = 30_000, 80_000
LOADED = (
    "//script/@src | //link[@rel='stylesheet' or @rel='icon' or @rel='manifest']/@href | //main//@src | //svg//@src"
)


@cache
def measure(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), mtime=0))


def loaded_files(folder: Path, page: str) -> list[str]:
    """The files that a browser asks for by itself when it opens a page; a whole address where that is elsewhere."""
    addresses = map(str, html.parse(folder / f"{page}.html").getroot().xpath(LOADED))
    here = posixpath.dirname(page)
    return sorted(
        {
            address
            if urlsplit(address).netloc
            else posixpath.normpath(posixpath.join(here, unquote(urlsplit(address).path)))
            for address in addresses
            if not address.startswith("data:")
        }
    )


def test_every_page_keeps_to_its_size(handbook: Built) -> None:
    sizes, faults = {}, []
    for page in find_pages(handbook.output):
        files = loaded_files(handbook.output, page)
        faults += [f"{page} loads {address} from elsewhere" for address in files if urlsplit(address).netloc]
        scripts = sum(measure(handbook.output / name) for name in files if name.endswith(".js"))
        sizes[page] = measure(handbook.output / f"{page}.html") + sum(measure(handbook.output / name) for name in files)
        if page != "search":
            faults += [f"{page}: {scripts} bytes of scripts"] if scripts > SCRIPTS else []
            faults += [f"{page}: {len(files) + 1} requests"] if len(files) + 1 > REQUESTS else []
    largest = sorted(sizes.items(), key=lambda item: -item[1])
    faults += [f"{page}: {size} bytes" for page, size in largest if size > (SEARCH if page == "search" else WORST)]
    assert faults == [], "Part the page, or load less."
    assert largest[len(largest) // 20][1] <= TYPICAL, f"More than one page in twenty is large: {largest[:6]}. Part one."


def test_the_styles_in_a_page_and_the_index_of_words_are_small(handbook: Built) -> None:
    [styles] = re.findall(r"<style>(.*?)</style>", (handbook.output / "index.html").read_text("utf-8"), re.DOTALL)
    assert len(gzip.compress(styles.encode(), mtime=0)) <= STYLES
    assert measure(handbook.output / "searchindex.js") <= INDEX
