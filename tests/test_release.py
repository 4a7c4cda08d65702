"""A version is made by one command, and what says so agrees: the list of changes, the number, the citation."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from small_book import SmallBook

CHANGES = "docs/reference/changes.md"
UNRELEASED = "## Unreleased\n"


@pytest.fixture
def book(tmp_path: Path) -> SmallBook:
    return SmallBook.begin(tmp_path)


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def read_changes(text: str) -> list[tuple[str, str, str]]:
    """The versions of a list of changes: number, day and text; the first, which is not out yet, has neither."""
    found = re.findall(r"^## (?:Unreleased|(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d))\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found[0][0] == "", "the list begins with “Unreleased”"
    return found


def check_agreement(root: Path) -> None:
    text = (root / CHANGES).read_text(encoding="utf-8")
    _unreleased, *released = read_changes(text)
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == version
    groups = re.findall(r"^### (.*)", text, re.M)
    assert set(groups) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert re.findall(r"^## (.*)", text, re.M)[: len(released) + 1][1:] == [
        f"{name} - {day}" for name, day, _ in released
    ]
    listed = sorted((path.stem for path in (root / "docs/data/published").glob("*.txt")), key=number, reverse=True)
    assert listed == [name for name, _, _ in released], "the newest comes first, each with the list of its addresses"
    assert version == (listed[0] if listed else "0.1.0")
    if released:
        assert citation["date-released"] == date.fromisoformat(released[0][1])
    for (newer, day, entries), (older, earlier, _) in pairwise(released):
        assert day >= earlier
        if "### Removed" in entries or re.search("^- (Recommendation|Definition):", entries, re.M):
            assert number(newer)[0] > number(older)[0], f"{newer} must be a major version"


def test_the_list_of_changes_and_the_version_agree() -> None:
    check_agreement(ROOT)


def test_a_release_is_one_commit_with_the_number_the_changes_and_the_addresses(book: SmallBook) -> None:
    book.change("docs/organise/help.md", "# Help\n", "# Help\n\n```{versionadded} next\nAll of it.\n```\n")
    before, state = book.git("rev-parse", "HEAD"), book.state()
    done = book.tool("release", "1.0.0", "--dry-run")
    assert (done.returncode, book.state()) == (0, state), done.stderr
    assert "one commit, with the tag v1.0.0, docs/data/published/1.0.0.txt and the laws" in done.stdout
    assert "asked for" not in done.stdout
    done = book.tool("release", "1.0.0")
    assert done.returncode == 0, done.stderr
    assert "asked for -s lint check tests" in done.stdout and "git push origin main v1.0.0" in done.stdout
    today = datetime.now(UTC).date()
    assert f"## Unreleased\n\n## 1.0.0 - {today}\n\n### Added\n\n- The first pages.\n" in book.read(CHANGES)
    assert "{versionadded} 1.0.0\n" in book.read("docs/organise/help.md")
    addresses = book.read("docs/data/published/1.0.0.txt").splitlines()
    assert {"index", "understand/forms", "understand/forms#mutuals"} <= set(addresses)
    assert json.loads(book.read("docs/data/published/1.0.0.laws.json")) == {}  # this book has none
    assert book.git("log", "-1", "--format=%s %P") == f"Release 1.0.0 {before}"
    assert book.git("rev-parse", "v1.0.0^{commit}") == book.git("rev-parse", "main")
    assert book.git("status", "--porcelain") == ""
    check_agreement(book.root)
    # The second follows the first, and keeps what it promised.
    book.change("docs/understand/forms.md", "(mutuals)=\n", "(mutual-aid)=\n")
    book.change("docs/organise/help.md", "#mutuals", "#mutual-aid")
    book.change(CHANGES, UNRELEASED, f"{UNRELEASED}\n### Fixed\n\n- A label.\n")
    state = book.state()
    done = book.tool("release", "1.0.1", "--dry-run")
    assert (done.returncode, book.state()) == (1, state)
    assert "understand/forms#mutuals" in done.stderr and "The book does not hold what it promised" in done.stderr
    lead = "understand/forms#mutuals: {to: understand/forms#mutual-aid, because: It has a plainer name}\n"
    book.commit({"docs/data/redirects.yaml": lead})
    done = book.tool("release", "1.0.1", "--checked")
    assert done.returncode == 0, done.stderr
    assert book.read("CITATION.cff").count("date-released") == 1
    check_agreement(book.root)


def new(entries: str) -> Callable[[SmallBook], None]:
    """As after version 1.0.0, with new entries."""

    def change(book: SmallBook) -> None:
        book.change("pyproject.toml", 'version = "0.1.0"', 'version = "1.0.0"')
        book.change("CITATION.cff", "version: 0.1.0", "version: 1.0.0")
        book.change(CHANGES, "### Added\n\n- The first pages.\n", entries)

    return change


@pytest.mark.parametrize(
    ("spoil", "version", "message"),
    [
        (None, "1.0", "1.0 does not follow 0.1.0. Say one of: 0.1.1, 0.2.0, 1.0.0"),
        (None, "2.0.0", "2.0.0 does not follow 0.1.0."),
        (lambda book: book.git("switch", "-qc", "mine"), "1.0.0", "Versions are made on the branch main"),
        (lambda book: book.write({"docs/new.md": "# New\n"}), "1.0.0", "not committed:\n?? docs/new.md"),
        (lambda book: book.git("tag", "v1.0.0"), "1.0.0", "The tag v1.0.0 is there already."),
        (lambda book: book.write({"red": "yes"}), "1.0.0", "A check or a test fails: see above."),
        (lambda book: book.change("docs/organise/help.md", "(#mut", "(#not"), "1.0.0", "does not hold what it"),
        (lambda book: book.change("CITATION.cff", "0.1.0", "0.3.0"), "1.0.0", "Did not find"),
        (lambda book: book.write({".git/hooks/pre-commit": "#!/bin/sh\nexit 1\n"}), "1.0.0", "All is as it was."),
        (new(""), "1.0.1", "Nothing stands under “Unreleased”"),
        (new("### Added\n\n- A law.\n"), "1.0.1", f"What is new in {CHANGES} asks for 1.1.0:"),
        (new("### Removed\n\n- A chapter.\n"), "1.1.0", "asks for 2.0.0:"),
        (new("### Fixed\n\n- Definition: what an NGO is.\n"), "1.0.1", "asks for 2.0.0:"),
    ],
)  # fmt: skip
def test_it_stops_with_a_plain_line_and_all_is_as_it_was(
    book: SmallBook, spoil: Callable[[SmallBook], None] | None, version: str, message: str
) -> None:
    if spoil:
        spoil(book)
    for hook in (book.root / ".git/hooks").glob("pre-commit"):
        hook.chmod(0o755)
    state = book.state()
    done = book.tool("release", version)
    assert done.returncode == 1
    assert message in re.sub(r"\s+", " ", done.stdout + done.stderr) or message in done.stderr
    assert "Traceback" not in done.stderr
    assert book.state() == state
