"""The order of a printed book: its pages as the contents lead to them, and the chapters that have their own files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from sphinx.environment import BuildEnvironment


@dataclass(frozen=True)
class Entry:
    """A page of the book: its name, how deep it stands in the contents (the first page: 0), and its title."""

    docname: str
    depth: int
    title: str


@dataclass(frozen=True)
class Book:
    """The pages in their order, what stands on each, and what each id in the book is the id of."""

    entries: Sequence[Entry]
    pages: Mapping[str, Element]
    known: Mapping[str, str]

    def first(self, kind: str) -> str:
        """The page that has the first thing of a kind, such as `word` or `source`; empty where there is none."""
        return next((each.partition("#")[0] for each, found in self.known.items() if found == kind), "")


def chapters(entries: Sequence[Entry], apart: Callable[[str], bool]) -> list[list[Entry]]:
    """The pages of each chapter, in their order: those that the first page leads to, and those set `apart`."""
    found: list[list[Entry]] = []
    chapter: list[Entry] = []
    for each in entries:
        if each.depth == 1:
            chapter = [each]
            found.append(chapter)
        elif apart(each.docname):
            found.append([each])
        elif each.depth > 1:
            chapter.append(each)
    return found


def walk(env: BuildEnvironment, docname: str, depth: int = 0, seen: set[str] | None = None) -> Iterator[Entry]:
    """Each page that the contents of the book lead to, once, in their order."""
    seen = set() if seen is None else seen
    seen.add(docname)
    yield Entry(docname, depth, env.titles[docname].astext())
    for each in env.toctree_includes.get(docname, ()):
        if each not in seen and each in env.all_docs:
            yield from walk(env, each, depth + 1, seen)
