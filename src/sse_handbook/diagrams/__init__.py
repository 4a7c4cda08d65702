"""Mermaid diagrams as drawings that load nothing, with links, and the same in words."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import directive


def setup(app: Sphinx) -> None:
    """All of it."""
    directive.setup(app)
