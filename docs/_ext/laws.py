"""Laws on pages: `{sse:law}` links to one, `{sse:laws}` chooses some and shows them as a template of `laws/` says.

The entry of a law has the label `law-KEY`, so that links to it, and what they lead to, are Sphinx's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from html import escape
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from book_checks import BookCheck
from docutils import nodes
from docutils.parsers.rst import directives
from law_text import TEMPLATES, law_name, months_since, set_language, templates
from register import Law, Register, read_fields, read_register, read_schema, same_country
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective

from sse_handbook.warnings_ import Check, did_you_mean, find_line, warn

logger = logging.getLogger(__name__)
# The register, and who cited each law before this build: one book at a time in a process.
book = SimpleNamespace(register=Register(), users={})
OF_COUNTRY = ("country", "region", "subregion")
OF_LAW = ("type", "topic", "status", "level", "evidence", "finder", "principles", "with")
COUNTED = ("country_name", "region", "subregion", "year", "type", "topic", "status", "level", "evidence")
COLUMNS = (
    *("law", "country", "region", "year", "type", "topic", "status", "adopted", "needs", "means", "forms"),
    *("principles", "ask", "evidence", "checked", "newest-source", "disagreements", "gaps"),
)
SHOWS = ["table", "entries", "counts", "summary", "chart", "timeline", "countries", "downloads", "codebook"]


def oldest_first(law: Law) -> str:
    """Return what sorts laws by their last check; those never checked come first, by their newest source."""
    source = law.get("status_as_of", "0")
    return f"{law.get('checked', '0')} {source if source[:1].isdigit() else '0'}"


SORTS = {
    "year": lambda law: law.get("adopted") or law.get("in_force") or law["year"] or "9999",
    "checked": oldest_first,
}


def read_values(law: Law, option: str) -> set[str]:
    """Return what a law or a country answers to an option of a list."""
    if option == "principles":
        return {law.get("principles", "").split(" (")[0].split(" [")[0]}
    return {*law} if option == "with" else {*law.get("finder", ())} if option == "finder" else {law[option]}


def known_values() -> dict[str, Collection[str]]:
    """Return what each option of a list may ask for."""
    rules = read_schema("laws")["properties"] | read_schema("countries")["properties"]
    values = {name: rule.get("enum") or rule.get("items", {}).get("enum", ()) for name, rule in rules.items()}
    more = {"country": book.register.countries, "principles": ["yes", "partly", "no", "not checked"]}
    return values | more | {"with": [*read_fields()], "columns": COLUMNS}


def split_values(text: str | None) -> list[str]:
    return [value.strip() for value in (text or "").split(",") if value.strip()]


class LawList(SphinxDirective):
    option_spec: ClassVar = {
        **dict.fromkeys([*OF_COUNTRY, *OF_LAW, "columns"], split_values),
        **dict.fromkeys(["by", "across"], lambda text: directives.choice(text, COUNTED)),
        "show": lambda text: directives.choice(text, SHOWS),
        "sort": lambda text: directives.choice(text, [*SORTS]),
        "caption": directives.unchanged,
        "filter": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        metadata = self.env.metadata[self.env.current_document.docname]
        metadata["law_lists"] = True
        for option, known in known_values().items():
            for value in sorted({*self.options.get(option, ())}.difference(known)):
                message = f"`:{option}:` asks for `{value}`, which no law has.{did_you_mean(value, known)}"
                warn(BookCheck.LAW_UNKNOWN, message, *self.get_source_info())
        countries = sorted(self.choose(book.register.countries, OF_COUNTRY), key=lambda country: country["name"])
        laws = sorted(self.choose(book.register.laws, (*OF_COUNTRY, *OF_LAW)), key=lambda law: law["country_name"])
        laws = sorted(laws, key=SORTS[self.options["sort"]]) if "sort" in self.options else laws
        shown = ["countries", *(country["country"] for country in countries)]
        for path in (*TEMPLATES.iterdir(), *(path for path in book.register.files if path.stem in shown)):
            self.env.note_dependency(path)
        if self.options.get("show") == "entries":
            return [self.make_country([*group]) for _key, group in groupby(laws, lambda law: law["country"])]
        show = self.options.get("show", "table")
        found = self.render(show, laws=laws, countries=countries)
        if show == "table" and laws and "filter" in self.options:
            metadata["law_filter"] = True
            body = next(node for top in found for node in top.findall(nodes.tbody))
            for row, law in zip(body.findall(nodes.row), laws, strict=True):
                row["classes"].append(law["region"])
        return found

    def choose(self, things: dict[str, Law], options: Iterable[str]) -> list[Law]:
        """Return the laws or countries that have one of the values of each option."""
        asked = [option for option in options if option in self.options]
        return [law for law in things.values() if all(read_values(law, of) & {*self.options[of]} for of in asked)]

    def render(self, template: str, **values: Any) -> list[nodes.Node]:
        """Return what a template makes of these values and of the options: Markdown, parsed as the page is."""
        site = {"config": self.config, "register": book.register, "fields": read_fields(), "options": self.options}
        site |= {"cites": "cite" in self.env.domains, "root": "../" * self.env.current_document.docname.count("/")}
        found = self.parse_text_to_nodes(templates.get_template(f"{template}.md.jinja").render(site | values))
        for group in (node for top in found for node in top.findall(nodes.tgroup)):
            next(group.findall(nodes.colspec))["stub"] = 1  # the first cell heads its row
        return found

    def make_country(self, laws: list[Law]) -> nodes.section:
        """Return a section for a country, with one for each of its laws."""
        country = book.register.countries[laws[0]["country"]]
        section = self.make_section(f"laws-{country['country']}", country["name"], "country", country=country)
        for law in laws:
            entry = self.make_section(f"law-{law['key']}", law_name(law, always=True), "entry", law=law)
            entry["classes"].append("law")
            section.append(entry)
        return section

    def make_section(self, label: str, heading: str, template: str, **values: Any) -> nodes.section:
        """Return a section with no other name than its label: no address is made of a title, which may change."""
        title = nodes.title(heading, heading)
        self.set_source_info(title)
        section = nodes.section("", title, *self.render(template, **values), ids=[label], names=[label])
        self.state.document.note_explicit_target(section)
        return section


class LawRole(ReferenceRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        register, docname, key = book.register, self.env.current_document.docname, self.target
        for path in register.files:
            if path.stem in ("countries", key.partition("-")[0]):
                self.env.note_dependency(path)
        law = register.laws.get(key)
        if law is None:
            self.env.note_dependency("data/laws")  # a folder is never up to date: the page is read again
            if not register.broken:  # what is wrong has been told, and is what to correct
                source, line = self.get_source_info()
                hint = did_you_mean(key, same_country(key, register.laws)) or " Add it to the register of laws."
                message = f"No law has the key `{key}`.{hint}"
                warn(BookCheck.LAW_UNKNOWN, message, source, find_line(source, line, key) or line)
            return [nodes.inline(self.rawtext, self.title)], []
        self.env.metadata[docname].setdefault("laws_cited", []).append(key)
        text = self.title if self.has_explicit_title else law_name(law)
        link = addnodes.pending_xref("", nodes.inline("", text), refdomain="std", reftype="ref", reftarget=f"law-{key}")
        link.attributes.update(refdoc=docname, refexplicit=True, refwarn=True)
        self.set_source_info(link)
        return [link], []


def find_users(env: BuildEnvironment) -> dict[str, list[tuple[str, str]]]:
    """Return which pages cite each law, each with its title."""
    users: dict[str, set[tuple[str, str]]] = {}
    for docname, metadata in env.metadata.items():
        for key in metadata.get("laws_cited", ()):
            users.setdefault(key, set()).add((docname, env.titles[docname].astext()))
    return {key: sorted(pages) for key, pages in users.items()}


class CitedOn(SphinxPostTransform):
    """Add to the entry of a law which pages cite it: that is known only when all pages have been read."""

    default_priority = 5  # before links are resolved

    def run(self, **kwargs: Any) -> None:
        here, users = self.env.current_document.docname, find_users(self.env)
        for section in self.document.findall(nodes.section):
            links: list[nodes.Node] = []
            key = section["ids"][0].removeprefix("law-") if "law" in section["classes"] else ""
            for docname, title in users.get(key, ()):
                link = addnodes.pending_xref("", nodes.inline("", title), refdomain="std", reftype="doc")
                link.attributes.update(reftarget=f"/{docname}", refdoc=here, refexplicit=True)
                links += [nodes.Text(", "), link] if links else [link]
            if links:
                body = nodes.field_body("", nodes.paragraph("", "", *links))
                next(section.findall(nodes.field_list)).append(
                    nodes.field("", nodes.field_name("", _("Cited on")), body)
                )


def add_tooltips(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """`doctree-resolved`: let each link to a law say its title, country, year and status when it is pointed at."""
    for link in doctree.findall(nodes.reference):
        label = link.get("refid") or link.get("refuri", "").partition("#")[2]
        if law := book.register.laws.get(label.removeprefix("law-")) if label.startswith("law-") else None:
            place = ", ".join(filter(None, (law.get("unit"), law["country_name"], law["year"])))
            status = _("Status: {status}, as of {day}.").format(status=law["status"], day=law.get("status_as_of", ""))
            link["reftitle"] = f"{law['english']}. {place}. {status}"
            text = link[0] if len(link) == 1 and isinstance(link[0], nodes.inline) else link
            link[:] = [nodes.inline("", "", *text.children, classes=["law"])]


def read_laws(app: Sphinx) -> None:
    """`builder-inited`: read the register once, before any page and before readers part, and warn of its faults."""
    cite: Any = app.env.domains.get("cite")
    book.register = read_register(Path(app.srcdir, "data"), cite.bibdata.data.entries if cite else None)
    set_language(app.config.language)
    for fault in book.register.faults:
        warn(Check.REGISTER, fault.message, fault.path, fault.line)


def find_lists_without_new_file(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """`env-get-outdated`: return the pages with lists where the register has a file that none of them has seen."""
    pages = [docname for docname, metadata in env.metadata.items() if "law_lists" in metadata]
    seen = {str(path) for docname in pages for path in env.dependencies.get(docname, ())}
    return pages if {str(path) for path in book.register.files} - seen else []


def note_users(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """`env-before-read-docs`: keep who cited each law."""
    book.users = find_users(env)


def find_entries_with_new_users(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """`env-updated`: return the pages with the entry of a law that other pages cite now."""
    now, labels = find_users(env), env.domains.standard_domain.anonlabels
    changed = [f"law-{key}" for key in {*book.users, *now} if book.users.get(key) != now.get(key)]
    pages = sorted({labels[label][0] for label in changed if label in labels})
    for docname in pages:  # for builders that share this reading (`shared_doctrees`)
        Path(env.doctreedir, f"{docname}.doctree").touch()
    return pages


def check_laws(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: warn of laws without an entry; note, and fail nothing, which are not checked."""
    laws, entries, most = book.register.laws, book.register.entries, app.config.sse_law_max_age
    listed = {key for key in laws if f"law-{key}" in env.domains.standard_domain.anonlabels}
    for key in laws.keys() - listed if listed else ():
        message = f"No page has the entry of `{key}`. Let a list of laws with `:show: entries` take it in."
        warn(BookCheck.LAW_UNUSED, message, entries[key].path, entries[key].line())
    old = [law for law in laws.values() if "checked" not in law or months_since(law["checked"]) >= most]
    if old:
        keys = [law["key"] for law in sorted(old, key=oldest_first)]
        names = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        message = f"{len(keys)} of {len(laws)} laws were not checked for {most} months, or never. Begin with: {names}."
        place = f"{entries[keys[0]].path}:{entries[keys[0]].line()}"
        logger.info("%s: NOTE: %s [sse.%s]", place, message, BookCheck.LAW_STALE.name.lower())


def add_filter(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """`html-page-context`: load the script that filters a table on the pages that have one."""
    if "law_filter" in app.env.metadata.get(page, {}) and app.builder.name != "epub":
        app.add_js_file("sse-laws.js", loading_method="defer")
        labels = "|".join([_("Words"), _("Country"), _("Region"), _("all"), _("{number} of {all}")])
        context["metatags"] += f'<meta name="sse-laws" content="{escape(labels)}">\n'


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("sse_law_max_age", 24, "env", int)
    app.add_config_value("sse_law_links", {}, "env", dict)
    app.add_role_to_domain("sse", "law", LawRole())
    app.add_directive_to_domain("sse", "laws", LawList)
    app.add_post_transform(CitedOn)
    app.connect("builder-inited", read_laws, priority=600)  # sphinxcontrib-bibtex has read the sources
    app.connect("env-get-outdated", find_lists_without_new_file)
    app.connect("env-before-read-docs", note_users)
    app.connect("env-updated", find_entries_with_new_users)
    app.connect("env-updated", check_laws)
    app.connect("doctree-resolved", add_tooltips)
    app.connect("html-page-context", add_filter)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
