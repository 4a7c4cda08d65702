"""The extension in other people's projects: switched on and not configured, it says nothing false and changes nothing.

Each project is built without and with it: the same warnings, and byte for byte the same files.
"""

from __future__ import annotations

import re
import socket
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Built, build

BUILDERS = ["html", "dirhtml", "singlehtml", "epub", "latex", "text", "man", "texinfo", "gettext", "xml", "dummy"]

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
epub_show_urls = "no"
man_pages = [("index", "elsewhere", "Elsewhere", [author], 1)]
"""
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
RST = {
    "conf.py": CONF
    + """
from docutils import nodes

def answer_elsewhere(app, env, node, contnode):
    # What intersphinx does, for one invented project.
    if node["reftarget"].removeprefix("other:") in ("far-label", "far/page", "far.function", "far term"):
        text = contnode.children[0] if node.get("refexplicit") else nodes.Text(node["reftarget"])
        return nodes.reference("", "", nodes.inline("", "", text.deepcopy()), refuri="https://example.org/far")

def setup(app):
    app.connect("missing-reference", answer_elsewhere)

intersphinx_mapping = {"shelf": ("https://shelf.example.org/", str(Path(__file__).parent / "shelf.inv"))}
nitpick_ignore = [("py:class", "Unknown"), ("std:ref", "ignored-label"), ("ref", "ignored-too")]
nitpick_ignore_regex = [("std:doc", r"generated/.*"), ("(std:)?ref", "made-.*")]
""",
    "package.py": '''
"""A package of one module.

.. _inside-a-docstring:

Notes
-----
See :ref:`inside-a-docstring`, :ref:`start` and :term:`Heap`.
"""

from __future__ import annotations

class Shelf:
    """A shelf, as :py:class:`Shelf` and :func:`far.function` know it.

    :param width: in metres, see :doc:`/guide/install`
    """

    def __init__(self, width: float) -> None:
        self.width = width

    def fill(self, books: "list[str]") -> Unknown:
        """Fill it; films are at https://www.youtube.com/watch?v=gBKYf4qt1vw for those who read on."""
''',
    "index.rst": """
.. _start:

=========
Elsewhere
=========

.. toctree::
   :numbered:
   :caption: Contents

   guide/install
   reference
   self
   A film <https://www.youtube.com/watch?v=gBKYf4qt1vw>

.. only:: html

   Only in HTML, with :ref:`a label <only-here>`.

.. only:: latex

   Only in LaTeX: :ref:`start`.

Films: https://youtu.be/gBKYf4qt1vw, `by name <https://vimeo.com/76979871>`_, `one more`__, `PyCon`_'s channel.

__ https://www.youtube.com/watch?v=U46ML7cAYKA&list=PLKnfYdgdvNoXSvqXTBnz6Wl7iWc4Tc2_B

.. _PyCon: https://www.youtube.com/@PyConUS/videos

* :ref:`genindex`, :ref:`modindex`, :ref:`search`, :doc:`guide/install`, :doc:`/reference`
* :ref:`far-label`, :ref:`a text <far-label>`, :doc:`far/page`, :doc:`shelf:manual`, :ref:`shelf:shelf-label`,
  :external+shelf:ref:`shelf-label`, :term:`far term`, :term:`shelf term`, :py:func:`shelf.put`
* :ref:`ignored-label`, :ref:`ignored-too`, :doc:`generated/nothing`, :ref:`made-up`
* :any:`start`, :any:`package.Shelf`, :any:`guide/install`, :numref:`shelf-figure`,
  :numref:`Fig. %s <shelf-figure>`, :eq:`law`, :option:`prog --far`, :envvar:`HOME`
""",
    "guide/install.rst": """
:orphan-field: of no meaning

Install
=======

.. index:: single: shelf
.. index:: ! pair: put; up

See :doc:`/index`, :doc:`../reference`, :doc:`shelf:manual`, :ref:`START`, :ref:`Only  Here <only-here>`.
A footnote [#first]_, another [#]_, and a citation [Knuth1997]_, |heap|.
:download:`The package <../package.py>`, `Install`_, :ref:`two-names`, :ref:`second-name <second-name>`.

.. |heap| replace:: a :term:`heap <Heap>`

.. [#first] With a link: https://youtu.be/U46ML7cAYKA.
.. [#] Nothing.
.. [Knuth1997] Somebody.

.. _only-here:
.. _two-names:

Only here
---------

.. _second-name:

A paragraph with a label of its own. ``https://youtu.be/too-short`` is code.

.. figure:: /picture.svg
   :name: shelf-figure
   :target: https://www.youtube.com/watch?v=b7d-VMscsSA

   A shelf with :ref:`a label <start>`.

.. math:: e = mc^2
   :label: law

.. code-block:: html
   :caption: A player
   :name: player

   <iframe src="https://www.youtube.com/embed/none"></iframe>

.. raw:: html

   <iframe src="https://www.youtube-nocookie.com/embed/gBKYf4qt1vw?start=19"></iframe>

.. table:: Widths
   :name: widths

   ===== =====
   Shelf Width
   ===== =====
   one   :ref:`start`
   ===== =====

.. topic:: A topic

   See :ref:`widths`, :ref:`player`, :numref:`widths`.
""",
    "reference.rst": """
Reference
=========

.. glossary::

   Heap
   Pile
      Many things.

   shelf : furniture
      A board, unlike a :term:`pile`.

   :abbr:`RAM (random access memory)`
      Memory.

:term:`HEAP`, :term:`many <Pile>`, :term:`RAM`.

.. program:: prog

.. option:: --far

   Far.

.. envvar:: HOME

   Where it stands.

.. py:function:: put(shelf: package.Shelf) -> None

   Put something on a :class:`~package.Shelf`.

.. js:function:: put(shelf)

.. c:function:: int put(int shelf)

.. cpp:class:: Shelf

.. productionlist::
   shelf: "board" `shelf`

.. automodule:: package
   :members:
   :undoc-members:

.. todo:: Nothing.
""",
    "empty.rst": ":orphan:\n",
    "picture.svg": PICTURE,
}
RST_EXTENSIONS = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.autosectionlabel",
    "sphinx.ext.intersphinx",
    "sphinx.ext.todo",
    "sphinx.ext.viewcode",
]
MYST = {
    "conf.py": CONF
    + """
intersphinx_mapping = {"shelf": ("https://shelf.example.org/", str(Path(__file__).parent / "shelf.inv"))}
myst_enable_extensions = [
    "alert", "amsmath", "attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath", "fieldlist",
    "gfm_autolink", "html_admonition", "html_image", "replacements", "smartquotes", "strikethrough", "substitution",
    "tasklist",
]
myst_heading_anchors = 2
myst_substitutions = {"shelf": "a **shelf** with [a label](#start)"}
myst_url_schemes = {"http": None, "https": None, "mailto": None, "wiki": "https://en.wikipedia.org/wiki/{{path}}"}
nitpick_ignore = [("myst", "ignored-label")]
nitpick_ignore_regex = [("myst", "made-.*")]
""",
    "picture.svg": PICTURE,
    "index.md": """---
myst:
  substitutions:
    film: https://www.youtube.com/watch?v=gBKYf4qt1vw
---
(start)=
# Elsewhere

```{toctree}
guide/install.md
other
```

{{ shelf }}, [ ] no task, H~2~O. Films: <https://youtu.be/gBKYf4qt1vw> and [one](https://vimeo.com/76979871).

- [x] done, see [the guide](guide/install.md)
- [ ] not done, see [](other.md) and [](other.md#a-heading-of-other)

[Its heading](#a-heading), [](#a-heading), [too deep for an anchor](#deeper-still), [](<project:#start>),
<project:#start>, <project:other.md>, <project:other.md#a-heading-of-other>, [*nested* `code`](#far-away),
[](#far-away), [by its page](other), [the page of that name](#other), [file](path:picture.svg), [file](picture.svg).

[A label of another project](#shelf-label), [](#shelf-label), [an object of it](#shelf.put), [](#shelf.put),
[by inventory](inv:shelf#shelf-label), <inv:shelf:py:function#shelf.put>, [its page](#manual).

[Ignored](#ignored-label), [ignored too](#made-up), [wiki](wiki:Shelf), [mail](mailto:somebody@example.org),
[text][elsewhere], [elsewhere], [elsewhere][].

[elsewhere]: https://example.org/elsewhere "Elsewhere"

A footnote[^one], a link as footnote[^two], one word[^three].

[^one]: A text with [a label](#start).

[^two]: https://example.org/two

[^three]: Nothing

## A heading

### Deeper still

$a + b$

$$
c^2
$$ (law)

{eq}`law`, {ref}`start`, {ref}`far-away`, {doc}`other`, {term}`Heap`, {numref}`figure-of-a-shelf`.

![A picture](picture.svg){width=10px} <img src="picture.svg" alt="A picture">

<div class="player"><iframe src="https://www.youtube.com/embed/gBKYf4qt1vw?rel=0"></iframe>
<img src="https://i.ytimg.com/vi/gBKYf4qt1vw/hqdefault.jpg" alt="A film"></div>

<details><summary>More</summary>

[Inside](#start) raw HTML.

</details>

| a | b |
|---|---|
| [in a cell](#start) | `[code](#nowhere)` |

% [a comment](#nowhere)

Term [with a label](#start)
: Definition

:field: [with a label](#start)

> [!NOTE]
> [In an alert](#start)
""",
    "guide/install.md": """
# Install

[Back](../index.md), [](../index.md#a-heading), [absolute](/other.md), [](#start), [](../other.md), {doc}`../other`,
{doc}`shelf:manual`, {ref}`shelf:shelf-label`.

{#block-label}
A paragraph, and [a link to it](#block-label). [Same page](#below).

```{figure} ../picture.svg
:name: figure-of-a-shelf

A shelf
```

[](#figure-of-a-shelf), [text](#figure-of-a-shelf), [](#block-label), [](#a-table).

:::{code-block} markdown
:caption: An example

[example]: https://example.org/example
:::

:::{table} Widths
:name: a-table

| a |
|---|
| 1 |
:::

## Below

```markdown
[example]: https://example.org/example
[broken](#nowhere)
```
""",
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

.. py:function:: shelve(book)
```

{ref}`text <from-rst>`, [](#shelve), [text](#shelve), [](#pile), [A *heading*](#other).
""",
}
MYST_EXTENSIONS = ["myst_parser", "sphinx.ext.intersphinx"]
BOTH = {
    "conf.py": CONF
    + """
mermaid_version = "11.12.1"
""",
    "index.md": """
(start)=
# Films and diagrams

```{toctree}
films
more
```

```{youtube} gBKYf4qt1vw
:width: 50%
:url_parameters: ?start=19
```

:::{vimeo} 76979871
:::

```{mermaid}
:caption: A diagram with [a label](#start)
:alt: Two boxes

flowchart LR
    A["Members"] --> B
    click A href "other.html"
```

```{mermaid}
this is none
```
""",
    "films.rst": """
Films
=====

.. youtube:: b7d-VMscsSA
   :aspect: 4:3
   :privacy_mode: enabled

.. video:: https://example.org/film.mp4
   :alt: A film

.. mermaid::
   :name: a-diagram

   sequenceDiagram
      Alice->>Bob: Hello

.. mermaid:: drawn.mmd

:ref:`start`, :doc:`index`.
""",
    "drawn.mmd": "flowchart TB\n    ONE --> TWO\n",
    "more.md": "# More\n\nNo diagram; [the start](#start).\n",
}
VIDEO_EXTENSIONS = ["sphinxcontrib.youtube", "sphinxcontrib.video"]
PROJECTS = {
    "rst": (RST, RST_EXTENSIONS),
    "myst": (MYST, MYST_EXTENSIONS),
    "players": (BOTH, ["myst_parser", *VIDEO_EXTENSIONS, "sphinxcontrib.mermaid"]),
    "players without diagrams": (
        {name: text for name, text in BOTH.items() if name in ("conf.py", "more.md")}
        | {"index.md": "(start)=\n# One\n\n```{toctree}\nmore\n```\n"},
        ["myst_parser", *VIDEO_EXTENSIONS],
    ),
}
# sphinxcontrib-mermaid and sphinxcontrib-youtube together break the EPUB builder, with us and without.
BROKEN = {("players", "epub")}
# What names every extension or domain of a project, whatever it does: the index for the search, and XML's prefixes.
NAMES = re.compile(rb',"sse_handbook":\d+| xmlns:sse="[^"]*"')


def inventory() -> bytes:
    """What a project elsewhere has, as intersphinx reads it from a file."""
    rows = [
        "shelf-label std:label -1 manual.html#shelf A shelf",
        "manual std:doc -1 manual.html The manual",
        "shelf\tterm std:term -1 manual.html#term -".replace("\t", " "),
        "shelf.put py:function 1 api.html#$ -",
    ]
    head = "# Sphinx inventory version 2\n# Project: Shelf\n# Version: 1\n# The remainder is compressed using zlib.\n"
    return head.encode() + zlib.compress("".join(f"{row}\n" for row in rows).encode())


@pytest.fixture(autouse=True)
def a_world_without_network_and_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Dates are fixed; and whoever asks the network, as sphinxcontrib-youtube does for LaTeX, is refused at once.

    Its thumbnails have no setting, but `requests` obeys the proxy that the environment names: a port on which nobody
    listens. sphinxcontrib-youtube takes that for a missing network and goes on.
    """
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        yield


def lay_out(files: dict[str, str], source: Path) -> None:
    for name, text in files.items():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (source / "shelf.inv").write_bytes(inventory())


def files_of(built: Built) -> dict[str, bytes]:
    """Every file that was built; the parts of an EPUB stand beside it."""
    return {
        path.relative_to(built.output).as_posix(): NAMES.sub(b"", path.read_bytes())
        for path in sorted(built.output.rglob("*"))
        if path.is_file() and path.suffix not in (".epub", ".buildinfo") and path.name != ".buildinfo"
    }


def lines_of(built: Built) -> Counter[str]:
    return Counter(built.raw_warnings.splitlines())


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("project", PROJECTS)
def test_it_says_nothing_and_changes_nothing(project: str, builder: str, tmp_path: Path) -> None:
    files, extensions = PROJECTS[project]
    lay_out(files, tmp_path / "source")
    if (project, builder) in BROKEN:
        pytest.skip("two extensions that do not go together")
    ours = build(tmp_path / "source", tmp_path / "with", builder, extensions=[*extensions, "sse_handbook"])
    bare = build(tmp_path / "source", tmp_path / "without", builder, extensions=extensions)
    assert lines_of(ours) - lines_of(bare) == Counter()
    with_it, without = files_of(ours), files_of(bare)
    assert set(with_it) == set(without)
    assert [name for name in without if with_it[name] != without[name]] == []


@pytest.mark.parametrize("builder", ["html", "epub", "latex"])
def test_it_may_stand_before_the_others(builder: str, tmp_path: Path) -> None:
    files, extensions = PROJECTS["players"]
    lay_out(files, tmp_path / "source")
    last = build(tmp_path / "source", tmp_path / "last", builder, extensions=[*extensions, "sse_handbook"])
    first = build(tmp_path / "source", tmp_path / "first", builder, extensions=["sse_handbook", *extensions])
    assert lines_of(first) == lines_of(last)
    assert files_of(first) == files_of(last)


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
    "part/two.rst": """
Two
===

:ref:`strtx`, :term:`Hepa`, :doc:`onee`, https://youtu.be/gBKYf4qt1v.
""",
}


@pytest.mark.parametrize("builder", BUILDERS)
def test_what_is_wrong_is_said_once_whatever_is_built(builder: str, tmp_path: Path) -> None:
    """Ours takes the place of what Sphinx or MyST would say of the same link."""
    lay_out(FAULTS, tmp_path / "source")
    built = build(tmp_path / "source", tmp_path, builder, extensions=["myst_parser", "sse_handbook"])
    missing, address = "sse.xref_missing", "sse.video_address"
    assert Counter((warned.file, warned.line, warned.type) for warned in built.warnings) == {
        **{("part/one.md", line, missing): 1 for line in (3, 5, 7, 9, 11)},
        ("part/one.md", 13, address): 1,
        ("part/two.rst", 5, missing): 3,
        ("part/two.rst", 5, address): 1,
    }


ODD = {
    "lists in nitpick_ignore": 'nitpick_ignore = [["std:ref", "nowhere"], ("ref", "nowhere")]',
    "a set for nitpick_ignore": 'nitpick_ignore = {("ref", "nowhere")}',
    "no address for a reference": """
from sphinx.errors import NoUri

def refuse(app, env, node, contnode):
    if node["reftarget"] == "nowhere":
        raise NoUri

def setup(app):
    app.connect("missing-reference", refuse)
""",
    "a handler that reads the link's text": """
from docutils import nodes

def answer(app, env, node, contnode):
    if node["reftarget"] == "nowhere":
        return nodes.reference("", contnode[0].astext(), refuri="https://example.org/")

def setup(app):
    app.connect("missing-reference", answer)
""",
    "nodes that only look like players": """
from docutils import nodes

def add(app, doctree):
    doctree += nodes.inline("", "", platform="youtube")
    doctree += nodes.inline("", "", platform=["youtube"])
    doctree += nodes.inline("", "", platform="peertube", id="9c9de5e8-0a1e-484a-b099-e80766180a6d")
    doctree += nodes.inline("", "", platform="youtube", id=5)
    doctree += nodes.inline("", "", sources=[1, "", (), ("https://example.org/a.mp4",), None])

def setup(app):
    app.connect("doctree-read", add, priority=1)
    app.add_config_value("nothing", 0, "env")
nitpick_ignore = [("ref", "nowhere")]
""",
}


@pytest.mark.parametrize("oddity", ODD)
def test_nothing_odd_stops_the_build(oddity: str, tmp_path: Path) -> None:
    page = "# Odd\n\n{ref}`text <nowhere>`\n"
    lay_out({"conf.py": CONF + ODD[oddity], "index.md": page}, tmp_path / "source")
    built = build(tmp_path / "source", tmp_path, extensions=["myst_parser", "sse_handbook"])
    allowed = 1 if oddity.startswith("lists") else 0
    assert len(built.warnings) <= allowed


def test_pages_in_another_encoding_are_read(tmp_path: Path) -> None:
    """Sphinx gives `source_encoding` up with version 10; until then such projects exist."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/conf.py").write_text('source_encoding = "latin-1"\n', encoding="utf-8")
    (tmp_path / "source/index.rst").write_bytes("Élan\n====\n".encode("latin-1"))
    built = build(tmp_path / "source", tmp_path, extensions=["sse_handbook"])
    assert "[sse." not in built.raw_warnings
    assert "Élan" in (built.output / "index.html").read_text(encoding="utf-8")
