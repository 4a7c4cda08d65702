"""The register of laws as pages and as data: the real one, and a small one that tests may change."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import re
import runpy
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pikepdf
import pypdfium2
import pytest
import yaml
from conftest import ROOT, Built, build
from lxml import html
from sphinx.util.inventory import InventoryFile

from sse_handbook.laws.lists import SORTS
from sse_handbook.laws.pages import COLUMNS
from sse_handbook.registers.law_words import dated, in_words, law_name, months_since
from sse_handbook.registers.laws import Law, LawRegister, read_laws

REGIONS = {each: each.lower() for each in ("Africa", "Americas", "Asia", "Europe", "Oceania", "World")}
HEAVIEST = 45 * 1024  # what a page may weigh on the way to a phone
CONF = """
extensions = ["myst_parser", "sphinxcontrib.bibtex", "sse_handbook"]
sse_data_dir = "data"
bibtex_bibfiles = ["data/sources.bib"]
bibtex_reference_style = "author_year_semicolon"
exclude_patterns = ["_*"]
html_theme = "basic"
smartquotes = False
templates_path = ["_templates"]
sse_law_links = {"correct": "https://example.org/new?key={key}", "history": "https://example.org/{country}.yaml"}
sse_law_package = {"name": "laws", "licenses": [{"name": "CC-BY-4.0"}]}
"""
LAW = """{key}:
  title: {title}
  language: es
  english: {english}
  level: national
  type: framework law
  topic: SSE framework
  adopted: {year}
  status: {status}
  status_as_of: 2025-12
  home_based: {means}
  text_access: text online (reproduction)
  evidence: law text read
  sources: [gazette]
"""


def law(key: str, title: str = "Ley", status: str = "in force", means: str = "Says nothing.") -> str:
    values = {"key": key, "title": title, "english": f"Act of {key[:2].upper()}", "year": key[3:7], "status": status}
    return LAW.format(**values, means=means)


SMALL = {
    "conf.py": CONF,
    "_templates/layout.html": """<!DOCTYPE html><meta charset="utf-8"><title>{{ title }}</title>
{% block body %}{% endblock %}
""",
    "index.md": """# Laws

{sse:law}`es-2011-one`, {sse:law}`a bill <es-2024-bill>` and {sse:law}`es-2024-bill`.

```{toctree}
europe
africa
tables
years
sources
```
""",
    "europe.md": "# Europe\n\n```{sse:laws}\n:show: entries\n:region: Europe\n```\n",
    "africa.md": "# Africa\n\n```{sse:laws}\n:show: entries\n:region: Africa\n```\n",
    "tables.md": """# Tables

```{sse:laws}
:show: counts
```

```{sse:laws}
:show: summary
```

```{sse:laws}
:region: Africa
:caption: Laws of Africa
```

```{sse:laws}
:show: countries
```
""",
    "years.md": "# Years\n\n```{sse:laws}\n:show: timeline\n```\n\n```{sse:laws}\n:show: downloads\n```\n",
    "sources.md": "# Sources\n\n```{bibliography}\n```\n",
    "data/sources.bib": "@misc{gazette,\n  author = {{Gazette}},\n  title = {Laws},\n  year = {2023},\n"
    "  url = {https://example.org/1},\n}\n",
    "data/countries.yaml": """es: {name: Spain, region: Europe, subregion: Southern Europe}
fr: {name: France, region: Europe, subregion: Western Europe, search: nothing usable}
ke: {name: Kenya, region: Africa, subregion: Eastern Africa}
ml: {name: Mali, region: Africa, subregion: Western Africa, search: not researched}
tg: {name: Togo, region: Africa, subregion: Western Africa}
""",
    "data/laws/es.yaml": law("es-2011-one") + law("es-2024-bill", status="draft"),
    "data/laws/ke.yaml": law("ke-2022-groups"),
}


class Project:
    """The small project, to edit and to build."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.source = folder, folder / "docs"
        for name, text in SMALL.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.source / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def build(self, output: str = "build", builder: str = "html", jobs: int = 1) -> Built:
        return build(self.source, self.folder / output, builder, jobs)

    def page(self, name: str, output: str = "build") -> html.HtmlElement:
        return html.parse(self.folder / output / "html" / f"{name}.html").getroot()


@pytest.fixture
def small(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="module")
def register() -> LawRegister:
    found = read_laws(ROOT / "docs" / "data")
    assert len(found.laws) >= 165
    return found


def tree(built: Built, name: str) -> html.HtmlElement:
    return html.parse(built.output / f"{name}.html").getroot()


def text(element: html.HtmlElement) -> str:
    """The words of an element, with quotes as they are typed."""
    return " ".join(str(element.text_content()).translate(str.maketrans("‘’“”", "''\"\"")).split())


def files(folder: Path) -> dict[str, bytes]:
    """What a build wrote, but for what names the build itself."""
    left_out = {".buildinfo", "objects.inv", "searchindex.js"}
    every = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in left_out)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in every if "_static" not in path.parts}


# The real handbook


def test_every_law_has_an_entry_in_its_region_with_its_facts_and_a_source(
    handbook: Built, register: LawRegister
) -> None:
    pages = {region: tree(handbook, f"policy/laws/{name}") for region, name in REGIONS.items()}
    lists = ("reference/sources", "reference/sources-j-z")
    sources = {str(each) for name in lists for each in tree(handbook, name).xpath("//@id")}
    for key, each in register.laws.items():
        sections = pages[register.countries[each.country].region].xpath(f"//section[@id='law-{key}']")
        assert len(sections) == 1, key
        entry, said = sections[0], text(sections[0])
        assert text(entry.xpath("(.//h3|.//h4)[1]")[0]).startswith(law_name(each, always=True)), key
        for fact in (f"{each.type}: {each.topic}", each.home_based, each.threshold, each.body, each.evidence, key):
            assert " ".join(fact.split()) in said, (key, fact)
        links = (str(link) for link in entry.xpath(".//a/@href"))
        cited = [link.partition("#")[2] for link in links if re.search(r"/sources[a-z-]*\.html#", link)]
        assert len(cited) == len(each.sources), key
        assert set(cited) <= sources, key
        if each.title != each.english and each.language:
            assert entry.xpath(f".//span[@lang='{each.language}']"), key
        country = entry.xpath("ancestor::section[starts-with(@id, 'laws-')]")[-1]
        assert country.get("id") == f"laws-{each.country}"


def test_what_a_law_means_for_home_based_workers_comes_first(handbook: Built) -> None:
    entries = tree(handbook, "policy/laws/asia").xpath("//section[starts-with(@id, 'law-')]")
    first = [entry.xpath("string(*[2])").startswith("For home-based workers:") for entry in entries]
    assert len(first) > 40
    assert all(first)


def test_the_inventory_holds_every_law(handbook: Built, register: LawRegister) -> None:
    inventory = InventoryFile.loads((handbook.output / "objects.inv").read_bytes(), uri="").data["sse:law"]
    assert set(inventory) == set(register.laws)
    assert all(item.uri.endswith(f"#law-{key}") for key, item in inventory.items())


def test_the_counts_are_those_of_the_register(handbook: Built, register: LawRegister) -> None:
    tables = tree(handbook, "policy/laws/index").xpath("//table[contains(@class, 'counts')]")
    for table, field in zip(tables, ("type", "evidence"), strict=True):
        heads = [text(each) for each in table.xpath("./thead//th")][1:]
        counted = Counter(
            (register.countries[each.country].region, str(getattr(each, field))) for each in register.laws.values()
        )
        for row in table.xpath("./tbody/tr"):
            name, *cells = (text(each) for each in row)
            for head, cell in zip(heads, cells, strict=True):
                wanted = sum(
                    number for pair, number in counted.items() if pair[0] in (name, name if name != "All" else pair[0])
                    and head in (pair[1], "All")
                )  # fmt: skip
                assert int(cell) == wanted, (name, head)
    summary = text(tree(handbook, "policy/laws/index"))
    assert f"{len(register.laws)} laws and policies, of {len({e.country for e in register.laws.values()})}" in summary


def test_every_country_is_listed_with_what_is_known_of_it(handbook: Built, register: LawRegister) -> None:
    rows = {text(row[0]): row for row in tree(handbook, "policy/laws/countries").xpath("//table/tbody/tr")}
    assert set(rows) == {each.name for each in register.countries.values()}
    for key, country in register.countries.items():
        laws, said = rows[country.name].xpath("./td[1]//a"), text(rows[country.name][2])
        assert len(laws) == len(register.of_country(key))
        if country.search == "nothing usable":
            assert said.startswith("searched without a usable result")
        elif country.search:
            assert said.startswith(country.search)
        else:
            assert said == ("" if laws else "no search is recorded")


def test_the_tables_can_be_read_aloud(handbook: Built) -> None:
    tables = [
        table
        for path in (handbook.output / "policy/laws").glob("*.html")
        for table in html.parse(path).getroot().xpath("//table[contains(@class, 'laws')]")
    ]
    assert len(tables) > 20
    for table in tables:
        assert text(table.xpath("./caption")[0])
        assert {each.get("scope") for each in table.xpath("./thead//th")} == {"col"}
        assert all([cell.get("scope") for cell in row.xpath("./th")] == ["row"] for row in table.xpath("./tbody/tr"))


def test_no_page_of_laws_is_heavy(handbook: Built) -> None:
    weights = {
        path.name: len(gzip.compress(path.read_bytes())) for path in (handbook.output / "policy/laws").glob("*.html")
    }
    assert len(weights) > 15
    assert {name: weight for name, weight in weights.items() if weight > HEAVIEST} == {}


def test_the_data_hold_every_law_and_no_formula(handbook: Built, register: LawRegister) -> None:
    raw = (handbook.output / "data/laws.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [row["key"] for row in rows] == list(register.laws)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    told = json.loads((handbook.output / "data/laws.json").read_text(encoding="utf-8"))
    for row, each in zip(rows, told["laws"], strict=True):
        real = register.laws[row["key"]]
        for name in ("title", "english", "status", "threshold", "notes"):
            assert each.get(name, "") == getattr(real, name)
            assert row[name].removeprefix("'") == getattr(real, name)
        assert each["sources"] == list(real.sources)
    assert {each["key"] for each in told["countries"]} == set(register.countries)
    assert told["sources"].keys() == {key for each in register.laws.values() for key in each.sources}

    package = json.loads((handbook.output / "data/datapackage.json").read_text(encoding="utf-8"))
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    for each in package["resources"]:
        content = (handbook.output / "data" / each["path"]).read_bytes()
        assert (each["bytes"], each["hash"]) == (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")
    fields = package["resources"][0]["schema"]["fields"]
    assert [each["name"] for each in fields] == list(rows[0])
    assert all(each["description"] for each in fields)
    codebook = tree(handbook, "policy/laws/data").xpath("//table/tbody/tr")
    assert [text(row[0]) for row in codebook] == list(rows[0])


def test_only_the_page_with_a_table_to_filter_loads_the_script(handbook: Built) -> None:
    loading = [
        path.stem
        for path in handbook.output.rglob("*.html")
        if "_static" not in path.parts and b"sse-laws.js" in path.read_bytes()
    ]
    assert loading == ["all"]
    assert (handbook.output / "_static/sse-laws.js").stat().st_size < 3000
    assert not tree(handbook, "policy/laws/all").xpath("//form[contains(@class, 'law-filter')]")


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_the_filter_hides_what_does_not_fit(handbook: Built, tmp_path: Path) -> None:
    page = (handbook.output / "policy/laws/all.html").read_text(encoding="utf-8")
    choose = """<script>addEventListener("load", () => {
      const [words, country, region] = document.querySelectorAll("form.law-filter :is(input, select)");
      words.value = "HOME work"; country.value = "Spain"; region.value = "Europe";
      words.dispatchEvent(new Event("input", {bubbles: true}));
    })</script>"""
    address = f"file://{handbook.output}/policy/laws/"
    (tmp_path / "page.html").write_text(page.replace("<head>", f"<head><base href='{address}'>{choose}", 1), "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--dump-dom"]
    run = subprocess.run(["chromium", *options, f"file://{tmp_path}/page.html"], capture_output=True, check=True)
    shown = html.fromstring(run.stdout.decode()).xpath("//table[contains(@class, 'law-filter')]/tbody/tr[not(@hidden)]")
    assert [text(row[0]) for row in shown] == ["Spain: Ratification of ILO Convention 177 on Home Work (2022)"]


def test_a_change_in_one_file_writes_only_the_pages_that_show_it(handbook_copy: Callable[..., Built]) -> None:
    source = handbook_copy().source
    path = source / "data/laws/au.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("  body: ", "  body: The Mended Office; ", 1), "utf-8")
    again = handbook_copy()
    assert again.read == {"policy/laws/oceania", "policy/laws/offices"}
    # Sphinx writes the pages whose contents name one that was read again as well.
    assert again.written <= again.read | {"policy/laws/index", "policy/index", "index"}
    assert "The Mended Office" in text(tree(again, "policy/laws/oceania"))


def test_the_link_to_correct_a_law_fills_in_the_form_that_the_repository_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/handbook")
    links = runpy.run_path(str(ROOT / "docs/conf.py"))["sse_law_links"]
    address = urlsplit(links["correct"].format(key="ke-2022-groups", country="ke"))
    asked = parse_qs(address.query)
    assert address.path == "/someone/handbook/issues/new"
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE" / asked.pop("template")[0]).read_text("utf-8"))
    assert asked.pop("title") == ["ke-2022-groups: "]
    assert set(asked) <= {field.get("id") for field in form["body"]}
    assert asked["key"] == ["ke-2022-groups"]
    assert (ROOT / links["history"].format(key="", country="ke").partition("/commits/HEAD/")[2]).exists()


# The small project


def test_the_role_names_the_law_and_says_its_status_when_pointed_at(small: Project) -> None:
    assert small.build().warnings == []
    links = small.page("index").xpath("//a[span/@class='law']")
    assert [text(link) for link in links] == ["Act of ES (2011)", "a bill", "Act of ES (2024, draft)"]
    assert links[0].get("href") == "europe.html#law-es-2011-one"
    assert links[0].get("title") == "Act of ES. Spain, 2011. Status: in force, as of 2025-12."
    assert "Status: draft" in links[1].get("title")


def test_an_entry_says_who_cites_it_and_where_to_correct_it(small: Project) -> None:
    small.build()
    entry = small.page("europe").xpath("//section[@id='law-es-2011-one']")[0]
    assert "Cited on: Laws" in text(entry)
    assert "Cited on" not in text(small.page("africa"))
    assert {"https://example.org/new?key=es-2011-one", "https://example.org/es.yaml"} <= set(entry.xpath(".//a/@href"))
    assert "Not checked again yet since the entry was written. Its newest source is of December 2025." in text(entry)


@pytest.mark.parametrize(
    ("checked", "says"),
    [("2026-11-01", "1 November 2026, less than a month ago."), ("2024-11-23", "24 months ago. Too long ago")],
)
def test_an_entry_says_how_long_ago_it_was_checked(
    small: Project, monkeypatch: pytest.MonkeyPatch, checked: str, says: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795478400")  # 24 November 2026
    small.change("data/laws/ke.yaml", "  sources:", f"  checked: {checked}\n  sources:")
    built = small.build()
    assert says in text(small.page("africa"))
    stale = [note.message for note in built.notes if note.type == "sse.law_stale"]
    assert len(stale) == 1
    assert ("ke-2022-groups" in stale[0]) == ("Too long" in says)

    # Time alone makes the page new: nothing is read again, and the one page is written.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1803340800")  # 23 February 2027
    later = small.build()
    assert (later.read, later.written - {"index"}) == (set(), {"africa"})


def test_days_and_months_are_counted_whole() -> None:
    assert [months_since("2026-01-31", date(2026, 2, 28)), months_since("2025-02-28", date(2026, 2, 28))] == [0, 12]
    assert [in_words(day) for day in ("2011", "2011-03", "2011-03-09")] == ["2011", "March 2011", "9 March 2011"]


@pytest.mark.parametrize(
    ("day", "words", "said"),
    [
        ("2011-03-09", "", "9 March 2011"),
        ("", "bills since 2014-10 (two of 2015-01-02)", "bills since October 2014 (two of 2 January 2015)"),
        ("2011-03-09", "2011-03-09 [not confirmed]", "9 March 2011 [not confirmed]"),
        ("2011-03", "2011-03-09 (passed)", "9 March 2011 (passed)"),
        ("2011-03-09", "passed by 10 votes", "9 March 2011; passed by 10 votes"),
        ("2014", "2014-2016", "2014-2016"),
        ("2000-10-18", "2000-10-18/20", "2000-10-18/20"),
        ("2010-05-12", "2010-05-12 (22.02.1389)", "12 May 2010 (22.02.1389)"),
        ("", "2011-04-31 (passed), 0000-01-01, ٢٠١١-04-31", "2011-04-31 (passed), 0000-01-01, ٢٠١١-04-31"),
        ("", "", ""),
    ],
)
def test_a_date_is_said_once_and_in_words(day: str, words: str, said: str) -> None:
    assert dated(day, words) == said


def cite_elsewhere(project: Project) -> None:
    project.change("sources.md", "# Sources", "# Sources\n\n{sse:law}`ke-2022-groups`")


def retitle_a_page_that_cites(project: Project) -> None:
    project.change("index.md", "# Laws", "# All the laws")


def change_a_law(project: Project) -> None:
    project.change("data/laws/es.yaml", "Act of ES", "The act of ES")


def change_a_status(project: Project) -> None:
    project.change("data/laws/es.yaml", "status: draft", "status: in force")


def move_a_line(project: Project) -> None:
    project.change("data/laws/es.yaml", "es-2011", "# A comment\n\nes-2011")


def add_a_law(project: Project) -> None:
    project.write("data/laws/fr.yaml", law("fr-2014-sse"))


def relate_two_laws(project: Project) -> None:
    project.write("data/laws/ke.yaml", law("ke-2022-groups") + "  relations:\n    see_also: [es-2011-one]\n")


def remove_a_file(project: Project) -> None:
    (project.source / "data/laws/ke.yaml").unlink()


def remove_a_law_that_is_cited(project: Project) -> None:
    project.write("data/laws/es.yaml", law("es-2024-bill", status="draft"))


def rename_a_law(project: Project) -> None:
    project.change("data/laws/ke.yaml", "ke-2022-groups", "ke-2022-community-groups")


def rename_a_country(project: Project) -> None:
    project.change("data/countries.yaml", "Kenya", "Republic of Kenya")


def move_a_country(project: Project) -> None:
    project.change("data/countries.yaml", "Kenya, region: Africa", "Kenya, region: Europe")


def search_a_country(project: Project) -> None:
    project.change("data/countries.yaml", "search: not researched", "search: nothing usable")


def break_a_file(project: Project) -> None:
    project.change("data/laws/ke.yaml", "status: in force", "status: in vigour")


def move_the_entries(project: Project) -> None:
    project.write("africa.md", "# Africa\n")
    project.change("europe.md", "Europe\n```", "Europe, Africa\n```")


def misspell_a_list(project: Project) -> None:
    project.change("africa.md", ":region: Africa", ":region: Afrika")


def lose_a_source(project: Project) -> None:
    project.change("data/laws/ke.yaml", "[gazette]", "[gazete]")


def check_a_law(project: Project) -> None:
    project.change("data/laws/ke.yaml", "  sources:", "  checked: 2026-11-01\n  sources:")


EDITS = [
    cite_elsewhere, retitle_a_page_that_cites, change_a_law, change_a_status, move_a_line, add_a_law, relate_two_laws,
    remove_a_file, remove_a_law_that_is_cited, rename_a_law, rename_a_country, move_a_country, search_a_country,
    break_a_file, move_the_entries, misspell_a_list, lose_a_source, check_a_law,
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_an_incremental_build_is_a_clean_build(edit: Callable[[Project], None], small: Project) -> None:
    before = files(small.build("incremental").output)
    edit(small)
    incremental, clean = small.build("incremental"), small.build("clean", jobs=2)
    assert Counter(incremental.warnings) == Counter(clean.warnings)
    assert files(incremental.output) == files(clean.output)

    for path in [path for path in small.source.rglob("*") if path.is_file()]:
        path.unlink()
    for name, content in SMALL.items():
        small.write(name, content)
    assert files(small.build("incremental").output) == before


@pytest.mark.parametrize(
    ("edit", "pages"),
    [
        (move_a_line, set()),
        (cite_elsewhere, {"sources", "africa"}),
        (change_a_status, {"europe", "tables", "index"}),
        (check_a_law, {"africa"}),
        (search_a_country, {"tables"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_change_writes_only_the_pages_that_show_it(
    edit: Callable[[Project], None], pages: set[str], small: Project
) -> None:
    small.build()
    edit(small)
    # Sphinx writes the page again whose contents name one that was read.
    assert small.build().written - {"index"} == pages - {"index"}


FAULTS = [
    ("  status: in force", "  status: in vigour", 9),
    ("  adopted: 2022", "  adopted: 2022-13", 8),
    ("[gazette]", "[gazete]", 14),
    ("  evidence: law text read", "  evidence: read", 13),
    ("  language: es", "  language: Spanish", 3),
    ("  topic: SSE framework", "  topic: SSE framework\n  topics: SSE", 8),
    ("ke-2022-groups:", "es-2022-groups:", 1),
    ("  home_based: Says nothing.", f"  home_based: {'x' * 1_000_000}", 11),
    ("  home_based: Says nothing.", '  home_based: "A \\u202Egnp.exe"', 11),
]


@pytest.mark.parametrize(("old", "new", "line"), FAULTS, ids=lambda value: str(value)[:24])
def test_a_planted_fault_is_reported_on_its_line(small: Project, old: str, new: str, line: int) -> None:
    small.change("data/laws/ke.yaml", old, new)
    found = [each for each in small.build().warnings if each.file == "data/laws/ke.yaml"]
    assert {(each.line, each.type) for each in found} == {(line, "sse.register")}
    assert "\u202e" not in text(small.page("africa"))
    assert (small.folder / "build/html/africa.html").stat().st_size < 10_000


HOSTILE = [
    "=HYPERLINK(\"https://example.org\",\"x\")", "+1+1", "-2+3", "@SUM(A1)", "'=1", "＝1+1",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{ config }} {% raw %}",
    "**bold** [x](javascript:alert(1)) `{sse:law}`", "\\input{/etc/passwd} $x$ & % # _ ^ ~",
    "|sub| :role:`x` .. raw:: html", "a;=1\n  =cmd", '"quoted", and, more', "--> %%{init: {}}%% end\"]; click X",
    "]]></svg>",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_text_comes_out_as_text(small: Project, value: str, tmp_path: Path) -> None:
    quoted = json.dumps(value)
    small.write("data/laws/ke.yaml", law("ke-2022-groups", title=quoted, means=quoted).replace("Act of KE", quoted))
    small.change("data/countries.yaml", "name: Kenya", f"name: {quoted}")
    assert small.build().raw_warnings == ""
    plain = " ".join(value.split())
    for name in ("africa", "tables", "years"):
        page = small.page(name)
        assert plain in text(page), name
        assert not page.xpath("//script | //img | //*[@onerror] | //a[starts-with(@href, 'javascript')]")
    rows = list(
        csv.DictReader(io.StringIO((small.folder / "build/html/data/laws.csv").read_text("utf-8-sig"), newline=""))
    )
    kenya = rows[-1]
    assert kenya["home_based"].removeprefix("'") == value
    assert not kenya["home_based"].startswith(("=", "+", "-", "@", "＝"))
    assert kenya["home_based"].startswith("'") == value.startswith(("=", "+", "-", "@", "＝", "'"))
    told = json.loads((small.folder / "build/html/data/laws.json").read_text("utf-8"))
    assert told["laws"][-1]["home_based"] == told["countries"][2]["name"] == value
    as_text = small.build(builder="text")
    assert plain.split()[0] in (as_text.output / "africa.txt").read_text("utf-8")
    latex = small.build(builder="latex")
    assert "\\input{/etc" not in next(latex.output.glob("*.tex")).read_text("utf-8")
    small.change("conf.py", '"sse_handbook"]', '"sse_handbook", "pdf_builder"]')
    printed = small.build(builder="pdf").output / "book.pdf"
    said = "".join(each.get_textpage().get_text_range() for each in pypdfium2.PdfDocument(printed))
    # A line of print may end anywhere in a long word, and with a hyphen of its own.
    assert letters(plain).replace("＝", "?") in letters(said)  # our fonts do not have that one
    with pikepdf.open(printed) as pdf:
        held = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary)]
        kinds = {str(each["/S"]) for each in held if "/S" in each and "/Pg" not in each}
        assert not kinds & {"/JavaScript", "/Launch", "/GoToR", "/SubmitForm"}
        assert {str(each["/URI"]) for each in held if "/URI" in each} <= {
            "https://example.org/1", "https://example.org/ke.yaml", "https://example.org/es.yaml",
            *(f"https://example.org/new?key={key}" for key in ("es-2011-one", "es-2024-bill", "ke-2022-groups")),
        }  # fmt: skip


def letters(said: str) -> str:
    """What a text says without its spaces, signs of no width, and hyphens."""
    return re.sub(r"[\s\u200b\ufffe\x02-]", "", said)


def test_two_builds_write_the_same_data(small: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    one, two = (files(small.build(name).output / "data") for name in ("one", "two"))
    assert one == two
    assert sorted(one) == ["datapackage.json", "laws.csv", "laws.json"]
    assert one["laws.csv"].startswith(codecs.BOM_UTF8)
    assert "created" not in json.loads(one["datapackage.json"])
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795478400")
    assert json.loads(files(small.build("three").output / "data")["datapackage.json"])["created"].startswith(
        "2026-11-24"
    )


def test_a_project_that_wants_no_data_gets_none(small: Project) -> None:
    small.change("conf.py", "sse_law_package", "unused_package")
    assert small.build().warnings == []
    assert not (small.folder / "build/html/data").exists()


def test_a_project_without_sources_or_mermaid_names_the_keys(small: Project) -> None:
    small.change("conf.py", '"sphinxcontrib.bibtex", ', "")
    small.write("sources.md", "# Sources\n")
    assert small.build().warnings == []
    assert "Sources: gazette" in text(small.page("africa"))
    assert "2011: Spain" in text(small.page("years"))


def test_every_column_can_be_shown(small: Project) -> None:
    small.write("tables.md", f"# Tables\n\n```{{sse:laws}}\n:columns: {', '.join(COLUMNS)}\n```\n")
    assert small.build().warnings == []
    assert len(small.page("tables").xpath("//thead//th")) == len(COLUMNS)


@pytest.mark.parametrize("option", [":show: everything", ":sort: size", ":by: weight", ":unheard: of"])
def test_an_option_that_cannot_be_is_a_warning(small: Project, option: str) -> None:
    small.write("tables.md", f"# Tables\n\n```{{sse:laws}}\n{option}\n```\n")
    found = [each for each in small.build().warnings if each.file == "tables.md"]
    assert [each.line for each in found] == [4]


def test_laws_are_sorted_by_year_and_by_check() -> None:
    def of(**values: str) -> Law:
        needed = dict.fromkeys(("path", "title", "english", "level", "type", "topic", "status", "text_access"), "")
        return Law(**{"key": "es-one", "country": "es", "line": 1, "evidence": "", "sources": (), **needed, **values})  # type: ignore[arg-type]

    laws = [
        of(checked="2026-01-02"),
        of(status_as_of="2024"),
        of(status_as_of="source not dated"),
        of(checked="2025-01-02"),
    ]
    assert [laws.index(each) for each in sorted(laws, key=SORTS["checked"])] == [2, 1, 3, 0]
    assert sorted([of(adopted="2011-03"), of(), of(in_force="1998")], key=SORTS["year"])[0].in_force == "1998"


def test_a_hostile_text_is_drawn_as_text(small: Project, diagram_cache: Path) -> None:
    names = " ".join(each for each in HOSTILE if "\n" not in each)[:380]
    small.change("data/countries.yaml", "name: Kenya", f"name: {json.dumps(names)}")
    small.change("conf.py", '"sse_handbook"', '"sse_handbook", "mermaid_svg"')
    drawing = {"mermaid_output_format": "svg", "sse_diagram_cache": str(diagram_cache)}
    built = build(small.source, small.folder / "build", **drawing)
    assert [each for each in built.warnings if each.type != "sse.diagram_legibility"] == []
    page = small.page("years")
    assert names in text(page.xpath("//details")[0])
    assert page.xpath("//div[@class='diagram']//*[local-name()='svg']")
    assert not page.xpath("//script | //img | //*[@onerror] | //div[@class='diagram']//a")
