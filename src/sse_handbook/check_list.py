"""The `{sse:checks}` directive: prints what each member of `warnings.Check` means. Nothing is checked here."""

from __future__ import annotations

from inspect import cleandoc

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .warnings import Check


class CheckList(SphinxDirective):
    """`{sse:checks}`: a section for each check, with what it means, what is wrong and what is right."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n\n".join(map(_section, Check)), allow_section_headings=True)


def _section(check: Check) -> str:
    anchor = check.value.replace("_", "-")
    return f"(check-{anchor})=\n### `sse.{check.value}`\n\n{cleandoc(check.explanation)}"
