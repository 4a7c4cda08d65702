"""The real handbook in a made-up language: every word is another one, and links, terms, numbers and drawings are not.

The language is English with a tail on each word (“workerŋŋ”), a third longer. It takes the code of Esperanto, for
Sphinx and Babel know no made-up one: dates are Esperanto, and so are the few words that Sphinx writes by itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from babel import Locale
from babel.messages.pofile import read_po, write_po
from conftest import ROOT, Built, build, shared_folder
from filelock import FileLock
from lxml import html

from sse_handbook.diagrams import words as diagram_words
from sse_handbook.po_files import Message, faults
from sse_handbook.registers.laws import read_laws

TAIL = "ŋ"
KEPT = re.compile(
    r"\{(?P<role>[\w:+-]+)\}`(?P<said>[^`<]*?)(?:\s*<(?P<target>[^`>]*)>)?`|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)"
    r"|\]\([^)]*\)|<[^>]+>|\{[^}]*\}|%\w|https?://\S+|&\w+;"
)
WORD = re.compile(r"[^\W\d_]+")


def tailed(text: str) -> str:
    return WORD.sub(lambda word: word[0] + TAIL * max(1, round(len(word[0]) * 0.3)), text)


def made_up(text: str) -> str:
    """A text in the made-up language, as a careful translator writes it."""
    parts, at = [], 0
    for match in KEPT.finditer(text):
        parts.append(tailed(text[at : match.start()]))
        shown = match["role"] == "term" or match["target"]
        words = f"{{{match['role']}}}`{tailed(match['said'] or '')} <{match['target'] or match['said']}>`"
        parts.append(words if shown else match[0])
        at = match.end()
    return "".join([*parts, tailed(text[at:])])


def translate(pots: Path, folder: Path) -> None:
    """Write a catalogue in the made-up language for each that there is to translate."""
    folder.mkdir(parents=True)
    for pot in pots.glob("*.pot"):
        with pot.open("rb") as file:
            catalogue = read_po(file, locale="eo")
        for each in catalogue:
            each.string = tuple(map(made_up, each.id)) if each.pluralizable else made_up(each.id)
            if pot.stem not in ("registers", "sse_handbook"):
                each.string = re.sub(r"^(\d+)\. ", r"\1\. ", each.string)  # no list
            each.flags.discard("fuzzy")
        catalogue.fuzzy = False
        with (folder / f"{pot.stem}.po").open("wb") as file:
            write_po(file, catalogue)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python. Sphinx keeps its translators for the process, so a language has one of its own."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def translated(tmp_path_factory: pytest.TempPathFactory, diagram_cache: Path) -> Built:
    """The real handbook in the made-up language, built once for all workers."""
    folder = shared_folder(tmp_path_factory) / "translated"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            pots = build(ROOT / "docs", folder, "gettext", sse_diagram_cache=str(diagram_cache)).output
            words = ("-F", "pyproject.toml", "-o", str(pots / "sse_handbook.pot"), "src/sse_handbook")
            assert run("babel.messages.frontend", "-q", "extract", *words).returncode == 0
            shutil.copytree(ROOT / "docs", folder / "docs")
            shutil.copy(ROOT / "pyproject.toml", folder)
            translate(pots, folder / "docs/locales/eo/LC_MESSAGES")
            settings = ("-D", "language=eo", "-D", f"sse_diagram_cache={diagram_cache}")
            built = run("sphinx", "-N", "-n", "-b", "html", *settings, str(folder / "docs"), str(folder / "html"))
            (folder / "status").write_text(built.stdout, encoding="utf-8")
            (folder / "warnings").write_text(built.stderr, encoding="utf-8")
            (folder / "done").touch()
    status, warnings = ((folder / name).read_text(encoding="utf-8") for name in ("status", "warnings"))
    return Built(folder / "docs", folder / "html", status, warnings)


def pages(built: Built) -> dict[str, html.HtmlElement]:
    return {
        str(path.relative_to(built.output)): html.parse(str(path)).getroot() for path in built.output.rglob("*.html")
    }


def article(page: html.HtmlElement) -> html.HtmlElement:
    return page.xpath("//article")[0]


def test_it_builds_without_a_warning_and_every_page_is_translated(translated: Built) -> None:
    assert translated.raw_warnings == ""
    done = re.search(r"eo: (\d+) of (\d+) passages are translated", translated.status)
    assert done
    assert done[1] == done[2]


def test_every_link_leads_where_the_english_one_does(translated: Built, handbook: Built) -> None:
    ours, english = pages(translated), pages(handbook)
    assert ours.keys() == english.keys()
    for name in ours.keys() - {"genindex.html"}:  # its letters are those of the language
        here, there = (article(each[name]).xpath(".//a/@href") for each in (ours, english))
        # Lists of laws are in the order of the countries' names.
        assert (sorted(here) == sorted(there)) if name.startswith("policy/laws/") else (here == there), name


def test_every_link_inside_the_book_lives(translated: Built) -> None:
    ours = pages(translated)
    ids = {name: {*page.xpath("//@id")} for name, page in ours.items()}
    for name, page in ours.items():
        for href in page.xpath("//main//a/@href"):
            path, anchor = urldefrag(href)
            if re.match(r"[a-z]+:", href) or not path.endswith((".html", "")):
                continue
            target = os.path.normpath(Path(name).parent / unquote(path)) if path else name
            if target.endswith(".html"):
                assert target in ours, (name, href)
                assert not anchor or unquote(anchor) in ids[target], (name, href)


def numbers(page: html.HtmlElement) -> Iterator[int]:
    """The numbers that a reader sees; the styles of drawings have the drawings' names in them."""
    texts = article(page).xpath(".//text()[not(ancestor::style)]")
    yield from (int(digits) for text in texts for digits in re.findall(r"\d+", text))


def test_every_number_survives(translated: Built, handbook: Built) -> None:
    ours, english = pages(translated), pages(handbook)
    for name in ours:
        here, there = (Counter(numbers(each[name])) for each in (ours, english))
        assert here == there, (name, here - there, there - here)


def test_every_diagram_is_drawn_anew_with_the_same_links(translated: Built, handbook: Built) -> None:
    ours, english = pages(translated), pages(handbook)
    drawn = 0
    for name, page in ours.items():
        for here, there in zip(
            page.xpath("//div[@class='diagram']"), english[name].xpath("//div[@class='diagram']"), strict=True
        ):
            drawn += 1
            assert not list(untranslated(here)), name
            if "countries" not in name:
                assert here.xpath(".//a/@href") == there.xpath(".//a/@href"), name
                assert len(here.xpath(".//*[@data-id]")) == len(there.xpath(".//*[@data-id]")), name
    assert drawn == len(list((ROOT / "docs").rglob("*.mmd"))) + 2  # two are made from the register


# What stays as it is, and why.
STAYS = {
    *Locale("eo").months["format"]["wide"].values(),  # the language's own months
    *["SSE", "handbook", "contributors"],  # whose the book is, as a name
    *["YouTube", "Vimeo", "PeerTube", "oEmbed"],  # names
    "Note",  # Sphinx's own word, which its Esperanto lacks
    "HNI",  # a source, in the name of a table
    # Titles in two languages, which carry no mark of one.
    *(
        word
        for law in read_laws(ROOT / "docs/data").laws.values()
        if not law.language
        for word in WORD.findall(law.title)
    ),
}


def untranslated(page: html.HtmlElement) -> Iterator[str]:
    """The words that a reader sees of a page and that are English still."""
    passed_by = "ancestor::pre or ancestor::code or ancestor::script or ancestor::style or ancestor::math"
    # Sources and the titles of laws are quoted as they are; what has a language of its own is not English.
    passed_by += " or ancestor::*[contains(@class, 'citation') or contains(@class, 'language-')]"
    passed_by += " or ancestor::*[@lang][not(self::html)]"
    # A host stands for an address; the fields and values of the data are what the files have.
    passed_by += " or ancestor::a[contains(@href, .)] "
    passed_by += " or ancestor::*[parent::tr/ancestor::table[contains(@class, 'codebook')]][not(self::td[2])]"
    texts = [*page.xpath(f".//text()[not({passed_by})]"), *page.xpath(".//@aria-label"), *page.xpath(".//@placeholder")]
    for text in texts:
        yield from (each for each in WORD.findall(text) if len(each) > 2 and TAIL not in each and each not in STAYS)


def test_no_english_is_left(translated: Built) -> None:
    left = {name: [*untranslated(page.xpath("//body")[0])] for name, page in pages(translated).items()}
    assert {name: words[:20] for name, words in left.items() if words} == {}


def test_pages_say_which_language_they_are_in_and_are_found_by_its_words(translated: Built) -> None:
    assert {page.get("lang") for page in pages(translated).values()} == {"eo"}
    assert tailed("cooperatives") in (translated.output / "_static/sse-index.js").read_text(encoding="utf-8")


def test_a_translation_that_nobody_has_read_over_says_so(translated: Built) -> None:
    notes = article(pages(translated)["understand/definition.html"]).xpath(".//p[@class='translation']")
    assert [each.text_content() for each in notes] == [
        made_up("Nobody has read this translation over yet. It may be wrong.")
    ]


# Smaller things, each by itself


@pytest.mark.parametrize(
    ("english", "said", "says"),
    [
        ("See [it](#a).", "Vidu [ĝin](#a).", None),
        ("See [it](#a).", "Vidu [ĝin](#b).", ["lacks the link `#a`", "adds the link `#b`"]),
        ("A {term}`bylaw`.", "{term}`Regularo <bylaw>`.", None),
        ("A {term}`bylaw`.", "{term}`Regularo`.", ["lacks the role", "adds the role"]),
        ("Write `` {term}`x` ``.", "Skribu `` {term}`y` ``.", None),
        ("1,234.5 people in 2022", "2022: 1.234,5 homoj", None),
        ("12 people", "१२ लोग", None),
        ("12 people", "homoj", ["lacks the number `12`"]),
        ("%s pages by {name}", "{name}: %s paĝoj", None),
        ("%s pages by {name}", "{nomo}: %s paĝoj", ["lacks the value `{name}`", "adds the value `{nomo}`"]),
        ("Twelve", "", None),
        ("1. Who decides?", r"1\. Kiu decidas?", None),
        ("1. Who decides?", "1. Kiu decidas?", [r"would not be shown. Write `1\.`"]),
    ],
)
def test_what_a_translation_may_change(english: str, said: str, says: list[str] | None) -> None:
    found = [*faults(Message(english, said, False, (), "x.po", 7))]
    assert [each.line for each in found] == [7] * len(says or [])
    for each, message in zip(found, says or [], strict=True):
        assert message in each.message


def test_a_label_keeps_its_width_and_structure_stays() -> None:
    code = (
        '---\ntitle: "T"\n---\nflowchart TB\n  accTitle: Name\n  A["Very<br/>long"] -->|"yes"| B\n  click A href "#a"\n'
    )
    assert [*diagram_words.texts(code)] == [("Name", 5), ("Very long", 6), ("yes", 6)]
    said = {"Name": "Nomo", "Very long": 'La "plej" longa', "yes": "jes"}
    new = diagram_words.translate(code, lambda text: said[text])
    expected = code.replace("Name", "Nomo").replace("yes", "jes")
    assert new == expected.replace("Very<br/>long", "La<br/>#quot;plej#quot;<br/>longa")
    assert diagram_words.translate(code, str) == code


PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8"

#: ../../docs/index.md:1
msgid "A book"
msgstr "Libro"

#: ../../docs/index.md:3
#, fuzzy
msgid "Old words."
msgstr "Malnovaj vortoj."

#: ../../docs/index.md:5
msgid "No words any more."
msgstr "Neniuj vortoj plu."
"""
CONF = """
extensions = ["myst_parser", "sse_handbook"]
project = html_title = "Book"
html_theme = "sse_lean"
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A page, of which the title is translated, and two texts that the English has left behind."""
    source = tmp_path / "docs"
    (source / "locales/ar/LC_MESSAGES").mkdir(parents=True)
    (source / "locales/ar/LC_MESSAGES/index.po").write_text(PO, encoding="utf-8")
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    (source / "index.md").write_text("# A book\n\nNew words.\n", encoding="utf-8")
    return tmp_path


def test_the_build_says_how_much_is_done_and_which_english_has_moved_on(small: Path) -> None:
    built = run("sphinx", "-N", "-b", "html", "-D", "language=ar", str(small / "docs"), str(small / "html"))
    assert built.stderr == ""
    assert re.search(r"^index +1 of +2 +2$", built.stdout, re.MULTILINE), built.stdout
    page = html.parse(str(small / "html/index.html")).getroot()
    assert page.xpath("//h1")[0].text_content().startswith("Libro")
    assert "1 of 2 passages of this page are translated." in page.text_content()
    assert "New words." in page.text_content(), "what has moved on is shown in English"
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")


def test_a_review_lets_it_be_published_until_the_text_changes(small: Path) -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import reviewed  # noqa: PLC0415 (a tool; look again by 2027-06-01)
    finally:
        sys.path.pop(0)
    publish = ("sphinx", "-N", "-b", "html", "-D", "language=ar", "-D", "sse_published=1", str(small / "docs"))
    assert "index.po:1: WARNING: Nobody has read" in run(*publish, str(small / "html")).stderr
    assert reviewed.note("ar", "Ada", [], small / "docs/locales") == ["index"]
    assert run(*publish, str(small / "html")).stderr == ""
    catalogue = small / "docs/locales/ar/LC_MESSAGES/index.po"
    catalogue.write_text(PO.replace('"Libro"', '"La libro"'), encoding="utf-8")
    assert "has changed since Ada read it over on" in run(*publish, str(small / "html")).stderr
    with pytest.raises(SystemExit, match="There is no catalogue of policy"):
        reviewed.note("ar", "Ada", ["policy"], small / "docs/locales")
    (small / "docs/locales/ar/reviewed.yaml").write_text("index: [\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"reviewed\.yaml:2: This is not YAML"):
        reviewed.note("ar", "Ada", [], small / "docs/locales")
