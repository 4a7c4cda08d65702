"""Stop with a plain line where a file would end in somebody else's traceback."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from .data_files import UnreadableError, read_text
from .warnings_ import Check, warn


def stop(path: Path, line: int, message: str) -> NoReturn:
    warn(Check.UNREADABLE, message, path, line)
    raise SystemExit(f"Nothing was built: fix {path}:{line} first.")  # below a `SphinxError` stands a traceback, too


def read_or_stop(path: Path, what: str, encoding: str) -> str:
    try:
        return read_text(path, what, encoding)
    except UnreadableError as error:
        stop(path, *error.args)


def check_pages(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """`env-before-read-docs`: the pages that will be read are UTF-8."""
    for name in docnames:
        read_or_stop(Path(env.doc2path(name)), "page", app.config.source_encoding)
