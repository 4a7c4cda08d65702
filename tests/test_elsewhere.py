"""The extension in other people's projects: switched on and not configured, it tells nothing false and changes nothing.

Each project is built without and with it: the same warnings, and byte for byte the same files.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from conftest import Built, build

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
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
RST = {
    "conf.py": CONF + ANSWERS,
    "package.py": '''
class Shelf:
    """A shelf, as :py:class:`Shelf` and :func:`far.function` know it; see :ref:`start` and :term:`Heap`.

    :param width: in metres, see :doc:`/guide/install`
    """

    def fill(self, books: "list[str]") -> "Unknown":
        """Fill it; a video is at https://www.youtube.com/watch?v=gBKYf4qt1vw for those who read on."""
''',
    "index.rst": """
.. _start:

=========
Elsewhere
=========

.. toctree::
   :caption: Contents

   guide/install
   self
   A video <https://www.youtube.com/watch?v=gBKYf4qt1vw>

.. only:: html

   Only in HTML, with :ref:`a label <only-here>`.

Videos: https://youtu.be/gBKYf4qt1vw, `by name <https://vimeo.com/76979871>`_, `one more`__, `PyCon`_'s channel.

__ https://www.youtube.com/watch?v=U46ML7cAYKA&list=PLKnfYdgdvNoXSvqXTBnz6Wl7iWc4Tc2_B

.. _PyCon: https://www.youtube.com/@PyConUS/videos

* :ref:`genindex`, :ref:`modindex`, :ref:`search`, :doc:`guide/install`, :ref:`far-label`, :ref:`a text <far-label>`
* :doc:`far/page`, :ref:`ignored-label`, :doc:`generated/nothing`, :any:`start`, :any:`package.Shelf`, :eq:`law`
* :numref:`shelf-figure`, :numref:`Fig. %s <shelf-figure>`, :option:`prog --far`, :term:`HEAP`, :term:`many <Pile>`
""",
    "guide/install.rst": """
Install
=======

See :doc:`/index`, :ref:`START`, :ref:`Only  Here <only-here>`, |heap|, [#first]_, [Knuth1997]_, `Install`_.
:download:`The package <../package.py>`, :ref:`second-name <second-name>`. ``https://youtu.be/too-short`` is code.

.. |heap| replace:: a :term:`heap <Heap>`
.. [#first] With a link: https://youtu.be/U46ML7cAYKA.
.. [Knuth1997] Somebody.
.. _only-here:

Only here
---------

.. _second-name:

A paragraph with a label of its own.

.. figure:: /picture.svg
   :name: shelf-figure
   :target: https://www.youtube.com/watch?v=b7d-VMscsSA

   A shelf with :ref:`a label <start>`.

.. math:: e = mc^2
   :label: law

.. raw:: html

   <iframe src="https://www.youtube-nocookie.com/embed/gBKYf4qt1vw?start=19"></iframe>

.. glossary::

   Heap
   Pile
      Many things.

.. program:: prog
.. option:: --far

   Far.

.. automodule:: package
   :members:

Notes
-----

Notes
-----
""",
    "picture.svg": PICTURE,
}
MYST = {
    "conf.py": CONF
    + """
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath", "substitution", "tasklist"]
myst_heading_anchors = 2
myst_substitutions = {"shelf": "a **shelf** with [a label](#start)"}
""",
    "picture.svg": PICTURE,
    "index.md": """(start)=
# Elsewhere

```{toctree}
guide/install.md
other
```

{{ shelf }}, [ ] no task. Videos: <https://youtu.be/gBKYf4qt1vw> and [one](https://vimeo.com/76979871).

- [x] done, see [the guide](guide/install.md)
- [ ] not done, see [](other.md) and [](other.md#a-heading-of-other)

[Its heading](#a-heading), [](#a-heading), [](<project:#start>), <project:other.md>, [*nested* `code`](#far-away),
[by its page](other), [file](picture.svg), [Ignored](#ignored-label), [too](#made-up), [text][elsewhere], [elsewhere].

[elsewhere]: https://example.org/elsewhere "Elsewhere"

A footnote[^one]. {eq}`law`, {ref}`start`, {doc}`other`, {term}`Heap`, {numref}`figure-of-a-shelf`.

[^one]: A text with [a label](#start).

## A heading

$$
c^2
$$ (law)

<div class="player"><iframe src="https://www.youtube.com/embed/gBKYf4qt1vw?rel=0"></iframe></div>

| a | b |
|---|---|
| [in a cell](#start) | `[code](#nowhere)` |

% [a comment](#nowhere)

Term [with a label](#start)
: Definition

## Notes

## Notes
""",
    "guide/install.md": """
# Install

[Back](../index.md), [](../index.md#a-heading), [absolute](/other.md), [beside](more), [](#start), {doc}`../other`.

{#block-label}
A paragraph, and [a link to it](#block-label). [Same page](#below). [](#figure-of-a-shelf)

```{figure} ../picture.svg
:name: figure-of-a-shelf

A shelf
```

## Below

```markdown
[broken](#nowhere)
```
""",
    "guide/more.md": "---\norphan: true\n---\n\n# More\n",
    "other.md": """
# Other

(far-away)=
## A heading of *other*

:::{glossary}
Heap
pile
  Many things.
:::

```{eval-rst}
.. _from-rst:

:ref:`start`, :doc:`guide/install`, https://youtu.be/U46ML7cAYKA
```

{ref}`text <from-rst>`, [](#pile), [A *heading*](#other).
""",
}
PLAYERS = {
    "conf.py": CONF,
    "index.md": """
(start)=
# Videos and diagrams

```{youtube} gBKYf4qt1vw
:url_parameters: ?start=19
```

:::{vimeo} 76979871
:::

```{mermaid}
:caption: A diagram with [a label](#start)

flowchart LR
    A["Members"] --> B
    click A href "other.html"
```
""",
}
PROJECTS = {
    "rst": (RST, ["sphinx.ext.autodoc", "sphinx.ext.autosectionlabel", "sphinx.ext.viewcode"]),
    "myst": (MYST, ["myst_parser"]),
    "players": (PLAYERS, ["myst_parser", "sphinxcontrib.youtube", "sphinxcontrib.mermaid"]),
}
# What names every extension of a project, whatever it does: the index for the search, and XML's prefixes.
NAMES = re.compile(rb',"sse_handbook":\d+|,"(?:sse:)?\w+":"sse[:\w]*"| xmlns:sse="[^"]*"')


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix the date; and whoever asks the network, as sphinxcontrib-youtube does for LaTeX, meets a closed port."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def write(files: dict[str, str], source: Path) -> None:
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")


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
    files, extensions = PROJECTS[project]
    if (project, builder) == ("players", "epub"):
        extensions = extensions[:-1]  # sphinxcontrib-mermaid and sphinxcontrib-youtube together break this builder
    write(files, tmp_path / "source")
    bare = build(tmp_path / "source", tmp_path / "without", builder, extensions=extensions)
    for order in ([*extensions, "sse_handbook"], ["sse_handbook", *extensions]):
        ours = build(tmp_path / "source", tmp_path / order[0], builder, extensions=order)
        assert Counter(ours.raw_warnings.splitlines()) - Counter(bare.raw_warnings.splitlines()) == Counter()
        assert read(ours) == read(bare)


FAULTS = {
    "conf.py": CONF,
    "index.md": "(start)=\n# Start\n\n```{toctree}\npart/one\npart/two\n```\n",
    "part/one.md": """# One

[a label](#strtx)

{ref}`a label <strt>`

{term}`Hepa`

{doc}`tow`

[a page](tow.md)

<https://youtu.be/gBKYf4qt1v>
""",
    "part/two.rst": "Two\n===\n\n:ref:`strtx`, :term:`Hepa`, :doc:`onee`, https://youtu.be/gBKYf4qt1v.\n",
}


@pytest.mark.parametrize("builder", ["dummy", "html", "epub", "latex", "gettext"])
def test_what_is_wrong_is_told_once_whatever_is_built(builder: str, tmp_path: Path) -> None:
    """Ours takes the place of what Sphinx or MyST would tell of the same link."""
    write(FAULTS, tmp_path / "source")
    built = build(tmp_path / "source", tmp_path, builder, extensions=["myst_parser", "sse_handbook"])
    missing, address = "sse.xref_missing", "sse.video_address"
    assert Counter((warned.file, warned.line, warned.type) for warned in built.warnings) == {
        **{("part/one.md", line, missing): 1 for line in (3, 5, 7, 9, 11)},
        ("part/two.rst", 4, missing): 3,
        ("part/one.md", 13, address): 1,
        ("part/two.rst", 4, address): 1,
    }


def test_pages_in_another_encoding_are_read(tmp_path: Path) -> None:
    """Sphinx gives `source_encoding` up with version 10; until then such projects exist."""
    write({"conf.py": 'source_encoding = "latin-1"\n'}, tmp_path / "source")
    (tmp_path / "source/index.rst").write_bytes("Élan\n====\n".encode("latin-1"))
    built = build(tmp_path / "source", tmp_path, extensions=["sse_handbook"])
    assert "[sse." not in built.raw_warnings
    assert "Élan" in (built.output / "index.html").read_text(encoding="utf-8")
