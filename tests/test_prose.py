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

MISTAKES = tomllib.loads((ROOT / "tests/prose.toml").read_text(encoding="utf-8"))["mistakes"]


def find(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{text}\n", encoding="utf-8")
    return list(prose.check(prose.read_page(page), RULES, "docs/slides/page.md"))


@pytest.mark.parametrize(("text", "line", "message"), MISTAKES, ids=[message for *_, message in MISTAKES])
def test_a_mistake_is_told_on_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    found = find(tmp_path, text.replace("LONG", LONG))
    assert (line, True) in [(found_line, message in says) for found_line, says in found]


def test_a_picture_that_takes_long_to_load_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/photo.JPG").write_bytes(bytes(1_000_001))
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["prose.py"])
    assert prose.main() == 1
    assert capsys.readouterr().out == "docs/photo.JPG:1: the picture is larger than 1 MB: make it smaller\n"


def test_a_good_page_has_no_finding(tmp_path: Path) -> None:
    closed = "A short line.\nSee [the forms](#forms), 2019–2020.\n\n(a)=\n## A\n\n`` {a}`b` `` **c**\n\n"
    good = f"{closed}::::{{note}}\n:::{{tip}}\nBoth are closed.\n:::\n::::"
    assert find(tmp_path, good) == []
