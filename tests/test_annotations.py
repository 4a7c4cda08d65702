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
        (
            "sphinx",
            "/w/docs/index.md:3: WARNING: a warning of an extension that gives no code",
            "docs/index.md",
            "3",
            "a warning of an extension that gives no code",
        ),
        (
            "sphinx-file",
            "\x1b[91m/w/docs/alone.md: WARNING: page in no toctree [toc.not_included]\x1b[39;49;00m",
            "docs/alone.md",
            None,
            "page in no toctree [toc.not_included]",
        ),
        ("prose", "docs/a.md:5:1: [MD056] Table row has 2 cells", "docs/a.md", "5", "[MD056] Table row has 2 cells"),
        ("prose", "docs/index.md:7: 31 words: split it at 25", "docs/index.md", "7", "31 words: split it at 25"),
    ],
)
def test_the_problem_matcher_reads_a_finding(
    owner: str, printed: str, file: str, line: str | None, message: str
) -> None:
    pattern = MATCHERS[owner]
    match = re.search(pattern["regexp"], printed)
    assert match, printed
    assert (
        match[pattern["file"]],
        match[pattern["line"]] if "line" in pattern else None,
        match[pattern["message"]],
    ) == (file, line, message)
