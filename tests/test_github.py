"""What GitHub runs for us: what a pull request may reach, and that the parts of CI are the whole."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from packaging.specifiers import SpecifierSet

FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
# YAML 1.1 reads the key `on` as true.
WORKFLOWS: dict[str, dict[Any, Any]] = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in FILES}
TEXTS = {path.name: path.read_text("utf-8") for path in FILES}


def triggers(name: str) -> set[str]:
    return set(WORKFLOWS[name][True])


def test_a_pull_request_reaches_no_secret_and_no_right_to_write() -> None:
    reached = [name for name in WORKFLOWS if triggers(name) & {"pull_request", "pull_request_target", "issue_comment"}]
    assert reached == ["ci.yml"]
    assert triggers("ci.yml") == {"pull_request", "push"}
    assert "secrets." not in TEXTS["ci.yml"] and "github.token" not in TEXTS["ci.yml"]


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
        # It finds what it would install: a test installs nothing on anybody's machine.
        (home / "bin").mkdir()
        for program in ("java", "chromium", "debootstrap"):
            (home / "bin" / program).write_text("#!/bin/sh\n", encoding="utf-8")
            (home / "bin" / program).chmod(0o755)
        path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", home / ".ci/run", *what],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": path},
        )
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
