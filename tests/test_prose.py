"""The check of the prose: each slip is named on its line, and a good page has none."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import prose  # noqa: E402

RULES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["prose"]
LONG = " ".join(["word"] * (RULES["max_words"] + 1))

# What a writer types below the title, the line of the finding, and what it must say.
SLIPS = [
    (f"{LONG}.", 3, "words: split it"),
    ("One thing. Another thing.", 3, "two sentences on one line"),
    ("We utilise it.", 3, "write “use”"),
    ("Go to [the forms] (#forms).", 3, "a space keeps this from being a link"),
    (":::{note}\nNobody closed me.", 3, "is never closed"),
    ("A line.\n\n::::{note}\nOuter.\n\n:::{tip}\nInner.\n::::", 8, "is never closed"),
    (f"| a | b |\n|---|---|\n| {LONG} | 2 |", 5, "words: split it"),
]


def found(tmp_path: Path, text: str) -> list[prose.Finding]:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{text}\n", encoding="utf-8")
    return list(prose.check(prose.read_page(page), RULES, "docs/slides/page.md"))


@pytest.mark.parametrize(("text", "line", "message"), SLIPS, ids=[message for *_, message in SLIPS])
def test_a_slip_is_named_on_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    assert [(each.line, message in each.message) for each in found(tmp_path, text) if each.line > 1] == [(line, True)]


def test_a_good_page_has_no_finding(tmp_path: Path) -> None:
    good = "A short line.\nSee [the forms](#forms).\n\n::::{note}\n:::{tip}\nBoth are closed.\n:::\n::::"
    assert found(tmp_path, good) == []
