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

# What a writer types below the title, the line of the finding, and a part of it.
MISTAKES = [
    (f"{LONG}.", 3, "words: split it"),
    ("One thing. Another thing.", 3, "two sentences on one line"),
    ("We utilise it.", 3, "write “use”"),
    ("Go to [the forms] (#forms).", 3, "a space keeps this from being a link"),
    (":::{note}\nNobody closed me.", 3, "is never closed"),
    ("A line.\n\n::::{note}\nOuter.\n\n:::{tip}\nInner.\n::::", 8, "is never closed"),
    ("Cited {footcite:p} `key` here.", 3, "keeps this from being a role"),
    ("See :term:`cooperative` here.", 3, "a role of another markup"),
    ("See {term}“cooperative” here.", 3, "a name stands between backticks"),
    ("See [it](file:///C:/Users/Ada/it.pdf).", 3, "nobody else has this file"),
    (r"See [it](<C:\Users\Ada\it.pdf>).", 3, "nobody else has this file"),
    ("(networks=\n## Networks", 3, "this is no label"),
    ("::{sse:video} x", 3, "a block begins with three colons"),
    ("See it.\nSee [it](https:/example.org).", 4, "an address has two slashes"),
    ("## See {term}`it.", 3, "this role is never closed"),
    ("See [it](# choosing), [it](#choosing.", 3, "this is no link"),
    ("See **it.", 3, "these stars are never closed"),
    ("• One thing.", 3, "begin each line of a list"),
    ("Region\tNumber\nAsia\t12", 3, "tabs make no table"),
    ("(my–label)=\n## A label", 3, "a label has plain hyphens"),
    ("```{image} map.png\n:width: 9em\n```", 3, "has no `:alt:`"),
    (f"| a | b |\n|---|---|\n| {LONG} | 2 |", 5, "words: split it"),
]


def find(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{text}\n", encoding="utf-8")
    return list(prose.check(prose.read_page(page), RULES, "docs/slides/page.md"))


@pytest.mark.parametrize(("text", "line", "message"), MISTAKES, ids=[message for *_, message in MISTAKES])
def test_a_mistake_is_told_on_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    assert (line, True) in [(found_line, message in found) for found_line, found in find(tmp_path, text)]


def test_a_picture_that_takes_long_to_load_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/photo.png").write_bytes(bytes(prose.LARGEST + 1))
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["prose.py"])
    assert prose.main() == 1
    assert capsys.readouterr().out == "docs/photo.png:1: the picture is larger than 1 MB: make it smaller\n"


def test_a_good_page_has_no_finding(tmp_path: Path) -> None:
    closed = "A short line.\nSee [the forms](#forms), 2019–2020.\n\n(a)=\n## A\n\n`` {a}`b` `` **c**\n\n"
    good = f"{closed}::::{{note}}\n:::{{tip}}\nBoth are closed.\n:::\n::::"
    assert find(tmp_path, good) == []
