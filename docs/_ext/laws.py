"""Laws on pages: `{sse:law}` links to one, `{sse:laws}` chooses some and shows them as a template of `laws/` says.

The entry of a law has the label `law-KEY`, so that links to it, and what they lead to, are Sphinx's own.
"""

from collections.abc import Collection, Iterable
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from book_checks import BookCheck
from docutils import nodes
from docutils.parsers.rst import directives
from law_changes import find_changes
from law_text import TEMPLATES, group_by_letter, law_name, months_since, templates
from register import Law, Register, read_fields, read_register, read_schema, same_country
from sphinx.addnodes import pending_xref
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
OF_LAW = (*OF_COUNTRY, "type", "topic", "status", "level", "evidence", "finder", "principles", "with")
SHOWS = ["table", "entries", "counts", "summary", "chart", "downloads", "codebook"]
SHOWS += ["countries", "finder", "conventions", "gaps", "neighbours", "changes"]
COUNTRY_PAGES = "countries/"  # each is named by the code of its country, and has the label `country-CODE`
HEADINGS: Any = templates.get_template("headings.jinja").make_module()


def oldest_first(law: Law) -> str:
    """Return what sorts laws by their last check; those never checked come first, by their newest source."""
    source = law.get("status_as_of", "0")
    return f"{law.get('checked', '0')} {source if source[:1].isdigit() else '0'}"


SORTS = {
    "year": lambda law: law.get("adopted") or law.get("in_force") or law["year"] or "9999",
    "checked": oldest_first,
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
    """Return what each option of a list may ask for."""
    rules = read_schema("laws")["properties"] | read_schema("countries")["properties"]
    values = {name: rule.get("enum") or rule.get("items", {}).get("enum", ()) for name, rule in rules.items()}
    more = {"country": book.register.countries, "principles": ["yes", "partly", "no", "not checked"]}
    return values | more | {"with": [*read_fields()], "columns": HEADINGS.columns}


def split_values(text: str | None) -> list[str]:
    return [value.strip() for value in (text or "").split(",") if value.strip()]


def note_files(env: BuildEnvironment, countries: Collection[str]) -> None:
    """Let the page be read again when what the register says of these countries changes."""
    files = [path for path in book.register.files if path.stem in ("countries", *countries) or path.suffix == ".json"]
    for path in (*files, *TEMPLATES.iterdir()):
        env.note_dependency(path)


def make_link(env: BuildEnvironment, kind: str, target: str, text: str) -> pending_xref:
    link = pending_xref("", nodes.inline("", text), refdomain="std", reftype=kind, reftarget=target)
    link.attributes.update(refdoc=env.current_document.docname, refexplicit=True, refwarn=True)
    return link


class LawList(SphinxDirective):
    option_spec: ClassVar = {
        **dict.fromkeys([*OF_LAW, "columns"], split_values),
        **dict.fromkeys(["by", "across"], lambda text: directives.choice(text, [*HEADINGS.counted])),
        "show": lambda text: directives.choice(text, SHOWS),
        "sort": lambda text: directives.choice(text, [*SORTS]),
        "caption": directives.unchanged,
        "filter": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        for option, known in known_values().items():
            asked = () if option == "country" and book.register.broken else self.options.get(option, ())
            for value in sorted({*asked}.difference(known)):
                hint = did_you_mean(value, known) or f" Write one of: {', '.join(sorted(known))}."
                warn(BookCheck.LAW_UNKNOWN, f"`:{option}:` knows no `{value}`.{hint}", *self.get_source_info())
        show = self.options.get("show", "table")
        if show in ("entries", "conventions"):
            self.keep_to_country_of_page()
        countries = choose(book.register.countries, OF_COUNTRY, self.options)
        laws = sorted(choose(book.register.laws, OF_LAW, self.options), key=lambda law: law["country_name"])
        alone = "country" in self.options  # on its own page: what counts today comes first
        sort = self.options.get("sort", "status" if alone else "")
        laws = sorted(laws, key=SORTS[sort]) if sort else laws
        note_files(self.env, [country["country"] for country in countries])
        if show == "entries" and not alone:
            return [self.make_country([*group]) for _key, group in groupby(laws, lambda law: law["country"])]
        if show == "countries":
            parts = [
                self.make_section(f"countries-{letter.lower()}", letter, "letter", countries=group, laws=laws)
                for letter, group in group_by_letter(countries)
            ]
            return [*self.render(show, countries=countries), *parts]
        if show not in ("entries", "conventions"):
            return self.render(show, laws=laws, countries=countries)
        laws = [law for law in laws if (law["type"] == "ratification") == (show == "conventions")]
        return [*self.render(show, laws=laws, countries=countries), *map(self.make_entry, laws)]

    def keep_to_country_of_page(self) -> None:
        """Warn of a country whose entries stand on another page, its own, and take the country of this page for it."""
        here = self.env.current_document.docname.removeprefix(COUNTRY_PAGES)
        hint = f" Write `:country: {here}`, or delete this list." if here in book.register.countries else ""
        for code in self.find_pages() & {*self.options.get("country", ())} - {here}:
            message = f"The entries of `{code}` stand on its own page, `{COUNTRY_PAGES}{code}`.{hint}"
            warn(BookCheck.LAW_UNKNOWN, message, *self.get_source_info())
            self.options["country"] = [] if f"laws-{here}" in self.state.document.nameids else [here]

    def find_pages(self) -> set[str]:
        """Return the codes of the countries that have a page of their own."""
        found = (name.partition(COUNTRY_PAGES) for name in self.env.found_docs)
        return {code for before, _, code in found if code and not before}

    def render(self, template: str, **values: Any) -> list[nodes.Node]:
        """Return what a template makes of these values and of the options: Markdown, parsed as the page is."""
        values |= {"options": self.options, "root": "../" * self.env.current_document.docname.count("/")}
        values["pages"] = self.find_pages()
        text = templates.get_template(f"{template}.md.jinja").render(values)
        found = self.parse_text_to_nodes(text)
        for group in (node for top in found for node in top.findall(nodes.tgroup)):
            next(group.findall(nodes.colspec))["stub"] = 1  # the first cell heads its row
        return found

    def make_country(self, laws: list[Law]) -> nodes.section:
        """Return a section for an area, which has no page, with one for each of its laws."""
        country = book.register.countries[laws[0]["country"]]
        section = self.make_section(f"laws-{country['country']}", country["name"], "country", country=country)
        section += map(self.make_entry, laws)
        return section

    def make_entry(self, law: Law) -> nodes.section:
        entry = self.make_section(f"law-{law['key']}", law_name(law, always=True), "entry", law=law)
        entry["classes"].append("law")
        return entry

    def make_section(self, label: str, heading: str, template: str, **values: Any) -> nodes.section:
        """Return a section with no other name than its label: no address is made of a title, which may change."""
        title = nodes.title(heading, heading)
        self.set_source_info(title)
        section = nodes.section("", title, *self.render(template, **values), ids=[label], names=[label])
        self.state.document.note_explicit_target(section)
        return section


class LawRole(ReferenceRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        register, key = book.register, self.target
        note_files(self.env, [key.lower().partition("-")[0]])
        if key not in register.laws:
            if not register.broken:  # what is wrong has been told, and is what to correct
                source, line = self.get_source_info()
                hint = did_you_mean(key, same_country(key.lower(), register.laws)) or " Add it to the register of laws."
                message = f"No law has the key `{key}`.{hint}"
                warn(BookCheck.LAW_UNKNOWN, message, source, find_line(source, line, key) or line)
            return [nodes.inline(self.rawtext, self.title)], []
        self.env.metadata[self.env.current_document.docname].setdefault("laws_cited", set()).add(key)
        text = self.title if self.has_explicit_title else law_name(register.laws[key])
        link = make_link(self.env, "ref", f"law-{key}", text)
        self.set_source_info(link)
        return [link], []


def find_users(env: BuildEnvironment) -> dict[str, list[str]]:
    """Return which pages cite each law."""
    users: dict[str, list[str]] = {}
    for docname in sorted(env.metadata):
        for key in env.metadata[docname].get("laws_cited", ()):
            users.setdefault(key, []).append(docname)
    return users


class CitedOn(SphinxPostTransform):
    """Add to the entry of a law which pages cite it: that is known only when all pages have been read."""

    default_priority = 5  # before links are resolved

    def run(self, **kwargs: Any) -> None:
        users = {f"law-{key}": docnames for key, docnames in find_users(self.env).items()}
        for section in self.document.findall(nodes.section):
            links: list[nodes.Node] = []
            key = next(filter(users.get, section["names"]), "")
            for docname in sorted({*users.get(key, ())} - {self.env.current_document.docname}):
                links += nodes.Text(", "), make_link(self.env, "doc", f"/{docname}", self.env.titles[docname].astext())
            if links:
                body = nodes.field_body("", nodes.paragraph("", "", *links[1:]))
                *_before, fields = section.findall(nodes.field_list)
                fields += nodes.field("", nodes.field_name("", _("Cited on")), body)


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
    book.users = find_users(app.env)
    templates.globals["sources"] = cite.bibdata.data.entries if cite else {}
    templates.globals |= {"config": app.config, "language": app.config.language.replace("-", "_"), "cites": bool(cite)}
    templates.globals |= {"register": book.register, "fields": read_fields()}
    find_changes(book.register, Path(app.srcdir, "data"))
    for fault in book.register.faults:
        warn(Check.REGISTER, fault.message, fault.path, fault.line)
    if book.register.broken:  # what an entry cites that was left out is not unused
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
    for key in {*book.users, *now}:
        if book.users.get(key) != now.get(key) and f"law-{key}" in labels:
            Path(env.doctreedir, f"{labels[f'law-{key}'][0]}.doctree").touch()


def check_laws(app: Sphinx, env: BuildEnvironment) -> None:
    """`env-updated`: warn of laws without an entry; note, and fail nothing, which are not checked."""
    laws, entries, most = book.register.laws, book.register.entries, app.config.sse_law_max_age
    listed = {key for key in laws if f"law-{key}" in env.domains.standard_domain.anonlabels}
    for key in laws.keys() - listed if listed else ():
        message = f"No page has the entry of `{key}`. Let a page of its country show it: `:show: entries`."
        warn(BookCheck.LAW_UNUSED, message, entries[key].path, entries[key].line())
    old = [law for law in laws.values() if "checked" not in law or months_since(law["checked"]) >= most]
    if old:
        keys = [law["key"] for law in sorted(old, key=oldest_first)]
        message = f"{len(keys)} of {len(laws)} laws were not checked for {most} months, or never."
        message += f" Begin with: {', '.join(keys[:3])}."
        place = f"{entries[keys[0]].path}:{entries[keys[0]].line()}"
        logger.info("%s: NOTE: %s [sse.%s]", place, message, BookCheck.LAW_STALE.name.lower())


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("sse_law_max_age", 24, "env", int)
    app.add_config_value("sse_law_links", {}, "env", dict)
    app.add_role_to_domain("sse", "law", LawRole())
    app.add_directive_to_domain("sse", "laws", LawList)
    app.add_post_transform(CitedOn)
    app.connect("builder-inited", read_laws, priority=600)  # sphinxcontrib-bibtex has read the sources
    app.connect("env-get-outdated", find_pages_without_new_file)
    app.connect("env-updated", touch_entries_with_new_users)
    app.connect("env-updated", check_laws)
    app.connect("doctree-resolved", add_tooltips)
    app.setup_extension("shared_doctrees")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
