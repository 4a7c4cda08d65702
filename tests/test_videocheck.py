"""The `videocheck` builder against a real server on loopback: its verdicts, its memory, its exit codes, its cards."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, cast

import pytest
from conftest import ROOT, Built, build
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import (
    ALIVE,
    BROKEN,
    BUSY,
    CAPTCHA,
    FAST,
    GONE,
    NEVER,
    ONE,
    PICTURE,
    THREE,
    TWO,
    Reply,
    VideoHost,
    closed_port,
    film,
    links,
    reset,
    serve,
)
from lxml import html
from sphinx.errors import ConfigError

from sse_handbook.liveness import OUTAGE, TABLES, Verdict
from sse_handbook.registers.status_file import Exit
from sse_handbook.video_links import VideoLink
from sse_handbook.videocheck.hosts import Client, Pace
from sse_handbook.videocheck.videos import Film

DAY = date(2026, 10, 5)
CONF = """
extensions = ["myst_parser", "sse_handbook"]
sse_data_dir = "data"
html_theme = "basic"
"""
REGISTER = f"""
first:
  link: https://www.youtube.com/watch?v={ONE}&t=19s
  about: The first film
  from: A meeting

again:
  link: https://youtu.be/{ONE}
  about: The first film again
  from: A meeting
  same_as: {{key: first, because: It shows two things}}

second:
  link: https://www.youtube.com/watch?v={TWO}
  about: The second film
  from: A meeting
"""
INDEX = f"""# Films

```{{sse:video}} first
```

See {{sse:video}}`second`,
and [the same](https://m.youtube.com/watch?v={ONE}&t=1m2s).

```{{toctree}}
other
```
"""
OTHER_PAGE = f"""# Another page

```{{sse:videos}}
```

{{sse:video}}`again` and <https://youtu.be/{THREE}?t=9>, which the register lacks.
"""


class Book:
    """A small book with three films, which asks the hosts on loopback."""

    def __init__(self, folder: Path, host: VideoHost, monkeypatch: pytest.MonkeyPatch) -> None:
        self.source, self.folder, self.host, self.monkeypatch = folder / "docs", folder, host, monkeypatch
        self.status = self.source / "data" / "video-status.json"
        self.status.parent.mkdir(parents=True)
        self.write("conf.py", CONF)
        self.write("data/videos.yaml", REGISTER)
        self.write("index.md", INDEX)
        self.write("other.md", OTHER_PAGE)
        self.on(DAY)

    def write(self, name: str, text: str) -> None:
        (self.source / name).write_text(text, encoding="utf-8")

    def on(self, day: date) -> None:
        """All that follows happens on that day."""
        moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        self.monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(moment.timestamp())))

    def check(self, **changes: object) -> Built:
        given = {"sse_videocheck_hosts": self.host.hosts, "sse_videocheck_pace": FAST, **changes}
        return build(self.source, self.folder / "build", "videocheck", 1, **given)

    def html(self) -> Built:
        return build(self.source, self.folder / "build")

    @property
    def report(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads((self.folder / "build/videocheck/output.json").read_text("utf-8")))

    @property
    def films(self) -> dict[str, dict[str, Any]]:
        """What the report says of each film, by its id."""
        return {each["address"][-11:]: each for each in self.report["videos"]}

    @property
    def remembered(self) -> dict[str, dict[str, Any]]:
        return cast("dict[str, dict[str, Any]]", json.loads(self.status.read_text("utf-8"))["videos"])


@pytest.fixture
def book(tmp_path: Path, host: VideoHost, monkeypatch: pytest.MonkeyPatch) -> Book:
    return Book(tmp_path, host, monkeypatch)


def said(built: Built) -> list[str]:
    """The checks that a run has found something by, but for the film that the register lacks."""
    return [each.type.removeprefix("sse.") for each in built.warnings if each.type != "sse.video_unregistered"]


# ---- verdicts -------------------------------------------------------------------------------------------------------


def test_every_film_of_the_book_is_asked_for_once_and_remembered(book: Book) -> None:
    built = book.check()
    assert (built.code, said(built)) == (Exit.FINE, [])
    assert Counter(len(book.host.asked(name)) for name in (ONE, TWO, THREE)) == {1: 3}
    assert book.remembered.keys() == {"first", "again", "second", f"https://www.youtube.com/watch?v={THREE}"}
    assert book.remembered["first"] == book.remembered["again"]
    assert book.remembered["first"] | {"next": "later"} == {
        "verdict": "alive",
        "checked": "2026-10-05",
        "seen": "2026-10-05",
        "next": "later",
        "address": f"https://www.youtube.com/watch?v={ONE}",
    }
    assert timedelta(23) < date.fromisoformat(book.remembered["first"]["next"]) - DAY <= timedelta(30)


def test_the_report_names_every_place_with_its_line_and_what_is_written_there(book: Book) -> None:
    book.check()
    assert (book.report["day"], book.report["ended"], book.report["cannot_judge"]) == ("2026-10-05", "fine", [])
    found = book.films[ONE]
    assert found["keys"] == ["first", "again"]
    assert (found["verdict"], found["reason"]) == ("alive", "The host names the video.")
    assert found["evidence"] == [{"oembed": "200, JSON with a title and the same id", "thumbnail": "not asked"}]
    assert found["archived"] == f"https://web.archive.org/web/*/https://www.youtube.com/watch?v={ONE}"
    assert [(each["file"], each["line"], each["written"]) for each in found["places"]] == [
        ("data/videos.yaml", 3, f"https://www.youtube.com/watch?v={ONE}&t=19s"),
        ("data/videos.yaml", 8, f"https://youtu.be/{ONE}"),
        ("index.md", 3, "first"),
        ("index.md", 7, f"https://m.youtube.com/watch?v={ONE}&t=1m2s"),
        ("other.md", 6, "again"),
    ]
    assert book.films[THREE]["keys"] == [f"https://www.youtube.com/watch?v={THREE}"]
    assert [(each["file"], each["line"]) for each in book.films[THREE]["places"]] == [("other.md", 6)]


def test_a_second_run_asks_nothing_that_was_found_alive(book: Book) -> None:
    book.host.says(TWO, Reply(401))
    book.check()
    asked, before = len(book.host.server.asked), book.status.read_bytes()
    book.on(DAY + timedelta(days=20))
    assert book.check().code == Exit.FINE
    assert (len(book.host.server.asked), book.status.read_bytes()) == (asked, before)
    assert (book.films[ONE]["verdict"], book.films[TWO]["verdict"]) == ("alive", "alive, not embeddable")
    book.on(DAY + timedelta(days=30))
    book.check()
    assert Counter(len(book.host.asked(name)) for name in (ONE, THREE)) == {2: 2}
    assert book.remembered["first"]["seen"] == "2026-11-04"


def test_a_dead_film_is_looked_at_twice_and_named_with_all_its_places(book: Book) -> None:
    book.host.says(ONE, GONE, GONE)
    built = book.check()
    assert (built.code, said(built)) == (Exit.DEAD_FOUND, ["video_dead"])
    assert book.host.asked(ONE) == ["oembed", "thumbnail"] * 2
    (dead,) = (each for each in built.warnings if each.type == "sse.video_dead")
    assert (dead.file, dead.line) == ("data/videos.yaml", 3)
    for words in (
        "data/videos.yaml:3, data/videos.yaml:8, index.md:3, index.md:7, other.md:6.",
        "Never seen working.",
        f"https://web.archive.org/web/*/https://www.youtube.com/watch?v={ONE} ",
    ):
        assert words in dead.message
    assert book.remembered["first"]["verdict"] == "dead" and "seen" not in book.remembered["first"]
    assert book.films[ONE]["since"] == "2026-10-05" and len(book.films[ONE]["evidence"]) == 2


def test_a_message_names_twelve_places_and_the_report_all(book: Book) -> None:
    book.host.says(ONE, GONE, GONE)
    book.write("other.md", "# Another page\n" + "\n{sse:video}`again`\n" * 30)
    (dead,) = (each for each in book.check().warnings if each.type == "sse.video_dead")
    assert dead.message.endswith(" and 22 more.") and dead.message.count("other.md") == 8
    assert len(book.films[ONE]["places"]) == 34


def test_in_a_scheduled_run_a_death_is_a_suspicion_until_the_next_run(book: Book) -> None:
    book.host.says(ONE, GONE, GONE)
    built = book.check(sse_videocheck_scheduled=True)
    assert (built.code, said(built), book.remembered["first"]["verdict"]) == (0, ["video_suspect"], "suspect")
    assert "may be dead" in built.raw_warnings and "in the next run" in built.raw_warnings
    book.on(DAY + timedelta(days=7))
    built = book.check(sse_videocheck_scheduled=True)
    assert (built.code, said(built), book.remembered["first"]["verdict"]) == (1, ["video_dead"], "dead")


@pytest.mark.parametrize(
    ("second", "verdict"), [(film(ONE), "alive"), (CAPTCHA, "unknown"), (Reply(401), "suspect"), (BUSY, "unknown")]
)
def test_the_second_look_can_only_save(book: Book, second: Reply, verdict: str) -> None:
    book.host.says(ONE, [GONE, second], GONE)
    built = book.check()
    assert (built.code, book.films[ONE]["verdict"]) == (0, verdict)
    assert said(built) == (["video_suspect"] if verdict == "suspect" else [])


def test_a_suspect_film_has_a_week(book: Book) -> None:
    book.host.says(TWO, GONE, PICTURE)
    story = []
    for days in (0, 6, 7):
        book.on(DAY + timedelta(days=days))
        built = book.check()
        story.append((built.code, *said(built)))
    assert story == [(0, "video_suspect"), (0, "video_suspect"), (1, "video_dead")]


def test_what_shows_nothing_fails_nothing_and_keeps_the_last_verdict(book: Book) -> None:
    book.check()
    book.on(DAY + timedelta(days=40))
    book.host.says(ONE, CAPTCHA)
    built = book.check()
    assert (built.code, said(built), book.remembered["first"]["seen"]) == (0, [], "2026-10-05")
    assert book.films[ONE]["verdict"] == "alive"
    assert book.films[ONE]["reason"] == "A captcha, a consent page or a stranger answered, not the host."
    assert book.remembered["second"]["seen"] == "2026-11-14"


HIDDEN, PEERTUBE = "https://vimeo.com/1234567/0123456789", "https://a.example/w/116tAS5aakDj1j7vqebiQc"


@pytest.mark.parametrize("address", [HIDDEN, PEERTUBE])
def test_without_canaries_no_single_run_proves_a_death(book: Book, address: str) -> None:
    book.write("data/videos.yaml", f"one:\n  link: {address}\n  about: A film\n  from: A meeting\n")
    book.write("index.md", "# Films\n\n{sse:video}`one`\n\n```{toctree}\nother\n```\n")
    book.write("other.md", "# No films\n")
    hosts = {name: {"oembed": f"{book.host.server.url}/oembed?{{url}}"} for name in ("vimeo", "peertube")}
    book.host.server.reply = lambda path: GONE  # type: ignore[method-assign]
    story = []
    for days in (0, 1, 8):
        book.on(DAY + timedelta(days=days))
        story.append((book.check(sse_videocheck_hosts=hosts).code, book.remembered["one"]["verdict"]))
    assert story == [(0, "suspect"), (0, "suspect"), (1, "dead")]


TROUBLE = [
    BUSY,
    BROKEN,
    CAPTCHA,
    Reply(400),
    Reply(302, headers={"Location": "http://consent.invalid/"}),
    Reply(act=reset),
]
LIVING = {"open": (film(ONE), PICTURE), "not embeddable": (Reply(401), PICTURE), "restricted": (Reply(403), PICTURE)}
DAYS = st.integers(-9000, 9000) | st.integers(0, 30)
LOOKS = st.lists(st.tuples(DAYS, *[st.sampled_from([None, *TROUBLE])] * 4, st.booleans()), min_size=2, max_size=4)


@pytest.mark.parametrize("kind", LIVING)
@settings(max_examples=15)
@given(story=LOOKS)
def test_no_trouble_in_any_order_makes_a_living_film_dead(
    kind: str, story: list[tuple[int, Reply | None, Reply | None, Reply | None, Reply | None, bool]]
) -> None:
    with serve() as server:
        host, found = VideoHost(server), Film(VideoLink("youtube", ONE), ["film"])
        oembed, thumbnail = LIVING[kind]
        for days, *trouble, scheduled in story:
            asker = Client(host.hosts, {}, Pace(**FAST | {"tries": 1}))  # type: ignore[arg-type]
            found.probes = []
            for first, second in (trouble[:2], trouble[2:]):
                host.says(ONE, first or oembed, second or thumbnail)
                found.probes.append(asker.probe(found.link))
            found.settle(DAY + timedelta(days=days), scheduled, "", canaries=True)
            assert found.known.verdict is not Verdict.DEAD


# ---- when nothing can be judged -------------------------------------------------------------------------------------

CANARIES = {
    "the living one is gone": (ALIVE, GONE, GONE),
    "the living one is refused": (ALIVE, BUSY, PICTURE),
    "the living one is a captcha": (ALIVE, CAPTCHA, PICTURE),
    "the living one has no picture": (ALIVE, film(ALIVE), GONE),
    "the dead one lives": (NEVER, film(NEVER), PICTURE),
    "the dead one is forbidden": (NEVER, Reply(403), GONE),
    "the dead one has a picture": (NEVER, GONE, PICTURE),
}


@pytest.mark.parametrize("canary", CANARIES)
def test_where_a_canary_is_wrong_nothing_is_judged(book: Book, canary: str) -> None:
    book.check()
    before = book.status.read_bytes()
    book.on(DAY + timedelta(days=40))
    book.host.says(ONE, GONE, GONE)
    book.host.says(*CANARIES[canary])
    book.host.server.asked.clear()
    built = book.check()
    assert built.code == Exit.CANNOT_JUDGE
    assert "Cannot judge from here" in built.raw_warnings and CANARIES[canary][0] in built.raw_warnings
    assert (book.status.read_bytes(), book.host.asked(ONE), book.host.asked(TWO)) == (before, [], [])
    assert (book.report["ended"], book.films[ONE]["verdict"]) == ("cannot_judge", "alive")


def test_canaries_are_settings(book: Book) -> None:
    book.host.says(NEVER, film(NEVER))
    book.host.says("0123456789A", GONE, GONE)
    assert book.check(sse_videocheck_canaries={"youtube": {"alive": "abcdefghijA", "never": "0123456789A"}}).code == 0
    assert book.host.asked("abcdefghijA") == ["oembed", "thumbnail"] == book.host.asked("0123456789A")
    assert book.host.asked(ALIVE) == []


def test_a_host_that_turns_against_us_between_two_looks_is_not_believed(book: Book) -> None:
    book.host.says(ONE, GONE, GONE)
    book.host.says(ALIVE, [film(ALIVE), GONE])
    assert (book.check().code, book.status.exists()) == (Exit.CANNOT_JUDGE, False)


@pytest.mark.parametrize(
    "refusal", [BUSY, CAPTCHA, BROKEN, Reply(302, headers={"Location": "http://consent.invalid/"})]
)
def test_three_refusals_in_a_row_stop_the_run_and_change_nothing(book: Book, refusal: Reply) -> None:
    addresses = "".join(f"\n<https://youtu.be/{link.id}>\n" for link in links(9))
    book.write("many.md", f"---\norphan: true\n---\n# Many\n{addresses}")
    book.check()
    before = book.status.read_bytes()
    book.on(DAY + timedelta(days=40))
    for name in (ONE, TWO, THREE, *(link.id for link in links(9))):
        book.host.says(name, refusal)
    book.host.server.asked.clear()
    built = book.check(sse_videocheck_pace=FAST | {"tries": 1})
    assert (built.code, book.status.read_bytes()) == (Exit.CANNOT_JUDGE, before)
    assert len(book.host.server.asked) <= 4 + 3 + 1  # the canaries; three films, and one that was on its way
    assert "refused 3 videos in a row" in built.raw_warnings


@pytest.mark.parametrize("where", ["http://no-such-host.invalid/{id}", "http://127.0.0.1:{closed}/{id}"])
def test_without_a_network_the_run_says_so_and_changes_nothing(book: Book, where: str) -> None:
    book.check()
    before = book.status.read_bytes()
    book.on(DAY + timedelta(days=40))
    address = where.replace("{closed}", str(closed_port()))
    built = book.check(sse_videocheck_hosts={"youtube": {"oembed": address, "thumbnail": address}})
    assert (built.code, book.status.read_bytes()) == (Exit.NO_NETWORK, before)
    assert "there is no network here" in built.raw_warnings
    assert (book.report["ended"], book.films[ONE]["verdict"]) == ("no_network", "alive")


def test_a_clock_that_jumps_is_noticed(book: Book) -> None:
    book.host.says(ONE, GONE, PICTURE)
    book.check()
    before = book.status.read_bytes()
    # The host's clock stands for the true one: this machine's is eight days ahead of it.
    jumped = format_datetime(datetime.now(UTC) - timedelta(days=8), usegmt=True)
    reply = f"HTTP/1.1 404 Not Found\r\nDate: {jumped}\r\nContent-Length: 0\r\n\r\n".encode()
    book.host.says(ONE, Reply(act=lambda handler: cast("None", handler.wfile.write(reply))), PICTURE)
    book.on(DAY + timedelta(days=8))
    built = book.check()
    assert (built.code, book.status.read_bytes()) == (Exit.CANNOT_JUDGE, before)
    assert "is the clock of this machine right?" in built.raw_warnings


def test_dates_that_have_not_come_are_not_believed(book: Book) -> None:
    book.on(date(2040, 1, 1))
    book.host.says(TWO, GONE, PICTURE)
    book.check()
    book.on(DAY)
    book.host.server.asked.clear()
    assert (book.check().code, len(book.host.asked(ONE))) == (0, 1)
    assert book.remembered["first"]["seen"] == "2026-10-05"
    assert (book.remembered["second"]["verdict"], book.remembered["second"]["since"]) == ("suspect", "2026-10-05")


# ---- the status file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0, 1, 200])
def test_a_status_file_that_is_cut_stops_the_run_before_it_asks(book: Book, keep: int) -> None:
    book.check()
    book.status.write_bytes(book.status.read_bytes()[:keep])
    book.host.server.asked.clear()
    built = book.check()
    assert (built.code, book.host.server.asked, built.read) == (Exit.STATUS_FILE, [], set())
    assert "git restore video-status.json" in built.raw_warnings
    assert len(book.status.read_bytes()) == keep


def test_a_status_file_that_cannot_be_written_is_said(book: Book) -> None:
    (book.status.parent / f".{book.status.name}.new").mkdir()
    built = book.check()
    assert (built.code, book.status.exists()) == (Exit.STATUS_FILE, False)
    assert "cannot be written" in built.raw_warnings


def test_a_second_run_at_the_same_time_ends_at_once(book: Book) -> None:
    code = "import sys; from pathlib import Path; from sse_handbook.registers.status_file import one_run\n"
    code += "with one_run(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(book.status)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout and other.stdin and other.stdout.readline() == b"held\n"
        built = book.check()
        other.stdin.close()
    assert (built.code, book.host.server.asked) == (Exit.ANOTHER_RUN, [])
    assert "another run is at work" in built.raw_warnings
    assert book.check().code == Exit.FINE


def test_what_was_found_of_another_film_does_not_count(book: Book) -> None:
    book.host.says(TWO, GONE, GONE)
    book.check()
    assert book.remembered["second"]["verdict"] == "dead"
    book.write("data/videos.yaml", REGISTER.replace(TWO, "film000000A"))
    book.host.says("film000000A", CAPTCHA)
    assert book.check().code == 0
    assert book.films["film000000A"]["verdict"] == "unknown"
    assert book.html().output.joinpath("other.html").read_text("utf-8").count("never checked") == 1


def test_a_key_that_is_renamed_keeps_what_is_known_of_its_film(book: Book) -> None:
    book.check()
    book.write("data/videos.yaml", REGISTER.replace("second:", "renamed:"))
    book.write("index.md", INDEX.replace("`second`", "`renamed`"))
    book.host.server.asked.clear()
    assert (book.check().code, book.host.server.asked) == (0, [])
    assert (book.films[TWO]["keys"], book.films[TWO]["verdict"]) == (["renamed"], "alive")


def test_an_entry_of_an_early_form_is_taken_over(book: Book) -> None:
    book.status.write_text('{"videos": {"second": {"verdict": "alive", "seen": "2026-09-05"}}}', encoding="utf-8")
    book.host.says(TWO, GONE, PICTURE)
    book.check()
    assert (book.remembered["second"]["verdict"], book.remembered["second"]["seen"]) == ("suspect", "2026-09-05")


def test_a_project_without_a_folder_of_data_remembers_in_its_output(book: Book) -> None:
    book.write("conf.py", CONF.replace('sse_data_dir = "data"', ""))
    book.write("index.md", f"# Films\n\n<https://youtu.be/{ONE}>\n\n```{{toctree}}\nother\n```\n")
    book.write("other.md", "# No films\n")
    book.check()
    assert not book.status.exists()
    status = json.loads((book.folder / "build/videocheck/video-status.json").read_text("utf-8"))
    assert list(status["videos"]) == [f"https://www.youtube.com/watch?v={ONE}"]


# ---- processes and settings -----------------------------------------------------------------------------------------

RUN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""


def sphinx_build(book: Book, *options: str) -> list[str]:
    """The command that checks a book in a process of its own."""
    book.write("conf.py", f"{CONF}\nsse_videocheck_hosts = {book.host.hosts}\nsse_videocheck_pace = {FAST}\n")
    return [sys.executable, "-c", RUN, "-b", "videocheck", *options, str(book.source), str(book.folder / "build")]


def test_ctrl_c_keeps_what_was_learnt(book: Book) -> None:
    films = {f"f{number}": link.id for number, link in enumerate(links(60))}
    entry = "{}:\n  link: https://youtu.be/{}\n  about: A film\n  from: A meeting\n"
    book.write("data/videos.yaml", "".join(entry.format(key, name) for key, name in films.items()))
    for name in films.values():
        book.host.says(name, Reply(200, film(name).body, "application/json", delay=0.1))
    book.host.says(films["f0"], GONE, GONE)
    with subprocess.Popen(sphinx_build(book), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        while len(book.host.server.asked) < 24 and run.poll() is None:
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        output = run.communicate(timeout=60)[0].decode()
    assert run.returncode == Exit.INTERRUPTED, output
    assert "Interrupted: what was learnt" in output and "Traceback" not in output
    learnt = {key: found["verdict"] for key, found in book.remembered.items()}
    # The one that seems dead was looked at only once: nothing is said of it.
    assert 5 < len(learnt) < 59 and set(learnt.values()) == {"alive"} and "f0" not in learnt
    book.host.server.asked.clear()
    assert subprocess.run(sphinx_build(book), capture_output=True, check=False).returncode == Exit.DEAD_FOUND
    assert {key for key, name in films.items() if book.host.asked(name)} == films.keys() - learnt.keys()


@pytest.mark.parametrize(
    ("answer", "options", "code"), [(film(ONE), [], 0), (GONE, [], 1), (GONE, ["-W"], 1), (None, ["-W"], 3)]
)
def test_sphinx_build_ends_with_the_code(book: Book, answer: Reply | None, options: list[str], code: int) -> None:
    book.host.says(ONE if answer else ALIVE, answer or CAPTCHA, GONE)
    run = subprocess.run(sphinx_build(book, *options), capture_output=True, check=False, text=True)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sse_videocheck_hosts": {"yuotube": {}}}, "yuotube"),
        ({"sse_videocheck_hosts": {"youtube": {"oembed": "https://a.example/{film}"}}}, "{film}"),
        ({"sse_videocheck_pace": {"puase": 1}}, "puase"),
        ({"sse_videocheck_pace": {"pause": "long"}}, "long"),
        ({"sse_videocheck_canaries": {"youtube": ["a", "b"]}}, "canaries"),
    ],
)
def test_a_wrong_setting_is_named(book: Book, changes: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        book.check(**changes)


# ---- what pages say -------------------------------------------------------------------------------------------------


def texts(built: Built) -> dict[str, str]:
    return {name: (built.output / f"{name}.html").read_text(encoding="utf-8") for name in ("index", "other")}


def test_cards_say_what_the_last_check_found_and_are_written_again_when_that_changes(book: Book) -> None:
    book.write("plain.md", "---\norphan: true\n---\n# A page without films\n")
    assert all("never checked" in text and "last seen" not in text for text in texts(book.html()).values())
    book.check()
    built = book.html()
    assert built.read == {"index", "other"}
    assert texts(built)["index"].count("last seen working on 5 October 2026") == 1
    assert texts(built)["other"].count("last seen working on 5 October 2026") == 3
    assert book.html().read == set()
    book.on(DAY + timedelta(days=40))
    book.host.says(TWO, GONE, GONE)
    book.check()
    built = book.html()
    assert "not found on 14 November 2026, last seen working on 5 October 2026" in texts(built)["other"]
    assert "last seen working on 14 November 2026" in texts(built)["index"]
    book.status.unlink()
    assert all("never checked" in text for text in texts(book.html()).values())


@pytest.mark.parametrize(
    ("oembed", "says"), [(404, "perhaps gone: not found on 5"), (403, "not open to everyone on 5")]
)
def test_a_card_says_what_is_not_sure(book: Book, oembed: int, says: str) -> None:
    book.host.says(TWO, Reply(oembed), PICTURE)
    book.check()
    assert f"{says} October 2026" in texts(book.html())["other"]


def test_what_cannot_be_believed_counts_as_never_seen(book: Book) -> None:
    book.on(date(2040, 1, 1))
    book.check()
    book.on(DAY)
    assert "first, again, second" in book.html().notes[0].message
    book.status.write_text("{", encoding="utf-8")
    assert "never checked" in texts(book.html())["index"]


def test_old_checks_are_a_note_with_the_command_to_run(book: Book) -> None:
    book.check()
    assert book.html().notes == []
    book.on(DAY + timedelta(days=181))
    (note,) = book.html().notes
    assert "python3 noxfile.py -s videos" in note.message and note.type == "sse.video_stale"


def test_the_page_prints_the_tables_of_the_code(book: Book) -> None:
    book.write("index.md", "# Verdicts\n\n```{sse:verdicts}\n```\n\n```{toctree}\nother\n```\n")
    page = html.fromstring(texts(book.html())["index"])
    printed = [[cell.text_content().strip() for cell in row.findall("td")] for row in page.findall(".//table/tbody/tr")]
    rows = [row for table in TABLES.values() for row in table]
    assert len(printed) == len(rows)
    for (oembed, thumbnail, verdict, why), row in zip(printed, rows, strict=True):
        assert why.startswith(row.reason.replace("`", "")) and verdict == row.verdict
        assert oembed in (" or ".join(row.oembed), "no word" if row.oembed == OUTAGE else "anything else")
        assert thumbnail in (" or ".join(row.thumbnail), "no word" if row.thumbnail == OUTAGE else "not asked")
    assert ", ".join(OUTAGE) in page.text_content()


def test_the_page_on_films_names_every_exit_code_and_every_setting() -> None:
    page = (ROOT / "docs" / "contribute" / "videos.md").read_text(encoding="utf-8")
    codes = {int(row.split("|")[1]) for row in page.splitlines() if row.startswith("| ") and row[2].isdigit()}
    assert codes == {*map(int, Exit), 2}  # 2 is Sphinx's own
    assert all(f"`{field.name}`" in page for field in fields(Pace))
    assert "```{sse:verdicts}" in page
