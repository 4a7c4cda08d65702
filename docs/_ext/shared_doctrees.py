"""Let all builders share one reading of the pages (`sphinx-build -d FOLDER`), and write whatever that has made old.

Sphinx writes a page again where its source is newer than what was written. When a file changes on which a page only
depends, the builder that reads the page anew writes it, and the next builder would find nothing to do. And the menu of
all other pages would keep an old title.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment


def find_old_pages(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: return the pages that any builder has read since this one wrote them; all, with another menu."""
    builder = app.builder
    if not isinstance(builder, StandaloneHTMLBuilder):
        return []

    def is_outdated(docname: str) -> bool:
        read, written = Path(app.doctreedir, f"{docname}.doctree"), Path(builder.get_outfilename(docname))
        return written.exists() and read.exists() and read.stat().st_mtime > written.stat().st_mtime

    docnames = sorted(env.all_docs)
    menu = "\n".join(f"{name} {env.titles[name].astext()} {env.toctree_includes.get(name)}" for name in docnames)
    note = Path(app.doctreedir, f"menu-{Path(app.outdir).name}.txt")
    if note.exists() and note.read_text(encoding="utf-8") == menu:
        return [docname for docname in docnames if is_outdated(docname)]
    note.write_text(menu, encoding="utf-8")
    return docnames


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("env-updated", find_old_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
