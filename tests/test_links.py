"""The session `links`: Sphinx asks a real server, a report says what it means, the weekly workflow keeps one issue."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, build, write_files
from loopback import Loopback, Reply

REPORT = ROOT / "tools/link_report.py"
# The settings of the book itself, with less patience.
SETTINGS = re.findall(r"^linkcheck_\w+ = (?:\[$.*?^\]|.*?$)", (ROOT / "docs/conf.py").read_text("utf-8"), re.M | re.S)
CONF = "\n".join([*SETTINGS, "linkcheck_timeout = linkcheck_rate_limit_timeout = 1", 'extensions = ["myst_parser"]'])
ANSWERS = {
    "/fine": Reply(200), "/login": Reply(401), "/closed": Reply(403), "/never": Reply(404), "/gone": Reply(410),
    "/busy": Reply(429), "/broken": Reply(500), "/out": Reply(503), "/moved": Reply(301, headers={"Location": "/fine"}),
    "/for-now": Reply(302, headers={"Location": "/fine"}), "/lost": Reply(307, headers={"Location": "/never"}),
    "/slow": Reply(delay=3), "/shaky": Reply(404),
}  # fmt: skip


@pytest.fixture
def site(server: Loopback) -> str:
    server.pages = {**ANSWERS, "/shaky": [Reply(404), Reply(404), Reply(200)]}
    return server.url.replace("127.0.0.1", "localhost")  # the settings of the book leave out the first


def look(folder: Path, **files: str) -> tuple[int, str, str]:
    """Ask every link of a small book: the exit code, what is printed, and the report."""
    made = build(write_files(folder / "docs", {"conf.py": CONF, **files}), folder / "build", "linkcheck")
    command = [sys.executable, str(REPORT), str(made.output / "output.json")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout, (made.output / "report.md").read_text(encoding="utf-8")


def of_kind(report: str, kind: str) -> set[str]:
    """The paths that the report has under a heading."""
    part = re.search(rf"^## {kind} \(\d+\)\n(.*?)(?=^## |\Z)", report, re.M | re.S)
    return set(re.findall(r"^- <http://[^/]+(/[^>]*)>", part[1], re.M)) if part else set()


def test_only_a_site_that_says_so_itself_makes_a_link_dead(tmp_path: Path, site: str) -> None:
    page = "# Page\n\n" + "".join(f"- [a]({site}{path})\n" for path in [*ANSWERS, "/fine#place"])
    no_site = f"- [b](http://nobody.invalid/)\n- [c]({site.replace('http:', 'https:')}/tls)\n"
    code, printed, report = look(tmp_path, **{"index.md": page + no_site})
    assert of_kind(report, "Dead") == {"/never", "/gone", "/lost"}
    assert of_kind(report, "Moved") == {"/moved"}
    assert {"/closed", "/busy", "/broken", "/slow"} <= of_kind(report, "No answer")
    for path in ("/fine", "/fine#place", "/login", "/for-now", "/shaky"):
        assert f"{path}>" not in report
    assert code == 1
    assert len(re.findall("WARNING", printed)) == 3


def test_every_place_of_a_dead_link_is_named_as_it_is_written(tmp_path: Path, site: str) -> None:
    files = {
        "conf.py": f'{CONF}\nextensions += ["sse_handbook.bibliography"]\nbibtex_bibfiles = ["data/sources.bib"]\n',
        "index.md": f"# One\n\nText, and\n[one]({site}/gone), then\n[more]({site}/gone).\n\n{{cite:p}}`a`\n\n"
        "```{toctree}\ntwo\n```\n\n```{bibliography}\n```\n",
        "two.md": f"# Two\n\n[longer]({site}/fine/gone) [é]({site}/né)\n\n<{site}/gone>\n\n[&]({site}/x?a=1&amp;b=2)\n",
        "data/sources.bib": f"@misc{{a,\n  title = {{A}},\n  year = {{2021}},\n  url = {{{site}/gone}},\n}}\n",
    }
    code, printed, _ = look(tmp_path, **files)
    found = set(re.findall(r"^docs/(\S+): WARNING: http://[^/]+(\S+) is dead", printed, re.M))
    assert found == {
        ("data/sources.bib:4", "/gone"),
        ("index.md:4", "/gone"),
        ("index.md:5", "/gone"),
        ("two.md:5", "/gone"),
        ("two.md:3", "/fine/gone"),
        ("two.md:3", "/n%C3%A9"),
        ("two.md:7", "/x?a=1&b=2"),
    }
    assert code == 1


def test_videos_are_left_to_videocheck_and_a_change_asks_its_own_pages(
    tmp_path: Path, site: str, server: Loopback
) -> None:
    pages = {
        "index.md": f"# One\n\n[a]({site}/gone)\n\n```{{toctree}}\ntwo\n```\n",
        "two.md": f"# Two\n\n[b]({site}/fine)\n",
    }
    pages["two.md"] += "\n".join(f"<https://{video}>" for video in (
        "www.youtube.com/watch?v=gBKYf4qt1vw&t=19s", "youtu.be/gBKYf4qt1vw", "vimeo.com/1084537",
        "www.youtube.com/embed/gBKYf4qt1vw", "player.vimeo.com/video/1084537",
    ))  # fmt: skip
    exclude = {"conf.py": f'{CONF}\nlinkcheck_exclude_documents = ["^(?!(two|three)$)"]\n'}  # as ci.yml does
    code, printed, report = look(tmp_path, **exclude, **pages)
    assert (code, report, set(server.asked)) == (0, "", {"/fine"})
    assert "Links asked: 1." in printed


def test_without_a_network_nothing_is_known(tmp_path: Path) -> None:
    code, printed, report = look(
        tmp_path, **{"index.md": "# One\n\n[a](http://localhost:9/) [b](http://nobody.invalid/)\n"}
    )
    assert code == 2
    assert "is there a network?" in printed
    assert "WARNING" not in printed and "## No answer (2)" in report


# The weekly workflow

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/links.yml").read_text(encoding="utf-8"))
GH = """#!/bin/sh
echo "$1 $2" "$(for word; do case "$word" in [0-9]*) echo "$word";; esac; done)" >> told
[ "$1 $2" = "issue list" ] && echo "$NUMBER"
true
"""


@pytest.mark.parametrize(
    ("number", "found", "steps"),
    [
        ("", "0 1", ["label create", "issue create"]),
        ("7", "1 0", ["label create", "issue edit 7", "issue reopen 7"]),
        ("7", "0 0", ["issue close 7"]),
        ("", "0 0", []),
        ("7", "0 2", []),
        ("7", "0 124", []),
        ("7", "2 1", ["label create", "issue edit 7", "issue reopen 7"]),
    ],
)
def test_one_issue_is_open_while_something_is_dead(tmp_path: Path, number: str, found: str, steps: list[str]) -> None:
    for part, text in {"videocheck": "- a video\n", "linkcheck": "## Dead (1)\n" + "x" * 70_000}.items():
        (tmp_path / "build" / part).mkdir(parents=True)
        (tmp_path / "build" / part / "report.md").write_text(text)
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    [script] = [step["run"] for step in WORKFLOW["jobs"]["tell"]["steps"] if step.get("name", "").endswith("the issue")]
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    settings = {**os.environ, "PATH": path, "NUMBER": number, "FOUND": found}
    subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=settings, check=True)
    told = [line.strip() for line in (tmp_path / "told").read_text().splitlines()]
    assert told == ["issue list", *steps]
    text = (tmp_path / "issue.md").read_text()
    assert "- a video\n" in text and "## Dead (1)" in text and len(text) <= 60_000


def test_a_run_that_could_not_look_fails() -> None:
    check = WORKFLOW["jobs"]["tell"]["steps"][-1]["run"]
    for found, fails in {"0 0": 0, "1 0": 0, "2 1": 1, "0 124": 1, " ": 1}.items():
        assert subprocess.call(["bash", "-e", "-c", check], env={**os.environ, "FOUND": found}) == fails, found
