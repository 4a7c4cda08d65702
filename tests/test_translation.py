"""The real handbook in a made-up language: every word has a tail (“workerŋŋ”), links and names are as they were.

It takes the code of Arabic, so that pages run from right to left.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po
from conftest import ROOT, Built, build, build_once
from lxml import html

KEPT = re.compile(
    r"\{(?P<role>[\w:+-]+)\}`(?P<text>[^`<]*?)(?:\s*<(?P<target>[^`>]*)>)?`|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)"
    r"|\]\([^)]*\)|<[^>]+>|\{[^}]*\}|%(?:\(\w+\))?\w|https?://\S+|&\w+;"
)
SLIP, HALF, WHOLE, *_more = re.findall(r"^([\w-]+)/index$", (ROOT / "docs/index.md").read_text("utf-8"), re.MULTILINE)


def translate(text: str) -> str:
    parts, at = [], 0

    def add_tails(part: str) -> str:
        return re.sub(r"[^\W\d_]+", lambda word: word[0] + "ŋ" * max(1, len(word[0]) // 3), part)

    for match in KEPT.finditer(text):
        parts.append(add_tails(text[at : match.start()]))
        shown = match["role"] == "term" or match["target"]
        name = f"{{{match['role']}}}`{add_tails(match['text'] or '')} <{match['target'] or match['text']}>`"
        parts.append(name if shown else match[0])
        at = match.end()
    translated = "".join([*parts, add_tails(text[at:])])
    return re.sub(r"^(\d+)\. ", r"\1\\. ", translated)


def write_catalogues(templates: Path, folder: Path) -> None:
    """Translate all, but half of one chapter; and lose a term in another."""
    folder.mkdir(parents=True)
    lost = False
    for template in templates.glob("*.pot"):
        with template.open("rb") as file:
            catalogue = read_po(file, locale="ar")
        for number, message in enumerate(catalogue):
            if not message.id or message.pluralizable or (template.stem == HALF and number % 2):
                continue
            message.string = translate(str(message.id))
            if template.stem == SLIP and not lost and "{term}" in message.id:
                message.string, lost = re.sub(r"\{term\}`[^`]*`", "ŋ", message.string, count=1), True
            message.flags.discard("fuzzy")
        catalogue.fuzzy = False
        with (folder / f"{template.stem}.po").open("wb") as file:
            write_po(file, catalogue)
    assert lost


@pytest.fixture(scope="session")
def translated(shared_folder: Path, diagram_cache: Path) -> Built:
    def build_book(folder: Path) -> Built:
        templates = build(ROOT / "docs", folder, "gettext", sse_diagram_cache=str(diagram_cache)).output
        extract = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "pyproject.toml"]
        places = [name for name in ("src", "docs/_ext", "docs/_templates", "docs/_theme") if (ROOT / name).exists()]
        subprocess.run([*extract, "-o", templates / "sphinx.pot", *places], cwd=ROOT, check=True)
        shutil.copytree(ROOT / "docs", folder / "docs")
        shutil.copy(ROOT / "pyproject.toml", folder)
        write_catalogues(templates, folder / "docs/locales/ar/LC_MESSAGES")
        return build(folder / "docs", folder, language="ar", sse_diagram_cache=str(diagram_cache))

    return build_once(shared_folder / "translated", build_book)


def article(built: Built, name: str) -> html.HtmlElement:
    return html.parse(built.output / name).xpath("//article")[0]


@pytest.mark.long
def test_only_the_slip_is_told(translated: Built) -> None:
    """A slip is a warning at its place, and a right translation is none."""
    assert [warned.type for warned in translated.warnings] == ["i18n.inconsistent_references"]
    assert translated.warnings[0].file.startswith(f"{SLIP}/")


def test_every_page_leads_where_the_english_one_does(translated: Built, handbook: Built) -> None:
    for path in handbook.output.rglob("*.html"):
        name = path.relative_to(handbook.output).as_posix()
        if name.startswith(f"{SLIP}/") or not html.parse(path).xpath("//article"):
            continue  # there a term is lost
        links = [sorted(map(str, article(built, name).xpath(".//a/@href"))) for built in (handbook, translated)]
        assert links[0] == links[1], name


def test_pages_say_their_language_and_are_read_from_the_right(translated: Built) -> None:
    page = html.parse(translated.output / f"{WHOLE}/index.html").getroot()
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    assert "ŋ" in page.xpath("//h1")[0].text_content()
    assert not page.xpath("//article//p[@class='translation']")


def test_a_page_that_is_not_whole_says_so_and_marks_what_is_english(translated: Built) -> None:
    half = article(translated, f"{HALF}/index.html")
    assert re.search(r"\d+ \w+ \d+", half.xpath(".//p[@class='translation']")[0].text_content())
    left = "".join(node.text_content() for node in half.xpath(".//p[@lang='en']"))
    assert left and "ŋ" not in left
