"""Findings in a pull request stand beside their lines: the problem matcher must read what the build prints."""

from __future__ import annotations

import json
import re

import pytest
from conftest import ROOT

MATCHERS = {
    each["owner"]: each["pattern"][0]
    for each in json.loads((ROOT / ".github/problem-matcher.json").read_text(encoding="utf-8"))["problemMatcher"]
}


@pytest.mark.parametrize(
    ("owner", "printed", "file", "line", "message"),
    [
        (
            "sphinx",
            "/home/runner/h/docs/organise/choosing.md:14: WARNING: No page has the label `x`. [sse.xref_missing]",
            "docs/organise/choosing.md",
            "14",
            "No page has the label `x`.",
        ),
        (
            "sphinx",
            "\x1b[91m/w/docs/data/videos.yaml:3: WARNING: This is not YAML: tab. [sse.register]\x1b[39;49;00m",
            "docs/data/videos.yaml",
            "3",
            "This is not YAML: tab.",
        ),
        ("prose", "docs/index.md:7: 31 words: split it at 25", "docs/index.md", "7", "31 words: split it at 25"),
    ],
)
def test_the_problem_matcher_reads_a_finding(owner: str, printed: str, file: str, line: str, message: str) -> None:
    pattern = MATCHERS[owner]
    match = re.search(pattern["regexp"], printed)
    assert match, printed
    assert (match[pattern["file"]], match[pattern["line"]], match[pattern["message"]]) == (file, line, message)
