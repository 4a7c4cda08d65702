"""Sources, cited or not: warns of fields missing or misspelt; puts numbers behind punctuation; leaves one way back."""

import re
from difflib import get_close_matches
from typing import Any

from docutils import nodes
from pybtex.plugin import find_plugin, register_plugin
from sphinx.application import Sphinx

from sse_handbook.warnings_ import Check, warn

CITATION = re.compile(r"(?<=[^\s|-])(?<!``) ?(\{footcite:p\}`[^`\n]+`)([.,;:!?…।。、،؟]*)")
# sphinxcontrib-bibtex looks for these at each citation, among all packages of the machine: that takes longer than the
# rest of a page. What is registered is found at once (November 2026).
STYLES = {"formatting": "alpha", "names": "plain", "labels": "alpha", "sorting": "author_year_title"}

# The fields of a source: what each must hold, and what to write.
FIELDS = {
    "author": (r"\S", "who says it, or `{{Author not named}}`"),
    "title": (r"\S", "the title, in its own language"),
    "year": (r"\d{4}|n\.d\.", "a year, or `n.d.` where the page does not say"),
    "url": (r"^(https?://\S+)?$", "the whole address, without a space"),
    **dict.fromkeys(["month", "note"], ("", "")),
}


def check_sources(app: Sphinx) -> None:
    """`builder-inited`: warn of sources without what each must have, and of fields that are misspelt."""
    bibliography: Any = app.env.get_domain("cite")
    for path, file in bibliography.bibdata.bibfiles.items():
        for key, source in ((key, bibliography.bibdata.data.entries[key]) for key in file.keys):
            fields = {**dict.fromkeys(source.persons and ["author"], "an editor will do"), **source.fields.lower()}
            for name, (wanted, advice) in FIELDS.items():
                slips = [] if name in fields else get_close_matches(name, fields.keys() - FIELDS, 1, 0.65)
                if slips or not re.search(wanted, fields.get(name, "")):
                    what = f"has `{slips[0]}`: write `{name}`" if slips else f"needs `{name}`: {advice}"
                    warn(Check.REGISTER, f"The source `{key}` {what}.", path, 1, f"{{{key},")


def place_numbers(app: Sphinx, docname: str, source: list[str]) -> None:
    """`source-read`: read ``fact {footcite:p}`key`.`` as ``fact.{footcite:p}`key` ``: numbers follow punctuation."""
    source[0] = CITATION.sub(r"\2\1", source[0])


def tidy_sources(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: name each source by its number, and let it lead back to the first of them alone."""
    for source in doctree.findall(nodes.footnote):
        source["classes"].append("no-search")
        source["ids"] = [f"source-{source[0].astext()}"]  # shorter than its key: a page has a hundred of them
        for name in source["backrefs"]:
            doctree.ids[name]["refid"] = source["ids"][0]
        for name in source["backrefs"][1:]:
            doctree.ids[name]["ids"].clear()
        del source["backrefs"][1:]
    for path in app.config.bibtex_bibfiles if doctree.autofootnotes else ():
        app.env.note_dependency(app.srcdir / path)


def setup(app: Sphinx) -> dict[str, Any]:
    for group, name in STYLES.items():
        register_plugin(f"pybtex.style.{group}", name, find_plugin(f"pybtex.style.{group}", name), force=True)
    app.connect("builder-inited", check_sources, priority=600)  # sphinxcontrib-bibtex has read them
    app.connect("source-read", place_numbers)
    app.connect("doctree-read", tidy_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
