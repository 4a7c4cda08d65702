"""A translated page that is not whole says so below its title, and marks the passages that are still English."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _


def mark_english(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: Sphinx has noted of each passage whether it is translated."""
    for node in doctree.findall(nodes.Element):
        if node.get("translated") is False:
            node["classes"].append("language-en")  # docutils writes it as `lang`
    progress = doctree.get("translation_progress", {"total": 0, "translated": 0})
    section = next(iter(doctree.findall(nodes.section)), None)
    if app.config.language != "en" and section and progress["translated"] < progress["total"]:
        text = _("{translated} of {total} passages of this page are translated.").format(**progress)
        section.insert(1, nodes.paragraph("", text, classes=["translation"]))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", mark_english)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
