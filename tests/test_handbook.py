"""The real handbook, as it is built: no warning, no dead link, nothing from elsewhere, and no work done twice."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from conftest import ROOT, Built, build
from lxml import html
from packaging.version import Version

LOADED = {
    "link": "href",
    "script": "src",
    "img": "src",
    "iframe": "src",
    "object": "data",
    "source": "src",
    "use": "href",
}


def pages(built: Built) -> Iterator[tuple[Path, html.HtmlElement]]:
    for path in sorted(built.output.rglob("*.html")):
        if "_static" in path.parts:
            continue  # the theme's own building blocks
        yield path.relative_to(built.output), html.parse(path).getroot()


def anchors(tree: html.HtmlElement) -> set[str]:
    return {str(each) for each in tree.xpath("//@id | //a/@name")}


def test_no_warning(handbook: Built) -> None:
    assert handbook.raw_warnings == ""


def test_every_internal_link_and_anchor_exists(handbook: Built) -> None:
    known = {path.as_posix(): anchors(tree) for path, tree in pages(handbook)}
    followed, dead = 0, []
    for path, tree in pages(handbook):
        for link in tree.xpath("//@href | //@src"):
            target = urlsplit(urljoin(path.as_posix(), str(link)))
            if target.scheme or target.netloc:
                continue
            followed += 1
            name, anchor = unquote(target.path) or path.as_posix(), unquote(target.fragment)
            if not (handbook.output / name).exists() or (anchor and anchor not in known.get(name, ())):
                dead.append(f"{path}: {link}")
    assert followed > 1000
    assert not dead


def test_every_page_is_reached_from_the_front_page(handbook: Built) -> None:
    links = {
        path.as_posix(): {urljoin(path.as_posix(), str(link)).partition("#")[0] for link in tree.xpath("//a/@href")}
        for path, tree in pages(handbook)
        if not tree.xpath("//meta[@name='robots'][@content='noindex']")  # an old address that leads on
    }
    reached, new = set(), {"index.html"}
    while new:
        reached |= new
        new = {link for page in new for link in links[page] if link in links} - reached
    assert set(links) - reached <= {"genindex.html", "search.html"}


def test_nothing_is_loaded_from_elsewhere(handbook: Built) -> None:
    loaded = [
        f"{path}: {address}"
        for path, tree in pages(handbook)
        for tag, attribute in LOADED.items()
        for address in tree.xpath(f"//{tag}[not(@rel='canonical')]/@{attribute}")
        if urlsplit(str(address)).netloc
    ]
    assert loaded == []
    assert [str(path) for path, tree in pages(handbook) if tree.xpath("//iframe | //object | //embed")] == []


def test_each_slide_bullet_leads_to_its_page_in_one_click(handbook: Built) -> None:
    tree = html.parse(handbook.output / "reference/webinar.html").getroot()
    for number in range(1, 16):
        sections = tree.xpath(f"//section[@id='slide-{number}'] | //section[span[@id='slide-{number}']]")
        assert sections, f"no section for slide {number}"
        rows = sections[0].xpath("./div//table/tbody/tr | ./table/tbody/tr")
        assert rows, f"slide {number} has no table"
        for row in rows:
            links = [str(link) for link in row.xpath("./td[2]//a[contains(@class, 'internal')]/@href")]
            assert links, f"slide {number}: {row.text_content()[:60]}"
            assert not all(link.startswith("#") for link in links), f"slide {number}: {row.text_content()[:60]}"


def test_the_videos_show_no_player_and_say_what_is_not_known(handbook: Built) -> None:
    tree = html.parse(handbook.output / "reference/videos.html").getroot()
    cards = tree.xpath("//div[contains(@class, 'video-card')]")
    assert len(cards) == 6
    text = tree.text_content()
    for number in range(1, 7):
        assert f"Video {number}" in text
    assert "The slides give the link of Video 1 for Video 2 too" in text
    for card in cards:
        assert card.xpath(".//a[contains(@href, 'youtube.com/watch?v=')]")
        assert "On pages:" in card.text_content()


def test_the_text_for_translators_is_written_without_a_warning_one_file_a_chapter(
    tmp_path: Path, handbook: Built, diagram_cache: Path
) -> None:
    written = build(ROOT / "docs", tmp_path, "gettext", sse_diagram_cache=str(diagram_cache))
    assert written.raw_warnings == ""
    chapters = {path.parent.name for path in (ROOT / "docs").glob("*/index.md")}
    assert {path.stem for path in written.output.glob("*.pot")} >= chapters | {"index"}


def test_building_twice_reads_and_writes_nothing(handbook_copy: Callable[..., Built]) -> None:
    first = handbook_copy()
    assert len(first.read) > 30
    again = handbook_copy()
    assert again.read == again.written == set()
    assert again.raw_warnings == ""


def test_changing_one_page_writes_that_page(handbook_copy: Callable[..., Built]) -> None:
    source = handbook_copy().source
    page = source / "organise/study.md"
    page.write_text(
        page.read_text(encoding="utf-8").replace("(study)=", "<!-- mended -->\n\n(study)="), encoding="utf-8"
    )
    again = handbook_copy()
    assert again.read == {"organise/study"}
    # Sphinx writes the pages whose contents name it again as well.
    assert again.written <= {"organise/study", "organise/index", "reference/videos", "reference/index", "index"}
    assert again.raw_warnings == ""


def test_a_film_used_elsewhere_changes_the_list_of_films(handbook_copy: Callable[..., Built]) -> None:
    source = handbook_copy().source
    page = source / "organise/first-steps.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}\nSee {{sse:video}}`ecosystem`.\n", encoding="utf-8")
    again = handbook_copy()
    assert "reference/videos" in again.written
    entry = html.parse(again.output / "reference/videos.html").getroot().xpath("//*[@id='video-ecosystem']")[0]
    assert "first-steps.html" in " ".join(map(str, entry.xpath(".//a/@href")))


def test_deleting_a_page_names_every_link_to_it_on_every_build(handbook_copy: Callable[..., Built]) -> None:
    source = handbook_copy().source
    (source / "ecosystem/finance.md").unlink()
    linking = {
        path.relative_to(source).as_posix()
        for path in (*source.rglob("*.md"), *source.rglob("*.mmd"))
        if re.search(r'[("]#finance[)"]', path.read_text("utf-8"))
    }
    incremental = handbook_copy()
    assert {warned.file for warned in incremental.warnings if "label `finance`" in warned.message} == linking
    assert len(linking) > 1
    again, clean = handbook_copy(), handbook_copy(output="clean")
    of_links = [{w for w in each.warnings if w.type == "sse.xref_missing"} for each in (incremental, again, clean)]
    assert of_links[0] == of_links[1] == of_links[2]
    assert len(of_links[2]) == len([w for w in clean.warnings if w.type == "sse.xref_missing"])


def test_parallel_and_serial_builds_give_the_same_site(handbook: Built, handbook_copy: Callable[..., Built]) -> None:
    parallel = handbook_copy(jobs=2)
    assert parallel.raw_warnings == ""
    left_out = {".buildinfo", "objects.inv"}
    names = {path.relative_to(handbook.output) for path in handbook.output.rglob("*") if path.is_file()}
    assert names == {path.relative_to(parallel.output) for path in parallel.output.rglob("*") if path.is_file()}
    differing = [
        str(name)
        for name in sorted(names)
        if name.name not in left_out and (handbook.output / name).read_bytes() != (parallel.output / name).read_bytes()
    ]
    assert differing == []


def test_the_prose_rules_hold() -> None:
    run = subprocess.run([sys.executable, ROOT / "tools/prose.py"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.skipif(".nox" not in sys.prefix, reason="only the environments that noxfile.py makes are pinned")
def test_the_environment_is_what_the_constraints_say() -> None:
    pinned = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE))
    installed = {re.sub(r"[-_.]+", "-", each.name).lower(): each.version for each in distributions()}
    tools = {"pip", "setuptools", "wheel", "sse-handbook"}
    assert {
        name: version
        for name, version in installed.items()
        if name not in tools and Version(pinned.get(name, "0")) != Version(version)
    } == {}
