"""The weekly run: what the issue says and when it is opened or closed, and the workflow's scripts, run for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, told

from sse_handbook.liveness import Remembered, Verdict
from sse_handbook.video_links import VideoLink
from sse_handbook.videocheck.videos import Film
from sse_handbook.videocheck.videos import Place as FilmPlace

sys.path.insert(0, str(ROOT / "tools"))
import links
import report_issue
from link_answers import Found
from link_places import Place
from report_issue import Issue, Step

WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").glob("*.yml")}
GONE = "https://www.example.org/gone"

OPEN, CLOSED = Issue(7, open=True), Issue(7, open=False)


@pytest.mark.parametrize(
    ("issue", "needed", "judged", "step"),
    [
        (None, True, True, Step.OPEN),
        (None, True, False, Step.OPEN),
        (None, False, True, Step.NOTHING),
        (None, False, False, Step.NOTHING),
        (OPEN, True, True, Step.EDIT),
        (OPEN, True, False, Step.EDIT),
        (OPEN, False, True, Step.CLOSE),
        (OPEN, False, False, Step.EDIT),
        (CLOSED, True, True, Step.REOPEN),
        (CLOSED, True, False, Step.REOPEN),
        (CLOSED, False, True, Step.NOTHING),
        (CLOSED, False, False, Step.NOTHING),
    ],
)
def test_there_is_one_issue_and_it_is_open_while_somebody_is_needed(
    issue: Issue | None, needed: bool, judged: bool, step: Step
) -> None:
    assert report_issue.decide(issue, needed, judged) is step


# Reports, in the very words of the tools that write them


def link(address: str, verdict: Verdict, seen: date | None = None, **found: str) -> dict[str, Any]:
    known = Remembered(verdict, checked=date(2026, 11, 23), seen=seen)
    one = Found(verdict, found.pop("reason", "A reason."), **found)
    places = [Place("organise/choosing.md", 14, "organise/choosing"), Place("data/sources.bib", 3, "reference/sources")]
    return links.described(address, places, known, one)


def video(verdict: Verdict) -> dict[str, Any]:
    place = FilmPlace("data/videos.yaml", 12, "https://youtu.be/gBKYf4qt1vw")
    known = Remembered(verdict, checked=date(2026, 11, 23), address="https://www.youtube.com/watch?v=gBKYf4qt1vw")
    return Film(VideoLink("youtube", "gBKYf4qt1vw"), ["one"], [place], known=known).described()


def reports(
    *of_links: dict[str, Any], videos: list[dict[str, Any]] | None = None, **more: Any
) -> dict[str, dict[str, Any]]:
    both = {
        "videos": {"day": "2026-11-23", "ended": "fine", "cannot_judge": [], "videos": videos or []},
        "links": {"day": "2026-11-23", "ended": "fine", "links": list(of_links), "ignores": []} | more,
    }
    return json.loads(json.dumps(both))  # type: ignore[no-any-return]


def issue_text(given: dict[str, dict[str, Any]], base: str = "") -> str:
    return report_issue.text(report_issue.groups(given), given, base)


def test_the_text_names_every_place_and_what_to_do() -> None:
    text = issue_text(
        reports(link(GONE, Verdict.DEAD, seen=date(2026, 9, 1)), videos=[video(Verdict.DEAD)]),
        "https://git.example/a/b/blob/HEAD",
    )
    assert text.startswith(report_issue.MARK)
    assert "It found: 2 gone." in text
    assert f"### <{GONE}>" in text and "### <https://www.youtube.com/watch?v=gBKYf4qt1vw>" in text
    assert "A reason. Last seen working on 2026-09-01." in text
    for place, line in [("organise/choosing.md", 14), ("data/sources.bib", 3), ("data/videos.yaml", 12)]:
        address = f"https://git.example/a/b/blob/HEAD/docs/{place}?plain=1#L{line}"
        assert f"- [`docs/{place}`, line {line}]({address})" in text
    assert "look for the new address" in text
    assert f"Copies: <https://web.archive.org/web/*/{GONE}>" in text


@pytest.mark.parametrize(
    ("entry", "heading", "todo"),
    [
        (link(GONE, Verdict.SUSPECT), "## Perhaps gone (1)", "Wait for the next look"),
        (
            link(GONE, Verdict.ALIVE, seen=date(2026, 9, 1)),
            "## No answer for a long time (1)",
            "the whole site may be gone",
        ),
        (link(GONE, Verdict.MOVED, seen=date(2026, 11, 23)), "## Moved (1)", "Write the new address"),
        (link(GONE, Verdict.UNKNOWN), "## Never judged (1)", "Open each once"),
        (video(Verdict.RESTRICTED), "## Restricted (1)", "does not show it to everyone"),
    ],
)
def test_each_kind_of_trouble_has_its_own_advice(entry: dict[str, Any], heading: str, todo: str) -> None:
    text = issue_text(reports(entry))
    assert heading in text and todo in text
    assert len(re.findall("^## ", text, re.MULTILINE)) == 1


def test_what_works_is_not_named() -> None:
    text = issue_text(reports(link(GONE, Verdict.ALIVE, seen=date(2026, 11, 1))))
    assert GONE not in text and "nothing to do" in text


def test_where_a_moved_page_went_is_said_and_cannot_break_the_text() -> None:
    text = issue_text(reports(link(GONE, Verdict.MOVED, leads_to="https://b.example/> @all\n# x")))
    assert "It leads to <https://b.example/@all#x>" in text


def test_a_look_that_could_not_judge_says_so() -> None:
    given = reports(link(GONE, Verdict.DEAD), ended="no_network")
    given["videos"] |= {"ended": "cannot_judge", "cannot_judge": ["www.youtube.com: it refused three times."]}
    text = issue_text(given)
    assert text.count("It could not judge all of them") == 2
    assert "- www.youtube.com: it refused three times." in text


def test_a_long_text_is_cut_between_entries() -> None:
    many = [link(f"{GONE}/{number}", Verdict.DEAD) for number in range(2000)]
    text = issue_text(reports(*many))
    assert len(text) < 65_536
    shown = text.count("### <")
    assert f"And {2000 - shown} more" in text and shown > 100


# The issue, through a `gh` that writes down what it is told


def report(folder: Path, given: dict[str, dict[str, Any]]) -> int:
    for kind, path in report_issue.OUTPUTS.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(given[kind]))
    return subprocess.call([sys.executable, str(ROOT / "tools" / "report_issue.py")], cwd=folder)


DEAD = reports(link(GONE, Verdict.DEAD))
FINE = reports(link(GONE, Verdict.ALIVE, seen=date(2026, 11, 23)))


@pytest.mark.parametrize(
    ("state", "given", "steps"),
    [
        (None, DEAD, ["label create dead-links", "issue create --title"]),
        (None, FINE, []),
        ("OPEN", DEAD, ["issue edit 7"]),
        ("OPEN", FINE, ["issue edit 7", "issue close 7"]),
        ("CLOSED", DEAD, ["issue reopen 7", "issue edit 7"]),
        ("CLOSED", FINE, []),
        (None, reports(link(GONE, Verdict.MOVED)), []),
        (None, reports(ignores=[{"file": "data/link-ignores.yaml", "line": 5, "message": "`x` expired"}]), [
            "label create dead-links", "issue create --title",
        ]),
    ],
)  # fmt: skip
def test_the_issue_is_opened_edited_and_closed(
    tmp_path: Path, gh: Path, state: str | None, given: dict[str, dict[str, Any]], steps: list[str]
) -> None:
    theirs = {"number": 9, "state": "OPEN", "body": "Of a person, with our label"}
    ours = {"number": 7, "state": state, "body": f"{report_issue.MARK}\n\nOf last week"}
    (gh / "issue").write_text(json.dumps([theirs, ours] if state else [theirs]))
    assert report(tmp_path, given) == 0
    calls = told(gh)
    assert [call for call, _ in calls] == ["issue list --label", *steps]
    texts = [said for call, said in calls if call.startswith(("issue create", "issue edit"))]
    assert texts == [issue_text(given)] * len(texts)


@pytest.mark.parametrize("left", ['{"day": "2026-', None])
def test_a_session_that_wrote_nothing_leaves_the_issue_alone(
    tmp_path: Path, gh: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], left: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    for kind, path in report_issue.OUTPUTS.items():
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(DEAD[kind]))
    report_issue.OUTPUTS["links"].unlink()
    if left:
        report_issue.OUTPUTS["links"].write_text(left)
    assert report_issue.main() == 1
    assert "A session did not come to its end" in capsys.readouterr().out
    assert told(gh) == []


# The workflow


def steps(workflow: str) -> list[dict[str, Any]]:
    return [step for job in WORKFLOWS[workflow]["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_actions_are_pinned_by_hash(workflow: str) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each)] == []


def test_only_the_jobs_that_need_it_may_write() -> None:
    workflow = WORKFLOWS["links.yml"]
    assert workflow["permissions"] == {}
    may = {
        name: {key for key, value in job["permissions"].items() if value == "write"}
        for name, job in workflow["jobs"].items()
    }
    assert may == {"ask": set(), "tell": {"issues"}, "remember": {"contents", "pull-requests"}}


def script(name: str) -> str:
    return next(step["run"] for step in steps("links.yml") if step.get("name") == name)


def git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def bash(folder: Path, name: str) -> None:
    """Run a step's script as the workflow does."""
    environment = {**os.environ, "GITHUB_REF_NAME": "main"}
    subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(name)],
        cwd=folder,
        check=True,
        stdin=subprocess.DEVNULL,
        env=environment,
    )


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """The project as others see it, with `main` and nothing remembered yet."""
    folder = tmp_path / "remote"
    git(tmp_path, "init", "--bare", str(folder))
    work = checkout(tmp_path, folder, "first")
    git(work, "switch", "--create", "main")
    (work / "docs/data").mkdir(parents=True)
    (work / "docs/data/videos.yaml").write_text("one: 1\n")
    git(work, "add", ".")
    git(work, "commit", "-m", "First")
    git(work, "push", "origin", "main")
    return folder


def checkout(tmp_path: Path, remote: Path, name: str) -> Path:
    git(tmp_path, "clone", str(remote), name)
    return tmp_path / name


PUSH = "Push the status files, and open the pull request where none is open"
TAKE_UP = "Take up what the last run saw"


def see(tmp_path: Path, remote: Path, name: str, what: str) -> Path:
    """One week: take up what was seen, see something new, and propose it."""
    asking = checkout(tmp_path, remote, f"{name}-ask")
    bash(asking, TAKE_UP)
    proposing = checkout(tmp_path, remote, f"{name}-remember")
    (proposing / "docs/data/link-status.json").write_text(what)
    bash(proposing, PUSH)
    return asking


def test_what_was_seen_is_proposed_in_one_pull_request(tmp_path: Path, remote: Path, gh: Path) -> None:
    asking = see(tmp_path, remote, "week-1", "1")
    assert not list(asking.glob("docs/data/*-status.json"))
    assert [call for call, _ in told(gh)] == ["pr list --app", "auth setup-git", "pr list --app", "pr create --head"]
    assert git(remote, "show", "--name-only", "--format=", "link-status").split() == ["docs/data/link-status.json"]
    (gh / "pr").write_text("1")
    asking = see(tmp_path, remote, "week-2", "2")
    assert (asking / "docs/data/link-status.json").read_text() == "1", "not merged yet, and remembered all the same"
    assert [call for call, _ in told(gh)].count("pr create --head") == 1
    assert git(remote, "show", "link-status:docs/data/link-status.json") == "2"
    assert git(remote, "rev-list", "--count", "main..link-status").strip() == "1"
    assert git(remote, "log", "--format=%an", "-1", "link-status").strip() == "github-actions[bot]"
    (gh / "pr").write_text("0")
    asking = see(tmp_path, remote, "week-3", "3")
    assert not list(asking.glob("docs/data/*-status.json")), "somebody refused what was proposed"
    assert [call for call, _ in told(gh)].count("pr create --head") == 2


def test_where_nothing_new_was_seen_nothing_is_proposed(tmp_path: Path, remote: Path, gh: Path) -> None:
    work = checkout(tmp_path, remote, "work")
    (work / "docs/data/link-status.json").write_text("1")
    git(work, "add", ".")
    git(work, "commit", "-m", "Merged")
    git(work, "push", "origin", "main")
    see(tmp_path, remote, "week-1", "1")
    assert git(remote, "branch", "--list", "link-status") == ""
    assert "pr create --head" not in [call for call, _ in told(gh)]
