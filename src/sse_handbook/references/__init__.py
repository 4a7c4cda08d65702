"""What pages name and define: names that lead nowhere, names that nobody uses, addresses that must stay."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import anchors, crossrefs, redirects


def setup(app: Sphinx) -> None:
    """All of it."""
    crossrefs.setup(app)
    redirects.setup(app)
    anchors.setup(app)
