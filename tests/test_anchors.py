"""What a version has published stays reachable: a book is built as version 1, changed, and built as version 2."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import yaml
from conftest import Built, build
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from sse_handbook.references.anchors import ADDRESS, Listed, lost, misled, nearest, read_lists, routes, yaml_line
from sse_handbook.warnings import Check, Finding

CONF = """
extensions = ["myst_parser", "sphinxcontrib.mermaid", "sse_handbook"]
sse_data_dir = "data"
myst_enable_extensions = ["colon_fence"]
project, version, release, copyright = "A book", "1", "1.0", "2026 nobody"
html_theme = "{theme}"
mermaid_output_format = "svg"
"""
VIDEOS = """
umbrella:
  link: https://www.youtube.com/watch?v=gBKYf4qt1vw
  about: Why an umbrella
  from: A webinar
"""
FORMS = """(forms)=
# Forms

(mutuals)=
## Mutual societies

(coops)=
## Cooperatives
"""
VERSION_1 = {
    "index.md": """(front)=
# Front & more

:::{toctree}
:glob:
*
*/*
:::
""",
    "forms.md": FORMS,
    "help.md": """(help)=
# Help

(money)=
## Money

(training)=
## Training

### A heading without a label
""",
    "first/steps.md": """(steps)=
# First steps

(meeting)=
## A meeting

(vote)=
## A vote
""",
    "words.md": """# Words

:::{glossary}
surplus
  Money left over.
:::

{sse:video}`umbrella`

```{sse:videos}
```
""",
}
PUBLISHED_1 = """# Every page and explicit anchor of A book 1.0
first/steps
first/steps#meeting
first/steps#steps
first/steps#vote
forms
forms#coops
forms#forms
forms#mutuals
help
help#help
help#money
help#training
index
index#front
words
words#term-surplus
words#video-umbrella
"""
# A page that moved as it was, a page cut up, an anchor with a new name, an anchor on another page, a term gone.
VERSION_2 = {
    "index.md": VERSION_1["index.md"],
    "understand/forms.md": FORMS,
    "help.md": "(help)=\n# Help\n\n(finance)=\n## Finance\n",
    "organise/learn.md": "(learn)=\n# Learn \\<more>\n\n(courses)=\n## Courses\n\n(vote)=\n## A vote\n",
    "words.md": "# Words\n\n{sse:video}`umbrella`\n\n```{sse:videos}\n```\n",
}
REDIRECTS = {
    "forms": "understand/forms",
    "forms#forms": "understand/forms#forms",
    "forms#mutuals": "understand/forms#mutuals",
    "forms#coops": "understand/forms#coops",
    "first/steps": "organise/learn",
    "first/steps#steps": "organise/learn#learn",
    "first/steps#meeting": "organise/learn#courses",
    "first/steps#vote": "organise/learn#vote",
    "help#money": "help#finance",
    "help#training": "organise/learn#courses",
    "words#term-surplus": "words",
}


def write(source: Path, files: dict[str, str], theme: str = "basic") -> Path:
    shutil.rmtree(source, ignore_errors=True)
    for name, text in {"conf.py": CONF.format(theme=theme), "data/videos.yaml": VIDEOS, **files}.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    return source


def redirect(source: Path, redirects: dict[str, str]) -> None:
    entries = {old: {"to": new, "because": "It moved in version 2"} for old, new in redirects.items()}
    (source / "data/redirects.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")


def second_version(source: Path, theme: str = "basic") -> Path:
    write(source, {**VERSION_2, "data/anchors/1.0.txt": PUBLISHED_1}, theme)
    redirect(source, REDIRECTS)
    return source


def tree(built: Built, name: str) -> html.HtmlElement:
    return html.parse(built.output / name).getroot()


def land(built: Built, file: str, anchor: str) -> tuple[str, str]:
    """Where a reader comes to from an address: straight, or by the link that stands there."""
    page = tree(built, file)
    there = page.xpath("//*[@id=$anchor]", anchor=anchor) if anchor else [page]
    assert len(there) == 1, f"{file}#{anchor}"
    links = there[0].xpath("self::li/a/@href | self::p[contains(@class, 'moved')]/a/@href")
    if not anchor and page.xpath("//meta[@name='robots']"):
        links = page.xpath("//main/p/a/@href")
    if not links:
        return file, anchor
    target = urlsplit(urljoin(file, str(links[0])))
    assert not target.netloc
    path = unquote(target.path)
    return land(built, f"{path}index.html" if path.endswith("/") or not path else path, target.fragment)


def test_the_addresses_of_a_version_are_listed(tmp_path: Path) -> None:
    built = build(write(tmp_path / "docs", VERSION_1), tmp_path / "build", "addresses", jobs=2)
    assert (built.output / "addresses.txt").read_text(encoding="utf-8") == PUBLISHED_1
    assert not built.warnings
    assert [path.name for path in built.output.iterdir()] == ["addresses.txt"]
    again = build(tmp_path / "docs", tmp_path / "build", "addresses")
    assert not again.read
    assert (again.output / "addresses.txt").read_text(encoding="utf-8") == PUBLISHED_1


def test_what_is_listed_exists(tmp_path: Path) -> None:
    built = build(write(tmp_path / "docs", {**VERSION_1, "data/anchors/1.0.txt": PUBLISHED_1}), tmp_path / "build")
    assert not built.warnings
    for address in PUBLISHED_1.splitlines()[1:]:
        page, _, anchor = address.partition("#")
        assert land(built, f"{page}.html", anchor) == (f"{page}.html", anchor)


def test_each_lost_address_is_reported_once(tmp_path: Path) -> None:
    files = {**VERSION_2, "data/anchors/1.0.txt": PUBLISHED_1, "data/anchors/1.1.txt": PUBLISHED_1}
    source = write(tmp_path / "docs", files)
    for _ in range(2):
        warnings = build(source, tmp_path / "build", "dummy").warnings
        assert {warned.type for warned in warnings} == {"sse.anchor_lost"}
        assert {warned.file for warned in warnings} == {"data/anchors/1.1.txt"}
        assert {PUBLISHED_1.splitlines()[(warned.line or 0) - 1] for warned in warnings} == set(REDIRECTS)
        assert len(warnings) == len(REDIRECTS)


@pytest.mark.parametrize(
    ("builder", "theme", "jobs"), [("html", "basic", 1), ("html", "sphinx_book_theme", 2), ("dirhtml", "basic", 2)]
)
def test_each_old_address_leads_to_a_living_place(tmp_path: Path, builder: str, theme: str, jobs: int) -> None:
    built = build(second_version(tmp_path / "docs", theme), tmp_path / "build", builder, jobs)
    assert not built.warnings

    def file(page: str) -> str:
        return f"{page}.html" if builder == "html" or page == "index" else f"{page}/index.html"

    for address in PUBLISHED_1.splitlines()[1:]:
        page, _, anchor = address.partition("#")
        new_page, _, new_anchor = REDIRECTS.get(address, address).partition("#")
        if page == new_page:
            new_anchor = anchor  # the old name stands where the new one does
        assert land(built, file(page), anchor) == (file(new_page), new_anchor), address


def test_an_old_name_stands_where_the_new_one_does(tmp_path: Path) -> None:
    built = build(second_version(tmp_path / "docs"), tmp_path / "build")
    assert tree(built, "help.html").xpath("//section[@id='finance']//*[@id='money'] | //*[@id='money'][section]")
    assert tree(built, "words.html").xpath("//section[@id='words']//*[@id='term-surplus']")
    (note,) = tree(built, "help.html").xpath("//p[@id='training']")
    assert note.text_content() == "This part has moved: Courses"
    assert note.getprevious().tag == "h1"


def test_the_page_at_an_old_address_is_small_and_plain(tmp_path: Path) -> None:
    built = build(second_version(tmp_path / "docs", "sphinx_book_theme"), tmp_path / "build")
    for name in ("forms.html", "first/steps.html"):
        assert len((built.output / name).read_bytes()) < 2048
        page = tree(built, name)
        assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]
        policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert [each.partition(";")[0] for each in policy] == ["default-src 'none'"]  # nothing loads, nothing runs
        assert not page.xpath("//script | //@onload | //img | //iframe | //link[@rel='stylesheet']")
        for address in page.xpath("//@href"):
            assert not urlsplit(address).scheme, address
            assert not urlsplit(address).netloc, address
            assert not address.startswith("/"), address
    moved = tree(built, "forms.html")
    assert moved.xpath("//title/text() | //h1/text()") == ["Moved: Forms", "Moved: Forms"]
    assert moved.xpath("//link[@rel='canonical']/@href") == ["understand/forms.html"]
    assert not moved.xpath("//meta[@http-equiv='refresh']")  # it would lose the anchor that was asked for
    cut_up = tree(built, "first/steps.html")
    assert cut_up.xpath("//title/text()") == ["Moved: Learn <more>"]
    assert cut_up.xpath("//link[@rel='canonical']/@href") == ["../organise/learn.html"]
    assert not cut_up.xpath("//meta[@http-equiv='refresh']")
    assert [item.text_content() for item in cut_up.xpath("//li")] == ["Courses", "Learn <more>", "A vote"]


def test_a_page_that_published_no_anchor_leads_on_by_itself(tmp_path: Path) -> None:
    source = second_version(tmp_path / "docs")
    redirect(source, REDIRECTS | {"older/leaflet": "understand/forms"})
    page = tree(build(source, tmp_path / "build"), "older/leaflet.html")
    assert page.xpath("//meta[@http-equiv='refresh']/@content") == ["0; url=../understand/forms.html"]
    assert page.xpath("//a/@href") == ["../understand/forms.html"]


def test_a_page_whose_parts_alone_have_redirects_says_so(tmp_path: Path) -> None:
    source = second_version(tmp_path / "docs")
    redirect(source, {old: new for old, new in REDIRECTS.items() if old != "first/steps"})
    built = build(source, tmp_path / "build")
    assert [warned.type for warned in built.warnings] == ["sse.anchor_lost"]
    page = tree(built, "first/steps.html")
    assert not page.xpath("//link | //meta[@http-equiv='refresh']")
    assert len(page.xpath("//li[@id]/a")) == 3


@pytest.mark.parametrize("builder", ["singlehtml", "epub", "latex", "text", "gettext", "dummy"])
def test_other_formats_carry_the_notes_and_no_old_pages(tmp_path: Path, builder: str) -> None:
    source = second_version(tmp_path / "docs")
    built = build(source, tmp_path / "build", builder)
    assert built.warnings == []
    assert not list(built.output.rglob("steps.*html"))
    files = {"singlehtml": "index.html", "epub": "help.xhtml", "latex": "abook.tex", "text": "help.txt"}
    if builder in files:
        text = (built.output / files[builder]).read_text(encoding="utf-8")
        assert "This part has moved" in text
    if builder in ("singlehtml", "epub"):
        page = html.fromstring(text.encode())
        assert len(page.xpath("//*[@id='money']")) == len(page.xpath("//*[@id='training']")) == 1
        (link,) = page.xpath("//*[@id='training']/a/@href")
        # Sphinx 9 writes every link of `singlehtml` with two `#`; ours are as its own.
        assert link == ("organise/learn.xhtml" if builder == "epub" else "#document-organise/learn") + "#courses"


def test_a_new_redirect_is_picked_up_and_a_deleted_one_goes(tmp_path: Path) -> None:
    source = second_version(tmp_path / "docs")
    fewer = {old: new for old, new in REDIRECTS.items() if old not in ("help#training", "forms")}
    redirect(source, fewer)
    assert len(build(source, tmp_path / "build").warnings) == 2
    unchanged = build(source, tmp_path / "build")
    assert (unchanged.read, unchanged.written, len(unchanged.warnings)) == (set(), set(), 2)

    redirect(source, REDIRECTS)
    added = build(source, tmp_path / "build")
    assert (added.read, added.written) == (set(), {"help", "index"})
    assert not added.warnings
    assert tree(added, "help.html").xpath("//p[@id='training']")
    assert tree(added, "forms.html").xpath("//link[@rel='canonical']")

    learn = source / "organise/learn.md"
    learn.write_text(learn.read_text(encoding="utf-8").replace("Courses", "All courses"), encoding="utf-8")
    renamed = build(source, tmp_path / "build")
    assert "help" in renamed.written - renamed.read
    assert "All courses" in tree(renamed, "help.html").text_content()
    assert "All courses" in tree(renamed, "first/steps.html").text_content()

    redirect(source, fewer)
    removed = build(source, tmp_path / "build")
    assert (removed.read, "help" in removed.written, len(removed.warnings)) == (set(), True, 2)
    assert not tree(removed, "help.html").xpath("//*[@id='training']")

    (source / "data/redirects.yaml").unlink()
    assert len(build(source, tmp_path / "build").warnings) == len(REDIRECTS)


def test_an_incremental_build_equals_a_clean_one(tmp_path: Path) -> None:
    source = write(tmp_path / "docs", VERSION_1)
    build(source, tmp_path / "build")
    second_version(source)
    changed = build(source, tmp_path / "build", jobs=2)
    clean = build(source, tmp_path / "clean")
    for path in clean.output.rglob("*.html"):
        name = path.relative_to(clean.output)
        assert (changed.output / name).read_text(encoding="utf-8") == path.read_text(encoding="utf-8"), name


def test_a_redirect_overwrites_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "docs", {**VERSION_2, "help.md": "(help)=\n# Help\n\n## Money\n"})
    (source / "understand/index.md").write_text("# Understand\n", encoding="utf-8")
    old = {
        "../outside": "index",
        "/etc/outside": "index",
        "help.html/below": "index",
        "objects.inv/below": "index",
        "n" * 300: "index",
        "understand": "help",
        "help#money": "understand/forms",
    }
    redirect(source, old)
    for builder in ("html", "dirhtml"):
        built = build(source, tmp_path / "build", builder)
        assert {warned.type for warned in built.warnings} == {"sse.redirect"}
        assert len(built.warnings) == 5
        assert not list(tmp_path.rglob("outside*"))
        assert (built.output / "objects.inv").is_file()
    assert "<h1>Understand" in (built.output / "understand/index.html").read_text(encoding="utf-8")
    assert len(tree(built, "help/index.html").xpath("//*[@id='money']")) == 1  # the heading has taken the name


def test_odd_characters_break_no_line(tmp_path: Path) -> None:
    lists = {"data/anchors/1.0.txt": "index\ra\x1b[31m\u2028b\n"}
    source = write(tmp_path / "docs", {**VERSION_2, **lists})
    redirect(source, {"a\nb": "index", "c": "d\re\x85", "e\u2028": "e\u2028", "\ufdd0": "index"})
    warnings = build(source, tmp_path / "build", "dummy").warnings
    assert {warned.type for warned in warnings} == {"sse.anchor_lost", "sse.register", "sse.redirect"}


ADDRESSES = st.sampled_from(["a", "b", "c", "a#x", "a#y", "b#x", "c#z", "d/e", "d/e#x", "d/é"])
ANYTHING = st.one_of(ADDRESSES, ADDRESSES, st.text(max_size=12))
TABLES = st.dictionaries(ANYTHING, ANYTHING, max_size=12)
EXISTING = st.sets(ANYTHING, max_size=6)


@given(TABLES, EXISTING)
def test_every_chain_loop_and_dead_end_is_found(redirects: dict[str, str], exists: set[str]) -> None:
    faults = {old: message for old, _, message in misled(redirects, exists)}
    assert len(list(misled(redirects, exists))) == len(faults)
    ends = routes(redirects, exists)
    assert set(ends.values()) <= exists
    assert not set(ends) & exists
    for old, new in redirects.items():
        straight = bool(ADDRESS.fullmatch(old)) and old not in exists and new in exists
        assert (old not in faults) == straight
        if straight:
            assert ends[old] == new
        if old in exists or not ADDRESS.fullmatch(old):
            continue
        at, steps = new, 0
        while at not in exists and at in redirects and steps <= len(redirects):
            at, steps = redirects[at], steps + 1
        assert ("circle" in faults.get(old, "")) == (steps > len(redirects))
        assert ("is itself redirected" in faults.get(old, "")) == (0 < steps <= len(redirects))
        assert (ends.get(old) == at) == (at in exists)


@given(st.lists(ANYTHING), EXISTING, TABLES)
def test_what_is_lost_is_named_once_and_its_like_exists(
    addresses: list[str], exists: set[str], redirects: dict[str, str]
) -> None:
    listed = [Listed(address, Path("1.0.txt"), line) for line, address in enumerate(addresses, 1)]
    found = list(lost(listed, exists, redirects))
    assert sorted(each.address for each in found) == sorted({*addresses} - exists - {*redirects})
    for each in found:
        assert each.line == addresses.index(each.address) + 1
        assert nearest(each.address, exists, redirects) in {"", *exists}


@given(st.from_regex(ADDRESS, fullmatch=True).filter(lambda text: len(text) < 100), st.sampled_from(["", "a#b"]))
def test_the_lines_to_add_are_good_yaml(address: str, near: str) -> None:
    line = yaml_line(address, near)
    (entry,) = yaml.safe_load(line).items()
    assert entry == (address, {"to": near or "THE NEW ADDRESS", "because": "WHY IT MOVED"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_no_list_raises(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "1.0.txt").write_bytes(raw)
    found = list(read_lists(tmp_path))
    assert found
    assert all(isinstance(each, Listed) or each.check == Check.REGISTER.value for each in found)


def faults_of(folder: Path) -> Iterator[str]:
    return (each.message for each in read_lists(folder) if isinstance(each, Finding))


def test_lists_from_other_systems_are_read(tmp_path: Path) -> None:
    (tmp_path / "1.0.txt").write_bytes(b"\xef\xbb\xbf# A comment\r\n#\r\n\r\n a#b \r\n#c\r\n")
    assert list(read_lists(tmp_path)) == [
        Listed("a#b", tmp_path / "1.0.txt", 4),
        Listed("#c", tmp_path / "1.0.txt", 5),
    ]
    assert list(read_lists(tmp_path / "none")) == []
    assert list(faults_of(tmp_path / "1.0.txt")) == [
        "This must be a folder, with a list of addresses for each version."
    ]


def test_the_likeliest_new_address_is_named() -> None:
    exists = {"a", "new/a", "new/a#vote", "b#vote", "b#voting", "b#mutuals", "b"}
    assert nearest("old/a#vote", exists, {"old/a": "new/a"}) == "new/a#vote"
    assert nearest("old/a#vote", exists, {"old/a": "b#voting"}) == "b#vote"
    assert nearest("b#mutual", exists, {}) == "b#mutuals"
    assert nearest("b#quite-another", exists, {}) == ""
    assert nearest("nw/a", exists, {}) == "new/a"
