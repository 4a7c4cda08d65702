"""Checks cross-references and video links when the book is built."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sphinx.application import Sphinx

from . import crossrefs, unreadable, videocheck, videos
from .warnings_ import forget_told


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx, in this order: handlers of one event are called as they were registered."""
    app.connect("builder-inited", forget_told, priority=1)
    app.connect("config-inited", unreadable.replace_citation_roles)
    app.connect("builder-inited", unreadable.check_sources, priority=400)  # before sphinxcontrib-bibtex
    app.connect("env-before-read-docs", unreadable.check_pages)
    app.add_domain(crossrefs.SSEDomain)
    app.add_config_value("sse_data_dir", "", "env", str)  # the folder of `videos.yaml`, from the sources on
    app.add_config_value("sse_video_max_age", 180, "", int)  # days
    app.add_role_to_domain("sse", "video", videos.VideoRole())
    app.add_directive_to_domain("sse", "video", videos.VideoCard)
    app.add_directive_to_domain("sse", "videos", videos.VideoList)
    app.add_node(videos.pending_video_users)
    app.add_post_transform(videos.NameVideoUsers)
    app.connect("builder-inited", videos.read_register)
    app.connect("doctree-read", videos.collect_uses)
    app.connect("env-get-updated", videos.rewrite_lists)
    app.connect("missing-reference", videos.lead_to_video)
    app.connect("env-updated", videos.find_unused)
    app.add_config_value("sse_videocheck_hosts", {}, "", dict)
    app.add_config_value("sse_videocheck_pause", 1.0, "", (int, float))  # seconds before each request
    app.add_builder(videocheck.VideoCheckBuilder)
    app.add_config_value("sse_report_unused", [], "", (list, tuple, set))  # of "label", "term", "source"
    app.connect("doctree-read", crossrefs.collect_names)
    app.connect("warn-missing-reference", crossrefs.warn_missing)
    app.add_transform(crossrefs.MissingFootnotes)
    app.add_post_transform(crossrefs.MissingTargets)
    app.connect("env-check-consistency", crossrefs.find_unused)
    return {
        "version": version("sse-handbook"),
        "env_version": 20,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
