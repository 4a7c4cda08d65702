"""Adds the advice of `advice.yaml` to warnings of Sphinx, MyST, docutils; moves them to the right line; no repeats."""

import re
from collections.abc import Iterable
from contextlib import suppress
from logging import WARNING, getLogger
from typing import Any

from docutils import nodes
from docutils.parsers.rst.languages import en
from sphinx.application import Sphinx
from sphinx.util import logging

from .crossrefs import find_names, tell_missing
from .warnings_ import QUOTED, Check, did_you_mean, find_lines, read_advice

TRANSLATED = re.compile(r"""(?<=:term:`)[^`]*|(?<=`)[^`<]*(?=<)|["']""")  # of links: terms, and texts


def complete_warnings(app: Sphinx) -> None:
    """`builder-inited`: pass each warning through `complete` before Sphinx counts it, whichever process it is from."""
    told, shown, unread = set[tuple[str, str]](), dict[str, bool](), set[str]()  # the last: pages with bad front matter

    def complete(record: Any) -> bool:
        """Return whether to show a warning: not what was told, what we tell in our words, or what follows from it."""
        kind, message = f"{getattr(record, 'type', '')}.{getattr(record, 'subtype', '')}", record.getMessage()
        node = vars(record).get("location")
        place = logging.get_node_location(node) if isinstance(node, nodes.Node) else node
        found = (str(place or ""), message)
        links = re.findall(r"\[.*?\]", message) if kind.startswith("i18n.inconsistent") and ":term:" in message else []
        # As many terms as on the page, under names of their own: each is looked up, as in any text.
        if found in told or len({TRANSLATED.sub("", each) for each in links}) == 1 < len({*links}):
            return False
        told.add(found)
        rows = {} if kind.startswith("sse.") else read_advice("others")
        row = next((row for words, row in rows.items() if re.search(words, f"{kind} {message} {place}")), None)
        titled = kind == "toc.no_title" and app.env.titles[QUOTED.findall(message)[0]].astext() != "<no title>"
        if not row or not row[0] or not found[0]:
            return row != [""] or titled
        check = (isinstance(node, nodes.Element) and node.get("check")) or Check.XREF_MISSING  # links of ours name it
        logging.WarningLogRecordTranslator(app).filter(record)  # whatever names a place, it is a text now
        path, number = [*re.split(r":(?=\d*$)", record.location.partition(":<translated>")[0]), ""][:2]
        line = int(number or 1)
        if tell_missing(app.env, f"{kind} {message}", path, line, check):
            return False
        (advice, *written), message = row, message.partition("\n\n")[0].replace("\n", " ")
        names = QUOTED.findall(message) or [message.rpartition(": ")[2]]
        if kind == "myst.topmatter":
            unread.add(path)
        for pattern in written:
            wanted = pattern.replace("NAME", re.escape(names[0].rpartition("/")[2]))
            line = [line, *find_lines(path, wanted, line)][: 3 if kind == "toc.duplicate_entry" else 2][-1]
        hint = did_you_mean(names[kind == "myst.directive_option"], _list_names(kind, names, app, path)) or f" {advice}"
        vars(record).update(msg=f"{message.rstrip('.')}.{hint}", args=(), levelno=WARNING, location=f"{path}:{line}")
        return kind != "toc.not_included" or path not in unread  # `orphan` may be a field of it

    def note_pages(app: Sphinx, error: Exception | None) -> None:
        """Keep which pages the next build reads again, to tell what is wrong in them, or in a file that they show."""
        files = {(app.srcdir / re.split(r":(?!\\)", place)[0]).resolve() for place in shown if place}
        sources = {page: [app.env.doc2path(page), *app.env.dependencies[page]] for page in app.env.all_docs if files}
        pages = [page for page, some in sources.items() if any((app.srcdir / file).resolve() in files for file in some)]
        note = app.doctreedir / f"warned-{app.builder.name}.txt"
        with suppress(OSError), note.open("a" if error else "w", encoding="utf-8") as file:
            file.write("\n".join(["", *(pages or [app.config.root_doc])]) if files else "")

    for handler in getLogger(logging.NAMESPACE).handlers:
        if handler.level == WARNING:
            handler.filters.insert(0, complete)
            handler.addFilter(lambda record: shown.setdefault(vars(record).get("location") or "", True))
    app.connect("build-finished", note_pages)


def _list_names(kind: str, names: list[str], app: Sphinx, path: str) -> Iterable[str]:
    """Return what could have been meant; what a message allows stands in it, behind what it is about."""
    if kind in ("myst.role_unknown", "myst.directive_unknown"):
        what = f"{kind[5:-8]}s"
        full = {f"{domain.name}:{name}" for domain in app.env.domains.values() for name in getattr(domain, what)}
        return {*full, *getattr(app.env.domains.standard_domain, what), *getattr(en, what), *read_advice("names")[what]}
    if kind == "toc.not_readable":
        return find_names(app.env, "doc", names[0], path)
    return names[2:] if kind.startswith("myst.") else ()
