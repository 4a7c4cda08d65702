"""`{sse:checks}`: the page that explains every warning, made from `Check` and `BookCheck`."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from book_checks import BookCheck
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from sse_handbook.warnings_ import Check


class CheckList(SphinxDirective):
    """A section for each check, with what it means, what is wrong and what is right."""

    def run(self) -> list[nodes.Node]:
        sections = [
            f"(check-{name.replace('_', '-')})=\n### `sse.{name}`\n\n{cleandoc(explanation)}"
            for name, explanation in ((check.name.lower(), check.value) for check in (*Check, *BookCheck))
        ]
        return self.parse_text_to_nodes("\n\n".join(sections), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive_to_domain("sse", "checks", CheckList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
