"""What pages print from the code itself: `{sse:checks}`, each `warnings.Check`, and `{sse:verdicts}`, the tables."""

from __future__ import annotations

from inspect import cleandoc

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .liveness import OUTAGE, TABLES, Row
from .warnings import Check

TABLE_NAMES = {
    "youtube": "YouTube",
    "vimeo": "Vimeo, an address without a hash",
    "vimeo, hidden": "Vimeo, an address with a hash",
    "peertube": "PeerTube",
}


class CheckList(SphinxDirective):
    """`{sse:checks}`: a section for each check, with what it means, what is wrong and what is right."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n\n".join(map(_section, Check)), allow_section_headings=True)


class VerdictTables(SphinxDirective):
    """`{sse:verdicts}`: for each kind of film a table from what its host answers to what we say, as the code has it."""

    def run(self) -> list[nodes.Node]:
        head = "| oEmbed | Thumbnail | Verdict | Why |\n|---|---|---|---|\n"
        parts = (f"{head}{''.join(map(_row, rows))}" for rows in TABLES.values())
        parsed = self.parse_text_to_nodes("\n".join([f"*No word* is any of: {', '.join(OUTAGE)}.\n", *parts]))
        tables = (each for each in parsed if isinstance(each, nodes.table))
        for table, name in zip(tables, TABLES, strict=True):
            caption = nodes.title(TABLE_NAMES[name], TABLE_NAMES[name])
            caption.source, caption.line = self.get_source_info()
            table.insert(0, caption)
        return parsed


def _section(check: Check) -> str:
    anchor = check.value.replace("_", "-")
    return f"(check-{anchor})=\n### `sse.{check.value}`\n\n{cleandoc(check.explanation)}"


def _row(row: Row) -> str:
    oembed, thumbnail = (
        "*no word*" if signs == OUTAGE else " or ".join(signs) for signs in (row.oembed, row.thumbnail)
    )
    why = row.reason if row.grows else f"{row.reason} No proof of a death, however often it comes."
    return f"| {oembed or 'anything else'} | {thumbnail or 'not asked'} | {row.verdict} | {why} |\n"


def setup(app: Sphinx) -> None:
    """The pages on checks, written from the checks themselves."""
    app.add_directive_to_domain("sse", "checks", CheckList)
    app.add_directive_to_domain("sse", "verdicts", VerdictTables)
