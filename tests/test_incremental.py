"""Fresh, parallel and repeated builds say the same, each thing once; after an ordinary edit, pages are right again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Built, build, write_files

FILES = {
    "conf.py": """
extensions = ["myst_parser", "sse_handbook.bibliography", "sse_handbook"]
bibtex_bibfiles = ["sources.bib"]
sse_data_dir = "data"
sse_report_unused = ["label", "term", "source"]
myst_enable_extensions = ["colon_fence"]
html_theme = "basic"
project = copyright = version = "A book"
""",
    "index.md": """(front)=
# Front

:::{toctree}
forms
words
part/steps
part/more
part/plain
:::

[](#front), [](#forms), [](#words), [](#steps), [](#more), {cite:p}`hni`

:::{bibliography}
:::
""",
    "forms.md": "(forms)=\n# Forms\n\n(cooperatives)=\n## Cooperatives\n\n{term}`surplus`, {sse:video}`umbrella`\n",
    "words.md": "(words)=\n# Words\n\n:::{glossary}\nsurplus\n  Money left over.\n:::\n\n:::{sse:videos}\n:::\n",
    "part/steps.md": "(steps)=\n# Steps\n\n[Here](#cooperatives), {ref}`forms`, [](../forms.md), {doc}`/words`\n",
    "part/more.md": "(more)=\n# More\n\n[The steps](steps.md), {term}`SURPLUS`\n",
    "part/plain.rst": "Plain\n=====\n\nSee :ref:`steps`.\n",
    "sources.bib": "@misc{hni,\n  author = {{HNI}},\n  title = {About},\n  year = {2023},\n}\n",
    "data/videos.yaml": "umbrella:\n  link: https://youtu.be/gBKYf4qt1vw\n  about: Why\n  from: A webinar\n",
}
# What is wrong after `spoil`: file, line, kind.
WRONG = {
    ("part/steps.md", 4, "xref_missing"),
    ("part/steps.md", 7, "xref_missing"),
    ("part/more.md", 4, "xref_missing"),
    ("part/more.md", 6, "xref_missing"),
    ("part/more.md", 9, "xref_missing"),
    ("part/more.md", 13, "xref_missing"),
    ("part/more.md", 15, "video_address"),
    *(("part/plain.rst", line, "xref_missing") for line in (4, 5, 6)),
    ("part/plain.rst", 7, "video_address"),
    ("words.md", 5, "term_unused"),
    ("sources.bib", 1, "source_unused"),
    ("data/videos.yaml", 1, "video_unused"),
}


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder, self.source = folder, write_files(folder / "docs", FILES)

    def write(self, name: str, text: str) -> None:
        write_files(self.source, {name: text})

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.source / name).read_text(encoding="utf-8")
        self.write(name, text.replace(old, new))
        assert old in text

    def build(self, output: str, builder: str = "html", jobs: int = 1) -> Built:
        return build(self.source, self.folder / output, builder, jobs)

    def spoil(self) -> None:
        self.change("forms.md", "(cooperatives)=", "(co-ops)=")
        self.change("forms.md", "{term}`surplus`, {sse:video}`umbrella`", "Nothing.")
        self.change("index.md", "{cite:p}`hni`", "")
        lines = "[one](#cooperatves)\n[two](#co-ops)\n\n{doc}`/wrods`\n"
        self.write("part/steps.md", f"(steps)=\n# Steps\n\n{lines}\n{{ref}}`forms`, [](../forms.md)\n")
        lines = "[one](#cooperatves)\n\n{cite:p}`hin`\n\n\n{term}`profit`\n"
        more = "[a page](setps.md)\n\n<https://youtu.be/gBKYf4qt1v>\n"
        self.write("part/more.md", f"(more)=\n# More\n\n{lines}\n{{doc}}`/words`\n\n{more}")
        lines = ":ref:`stpes`\n:term:`profit`\n:doc:`onee`\nhttps://youtu.be/gBKYf4qt1v\n"
        self.write("part/plain.rst", f"Plain\n=====\n\n{lines}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def links(built: Built) -> dict[str, list[str]]:
    """Return where the links of each page lead, without its menus: they are only as new as the page."""
    found = {}
    for path in built.output.rglob("*.html"):
        body = path.read_text(encoding="utf-8").partition('role="main"')[2].partition('class="sphinxsidebar"')[0]
        found[path.name] = re.findall(r'class="reference internal" href="([^"]*)', body)
    return found


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("builder", ["dummy", "html", "epub", "latex", "gettext"])
def test_a_fresh_build_tells_each_fault_once_on_its_line(project: Project, builder: str, jobs: int) -> None:
    assert project.build("good", builder, jobs).warnings == []
    project.spoil()
    for _time in "once", "again":  # where nothing has changed, pages with faults are read again
        warned = project.build("spoilt", builder, jobs).warnings
        assert Counter((each.file, each.line, each.type) for each in warned) == Counter(
            (file, line, f"sse.{check}") for file, line, check in WRONG
        )
    write_files(project.source, FILES)
    assert project.build("spoilt", builder, jobs).warnings == []
    assert project.build("spoilt", builder, jobs).read == set()


def change_a_page(project: Project) -> None:
    project.change("part/more.md", "[The steps](steps.md)", "[The forms](#forms) and [steps](#steps)")


def add_a_page(project: Project) -> None:
    project.write("part/new.md", "(new)=\n# New\n\n{term}`surplus`, [](#forms)\n")
    project.change("index.md", "part/more\n", "part/more\npart/new\n")
    project.change("part/more.md", "[The steps](steps.md)", "[The new](#new)")


def delete_a_page(project: Project) -> None:
    (project.source / "part/more.md").unlink()
    project.change("index.md", "part/more\n", "")
    project.change("index.md", ", [](#more)", "")


def move_a_label(project: Project) -> None:
    project.change("forms.md", "(cooperatives)=\n", "")
    project.change("words.md", "(words)=\n", "(cooperatives)=\n(words)=\n")
    project.change("part/steps.md", "[Here]", "[There]")


def change_a_source(project: Project) -> None:
    project.change("sources.bib", "About", "About us")


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("edit", [change_a_page, add_a_page, delete_a_page, move_a_label, change_a_source])
def test_pages_are_right_after_an_edit(project: Project, edit: Callable[[Project], None], jobs: int) -> None:
    project.build("again", jobs=jobs)
    edit(project)
    again, fresh = project.build("again", jobs=jobs), project.build("fresh")
    assert again.warnings == []
    assert fresh.warnings == []
    right, found = links(fresh), links(again)
    assert sum(map(len, right.values())) > 10
    assert {name: found[name] for name in right} == right


@pytest.mark.parametrize("name", ["part/a.md", "part/z.md"])
def test_a_copied_page_that_gets_its_own_label_leaves_the_first_its_own(project: Project, name: str) -> None:
    project.build("again")
    project.write(name, f"---\norphan: true\n---\n{FILES['part/steps.md']}")
    assert [each.type for each in project.build("again").warnings] == ["sse.label_duplicate"]
    project.change(name, "(steps)=", "(new)=")
    project.change("index.md", "[](#more)", "[](#more), [](#new)")
    again, fresh = project.build("again"), project.build("fresh")
    assert again.warnings == fresh.warnings == []
    assert links(again) == links(fresh)


def test_what_an_edit_breaks_is_told_on_the_page_that_is_read_again(project: Project) -> None:
    project.build("again")
    project.change("part/steps.md", "#cooperatives", "#cooperatves")
    warned = {(each.file, each.line, each.type) for each in project.build("again").warnings}
    assert warned == {("part/steps.md", 4, "sse.xref_missing"), ("forms.md", 4, "sse.label_unused")}
    project.change("part/steps.md", "#cooperatves", "#cooperatives")
    assert project.build("again").warnings == []
    project.change("data/videos.yaml", "about: Why", "abouts: Why")
    for _time in "once", "as long as it is so":  # the list is not read again
        assert [each.type for each in project.build("again").warnings] == ["sse.register"]
    project.change("data/videos.yaml", "abouts: Why", "about: Why")
    assert project.build("again").warnings == []
