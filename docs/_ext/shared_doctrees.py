"""Finds HTML pages to write again: any builder has read them since (as with one `-d`); all pages, when a menu changes.

Sphinx writes a page again where its source is newer than what was written. When a page depends on a file that changes,
the builder that reads it anew writes it, and the next would find nothing to do; and all other menus keep an old title.
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment


def find_old_pages(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: return the pages that any builder has read since this one wrote them; all, with another menu."""
    if not isinstance(app.builder, StandaloneHTMLBuilder):
        return []
    old, docnames = [], sorted(env.all_docs)
    for name in docnames:
        read, written = Path(app.doctreedir, f"{name}.doctree"), Path(app.builder.get_outfilename(name))
        old += [name] if read.exists() and written.exists() and read.stat().st_mtime > written.stat().st_mtime else []
    menu = "\n".join(f"{name} {env.titles[name].astext()} {env.toctree_includes.get(name)}" for name in docnames)
    note = Path(app.doctreedir, f"menu-{Path(app.outdir).name}.txt")
    if note.exists() and note.read_text(encoding="utf-8") == menu:
        return old
    note.write_text(menu, encoding="utf-8")
    return docnames


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("env-updated", find_old_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
