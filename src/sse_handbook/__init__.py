"""A Sphinx extension for handbooks: videos, laws, diagrams and cross-references, checked when the book is built."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sphinx.application import Sphinx

from . import (
    anchors,
    catalogues,
    check_list,
    citations,
    crossrefs,
    diagrams,
    domain,
    downloads,
    epub,
    findings,
    law_data,
    law_pages,
    law_users,
    laws,
    lean,
    lean_finish,
    link_style,
    readable,
    redirects,
    translation,
    unused,
    versions,
    video_checks,
    videos,
)

# In this order: handlers of one event are called as they were registered. The builders `pdf` and `videocheck` are
# entry points (`pyproject.toml`), loaded when they are asked for.
PARTS = (
    *(readable, catalogues, citations, domain),
    *(videos, video_checks),
    *(laws, law_pages, law_users, law_data),
    *(link_style, crossrefs, unused),
    diagrams,
    *(redirects, anchors),
    *(epub, downloads, versions),
    translation,
    *(check_list, findings),
    *(lean, lean_finish),
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx; what each part does stands in its own module."""
    for part in PARTS:
        part.setup(app)
    return {
        "version": version("sse-handbook"),
        "env_version": 10,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
