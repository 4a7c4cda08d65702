"""Lists of laws on pages: `{sse:laws}` chooses from the register, and shows what it chose."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from ..catalogues import _, of_register
from ..citations import citation
from ..domain import SSEDomain
from ..registers.law_words import drawable, law_name, law_year, oldest_first
from ..registers.laws import Country, Law
from . import data, pages
from .pages import COLUMNS, law_later

# What a list may ask for, and what of a country or of a law answers.
OF_COUNTRY: dict[str, Callable[[Country], str]] = {
    "country": lambda country: country.key,
    "region": lambda country: country.region,
    "subregion": lambda country: country.subregion,
}
OF_LAW: dict[str, Callable[[Law], Sequence[str]]] = {
    "type": lambda law: [law.type],
    "topic": lambda law: [law.topic],
    "status": lambda law: [law.status],
    "level": lambda law: [law.level],
    "evidence": lambda law: [law.evidence],
    "finder": lambda law: law.finder,
    "principles": lambda law: law.principles.split(" (")[0].split(" [")[:1],
    "with": lambda law: [each.name for each in fields(law) if getattr(law, each.name)],
}
SORTS: dict[str, Callable[[Law], str]] = {
    "year": lambda law: law.adopted or law.in_force or law_year(law) or "9999",
    "checked": oldest_first,
}
SHOWS = ["table", "entries", "counts", "summary", "chart", "timeline", "countries", "downloads", "codebook"]
DEFAULTS: dict[str, Any] = {
    "show": "table",
    "columns": ["law", "status", "needs"],
    "by": "region",
    "across": "type",
    "caption": "",
}
# What names each law.
NAMING = ("table", "countries")
# Where a law stands in its file is nothing that a reader sees.
UNSEEN = {"path", "line", "lines"}


@dataclass(frozen=True)
class View:
    """A list on a page: what it asks for, what it then showed (see `state`), and where it stands."""

    asked: dict[str, Any]
    state: str
    path: str
    line: int


def values(text: str | None) -> list[str]:
    """The values of an option, parted by commas."""
    return [each.strip() for each in (text or "").split(",") if each.strip()]


def scope(domain: SSEDomain, options: dict[str, Any]) -> list[Country]:
    """The countries that a list may show, by name."""
    known = domain.laws.countries
    # A page of one country looks at no other: else all pages together look at each country as often as there are pages.
    named = [key for key in dict.fromkeys(options.get("country", known)) if key in known]
    asked = [(of, options[name]) for name, of in OF_COUNTRY.items() if name in options]
    fitting = (known[key] for key in named if all(of(known[key]) in wanted for of, wanted in asked))
    return sorted(fitting, key=lambda country: country.name)


def choose(domain: SSEDomain, options: dict[str, Any]) -> list[Law]:
    """The laws that have one of the values of each option, by the name of their country or as `sort` says."""
    asked = [(of, {*options[name]}) for name, of in OF_LAW.items() if name in options]
    inside = (law for country in scope(domain, options) for law in domain.laws_of.get(country.key, ()))
    laws = [law for law in inside if all(wanted.intersection(of(law)) for of, wanted in asked)]
    return sorted(laws, key=SORTS[options["sort"]]) if "sort" in options else laws


def state(domain: SSEDomain, asked: dict[str, Any]) -> str:
    """A short text that changes when what a list shows does, and only then."""
    seen: list[object] = [_seen(domain, law, asked) for law in choose(domain, asked)]
    if asked["show"] == "countries":
        seen += [(each.name, each.search, each.search_note) for each in scope(domain, asked)]
    return hashlib.blake2b(repr(seen).encode(), digest_size=12).hexdigest()


def _seen(domain: SSEDomain, law: Law, asked: dict[str, Any]) -> list[object]:
    """What a list shows of a law."""
    country = domain.laws.countries[law.country]
    if asked["show"] == "entries":
        fully = [getattr(law, each.name) for each in fields(law) if each.name not in UNSEEN]
        return [*fully, country.name, country.note, domain.laws.relations.get(law.key)]
    columns = {
        "table": asked["columns"],
        "counts": [asked["by"], asked["across"]],
        "chart": [asked["by"]],
        "summary": ["country", "status"],
        "timeline": ["country", "year"],
    }.get(asked["show"], [])
    named = [law.key, country.name, country.region, law.unit, law_name(law)] if asked["show"] in NAMING else []
    return [*named, *(COLUMNS[name][1](domain, law) for name in columns if name in COLUMNS)]


def outdated(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """`env-get-outdated`: the pages with a list that would show something else now."""
    domain = SSEDomain.of(env)
    views: dict[str, list[View]] = domain.data["law_views"]
    return [name for name, lists in views.items() if any(state(domain, each.asked) != each.state for each in lists)]


class LawList(SphinxDirective):
    """`{sse:laws}`: laws of the register, chosen by its options and shown as `:show:` says."""

    option_spec: ClassVar = {
        **dict.fromkeys([*OF_COUNTRY, *OF_LAW, "columns"], values),
        **dict.fromkeys(["by", "across"], lambda text: directives.choice(text, [*COLUMNS])),
        "show": lambda text: directives.choice(text, SHOWS),
        "sort": lambda text: directives.choice(text, [*SORTS]),
        "caption": directives.unchanged,
        "filter": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        self.domain, self.docname = SSEDomain.of(self.env), self.env.current_document.docname
        self.asked: dict[str, Any] = DEFAULTS | self.options
        view = View(self.asked, state(self.domain, self.asked), self.get_source_info()[0], self.lineno)
        self.domain.data["law_views"].setdefault(self.docname, []).append(view)
        self.laws = choose(self.domain, self.asked)
        shown = [*getattr(self, f"show_{self.asked['show']}")()]
        for table in (each for top in shown for each in top.findall(nodes.table)):
            for caption in table.findall(nodes.title):
                self.set_source_info(caption)  # Sphinx translates what stands on a page
        return shown

    def show_entries(self) -> Iterator[nodes.Node]:
        """A section for each country, with an entry for each of its laws."""
        self.domain.note_law_entries(self.docname, [law.key for law in self.laws])
        for key, laws in groupby(self.laws, key=lambda law: law.country):
            country = self.domain.laws.countries[key]
            section = nodes.section("", nodes.title("", country.name, translatable=False), ids=[f"laws-{key}"])
            section += [nodes.paragraph("", country.note)] if country.note else []
            section += [pages.entry(self.domain, law, self.docname, self.cite(law), self.links(law)) for law in laws]
            yield section

    def cite(self, law: Law) -> nodes.Node:
        return citation(self.env, self.docname, law.sources, self.lineno)

    def links(self, law: Law) -> Iterator[nodes.Node]:
        """The way to correct an entry and to its history, where the project has an address for them."""
        for what, words in (("correct", _("Send a correction")), ("history", _("History"))):
            if what in self.config.sse_law_links:
                address = self.config.sse_law_links[what].format(key=law.key, country=law.country)
                yield nodes.reference("", words, refuri=address, internal=False)

    def show_table(self) -> Iterator[nodes.Node]:
        """A row for each law."""
        columns = [name for name in self.asked["columns"] if name in COLUMNS] or DEFAULTS["columns"]
        table = pages.law_table(self.domain, self.laws, self.docname, columns, self.asked["caption"])
        if "filter" in self.asked:
            self.env.metadata[self.docname]["sse_laws"] = "filter"
            table["classes"].append("law-filter")
            body = next(table.findall(nodes.tbody))
            for row, law in zip(body.findall(nodes.row), self.laws, strict=True):
                row["classes"].append(of_register(self.domain.laws.countries[law.country].region))
        yield table if self.laws else nodes.paragraph("", _("The register has none."), translatable=False)

    def show_counts(self) -> Iterator[nodes.Node]:
        """How many there are, in a table."""
        columns = self.asked["by"], self.asked["across"]
        yield pages.counts(self.domain, self.laws, *columns, self.asked["caption"])

    def show_summary(self) -> Iterator[nodes.Node]:
        """How many there are, in a sentence."""
        statuses = Counter(law.status for law in self.laws).most_common()
        none = _("no law found")
        which = ", ".join(f"{number} {none if each == 'none' else of_register(each)}" for each, number in statuses)
        countries = len({law.country for law in self.laws})
        said = _("{laws} laws and policies, of {countries} countries and areas: {which}.")
        yield nodes.paragraph(
            "", said.format(laws=len(self.laws), countries=countries, which=which), translatable=False
        )

    def show_countries(self) -> Iterator[nodes.Node]:
        """What is known of each country, and whether anybody searched where nothing is."""
        found = {key: [*laws] for key, laws in groupby(self.laws, key=lambda law: law.country)}
        rows: list[list[nodes.Node | str]] = []
        for country in scope(self.domain, self.asked):
            laws = [pages.law_link(law, self.docname) for law in found.get(country.key, ())]
            searched = {
                "": "" if laws else _("no search is recorded"),
                "nothing usable": _("searched without a usable result"),
            }
            words = ": ".join(
                filter(None, (searched.get(country.search, of_register(country.search)), country.search_note))
            )
            rows.append([country.name, nodes.inline("", "", *pages.joined(laws, "; ")), words])
        yield pages.table([_("Country or area"), _("Laws and policies"), _("Search")], rows, self.asked["caption"])

    def show_timeline(self) -> Iterator[nodes.Node]:
        """The years, oldest first, with the countries of each."""
        yield from self.draw(*pages.timeline(self.domain, self.laws))

    def show_chart(self) -> Iterator[nodes.Node]:
        """Bars: how many laws have each value of a column."""
        yield from self.draw(*pages.bars(self.domain, self.laws, self.asked["by"]))

    def draw(self, head: list[str], body: list[str], words: list[str]) -> Iterator[nodes.Node]:
        """A diagram made from the register, and the same in words; words alone where the project has no Mermaid."""
        if "mermaid_svg" not in self.config.extensions or not words:
            yield pages.listed(map(nodes.Text, words))
            return
        title = self.asked["caption"] or _("From the register of laws")
        lines = ["```{mermaid}", f":caption: {title}", ":text: |", *(f":  {line}" for line in words), *head]
        lines += (f"  {name}: {drawable(text)}" for name, text in (("accTitle", title), ("accDescr", "; ".join(words))))
        yield from self.parse_text_to_nodes("\n".join([*lines, *body, "```"]))

    def show_downloads(self) -> Iterator[nodes.Node]:
        """Links to the register as data, where the project publishes it."""
        files = data.FILES if self.config.sse_law_package else {}
        lines = (
            [law_later(kind="file", key=name), nodes.Text(f": {of_register(about)}")] for name, about in files.items()
        )
        yield pages.listed(nodes.inline("", "", *line) for line in lines)

    def show_codebook(self) -> Iterator[nodes.Node]:
        """What each field of the data means."""
        headings = [_("Field"), _("What it means"), _("Values")]
        table = pages.table(headings, data.codebook(), self.asked["caption"])
        table["classes"].append("codebook")
        yield table


def setup(app: Sphinx) -> None:
    """Entries, tables and charts of laws."""
    app.add_config_value("sse_law_max_age", 24, "", int)
    app.add_config_value("sse_law_links", {}, "env", dict)
    app.add_directive_to_domain("sse", "laws", LawList)
    app.connect("env-get-outdated", outdated)
