"""Stop with a plain line where a page, the sources or a citation cannot be read, and not with a traceback of others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from .data_files import Fault
from .warnings_ import Check, find_line, warn

ENTRY = re.compile(r"^[ \t]*@(\w+)[ \t]*\{[ \t]*([^\s,}]*)", re.MULTILINE)
CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)


class UnreadableError(SystemExit):
    """Nothing was built. It is no `SphinxError`: Sphinx prints a traceback below those, which helps nobody."""


def check_pages(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """`env-before-read-docs`: the pages that will be read are UTF-8."""
    for name in docnames:
        _stop_at(find_bad_text(Path(env.doc2path(name)), "page", app.config.source_encoding))


def check_sources(app: Sphinx) -> None:
    """`builder-inited`, before sphinxcontrib-bibtex: each BibTeX file can be parsed, and each entry be shown."""
    if "sphinxcontrib.bibtex" in app.extensions:
        for path in (Path(app.confdir, name) for name in app.config.bibtex_bibfiles or ()):
            if path.is_file():
                _stop_at([*find_bad_text(path, "file of sources")] or _find_bad_sources(path, app.config))


def _stop_at(faults: Iterable[Fault]) -> None:
    fault = None
    for fault in faults:
        warn(Check.UNREADABLE, fault.message, fault.path, fault.line)
    if fault:
        raise UnreadableError(f"Nothing was built: fix {fault.path}:{fault.line} first.")


def find_bad_text(path: Path, what: str, encoding: str = "utf-8-sig") -> Iterator[Fault]:
    try:
        raw = path.read_bytes()
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        line, name = raw.count(b"\n", 0, error.start) + 1, encoding.removesuffix("-sig").upper()
        yield Fault(path, line, f"The {what} is not {name} here. Save the file as UTF-8.")
    except OSError as error:
        yield Fault(path, 1, f"The {what} cannot be read: {error.strerror}.")


def _find_bad_sources(path: Path, config: Config) -> Iterator[Fault]:
    from pybtex.database.input.bibtex import Parser
    from pybtex.exceptions import PybtexError
    from pybtex.plugin import find_plugin

    text, whole, parser = path.read_text(encoding="utf-8-sig"), Parser(), Parser()
    if conflict := CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        yield Fault(path, line, "Git could not merge two changes here. Keep one of them, and delete the three marks.")
        return
    entries = [(match, text.count("\n", 0, match.start(1)) + 1) for match in ENTRY.finditer(text)]
    try:
        whole.parse_string(text)
    except PybtexError:
        # An open bracket swallows the rest of the file, so what is wrong is the first entry that is wrong by itself.
        ends = [match.start() for match, _line in entries[1:]] + [len(text)]
        for (match, line), end in zip(entries, ends, strict=True):
            try:
                parser.parse_string(text[match.start() : end])
            except PybtexError as error:
                message = f"The file of sources stops making sense here: {re.sub(' in line [0-9]+', '', str(error))}."
                yield Fault(path, line, f"{message} Look at this entry and the one above it.")
                return
    style, known = find_plugin("pybtex.style.formatting", config.bibtex_default_style), whole.data.entries
    for match, line in entries:
        kind, key = match[1].lower(), match[2]
        if not hasattr(style, f"get_{kind}_template") and kind not in ("string", "comment", "preamble"):
            yield Fault(path, line, f"No list of sources can show a `@{match[1]}`. Write `@misc`.")
        elif key in known and not known[key].persons and "title" not in known[key].fields:
            yield Fault(path, line, f"The source `{key}` has no author and no title. Add one.")


def replace_citation_roles(app: Sphinx, config: Config) -> None:
    """`config-inited`: let a citation that cannot be read be told with its line; sphinxcontrib-bibtex stops there."""
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
                source, line = self.get_source_info()
                message = f"`{self.target}` is no list of keys. Write keys of sources, with commas between them."
                warn(Check.XREF_MISSING, message, source, find_line(source, line, self.target) or line)
                return [nodes.inline("", self.target)], []
            return super().run()

    app.add_role("cite", CitationRole(), override=True)
    for name in BibtexDomain.roles:
        app.add_role_to_domain("cite", name, CitationRole(), override=True)


def setup(app: Sphinx) -> None:
    app.connect("config-inited", replace_citation_roles)
    app.connect("builder-inited", check_sources, priority=400)
    app.connect("env-before-read-docs", check_pages)
