"""Show the handbook and build it again when a file changes, in about a second: sphinx-autobuild with a warm start.

    python tools/serve.py [options of sphinx-autobuild and sphinx-build] SOURCES OUTPUT

sphinx-autobuild starts Sphinx anew for each change, and most of the time goes into starting it: loading its modules,
and laying out every source of the book once more. Here the first build runs in the server's own process. Later ones
run in copies of that process (it forks), which have all of that already and leave nothing behind. Where a computer
cannot fork, or after a change of the extension itself, Sphinx starts anew.
"""

from __future__ import annotations

import functools
import gc
import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pybtex.plugin
from pybtex.style.formatting import BaseStyle
from sphinx.cmd import build
from sphinx_autobuild import __main__ as autobuild
from sphinx_autobuild.build import Builder
from sphinx_autobuild.utils import show_message

CODE = Path(__file__).parent.parent / "src"


class WarmBuilder(Builder):  # type: ignore[misc]
    """sphinx-autobuild's builder, which builds in the process that it is called in."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.started = time.time()

    def __call__(self, *, changed_paths: Sequence[Path]) -> None:
        """Build, and say what changed: the watcher calls this in a copy of the server's process."""
        if any(path.stat().st_mtime > self.started for path in CODE.rglob("*.*")):
            super().__call__(changed_paths=changed_paths)
            return
        began = time.perf_counter()
        gc.disable()  # memory shared with the server is copied where the collector looks at it
        try:
            code = build.main(self.sphinx_args)
        except SystemExit as stop:  # a file cannot be read; it has been said which
            print(stop)
            code = 1
        names = ", ".join(os.path.relpath(path) for path in changed_paths[:5])
        mended = "" if code == 0 else " Mend what is named above: you see the last page that could be built."
        show_message(f"Built in {time.perf_counter() - began:.1f} s. {names}{mended}")
        show_message(f"Serving on {self.uri}")


def remember() -> None:
    """Keep what pybtex works out anew in each build: the layout of a source, by its text, and where its styles are."""
    original = BaseStyle.format_entry
    known: dict[tuple[type, str, str], Any] = {}

    def format_entry(style: Any, label: str, entry: Any, bib_data: Any = None) -> Any:
        key = (type(style), label, repr(entry))
        if key not in known:
            known[key] = original(style, label, entry, bib_data)
        return known[key]

    BaseStyle.format_entry = format_entry
    pybtex.plugin._load_entry_point = functools.cache(pybtex.plugin._load_entry_point)


def main() -> None:
    """Serve until Ctrl-C."""
    if sys.platform == "linux":  # elsewhere a forked process is not safe, or there is none
        multiprocessing.set_start_method("fork")
    remember()
    autobuild.Builder = WarmBuilder
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    autobuild.main(sys.argv[1:])


if __name__ == "__main__":
    main()
