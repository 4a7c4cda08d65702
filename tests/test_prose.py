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

SLIPS = tomllib.loads((ROOT / "tests/prose.toml").read_text(encoding="utf-8"))


def find(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{text}\n", encoding="utf-8")
    return list(prose.check(prose.read_page(page), RULES, "docs/slides/page.md"))


@pytest.mark.parametrize(("text", "line", "message"), SLIPS["mistakes"])
def test_a_mistake_is_told_on_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    found = find(tmp_path, text.replace("LONG", LONG))
    assert (line, True) in [(found_line, message in says) for found_line, says in found]


def test_files_that_nobody_can_use_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in {"photo.AVIF": bytes(1_000_001), "old.md": b"# One\n\nCaf\xe9\n", "a.mmd": b"\x1b"}.items():
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / name).write_bytes(content)
    (tmp_path / "docs/videos.yaml").write_text(SLIPS["yaml"], encoding="utf-8")
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["prose.py"])
    assert prose.main() == 1
    assert capsys.readouterr().out == SLIPS["told"]


def test_a_good_page_has_no_finding(tmp_path: Path) -> None:
    assert find(tmp_path, SLIPS["good"]) == []
