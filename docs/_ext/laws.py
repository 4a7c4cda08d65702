"""Laws on pages: `{sse:law}`, a link; `{sse:laws}`, lists; “Cited on”; warns of unknown keys, laws without an entry.

The entry of a law has the label `law-KEY`, so that links to it, and what they lead to, are Sphinx's own.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import groupby, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from book_checks import BookCheck
from docutils import nodes
from docutils.parsers.rst import directives
from law_changes import find_changes
from law_text import TEMPLATES, group_by_letter, law_name, templates
from register import OF_COUNTRY, Law, Register, read_fields, read_register, read_schema
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective
from sphinx.util.nodes import make_refnode

from sse_handbook.videos import today
from sse_handbook.warnings_ import Check, did_you_mean, warn

logger = logging.getLogger(__name__)
# The register, and who cited each law before this build: one book at a time in a process.
book = SimpleNamespace(register=Register(), users={})
OF_LAW = (*OF_COUNTRY, "type", "topic", "status", "level", "evidence", "finder", "principles", "with")
SHOWS = [path.name.partition(".")[0] for path in sorted(TEMPLATES.glob("[!_]*.md.jinja"))]
COUNTRY_PAGES = "countries/"  # each is named by the code of its country, and has the label `country-CODE`
HEADINGS: Any = templates.get_template("headings.jinja").make_module()
SORTS = {
    "country": lambda law: law["country_name"],
    "year": lambda law: law.get("adopted") or law.get("in_force") or law["year"] or "9999",
    # Those never checked come first, by their newest source.
    "checked": lambda law: (law.get("checked", ""), law.get("status_as_of", "").replace("source not dated", "")),
    "status": lambda law: read_schema("laws")["properties"]["status"]["enum"].index(law["status"]),
}


def read_values(law: Law, option: str) -> set[str]:
    """Return what a law or a country answers to an option of a list."""
    if option == "principles":
        return {law.get("principles", "").split(" (")[0].split(" [")[0]}
    return {*law} if option == "with" else {*law.get("finder", ())} if option == "finder" else {law[option]}


def choose(things: dict[str, Law], options: Iterable[str], asked: dict[str, Any]) -> list[Law]:
    """Return the laws or countries that have, for each of some options, one of the values asked for."""
    return [law for law in things.values() if all(read_values(law, of) & {*asked[of]} for of in options if of in asked)]


def known_values() -> dict[str, Collection[str]]:
    """Return the options of a list, and what each may ask for."""
    rules = read_schema("laws")["properties"] | read_schema("countries")["properties"]
    values = {name: rules[name]["enum"] for name in OF_LAW if "enum" in rules.get(name, ())}
    values |= {"country": book.register.countries, "principles": ["yes", "partly", "no", "not checked"]}
    values |= {"finder": rules["finder"]["items"]["enum"], "with": [*read_fields()], "columns": HEADINGS.columns}
    values |= {"show": SHOWS, "sort": SORTS, "filter": ()}
    return values | dict.fromkeys(["by", "across", "fold"], HEADINGS.counted)


def split_values(text: str | None) -> list[str]:
    return [value.strip() for value in (text or "").split(",") if value.strip()]


def note_files(env: BuildEnvironment, countries: Collection[str]) -> None:
    """Let the page be read again when what the register says of these countries changes."""
    files = [path for path in book.register.files if path.stem in ("countries", *countries) or path.suffix == ".json"]
    for path in (*files, *TEMPLATES.iterdir()):
        env.note_dependency(path)


class LawList(SphinxDirective):
    # All are taken: what is unknown is told here, with the nearest that there is.
    option_spec: ClassVar = defaultdict(lambda: split_values, caption=directives.unchanged)

    def run(self) -> list[nodes.Node]:
        self.leave_out_unknown()
        show, *_more = self.options.get("show") or ["table"]
        if show in ("entries", "conventions"):
            self.keep_to_country_of_page(show)
        alone = "country" in self.options  # on its own page: what counts today comes first
        sort, *_more = self.options.get("sort") or ["status" if alone else "country"]
        countries = choose(book.register.countries, OF_COUNTRY, self.options)
        laws = sorted(choose(book.register.laws, OF_LAW, self.options), key=SORTS["country"])
        laws.sort(key=SORTS[sort])
        note_files(self.env, [country["country"] for country in countries])
        if show == "entries" and not alone:  # of areas, which have no page
            return [
                self.make_section(f"laws-{code}", name, "_country", *map(self.make_entry, group), country=code)
                for (code, name), group in groupby(laws, lambda law: (law["country"], law["country_name"]))
            ]
        below: Iterable[nodes.Node] = ()
        if show in ("entries", "conventions"):
            laws = [law for law in laws if (law["type"] == "ratification") == (show == "conventions")]
            below = map(self.make_entry, laws)
        elif show == "countries":
            below = (
                self.make_section(f"countries-{letter.lower()}", letter, "_letter", countries=group, laws=laws)
                for letter, group in group_by_letter(countries)
            )
        return [*self.render(show, laws=laws, countries=countries), *below]

    def leave_out_unknown(self) -> None:
        """Warn of each option and of each value that is not known, and leave it out."""
        options, is_left_out = known_values(), book.register.is_left_out  # which is told, and is what to correct
        for option in self.options.keys() - {"caption"}:
            known = options.get(option, options)
            what = f"`:{option}:` knows no" if option in options else "A list of laws has no option"
            where = "a code of `countries.yaml`" if option == "country" else f"one of: {', '.join(known)}"
            asked = self.options[option] if option in options else [option]
            for value in (value for value in asked if value not in known and not is_left_out(value)):
                message = f"{what} `{value}`.{did_you_mean(value, known) or f' Write {where}.'}"
                warn(BookCheck.LAW_UNKNOWN, message, *self.get_source_info(), f":{option}:")
            self.options[option] = [value for value in asked if value in known]

    def keep_to_country_of_page(self, show: str) -> None:
        """Warn of entries that stand on another page, their country's, or twice; take this page's country for them."""
        here = self.env.current_document.docname.removeprefix(COUNTRY_PAGES)
        write = f":country: {here}" if here in book.register.countries else ":show: table"
        asked = {country["country"] for country in choose(book.register.countries, OF_COUNTRY, self.options)}
        if others := sorted(self.find_pages() & asked - {here}):
            message = f"The entries of `{others[0]}` stand on its own page, `{COUNTRY_PAGES}{others[0]}`."
            message = "The entry of a law stands once, on its country's page." if others[1:] else message
            warn(BookCheck.LAW_UNKNOWN, f"{message} Write `{write}`, or delete this list.", *self.get_source_info())
        if others or asked == {here}:
            shown: Any = self.env.current_document.setdefault("law_lists", {})  # of this page, and whether it was told
            if show in shown and not (others or shown[show]):
                message = f"This page has the {show} of `{here}` already. Delete this list."
                warn(BookCheck.LAW_UNKNOWN, message, *self.get_source_info())
            self.options["country"] = [] if show in shown else [here]
            shown.setdefault(show, bool(others))

    def find_pages(self) -> set[str]:
        """Return the codes of the countries that have a page of their own."""
        return {page.removeprefix(COUNTRY_PAGES) for page in self.env.found_docs if page.startswith(COUNTRY_PAGES)}

    def render(self, template: str, **values: Any) -> list[nodes.Node]:
        """Return what a template makes of these values and of the options: Markdown, parsed as the page is."""
        values |= {"root": "../" * self.env.current_document.docname.count("/"), "pages": self.find_pages()}
        markdown = templates.get_template(f"{template}.md.jinja").render(values, options=self.options)
        found = self.parse_text_to_nodes(markdown)
        for group in (node for top in found for node in top.findall(nodes.tgroup)):
            next(group.findall(nodes.colspec))["stub"] = 1  # the first cell heads its row
        return found

    def make_entry(self, law: Law) -> nodes.section:
        entry = self.make_section(f"law-{law['key']}", law_name(law, always=True), "_entry", law=law)
        entry["classes"].append("law")
        return entry

    def make_section(self, label: str, heading: str, template: str, *below: nodes.Node, **values: Any) -> nodes.section:
        """Return a section with no other name than its label: no address is made of a title, which may change."""
        title = nodes.title(heading, heading)
        self.set_source_info(title)
        section = nodes.section("", title, *self.render(template, **values), *below, ids=[label], names=[label])
        self.state.document.note_explicit_target(section)
        return section


class LawRole(ReferenceRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        register, key, here = book.register, self.target, self.env.current_document.docname
        note_files(self.env, [key.lower().partition("-")[0]])
        if key in register.laws:
            self.env.metadata[here].setdefault("laws_cited", set()).add(f"law-{key}")
            text = nodes.inline("", self.title if self.has_explicit_title else law_name(register.laws[key]))
            link = pending_xref("", text, refdomain="std", reftype="ref", reftarget=f"law-{key}", refdoc=here)
            link.attributes.update(refexplicit=True, refwarn=True)
            self.set_source_info(link)
            return [link], []
        if not register.is_left_out(key):
            of_country = [other for other in register.laws if other[:3] == key[:3].lower()]  # no other's is ever meant
            hint = did_you_mean(key, of_country) or " Add it to the register of laws."
            warn(BookCheck.LAW_UNKNOWN, f"No law has the key `{key}`.{hint}", *self.get_source_info(), key)
        return [nodes.inline(self.rawtext, self.title)], []


def find_users(env: BuildEnvironment) -> dict[str, set[str]]:
    """Return which pages cite each law, by the label of its entry."""
    users = defaultdict[str, set[str]](set)
    for page, about in env.metadata.items():
        for label in about.get("laws_cited", ()):
            users[label].add(page)
    return users


def add_users(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """`doctree-resolved`: add to the entry of a law which pages cite it: by now all pages have been read."""
    users = find_users(app.env)
    for section in doctree.findall(nodes.section):
        links: list[nodes.Node] = []
        for page in sorted({page for label in section["names"] for page in users.get(label, ())} - {docname}):
            title = nodes.inline("", app.env.titles[page].astext(), classes=["doc"])
            links += nodes.Text(", "), make_refnode(app.builder, docname, page, "", title)
        if links:
            body = nodes.field_body("", nodes.paragraph("", "", *links[1:]))
            *_before, fields = section.findall(nodes.field_list)
            fields += nodes.field("", nodes.field_name("", _("Cited on")), body)


def add_tooltips(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """`doctree-resolved`: let each link to a law say its title, country, year and status when it is pointed at."""
    for link in doctree.findall(nodes.reference):
        address = link.get("refuri") or f"#{link.get('refid')}"
        if law := book.register.laws.get(address.partition("#law-")[2]):
            place = ", ".join(filter(None, (law.get("unit"), law["country_name"], law["year"])))
            status = _("Status: {status}, as of {day}.").format(status=law["status"], day=law.get("status_as_of", ""))
            link["reftitle"] = f"{law['english']}. {place}. {status}"
            text = link[0] if len(link) == 1 and isinstance(link[0], nodes.inline) else link
            link[:] = [nodes.inline("", "", *text.children, classes=["law"])]


def read_laws(app: Sphinx) -> None:
    """`builder-inited`: read the register once, before any page and before readers part, and warn of its faults."""
    cite: Any = app.env.domains.get("cite")
    sources = cite.bibdata.data.entries if cite else None
    book.register, book.users = read_register(Path(app.srcdir, "data"), sources), find_users(app.env)
    templates.globals |= {"config": app.config, "language": app.config.language.replace("-", "_")}
    templates.globals |= {"register": book.register, "fields": read_fields(), "sources": sources}
    months = today().year * 12 + today().month - 1 - app.config.sse_law_max_age
    templates.globals["stale"] = f"{months // 12}-{months % 12 + 1:02}-{today():%d}"  # what was checked then, or before
    find_changes(book.register, Path(app.srcdir, "data"))
    for fault in book.register.faults:
        warn(Check.REGISTER, fault.message, fault.path, fault.line)
    if book.register.left_out:  # what an entry cites that was left out is not unused
        app.config.sse_report_unused = {*app.config.sse_report_unused} - {"source"}


def find_pages_without_new_file(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """`env-get-outdated`: return the pages with laws where a country has a page or a file that none of them knows."""
    seen = {page: {*map(str, paths)} for page, paths in env.dependencies.items()}
    new = {*map(str, book.register.files)}.difference(*seen.values())
    new |= {name for name in changes[0] | changes[2] if name.startswith(COUNTRY_PAGES)}  # added, removed
    return [page for page in seen if str(book.register.files[0]) in seen[page]] if new else []


def touch_entries_with_new_users(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: let `shared_doctrees` write the pages again that have the entry of a law which others cite now."""
    now, labels = find_users(env), env.domains.standard_domain.anonlabels
    for label in {*book.users, *now} & labels.keys():
        if book.users.get(label) != now.get(label):
            Path(env.doctreedir, f"{labels[label][0]}.doctree").touch()


def check_laws(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: warn of laws without an entry; note, and fail nothing, which are not checked."""
    laws, entries, labels = book.register.laws, book.register.entries, env.domains.standard_domain.anonlabels
    listed = {key for key in laws if f"law-{key}" in labels}
    for key in (unlisted := sorted(laws.keys() - listed if listed else ())):
        message = f"No page has an entry of `{key}`: links to it fail. List it on its country's page: `:show: entries`."
        warn(BookCheck.LAW_UNUSED, message, entries[key].path, entries[key].line())
    if unlisted:  # what follows from it is not told: links from tables, and the sources that the entry would cite
        lost = {label for key in unlisted for label in (f"law-{key}", f"laws-{laws[key]['country']}")}
        app.config.nitpick_ignore = [*app.config.nitpick_ignore, *product(("myst", "ref"), sorted(lost))]
        app.config.sse_report_unused = {*app.config.sse_report_unused} - {"source"}
    old = [law for law in laws.values() if law.get("checked", "") <= templates.globals["stale"]]
    if keys := [law["key"] for law in sorted(old, key=SORTS["checked"])]:
        message = f"{len(keys)} of {len(laws)} laws were not checked for {app.config.sse_law_max_age} months, or never."
        place = f"{entries[keys[0]].path}:{entries[keys[0]].line()}"
        see = f"; see `{labels['laws-oldest'][0]}`" if "laws-oldest" in labels else ""  # the page that lists them all
        logger.info("%s: NOTE: %s Begin with: %s%s. [sse.law_stale]", place, message, ", ".join(keys[:3]), see)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("sse_law_max_age", 24, "env", int)
    app.add_config_value("sse_law_links", {}, "env", dict)
    app.add_role_to_domain("sse", "law", LawRole())
    app.add_directive_to_domain("sse", "laws", LawList)
    app.connect("builder-inited", read_laws, priority=600)  # sphinxcontrib-bibtex has read the sources
    app.connect("env-get-outdated", find_pages_without_new_file)
    app.connect("env-updated", touch_entries_with_new_users)
    app.connect("env-updated", check_laws)
    app.connect("doctree-resolved", add_users)
    app.connect("doctree-resolved", add_tooltips)
    app.setup_extension("shared_doctrees")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
