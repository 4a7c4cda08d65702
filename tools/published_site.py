"""What a site of many versions holds beside them: the newest under a name of its own, and a way from each page to each.

Pure: from the files of all versions it makes those that they share, and touches nothing. The layout is told in
`docs/contribute/releasing.md`; the extension's `versions` writes the links that lead into it.

    1.0.0/, 1.1.0/ ...   each version as it was published, never changed again
    latest/              the newest version; and what stood only in older ones leads on
    versions/            under the name of each page, a list of all versions of it
    versions.css         tells the pages of each older version that a newer one is out
    index.html           leads to latest/
    sitemap.xml          the pages of latest/
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from string import Template
from urllib.parse import quote, unquote, urlsplit

from changes import NUMBER
from packaging.version import Version

# As `docs/_templates/version.html` has them.
NEWEST, ALL, SHARED = "latest", "versions", "versions.css"

PAGE = Template((Path(__file__).parent / "publish_pages/page.html").read_text(encoding="utf-8"))
# The book in its other formats; `{}` stands for the version.
FORMATS = {"PDF": "downloads/sse-handbook.pdf", "EPUB": "downloads/sse-handbook.epub"}
FORMATS |= {"offline copy": "downloads/sse-handbook-{}.zip"}
# Sphinx's own pages, which nobody looks for.
TOOLS = ("search.html", "genindex.html")


class Head(HTMLParser):
    """What a page says of itself: its title, where it has moved to, the address by which it wants to be found."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.title = self.canonical = self.released = ""
        self.hidden = False
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is told in the head; and the day on which the version was released, from the line that names it."""
        values = {name: value or "" for name, value in attrs}
        self._inside = tag
        if tag == "link" and values.get("rel") == "canonical":
            self.canonical = values.get("href", "")
        elif tag == "meta" and values.get("name") == "robots":
            self.hidden = "noindex" in values.get("content", "")
        elif tag == "time" and not self.released:
            self.released = values.get("datetime", "")

    def handle_data(self, data: str) -> None:
        """Note the title."""
        if self._inside == "title":
            self.title += data.strip("\n")

    def handle_endtag(self, tag: str) -> None:
        """Nothing is inside an element that has ended."""
        self._inside = ""


@dataclass(frozen=True)
class Edition:
    """One version as it is published: its files, by the hash of their contents, and a way to read a page."""

    version: str
    files: Mapping[str, str]
    read: Callable[[str], str]

    @cached_property
    def pages(self) -> dict[str, Head]:
        """What each of its pages says of itself."""
        return {name: Head(self.read(name)) for name in self.files if name.endswith(".html") and name[0] != "_"}

    @cached_property
    def moved(self) -> dict[str, str]:
        """Each page that has moved, and the page of this version to which it leads."""
        found = {}
        for name, page in self.pages.items():
            address = urlsplit(page.canonical)
            if page.hidden and page.canonical and not address.netloc:
                target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(address.path)))
                if target in self.pages and target != name:
                    found[name] = target
        return found

    def nearest(self, name: str) -> str:
        """The page itself, where it went, or the nearest above it that this version has."""
        if name in self.files:
            return self.moved.get(name, name)
        folder = posixpath.dirname(name)
        while folder:
            for each in (f"{folder}/index.html", f"{folder}.html"):
                if each in self.files:
                    return self.moved.get(each, each)
            folder = posixpath.dirname(folder)
        return "index.html"


def editions(files: Mapping[str, str], read: Callable[[str], str]) -> list[Edition]:
    """The versions that a site has, the newest first; `read` gives the text of a content by its hash."""
    found: dict[str, dict[str, str]] = {}
    for path, content in files.items():
        version, _, name = path.partition("/")
        if name and NUMBER.fullmatch(version):
            found.setdefault(version, {})[name] = content
    return [edition(version, found[version], read) for version in sorted(found, key=Version, reverse=True)]


def edition(version: str, files: Mapping[str, str], read: Callable[[str], str]) -> Edition:
    """A version with these files."""
    return Edition(version, files, lambda name: read(files[name]))


def shared(found: Sequence[Edition]) -> dict[str, str | bytes]:
    """Every file of the site that is no version's own: the hash of a content that a version has, or a new content.

    `found` are all versions, the newest first.
    """
    newest = found[0]
    site: dict[str, str | bytes] = {f"{NEWEST}/{name}": content for name, content in newest.files.items()}
    every = dict.fromkeys(name for each in found for name in each.pages)
    for each in found[1:]:
        for name, content in each.files.items():
            if name in every:
                site.setdefault(f"{NEWEST}/{name}", gone(name, found).encode())
            elif not name.startswith(("_", ".")):
                # A file that no page can stand for stays; what begins with `_` is Sphinx's, and no address to cite.
                site.setdefault(f"{NEWEST}/{name}", content)
    site |= {f"{ALL}/{name}": listed(name, found).encode() for name in every}
    site |= {SHARED: _styles(found[1:]).encode(), ".nojekyll": b"", "index.html": _front(newest).encode()}
    if base := address(newest):
        site["sitemap.xml"] = _sitemap(newest, base).encode()
        # Where a host looks for it; it may be shown at any depth, so its link is whole.
        body = f'<p><a href="{escape(base)}">The newest version</a></p>'
        site["404.html"] = _page("This page is not here", body).encode()
    return site


def address(newest: Edition) -> str:
    """The address of the folder of the newest version, as its front page names it; empty where it names none."""
    return newest.pages["index.html"].canonical.removesuffix("index.html")


def gone(name: str, found: Sequence[Edition]) -> str:
    """A page that stands for one that the newest version does not have, and names what is nearest to it."""
    newest = found[0]
    near = newest.nearest(name)
    old = next(each for each in found if name in each.files)
    title = old.pages[name].title
    body = (
        f"<p>Version {newest.version} has no such page. The nearest that it has: "
        f"{_link(name, near, newest.pages[near].title)}.</p>\n"
        f"<p>The last version that had it: "
        f"{_link(name, f'../{old.version}/{name}', f'{title}, version {old.version}')}.</p>"
    )
    return _page(f"No longer here: {title}", body)


def listed(name: str, found: Sequence[Edition]) -> str:
    """The list of all versions of one page, the newest first; for the front page, with the other formats."""
    rows = []
    for each in found:
        here = each.nearest(name) if name in each.files else _earlier(name, each, found)
        day = each.pages["index.html"].released
        label = f"Version {each.version}" + (f", {day}" if day else "")
        if not here:
            rows.append(f"<li>{label}: it has no such page.</li>")
            continue
        row = f"<li>{_link(name, f'../{each.version}/{here}', f'{label}: {each.pages[here].title}')}"
        for words, file in FORMATS.items() if name == "index.html" else ():
            if (file := file.format(each.version)) in each.files:
                row += f", {_link(name, f'../{each.version}/{file}', words)}"
        rows.append(f"{row}</li>")
    newest = found[0].nearest(name)
    title = found[0].pages[newest].title
    body = f"<p>{_link(name, f'../{NEWEST}/{newest}', 'The newest version')}</p>\n<ul>\n{chr(10).join(rows)}\n</ul>"
    if name != "index.html":
        body += f"\n<p>{_link(name, 'index.html', 'All versions of the book')}</p>"
    return _page(f"All versions: {title}", body)


def _earlier(name: str, old: Edition, found: Iterable[Edition]) -> str:
    """What a page was in a version that does not have it: the page that later moved to its place; empty if none did."""
    for each in found:
        for before, after in each.moved.items():
            if after == name and before in old.files:
                return old.nearest(before)
    return ""


def _styles(old: Iterable[Edition]) -> str:
    rules = ",\n".join(f'.sse-version[data-version="{each.version}"] .sse-old' for each in old)
    # Stronger than a theme's own rule for what is hidden.
    return f"{rules} {{ display: inline !important; }}\n" if rules else ""


def _front(newest: Edition) -> str:
    to = f"{NEWEST}/index.html"
    body = f'<p><a href="{to}">Version {newest.version}</a></p>\n<p><a href="{ALL}/index.html">All versions</a></p>'
    return _page(newest.pages["index.html"].title, body, f'\n<meta http-equiv="refresh" content="0; url={to}">')


def _sitemap(newest: Edition, base: str) -> str:
    names = sorted(name for name, page in newest.pages.items() if not page.hidden and name not in TOOLS)
    rows = "".join(f"<url><loc>{escape(base + quote(name))}</loc></url>\n" for name in names)
    start = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{start}{rows}</urlset>\n"


def _link(here: str, there: str, words: str) -> str:
    """A link from a page of a folder to another, both seen from that folder."""
    return f'<a href="{escape(quote(posixpath.relpath(there, posixpath.dirname(here) or ".")))}">{escape(words)}</a>'


def _page(title: str, body: str, head: str = "") -> str:
    return PAGE.substitute(title=escape(title), body=body, head=head)


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """What a version that is published and one of the same number do not share, a line each."""
    for name in sorted({*old, *new}):
        if name not in new:
            yield f"{name}: published, and not built now"
        elif name not in old:
            yield f"{name}: built now, and not published"
        elif old[name] != new[name]:
            yield f"{name}: other content"
