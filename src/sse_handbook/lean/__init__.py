"""The theme `sse_lean`: the pages of the site, the few bytes they cost, and the words that the search finds."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import finish, pages


def setup(app: Sphinx) -> None:
    """All of it."""
    pages.setup(app)
    finish.setup(app)
