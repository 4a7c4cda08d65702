"""Stop with a plain line where a page, a file of sources or a citation would end in somebody else's traceback."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from .warnings_ import Check, find_line, warn

ENTRY = re.compile(r"^[ \t]*@(\w+)[ \t]*\{[ \t]*([^\s,}]*)", re.MULTILINE)
CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)


class UnreadableError(SystemExit):
    """Nothing was built. It is no `SphinxError`: Sphinx prints a traceback below those, which helps nobody."""


def _stop(path: Path, line: int, message: str) -> NoReturn:
    warn(Check.UNREADABLE, message, path, line)
    raise UnreadableError(f"Nothing was built: fix {path}:{line} first.")


def read_text(path: Path, what: str, encoding: str = "utf-8-sig") -> str:
    try:
        raw = path.read_bytes()
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        name, line = encoding.removesuffix("-sig").upper(), raw.count(b"\n", 0, error.start) + 1
        _stop(path, line, f"The {what} is not {name} here. Save the file as UTF-8.")
    except OSError as error:
        _stop(path, 1, f"The {what} cannot be read: {error.strerror}.")


def check_pages(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """`env-before-read-docs`: the pages that will be read are UTF-8."""
    for name in docnames:
        read_text(Path(env.doc2path(name)), "page", app.config.source_encoding)


def check_sources(app: Sphinx) -> None:
    """`builder-inited`, before sphinxcontrib-bibtex: each BibTeX file can be parsed, and each of its entries shown."""
    if "sphinxcontrib.bibtex" in app.extensions:
        for path in (Path(app.confdir, name) for name in app.config.bibtex_bibfiles or ()):
            if path.is_file():
                _check_entries(path, read_text(path, "file of sources"), app.config.bibtex_default_style)


def _check_entries(path: Path, text: str, style_name: str) -> None:
    from pybtex.database.input.bibtex import Parser
    from pybtex.exceptions import PybtexError
    from pybtex.plugin import find_plugin

    if conflict := CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        _stop(path, line, "Git could not merge two changes here. Keep one of them, and delete the three marks.")
    style, whole, parser = find_plugin("pybtex.style.formatting", style_name), Parser(), Parser()
    matches = list(ENTRY.finditer(text))
    try:
        whole.parse_string(text)
    except PybtexError as error:
        wrong, line = error, 1
        # An open bracket swallows the rest of the file, so what is wrong is the first entry that is wrong by itself.
        for match, end in zip(matches, [*(match.start() for match in matches[1:]), len(text)], strict=True):
            try:
                parser.parse_string(text[match.start() : end])
            except PybtexError as error_of_entry:
                wrong, line = error_of_entry, text.count("\n", 0, match.start(1)) + 1
                break
        reason = re.sub(r" in line \d+", "", str(wrong))
        _stop(path, line, f"The file of sources stops making sense here: {reason}. Look at the entry above it, too.")
    for match in matches:
        line, entry = text.count("\n", 0, match.start(1)) + 1, whole.data.entries.get(match[2])
        if entry and not hasattr(style, f"get_{entry.type}_template"):
            _stop(path, line, f"No list of sources can show a `@{match[1]}`. Write `@misc`.")
        if entry and not entry.persons and "title" not in entry.fields:
            _stop(path, line, f"The source `{match[2]}` has no author and no title. Add one.")


def replace_citation_roles(app: Sphinx, config: Config) -> None:
    """`config-inited`: tell a citation that cannot be read with its line; sphinxcontrib-bibtex raises."""
    if "sphinxcontrib.bibtex" not in app.extensions:
        return
    from sphinxcontrib.bibtex.citation_target import parse_citation_targets
    from sphinxcontrib.bibtex.domain import BibtexDomain
    from sphinxcontrib.bibtex.roles import CiteRole

    class CitationRole(CiteRole):
        def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
            try:
                list(parse_citation_targets(self.target))
            except ValueError:
                path, line = self.get_source_info()
                message = f"`{self.target}` is no list of keys. Write keys of sources, with commas between them."
                warn(Check.XREF_MISSING, message, path, find_line(path, line, self.target) or line)
                return [nodes.inline("", self.target)], []
            return super().run()

    app.add_role("cite", CitationRole(), override=True)
    for name in BibtexDomain.roles:
        app.add_role_to_domain("cite", name, CitationRole(), override=True)
