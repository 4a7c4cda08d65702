"""A Sphinx extension for handbooks: videos, diagrams and cross-references, checked when the book is built."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sphinx.application import Sphinx
from sphinxcontrib.mermaid import mermaid

from . import checks, crossrefs, diagrams, domain, videos


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx; what each part does stands in its own module."""
    app.setup_extension("sphinxcontrib.mermaid")

    app.add_config_value("sse_data_dir", "data", "env", str)
    app.add_config_value("sse_diagram_cache", "", "", str)

    app.add_domain(domain.SSEDomain)
    app.connect("builder-inited", domain.load_registers)

    app.add_directive_to_domain("sse", "video", videos.VideoCard)
    app.add_directive_to_domain("sse", "videos", videos.VideoList)
    app.add_node(videos.video_users)
    app.add_post_transform(videos.NameVideoUsers)
    app.connect("doctree-read", videos.check_document)
    app.connect("env-updated", videos.lists_to_write_again)
    app.connect("env-updated", videos.report_register)

    app.connect("doctree-read", crossrefs.note_links)
    app.connect("env-updated", crossrefs.pages_with_moved_labels)
    app.add_post_transform(crossrefs.ClaimLabels)
    app.connect("warn-missing-reference", crossrefs.report_unknown)

    app.add_directive("mermaid", diagrams.Diagram, override=True)
    app.add_node(mermaid, override=True, html=(diagrams.visit_diagram_html, None))
    app.add_node(diagrams.diagram_words, **diagrams.WORDS_VISITORS)
    app.connect("config-inited", diagrams.default_cache)

    app.add_directive_to_domain("sse", "checks", checks.CheckList)

    return {
        "version": version("sse-handbook"),
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
