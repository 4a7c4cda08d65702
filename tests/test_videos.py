"""Cards, lists and links of videos in small projects: in both markups, by all processes, after an edit, translated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Built, build, write_files
from lxml import html

VIDEOS = """
one:
  link: https://www.youtube.com/watch?v=gBKYf4qt1vw&t=4515s
  about: "One [first] of_two: $x$ ^a^ & ~b~"
  from: A meeting, 2021
  labels: [Video 1]
  language: en
  slides: [7]
two:
  link: https://vimeo.com/76979871
  about: Two
  from: A meeting
"""
MARKDOWN = {
    "data/videos.yaml": VIDEOS,
    "conf.py": 'extensions = ["myst_parser", "sse_handbook"]\nsse_data_dir = "data"\nhtml_theme = "basic"\n',
    "index.md": "# Index\n\n```{toctree}\nlist\nuse\n```\n",
    "list.md": "# List\n\n```{sse:videos}\n:slide-label: slide-{}\n```\n\n(slide-7)=\n## Slide 7\n",
    "use.md": "# Use\n\n```{sse:video} one\n```\n\n{sse:video}`two`, {sse:video}`that <one>`, [](#video-two).\n",
}
PLAIN = {
    "data/videos.yaml": VIDEOS,
    "conf.py": 'extensions = ["sse_handbook"]\nsse_data_dir = "data"\nhtml_theme = "basic"\n',
    "index.rst": "Index\n=====\n\n.. toctree::\n\n   list\n   use\n",
    "list.rst": "List\n====\n\n.. sse:videos::\n   :slide-label: slide-{}\n\n.. _slide-7:\n\nSlide 7\n-------\n",
    "use.rst": "Use\n===\n\n.. sse:video:: one\n\n:sse:video:`two`, :sse:video:`that <one>`, :ref:`x <video-two>`.\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    return write_files(folder / "docs", files)


def cards(built: Built, page: str) -> list[Any]:
    found: list[Any] = html.parse(built.output / f"{page}.html").xpath("//div[contains(@class, 'video-card')]")
    return found


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("project", [MARKDOWN, PLAIN], ids=["markdown", "plain"])
def test_a_card_a_list_and_links_in_both_markups(tmp_path: Path, project: dict[str, str], jobs: int) -> None:
    built = build(write(tmp_path, project), tmp_path / "build", jobs=jobs)
    assert built.raw_warnings == ""
    one, two = cards(built, "list")
    lines = [line.text_content() for line in one.findall("p")]
    assert lines[0] == "One [first] of_two: $x$ ^a^ & ~b~"
    assert lines[1] == "\xa0· ".join(
        ["Video 1", "A meeting, 2021", "starts at 1:15:15", "language: en", "never checked"]
    )
    assert lines[2] == "Watch on YouTube (opens another site and uses data)"
    assert [line.replace("\n", " ") for line in lines[3:]] == ["Slides: 7", "On pages: Use"]
    assert (one.get("id"), one.xpath(".//a/@href")[1:]) == ("video-one", ["#slide-7", "use.html"])
    assert two.findall("p")[1].text_content() == "\xa0· ".join(
        ["A meeting", "from the start", "language not confirmed", "never checked"]
    )
    (card,) = cards(built, "use")
    assert [line.text_content() for line in card.findall("p")] == lines[:3] and card.get("id") is None
    page = html.parse(built.output / "use.html")
    assert [(link.text_content(), link.get("href")) for link in page.xpath("//section/p/a")][:2] == [
        ("Two", "list.html#video-two"),
        ("that", "list.html#video-one"),
    ]


def test_a_link_leads_to_the_video_itself_where_no_page_lists_it(tmp_path: Path) -> None:
    use = MARKDOWN["use.md"].replace(", [](#video-two)", "")
    built = build(write(tmp_path, MARKDOWN | {"list.md": "# No list\n", "use.md": use}), tmp_path / "build")
    page = html.parse(built.output / "use.html")
    assert built.raw_warnings == ""
    assert page.xpath("//section/p/a/@href")[-2:] == [
        "https://vimeo.com/76979871",
        "https://www.youtube.com/watch?v=gBKYf4qt1vw&t=4515s",
    ]


def test_what_changes_reaches_every_page_that_shows_it(tmp_path: Path) -> None:
    source = write(tmp_path, MARKDOWN | {"index.md": MARKDOWN["index.md"].replace("use\n", "use\nmore\n")})
    write(tmp_path, {"more.md": "# More\n"})
    assert "On pages: Use" in cards(build(source, tmp_path / "build"), "list")[1].text_content()
    write(tmp_path, {"more.md": "# More\n\n<https://vimeo.com/76979871>\n"})
    again = build(source, tmp_path / "build")
    assert again.read == {"list", "more"}
    assert "On pages: More, Use" in cards(again, "list")[1].text_content()
    write(tmp_path, {"data/videos.yaml": VIDEOS.replace("about: Two", "about: Two, once more")})
    again = build(source, tmp_path / "build")
    assert again.read == {"list", "use"}
    assert "Two, once more" in (again.output / "use.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ({"status": "alive", "checked": "2026-10-05", "seen": "2026-10-05"}, "last seen working on 5 October 2026"),
        (
            {"status": "dead", "checked": "2026-11-14", "seen": "2026-10-05", "since": "2026-11-07"},
            "not found on 14 November 2026, last seen working on 5 October 2026",
        ),
        (
            {"status": "suspect", "checked": "2026-11-14", "since": "2026-11-14"},
            "perhaps gone: not found on 14 November 2026",
        ),
        ({"status": "restricted", "checked": "2026-11-14"}, "not open to everyone on 14 November 2026"),
        ({"status": "alive", "seen": "2026-10-05", "address": "https://vimeo.com/1"}, "never checked"),
    ],
)
def test_a_card_says_what_the_last_check_found(tmp_path: Path, status: dict[str, str], says: str) -> None:
    entry = {"address": "https://vimeo.com/76979871", **status}
    write(tmp_path, {"data/video-status.json": json.dumps({"videos": {"two": entry}})})
    built = build(write(tmp_path, MARKDOWN), tmp_path / "build")
    assert cards(built, "list")[1].findall("p")[1].text_content().split("\xa0· ")[-1] == says


def test_a_status_file_that_no_check_wrote_is_told_and_stops_no_page(tmp_path: Path) -> None:
    built = build(write(tmp_path, MARKDOWN | {"data/video-status.json": '{"videos": [}'}), tmp_path / "build")
    assert [(each.file, each.type) for each in built.warnings] == [("data/video-status.json", "sse.register")]
    assert "git restore video-status.json" in built.raw_warnings and len(cards(built, "list")) == 2


def test_a_project_without_a_list_hears_of_wrong_addresses_alone(tmp_path: Path) -> None:
    page = "# Page\n\n<https://youtu.be/gBKYf4qt1vw> <https://youtu.be/gBKYf4qt1v> <https://www.youtube.com/@ILOTV>\n"
    conf = 'extensions = ["myst_parser", "sse_handbook"]\n'
    built = build(write(tmp_path, {"conf.py": conf, "index.md": page}), tmp_path / "build", "dummy", 2)
    assert [(each.line, each.type) for each in built.warnings] == [(3, "sse.video_address")]


def test_translators_get_the_text_of_a_card_with_its_page(tmp_path: Path) -> None:
    built = build(write(tmp_path, MARKDOWN), tmp_path / "build", "gettext")
    assert 'msgid "**Two**"' in (built.output / "list.pot").read_text(encoding="utf-8")
