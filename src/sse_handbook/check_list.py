"""`{sse:verdicts}`: the tables of the online check, as the code has them."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .liveness import OUTAGE, TABLES, Row

TABLE_NAMES = {
    "youtube": "YouTube",
    "vimeo": "Vimeo, an address without a hash",
    "vimeo, hidden": "Vimeo, an address with a hash",
    "peertube": "PeerTube",
}


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


def _row(row: Row) -> str:
    oembed, thumbnail = (
        "*no word*" if signs == OUTAGE else " or ".join(signs) for signs in (row.oembed, row.thumbnail)
    )
    why = row.reason if row.grows else f"{row.reason} No proof of a death, however often it comes."
    return f"| {oembed or 'anything else'} | {thumbnail or 'not asked'} | {row.verdict} | {why} |\n"


def setup(app: Sphinx) -> None:
    """The tables on the page on videos."""
    app.add_directive_to_domain("sse", "verdicts", VerdictTables)
