"""Each file in `cases/` is a page with a fault; beside it stands which warning it must give, and on which line.

To add a case, write `NAME.md` and `NAME.toml`. The TOML holds an `[[expect]]` for each warning (`check`, `line`,
`says`: a part of the message, and `file` where it is not the page; `type` for `check` where others warn). It may hold
further files of the project under `[files]`, lines for its `conf.py` as `conf`, what a command adds to them as
`settings`, another `builder` than "html", and `stops = true` where nothing is built.
Under `[answers]` it may say what the oEmbed and the thumbnail of a video answer: the case is then an online check.
A case without any `[[expect]]` must build without a warning.
Where a case has no `data/videos.yaml` of its own, it has that of this folder, and a page that uses all of it.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from book_checks import BookCheck
from conftest import ROOT, build, find_page
from loopback import Reply, VideoHost

from sse_handbook.warnings_ import Check

CASES = sorted((Path(__file__).parent / "cases").glob("*.md"))
CONF = """
extensions = ["myst_parser", "sse_handbook", "mermaid_svg", "laws"]
sse_data_dir = "data"
myst_enable_extensions = ["attrs_inline", "colon_fence", "fieldlist"]
html_theme = "basic"
"""
USES = """---
orphan: true
---

# Uses

{sse:video}`umbrella-framework` {sse:video}`ecosystem`
"""


@pytest.mark.parametrize("page", CASES, ids=lambda page: page.stem)
def test_case_gives_exactly_its_warnings(
    page: Path, tmp_path: Path, diagram_cache: Path, request: pytest.FixtureRequest
) -> None:
    case = tomllib.loads(page.with_suffix(".toml").read_text(encoding="utf-8"))
    files = {"conf.py": CONF + case.get("conf", ""), "index.md": page.read_text(encoding="utf-8")}
    if "data/videos.yaml" not in [*case.get("files", {}), *case.get("folders", [])]:
        files["data/videos.yaml"] = (page.parent / "videos.yaml").read_text(encoding="utf-8")
        files["uses.md"] = USES
    for name, text in (files | case.get("files", {})).items():
        target = tmp_path / "docs" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode(case.get("encoding", "utf-8") if name in case.get("files", {}) else "utf-8"))
    for name in case.get("folders", []):
        (tmp_path / "docs" / name).mkdir(parents=True)
    builder, settings = case.get("builder", "html"), {"sse_diagram_cache": str(diagram_cache)}
    settings |= case.get("settings", {})
    if "answers" in case:
        host: VideoHost = request.getfixturevalue("host")
        for video, statuses in case["answers"].items():
            host.says(video, *map(Reply, statuses))
        builder, settings = "videocheck", {"sse_videocheck_hosts": host.hosts, "sse_videocheck_pause": 0}
    built = build(tmp_path / "docs", tmp_path / "build", builder, 1, **settings)
    assert bool(built.stopped) == case.get("stops", False), built.stopped
    expected = case.get("expect", [])
    types = [each.get("type") or f"sse.{each['check']}" for each in expected]
    found = built.warnings + [note for note in built.notes if note.type in types]
    places = Counter(
        (each.get("file", "index.md"), each["line"], kind) for each, kind in zip(expected, types, strict=True)
    )
    assert Counter((warned.file, warned.line, warned.type) for warned in found) == places, built.raw_warnings
    for each in expected:
        assert any(each["says"] in warned.message for warned in found), built.raw_warnings


def test_every_check_has_a_case_and_is_explained() -> None:
    texts = [page.with_suffix(".toml").read_text(encoding="utf-8") for page in CASES]
    shown = {each["check"] for text in texts for each in tomllib.loads(text).get("expect", []) if "check" in each}
    page = (ROOT / f"docs/{find_page('checks')}.md").read_text(encoding="utf-8")
    assert shown == {check.name.lower() for check in (*Check, *BookCheck)}
    assert shown == set(re.findall(r"^### `sse\.(\w+)`$", page, re.MULTILINE))
