"""Every warning that only this book's own parts give: `BookCheck`, with the text that explains each."""

from __future__ import annotations

from enum import Enum


class BookCheck(Enum):
    """A kind of warning, as in `sse_handbook.warnings_.Check`."""

    LAW_UNKNOWN = """A page asks for a law by a key that no file of `docs/data/laws` holds, or lists laws by a value
        that none of them has.

        Wrong: `` {sse:law}`es-2011-social-econmy` ``; `:region: Afrika` in a list of laws

        Right: `` {sse:law}`es-2011-social-economy` ``, or a new entry in the file of the country."""
    LAW_UNUSED = """A law of the register has an entry on no page, so no link can lead to it.

        Right: a list with `:show: entries` that takes it in: of its country, its part of the region, or its region."""
    LAW_STALE = """A note, which fails no build: nobody has compared these laws with their sources for longer than
        `sse_law_max_age` months, or no check is recorded.

        Right: read the sources again, correct the entry, and write the day as `checked`."""
    ANCHOR_LOST = """An address that a version has published is gone: somebody's link to it would break.

        Right: give the label back, or name where it went in `docs/data/redirects.yaml`."""
    REDIRECT = """An entry of `docs/data/redirects.yaml` leads nowhere, to another redirect, or from an address
        that still exists.

        Right: from an address that is gone, straight to one that is there."""
    DIAGRAM_SYNTAX = """Mermaid cannot draw the diagram, or would leave out a part of it.

        Wrong: `A["Members" --> B`

        Right: `A["Members"] --> B`"""
    DIAGRAM_LINK = """A `click` line of a diagram names a node that the diagram does not have, or an address that is
        no label.

        Wrong: `click COOP href "cooperatives.html"`

        Right: `click COOP href "#cooperatives"`, where `cooperatives` is a label of a page or heading."""
    DIAGRAM_DESCRIPTION = """A diagram has no `accTitle` or no `accDescr` line, so a screen reader has nothing to say.

        Right: both lines below `flowchart TB`, one plain sentence each."""
    DIAGRAM_LEGIBILITY = """On a phone of 360 pixels the diagram would shrink until its labels are less than 9 pixels
        high.

        Wrong: six boxes in a row.

        Right: from top to bottom (`flowchart TB`), two boxes a row, lines broken with `<br/>`."""
    PDF = """The PDF does not show what a page says: a character that its fonts lack, a picture that cannot be read.
        The PDF shows “?” for such a character, and its alternative text for such a picture.

        Right: another character, or a font that has it in `pdf_fonts`; a picture that other programs can open."""
