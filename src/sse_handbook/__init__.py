"""A Sphinx extension for handbooks: videos, laws, diagrams and cross-references, checked when the book is built."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from . import (
    anchors,
    check_list,
    citations,
    crossrefs,
    diagrams,
    domain,
    findings,
    law_data,
    law_pages,
    law_users,
    laws,
    link_style,
    readable,
    redirects,
    unused,
    video_checks,
    videos,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx; what each part does stands in its own module."""
    app.add_config_value("sse_data_dir", "", "env", str)
    app.add_config_value("sse_report_unused", [], "", (list, tuple, set))
    app.add_config_value("sse_refuse_reference_links", False, "env", bool)
    app.add_config_value("sse_video_max_age", 180, "", int)
    app.add_config_value("sse_law_max_age", 24, "", int)
    app.add_config_value("sse_law_links", {}, "env", dict)
    app.add_config_value("sse_law_package", {}, "env", dict)
    app.add_config_value("sse_diagram_cache", "", "", str)

    app.connect("builder-inited", readable.check_sources, priority=400)
    app.connect("builder-inited", citations.register_style, priority=400)
    app.connect("env-before-read-docs", readable.check_pages)

    app.add_domain(domain.SSEDomain)
    # After sphinxcontrib-bibtex has read the sources that laws cite.
    app.connect("builder-inited", domain.load_registers, priority=600)

    app.add_directive_to_domain("sse", "video", videos.VideoCard)
    app.add_directive_to_domain("sse", "videos", videos.VideoList)
    app.add_node(videos.video_users)
    app.add_post_transform(videos.NameVideoUsers)
    app.connect("doctree-read", videos.note_addresses)
    app.connect("env-updated", videos.lists_to_write_again)
    app.connect("env-get-outdated", video_checks.pages_with_new_checks)

    app.add_directive_to_domain("sse", "laws", laws.LawList)
    app.add_node(law_pages.law_later)
    app.add_node(nodes.entry, override=True, html=(law_pages.visit_cell, None))
    app.add_post_transform(law_users.FillLater)
    app.connect("env-get-outdated", laws.outdated)
    app.connect("doctree-resolved", law_users.link_files)
    app.connect("env-updated", law_users.entries_to_write_again)
    app.connect("env-updated", law_data.find_script)
    app.connect("html-page-context", law_data.add_script)
    app.connect("build-finished", law_data.write_files)

    app.connect("source-read", link_style.note_link_style)
    app.connect("doctree-read", crossrefs.note_references)
    app.connect("doctree-read", unused.note_definitions)
    app.connect("env-updated", crossrefs.pages_with_moved_targets)
    app.add_post_transform(crossrefs.ClaimReferences)

    # Only where a project has Mermaid diagrams: sphinxcontrib-mermaid adds to every page.
    if "sphinxcontrib.mermaid" in app.config.extensions:
        app.setup_extension("sphinxcontrib.mermaid")
        app.add_directive("mermaid", diagrams.Diagram, override=True)
        for node, visitors in diagrams.VISITORS.items():
            app.add_node(node, override=True, **visitors)
        app.connect("builder-inited", diagrams.settle)

    app.connect("config-inited", redirects.find_templates)
    app.connect("env-updated", redirects.pages_with_new_redirects)
    app.connect("doctree-resolved", redirects.keep_old_anchors)
    app.connect("html-collect-pages", redirects.old_pages)
    app.add_builder(anchors.AddressBuilder)

    app.add_directive_to_domain("sse", "checks", check_list.CheckList)
    app.add_directive_to_domain("sse", "verdicts", check_list.VerdictTables)
    app.connect("env-updated", findings.report)

    return {
        "version": version("sse-handbook"),
        "env_version": 7,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
