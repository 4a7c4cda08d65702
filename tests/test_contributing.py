"""What a contributor does, step by step: the commands that pages name run, and each failure names the next command."""

from __future__ import annotations

import ast
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, find_page, write_files
from pybtex.database import parse_string

from sse_handbook.data_files import Entry, read_entries

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SESSION = re.compile(r"python3 noxfile\.py -s ([\w-]+)")
HOME = ROOT / ".nox" / f"python{sys.version_info.major}.{sys.version_info.minor}"
CHECK = ["noxfile.py", "-s", "check"]


def run(folder: Path, command: str | list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command, or a line as somebody types it, and take both of its streams as one text."""
    typed = ["bash", "-c", command] if isinstance(command, str) else command
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(typed, cwd=folder, env={**os.environ, **variables}, **streams, text=True, check=False)


def find_commands() -> Iterator[tuple[str, str]]:
    """Return what stands behind `$` in the console blocks of pages, without a remark."""
    for page in PAGES:
        for block in re.findall(r"^ *```console\n(.*?)^ *```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                yield str(page.relative_to(ROOT)), line.strip().removeprefix("$ ").partition(" #")[0].strip()


COMMANDS = sorted(set(find_commands()))


def link_environment(folder: Path) -> Path:
    """Let a copy of the project use the environment of this one, as if it had been set up there."""
    if not (HOME / "installed").exists():
        pytest.skip("it needs the environment that noxfile.py makes: python3 noxfile.py -s tests")
    home = folder / HOME.relative_to(ROOT)
    home.mkdir(parents=True)
    for path in HOME.iterdir():
        (home / path.name).symlink_to(path)
    (home / "installed").unlink()
    installed = (HOME / "installed").read_text("utf-8").replace(str(ROOT), str(folder))
    (home / "installed").write_text(installed, encoding="utf-8")
    return folder


@pytest.fixture
def clone(tmp_path: Path, diagram_cache: Path) -> Path:
    """The project as the first command of the page for newcomers brings it, with what is set up and drawn already."""
    command = next(command for page, command in COMMANDS if page == "CONTRIBUTING.md" and "git clone" in command)
    made = run(tmp_path, command.replace("THE-ADDRESS-OF-YOUR-COPY", str(ROOT)))
    assert made.returncode == 0, made.stdout
    (tmp_path / "handbook/build").mkdir()
    (tmp_path / "handbook/build/diagrams").symlink_to(diagram_cache)
    return link_environment(tmp_path / "handbook")


# The commands


def test_every_command_of_a_page_can_be_run() -> None:
    listed = run(ROOT, [sys.executable, "noxfile.py", "--list"]).stdout
    sessions = set(re.findall(r"^[*-] ([\w-]+) ->", listed, re.MULTILINE))
    others = r"(python3 noxfile\.py|git (clone|switch|add|commit|config|push)|(prek|pre-commit) install|gh|curl)\b"
    unknown = [
        (page, command)
        for page, command in COMMANDS
        if not (SESSION.match(command)[1] in sessions if SESSION.match(command) else re.match(others, command))
    ]
    assert len(sessions) > 10
    assert unknown == []


@pytest.mark.long
def test_from_a_clone_to_a_check_that_tells_a_mistake_and_to_a_commit(clone: Path) -> None:
    second = next(command for page, command in COMMANDS if page == "CONTRIBUTING.md" and SESSION.match(command))
    page = clone / "docs/index.md"
    right = page.read_text(encoding="utf-8")
    page.write_text(f"{right}\nSee [cooperatives](#cooperatves).\n", encoding="utf-8")
    red = run(clone, second)
    assert red.returncode != 0
    line = right.count("\n") + 2
    assert f"docs/index.md:{line}: WARNING: " in red.stdout
    assert red.stdout.count("WARNING: ") == red.stdout.count("Did you mean `cooperatives`?") == 1
    assert f"run again: {second}" in red.stdout.splitlines()[-1]
    page.write_text(f"{right}\nA line.\n", encoding="utf-8")  # `.ci/run` sees that a clone without a mistake is green
    typed = [command for page, command in COMMANDS if page == f"docs/{find_page('first-contribution')}.md"]
    settings = "git config user.name A && git config user.email a@example.org"
    for command in (settings, *sorted((line for line in typed if re.match("git (switch|add)", line)), reverse=True)):
        assert (done := run(clone, command)).returncode == 0, done.stdout
    assert run(clone, "git status --porcelain").stdout == ""


def test_the_entries_to_copy_are_what_the_registers_take(tmp_path: Path) -> None:
    text = (ROOT / f"docs/{find_page('adding')}.md").read_text("utf-8")
    source, law, video = re.findall(r"^```(?:bibtex|yaml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(parse_string(source, "bibtex").entries) == 1
    for schema, example in (("docs/data/schemas/laws", law), ("src/sse_handbook/videos", video)):
        (tmp_path / "example.yaml").write_text(example, encoding="utf-8")
        entries = read_entries(tmp_path / "example.yaml", ROOT / f"{schema}.schema.json")
        assert [type(entry) for entry in entries] == [Entry]


def test_the_hooks_run_what_ci_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    ci = set(SESSION.findall((ROOT / ".ci/run").read_text("utf-8")))
    assert {"".join(SESSION.findall(hook["entry"])) for hook in hooks} == {"lint", "check"} <= ci
    assert not any("stages" in hook for hook in hooks), "before a commit, and nothing that takes minutes before a push"


# What may stop a newcomer before the first check


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The project on a machine where none of its tools is set up yet."""
    for name in ("noxfile.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "last"),
    [
        ({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}, "Is there a network? Then run again: "),
        ({"PYTHONPATH": "without-venv"}, "apt-get install python3-venv && "),
    ],
)
def test_the_last_line_names_what_is_missing_and_the_command(bare: Path, variables: dict[str, str], last: str) -> None:
    write_files(bare, {"without-venv/venv.py": "raise SystemExit('No module named ensurepip')\n"})
    stopped = run(bare, [sys.executable, *CHECK], **variables)
    assert stopped.returncode != 0
    assert stopped.stdout.strip().endswith(f"{last}python3 noxfile.py -s check")


@pytest.mark.parametrize("name", [".nox", "build", "build/doctrees/check.lock"])
def test_what_cannot_be_written_to_is_named(bare: Path, name: str) -> None:
    (bare / name).parent.mkdir(parents=True, exist_ok=True)
    (bare / name).symlink_to("/nowhere/at/all")  # also root cannot write there
    if name != ".nox":
        link_environment(bare)
    stopped = run(bare, [sys.executable, *CHECK])
    assert stopped.returncode != 0
    assert re.search(rf"{re.escape(name)}\S* cannot be written to\.", stopped.stdout), stopped.stdout
    assert "Traceback" not in stopped.stdout


def test_an_old_python_is_told_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    ast.parse((ROOT / "noxfile.py").read_text("utf-8"), feature_version=(3, 8))
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    monkeypatch.setattr(sys, "argv", CHECK)
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or later.* run again: python3 noxfile\.py -s check"):
        runpy.run_path(str(ROOT / "noxfile.py"), run_name="__main__")


# What may go wrong while it builds


@pytest.fixture
def small(bare: Path) -> Path:
    """A book of 160 pages, which takes some seconds to build."""
    link_environment(bare)
    files = {
        "tools/export_laws.py": "",  # the book's register has no part in this
        "docs/conf.py": 'extensions = ["myst_parser"]\nhtml_theme = "basic"\n',
        "docs/index.md": "# Book\n\n```{toctree}\n:glob:\n\np*\n```\n",
    }
    text = "\n\n".join(f"## Part {part}\n\n{'Some words. ' * 50}" for part in range(20))
    return write_files(bare, files | {f"docs/p{number}.md": f"# Page {number}\n\n{text}\n" for number in range(160)})


HTML = [sys.executable, "noxfile.py", "-s", "html"]
# What stands for the extensions of the book: a PDF that takes no time, and what the offline copy sets.
FORMATS = """from sphinx.builders.dummy import DummyBuilder

def setup(app):
    app.add_builder(type("Pdf", (DummyBuilder,), {"name": "pdf"}))
    app.add_config_value("sse_downloads_only", [], "html", list)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
"""


@pytest.mark.long
def test_a_build_that_is_stopped_leaves_nothing_that_the_next_one_trusts(small: Path) -> None:
    process = subprocess.Popen(HTML, cwd=small, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(small.glob("build/html/p*.html")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    again = run(small, HTML)  # at once
    assert process.wait() != 0
    assert again.returncode == 0, again.stdout
    pages = list((small / "build/html").glob("*.html"))
    assert len(pages) == 163
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "</html>" in text and "basic.css" in text, page
    (small / "build/html/.buildinfo").write_text("")  # as a full disk leaves it
    assert (last := run(small, HTML)).returncode == 0, last.stdout


@pytest.mark.long
def test_the_preview_shows_a_finding_last_on_the_terminal(small: Path) -> None:
    """What is told while somebody writes must not scroll away under lines that tell nothing."""
    write_files(small, {"src/none.py": "", "docs/_ext/none.py": "", "seen.txt": ""})
    with (small / "seen.txt").open("w") as seen:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # each line at once, as on a terminal
        command = [*HTML[:-1], "serve", "--", "--port", "0"]
        preview = subprocess.Popen(command, cwd=small, stdout=seen, stderr=seen, env=environment, process_group=0)
    try:
        builds: list[str] = []
        while len(builds) < 3:  # what was printed until the first, the second build was served, and after it
            assert preview.poll() is None, builds
            time.sleep(1)
            builds = (small / "seen.txt").read_text("utf-8").split("Serving on http://127.0.0.1:")
            if len(builds) == 2 and "Rebuilding" not in builds[1]:  # again: it begins to watch a little later
                (small / "docs/p7.md").write_text("# Page 7\n\n[Nowhere](#nowhere)\n", encoding="utf-8")
    finally:
        os.killpg(preview.pid, signal.SIGINT)  # as Ctrl-C
        preview.wait()
    assert "docs/p7.md:3: WARNING:" in builds[1].splitlines()[-2], builds


@pytest.mark.long
def test_a_language_has_folders_of_its_own_and_a_release_makes_no_environment_anew(small: Path) -> None:
    settings = small / "pyproject.toml"
    settings.write_text(re.sub('(?m)^version = ".*"', 'version = "9.9.9"', settings.read_text("utf-8")), "utf-8")
    made = run(small, [*HTML, "--", "-D", "language=es"])
    assert made.returncode == 0 and "Setting up" not in made.stdout
    assert (small / "build/es/html/index.html").exists()
    with (small / "docs/conf.py").open("a") as conf:
        conf.write("import sys\nsys.path.append('docs')\nextensions.append('formats')\n")
    write_files(small, {"docs/formats.py": FORMATS})
    made = run(small, [*HTML[:-1], "pdf", "--", "-D", "language=es"])
    assert made.returncode == 0 and (small / "build/es/pdf").exists(), made.stdout
    (small / "tools/offline.py").write_text("import sys\nprint('packed', *sys.argv[1:])\n", "utf-8")
    packed = run(small, [*HTML[:-1], "offline", "--", "-D", "language=es"])
    assert "packed build/es/offline/pages build/es/offline/sse-handbook-9.9.9.zip" in packed.stdout
    assert not (small / "build/html").exists() and not (small / "build/pdf").exists()


# Settings


def test_the_page_on_tools_names_each_dependency_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *chain(*project["dependency-groups"].values())]
    page = (ROOT / f"docs/{find_page('tools')}.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!Package)([\w, -]+) \| \w", page, re.MULTILINE)
    assert sorted(name for row in rows for name in row.split(", ")) == sorted(
        re.match(r"[\w-]+", requirement)[0] for requirement in wanted
    )


def test_read_the_docs_finds_each_format_where_it_looks(tmp_path: Path) -> None:
    """Its commands run on a folder with what the README's first command leaves behind, which has tests of its own."""
    commands = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text(encoding="utf-8"))["build"]["commands"]
    assert commands[0] == "python3 noxfile.py"
    made = ["html/index.html", "pdf/sse-handbook.pdf", "epub/sse-handbook.epub", "offline/sse-handbook-0.1.0.zip"]
    write_files(tmp_path / "build", dict.fromkeys(made, ""))
    for command in commands[1:]:
        done = run(tmp_path, command, READTHEDOCS_OUTPUT=str(tmp_path / "out"))
        assert done.returncode == 0, done.stdout
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {*made[:3], "htmlzip/sse-handbook-0.1.0.zip"}
