"""What pages name and define: names that lead nowhere, names that nobody uses."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import crossrefs


def setup(app: Sphinx) -> None:
    """All of it."""
    crossrefs.setup(app)
