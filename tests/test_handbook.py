"""The real handbook, as it is built: no warning, no dead link, nothing from elsewhere, no work done twice."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import urljoin

import pytest
import yaml
from browser import find_pages
from conftest import ROOT, Built, build_format, find_dead_links, find_page, read_pages, write_files
from lxml import html
from packaging.version import Version


def test_no_warning(handbook: Built) -> None:
    assert handbook.raw_warnings == ""


def test_every_internal_link_and_anchor_exists(handbook: Built) -> None:
    assert find_dead_links(handbook.output, at_least=1000) == []


def test_every_page_is_reached_from_the_front_page(handbook: Built) -> None:
    links = {
        name: {urljoin(name, str(link)).partition("#")[0] for link in tree.xpath("//a/@href")}
        for name, tree in read_pages(handbook.output)
        if not tree.xpath("//meta[@name='robots'][@content='noindex']")  # an old address that leads on
    }
    reached, new = set(), {"index.html"}
    while new:
        reached |= new
        new = {link for page in new for link in links[page] if link in links} - reached
    assert set(links) - reached <= {"genindex.html", "search.html", "404.html"}


def test_the_page_on_c177_leads_to_its_text_and_its_ratifications_at_the_ilo(handbook: Built) -> None:
    links = html.parse(handbook.output / f"{find_page('home-work')}.html").xpath("//article//a/@href")
    for part, what in {"12100": "the text", "11300": "who has ratified it"}.items():
        address = f"https://normlex.ilo.org/dyn/nrmlx_en/f?p=NORMLEXPUB:{part}:0::NO::P{part}_INSTRUMENT_ID:312322"
        assert address in links, what


def test_no_two_sources_of_the_list_are_alike(handbook: Built) -> None:
    found = (source for _name, page in read_pages(handbook.output) for source in page.xpath("//*[@class='citation']"))
    listed = Counter(source.text_content() for source in found)
    assert len(listed) > 1000
    assert [source for source, number in listed.items() if number > 1] == []


def test_each_slide_bullet_leads_to_its_page_in_one_click(handbook: Built) -> None:
    tree = html.parse(handbook.output / f"{find_page('webinar')}.html").getroot()
    for number in range(1, 16):
        sections = tree.xpath(f"//section[@id='slide-{number}'] | //section[span[@id='slide-{number}']]")
        rows = sections[0].xpath("./div//table/tbody/tr | ./table/tbody/tr")
        assert rows, f"slide {number} has no table"
        for row in rows:
            links = [str(link) for link in row.xpath("./td[2]//a[contains(@class, 'internal')]/@href")]
            assert [link for link in links if not link.startswith("#")], f"slide {number}: {row.text_content()[:60]}"


@pytest.mark.long
def test_parallel_builds_give_the_same_site_do_nothing_twice_and_read_a_changed_page_alone(
    handbook: Built, handbook_copy: Callable[..., Built]
) -> None:
    parallel = handbook_copy(jobs=2, sse_downloads={})
    assert parallel.raw_warnings == ""
    files = [
        {path.relative_to(built.output): path for path in built.output.rglob("*") if path.is_file()}
        for built in (handbook, parallel)
    ]
    assert files[0].keys() == files[1].keys()
    names = [name for name in files[0] if name.name not in (".buildinfo", "objects.inv")]
    assert [name for name in names if files[0][name].read_bytes() != files[1][name].read_bytes()] == []
    study, videos = find_page("study"), find_page("videos")
    page = parallel.source / f"{study}.md"
    again = handbook_copy(sse_downloads={})
    assert (again.read, again.written, again.raw_warnings) == (set(), set(), "")
    page.write_text(f"{page.read_text('utf-8')}\n<!-- a remark -->\n", encoding="utf-8")
    changed = handbook_copy(sse_downloads={})
    assert {study} <= changed.read <= {study, videos}  # that one names the pages with videos
    # Sphinx writes the pages whose contents name it again as well.
    assert {name for name in changed.written if not name.endswith("index")} <= {study, videos}


def test_the_addresses_of_the_book_are_listed(shared_folder: Path, handbook: Built) -> None:
    listed = (build_format("addresses", shared_folder, handbook) / "published.txt").read_text("utf-8")
    assert f"\n{find_page('study')}#study\n" in listed


# An ordinary contribution is no finding


@pytest.mark.long
def test_an_ordinary_contribution_is_green_and_a_page_moves_as_the_message_says(
    handbook_copy: Callable[..., Built], tmp_path: Path
) -> None:
    """A Vimeo video, a short link, the first law of a country, a diagram without quotes on a page that moves."""
    docs, old = tmp_path / "docs", find_page("study")
    page, index, new = docs / f"{old}.md", (docs / old).with_name("index.md"), f"{old}-moved"
    published = [old, *(f"{old}#{label}" for label in re.findall(r"(?m)^\((.+)\)=$", page.read_text("utf-8")))]
    countries = yaml.safe_load((docs / "data/countries.yaml").read_text("utf-8"))
    listed = {path.stem for path in (docs / "data/laws").glob("*.yaml")}
    code = next(code for code, country in countries.items() if code not in listed and "search" not in country)
    added = tomllib.loads((ROOT / "tests/contribution.toml").read_text(encoding="utf-8"))
    new_files = {name.replace("CODE", code): text.replace("CODE", code) for name, text in added["new"].items()}
    write_files(docs, new_files | {"data/published/0.0.1.txt": "\n".join(published)})
    for name, text in added["more"].items():
        (docs / name.replace("PAGE", old)).open("a", encoding="utf-8").write(text)
    page.rename(docs / f"{new}.md")
    index.write_text(re.sub(rf"(?m)^{page.stem}$", r"\g<0>-moved", index.read_text("utf-8")), encoding="utf-8")
    warnings = handbook_copy().warnings
    assert {warned.type for warned in warnings} <= {"sse.anchor_lost", "sse.redirect"}  # it may have moved before
    redirects = re.sub(rf"to: {old}(?![\w-])", f"to: {new}", (docs / "data/redirects.yaml").read_text("utf-8"))
    told = re.findall(r"`([^`]+: \{.*\})`", "\n".join(warned.message for warned in warnings))
    lines = "\n".join(told).replace("WHY IT MOVED", "It has a better name now").replace("THE NEW ADDRESS", new)
    (docs / "data/redirects.yaml").write_text(f"{redirects}{lines}\n", encoding="utf-8")
    built = handbook_copy()
    assert built.raw_warnings == ""
    assert {old, new} & set(find_pages(built.output)) == {new}, "the tests of all pages pass over an old address"
    trees = dict(read_pages(built.output))
    assert {*published[1:]} <= {f"{old}#{anchor}" for anchor in trees[f"{old}.html"].xpath("//main//li[a]/@id")}
    links = {str(link) for name in (new, find_page("videos")) for link in trees[f"{name}.html"].xpath("//a/@href")}
    assert {"https://vimeo.com/76979871", "https://www.youtube.com/watch?v=jNQXAC9IVRw"} <= links
    assert "Somebody has a wish" in trees[f"{new}.html"].text_content()
    assert [name for name, tree in trees.items() if tree.xpath(f"//*[@id='law-{code}-2026-cooperatives']")]


@pytest.mark.skipif(".nox" not in sys.prefix, reason="only the environment that noxfile.py makes is pinned")
def test_the_environment_is_what_the_constraints_say() -> None:
    pinned = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE))
    installed = {re.sub(r"[-_.]+", "-", package.name).lower(): package.version for package in distributions()}
    others = {name for name, version in installed.items() if Version(pinned.get(name, "0")) != Version(version)}
    assert others <= {"pip", "setuptools", "wheel", "sse-handbook"}
