"""What GitHub runs for us: who may write, what a pull request may reach, and the comment that links its preview."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, told
from packaging.specifiers import SpecifierSet

sys.path.insert(0, str(ROOT / "tools"))
import preview_comment

FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
# YAML 1.1 reads the key `on` as true.
WORKFLOWS: dict[str, dict[Any, Any]] = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in FILES}
TEXTS = {path.name: path.read_text("utf-8") for path in FILES}


def triggers(name: str) -> set[str]:
    return set(WORKFLOWS[name][True])


def writes(name: str) -> set[str]:
    """The rights to write that any job of a workflow has, besides those that every workflow would have."""
    rights = [WORKFLOWS[name]["permissions"], *(job.get("permissions", {}) for job in WORKFLOWS[name]["jobs"].values())]
    return {right for each in rights for right, value in each.items() if value != "read"}


# Rights and triggers


def test_each_workflow_writes_only_what_it_is_for() -> None:
    assert {name: writes(name) for name in WORKFLOWS} == {
        "ci.yml": set(),
        "labels.yml": {"issues"},
        "links.yml": {"issues", "contents", "pull-requests"},
        "preview.yml": {"pull-requests"},
        "publish.yml": {"contents"},
    }


def test_a_pull_request_reaches_no_secret_and_no_right_to_write() -> None:
    reached = [name for name in WORKFLOWS if triggers(name) & {"pull_request", "pull_request_target", "issue_comment"}]
    assert reached == ["ci.yml"]
    assert triggers("ci.yml") == {"pull_request", "push"}
    assert "secrets." not in TEXTS["ci.yml"] and "github.token" not in TEXTS["ci.yml"]


def test_the_run_that_comments_takes_nothing_from_the_pull_request() -> None:
    """It may write, and it begins when a run of strangers' code has ended: it must use the main branch's files only."""
    assert triggers("preview.yml") == {"workflow_run"}
    assert WORKFLOWS["preview.yml"][True]["workflow_run"]["workflows"] == [WORKFLOWS["ci.yml"]["name"]]
    steps = WORKFLOWS["preview.yml"]["jobs"]["comment"]["steps"]
    assert [step["with"]["ref"] for step in steps if "uses" in step] == [
        "${{ github.event.repository.default_branch }}"
    ]
    assert not [step for step in steps if "download-artifact" in step.get("uses", "")]
    assert [step["run"] for step in steps if "run" in step] == ["python3 tools/preview_comment.py"]


def test_no_workflow_puts_what_strangers_write_into_a_script() -> None:
    for name, workflow in WORKFLOWS.items():
        for job in workflow["jobs"].values():
            assert [step["run"] for step in job["steps"] if "${{" in step.get("run", "")] == [], name


def test_publishing_waits_for_a_tag_and_for_an_approval() -> None:
    assert WORKFLOWS["publish.yml"][True] == {"push": {"tags": ["v*"]}}
    assert WORKFLOWS["publish.yml"]["jobs"]["publish"]["environment"] == "publishing"
    assert "cache" not in TEXTS["publish.yml"].replace("# No cache", "")


# What is run


def test_the_tests_run_on_every_python_that_we_support() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tested = WORKFLOWS["ci.yml"]["jobs"]["tests"]["strategy"]["matrix"]["python"]
    assert tested == ["3.11", "3.12", "3.13", "3.14"]
    assert min(tested) in project["requires-python"]
    assert all(SpecifierSet(project["requires-python"]).contains(f"{each}.0") for each in tested)


NOXFILE = """import pathlib, sys
with pathlib.Path("asked").open("a") as asked:
    print(*sys.argv[2:] or ["book"], file=asked)
print("no targets are out of date")
sys.exit(sys.argv[2:] == ["FAILS"])
"""


@pytest.mark.parametrize("fails", ["nothing", "lint", "check", "browser", "formats", "publishing", "tests"])
def test_the_parts_of_ci_are_the_whole_and_it_stops_at_the_first_fault(tmp_path: Path, fails: str) -> None:
    parts = re.findall(r"bash \.ci/run (\w+)", TEXTS["ci.yml"])
    asked = {}
    for what in ([], *([part] for part in parts)):
        home = tmp_path / "-".join(["run", *what])
        (home / ".ci").mkdir(parents=True)
        (home / "build").mkdir()
        shutil.copy(ROOT / ".ci/run", home / ".ci/run")
        (home / ".ci/bare-machine").write_text("echo bare >> asked\n", encoding="utf-8")
        (home / "noxfile.py").write_text(NOXFILE.replace("FAILS", fails), encoding="utf-8")
        done = subprocess.run(["bash", home / ".ci/run", *what], capture_output=True, text=True, check=False)
        asked["".join(what)] = (home / "asked").read_text(encoding="utf-8").split()
        assert (done.returncode == 0) == (fails not in asked["".join(what)]), done.stderr
    whole = asked.pop("")
    if fails == "nothing":
        assert whole == [each for part in parts for each in asked[part]]
        assert {"lint", "book", "html", "check", "bare", "browser", "formats", "publishing", "tests"} <= set(whole)
        assert whole[-1] == "tests"
    else:
        assert whole[-1] == fails


def test_ci_tells_what_is_wrong_with_its_arguments() -> None:
    run = subprocess.run(["bash", ROOT / ".ci/run", "bok"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (2, "Say book, bare, tests, or nothing for all: bok is none of them.\n")


def test_every_program_that_a_workflow_runs_is_there() -> None:
    for name in set(re.findall(r"tools/\w+\.py", " ".join(TEXTS.values()))):
        assert (ROOT / name).is_file(), name


# The comment that links the preview

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PULLS, RUN = "repos/a/b/pulls", "repos/a/b/actions/runs/5/artifacts"
OURS = {"number": 7, "head": {"sha": COMMIT}}
SITE, PDF = {"name": "preview-site", "id": 11}, {"name": "preview-pdf", "id": 12}


def comment(gh: Path, pulls: list[dict[str, Any]], artifacts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What the program asks and says, when GitHub knows these pull requests and the run left these artifacts."""
    (gh / "api").write_text(json.dumps({PULLS: pulls, RUN: {"artifacts": artifacts}}))
    given = {
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_SERVER_URL": "https://git.example",
        "RUN": "5",
        "HEAD_OWNER": "c",
        "HEAD_BRANCH": "x; rm -rf $HOME",
        "HEAD_SHA": COMMIT,
    }
    command = [sys.executable, str(ROOT / "tools/preview_comment.py")]
    subprocess.run(command, env={**os.environ, **given}, stdin=subprocess.DEVNULL, check=True)
    return told(gh)


def test_the_comment_links_the_site_and_the_pdf(gh: Path) -> None:
    calls = comment(gh, [OURS], [SITE, PDF, {"name": "something-else", "id": 13}])
    assert [call for call, _ in calls] == ["api --method GET", "api --method GET", "pr comment 7"]
    text = calls[-1][1]
    assert text.startswith("This is the book with your change (commit 0123456):")
    assert "](https://git.example/a/b/actions/runs/5/artifacts/11)" in text
    assert "](https://git.example/a/b/actions/runs/5/artifacts/12)" in text
    assert "13" not in text.replace("0123456", "")


@pytest.mark.parametrize(
    ("pulls", "artifacts"),
    [
        ([], [SITE]),  # closed since
        ([{"number": 7, "head": {"sha": "another"}}], [SITE]),  # pushed again since
        ([OURS], []),  # nothing was built
        ([OURS], [{**SITE, "expired": True}]),
    ],
)
def test_where_nothing_can_be_looked_at_nothing_is_said(
    gh: Path, pulls: list[dict[str, Any]], artifacts: list[dict[str, Any]]
) -> None:
    assert [call for call, _ in comment(gh, pulls, artifacts)] == ["api --method GET"] * 2


def test_ci_leaves_behind_what_the_comment_links() -> None:
    steps = WORKFLOWS["ci.yml"]["jobs"]["book"]["steps"]
    left = [step["with"]["name"] for step in steps if "upload-artifact" in step.get("uses", "")]
    assert left == [*preview_comment.WORDS]
