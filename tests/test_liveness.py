"""What answers mean, what is remembered of them, and the file that it is written to."""

from __future__ import annotations

import ast
import errno
import json
import subprocess
import sys
import time
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sse_handbook import liveness
from sse_handbook.liveness import (
    FILM,
    OTHER,
    OUTAGE,
    TABLES,
    Answer,
    Failure,
    Judgement,
    Remembered,
    Verdict,
    agree,
    film_address,
    judge,
    remember,
    table_of,
    wants_thumbnail,
)
from sse_handbook.registers.status_file import AnotherRunError, StatusFileError, one_run, read_memory, write_memory
from sse_handbook.video_links import VideoLink

DAY = date(2026, 10, 5)
WEEK = timedelta(days=7)
STATUSES = ("200", "400", "401", "403", "404", "410", "429", "500", "503", "302", "204")


def answer(said: str, film: bool | None = None) -> Answer:
    """`200` as a status, or the name of a failure; `film` is for an oEmbed of 200."""
    return Answer(int(said), film=film) if said.isdigit() else Answer(failure=Failure(said))


# The table of the issue, row by row; "-" is a thumbnail that is not asked for.
ROWS = [
    ("youtube", "film", "-", "alive"),
    ("youtube", "200", "-", "unknown"),
    ("youtube", "401", "200", "alive, not embeddable"),
    ("youtube", "401", "404", "suspect"),
    ("youtube", "403", "200", "restricted"),
    ("youtube", "403", "404", "dead"),
    ("youtube", "404", "404", "dead"),
    ("youtube", "404", "200", "suspect"),
    ("youtube", "400", "-", "unknown"),
    *(("youtube", each, "-", "unknown") for each in ("429", "500", "503", *(each.value for each in Failure))),
    *(("youtube", "403", each, "suspect") for each in ("429", "500", "time-out")),
    *(("youtube", "404", each, "suspect") for each in ("429", "500", "time-out")),
    ("youtube", "401", "429", "unknown"),
    ("youtube", "403", "403", "unknown"),
    ("youtube", "410", "-", "unknown"),
    ("vimeo", "film", "-", "alive"),
    ("vimeo", "403", "-", "restricted"),
    ("vimeo", "404", "-", "suspect"),
    ("vimeo, hidden", "404", "-", "dead"),
    ("vimeo, hidden", "403", "-", "restricted"),
    ("vimeo, hidden", "500", "-", "unknown"),
    ("peertube", "404", "-", "dead"),
    ("peertube", "403", "-", "restricted"),
    ("peertube", "400", "-", "unknown"),
    ("peertube", "200", "-", "unknown"),
]


@pytest.mark.parametrize(("table", "oembed", "thumbnail", "verdict"), ROWS)
def test_the_table_says(table: str, oembed: str, thumbnail: str, verdict: str) -> None:
    said = answer("200", film=oembed == "film") if oembed in ("film", "200") else answer(oembed)
    assert wants_thumbnail(table, said) == (thumbnail != "-")
    found = judge(table, said, None if thumbnail == "-" else answer(thumbnail))
    assert (found.verdict, bool(found.reason)) == (verdict, True)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_decides_something_and_every_pair_of_answers_has_a_row(table: str) -> None:
    oembeds = [answer("200", film=True), answer("200", film=False), *map(answer, STATUSES[1:]), *map(answer, Failure)]
    thumbnails = [None, *map(answer, STATUSES), *map(answer, Failure)]
    reasons = {judge(table, *pair).reason for pair in product(oembeds, thumbnails)}
    assert reasons == {row.reason for row in TABLES[table]}


def test_a_thumbnail_is_asked_for_only_where_it_can_change_the_verdict() -> None:
    for table, oembed in product(TABLES, (answer("200", film=True), *map(answer, STATUSES[1:]), *map(answer, Failure))):
        verdicts = {judge(table, oembed, answer(each)).verdict for each in (*STATUSES, *Failure)}
        assert (len(verdicts) > 1) == wants_thumbnail(table, oembed)


@pytest.mark.parametrize(
    ("link", "table", "address"),
    [
        (VideoLink("youtube", "gBKYf4qt1vw", 19), "youtube", "https://www.youtube.com/watch?v=gBKYf4qt1vw"),
        (VideoLink("vimeo", "1234567", 19), "vimeo", "https://vimeo.com/1234567"),
        (VideoLink("vimeo", "1234567/0123456789"), "vimeo, hidden", "https://vimeo.com/1234567/0123456789"),
        (VideoLink("peertube", "a.example/abc", 1), "peertube", "https://a.example/w/abc"),
    ],
)
def test_a_film_has_a_table_and_one_address_whatever_its_start(link: VideoLink, table: str, address: str) -> None:
    assert (table_of(link), film_address(link)) == (table, address)


def test_of_two_looks_the_milder_counts() -> None:
    by_verdict = {verdict: Judgement(verdict, verdict.value) for verdict in Verdict}
    order = ["alive", "alive, not embeddable", "restricted", "moved", "unknown", "suspect", "dead"]
    for one, two in product(Verdict, Verdict):
        milder = min(one, two, key=lambda each: order.index(each.value))
        assert agree(by_verdict[one], by_verdict[two]).verdict is milder
    unproved = Judgement(Verdict.SUSPECT, "unproved", grows=False)
    assert agree(by_verdict[Verdict.SUSPECT], unproved) == agree(unproved, by_verdict[Verdict.SUSPECT]) == unproved


def runs(*found: tuple[int, Verdict], scheduled: bool = True) -> list[str]:
    """What is said after each run: pairs of a day (counted from the first) and what the run found."""
    known, said = Remembered(), []
    for day, verdict in found:
        known = remember(known, verdict, DAY + timedelta(days=day), scheduled)
        said.append(known.verdict.value)
    return said


ALIVE, DEAD, SUSPECT, UNKNOWN, RESTRICTED = (
    Verdict.ALIVE,
    Verdict.DEAD,
    Verdict.SUSPECT,
    Verdict.UNKNOWN,
    Verdict.RESTRICTED,
)


def test_a_death_in_a_scheduled_run_needs_a_second_run() -> None:
    assert runs((0, DEAD), (7, DEAD)) == ["suspect", "dead"]
    assert runs((0, DEAD), (7, UNKNOWN), (14, DEAD)) == ["suspect", "suspect", "dead"]
    assert runs((0, DEAD), (3, ALIVE), (6, DEAD)) == ["suspect", "alive", "suspect"]


def test_a_death_in_a_run_by_hand_is_one() -> None:
    assert runs((0, DEAD), scheduled=False) == ["dead"]


@pytest.mark.parametrize("scheduled", [True, False])
def test_a_suspicion_has_a_week(scheduled: bool) -> None:
    assert runs((0, SUSPECT), (6, SUSPECT), (7, SUSPECT), scheduled=scheduled) == ["suspect", "suspect", "dead"]
    assert runs((0, SUSPECT), (6, ALIVE), (7, SUSPECT), scheduled=scheduled) == ["suspect", "alive", "suspect"]
    assert runs((0, SUSPECT), (7, RESTRICTED), (8, SUSPECT), scheduled=scheduled)[-1] == "suspect"


def test_what_shows_nothing_changes_nothing() -> None:
    known = remember(None, Verdict.DEAD, DAY, scheduled=False)
    assert remember(known, UNKNOWN, DAY + WEEK, scheduled=True) == known
    assert remember(None, UNKNOWN, DAY, scheduled=False) == Remembered()


def test_the_dead_stay_dead_until_they_are_seen() -> None:
    assert runs((0, DEAD), (7, DEAD), (14, SUSPECT), (21, UNKNOWN), (28, ALIVE))[2:] == ["dead", "dead", "alive"]
    assert runs((0, DEAD), (1, SUSPECT), (2, RESTRICTED), scheduled=False) == ["dead", "dead", "restricted"]


def test_a_suspicion_without_the_picture_never_becomes_a_death() -> None:
    known = Remembered()
    for week in range(20):
        known = remember(known, SUSPECT, DAY + week * WEEK, scheduled=True, grows=False)
    assert known.verdict is SUSPECT
    known = remember(known, SUSPECT, DAY + 20 * WEEK, scheduled=True)
    assert known.verdict is SUSPECT
    assert remember(known, SUSPECT, DAY + 22 * WEEK, scheduled=True, grows=False).verdict is SUSPECT
    assert remember(known, SUSPECT, DAY + 22 * WEEK, scheduled=True).verdict is DEAD


def test_dates_are_kept_by_what_they_mean() -> None:
    alive = remember(Remembered(address="here"), ALIVE, DAY, scheduled=True)
    assert (alive.checked, alive.seen, alive.since, alive.address) == (DAY, DAY, None, "here")
    gone = remember(remember(alive, SUSPECT, DAY + WEEK, True), SUSPECT, DAY + 2 * WEEK, True)
    assert (gone.checked, gone.seen, gone.since, gone.next, gone.address) == (
        DAY + 2 * WEEK,
        DAY,
        DAY + WEEK,
        None,
        "here",
    )
    closed = remember(alive, RESTRICTED, DAY + WEEK, True)
    assert (closed.checked, closed.seen) == (DAY + WEEK, DAY)


@pytest.mark.parametrize("verdict", Verdict)
def test_only_what_works_is_left_alone_and_for_30_days_at_most(verdict: Verdict) -> None:
    ends = set()
    for number in range(200):
        known = remember(None, verdict, DAY, scheduled=False, key=f"film {number}")
        trusted = [days for days in range(-400, 400) if known.trusted(DAY + timedelta(days=days))]
        works = verdict in (Verdict.ALIVE, Verdict.NOT_EMBEDDABLE, Verdict.MOVED)
        assert trusted == list(range(len(trusted)))
        assert len(trusted) in (range(24, 31) if works else [0])
        ends.add(len(trusted))
    assert (max(ends) == 30 and len(ends) > 4) if verdict is ALIVE else True
    assert remember(None, verdict, DAY, True, "a film") == remember(None, verdict, DAY, True, "a film")


LIVING = [(FILM, "200"), ("401", "200"), ("403", "200")]
TROUBLE = [OTHER, "400", *OUTAGE]


@st.composite
def looks(draw: st.DrawFn) -> Judgement:
    """One look at a living film of one kind, in which either host may have any trouble."""
    kind = draw(st.shared(st.sampled_from(LIVING), key="kind"))
    trouble = st.sampled_from(TROUBLE)
    oembed, thumbnail = (draw(trouble) if draw(st.booleans()) else said for said in kind)
    signs = {FILM: answer("200", film=True), OTHER: answer("200", film=False), "5xx": answer("502")}
    asked, picture = (signs.get(said) or answer(said) for said in (oembed, thumbnail))
    return judge("youtube", asked, picture if wants_thumbnail("youtube", asked) else None)


DAYS = st.integers(-20_000, 20_000) | st.integers(0, 60)


@given(st.lists(st.tuples(DAYS, looks(), looks(), st.booleans()), min_size=2, max_size=12))
def test_no_trouble_in_any_order_makes_a_living_film_dead(
    story: list[tuple[int, Judgement, Judgement, bool]],
) -> None:
    known = Remembered()
    for day, first, second, scheduled in story:
        found = agree(first, second) if first.verdict in (SUSPECT, DEAD) else first
        known = remember(known, found.verdict, DAY + timedelta(days=day), scheduled, grows=found.grows)
        assert known.verdict is not DEAD


@given(st.lists(st.tuples(DAYS, st.sampled_from(list(Verdict)), st.booleans()), max_size=12), DAYS)
def test_no_clock_makes_anything_trusted_for_ever(story: list[tuple[int, Verdict, bool]], later: int) -> None:
    known = Remembered()
    for day, verdict, scheduled in story:
        known = remember(known, verdict, DAY + timedelta(days=day), scheduled)
    when = DAY + timedelta(days=later)
    assert not known.trusted(when) or timedelta(0) <= when - (known.checked or date.max) < timedelta(days=30)


@example(-7, SUSPECT)
@example(-90, SUSPECT)
@given(st.integers(91, 20_000) | st.integers(-20_000, -1), st.sampled_from([SUSPECT, DEAD]))
def test_a_clock_that_jumps_makes_nothing_dead(days: int, verdict: Verdict) -> None:
    assert runs((0, verdict), (days, verdict)) == ["suspect", "suspect"]
    there_and_back = [(0, SUSPECT), (days, SUSPECT), (days, SUSPECT), (0, SUSPECT)]
    assert runs(*there_and_back, scheduled=False) == ["suspect"] * 4


@given(st.lists(st.sampled_from(["404", "429", "500", "time-out"]), min_size=2, max_size=30))
def test_a_film_that_is_gone_is_found_dead_as_soon_as_its_host_has_said_so_twice(said: list[str]) -> None:
    known, plain = Remembered(), 0
    for week, each in enumerate(said):
        found = judge("youtube", answer(each), answer("404"))
        known = remember(known, found.verdict, DAY + week * WEEK, scheduled=True, grows=found.grows)
        plain += each == "404"
        # The host may have been silent for so long that its first word is forgotten.
        if known.checked == DAY + week * WEEK and "404" in said[max(0, week - 12) : week] and each == "404":
            assert known.verdict is DEAD
        assert known.verdict is not DEAD or plain > 1


MEMORY = {
    "b": Remembered(ALIVE, DAY, DAY, None, DAY + WEEK, 0, "https://www.youtube.com/watch?v=gBKYf4qt1vw"),
    "a": Remembered(SUSPECT, DAY, None, DAY - WEEK, None, 1, "https://vimeo.com/1/0123456789"),
    "é": Remembered(Verdict.NOT_EMBEDDABLE, DAY, DAY, address="x"),
}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_memory(tmp_path / "status.json", MEMORY, "links")
    assert read_memory(tmp_path / "status.json", "links") == MEMORY
    assert read_memory(tmp_path / "none.json") == {}


def test_the_status_file_is_written_for_people_and_for_diffs(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_memory(path, MEMORY)
    text = path.read_bytes().decode()
    assert list(json.loads(text)["videos"]) == ["a", "b", "é"]
    assert json.loads(text)["videos"]["a"] == {
        "verdict": "suspect",
        "checked": "2026-10-05",
        "since": "2026-09-28",
        "deaths": 1,
        "address": "https://vimeo.com/1/0123456789",
    }
    assert text.endswith("}\n") and "\r" not in text and "é" in text
    write_memory(path, dict(reversed(MEMORY.items())))
    assert path.read_bytes().decode() == text
    assert [each.name for each in tmp_path.iterdir()] == ["status.json"]


def test_a_file_that_has_not_changed_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_memory(path, MEMORY)
    before = path.stat()
    write_memory(path, MEMORY)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_status_file_of_an_early_form_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"videos": {"a": {"seen": "2026-10-05"}, "b": {"seen": null}}}')
    assert read_memory(tmp_path / "s.json") == {"a": Remembered(seen=DAY), "b": Remembered()}


def test_a_file_cut_at_any_byte_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_memory(path, MEMORY)
    whole = path.read_bytes()
    for length in range(len(whole.rstrip())):
        path.write_bytes(whole[:length])
        with pytest.raises(StatusFileError, match=r"status\.json.*cut short.*git restore status\.json"):
            read_memory(path)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"videos": []}',
        '{"videos": {"a": 1}}',
        '{"videos": {"a": {"verdict": "well"}}}',
        '{"videos": {"a": {"seen": "yesterday"}}}',
        '{"videos": {"a": {"deaths": "many"}}}',
        '<<<<<<< HEAD\n{"videos": {}}',
        "[" * 100_000,
        b"\xff\xfe{",
    ],
)
def test_what_no_run_wrote_is_said_in_one_line(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StatusFileError) as said:
        read_memory(path)
    assert str(path) in str(said.value) and "\n" not in str(said.value)


def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "status.json"
    write_memory(path, MEMORY)
    before = path.read_bytes()

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StatusFileError, match=r"cannot be written: No space left on device\. It is as it was\."):
        write_memory(path, {})
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["status.json"]


WRITER = """
import sys
from pathlib import Path
from sse_handbook.liveness import Remembered
from sse_handbook.registers.status_file import write_memory
for turn in range(10**9):
    write_memory(Path(sys.argv[1]), {f"{key:05}": Remembered(address=str(turn)) for key in range(300)})
    turn or print("begun", flush=True)
"""


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    for turn in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout and writer.stdout.readline() == b"begun\n"
            time.sleep(turn / 77)  # wherever it is by then
            writer.kill()
        memory = read_memory(path)
        assert len(memory) == 300 and len({each.address for each in memory.values()}) == 1


HOLDER = """
import sys
from pathlib import Path
from sse_handbook.registers.status_file import one_run
with one_run(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_only_one_run_at_a_time_holds_the_file_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    for end in ("close", "kill", "close"):
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdin and holder.stdout and holder.stdout.readline() == b"held\n"
            with pytest.raises(AnotherRunError, match=r"status\.json: another run is at work"), one_run(path):
                pytest.fail("two runs hold the file")
            holder.kill() if end == "kill" else holder.stdin.close()
    with one_run(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StatusFileError, match=r"status\.json: the folder"), one_run(tmp_path / "file" / "status.json"):
        pytest.fail("nobody can write there")


def test_the_verdicts_need_neither_sphinx_nor_a_network() -> None:
    tree = ast.parse(Path(liveness.__file__).read_text(encoding="utf-8"))
    names = {each.module for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    names |= {name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names}
    pure = {"collections.abc", "dataclasses", "datetime", "enum", "hashlib", "typing", "video_links", "__future__"}
    assert names == pure
