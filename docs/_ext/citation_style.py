"""The citation style `author_year_semicolon`: [ILO, 2021; WIEGO, 2017]. A comma would run two sources together."""

from dataclasses import dataclass, field
from typing import Any

from pybtex.backends import plaintext
from pybtex.plugin import register_plugin as register_pybtex_plugin
from sphinx.application import Sphinx
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle


@dataclass
class SemicolonStyle(AuthorYearReferenceStyle):
    bracket_parenthetical: BracketStyle = field(default_factory=lambda: BracketStyle(sep="; ", sep2="; "))


def setup(app: Sphinx) -> dict[str, Any]:
    register_plugin("sphinxcontrib.bibtex.style.referencing", "author_year_semicolon", SemicolonStyle)
    # sphinxcontrib-bibtex looks for this one at each citation, among all packages of the machine: that takes longer
    # than the rest of a page. What is registered is found at once (November 2026).
    register_pybtex_plugin("pybtex.backends", "plaintext", plaintext.Backend, force=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
