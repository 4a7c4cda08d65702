"""Bibliography: stops at unreadable BibTeX or an entry no list can show; warns of unknown keys, unused sources."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from pybtex.database.input.bibtex import LowLevelParser, Parser
from pybtex.exceptions import PybtexError
from pybtex.plugin import find_plugin
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxRole
from sphinxcontrib.bibtex.citation_target import parse_citation_targets
from sphinxcontrib.bibtex.domain import BibtexDomain
from sphinxcontrib.bibtex.foot_domain import BibtexFootDomain

from .warnings_ import Check, did_you_mean, read_advice, read_or_stop, stop, warn


def check_files(app: Sphinx) -> None:
    """`builder-inited`: before sphinxcontrib-bibtex reads them."""
    style = find_plugin("pybtex.style.formatting", app.config.bibtex_default_style)
    for path in filter(Path.exists, (Path(app.confdir, name) for name in app.config.bibtex_bibfiles)):
        text = read_or_stop(path, "file of sources", app.config.bibtex_encoding)
        for position, message in find_problems(text, style):
            stop(path, text.count("\n", 0, position) + 1, message)


def find_problems(text: str, style: Any) -> Iterator[tuple[int, str]]:
    """Yield where the text is no BibTeX, or where no list of sources can show an entry, and what to do."""
    parser = Parser()
    commands = LowLevelParser(text, macros=parser.macros)
    try:
        for kind, body in commands:
            if kind.lower() not in ("string", "preamble"):
                parser.process_entry(kind, *body)
                entry = parser.data.entries[body[0]]
                if not hasattr(style, f"get_{entry.type}_template"):
                    yield commands.command_start, f"No list of sources can show a `@{kind}`. Write `@misc`."
                if not entry.persons and not entry.fields.get("title"):
                    yield commands.command_start, f"The source `{entry.key}` has no author and no title. Add one."
    except PybtexError as error:
        yield commands.command_start, f"This entry stops making sense: {error}. Look at its key, commas and braces."
    if not parser.data.entries:
        yield 0, "The file of sources is empty. Give back its entries, or take it out of `bibtex_bibfiles`."


class KnownSources(SphinxRole):
    """Mixin: leaves out of a citation the keys that no source has, and what is no key; notes what a page cites."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        bibliography: Any = self.env.get_domain("cite")
        (path, line), known, targets = self.get_source_info(), bibliography.bibdata.data.entries, []
        try:
            targets = [*parse_citation_targets(self.text)]
        except ValueError:
            warn(Check.XREF_MISSING, f"`{self.text}` {read_advice('sources')['keys']}", path, line, self.text)
        for key in [target.key for target in targets if target.key not in known]:
            hint = did_you_mean(key, known) or " Add it to the file of sources, with title, date and address."
            warn(Check.XREF_MISSING, f"No source has the key `{key}`.{hint}", path, line, key)
        found = {key: f"{{{before}}}{key}{{{after}}}" for key, before, after in targets if key in known}
        self.env.metadata[self.env.current_document.docname].setdefault("sources_cited", {}).update(found)
        if not found:
            return [nodes.inline("", f"[{self.text}]")], []
        self.text = self.target = ",".join(found.values()).replace("{}", "")
        return super().run()


def find_unused(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-check-consistency`: tell the sources that no page cites, as `sse_report_unused` says."""
    bibliography: Any = env.get_domain("cite")
    used = set[str]().union(*(metadata.get("sources_cited", ()) for metadata in env.metadata.values()))
    for path, file in bibliography.bibdata.bibfiles.items():
        for key in [key for key in file.keys if key not in used and "source" in app.config.sse_report_unused]:
            warn(Check.SOURCE_UNUSED, f"No page cites the source `{key}`. Cite it, or delete it.", path, 1, f"{{{key},")


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("sphinxcontrib.bibtex")  # a project with sources lists this extension in its place
    app.connect("builder-inited", check_files, priority=400)
    for domain in BibtexDomain, BibtexFootDomain:
        for name, role in domain.roles.items():
            app.add_role_to_domain(domain.name, name, type(name, (KnownSources, type(role)), {})(), override=True)
    app.connect("env-check-consistency", find_unused)
    return {"parallel_read_safe": True}
