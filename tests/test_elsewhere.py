"""The extension in other people's projects: switched on and not configured, it tells nothing false and changes nothing.

Each project is built without and with it: the same warnings, and byte for byte the same files.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from conftest import Built, build, write_files

CONF = """
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
project = "Elsewhere"
author = copyright = "Somebody"
version = release = "1.0"
today = "1 January"
numfig = True
html_theme = "alabaster"
nitpick_ignore = {("py:class", "Unknown"), ("std:ref", "ignored-label"), ("myst", "ignored-label")}
nitpick_ignore_regex = [("std:doc", r"generated/.*"), ("(std:)?ref|myst", "made-.*")]
"""
ANSWERS = """
from docutils import nodes

def answer(app, env, node, contnode):
    # What intersphinx does, for one invented project.
    if node["reftarget"] in ("far-label", "far/page", "far.function"):
        text = contnode.children[0] if node.get("refexplicit") else nodes.Text(node["reftarget"])
        return nodes.reference("", "", nodes.inline("", "", text.deepcopy()), refuri="https://example.org/far")

def setup(app):
    app.connect("missing-reference", answer)
"""
# The pages of each project stand in `elsewhere/`: here is what is Python.
PROJECTS = {
    "rst": ["sphinx.ext.autodoc", "sphinx.ext.autosectionlabel", "sphinx.ext.viewcode"],
    "myst": ["myst_parser", "sphinxcontrib.youtube"],
}
FILES = {
    "rst/conf.py": CONF + ANSWERS,
    "rst/package.py": '''
class Shelf:
    """A shelf, as :py:class:`Shelf` and :func:`far.function` know it; see :ref:`start` and :term:`Heap`.

    :param width: in metres, see :doc:`/guide/install`
    """

    def fill(self, books: "list[str]") -> "Unknown":
        """Fill it; a video is at https://www.youtube.com/watch?v=gBKYf4qt1vw for those who read on."""
''',
    "myst/conf.py": CONF
    + """
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath", "substitution", "tasklist"]
myst_heading_anchors = 2
myst_substitutions = {"shelf": "a **shelf** with [a label](#start)"}
""",
}
# What names every extension of a project, whatever it does: the index for the search, and XML's prefixes.
NAMES = re.compile(rb',"sse_handbook":\d+|,"(?:sse:)?\w+":"sse[:\w]*"| xmlns:sse="[^"]*"')


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix the date; and whoever asks the network, as sphinxcontrib-youtube does for LaTeX, meets a closed port."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def read(built: Built) -> dict[str, bytes]:
    """Return every file that was built; the parts of an EPUB stand beside it."""
    return {
        path.relative_to(built.output).as_posix(): NAMES.sub(b"", path.read_bytes())
        for path in sorted(built.output.rglob("*"))
        if path.is_file() and path.suffix != ".epub" and path.name != ".buildinfo"
    }


@pytest.mark.parametrize("builder", ["dummy", "html", "epub", "latex"])
@pytest.mark.parametrize("project", PROJECTS)
def test_it_tells_nothing_and_changes_nothing(project: str, builder: str, tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parent / "elsewhere", tmp_path, dirs_exist_ok=True)
    source, extensions = write_files(tmp_path, FILES) / project, PROJECTS[project]
    bare = build(source, tmp_path / "without", builder, extensions=extensions)
    for order in ([*extensions, "sse_handbook"], ["sse_handbook", *extensions]):
        ours = build(source, tmp_path / order[0], builder, extensions=order)
        assert set(ours.raw_warnings.splitlines()) == set(bare.raw_warnings.splitlines())
        assert read(ours) == read(bare)


def test_pages_in_another_encoding_are_read(tmp_path: Path) -> None:
    """Sphinx gives `source_encoding` up with version 10; until then such projects exist."""
    source = write_files(tmp_path / "source", {"conf.py": 'source_encoding = "latin-1"\n'})
    (source / "index.rst").write_bytes("Élan\n====\n".encode("latin-1"))
    built = build(source, tmp_path, extensions=["sse_handbook"])
    assert "[sse." not in built.raw_warnings
    assert "Élan" in (built.output / "index.html").read_text(encoding="utf-8")


def test_what_is_no_fault_of_a_handbook_is_told_as_before(tmp_path: Path) -> None:
    """Faults that only reStructuredText has, and targets in inventories, keep the words of Sphinx and docutils."""
    page = "A note [#]_, a citation [Gone]_, gone_, :doc:`far:page`, :external:ref:`gone`.\n\nPage\n----\n"
    files = {name: f"{title}\n=====\n\n{page}" for name, title in (("index.rst", "Start"), ("more.rst", "Other"))}
    source = write_files(tmp_path / "source", files | {"conf.py": "nitpicky = True\n"})
    extensions = ["sphinx.ext.autosectionlabel", "sphinx.ext.intersphinx", "sse_handbook"]
    bare, ours = (build(source, tmp_path / str(n), "dummy", extensions=extensions[:n]).raw_warnings for n in (2, 3))
    assert ours.count("unknown document: 'far:page'. Write") == ours.count("citation not found: Gone") == len(files)
    others = {line for line in bare.splitlines() if not re.search(r"\[ref\.doc\]|toctree", line)}
    assert others <= set(ours.splitlines())
