"""What pages name and define: names that lead nowhere, names that nobody uses, addresses that must stay."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import anchors, crossrefs, link_style, redirects, unused


def setup(app: Sphinx) -> None:
    """All of it."""
    link_style.setup(app)
    crossrefs.setup(app)
    unused.setup(app)
    redirects.setup(app)
    anchors.setup(app)
