"""The session `links`: real pages, real servers on this machine, and what a run says, remembers and leaves alone."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from loopback import Loopback, Reply, endless_body, serve, slow_head

from sse_handbook.registers.status_file import Exit, one_run

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import link_places  # noqa: E402
import links  # noqa: E402

# A status, the path to which a page has moved, or more than that; of a list, one after the other.
Answer = int | str | Reply | list[int | Reply]
CONF = """
extensions = ["myst_parser", "sse_handbook"]
sse_data_dir = "data"
linkcheck_timeout = 1
linkcheck_rate_limit_timeout = 1
"""


def answer(host: Loopback, answers: Mapping[str, Answer]) -> None:
    """What the site answers from now on; what is not named is 404."""

    def reply(one: int | str | Reply) -> Reply:
        if isinstance(one, str):
            return Reply(301, headers={"Location": one})
        return Reply(one) if isinstance(one, int) else one

    host.pages = {
        path: [reply(each) for each in answer] if isinstance(answer, list) else reply(answer)
        for path, answer in answers.items()
    }


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """End the connection as a broken line does."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def only_get(handler: BaseHTTPRequestHandler) -> None:
    """Some sites know no HEAD."""
    handler.send_response(200 if handler.command == "GET" else 405)
    handler.send_header("Content-Length", "0")
    handler.send_header("Connection", "close")
    handler.end_headers()


@pytest.fixture
def host() -> Iterator[Loopback]:
    with serve() as server:
        yield server


@dataclass
class Run:
    """What one run gave."""

    code: int
    said: str
    output: dict[str, Any] = field(default_factory=dict)

    def entry(self, address: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = [each for each in self.output["links"] if each["address"] == address]
        assert len(found) == 1, self.said
        return found[0]


class Book:
    """A small book, and runs on it on any day."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys
        self.status = folder / "docs" / "data" / "link-status.json"
        self.write(**{"conf.py": CONF})

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.folder / "docs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.status.parent.mkdir(exist_ok=True)

    def page(self, *addresses: str) -> None:
        self.write(**{"index.md": "# Page\n\n" + "".join(f"[a]({each})\n" for each in addresses)})

    def options(self) -> list[str]:
        output = self.folder / "build" / "links"
        return ["--source", str(self.folder / "docs"), "--output", str(output), "--pause", "0"]

    def run(self, *options: str, day: str = "2026-11-02") -> Run:
        noon = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
        self.monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(noon.timestamp())))
        output = self.folder / "build" / "links" / "output.json"
        output.unlink(missing_ok=True)
        code = links.main([*self.options(), *options])
        written = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
        return Run(code, self.capsys.readouterr().out, written)


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Book:
    return Book(tmp_path, monkeypatch, capsys)


# What an answer means

ANSWERS: dict[str, tuple[Answer, str, str]] = {
    "/fine": (200, "alive", "It answers"),
    "/only-get": (Reply(act=only_get), "alive", "It answers"),
    "/for-now": (Reply(302, headers={"Location": "/fine"}), "alive", "for now from another address"),
    "/endless": (Reply(act=endless_body), "alive", "It answers"),
    "/endless#place": (404, "alive", "It answers"),
    "/moved": ("/fine", "moved", "moved for good"),
    "/to-the-front": ("/", "moved", "the page itself may be gone"),
    "/moved-and-gone": ("/nowhere", "dead", "(404)"),
    "/404": (404, "dead", "no such page (404)"),
    "/410": (410, "dead", "gone for good (410)"),
    "/401": (401, "unknown", "does not let a program in (401)"),
    "/403": (403, "unknown", "does not let a program in (403)"),
    "/451": (451, "unknown", "does not let a program in (451)"),
    "/500": (500, "unknown", "out of order (500)"),
    "/503": (503, "unknown", "out of order (503)"),
    "/circle": ("/circle", "unknown", "No connection"),
    "/late": (Reply(delay=3), "unknown", "did not answer in time"),
    "/reset": (Reply(act=hang_up), "unknown", "No connection"),
}


def test_only_a_site_that_says_so_itself_makes_a_page_dead(book: Book, host: Loopback) -> None:
    answer(host, {"/": 200, **{path: answer for path, (answer, _, _) in ANSWERS.items()}})
    tls, no_name = host.url.replace("http:", "https:") + "/tls", "http://nobody.invalid/"
    book.page(*(host.url + path for path in ANSWERS), tls, no_name)
    run = book.run()
    verdicts = {path: run.entry(host.url + path)["verdict"] for path in ANSWERS}
    assert verdicts == {path: verdict for path, (_, verdict, _) in ANSWERS.items()}
    for path, (_, _, says) in ANSWERS.items():
        assert says in run.entry(host.url + path)["reason"]
    assert run.entry(tls)["verdict"] == run.entry(no_name)["verdict"] == "unknown"
    assert run.entry(host.url + "/moved")["leads_to"] == host.url + "/fine"
    assert "Links: 5 alive, 2 moved, 10 unknown, 3 dead." in run.said
    assert run.code == Exit.DEAD_FOUND


def test_a_link_that_comes_back_within_the_run_is_alive(book: Book, host: Loopback) -> None:
    answer(host, {"/shaky": [404, 404, 200]})
    book.page(f"{host.url}/shaky")
    run = book.run()
    assert (run.code, run.entry(f"{host.url}/shaky")["verdict"]) == (Exit.FINE, "alive")


def test_a_host_that_shows_us_nothing_kills_no_page(book: Book, host: Loopback) -> None:
    """Some hosts answer every program with 404, whatever it asks for."""
    book.page(f"{host.url}/living")
    for day in ("2026-11-02", "2026-11-09", "2026-11-16"):
        run = book.run("--scheduled", day=day)
        assert (run.code, run.entry(f"{host.url}/living")["verdict"]) == (Exit.FINE, "suspect")
    assert "shows our program no other page either" in run.said
    answer(host, {"/": 200})
    assert book.run(day="2026-11-23").entry(f"{host.url}/living")["verdict"] == "dead"


def test_an_answer_without_an_end_ends_no_run(book: Book, host: Loopback) -> None:
    book.write(**{"conf.py": CONF.replace("timeout = 1", "timeout = 0.3")})
    answer(host, {"/slow": Reply(act=slow_head), "/fine": 200})
    book.page(f"{host.url}/slow", f"{host.url}/fine")
    run = book.run()
    assert [each["verdict"] for each in run.output["links"]] == ["unknown", "alive"]
    assert "did not answer in time" in run.entry(f"{host.url}/slow")["reason"]


@pytest.mark.parametrize("wait", ["3600", "Fri, 01 Jan 2038 00:00:00 GMT", None])
def test_a_host_that_asks_for_a_long_wait_is_left_alone(book: Book, host: Loopback, wait: str | None) -> None:
    answer(host, {f"/{number}": Reply(429, headers={"Retry-After": wait} if wait else {}) for number in range(40)})
    book.page(*(host.url + path for path in host.pages))
    run = book.run()
    assert {each["verdict"] for each in run.output["links"]} == {"unknown"}
    assert len(host.asked) < 20, "each worker's first question, and the question if there is a network"
    assert run.code == Exit.FINE
    book.page(f"{host.url}/0")
    assert "come back later (429)" in book.run().output["links"][0]["reason"]


def test_a_short_wait_is_kept_and_not_for_ever(book: Book, host: Loopback) -> None:
    answer(host, {"/once": [Reply(429, headers={"Retry-After": "1"}), 200]})
    book.page(f"{host.url}/once")
    assert book.run().entry(f"{host.url}/once")["verdict"] == "alive"
    answer(host, {"/always": [*[Reply(429, headers={"Retry-After": "0"})] * 30, 200]})
    book.page(f"{host.url}/always")
    assert book.run().entry(f"{host.url}/always")["verdict"] == "unknown"


# Where it stands


def test_every_place_of_a_dead_link_is_named(book: Book, host: Loopback) -> None:
    gone = f"{host.url}/gone"
    answer(host, {"/gone/further": 200, "/gone.pdf": 200})
    book.write(
        **{
            "index.md": f"# One\n\nText, and\n[one]({gone}), then\n[another]({gone}).\n\n"
            "```{toctree}\ntwo\nthree\n```\n",
            "two.md": f"# Two\n\n[longer]({gone}/further) [longer]({gone}.pdf)\n\n<{gone}>\n\n"
            "```{include} _part.txt\n```\n",
            "_part.txt": f"Here:\n[here]({gone})\n",
            "three.md": f"# Three\n\n| a | b |\n|---|---|\n| 1 | [x]({gone}) |\n",
        }
    )
    run = book.run()
    places = [f"{each['file']}:{each['line']}" for each in run.entry(gone)["places"]]
    assert places == ["_part.txt:2", "index.md:4", "index.md:5", "three.md:5", "two.md:5"]
    said = (
        f"WARNING: {gone} is dead. The site says that it has no such page (404). Never seen working. Copies may be at"
    )
    printed = re.findall(rf"(\S+/docs/\S+): {re.escape(said)}", run.said)
    assert [each.partition("/docs/")[2] for each in printed] == places
    assert run.entry(gone)["archived"] == f"https://web.archive.org/web/*/{gone}"
    assert [each["line"] for each in run.entry(f"{gone}.pdf")["places"]] == [3]


def test_an_address_is_found_as_it_is_written(book: Book, host: Loopback) -> None:
    book.write(**{"index.md": f"# One\n\nText.\n[a]({host.url}/é)\n[b]({host.url}/x?a=1&amp;b=2)\n"})
    run = book.run()
    assert run.entry(f"{host.url}/%C3%A9")["places"][0]["line"] == 4
    assert run.entry(f"{host.url}/x?a=1&b=2")["places"][0]["line"] == 5


def test_a_source_is_named_in_its_own_file(book: Book, host: Loopback) -> None:
    book.write(
        **{
            "conf.py": CONF.replace('"sse_handbook"', '"sphinxcontrib.bibtex", "sse_handbook"')
            + 'bibtex_bibfiles = ["data/sources.bib"]\n',
            "data/sources.bib": "@misc{one,\n  title = {One},\n  year = {2021},\n"
            f"  url = {{{host.url}/gone}},\n}}\n",
            "index.md": "# Page\n\n{cite:p}`one`\n\n```{bibliography}\n```\n",
        }
    )
    place = {"file": "data/sources.bib", "line": 4, "page": "index"}
    assert book.run().entry(f"{host.url}/gone")["places"] == [place]


# Between runs


def test_a_scheduled_run_calls_nothing_dead_before_a_second_run(book: Book, host: Loopback) -> None:
    gone = f"{host.url}/gone"
    answer(host, {"/": 200})
    book.page(gone)
    first = book.run("--scheduled", day="2026-11-02")
    assert (first.code, first.entry(gone)["verdict"]) == (Exit.FINE, "suspect")
    assert f"{gone} is suspect. " in first.said and "It is dead if a later run finds so too." in first.said
    second = book.run("--scheduled", day="2026-11-09")
    assert (second.code, second.entry(gone)["verdict"]) == (Exit.DEAD_FOUND, "dead")


def test_a_second_run_asks_nothing_that_was_found_alive(book: Book, host: Loopback) -> None:
    answer(host, dict.fromkeys([f"/{number}" for number in range(30)], 200))
    book.page(*(host.url + path for path in host.pages))
    book.run(day="2026-11-02")
    assert host.pages.keys() <= set(host.asked)
    host.asked.clear()
    assert book.run(day="2026-11-09").code == Exit.FINE
    assert not host.asked
    # Not all on one day: each address has a day of its own.
    book.run(day="2026-11-29")
    assert 0 < len(host.pages.keys() & set(host.asked)) < 30
    book.run(day="2026-12-03")
    assert host.pages.keys() <= set(host.asked)


def test_an_answer_that_does_not_count_keeps_the_last_verdict(book: Book, host: Loopback) -> None:
    page, gone = f"{host.url}/page", f"{host.url}/gone"
    answer(host, {"/page": 200})
    book.page(page, gone)
    book.run(day="2026-11-02")
    answer(host, {"/page": 500, "/gone": 500})
    run = book.run(day="2026-12-14")
    assert (run.entry(page)["verdict"], run.entry(page)["found"]) == ("alive", "unknown")
    assert run.entry(page)["seen"] == "2026-11-02"
    assert (run.entry(gone)["verdict"], run.code) == ("dead", Exit.FINE)
    answer(host, {"/page": 200, "/gone": 200})
    assert book.run(day="2026-12-21").entry(gone)["verdict"] == "alive"


def test_what_has_moved_says_where_each_time(book: Book, host: Loopback) -> None:
    answer(host, {"/old": "/new", "/new": 200})
    book.page(f"{host.url}/old")
    for day in ("2026-11-02", "2026-11-09"):
        run = book.run(day=day)
        assert f"NOTE: {host.url}/old is moved. It has moved for good. It leads to {host.url}/new\n" in run.said
        assert run.code == Exit.FINE


def test_what_left_the_book_is_forgotten(book: Book, host: Loopback) -> None:
    answer(host, {"/a": 200, "/b": 200})
    book.page(f"{host.url}/a", f"{host.url}/b")
    book.run()
    book.page(f"{host.url}/b")
    book.run(day="2026-12-14")
    assert list(json.loads(book.status.read_text())["links"]) == [f"{host.url}/b"]


def test_a_status_file_that_is_cut_short_stops_the_run(book: Book, host: Loopback) -> None:
    answer(host, {"/a": 200})
    book.page(f"{host.url}/a")
    book.run()
    half = book.status.read_text()[:40]
    book.status.write_text(half)
    host.asked.clear()
    run = book.run(day="2026-12-14")
    assert run.code == Exit.STATUS_FILE
    assert "link-status.json" in run.said and "git restore" in run.said
    assert book.status.read_text() == half
    assert not host.asked


def test_two_runs_do_not_mix(book: Book, host: Loopback) -> None:
    book.page(f"{host.url}/a")
    with one_run(book.status):
        run = book.run()
    assert run.code == Exit.ANOTHER_RUN
    assert not host.asked


def test_what_was_found_before_an_interrupt_is_kept(book: Book, host: Loopback) -> None:
    book.write(**{"conf.py": CONF.replace("timeout = 1", "timeout = 20") + "linkcheck_workers = 1\n"})
    answer(host, {"/a": 200, "/b": Reply(delay=60)})
    book.page(f"{host.url}/a", f"{host.url}/b")
    # A shell's background job begins with Ctrl-C switched off, and hands that on.
    start = (
        "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "sys.path.insert(0, sys.argv[1]); sys.argv[:2] = [sys.argv[1] + '/links.py']; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", start, str(ROOT / "tools"), *book.options()]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as run:
        assert run.stdout
        for line in run.stdout:
            if line.startswith("[1/2]"):
                break
        run.send_signal(signal.SIGINT)
        said = run.stdout.read()
    assert run.returncode == Exit.INTERRUPTED, said
    assert list(json.loads(book.status.read_text())["links"]) == [f"{host.url}/a"]
    assert "Interrupted" in said
    assert [each.name for each in book.status.parent.iterdir()] == ["link-status.json"]


# What is left alone


@pytest.mark.parametrize(
    ("address", "video"),
    [
        ("https://www.youtube.com/watch?v=gBKYf4qt1vw&t=19s", True),
        ("https://youtu.be/gBKYf4qt1vw#t=310", True),
        ("https://www.youtube.com/embed/gBKYf4qt1vw", True),
        ("https://www.youtube.com/watch?v=too-short", True),
        ("https://vimeo.com/1084537", True),
        ("https://www.youtube.com/@some-channel", False),
        ("https://www.example.org/watch?v=gBKYf4qt1vw", False),
    ],
)
def test_films_are_left_to_videocheck(address: str, video: bool) -> None:
    assert link_places.is_film(address) is video


def test_a_film_is_counted_and_not_asked(book: Book, host: Loopback) -> None:
    answer(host, {"/a": 200})
    book.page(f"{host.url}/a", "https://youtu.be/gBKYf4qt1vw#t=310")
    run = book.run()
    assert [each["address"] for each in run.output["links"]] == [f"{host.url}/a"]
    assert "videos: 1" in run.said


def test_an_ignore_needs_a_reason_and_a_day_and_a_use(book: Book, host: Loopback) -> None:
    answer(host, {"/fine": 200})
    book.page(f"{host.url}/fine", f"{host.url}/hidden?a=1", f"{host.url}/over")
    ignore = "{}:\n  pattern: {}\n  because: It is being mended by its owner\n  until: {}\n".format
    book.write(
        **{
            "data/link-ignores.yaml": ignore("in-use", f"{host.url}/hidden?*", "2026-12-01")
            + ignore("over", f"{host.url}/over", "2026-11-01")
            + ignore("of-no-use", f"{host.url}/else", "2026-12-01")
            + f"no-reason:\n  pattern: {host.url}/fine\n  until: 2026-12-01\n"
        }
    )
    run = book.run("--scheduled")
    found = dict(re.findall(r"docs/data/link-ignores\.yaml:(\d+): WARNING: (.*)", run.said))
    assert list(found) == ["5", "9", "13"]
    assert "`over` expired on 2026-11-01" in found["5"]
    assert "`of-no-use` hides no link" in found["9"]
    assert "no-reason" in found["13"] and "because" in found["13"]
    assert [each["line"] for each in run.output["ignores"]] == [5, 9, 13]
    assert "/hidden?a=1" not in host.asked
    assert {"/fine", "/over"} <= set(host.asked)
    assert run.code == Exit.DEAD_FOUND


def test_an_ignore_that_holds_is_no_finding(book: Book, host: Loopback) -> None:
    book.page(f"{host.url}/hidden")
    book.write(
        **{
            "data/link-ignores.yaml": f"one:\n  pattern: {host.url}/hidden\n"
            "  because: It is being mended by its owner\n  until: 2026-11-02\n"
        }
    )
    run = book.run()
    assert (run.code, run.output["links"], run.output["ignores"]) == (Exit.FINE, [], [])
    assert "ignored: 1" in run.said


# Only what a change adds


def git(folder: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_change_is_asked_for_the_links_that_it_adds(book: Book, host: Loopback) -> None:
    answer(host, {"/added": 200, "/untracked": 200})
    book.page(f"{host.url}/old", f"{host.url}/stays")
    git(book.folder, "init")
    git(book.folder, "add", "docs")
    git(book.folder, "commit", "-m", "Before")
    git(book.folder, "switch", "-c", "change")
    with (book.folder / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write(f"\nMore: [b]({host.url}/added).\n")
    git(book.folder, "commit", "-am", "Add a link")
    # What others add and take out meanwhile is theirs.
    git(book.folder, "switch", "main")
    book.page(f"{host.url}/theirs", f"{host.url}/stays")
    git(book.folder, "commit", "-am", "Theirs")
    git(book.folder, "switch", "change")
    book.write(**{"new.md": f"---\norphan: true\n---\n# New\n\n[c]({host.url}/untracked)\n"})
    run = book.run("--since", "main")
    assert {path for path in host.asked if path != "/"} == {"/added", "/untracked"}
    assert run.code == Exit.FINE
    assert "on no line that is new since main: 2" in run.said
    assert not book.status.exists(), "a change remembers nothing"
    answer(host, {"/untracked": 200})
    dead = book.run("--since", "main")
    assert dead.code == Exit.DEAD_FOUND
    assert f"docs/index.md:6: WARNING: {host.url}/added is dead." in dead.said
    answer(host, {"/added": 503, "/untracked": 403})
    assert book.run("--since", "main").code == Exit.FINE, "what cannot be told blocks nobody"


def test_a_change_without_links_asks_nothing(book: Book, host: Loopback) -> None:
    book.page(f"{host.url}/old")
    git(book.folder, "init")
    git(book.folder, "add", "docs")
    git(book.folder, "commit", "-m", "Before")
    assert book.run("--since", "HEAD").code == Exit.FINE
    assert not host.asked


def test_a_revision_that_git_does_not_know_is_said(book: Book, host: Loopback) -> None:
    book.page(f"{host.url}/old")
    git(book.folder, "init")
    run = book.run("--since", "origin/nowhere")
    assert run.code == 2
    assert "git cannot compare with `origin/nowhere`" in run.said
    assert not host.asked


# Where nothing can be judged


def test_without_a_network_nothing_changes(book: Book, host: Loopback) -> None:
    answer(host, {"/a": 200})
    book.page(f"{host.url}/a", f"{host.url}/gone")
    book.run(day="2026-11-02")
    before = book.status.read_bytes()
    host.shutdown()
    host.server_close()
    run = book.run(day="2026-12-14")
    assert run.code == Exit.NO_NETWORK
    assert "no network" in run.said
    assert book.status.read_bytes() == before
    assert [each["verdict"] for each in run.output["links"]] == ["alive", "dead"]
    assert [each["found"] for each in run.output["links"]] == [None, None]
    assert run.output["ended"] == "no_network"


def test_who_answers_for_everybody_is_not_believed(book: Book, host: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hotel's network: it answers for every host, also for one that cannot exist."""
    answer(host, {"http://sse-handbook.invalid/": 200, "http://www.example.org/": 200})
    monkeypatch.setenv("http_proxy", host.url)
    monkeypatch.setenv("no_proxy", "")
    book.page("http://www.example.org/gone")
    run = book.run()
    assert run.code == Exit.CANNOT_JUDGE
    assert "cannot be judged from here" in run.said
    assert not book.status.exists()
    assert "http://www.example.org/gone" not in host.asked
