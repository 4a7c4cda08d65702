"""Serial, parallel, incremental and repeated builds say the same, each once; and an incremental build writes the same.

Two projects: a small one that holds one of everything, and a copy of the real handbook.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Built, Warned, build

CONF = """
extensions = ["myst_parser", "sphinxcontrib.bibtex", "sphinxcontrib.mermaid", "sse_handbook"]
sse_data_dir = "data"
sse_refuse_reference_links = True
exclude_patterns = ["_*"]
myst_enable_extensions = ["colon_fence"]
bibtex_bibfiles = ["data/sources.bib"]
sse_report_unused = ["label", "term", "source"]
mermaid_output_format = "svg"
mermaid_cmd = "mermaidx -q"
html_theme = "basic"
html_copy_source = False
templates_path = ["_templates"]
"""
# A page's own content and no more. Sphinx does not write a page again when its neighbours change, so their names in
# the navigation grow old in every incremental build, ours or not.
LAYOUT = "<!DOCTYPE html><title>{{ title }}</title>{% block body %}{% endblock %}"
SMALL = {
    "conf.py": CONF,
    "_templates/layout.html": LAYOUT,
    "index.md": """(front)=
# Front

```{toctree}
forms
films
words
diagram
ecosystem
sources
part/steps
part/more
```

See [the front](#front), [](#films), [](#words), [](#diagram), [](#sources), [](#steps), [](#more), [](#ecosystem-page).
""",
    "forms.md": """(forms)=
# Forms

(cooperatives)=
## Cooperatives

A {term}`surplus` and {term}`share`. {sse:video}`umbrella`, <https://youtu.be/b7d-VMscsSA>.
""",
    "films.md": "(films)=\n# Films\n\n```{sse:videos}\n:slide-label: slide-{}\n```\n\n(slide-7)=\n## Slide 7\n",
    "words.md": "(words)=\n# Words\n\n:::{glossary}\nsurplus\n  Money left over.\n\nshare\n  A part.\n:::\n",
    "diagram.md": "(diagram)=\n# Diagram\n\n```{mermaid} drawn.mmd\n```\n",
    "drawn.mmd": """flowchart TB
    accTitle: What to choose
    accDescr: A group may become a cooperative.
    GROUP["Group"] --> COOP["Cooperative"]
    click COOP href "#cooperatives"
    click GROUP href "#steps"
""",
    # A page with the name of a video.
    "ecosystem.md": "(ecosystem-page)=\n# Ecosystem\n\n:::{sse:video} ecosystem\n:::\n\n[](forms.md), {doc}`words`.\n",
    "sources.md": "(sources)=\n# Sources\n\n{cite:p}`hni`\n\n```{bibliography}\n```\n",
    "part/steps.md": """(steps)=
# Steps

[Cooperatives](#cooperatives), [](#forms), {ref}`forms`, {ref}`cooperatives`, [](../forms.md), {doc}`/words`.

{sse:video}`ecosystem`, {sse:video}`a film <umbrella>`
""",
    "part/more.md": "(more)=\n# More\n\n[](steps.md), [text](#cooperatives), {term}`SHARE`.\n",
    "data/sources.bib": "@misc{hni,\n  author = {{HNI}},\n  title = {About},\n  year = {2023},\n}\n",
    "data/videos.yaml": """umbrella:
  link: https://www.youtube.com/watch?v=gBKYf4qt1vw&t=19s
  about: Why an umbrella
  from: A webinar
  slides: [7]
ecosystem:
  link: https://www.youtube.com/watch?v=b7d-VMscsSA
  about: The network
  from: A webinar
""",
}


class Project:
    """A project's sources, to edit and to build."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.source, self.folder, self.cache = folder / "docs", folder, cache

    def build(self, output: str = "build", builder: str = "html", jobs: int = 1) -> Built:
        return build(self.source, self.folder / output, builder, jobs, sse_diagram_cache=str(self.cache))

    def write(self, name: str, text: str) -> None:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.source / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def add(self, name: str, text: str) -> None:
        path = self.source / name
        self.write(name, f"{path.read_text(encoding='utf-8') if path.exists() else ''}{text}")

    def delete(self, name: str) -> None:
        (self.source / name).unlink()


@pytest.fixture
def small(tmp_path: Path, diagram_cache: Path) -> Project:
    project = Project(tmp_path, diagram_cache)
    for name, text in SMALL.items():
        project.write(name, text)
    return project


@pytest.fixture
def real(handbook_copy: Callable[..., Built], tmp_path: Path, diagram_cache: Path) -> Project:
    return Project(tmp_path, diagram_cache)  # the fixture has made the copy


def findings(built: Built) -> Counter[Warned]:
    """What our extension said, notes included, and how often."""
    return Counter(each for each in (*built.warnings, *built.notes) if each.type.startswith("sse."))


def faults(built: Built) -> Counter[Warned]:
    return Counter(each for each in built.warnings if each.type.startswith("sse."))


def written(built: Built) -> dict[str, str]:
    return {
        path.relative_to(built.output).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(built.output.rglob("*.html"))
        if "_static" not in path.parts
    }


def differing(pages: dict[str, str], clean: dict[str, str]) -> dict[str, list[str]]:
    """The lines that pages lack of what a clean build makes them.

    A page that is gone stays where it was built until somebody deletes it: Sphinx's way.
    """
    return {
        name: [line[:500] for line in text.splitlines() if line not in pages.get(name, "").splitlines()]
        for name, text in clean.items()
        if pages.get(name) != text
    }


def spoil_small(project: Project) -> None:
    project.change("ecosystem.md", ":::{sse:video} ecosystem", ":::{sse:video} ecosytem")
    project.add("part/more.md", "\n<https://youtu.be/gBKYf4qt1v>, and <https://youtu.be/SD38MXu8m54>.\n")
    project.change("forms.md", "(cooperatives)=", "(cooperative-forms)=")
    project.change("part/more.md", "{term}`SHARE`", "{term}`shaer`")
    project.change("drawn.mmd", "click GROUP", "click GROUPS")
    project.delete("words.md")
    project.change("index.md", "words\n", "")
    project.add("data/videos.yaml", "umbrella:\n  link: https://youtu.be/gBKYf4qt1vw\n  about: Again\n  from: Us\n")
    project.add("data/silenced.yaml", "one: [\n")
    project.change("sources.md", "{cite:p}`hni`", "{cite:p}`hin`")
    project.add("part/steps.md", "\n[text][apart]\n\n[apart]: #forms\n")


def spoil_videos(project: Project) -> None:
    project.change("data/videos.yaml", "about: Why", "about: : Why")


def spoil_real(project: Project) -> None:
    project.add("organise/first-steps.md", "\n{sse:video}`ecosytem`, <https://youtu.be/gBKYf4qt1v>\n")
    label = "(study)="
    project.change("organise/study.md", label, "(the-study)=")
    project.delete("ecosystem/finance.md")
    project.add("organise/study.md", "\n(nobody-links-here)=\n\n## Left over\n\n{term}`cooperatve`\n")
    project.change("diagrams/ecosystem.mmd", "click ", 'click NOBODY href "#finance"\n    click ')
    text = (project.source / "data/videos.yaml").read_text(encoding="utf-8")
    project.write("data/videos.yaml", f"{text}\n{text[text.index('ecosystem:') :]}")
    project.add("data/silenced.yaml", "one: [\n")


@pytest.mark.parametrize(
    ("name", "spoil", "checks"),
    [
        (
            "small",
            spoil_small,
            "video_address video_unregistered xref_missing diagram_link label_unused register link_style source_unused",
        ),
        ("small", spoil_videos, "register"),
        ("real", spoil_real, "video_address xref_missing diagram_link label_unused register"),
    ],
    ids=["small", "register", "real"],
)
def test_every_way_to_build_says_the_same_once(
    name: str, spoil: Callable[[Project], None], checks: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    project: Project = request.getfixturevalue(name)
    good = project.build("incremental")
    assert faults(good) == Counter()
    shutil.copytree(project.source, tmp_path / "kept")
    spoil(project)
    incremental, again = project.build("incremental"), project.build("incremental")
    serial, parallel = project.build("serial"), project.build("parallel", jobs=2)
    found = findings(serial)
    assert {f"sse.{check}" for check in checks.split()} <= {each.type for each in found}
    assert set(found.values()) == {1}
    assert findings(parallel) == found
    assert findings(incremental) == found
    assert findings(again) == found

    # Mended, it is silent again, and every page is what it was.
    for path in sorted((tmp_path / "kept").rglob("*")):
        target = project.source / path.relative_to(tmp_path / "kept")
        if path.is_file() and (not target.exists() or target.read_bytes() != path.read_bytes()):
            project.write(str(path.relative_to(tmp_path / "kept")), path.read_text(encoding="utf-8"))
    for path in list(project.source.rglob("*")):
        if path.is_file() and not (tmp_path / "kept" / path.relative_to(project.source)).exists():
            path.unlink()
    mended = project.build("incremental")
    assert findings(mended) == findings(good)
    assert mended.warnings == []


def add_a_page(project: Project) -> None:
    project.write("part/new.md", "(new)=\n# New\n\n{sse:video}`umbrella`, {term}`share`, [](#forms).\n")
    project.change("index.md", "part/more\n", "part/more\npart/new\n")


def delete_a_page(project: Project) -> None:
    project.delete("part/more.md")
    project.change("index.md", "part/more\n", "")


def delete_a_page_that_others_name(project: Project) -> None:
    project.delete("forms.md")
    project.change("index.md", "forms\n", "")


def rename_a_page(project: Project) -> None:
    (project.source / "forms.md").rename(project.source / "part/all-forms.md")
    project.change("index.md", "forms\n", "part/all-forms\n")


def move_a_label(project: Project) -> None:
    project.change("forms.md", "(cooperatives)=\n", "")
    project.add("part/more.md", "\n(cooperatives)=\n## Cooperatives\n")


def rename_a_label(project: Project) -> None:
    project.change("forms.md", "(cooperatives)=", "(co-operatives)=")


def retitle_a_heading(project: Project) -> None:
    """Its label is linked to without a text, and its page uses a film."""
    project.change("forms.md", "# Forms", "# All the forms")


def move_a_term(project: Project) -> None:
    project.change("words.md", "\nshare\n  A part.\n", "")
    project.add("forms.md", "\n:::{glossary}\nshare\n  A part.\n:::\n")


def move_the_list_of_films(project: Project) -> None:
    project.change("films.md", "```{sse:videos}\n:slide-label: slide-{}\n```\n", "")
    project.add("words.md", "\n```{sse:videos}\n:slide-label: slide-{}\n```\n")


def take_the_list_of_films_away(project: Project) -> None:
    project.change("films.md", "```{sse:videos}\n:slide-label: slide-{}\n```\n", "")


def touch_a_page_with_the_name_of_a_film(project: Project) -> None:
    """And one that links to that film."""
    project.add("ecosystem.md", "\nMore.\n")
    project.add("part/steps.md", "\nMore.\n")


def use_a_film_elsewhere(project: Project) -> None:
    project.add("part/more.md", "\n<https://youtu.be/gBKYf4qt1vw>\n")


def add_a_film(project: Project) -> None:
    project.add(
        "data/videos.yaml",
        "third:\n  link: https://youtu.be/SD38MXu8m54\n  about: A third\n  from: Us\n  slides: [8]\n",
    )


def remove_a_film(project: Project) -> None:
    text = SMALL["data/videos.yaml"]
    project.write("data/videos.yaml", text[: text.index("ecosystem:")])


def rename_a_film(project: Project) -> None:
    project.change("data/videos.yaml", "ecosystem:", "network:")


def say_something_else_of_a_film(project: Project) -> None:
    project.change("data/videos.yaml", "The network", "The whole network")


def delete_the_register(project: Project) -> None:
    project.delete("data/videos.yaml")


def break_the_register(project: Project) -> None:
    project.add("data/videos.yaml", "[")


def change_a_diagram(project: Project) -> None:
    project.change("drawn.mmd", 'click GROUP href "#steps"', 'click GROUP href "#more"')


def rename_the_label_of_a_diagram(project: Project) -> None:
    project.change("part/steps.md", "(steps)=", "(next-steps)=")


def change_a_source(project: Project) -> None:
    project.change("data/sources.bib", "@misc{hni,", "@misc{hni-about,")


def silence_something(project: Project) -> None:
    project.change("part/more.md", "{term}`SHARE`", "{term}`shaer`")
    project.write(
        "data/silenced.yaml",
        "one:\n  check: xref_missing\n  file: part/*.md\n  because: It comes next week\n  until: 2999-12-31\n",
    )


EDITS = [
    add_a_page,
    delete_a_page,
    delete_a_page_that_others_name,
    rename_a_page,
    move_a_label,
    rename_a_label,
    retitle_a_heading,
    move_a_term,
    move_the_list_of_films,
    take_the_list_of_films_away,
    touch_a_page_with_the_name_of_a_film,
    use_a_film_elsewhere,
    add_a_film,
    remove_a_film,
    rename_a_film,
    say_something_else_of_a_film,
    delete_the_register,
    break_the_register,
    change_a_diagram,
    rename_the_label_of_a_diagram,
    change_a_source,
    silence_something,
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_an_incremental_build_is_a_clean_build(edit: Callable[[Project], None], small: Project) -> None:
    before = written(small.build("incremental"))
    edit(small)
    incremental, clean = small.build("incremental"), small.build("clean")
    assert findings(incremental) == findings(clean)
    assert differing(written(incremental), written(clean)) == {}

    # And back again.
    for name, text in SMALL.items():
        if not (small.source / name).exists() or (small.source / name).read_text(encoding="utf-8") != text:
            small.write(name, text)
    for path in [path for path in small.source.rglob("*") if path.is_file()]:
        if path.relative_to(small.source).as_posix() not in SMALL:
            path.unlink()
    back = small.build("incremental")
    assert faults(back) == Counter()
    assert differing(written(back), before) == {}


def test_builders_that_share_their_doctrees(small: Project) -> None:
    """As in the usual Makefile: what one builder has seen is still news to the other."""

    def make(builder: str) -> Built:
        # `build` keeps the doctrees of each builder apart; a link makes them one.
        small.folder.joinpath("build/doctrees").mkdir(parents=True, exist_ok=True)
        small.folder.joinpath("build/doctrees/one").mkdir(exist_ok=True)
        link = small.folder / "build/doctrees" / builder
        if not link.exists():
            link.symlink_to("one", target_is_directory=True)
        return small.build("build", builder)

    make("html")
    move_a_label(small)
    use_a_film_elsewhere(small)
    make("text")
    assert differing(written(make("html")), written(small.build("clean"))) == {}
