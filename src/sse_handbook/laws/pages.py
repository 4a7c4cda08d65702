"""Laws as plain nodes that every builder can show: an entry for each, tables, counts. Nothing is decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from textwrap import wrap

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from ..catalogues import N_, _, of_register
from ..domain import SSEDomain
from ..registers.law_words import dated, drawable, in_words, law_name, law_year
from ..registers.laws import Law

# How each relation between two laws reads in an entry.
RELATION_WORDS = {
    "amends": N_("Amends"),
    "amended_by": N_("Amended by"),
    "repeals": N_("Repeals"),
    "repealed_by": N_("Repealed by"),
    "succeeds": N_("Follows"),
    "succeeded_by": N_("Followed by"),
    "implements": N_("Carries out"),
    "implemented_by": N_("Carried out by"),
    "ratifies": N_("Ratifies"),
    "ratified_by": N_("Ratified by"),
    "see_also": N_("See also"),
}
NOT_KNOWN = N_("not known")


class law_later(nodes.General, nodes.Inline, nodes.Element):
    """Stands for what is known only when all pages have been read: who cites a law, how long ago it was checked."""


def law_link(law: Law, docname: str, text: str = "") -> addnodes.pending_xref:
    """A link to the entry of a law, which does not count as citing it."""
    link = addnodes.pending_xref("", nodes.inline("", text), refdomain="sse", reftype="law", reftarget=law.key)
    link.attributes.update(refexplicit=bool(text), refdoc=docname, refwarn=True, check="")
    return link


def joined(parts: Iterable[nodes.Node], between: str = ", ") -> Iterator[nodes.Node]:
    """Nodes with a text between them."""
    for number, part in enumerate(parts):
        if number:
            yield nodes.Text(between)
        yield part


def entry(domain: SSEDomain, law: Law, docname: str, cited: nodes.Node, links: Iterable[nodes.Node]) -> nodes.section:
    """The entry of a law: what it means for home-based workers first, then what a small group needs, then the rest.

    `cited` is the citation of its sources; `links` lead to where it can be corrected, and to its history.
    """
    section = nodes.section(
        "", nodes.title("", law_name(law, always=True), translatable=False), ids=[f"law-{law.key}"], classes=["law"]
    )
    if law.home_based:
        section += nodes.paragraph(
            "", "", nodes.strong("", _("For home-based workers:") + " "), nodes.Text(law.home_based)
        )
    fields = nodes.field_list()
    for name, parts in _lines(domain, law, docname, cited):
        body = nodes.field_body("", nodes.paragraph("", "", *parts))
        # Our own words, which the catalogues of the pages need not hold again.
        fields += nodes.field("", nodes.field_name("", name, translatable=False), body)
    key = nodes.paragraph("", _("Key:") + " ", nodes.literal("", law.key))
    key += [node for link in links for node in (nodes.Text("\xa0· "), link)]
    section += [fields, key]
    return section


def _lines(domain: SSEDomain, law: Law, docname: str, cited: nodes.Node) -> Iterator[tuple[str, list[nodes.Node]]]:
    def text(name: str, *parts: str) -> Iterator[tuple[str, list[nodes.Node]]]:
        said = "; ".join(part for part in parts if part)
        if said:
            yield name, [nodes.Text(said)]

    as_of = (
        ""
        if law.status_as_of in ("", "source not dated")
        else " " + _("(as of {day})").format(day=in_words(law.status_as_of))
    )
    yield from text(_("A small group needs"), law.threshold)
    yield from text(_("It covers"), law.forms)
    yield from text(_("Principles"), of_register(law.principles))
    yield from text(_("Ask"), law.body)
    yield from text(_("Kind"), f"{of_register(law.type)}: {of_register(law.topic)}")
    yield from text(_("For"), f"{of_register(law.level)}: {law.unit}" if law.unit else "")
    yield from text(_("Adopted"), dated(law.adopted, law.adoption))
    yield from text(_("In force"), dated(law.in_force, law.commencement))
    yield from text(_("Status"), f"{of_register(law.status)}{as_of}", law.status_detail)
    yield from text(_("How we know"), of_register(law.evidence), of_register(law.text_access))
    yield _("Last checked"), [law_later(kind="checked", key=law.key)]
    if law.title != law.english:
        marked = [f"language-{law.language}"] if law.language else []
        yield _("Title"), [nodes.inline("", law.title, classes=marked)]
    yield from text(_("Published"), law.gazette)
    read = (
        law.text_language and _("text: {code}").format(code=law.text_language),
        law.translation_language and _("translation: {code}").format(code=law.translation_language),
    )
    yield from text(_("Language read"), *read)
    yield from text(_("Notes"), law.notes)
    yield from text(_("Sources disagree"), *law.disagreements)
    yield from text(_("Not known"), *law.gaps)
    for name, keys in domain.laws.relations.get(law.key, {}).items():
        yield _(RELATION_WORDS[name]), [*joined((law_link(domain.laws.laws[key], docname) for key in keys), "; ")]
    yield _("Sources"), [cited]
    if law.archived:
        copies = (
            nodes.reference("", f"{copy.source}, {in_words(copy.date)}", refuri=copy.url, internal=False)
            for copy in law.archived
        )
        yield _("Copies kept"), [*joined(copies)]
    yield _("Cited on"), [law_later(kind="users", key=law.key)]


def named(domain: SSEDomain, law: Law) -> str:
    """Where a law is made for: the country, and the part of it."""
    name = domain.laws.countries[law.country].name
    return f"{name} ({law.unit})" if law.unit else name


# What a column of a table may show: its heading, and its text.
COLUMNS: dict[str, tuple[str, Callable[[SSEDomain, Law], str]]] = {
    "law": (N_("Law or policy"), lambda domain, law: ""),
    "country": (N_("Country"), named),
    "region": (N_("Region"), lambda domain, law: of_register(domain.laws.countries[law.country].region)),
    "year": (N_("Year"), lambda domain, law: law_year(law) or _(NOT_KNOWN)),
    "type": (N_("Type"), lambda domain, law: of_register(law.type)),
    "topic": (N_("Topic"), lambda domain, law: of_register(law.topic)),
    "status": (N_("Status"), lambda domain, law: of_register(law.status)),
    "adopted": (
        N_("Date"),
        lambda domain, law: dated(law.adopted, law.adoption) or _(NOT_KNOWN),
    ),
    "needs": (N_("A small group needs"), lambda domain, law: law.threshold or _(NOT_KNOWN)),
    "means": (N_("For home-based workers"), lambda domain, law: law.home_based or _(NOT_KNOWN)),
    "forms": (N_("It covers"), lambda domain, law: law.forms or _(NOT_KNOWN)),
    "principles": (N_("Principles of the SSE"), lambda domain, law: of_register(law.principles) or _(NOT_KNOWN)),
    "ask": (N_("Ask"), lambda domain, law: law.body or _(NOT_KNOWN)),
    "evidence": (N_("How we know"), lambda domain, law: of_register(law.evidence)),
    "checked": (N_("Last checked"), lambda domain, law: in_words(law.checked) if law.checked else _("not yet")),
    "newest-source": (N_("Newest source"), lambda domain, law: in_words(law.status_as_of)),
    "disagreements": (N_("Sources disagree"), lambda domain, law: " ".join(law.disagreements)),
    "gaps": (N_("Not known"), lambda domain, law: " ".join(law.gaps)),
}


def law_table(
    domain: SSEDomain, laws: Sequence[Law], docname: str, columns: Sequence[str], caption: str
) -> nodes.table:
    """A table with a row for each law; the first column heads its row."""
    rows: list[list[nodes.Node | str]] = []
    several = "country" not in columns and len({law.country for law in laws}) > 1
    for law in laws:
        text = f"{named(domain, law)}: {law_name(law)}" if several else ""
        cells = (law_link(law, docname, text) if name == "law" else COLUMNS[name][1](domain, law) for name in columns)
        rows.append([*cells])
    return table([_(COLUMNS[name][0]) for name in columns], rows, caption)


def table(headings: Sequence[str], rows: Iterable[Sequence[nodes.Node | str]], caption: str = "") -> nodes.table:
    """A table of texts and inline nodes; its first column heads the rows."""

    def row(cells: Sequence[nodes.Node | str]) -> nodes.row:
        each = (nodes.Text(cell) if isinstance(cell, str) else cell for cell in cells)
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in each))

    specs = [nodes.colspec(colwidth=1, stub=int(not number)) for number in range(len(headings))]
    group = nodes.tgroup("", *specs, nodes.thead("", row(headings)), nodes.tbody("", *map(row, rows)), cols=len(specs))
    title = [nodes.title("", caption)] if caption else []
    return nodes.table("", *title, group, classes=["laws"])


def counts(domain: SSEDomain, laws: Sequence[Law], by: str, across: str, caption: str) -> nodes.table:
    """How many laws have each value of one column, in rows, and of another, in columns; with their sums."""
    pairs = Counter((COLUMNS[by][1](domain, law), COLUMNS[across][1](domain, law)) for law in laws)
    of_rows, of_columns = (Counter[str](), Counter[str]())
    for (row, column), number in pairs.items():
        of_rows[row] += number
        of_columns[column] += number
    columns, names = [name for name, _ in of_columns.most_common()], sorted(of_rows)
    rows = [[name, *(str(pairs[name, column]) for column in columns), str(of_rows[name])] for name in names]
    rows.append([_("All"), *(str(of_columns[column]) for column in columns), str(len(laws))])
    found = table([_(COLUMNS[by][0]), *columns, _("All")], rows, caption)
    found["classes"].append("counts")
    return found


def listed(items: Iterable[nodes.Node]) -> nodes.bullet_list:
    """A list with an item for each inline node."""
    return nodes.bullet_list("", *(nodes.list_item("", nodes.paragraph("", "", item)) for item in items))


def timeline(domain: SSEDomain, laws: Iterable[Law]) -> tuple[list[str], list[str], list[str]]:
    """The years of laws as a chain of boxes: the lines above the description, those below, and the same in words."""
    years: dict[str, list[str]] = {}
    for law in laws:
        years.setdefault(law_year(law), []).append(named(domain, law))
    years.pop("", None)
    said = {year: ", ".join(dict.fromkeys(years[year])) for year in sorted(years)}
    boxes = [f'  Y{year}["{"<br/>".join([f"{year}:", *wrap(drawable(names), 24)])}"]' for year, names in said.items()]
    chain = [f"  {' --> '.join(f'Y{year}' for year in said)}"] if len(said) > 1 else []
    return ["flowchart TB"], [*boxes, *chain], [f"{year}: {names}" for year, names in said.items()]


def bars(domain: SSEDomain, laws: Iterable[Law], by: str) -> tuple[list[str], list[str], list[str]]:
    """How many laws have each value of a column, as bars: given as `timeline` gives the years."""
    number = Counter(COLUMNS[by][1](domain, law) for law in laws).most_common()
    size = f"{{width: 420, height: {60 + 45 * len(number)}, yAxis: {{showLabel: false, showTick: false}}}}"
    colour = '{xyChart: {plotColorPalette: "#5b8db8"}}'
    head = ["---", "config:", f"  xyChart: {size}", f"  themeVariables: {colour}", "---", "xychart-beta horizontal"]
    names = ", ".join(f'"{drawable(name)} {count}"' for name, count in number)
    body = [f"  x-axis [{names}]", f"  bar [{', '.join(str(count) for _, count in number)}]"]
    return head, body, [f"{name}: {count}" for name, count in number]


def setup(app: Sphinx) -> None:
    """The nodes of the pages of laws."""
    app.add_node(law_later)
