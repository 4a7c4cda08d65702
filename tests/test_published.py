"""What a version has published stays reachable: a book is built as version 1, changed, and built as version 2."""

import re
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import yaml
from conftest import ROOT, Built, build, write_files
from lxml import html

CONF = f"""
extensions = ["myst_parser", "sse_handbook", "published"]
templates_path = ["{ROOT / "docs/_templates"}"]
project, version, release = "A book", "1", "1.0"
html_theme = "{{theme}}"
myst_enable_extensions = ["colon_fence"]
"""
FRONT = "(front)=\n# Front & more\n\n:::{toctree}\n:glob:\n*\n*/*\n:::\n"
FORMS = "(forms)=\n# Forms\n\n(mutuals)=\n## Mutual societies\n\n(coops)=\n## Cooperatives\n"
VERSION_1 = {
    "index.md": FRONT,
    "forms.md": FORMS,
    "help.md": "(help)=\n# Help\n\n(money)=\n## Money\n\n(training)=\n## Training\n\n### A heading without a label\n",
    "first/steps.md": "(steps)=\n# First steps\n\n(meeting)=\n## A meeting\n\n(vote)=\n## A vote\n",
    "words.md": "# Words\n\n:::{glossary}\nsurplus\n  Money left over.\n:::\n",
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
"""
# A page that moved as it was, a page cut up, an anchor with a new name, an anchor on another page, a term gone.
VERSION_2 = {
    "index.md": FRONT,
    "understand/forms.md": FORMS,
    "help.md": "(help)=\n# Help\n\n(finance)=\n## Finance\n",
    "organise/learn.md": "(learn)=\n# Learn \\<more>\n\n(courses)=\n## Courses\n\n(vote)=\n## A vote\n",
    "words.md": "# Words\n",
    "data/published/1.0.txt": PUBLISHED_1,
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


def write(source: Path, files: dict[str, str], redirects: dict[str, str] | None = None, theme: str = "basic") -> Path:
    entries = {old: {"to": new, "because": "It moved in version 2"} for old, new in (redirects or {}).items()}
    yaml_file = {"data/redirects.yaml": yaml.safe_dump(entries)} if redirects else {}
    return write_files(source, {"conf.py": CONF.format(theme=theme), **files, **yaml_file})


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
    return land(built, unquote(target.path), target.fragment)


def test_the_addresses_of_a_version_are_listed(tmp_path: Path) -> None:
    built = build(write(tmp_path / "docs", VERSION_1), tmp_path / "build", "addresses", jobs=2)
    assert built.warnings == []
    assert {path.name for path in built.output.iterdir()} == {"published.txt", "published.laws.json"}
    assert (built.output / "published.txt").read_text(encoding="utf-8") == PUBLISHED_1


@pytest.mark.parametrize(("builder", "jobs"), [("dummy", 1), ("html", 2)])
def test_each_lost_address_is_told_once_in_the_newest_list(tmp_path: Path, builder: str, jobs: int) -> None:
    source = write(tmp_path / "docs", {**VERSION_2, "data/published/1.1.txt": PUBLISHED_1})
    warnings = build(source, tmp_path / "build", builder, jobs).warnings
    assert {warned.type for warned in warnings} == {"sse.anchor_lost"}
    assert sorted(re.findall(r"published `(.+?)`", "".join(warned.message for warned in warnings))) == sorted(REDIRECTS)


@pytest.mark.parametrize(("theme", "jobs"), [("basic", 1), ("sphinx_book_theme", 2)])
def test_each_old_address_leads_to_a_living_place(tmp_path: Path, theme: str, jobs: int) -> None:
    built = build(write(tmp_path / "docs", VERSION_2, REDIRECTS, theme), tmp_path / "build", "html", jobs)
    assert built.warnings == []
    for address in PUBLISHED_1.splitlines()[1:]:
        page, _, anchor = address.partition("#")
        new_page, _, new_anchor = REDIRECTS.get(address, address).partition("#")
        if page == new_page:
            new_anchor = anchor  # the old name stands where the new one does
        if address != "words#term-surplus":  # what it became has no anchor: a note stands at the top of the page
            assert land(built, f"{page}.html", anchor) == (f"{new_page}.html", new_anchor), address
    assert tree(built, "help.html").xpath("//section[@id='finance']//*[@id='money'] | //*[@id='money'][section]")
    (note,) = tree(built, "help.html").xpath("//p[@id='training']")
    assert note.text_content() == "This part has moved: Courses"
    assert note.getprevious().tag == "h1"


def test_the_page_at_an_old_address_is_small_and_plain(tmp_path: Path) -> None:
    redirects = REDIRECTS | {"older/leaflet": "understand/forms"}
    built = build(write(tmp_path / "docs", VERSION_2, redirects, "sphinx_book_theme"), tmp_path / "build")
    for name in ("forms.html", "first/steps.html", "older/leaflet.html"):
        assert len((built.output / name).read_bytes()) < 2048
        page = tree(built, name)
        assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]
        assert page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0].startswith("default-src 'none'")
        assert not page.xpath("//script | //@onload | //img | //iframe | //link[@rel='stylesheet']")
        assert not [link for link in page.xpath("//@href") if urlsplit(link).netloc or link.startswith("/")]
    moved = tree(built, "first/steps.html")
    assert moved.xpath("//title/text() | //h1/text()") == ["Moved: Learn <more>"] * 2
    assert moved.xpath("//link[@rel='canonical']/@href") == ["../organise/learn.html"]
    assert not moved.xpath("//meta[@http-equiv='refresh']")  # it would lose the anchor that was asked for
    assert [item.text_content() for item in moved.xpath("//li/a")] == ["Courses", "Learn <more>", "A vote"]
    leaflet = tree(built, "older/leaflet.html")
    assert leaflet.xpath("//meta[@http-equiv='refresh']/@content") == ["0; url=../understand/forms.html"]


def test_a_changed_redirect_is_followed_without_a_fresh_build(tmp_path: Path) -> None:
    source = write(tmp_path / "docs", VERSION_2, REDIRECTS | {"help#training": "understand/forms"})
    first = build(source, tmp_path / "build")
    assert first.warnings == [] and "forms" in tree(first, "help.html").xpath("string(//p[@id='training']//@href)")
    write(source, {}, REDIRECTS)
    again = build(source, tmp_path / "build")
    assert (again.read, again.warnings) == (set(), [])
    assert "forms" not in tree(again, "help.html").xpath("string(//p[@id='training']//@href)")
