"""Laws on pages and as data: lists and entries, who cites them, the files to download."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import data, lists, pages, users


def setup(app: Sphinx) -> None:
    """All of it."""
    lists.setup(app)
    pages.setup(app)
    users.setup(app)
    data.setup(app)
