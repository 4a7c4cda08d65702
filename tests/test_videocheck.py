"""The builder `videocheck` against a real server on loopback: what answers mean, what is remembered, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from conftest import ROOT, Built, build, find_page, write_files
from hypothesis import given
from hypothesis import strategies as st
from loopback import (
    ALIVE,
    BUSY,
    CAPTCHA,
    GONE,
    NEVER,
    ONE,
    PICTURE,
    THREE,
    TWO,
    Loopback,
    Reply,
    VideoHost,
    closed_port,
    named,
    no_http,
)

from sse_handbook.video_links import VideoLink, parse_video_link
from sse_handbook.videocheck import TABLES, Asker, decide_status

DAY = date(2026, 10, 5)
CONF = 'extensions = ["myst_parser", "sse_handbook"]\nsse_data_dir = "data"\nhtml_theme = "basic"\n'
VIDEOS = f"""
first:
  link: https://www.youtube.com/watch?v={ONE}&t=19s
  about: The first video
  from: A meeting
again:
  link: https://youtu.be/{ONE}
  about: The first video again
  from: A meeting
  same_as: {{key: first, because: It shows two things}}
second:
  link: https://www.youtube.com/watch?v={TWO}
  about: The second video
  from: A meeting
"""
INDEX = f"""# Videos

{{sse:video}}`second`, {{sse:video}}`again`,
and [the first](https://m.youtube.com/watch?v={ONE}&t=1m2s) and <https://youtu.be/{THREE}?t=9>.

```{{sse:videos}}
```
"""


class Book:
    """A small book with three videos, which asks the hosts on loopback."""

    def __init__(self, folder: Path, host: VideoHost, monkeypatch: pytest.MonkeyPatch) -> None:
        self.source, self.folder, self.host, self.monkeypatch = folder / "docs", folder, host, monkeypatch
        self.status = self.source / "data" / "video-status.json"
        write_files(self.source, {"conf.py": CONF, "data/videos.yaml": VIDEOS, "index.md": INDEX})
        self.on(0)

    def write(self, name: str, text: str) -> None:
        (self.source / name).write_text(text, encoding="utf-8")

    def on(self, days: int) -> None:
        """All that follows happens so many days after the first."""
        moment = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC) + timedelta(days=days)
        self.monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(moment.timestamp())))

    def check(self, **changes: Any) -> Built:
        settings = {"sse_videocheck_hosts": self.host.hosts, "sse_videocheck_pause": 0, **changes}
        return build(self.source, self.folder / "build", "videocheck", 1, **settings)

    @property
    def report(self) -> str:
        return (self.folder / "build/videocheck/report.md").read_text(encoding="utf-8")

    @property
    def known(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads(self.status.read_text(encoding="utf-8"))["videos"]
        return found


@pytest.fixture
def book(tmp_path: Path, host: VideoHost, monkeypatch: pytest.MonkeyPatch) -> Book:
    return Book(tmp_path, host, monkeypatch)


def told(built: Built) -> list[str]:
    """The checks that a run warned by, but for the video that the list lacks."""
    return [each.type.removeprefix("sse.") for each in built.warnings if each.type != "sse.video_unregistered"]


# What answers mean

ANSWERS = [
    (named(ONE), PICTURE, "alive", 1),
    (Reply(401), PICTURE, "alive, not embeddable", 2),
    (Reply(401), GONE, "suspect", 2),
    (Reply(403), PICTURE, "restricted", 2),
    (Reply(403), GONE, "dead", 2),
    (GONE, GONE, "dead", 2),
    (GONE, PICTURE, "suspect", 2),
    (GONE, BUSY, "suspect", 2),
    (Reply(403), Reply(503), "unknown", 2),
    *((reply, PICTURE, "unknown", 1) for reply in (Reply(400), Reply(410), Reply(500), BUSY, CAPTCHA)),
    *((reply, PICTURE, "unknown", 1) for reply in (named(TWO), Reply(act=no_http))),
    (named(ONE, html="", thumbnail_url=""), PICTURE, "unknown", 1),
    (Reply(200, b'{"title": "A vid', "application/json"), PICTURE, "unknown", 1),
    (Reply(200, b"[" * 60_000, "application/json"), PICTURE, "unknown", 1),
    (Reply(302, headers={"Location": "http://consent.invalid/"}), PICTURE, "unknown", 1),
]


@pytest.mark.parametrize(("oembed", "thumbnail", "status", "requests"), ANSWERS)
def test_each_answer_means_what_the_table_says(
    host: VideoHost, oembed: Reply, thumbnail: Reply, status: str, requests: int
) -> None:
    host.says(ONE, oembed, thumbnail)
    assert Asker(host.hosts, 0).check(VideoLink("youtube", ONE, 19))[0] == status
    assert list(dict.fromkeys(host.asked(ONE))) == ["oembed", "thumbnail"][:requests]


PLAYER = '<iframe src="https://a.example/videos/embed/00035fe7-d997-4cf0-9ec2-5929d55986ef?title=0"></iframe>'


@pytest.mark.parametrize(
    ("url", "data", "status"),
    [
        ("https://vimeo.com/1234567#t=5s", {"title": "A video", "video_id": 1234567}, "alive"),
        ("https://vimeo.com/1234567/0123456789", {"title": "A video", "video_id": 1234567}, "alive"),
        ("https://vimeo.com/1234568", {"title": "A video", "video_id": 1234567}, "unknown"),
        ("https://vimeo.com/1234567", None, "suspect"),
        ("https://vimeo.com/1234567/0123456789", None, "dead"),
        ("https://a.example/w/116tAS5aakDj1j7vqebiQc", {"title": "A video", "html": PLAYER}, "alive"),
        ("https://b.example/w/116tAS5aakDj1j7vqebiQc", {"title": "A video", "html": PLAYER}, "unknown"),
        ("https://a.example/w/116tAS5aakDj1j7vqebiQc", None, "dead"),
    ],
)
def test_other_hosts_are_asked_for_the_canonical_address(
    server: Loopback, url: str, data: dict[str, object] | None, status: str
) -> None:
    if data:
        server.pages["/oembed"] = Reply(200, json.dumps(data).encode(), "application/json; charset=utf-8")
    link = parse_video_link(url)
    assert link
    settings = {link.provider: {"oembed": f"{server.url}/oembed?{{url}}"}}
    assert Asker(settings, 0).check(link)[0] == status
    assert server.asked == [f"/oembed?{quote(link.video.url, safe='')}"]
    assert all(agent.startswith("sse-handbook/") for agent in server.agents)


def test_the_page_shows_the_tables_of_the_code() -> None:
    page = (ROOT / f"docs/{find_page('watching-videos')}.md").read_text(encoding="utf-8")
    shown = [[cell.strip() for cell in line.strip("| ").split("|")] for line in page.splitlines() if "|" in line]
    rows = [row for row in shown if len(row) == 4 and row[0] != "oEmbed" and not row[0].startswith("-")]
    hosts = yaml.safe_load(TABLES.read_text(encoding="utf-8"))
    assert rows == [row for host in hosts.values() for row in host["answers"]]
    assert [name for name in hosts if f"\n{name}:\n" in page] == list(hosts)


# Politeness


def test_retry_after_is_honoured_and_what_may_pass_is_tried_again(host: VideoHost) -> None:
    host.says(ONE, [Reply(503), Reply(429, headers={"Retry-After": "1"}), named(ONE)])
    assert Asker(host.hosts, 0).check(VideoLink("youtube", ONE))[0] == "alive"
    assert host.server.times[2] - host.server.times[1] >= 0.9


@pytest.mark.parametrize("wanted", ["3600", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_host_that_asks_for_too_long_is_left_alone(host: VideoHost, wanted: str) -> None:
    host.says(ONE, Reply(429, headers={"Retry-After": wanted}))
    asker = Asker(host.hosts, 0)
    assert [asker.check(VideoLink("youtube", key))[0] for key in (ONE, TWO)] == ["unknown", "unknown"]
    assert len(host.server.asked) == 1 and "left alone" in str(asker.silent)


# What is remembered


@pytest.mark.parametrize(
    ("runs", "statuses"),
    [
        ([(0, "dead"), (0, "dead"), (1, "dead")], ["suspect", "suspect", "dead"]),
        ([(0, "dead"), (3, "unknown"), (7, "dead")], ["suspect", "suspect", "dead"]),
        ([(0, "dead"), (3, "alive"), (7, "dead")], ["suspect", "alive", "suspect"]),
        ([(0, "dead"), (3, "restricted"), (7, "dead")], ["suspect", "restricted", "suspect"]),
        ([(0, "suspect"), (6, "suspect"), (7, "suspect")], ["suspect", "suspect", "dead"]),
        (
            [(0, "dead"), (1, "dead"), (2, "suspect"), (3, "unknown"), (4, "alive")],
            [*"s", "dead", "dead", "dead", "alive"],
        ),
        ([(9, "dead"), (0, "dead")], ["suspect", "suspect"]),  # a clock that goes back
    ],
)
def test_a_video_is_dead_when_two_runs_agree(runs: list[tuple[int, str]], statuses: list[str]) -> None:
    known: dict[str, str] = {}
    for (day, found), status in zip(runs, statuses, strict=True):
        known = decide_status(known, found, DAY + timedelta(days=day))
        assert known["status"].startswith(status)


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["alive", "restricted", "unknown", "suspect", "dead"]))))
def test_no_story_makes_a_video_dead_that_was_found_gone_on_one_day(story: list[tuple[int, str]]) -> None:
    known, gone = dict[str, str](), set[int]()
    for day, found in story:
        gone = gone | {day} if found in ("suspect", "dead") else gone if found == "unknown" else set()
        known = decide_status(known, found, DAY + timedelta(days=day))
        assert known.get("status") != "dead" or len(gone) > 1
        assert found == "unknown" or known["checked"] == str(DAY + timedelta(days=day))


def test_every_video_of_the_book_is_asked_for_once_and_remembered(book: Book) -> None:
    built = book.check()
    assert (built.code, told(built), book.report) == (0, [], "")
    assert Counter(len(book.host.asked(key)) for key in (ONE, TWO, THREE)) == {1: 3}
    assert list(book.known) == ["again", "first", f"https://www.youtube.com/watch?v={THREE}", "second"]
    first = {"address": f"https://www.youtube.com/watch?v={ONE}", "status": "alive"}
    assert book.known["first"] == book.known["again"] == first | {"checked": str(DAY), "seen": str(DAY)}


def test_a_dead_video_is_named_with_all_its_places(book: Book) -> None:
    book.check()
    book.host.says(ONE, GONE, GONE)
    book.on(7)
    built = book.check()
    assert (built.code, told(built), book.known["first"]["status"]) == (0, ["video_suspect"], "suspect")
    book.on(14)
    built = book.check()
    assert (built.code, told(built), book.known["first"]["status"]) == (1, ["video_dead"], "dead")
    (dead,) = (each for each in built.warnings if each.type == "sse.video_dead")
    assert (dead.file, dead.line) == ("data/videos.yaml", 3)
    assert "Last seen working on 2026-10-05. Copies may be at https://web.archive.org/web/*/https://" in dead.message
    places = ["data/videos.yaml:3", "data/videos.yaml:7", "index.md:3", "index.md:4"]
    assert f"Used at {', '.join(places)}." in dead.message
    assert book.report == f"- {dead.message}\n"
    book.write("index.md", INDEX + "\n{sse:video}`first`\n" * 60)
    book.check()
    assert book.report.count("index.md:") == 62


def test_what_was_found_of_another_video_does_not_count_and_a_key_may_change(book: Book) -> None:
    book.host.says(TWO, GONE, GONE)
    book.check()
    book.on(7)
    book.write("data/videos.yaml", VIDEOS.replace(TWO, "video00000A"))
    book.write("index.md", INDEX.replace("second", "again"))
    book.host.says("video00000A", GONE, GONE)
    assert (book.check().code, book.known["second"]["since"]) == (0, "2026-10-12")
    book.write("data/videos.yaml", VIDEOS.replace("second:", "renamed:").replace(TWO, "video00000A"))
    book.on(14)
    assert (book.check().code, book.known["renamed"]["status"], "second" in book.known) == (1, "dead", False)


# When it cannot look


WRONG = {
    "the living one is gone": (ALIVE, GONE, GONE),
    "the living one is refused": (ALIVE, BUSY, PICTURE),
    "the living one is a captcha": (ALIVE, CAPTCHA, PICTURE),
    "the one that never was lives": (NEVER, named(NEVER), PICTURE),
    "the one that never was has a picture": (NEVER, GONE, PICTURE),
}


@pytest.mark.parametrize("known", WRONG)
def test_a_host_that_is_wrong_of_a_known_video_is_not_believed(book: Book, known: str) -> None:
    book.check()
    before = book.status.read_bytes()
    book.on(40)
    book.host.says(ONE, GONE, GONE)
    book.host.says(*WRONG[known])
    book.host.server.asked.clear()
    built = book.check()
    assert (built.code, "could not be asked for" in built.raw_warnings) == (2, True)
    assert (book.status.read_bytes(), book.host.asked(ONE), book.report) == (before, [], "")


def test_without_a_network_the_run_says_so_and_changes_nothing(book: Book) -> None:
    book.check()
    before = book.status.read_bytes()
    address = f"http://127.0.0.1:{closed_port()}/{{id}}"
    built = book.check(sse_videocheck_hosts={"youtube": {"oembed": address, "thumbnail": address}})
    assert (built.code, "does not answer" in built.raw_warnings) == (2, True)
    assert book.status.read_bytes() == before


@pytest.mark.parametrize("text", ["", "[]", '{"videos": {"first": {"checked": "soon"}}}', '{"videos": {"first"'])
def test_a_status_file_that_no_run_wrote_stops_the_run(book: Book, text: str) -> None:
    book.status.write_text(text, encoding="utf-8")
    built = book.check()
    assert (built.code, "git restore video-status.json" in built.raw_warnings) == (2, True)
    assert (book.host.server.asked, book.status.read_text(encoding="utf-8")) == ([], text)


def test_ctrl_c_keeps_what_was_learnt(book: Book) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in its background has none
    book.host.says(TWO, Reply(act=lambda handler: os.kill(os.getpid(), signal.SIGINT)))
    with pytest.raises(KeyboardInterrupt):
        book.check()
    assert book.known.keys() == {"first", "again"}


def test_a_project_without_a_folder_of_data_remembers_in_its_output(book: Book) -> None:
    book.write("conf.py", CONF.replace('sse_data_dir = "data"', ""))
    book.write("index.md", f"# Videos\n\n<https://youtu.be/{ONE}>\n")
    book.check()
    status = json.loads((book.folder / "build/videocheck/video-status.json").read_text(encoding="utf-8"))
    assert list(status["videos"]) == [f"https://www.youtube.com/watch?v={ONE}"] and not book.status.exists()


@pytest.mark.parametrize(("known", "found", "code"), [("alive", None, 0), ("dead", GONE, 1), ("alive", CAPTCHA, 2)])
def test_sphinx_build_ends_with_the_code(book: Book, known: str, found: Reply | None, code: int) -> None:
    book.host.says(ALIVE if code == 2 else ONE, found or named(ONE), GONE)
    entry = {
        "address": f"https://www.youtube.com/watch?v={ONE}",
        "status": known,
        "checked": str(DAY),
        "since": str(DAY),
    }
    book.status.write_text(json.dumps({"videos": {"first": entry}}), encoding="utf-8")
    book.write("conf.py", f"{CONF}\nsse_videocheck_hosts = {book.host.hosts}\nsse_videocheck_pause = 0\n")
    command = [sys.executable, "-m", "sphinx", "-b", "videocheck", str(book.source), str(book.folder / "build")]
    run = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (run.returncode, "Traceback" in run.stderr) == (code, False), run.stderr
