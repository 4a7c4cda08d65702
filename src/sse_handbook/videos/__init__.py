"""Films on pages: their cards, the list of all, and what the last online check found of each."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import cards, checks


def setup(app: Sphinx) -> None:
    """All of it."""
    cards.setup(app)
    checks.setup(app)
