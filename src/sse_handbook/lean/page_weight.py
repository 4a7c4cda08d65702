"""Pure: what each built page costs a reader who opens it first, with all that it loads, and the budget for it."""

from __future__ import annotations

import gzip
import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

# In bytes, as a host sends them that compresses with gzip.
WORST = 45_000
TYPICAL = 30_000  # for 95 of 100 pages
SCRIPTS = 8_000
REQUESTS = 4
FIRST_VIEW = 14_000  # the styles, which a browser waits for: files, and the page up to the end of those it holds itself

TAG = re.compile(
    r"<(link|script|img|source|iframe|object|embed|video|audio|track|input|image|use)\b([^>]*)>", re.IGNORECASE
)
ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))")
IN_STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?([^\"')\s;]+)")
STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>|\bstyle=\"([^\"]*)\"", re.DOTALL)
LOADING = {"stylesheet", "icon", "preload", "modulepreload", "manifest", "apple-touch-icon", "shortcut"}
COMPRESSED = {".html", ".css", ".js", ".svg", ".json", ".xml", ".txt", ".webmanifest"}


class Weight(NamedTuple):
    """A page: its name, all that it costs, what of that are styles and scripts, and what it asks for besides itself."""

    page: str
    total: int
    html: int
    styles: int
    scripts: int
    files: tuple[str, ...]
    elsewhere: tuple[str, ...]


class Problem(NamedTuple):
    """A page that breaks the budget, and how."""

    page: str
    message: str


def loaded(html: str) -> Iterator[str]:
    """The addresses that a browser asks for by itself when it opens a page."""
    for tag, text in TAG.findall(html):
        has = {name.lower(): first or second or third for name, first, second, third in ATTRIBUTE.findall(text)}
        if tag.lower() == "link":
            if LOADING & set(has.get("rel", "").lower().split()):
                yield has.get("href", "")
            continue
        yield from (has[name] for name in ("src", "data", "poster") if name in has)
        yield from (each.split()[0] for each in has.get("srcset", "").split(",") if each.split())
        if tag.lower() in ("image", "use"):
            yield from (has[name] for name in ("href", "xlink:href") if name in has)
    for block, attribute in STYLE.findall(html):
        yield from IN_STYLES.findall(block or attribute)


@cache
def sent(path: Path) -> int:
    """The bytes that a host sends for a file."""
    data = path.read_bytes()
    return len(gzip.compress(data, mtime=0)) if path.suffix in COMPRESSED else len(data)


def weigh(folder: Path, page: str, html: str) -> Weight:
    """What one page costs; `page` is its name below the folder."""
    files: dict[str, int] = {}
    elsewhere: list[str] = []
    waiting = [(page, address) for address in loaded(html)]
    while waiting:
        base, address = waiting.pop()
        parts = urlsplit(address)
        if parts.scheme == "data" or not (parts.path or parts.netloc):
            continue
        if parts.scheme or parts.netloc:
            elsewhere.append(address)
            continue
        name = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path)))
        path = folder / name
        if name in files or name == page:
            continue
        files[name] = sent(path) if path.is_file() else 0
        if path.suffix == ".css" and path.is_file():
            waiting += [(name, each) for each in IN_STYLES.findall(path.read_text(encoding="utf-8"))]
    own = len(gzip.compress(html.encode(), mtime=0))
    styles, scripts = (sum(size for name, size in files.items() if name.endswith(end)) for end in (".css", ".js"))
    head = html.partition("</head>")[0]
    styles += len(gzip.compress(head[: head.rfind("</style>") + 8].encode(), mtime=0)) if "</style>" in head else 0
    return Weight(page, own + sum(files.values()), own, styles, scripts, tuple(sorted(files)), tuple(elsewhere))


def read(folder: Path) -> dict[str, str]:
    """The pages of a folder by their names."""
    paths = (path for path in sorted(folder.rglob("*.html")) if "_static" not in path.relative_to(folder).parts)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def weigh_all(folder: Path, pages: Mapping[str, str]) -> list[Weight]:
    """Every page, the heaviest first."""
    sent.cache_clear()
    return sorted((weigh(folder, *page) for page in pages.items()), key=lambda each: (-each.total, each.page))


def percentile(weights: list[Weight], part: float = 0.95) -> Weight:
    """The lightest page that is at least as heavy as this part of all pages."""
    return weights[int(len(weights) * (1 - part))]


def problems(weights: list[Weight]) -> Iterator[Problem]:
    """How pages break the budget."""
    for each in weights:
        said = [f"{name}: {size:,} bytes, at most {most:,}" for name, size, most in _sizes(each) if size > most]
        if len(each.files) + 1 > REQUESTS:
            said.append(f"requests: {len(each.files) + 1}, at most {REQUESTS} ({', '.join(each.files)})")
        if each.elsewhere:
            said.append(f"loaded from elsewhere: {', '.join(each.elsewhere)}")
        if said:
            yield Problem(each.page, f"The page is too heavy. {'; '.join(said)}. Part it, or load less.")
    if weights and percentile(weights).total > TYPICAL:
        worst = ", ".join(f"{each.page} {each.total:,}" for each in weights[: len(weights) // 20 + 3])
        message = f"More than one page in twenty weighs over {TYPICAL:,} bytes. Part one of: {worst}."
        yield Problem(percentile(weights).page, message)


def _sizes(weight: Weight) -> tuple[tuple[str, int, int], ...]:
    return (
        ("all", weight.total, WORST),
        ("styles", weight.styles, FIRST_VIEW),
        ("scripts", weight.scripts, SCRIPTS),
    )


def summary(weights: list[Weight]) -> str:
    """The weights in one line."""
    if not weights:
        return "no page was written"
    median, typical, worst = weights[len(weights) // 2], percentile(weights), weights[0]
    return (
        f"what a page costs a new reader, in bytes: half of {len(weights)} pages at most {median.total:,}, "
        f"95 % at most {typical.total:,}, the worst {worst.total:,} ({worst.page})"
    )


def table(weights: list[Weight]) -> Iterator[str]:
    """The weights as lines of a table."""
    yield f"{'all':>7} {'page':>7} {'styles':>7} {'scripts':>7} {'requests':>8}  name"
    for each in weights:
        requests = len(each.files) + len(each.elsewhere) + 1
        yield f"{each.total:7} {each.html:7} {each.styles:7} {each.scripts:7} {requests:8}  {each.page}"
