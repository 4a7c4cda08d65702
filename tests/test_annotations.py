"""Findings in a pull request stand beside their lines: the problem matcher must read what the build prints."""

from __future__ import annotations

import json
import re

import pytest
from conftest import ROOT

MATCHERS = json.loads((ROOT / ".github/problem-matcher.json").read_text(encoding="utf-8"))["problemMatcher"]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("/w/docs/a/b.md:14: WARNING: No page `x`. [sse.xref_missing]", ("docs/a/b.md", "14", "No page `x`.")),
        ("\x1b[91m/w/docs/data/videos.yaml:3: WARNING: Bad. [sse.x]\x1b[39m", ("docs/data/videos.yaml", "3", "Bad.")),
        ("docs/data/sources.bib:3: WARNING: a.org is dead: 404", ("docs/data/sources.bib", "3", "a.org is dead: 404")),
        ("\x1b[91m/w/docs/alone.md: WARNING: in no toctree\x1b[39m", ("docs/alone.md", None, "in no toctree")),
        ("docs/a.md:5:1: [MD056] Table row has 2 cells", ("docs/a.md", "5", "[MD056] Table row has 2 cells")),
        ("docs/index.md:7: 31 words: split it at 25", ("docs/index.md", "7", "31 words: split it at 25")),
    ],
)  # fmt: skip
def test_the_problem_matcher_reads_a_finding(printed: str, expected: tuple[str | None, ...]) -> None:
    patterns = [matcher["pattern"][0] for matcher in MATCHERS]
    found = [(pattern, match) for pattern in patterns if (match := re.search(pattern["regexp"], printed))]
    pattern, match = found[0]
    assert tuple(match[pattern[part]] if part in pattern else None for part in ("file", "line", "message")) == expected
