"""Check the book's prose: short sentences, short words, one shape of page, and what nobody means in Markdown.

Limits, and what nobody means, stand in `pyproject.toml` under `[tool.prose]`; what rumdl finds is left to it. The
reading grade is Flesch-Kincaid (Kincaid and others, 1975). Syllables are counted by rule: a dictionary of sounds is a
package more, and over the pages of November 2026 the two grades differ by 0.13 on average (CMU Pronouncing Dictionary).
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

ROOT = Path(__file__).parent.parent
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["prose"]
VOWELS = re.compile("(?<=c)o(?=op)|i(?=at)|[aeiouy]+")  # a syllable each: co-operative, associ-ation
SILENT = re.compile(r"(?:(?<![aeiouy])(?<![^aeiouy]l)e|(?<![aeiouycghsxz])(?<![^aeiouy]l)es|(?<![aeiouydt])ed)$")
WORD = re.compile(r"[^\W_](?:[\w'’.,/-]*[^\W_])?")  # a number or a compound with hyphens is one
ABBREVIATION = re.compile(r"\b(?:No|Nos|Dr|Mr|Ms|St|vs|Art|[A-Z])\.$")
DIRECTIVE = re.compile(r"\{([\w:-]+)\}\s*(.*)")
SENTENCE_BREAK = re.compile(r"""[.!?]["”')]*\s+(?=["“'(]?[A-Z0-9])""")
Sentence = tuple[int, str, list[str]]  # its line, its text, its words


class Page:
    def __init__(self) -> None:
        self.sentences, self.cells, self.in_short = list[Sentence](), list[Sentence](), list[Sentence]()
        self.headings, self.mistakes = list[tuple[int, str]](), list[tuple[int, str]]()
        self.blocks = list[tuple[int, str, str]]()  # the line, the table of `[tool.prose]`, and the text
        self.first_block = ""


@cache
def count_syllables(word: str) -> int:
    parts = [SILENT.sub("", part) for part in word.lower().split("-") if part]
    return sum(max(1, len(VOWELS.findall(part))) for part in parts)


def measure(sentences: list[Sentence]) -> tuple[float, float]:
    """Return the words a sentence, and the grade in years of school in the United States; 0 for no sentences."""
    words = [word for *_place, words in sentences for word in words]
    mean = len(words) / max(len(sentences), 1)
    return mean, 0.39 * mean + 11.8 * sum(map(count_syllables, words)) / len(words) - 15.59 if words else 0.0


def read_inline(token: Token) -> str:
    """Return the text of an inline token as a reader sees it, in the lines of the source."""
    text = ""
    for child in token.children or []:
        role = child.meta.get("name", "")
        if child.type in ("softbreak", "hardbreak"):
            text += "\n"
        elif child.type != "html_inline" and "cite" not in role and role != "icon":
            content = re.sub(r"\s*<[^>]*>$", "", child.content) if role else child.content
            text += f"`{content}`" if child.type == "code_inline" else content
    return text


def read_kind(token: Token, kind: str) -> str:
    """Return what is of one kind within an inline token (`text` is no markup), in the lines of the source."""
    return "".join("\n" if "break" in one.type else one.content * (one.type == kind) for one in token.children or [])


def read_page(path: Path) -> Page:
    """Parse a page as MyST does, and keep what a reader reads; of another file, its text."""
    extensions, page = {"colon_fence", "deflist", "attrs_inline", "attrs_block"}, Page()
    page.blocks = [(1, "file", text := path.read_text(encoding="utf-8")), (1, path.suffix, text)]
    parser = create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)
    collect(page, parser.parse(text) if path.suffix == ".md" else [], parser)
    return page


def collect(page: Page, tokens: list[Token], parser: Any, offset: int = 0, box: str = "") -> None:
    """Add the sentences and headings of some tokens to a page; `box` is the title of the admonition around them."""
    in_table = False
    for number, token in enumerate(tokens):
        in_table = token.type == "table_open" or (in_table and token.type != "table_close")
        line = offset + (token.map or [0])[0] + 1
        texts = {"block": f"{token.type} {token.markup}{token.info}\n{token.content}"}
        if token.type == "inline":
            texts = {"source": token.content, "left": read_kind(token, "text"), "html": read_kind(token, "html_inline")}
        page.blocks += ((line, *text) for text in texts.items())
        if token.type == "inline" and tokens[number - 1].type == "heading_open":
            page.headings.append((line, read_inline(token)))
        elif token.type == "inline":
            page.first_block = page.first_block or "text"
            rows = enumerate(read_inline(token).split("\n"), line)
            found = [(row, text.strip(), words) for row, text in rows if (words := WORD.findall(text))]
            (page.cells if in_table else page.sentences).extend(found)
            page.in_short += found if box == "In short" else []
        elif token.type == "colon_fence" and token.map and token.map[1] - token.map[0] == token.content.count("\n") + 1:
            # Its lines are those of its content and one more: there is no line that closes it.
            page.mistakes.append((line, "this `:::` is never closed: add a line `:::` where its content ends"))
        elif token.type in ("colon_fence", "fence") and (directive := DIRECTIVE.match(token.info)):
            page.first_block = page.first_block or directive[2]
            if directive[1] in RULES["read"] + RULES["measured"]:
                body = page if directive[1] in RULES["measured"] else Page()
                body.blocks, body.mistakes = page.blocks, page.mistakes
                inside = re.sub(r"\A(?::[\w-]+:.*\n)*", lambda options: "\n" * options[0].count("\n"), token.content)
                collect(body, parser.parse(inside), parser, line, directive[2])


def check(page: Page, rules: dict[str, Any], name: str) -> Iterator[tuple[int, str]]:
    yield from page.mistakes
    yield from (
        (line + text.count("\n", 0, slip.start()), advice)
        for line, kind, text in page.blocks
        for wrong, advice in rules.get(kind, {}).items()
        for slip in re.finditer(wrong, text, re.MULTILINE)
    )
    for line, text, words in page.sentences + page.cells:
        if len(words) > rules["max_words"]:
            yield line, f"{len(words)} words: split it at {rules['max_words']}"
        for wrong, right in rules["words"].items():
            if match := re.search(rf"(?<![\w-])(?:{wrong})(?![\w-])", re.sub(r"`[^`]*`", "", text), re.IGNORECASE):
                yield line, f"“{match[0]}”: {right}"
    for line, text, _words in page.sentences:
        for stop in SENTENCE_BREAK.finditer(text):
            if not ABBREVIATION.search(text[: stop.start() + 1]):
                yield line, f"two sentences on one line: break it before “{text[stop.end() :][:20]}”"
    (mean, grade), limit = measure(page.sentences), find_rule(rules["grade"], name)
    if mean > rules["mean_words"]:
        yield 1, f"{mean:.1f} words a sentence on average: at most {rules['mean_words']}"
    if grade > limit:
        yield 1, f"reading grade {grade:.1f}: at most {limit}; use shorter words or sentences"
    if (grade := measure(page.in_short)[1]) > (limit := rules["in_short_grade"]):
        yield page.in_short[0][0], f"“In short” has grade {grade:.1f}: at most {limit}"
    if shape := find_rule(rules["shape"], name):
        yield from check_shape(page, rules["headings"] if shape is True else shape, name.endswith("/index.md"))


def check_shape(page: Page, headings: list[str], is_index: bool) -> Iterator[tuple[int, str]]:
    wanted, titles = headings[-1:] if is_index else headings, (text for _line, text in page.headings)
    if page.first_block != "In short":
        yield 1, "the page must open with an “In short” box"
    elif len(page.in_short) != 3:
        line = page.in_short[0][0] if page.in_short else 1
        yield line, f"“In short” has {len(page.in_short)} sentences: three"
    if missing := [heading for heading in wanted if not any(text.startswith(heading) for text in titles)]:
        yield 1, f"no heading “{missing[0]} …” in its place; the order is: {', '.join(wanted)}"
    elif not page.headings[-1][1].startswith(headings[-1]):
        yield page.headings[-1][0], f"“{headings[-1]}” must be the last heading"


def find_rule(table: dict[str, Any], name: str) -> Any:  # the first pattern that matches decides
    return next((value for pattern, value in table.items() if Path(name).match(pattern)), 0)


def main() -> int:
    files = sorted(path for path in (ROOT / "docs").rglob("*") if path.is_file())
    large = [path for path in files if path.suffix.lower() in RULES["pictures"] and path.stat().st_size > 1e6]
    findings = {(str(path.relative_to(ROOT)), 1, "the picture is larger than 1 MB: make it smaller") for path in large}
    for path in [*map(Path, sys.argv[1:])] or files:  # the files to check; else all
        name = path.resolve().relative_to(ROOT).as_posix()
        if path.suffix in RULES and not any(Path(name).match(pattern) for pattern in RULES["exclude"]):
            try:
                findings |= {(name, *found) for found in check(read_page(path), RULES, name)}
            except UnicodeDecodeError as error:
                findings.add((name, error.object.count(b"\n", 0, error.start) + 1, "no UTF-8: save it as UTF-8"))
    sys.stdout.writelines("{}:{}: {}\n".format(*place) for place in sorted(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
