"""Checks cross-references and video links in a build: registers its parts with Sphinx, all but `bibliography`."""

from importlib.metadata import version
from typing import Any

from sphinx.application import Sphinx

from . import advice, crossrefs, videocheck, videos, warnings_


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx, in this order: handlers of one event are called as they were registered."""
    app.connect("builder-inited", advice.complete_warnings, priority=1)
    app.connect("env-before-read-docs", warnings_.check_pages)
    app.add_domain(crossrefs.SSEDomain)
    app.add_config_value("sse_data_dir", "", "env", str)  # the folder of `videos.yaml`, from the sources on
    app.add_config_value("sse_video_max_age", 180, "", int)  # days
    app.connect("builder-inited", videos.read_register)
    app.connect("doctree-resolved", videos.name_users)
    app.connect("env-get-outdated", crossrefs.reread_pages)
    app.connect("missing-reference", videos.lead_to_video)
    app.connect("env-updated", videos.find_unused)
    app.add_config_value("sse_videocheck_hosts", {}, "", dict)
    app.add_config_value("sse_videocheck_pause", 1.0, "", (int, float))  # seconds before each request
    app.add_builder(videocheck.VideoCheckBuilder)
    app.add_config_value("sse_report_unused", [], "", (list, tuple, set))  # of "label", "term", "source"
    app.connect("doctree-read", crossrefs.collect_names)
    app.add_post_transform(crossrefs.PrepareLinks)
    app.connect("env-check-consistency", crossrefs.check_book)
    return {"version": version("sse-handbook"), "env_version": 26, "parallel_read_safe": True}
