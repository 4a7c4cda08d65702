"""Stop with a plain line where a file cannot be read, before Sphinx or another extension stops with a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from .warnings import Check, Finding, warn


class UnreadableError(SystemExit):
    """Nothing was built; what is wrong has been reported.

    It is no `SphinxError`: Sphinx prints a traceback below those, which helps nobody to mend a file.
    """


def check_sources(app: Sphinx) -> None:
    """`builder-inited`, before sphinxcontrib-bibtex: each file of sources can be parsed."""
    if "sphinxcontrib.bibtex" in app.extensions:
        files = (Path(app.srcdir, name) for name in app.config.bibtex_bibfiles)
        _stop([finding for path in files if path.is_file() for finding in find_bad_bibliography(path)])


def check_pages(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """`env-before-read-docs`: each page about to be read is UTF-8."""
    encoding = app.config.source_encoding
    _stop([finding for name in docnames for finding in find_bad_text(Path(env.doc2path(name)), "page", encoding)])


def _stop(findings: list[Finding]) -> None:
    if findings:
        warn(findings)
        raise UnreadableError(f"Nothing was built: mend {findings[0].path}:{findings[0].line} first.")


def find_bad_text(path: Path, what: str, encoding: str = "utf-8") -> Iterator[Finding]:
    """A finding where a file is not in its encoding, with the line on which that begins."""
    try:
        raw = path.read_bytes()
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        yield Finding.at(
            Check.UNREADABLE,
            f"The {what} is not {encoding.removesuffix('-sig').upper()} here. Save the file as UTF-8.",
            path,
            line,
        )
    except OSError as error:
        yield Finding.at(Check.UNREADABLE, f"The {what} cannot be read: {error.strerror}.", path)


def find_bad_bibliography(path: Path) -> Iterator[Finding]:
    """A finding where a BibTeX file is not UTF-8, or where its parser stops."""
    from pybtex.database.input.bibtex import Parser
    from pybtex.exceptions import PybtexError

    bad_text = list(find_bad_text(path, "file of sources"))
    yield from bad_text
    if bad_text:
        return
    try:
        Parser().parse_string(path.read_text(encoding="utf-8"))
    except PybtexError as error:
        message = f"The file of sources stops making sense here: {error}. Look at this entry and the one above it."
        yield Finding.at(Check.UNREADABLE, message, path, _line_of(str(error), path.read_text(encoding="utf-8")))


def _line_of(error: str, text: str) -> int:
    """The line that an error of the BibTeX parser means."""
    starts = [(match.start(), text.count("\n", 0, match.start()) + 1) for match in re.finditer(r"^\s*@", text, re.M)]
    if repeated := re.search(r"repeated bibliography entry: (\S+)", error):
        again = list(re.finditer(rf"^\s*@\w+\s*\{{\s*{re.escape(repeated[1])}\s*,", text, re.M | re.I))
        return text.count("\n", 0, again[-1].end()) + 1 if again else 1
    # An open bracket swallows the rest of the file: the parser names its end, and the entry is what is wrong.
    for (start, line), (end, _) in zip(starts, [*starts[1:], (len(text), 0)], strict=True):
        if text.count("{", start, end) != text.count("}", start, end):
            return line
    number = re.search(r"line (\d+)", error)
    return int(number[1]) if number else 1


def setup(app: Sphinx) -> None:
    """Look at the files before Sphinx does: what cannot be read is a message, and no traceback."""
    app.connect("builder-inited", check_sources, priority=400)
    app.connect("env-before-read-docs", check_pages)
