"""Write a handbook of any size to measure builds with: always the same text for the same number of pages."""

from __future__ import annotations

import base64
from pathlib import Path

WORDS = """
a group of workers who sew weave or pack at home can save first then join others and decide what to form each
member has one vote the books are open money left over stays in work that helps all we ask our town to buy from
us law and custom differ so read yours before signing any paper training costs time but good records bring loans
"""
TERMS = 60
# MyST asks every domain for every label, C++ too, and the extension does not. That saves more than the extension
# costs, and would hide it: so MyST asks the standard domain alone, on both sides.
ON_BOTH_SIDES = """
html_theme = "basic"
myst_ref_domains = ["std"]
myst_enable_extensions = ["colon_fence"]
"""
WITH = """
extensions = ["myst_parser", "sphinxcontrib.mermaid", "sse_handbook"]
sse_data_dir = "data"
mermaid_output_format = "svg"
mermaid_cmd = "mermaidx -q"
sse_diagram_cache = {cache!r}
"""
WITHOUT = """
import sys

sys.path.insert(0, {here!r})
extensions = ["myst_parser", "sphinxcontrib.mermaid", "stub"]
mermaid_output_format = "raw"
"""
STUB = '''
"""The `sse` directive and role as plain text, so that the same pages build without the extension."""

from docutils import nodes
from sphinx.domains import Domain
from sphinx.util.docutils import SphinxDirective, SphinxRole


class Card(SphinxDirective):
    required_arguments = 1

    def run(self):
        return [nodes.paragraph("", self.arguments[0])]


class Name(SphinxRole):
    def run(self):
        return [nodes.inline("", self.text)], []


class Stub(Domain):
    name, directives, roles = "sse", {"video": Card}, {"video": Name()}

    def resolve_any_xref(self, *arguments):
        return []

    def merge_domaindata(self, docnames, otherdata):
        pass


def setup(app):
    app.add_domain(Stub)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
'''


def youtube_id(number: int) -> str:
    """An id of the right form, a different one for each number."""
    return base64.urlsafe_b64encode((number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8)).decode().rstrip("=")


def diagram(number: int) -> str:
    """One of six diagrams."""
    name, size = f"Diagram {number % 6}", 5 + number % 6
    arrows = [f'  N{each - 1} -->|"step {each}"| N{each}["Part {each} of<br/>{name}"]' for each in range(1, size)]
    lines = ["flowchart TB", f"  accTitle: {name}", f"  accDescr: {name} has {size} parts.", f'  N0["{name}"]', *arrows]
    return "\n".join(["```{mermaid}", *lines, '  click N1 href "#words"', '  click N2 href "#page-0"', "```"])


def page(number: int, pages: int, films: int, picture_every: int) -> str:
    """A page of about 600 words: 12 links to labels, 6 terms, 2 tables, a film as a role and 3 addresses.

    Every fifth page has a film's card too, and every `picture_every`th a diagram, the six in turn.
    """
    vocabulary, steps = WORDS.split(), iter(range(number * 31, 10**9, 7))

    def words(length: int) -> str:
        return " ".join(vocabulary[next(steps) % len(vocabulary)] for _ in range(length))

    def table() -> str:
        rows = [f"| {words(3)} | {words(4)} | {next(steps) % 100} |" for _ in range(5)]
        return "\n".join(["| Form | What it does | Members |", "|---|---|---|", *rows])

    blocks = [f"(page-{number})=\n# Page {number}"]
    for part in range(3):
        blocks.append(f"(page-{number}-{part})=\n## Part {part} of page {number}")
        for step in range(part * 4, part * 4 + 4):  # over all pages, each label is linked to
            to = (number + 1 + step * (step + 1)) % pages
            label = f"page-{to}-{step % 3}" if step % 4 else f"page-{to}"
            blocks.append(f"{words(15)}, as [page {to}](#{label}) says.\n{words(15)}.")
        blocks += [f"{words(6)} {{term}}`word {(number + part * 20 + each) % TERMS}`." for each in (0, 7)]
        blocks += [table()] if part else []
    film, other = number % films, (number + 1) % films
    watch, short = f"https://www.youtube.com/watch?v={youtube_id(film)}&t=20s", f"https://youtu.be/{youtube_id(other)}"
    blocks.append(f"Watch {{sse:video}}`film-{film}`, which is [here]({watch}).\nThen watch [the next one]({short}).")
    blocks.append(f"Read on at [another site](https://example.org/{number}).")
    blocks += [f":::{{sse:video}} film-{other}\n:::"] if number % 5 == 0 else []
    blocks += [diagram(number // picture_every)] if number % picture_every == 0 else []
    return "\n\n".join(blocks) + "\n"


def write_handbook(home: Path, cache: Path, pages: int, picture_every: int = 10) -> None:
    """A handbook in `home/docs`, in folders of 25 pages, and the settings in `home/with` and `home/without`."""
    docs, films = home / "docs", pages // 5 + 6
    folders = [f"part-{first // 25:03}" for first in range(0, pages, 25)]
    contents = "\n".join([f"{folder}/index" for folder in folders] + ["words"])
    files = {docs / "index.md": f"# Handbook\n\n```{{toctree}}\n{contents}\n```\n"}
    for number, folder in enumerate(folders):
        files[docs / folder / "index.md"] = f"# Folder {number}\n\n```{{toctree}}\n:glob:\n\npage-*\n```\n"
    for number in range(pages):
        text = page(number, pages, films, picture_every)
        files[docs / folders[number // 25] / f"page-{number:04}.md"] = text
    terms = "\n\n".join(f"word {each}\n  What the word {each} means." for each in range(TERMS))
    files[docs / "words.md"] = f"(words)=\n# Words\n\n```{{glossary}}\n{terms}\n```\n"
    files[docs / "data" / "videos.yaml"] = "\n".join(
        f"film-{each}:\n  link: https://www.youtube.com/watch?v={youtube_id(each)}&t={each + 1}s\n"
        f"  about: What film {each} shows\n  from: Benchmark, 1 January 2026\n  labels: [Film {each}]\n"
        for each in range(films)
    )
    files[home / "with" / "conf.py"] = WITH.format(cache=str(cache)) + ON_BOTH_SIDES
    files[home / "without" / "conf.py"] = WITHOUT.format(here=str(home / "without")) + ON_BOTH_SIDES
    files[home / "without" / "stub.py"] = STUB
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
