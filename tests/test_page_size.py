"""What a page costs somebody who opens it first, in bytes as a host sends them that compresses with gzip."""

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
# The search page has Sphinx's search in one script; the index of words is loaded when somebody searches.
SEARCH_SCRIPTS, INDEX = 16_000, 95_000
LOADED = "//link[@rel='stylesheet' or @rel='icon' or @rel='manifest']/@href | //@src | //object/@data | //use/@href"


@cache
def measure(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), mtime=0))


def test_every_page_keeps_to_its_size(handbook: Built) -> None:
    sizes, faults = {}, []
    for page in find_pages(handbook.output):
        path = handbook.output / f"{page}.html"
        addresses = {urlsplit(str(address)) for address in html.parse(path).getroot().xpath(LOADED)}
        faults += [f"{page} loads {address.geturl()} from elsewhere" for address in addresses if address.netloc]
        names = {unquote(address.path) for address in addresses if address.path and not address.scheme}
        files = {handbook.output / posixpath.normpath(posixpath.join(posixpath.dirname(page), name)) for name in names}
        scripts = sum(measure(file) for file in files if file.suffix == ".js")
        sizes[page] = measure(path) + sum(map(measure, files))
        if scripts > (SEARCH_SCRIPTS if page == "search" else SCRIPTS) or len(files) + 1 > REQUESTS:
            faults.append(f"{page}: {scripts} bytes of scripts, {len(files) + 1} requests")
    largest = sorted(sizes.items(), key=lambda item: -item[1])
    faults += [f"{page}: {size} bytes" for page, size in largest if size > WORST]
    assert faults == [], "Part the page, or load less."
    assert largest[len(largest) // 20][1] <= TYPICAL, f"More than one page in twenty is large: {largest[:6]}. Part one."


def test_the_styles_in_a_page_and_the_index_of_words_are_small(handbook: Built) -> None:
    [styles] = re.findall(r"<style>(.*?)</style>", (handbook.output / "index.html").read_text("utf-8"), re.DOTALL)
    assert len(gzip.compress(styles.encode(), mtime=0)) <= STYLES
    assert measure(handbook.output / "searchindex.js") <= INDEX
