"""The live preview: what is saved is shown, what is wrong is said, and a mended page is shown again."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from conftest import ROOT

CONF = 'extensions = ["myst_parser", "sphinxcontrib.bibtex", "sse_handbook"]\nbibtex_bibfiles = ["sources.bib"]\n'
SOURCE = "@misc{%s, title = {%s}, year = 2026}\n"
PAGE = "# A page\n\nFirst words {cite:p}`one`.\n\n```{bibliography}\n```\n"


class Preview:
    """A running `tools/serve.py`: what it says, and the front page that it serves."""

    def __init__(self, process: subprocess.Popen[str], source: Path) -> None:
        self.said: IO[str] | None = process.stdout
        self.source, self.address = source, ""

    def built(self) -> str:
        """Wait until it has built once more; what it said until then."""
        assert self.said is not None
        text = ""
        for line in self.said:
            text += line
            if "Serving on " in line:
                self.address = line.partition("Serving on ")[2].partition("\x1b")[0].strip()
                return text
        raise AssertionError(f"it ended: {text}")

    def page(self) -> str:
        with urllib.request.urlopen(f"{self.address}/index.html") as answer:  # noqa: S310 on loopback
            return str(answer.read().decode())

    def save(self, text: str, encoding: str = "utf-8") -> str:
        (self.source / "index.md").write_text(text, encoding=encoding)
        return self.built()


@pytest.fixture
def preview(tmp_path: Path) -> Iterator[Preview]:
    source = tmp_path / "docs"
    source.mkdir()
    (source / "conf.py").write_text(CONF)
    (source / "index.md").write_text(PAGE)
    (source / "sources.bib").write_text(SOURCE % ("one", "The first source"))
    command = [
        sys.executable,
        "-u",
        str(ROOT / "tools/serve.py"),
        "--port",
        "0",
        "-q",
        str(source),
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        found = Preview(process, source)
        limit = threading.Timer(300, process.kill)  # a preview that says nothing more ends the test, and not the day
        limit.start()
        found.built()
        for attempt in range(100):  # it answers when it watches
            with contextlib.suppress(OSError):
                found.page()
                break
            time.sleep(0.1 * attempt)
        time.sleep(1)  # its watcher starts beside its server, and says nothing when it has
        yield found
        limit.cancel()
        process.terminate()


def test_what_is_saved_is_shown_and_what_is_wrong_is_said(preview: Preview) -> None:
    said = preview.save(PAGE.replace("First", "Other"))
    assert "index.md" in said and "Mend" not in said
    assert "Other words" in preview.page()
    said = preview.save(PAGE.replace("First", "Ünreadable"), encoding="latin-1")
    assert "index.md:3: WARNING: The page is not UTF-8 here." in said
    assert "Mend what is named above" in said
    assert "Traceback" not in said
    assert "Other words" in preview.page(), "the last page that could be built"
    preview.save(PAGE.replace("First", "Mended"))
    assert "Mended words" in preview.page()


def test_a_source_that_changes_is_laid_out_anew(preview: Preview) -> None:
    """What is remembered of a source is remembered for its text, and not for its key."""
    assert "The first source" in preview.page()
    (preview.source / "sources.bib").write_text(SOURCE % ("one", "The same with another title"))
    preview.built()
    assert "The same with another title" in preview.page()
