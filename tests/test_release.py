"""A version is made by one command: it says what it will do, stops before any damage, finishes what was cut short."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from project import CHANGES, CITATION, FILES, FORMS, GIT, PYPROJECT, TOOLS, Project

sys.path.insert(0, str(TOOLS))
import changes
import release

EVERY_ADDRESS = """# Every page and explicit anchor of A book 1.0.0
index
index#front
reference/changes
reference/changes#changes
understand/forms
understand/forms#forms
understand/forms#mutuals
"""
MORE = CHANGES.replace("- The first pages.", "- The first pages.\n- A law.")
NEXT = "\n```{versionadded} next\nMutual societies.\n```\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.begin(tmp_path / "book")


@pytest.fixture(scope="session")
def released_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with version 1.0.0; do not write into it."""
    project = Project.begin(tmp_path_factory.mktemp("released") / "book")
    done = project.tool("release", "1.0.0", "--checked")
    assert done.returncode == 0, done.stderr
    return project.root


@pytest.fixture
def released(released_once: Path, tmp_path: Path) -> Project:
    """A project with version 1.0.0."""
    return Project(Path(shutil.copytree(released_once, tmp_path / "released")))


def test_a_release_moves_the_changes_sets_the_number_lists_the_addresses_and_tags(project: Project) -> None:
    project.commit({"docs/understand/forms.md": FORMS + NEXT}, "Say since when")
    before = project.git("rev-parse", "HEAD")
    done = project.tool("release", "1.0.0")
    assert done.returncode == 0, done.stderr
    day = datetime.now(UTC).date()
    assert f"## Unreleased\n\n## 1.0.0 - {day}\n\n### Added\n\n- The first pages.\n" in project.read(
        "docs/reference/changes.md"
    )
    assert tomllib.loads(project.read("pyproject.toml"))["project"]["version"] == "1.0.0"
    citation = yaml.safe_load(project.read("CITATION.cff"))
    assert (citation["version"], citation["date-released"]) == ("1.0.0", day)
    assert project.read("docs/data/published/1.0.0.txt") == EVERY_ADDRESS
    assert "{versionadded} 1.0.0\n" in project.read("docs/understand/forms.md")
    assert project.git("status", "--porcelain") == ""
    assert project.git("log", "-1", "--format=%s %P") == f"Release 1.0.0 {before}"
    assert project.git("rev-parse", "v1.0.0^{commit}") == project.git("rev-parse", "main")
    assert list(changes.find(project.root)) == []
    assert "git push origin main v1.0.0" in done.stdout


def test_it_first_says_what_it_will_do_then_asks_if_all_is_green(project: Project) -> None:
    done = project.tool("release", "1.0.0")
    said, green = done.stdout.index("Nothing is pushed."), done.stdout.index("asked for -s lint check tests")
    assert said < green < done.stdout.index("1.0.0 is released")
    for name in ("pyproject.toml", "CITATION.cff", "docs/reference/changes.md", "docs/data/published/1.0.0.txt"):
        assert name in done.stdout[:said]


def test_a_rehearsal_changes_nothing(project: Project) -> None:
    before = project.state()
    done = project.tool("release", "1.0.0", "--dry-run")
    assert (done.returncode, project.state()) == (0, before)
    assert "Version 1.0.0 will be made on main" in done.stdout
    assert "asked for" not in done.stdout


def test_a_second_version_follows_the_first(released: Project) -> None:
    released.commit({"docs/reference/changes.md": released.read("docs/reference/changes.md").replace(
        "## Unreleased\n", "## Unreleased\n\n### Fixed\n\n- A number.\n"
    )}, "Mend a number")  # fmt: skip
    assert released.tool("release", "1.0.1", "--checked").returncode == 0
    sections, faults = changes.read(released.read("docs/reference/changes.md"))
    assert ([each.name for each in sections], faults) == (["Unreleased", "1.0.1", "1.0.0"], [])
    assert released.read("CITATION.cff").count("date-released") == 1
    assert list(changes.find(released.root)) == []


def _on_a_branch(project: Project) -> None:
    project.git("switch", "--quiet", "--create", "mine")


def _not_committed(project: Project) -> None:
    project.write({"docs/understand/new.md": "# New\n"})


def _red(project: Project) -> None:
    project.write({"red": "yes"})


def _nothing_new(project: Project) -> None:
    project.commit({"docs/reference/changes.md": CHANGES.replace("### Added\n\n- The first pages.\n", "")}, "Empty")


def _disagreeing(project: Project) -> None:
    project.commit({"CITATION.cff": CITATION.replace("0.1.0", "0.2.0")}, "Forget one")


def _broken_page(project: Project) -> None:
    project.commit({"docs/understand/new.md": "# New\n\nSee [forms](#form).\n"}, "Add a dead link")


def _two_numbers(project: Project) -> None:
    project.commit({"pyproject.toml": PYPROJECT + '[tool.x]\nversion = "1"\n'}, "Add a tool")


@pytest.mark.parametrize(
    ("spoil", "version", "says"),
    [
        (None, "1.0", "`1.0` is no version of this project: write three numbers, 1.1.0."),
        (None, "0.1.0", "0.1.0 does not follow 0.1.0. What may follow it: 0.1.1 (patch), 0.2.0 (minor), 1.0.0 (major)"),
        (None, "2.0.0", "2.0.0 does not follow 0.1.0"),
        (_on_a_branch, "1.0.0", "This is the branch `mine`. Versions are made on `main`: git switch main"),
        (_not_committed, "1.0.0", "docs/understand/new.md"),
        (_red, "1.0.0", "Not all is green: see above."),
        (_nothing_new, "1.0.0", "docs/reference/changes.md:4: nothing stands under `Unreleased`."),
        (_disagreeing, "1.0.0", "CITATION.cff:3: The version here is 0.2.0, and that of pyproject.toml is 0.1.0."),
        (_broken_page, "1.0.0", "docs/understand/new.md:3: WARNING: No page or heading has the label `form`."),
        (_two_numbers, "1.0.0", "pyproject.toml has 2 lines like `version ="),
    ],
)
def test_it_stops_before_any_damage(
    project: Project, spoil: Callable[[Project], None] | None, version: str, says: str
) -> None:
    if spoil:
        spoil(project)
    before = project.state()
    done = project.tool("release", version)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert project.state() == before


def test_a_lost_address_stops_it_with_the_address_and_the_fix(released: Project) -> None:
    released.commit({
        "docs/understand/forms.md": FORMS.replace("(mutuals)=\n", ""),
        "docs/reference/changes.md": released.read("docs/reference/changes.md").replace(
            "## Unreleased\n", "## Unreleased\n\n### Fixed\n\n- A heading.\n"
        ),
    }, "Lose a label")  # fmt: skip
    before = released.state()
    for options in ((), ("--dry-run",), ("--checked",)):
        done = released.tool("release", "1.0.1", *options)
        assert done.returncode == 1
        assert "docs/data/published/1.0.0.txt:8: WARNING: Version 1.0.0 published `understand/forms#mut" in done.stderr
        assert "add to `data/redirects.yaml`: `understand/forms#mutuals: {to: THE NEW ADDRESS" in done.stderr
        assert released.state() == before
    released.commit(
        {"docs/data/redirects.yaml": "understand/forms#mutuals: {to: understand/forms, because: It is told there}\n"},
        "Lead on",
    )
    assert released.tool("release", "1.0.1", "--checked").returncode == 0


@pytest.mark.parametrize(
    ("group", "version", "right"),
    [
        ("### Added\n\n- A law.", "1.0.1", "1.1.0"),
        ("### Removed\n\n- A chapter.", "1.1.0", "2.0.0"),
        ("### Changed\n\n- Recommendation: ask for a registrar, not for a fund.", "1.1.0", "2.0.0"),
        ("### Fixed\n\n- Definition: what an NGO is.", "1.0.1", "2.0.0"),
    ],
)
def test_what_is_new_decides_the_smallest_kind(released: Project, group: str, version: str, right: str) -> None:
    text = released.read("docs/reference/changes.md").replace("## Unreleased\n", f"## Unreleased\n\n{group}\n")
    released.commit({"docs/reference/changes.md": text}, "Change")
    before = released.state()
    done = released.tool("release", version, "--checked")
    assert done.returncode == 1
    assert f"asks for a {'minor' if right == '1.1.0' else 'major'} one: {right}." in done.stderr
    assert released.state() == before


def test_without_a_name_git_says_how_to_give_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.git("config", "user.useConfigOnly", "true")
    for name in ("NAME", "EMAIL"):
        for who in ("AUTHOR", "COMMITTER"):
            monkeypatch.setitem(GIT, f"GIT_{who}_{name}", "")
    before = project.state()
    done = project.tool("release", "1.0.0", "--checked")
    assert done.returncode == 1
    assert "Say who you are: git config user.name NAME" in done.stderr
    assert project.state() == before


def test_once_more_does_nothing(released: Project) -> None:
    before = released.state()
    done = released.tool("release", "1.0.0")
    assert (done.returncode, released.state()) == (0, before)
    assert "asked for" not in done.stdout


def test_a_person_who_went_on_is_not_overrun(released: Project) -> None:
    released.commit({"docs/understand/new.md": "(new)=\n# New\n\nSee [forms](#forms).\n"}, "Go on")
    before = released.state()
    done = released.tool("release", "1.0.0")
    assert done.returncode == 1
    assert "v1.0.0 is there, and main has gone on since." in done.stderr
    assert released.state() == before


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("## Unreleased", "## unreleased", 1, "The list begins with `## Unreleased`"),
        ("### Added", "### New", 6, "`New` is no group of changes. Write one of: Added, Changed"),
        ("### Added\n", "\n", 8, "This change stands in no group."),
        (
            "\n## What",
            "\n## 1.0\n\n## What",
            10,
            "`1.0` is no version. Write `## Unreleased`, or `## 1.0.0 - 2027-01-31`.",
        ),
        ("\n## What", "\n## 1.0.0 - 2027-02-30\n\n## What", 10, "`1.0.0 - 2027-02-30` is no version."),
        ("\n## What", "\n## 1.0.0 - 2027-02-20\n\n## What", 10, "1.0.0 has no change."),
        ("\n## What", "\n## 1.0.0 - 2027-02-20\n\n## 1.1.0 - 2027-02-10\n\n## What", 12, "1.1.0 stands below 1.0.0."),
        ("\n## What", "\n## 1.1.0 - 2027-02-10\n\n## 1.0.0 - 2027-02-20\n\n## What", 10, "1.1.0 is older than 1.0.0"),
    ],
)
def test_the_form_of_the_list_is_checked(before: str, after: str, line: int, says: str) -> None:
    assert before in CHANGES
    _, faults = changes.read(CHANGES.replace(before, after, 1))
    assert [fault for fault in faults if fault.line == line and says in fault.message], faults


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("pyproject.toml", PYPROJECT.replace("0.1.0", "1.0.0"), "pyproject.toml:3: The version is 1.0.0, and docs/"),
        ("pyproject.toml", PYPROJECT.replace("0.1.0", "1.0.dev1"), "pyproject.toml:3: `1.0.dev1` is no version"),
        ("CITATION.cff", CITATION.replace("0.1.0", "0.1"), "CITATION.cff:3: The version here is 0.1, and"),
        ("docs/data/published/1.0.0.txt", "index\n", "docs/data/published/1.0.0.txt:1: docs/reference/changes.md has"),
        ("docs/understand/forms.md", ":::{versionchanged} 3.0.0\n:::\n", "docs/understand/forms.md:1: No version"),
        ("docs/reference/changes.md", CHANGES.replace("\n## W", "\n## 1.0.0 - 2027-02-20\n\n### Fixed\n\n- A\n## W"),
         "pyproject.toml:3: The version is 0.1.0, and the newest in docs/reference/changes.md is 1.0.0."),
    ],
)  # fmt: skip
def test_files_that_disagree_are_found(project: Project, name: str, text: str, says: str) -> None:
    assert list(changes.find(project.root)) == []
    project.write({name: text})
    assert [str(fault) for fault in changes.find(project.root) if str(fault).startswith(says)]


def test_the_real_project_agrees_with_itself() -> None:
    assert list(changes.find(ROOT)) == []


def test_a_release_of_the_real_project_would_change_what_it_says(tmp_path: Path) -> None:
    project = Project.begin(tmp_path / "copy")
    for name in (*FILES, ".gitignore"):
        (project.root / name).unlink(missing_ok=True)
    shutil.rmtree(project.root / "docs")
    shutil.copytree(ROOT / "docs", project.root / "docs")
    for name in ("pyproject.toml", "CITATION.cff"):
        shutil.copy(ROOT / name, project.root)
    project.commit({"noxfile.py": FILES["noxfile.py"]}, "The real pages")
    found = release.contents(release.Release(project.root, "1.0.0", "main"), date(2027, 1, 31))
    assert {"pyproject.toml", "CITATION.cff", "docs/reference/changes.md"} <= set(found)
    for name, data in found.items():
        assert re.search(rb"1\.0\.0", data), name
        assert data != (project.root / name).read_bytes()
