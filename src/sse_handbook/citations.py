"""A reference style for sphinxcontrib-bibtex: author and year, several sources parted by semicolons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def register_style(app: Sphinx) -> None:
    """`builder-inited`, before sphinxcontrib-bibtex looks its styles up: `bibtex_reference_style` may name ours."""
    if "sphinxcontrib.bibtex" not in app.extensions:
        return
    from pybtex import plugin
    from pybtex.backends import plaintext
    from sphinxcontrib.bibtex.plugin import register_plugin
    from sphinxcontrib.bibtex.style.referencing import BracketStyle
    from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

    @dataclass
    class Semicolon(AuthorYearReferenceStyle):
        """[ILO, 2021; WIEGO, 2017]: a comma would run two sources together."""

        bracket_parenthetical: BracketStyle = field(default_factory=lambda: BracketStyle(sep="; ", sep2="; "))

    register_plugin("sphinxcontrib.bibtex.style.referencing", "author_year_semicolon", Semicolon)
    # sphinxcontrib-bibtex asks for this one at each citation. What is registered is found at once; for the rest, all
    # packages of the machine are looked through, which takes longer than the rest of a page. Look again by 2027-06-01.
    plugin.register_plugin("pybtex.backends", "plaintext", plaintext.Backend, force=True)


def citation(env: BuildEnvironment, docname: str, keys: Sequence[str], line: int) -> nodes.Node:
    """What `` {cite:p}`key,key` `` gives, from generated text; the keys alone where the project has no sources.

    The register that names the keys says which of them are unknown.
    """
    named = ",".join(keys)
    if "cite" not in env.domains:
        return nodes.literal("", ", ".join(keys))
    from sphinxcontrib.bibtex.citation_target import parse_citation_targets
    from sphinxcontrib.bibtex.roles import CitationRef

    cast("Any", env.domains["cite"]).citation_refs.append(
        CitationRef("", docname, line, [*parse_citation_targets(named)])
    )
    node = addnodes.pending_xref("", nodes.inline("", named), refdomain="cite", reftype="p", reftarget=named)
    node.attributes.update(refdoc=docname, refexplicit=False, refwarn=True, check="")
    return node


def setup(app: Sphinx) -> None:
    """Let citations stand as authors and years, where a project has sphinxcontrib-bibtex."""
    app.connect("builder-inited", register_style, priority=400)
