"""Let all builders share one reading of the pages (`sphinx-build -d FOLDER`), also when data of a page has changed.

Sphinx writes a page again where its source is newer than what was written. When a file changes on which a page only
depends, the builder that reads the page anew writes it, and the next builder would find nothing to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment


def find_pages_read_since(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: return the pages that any builder has read since this one wrote them."""
    builder = app.builder
    if not isinstance(builder, StandaloneHTMLBuilder):
        return []

    def is_outdated(docname: str) -> bool:
        read, written = Path(app.doctreedir, f"{docname}.doctree"), Path(builder.get_outfilename(docname))
        return written.exists() and read.exists() and read.stat().st_mtime > written.stat().st_mtime

    return [docname for docname in sorted(env.all_docs) if is_outdated(docname)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the handler."""
    app.connect("env-updated", find_pages_read_since)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
