"""What every format shares, and the EPUB: what is offered to download, the version and the last review."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import downloads, epub, versions


def setup(app: Sphinx) -> None:
    """All of it."""
    epub.setup(app)
    downloads.setup(app)
    versions.setup(app)
