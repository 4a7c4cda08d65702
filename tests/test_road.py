"""The road of a contributor: the commands that pages name run, each failure names the next command, forms are right."""

from __future__ import annotations

import ast
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Built

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FORMS = {path.name: path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"}
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
SESSION = re.compile(r"python3 noxfile\.py -s ([\w-]+)")


def run(folder: Path, command: str | list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command, or a line as somebody types it, and take both of its streams as one text."""
    arguments = ["bash", "-c", command] if isinstance(command, str) else command
    environment = {**os.environ, **variables}
    return subprocess.run(
        arguments,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def last_line(said: subprocess.CompletedProcess[str]) -> str:
    return said.stdout.strip().splitlines()[-1]


def typed(page: Path) -> Iterator[str]:
    """The commands of a page: what stands behind `$` in its console blocks, without a remark."""
    for block in re.findall(r"^ *```console\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        yield from (line.strip().removeprefix("$ ").partition(" #")[0].strip() for line in block.splitlines())


COMMANDS = sorted({(str(page.relative_to(ROOT)), command) for page in PAGES for command in typed(page)})


@pytest.fixture(scope="module")
def sessions() -> set[str]:
    listed = run(ROOT, [sys.executable, "noxfile.py", "--list"]).stdout
    return set(re.findall(r"^[*-] ([\w-]+) ->", listed, re.MULTILINE))


@pytest.fixture
def clone(tmp_path: Path, handbook: Built, diagram_cache: Path) -> Path:
    """The project as the first command of the page for newcomers brings it, with the tools and drawings we have."""
    command = next(
        command for page, command in COMMANDS if page == "CONTRIBUTING.md" and command.startswith("git clone")
    )
    made = run(tmp_path, command.replace("THE-ADDRESS-OF-THIS-PROJECT", str(ROOT)))
    assert made.returncode == 0, made.stdout
    folder = tmp_path / "handbook"
    for kept in (ROOT / ".nox").iterdir():
        (folder / ".nox").mkdir(exist_ok=True)
        (folder / ".nox" / kept.name).symlink_to(kept)
    (folder / "build").mkdir()
    (folder / "build/diagrams").symlink_to(diagram_cache)
    return folder


# The commands


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_each_command_of_a_page_can_be_run(page: str, command: str, sessions: set[str]) -> None:
    """Sessions are there by name; what else a page names is one of the commands that the tests below run."""
    if named := SESSION.match(command):
        assert named[1] in sessions
    else:
        assert re.match(
            r"(python3 noxfile\.py|git (clone|switch|add|commit|push)|prek install|gh label create|curl --include)\b",
            command,
        ), page


def test_from_a_clone_to_a_green_check_with_a_mistake_on_the_way(clone: Path) -> None:
    """Two commands; the finding names its line, and the last line of the run names the command that comes next."""
    second = next(command for page, command in COMMANDS if page == "CONTRIBUTING.md" and SESSION.match(command))
    page = clone / "docs/organise/choosing.md"
    right = page.read_text(encoding="utf-8")
    page.write_text(f"{right}\nSee [cooperatives](#cooperatves).\n", encoding="utf-8")
    red = run(clone, second)
    assert red.returncode != 0
    place = f"docs/organise/choosing.md:{right.count(chr(10)) + 2}: WARNING: "
    assert place in red.stdout and "Did you mean `cooperatives`?" in red.stdout
    assert f"run again: {second}" in last_line(red)
    page.write_text(right, encoding="utf-8")
    green = run(clone, second)
    assert green.returncode == 0, green.stdout
    assert run(clone, "git status --porcelain").stdout == ""


def test_the_other_commands_for_a_change_work_in_the_clone(clone: Path) -> None:
    (clone / "docs/organise/choosing.md").open("a", encoding="utf-8").write("\nA line.\n")
    settings = "git config user.name A && git config user.email a@example.org"
    commands = [
        command
        for page, command in COMMANDS
        if page == "docs/contribute/first.md" and re.match("git (?!clone)", command)
    ]
    for command in (settings, *sorted(commands, key=lambda each: "commit" in each)):
        assert (done := run(clone, command)).returncode == 0, done.stdout
    assert run(clone, "git log -1 --format=%s").stdout.strip() == "Mend a slip of the pen"


# What may stop a newcomer before the first check


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The project on a machine where none of its tools is set up yet."""
    for name in ("noxfile.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


CHECK = ["noxfile.py", "-s", "check"]


def test_without_a_network_the_last_line_names_the_command(bare: Path) -> None:
    stopped = run(bare, [sys.executable, *CHECK], PIP_NO_INDEX="1")
    assert stopped.returncode != 0
    assert last_line(stopped).endswith("Is there a network? Then run again: python3 noxfile.py -s check")


def test_without_venv_the_last_line_names_the_package_and_the_command(bare: Path) -> None:
    (bare / "venv.py").write_text("raise SystemExit('No module named ensurepip')\n")
    stopped = run(bare, [sys.executable, *CHECK], PYTHONPATH=str(bare))
    assert stopped.returncode != 0
    assert last_line(stopped).endswith("apt-get install python3-venv && python3 noxfile.py -s check")


def test_an_old_python_is_told_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    monkeypatch.setattr(sys, "argv", CHECK)
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or later.*run with it: python3 noxfile\.py -s check"):
        runpy.run_path(str(ROOT / "noxfile.py"), run_name="__main__")


def test_an_old_python_can_read_the_file_that_tells_it() -> None:
    ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"), feature_version=(3, 8))


# Checks before a commit


def test_the_hooks_run_what_ci_runs() -> None:
    ci = set(SESSION.findall((ROOT / ".ci/run").read_text(encoding="utf-8")))
    named = {SESSION.fullmatch(hook["entry"])[1] for hook in HOOKS}  # type: ignore[index]
    assert named == {"lint", "check"} <= ci


def test_a_hook_stops_a_commit_with_a_mistake_and_lets_a_good_one_pass(clone: Path) -> None:
    """`prek` reads the file as pre-commit does; the hook `lint` runs for real, and is told the mistake by name."""
    for command in ("git config user.name A && git config user.email a@example.org", "prek install"):
        assert (done := run(clone, command)).returncode == 0, done.stdout
    tool = clone / "tools/title_font.py"
    right = tool.read_text(encoding="utf-8")
    tool.write_text(right.replace("import sys\n", "import sys, os\n"), encoding="utf-8")
    stopped = run(clone, "git commit --all --message 'A slip'", SKIP="check")
    assert stopped.returncode != 0
    assert "tools/title_font.py:" in stopped.stdout
    assert "python3 noxfile.py -s tidy" in stopped.stdout
    tool.write_text(f"{right}\n# A remark.\n".replace("\n\n#", "\n#"), encoding="utf-8")
    passed = run(clone, "git commit --all --message 'A remark'", SKIP="check")
    assert passed.returncode == 0, passed.stdout


# Forms, settings of sites


def form(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FORMS[name].read_text(encoding="utf-8"))
    return found


def test_there_is_a_form_for_each_kind_of_news_and_the_page_names_them() -> None:
    assert set(FORMS) == {"correction.yml", "law.yml", "video.yml", "story.yml", "translation.yml"}
    page = (ROOT / "docs/contribute/first.md").read_text(encoding="utf-8")
    assert [form(name)["name"] for name in FORMS if f"| {form(name)['name']} |" not in page] == []


def test_a_form_asks_little_and_names_each_field_once() -> None:
    for name in FORMS:
        fields = [each for each in form(name)["body"] if each["type"] != "markdown"]
        ids = [each["id"] for each in fields]
        assert len(ids) == len(set(ids)) <= 7, name
        assert any(each.get("validations", {}).get("required") for each in fields), name


def test_a_slip_in_a_form_is_found_by_its_schema(tmp_path: Path) -> None:
    broken = tmp_path / "correction.yml"
    text = FORMS["correction.yml"].read_text(encoding="utf-8")
    command = ["check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", str(broken)]
    broken.write_text(text, encoding="utf-8")
    assert run(tmp_path, command).returncode == 0
    broken.write_text(text.replace("type: textarea", "type: text area", 1), encoding="utf-8")
    assert run(tmp_path, command).returncode == 1


def test_every_label_that_something_gives_is_made_as_the_guide_says() -> None:
    dependabot = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text(encoding="utf-8"))
    given = {label for name in FORMS for label in form(name)["labels"]}
    given |= {label for update in dependabot["updates"] for label in update["labels"]}
    given |= set(re.findall(r"gh label create (\S+)", (ROOT / ".github/workflows/links.yml").read_text("utf-8")))
    page = (ROOT / "docs/contribute/first.md").read_text("utf-8")
    made = re.findall(r'^\$ gh label create "(.+)"', page, re.MULTILINE)
    assert given | {"first contribution"} == set(made)


def test_the_dev_container_ends_with_the_check_that_everybody_runs() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"].endswith("python3 noxfile.py -s check")
    serve = next(command for page, command in COMMANDS if command.endswith("-s serve"))
    assert serve in container["portsAttributes"]["8000"]["label"]
    packages = set(re.findall(r"lib[\w.-]+", container["postCreateCommand"]))
    assert packages <= set(re.findall(r"lib[\w.-]+", (ROOT / ".ci/run").read_text(encoding="utf-8")))


def test_read_the_docs_finds_each_format_where_it_looks(tmp_path: Path) -> None:
    """Its commands run on a folder with what the README's first command leaves behind, which has tests of its own."""
    commands = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text(encoding="utf-8"))["build"]["commands"]
    assert commands[0] == "python3 noxfile.py"
    made = ["html/index.html", "pdf/sse-handbook.pdf", "epub/sse-handbook.epub", "offline/sse-handbook-0.1.0.zip"]
    for name in made:
        (tmp_path / "build" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "build" / name).touch()
    for command in commands[1:]:
        done = run(tmp_path, command, READTHEDOCS_OUTPUT=str(tmp_path / "out"))
        assert done.returncode == 0, done.stdout
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {*made[:3], "htmlzip/sse-handbook-0.1.0.zip"}
