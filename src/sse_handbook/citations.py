"""A reference style for sphinxcontrib-bibtex: author and year, several sources parted by semicolons."""

from __future__ import annotations

from dataclasses import dataclass, field

from sphinx.application import Sphinx


def register_style(app: Sphinx) -> None:
    """`builder-inited`, before sphinxcontrib-bibtex looks its styles up: `bibtex_reference_style` may name ours."""
    if "sphinxcontrib.bibtex" not in app.extensions:
        return
    from sphinxcontrib.bibtex.plugin import register_plugin
    from sphinxcontrib.bibtex.style.referencing import BracketStyle
    from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

    @dataclass
    class Semicolon(AuthorYearReferenceStyle):
        """[ILO, 2021; WIEGO, 2017]: a comma would run two sources together."""

        bracket_parenthetical: BracketStyle = field(default_factory=lambda: BracketStyle(sep="; ", sep2="; "))

    register_plugin("sphinxcontrib.bibtex.style.referencing", "author_year_semicolon", Semicolon)
