"""Diagrams as they are built: drawn once, inline, linked, and the same as a list below."""

import gzip
from pathlib import Path

import pytest
from conftest import ROOT, Built, build, write_files
from lxml import html

CONF = """
extensions = ["myst_parser", "sse_handbook", "mermaid_svg"]
html_theme = "basic"
project = copyright = version = "A book"
"""
PAGE = """(front)=
# Front

```{toctree}
part/more
```

```{mermaid} vote.mmd
:name: the-vote
:caption: A vote, with [a link](#front)
```

```{mermaid}
:text: |
:  2011: Spain
:  2012: Peru, Chile
flowchart TB
  accTitle: Years
  accDescr: The years of laws
  Y2011["2011"] --> Y2012["2012"]
```

```{mermaid}
flowchart TB
  A -> B
```
"""
VOTE = """flowchart TB
  accTitle: A vote
  accDescr: Members vote
  A[Somebody has a wish] -->|yes| B["Say #quot;yes#quot; & go"]
  A --- C_1["Nothing"]
  B --> A
  click A href "#more"
  click C_1 href "https://example.org/?a=1&b=2"
"""
TEXT = "Members vote | Somebody has a wish | yes → Say “yes” & go | – Nothing | Say “yes” & go | → Somebody has a wish"


def squeeze(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


@pytest.fixture
def small(tmp_path: Path) -> Path:
    files = {"conf.py": CONF, "index.md": PAGE, "vote.mmd": VOTE, "part/more.md": "(more)=\n# More\n"}
    return write_files(tmp_path / "docs", files)


def test_a_diagram_is_drawn_linked_and_told_as_a_list(small: Path, tmp_path: Path, diagram_cache: Path) -> None:
    built = build(small, tmp_path / "build", sse_diagram_cache=str(diagram_cache))
    assert [(each.line, each.type) for each in built.warnings] == [(25, "sse.diagram_syntax")]
    page = html.parse(built.output / "index.html").getroot()
    drawing, below = page.xpath("//div[@class='diagram']/*[local-name()='svg']"), page.xpath("//details")
    assert page.xpath("//figure[@id='the-vote']//figcaption//a[@href='#front']")
    links = [str(link) for link in drawing[0].xpath(".//a/@href")]
    assert sorted(links) == ["https://example.org/?a=1&b=2", "part/more.html#more"]
    assert "&quot;" not in drawing[0].text_content()
    assert " | ".join(squeeze(item) for item in below[0].xpath(".//p")) == TEXT
    assert [str(link) for link in below[0].xpath(".//a/@href")] == ["part/more.html#more"]
    assert [squeeze(item) for item in below[1].xpath("./ol/li")] == ["2011: Spain", "2012: Peru, Chile"]
    assert below[1].xpath("./p") == []


def test_what_was_drawn_or_refused_is_not_drawn_again(
    small: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for builder in ("html", "epub", "dummy"):
        built = build(small, tmp_path / "build", builder, sse_diagram_cache=str(tmp_path / "drawn"))
        assert [each.line for each in built.warnings if each.type == "sse.diagram_syntax"] == [25]
    told = capfd.readouterr().out.splitlines()
    assert sorted(line.removeprefix(f"{small}/") for line in told) == [
        "index.md: drawing a diagram",
        "index.md: drawing a diagram",
        "vote.mmd: drawing a diagram",
    ]


def test_every_diagram_of_the_book_is_named_described_and_told(handbook: Built) -> None:
    drawn = 0
    for path in handbook.output.rglob("*.html"):
        page = html.parse(path).getroot()
        for drawing in page.xpath("//div[@class='diagram']/*[local-name()='svg']"):
            drawn += 1
            assert len(gzip.compress(html.tostring(drawing))) <= 8 * 1024, path
            for name in ("aria-labelledby", "aria-describedby"):
                assert drawing.xpath("string(*[@id=$place])", place=drawing.get(name)).strip(), path
            below = drawing.xpath("following::details[@class='diagram-words'][1]")[0]
            if not below.xpath("./p"):  # a list that the page itself has written
                assert below.xpath(".//li"), path
                continue
            for box in drawing.xpath(".//*[contains(@class, 'node ')]"):
                rows = [squeeze(row) for row in box.xpath(".//*[contains(@class, 'row')]")]
                assert " ".join(rows) in squeeze(below), path
            edges = drawing.xpath(".//*[local-name()='path'][starts-with(@data-id, 'L_')]")
            told = len(below.xpath("./ul/li/ul/li")) or max(len(below.xpath("./ol/li")) - 1, 0)
            assert told == len(edges), path
        assert not page.xpath("//script[contains(@src, 'mermaid')] | //pre[contains(@class, 'mermaid')]")
    assert drawn >= len(list((ROOT / "docs/diagrams").glob("*.mmd")))


def test_a_drawing_is_the_same_whenever_it_is_drawn(
    small: Path, tmp_path: Path, diagram_cache: Path, handbook: Built
) -> None:
    (small / "diagrams").symlink_to(ROOT / "docs/diagrams")
    names = sorted(path.name for path in (ROOT / "docs/diagrams").glob("*.mmd") if path.name.count(".") == 1)[::6]
    (small / "index.md").write_text("\n".join(f"```{{mermaid}} /diagrams/{name}\n```\n" for name in names))
    build(small, tmp_path / "build", "dummy", sse_diagram_cache=str(tmp_path / "drawn"))
    drawn = {path.name: path.read_bytes() for path in (tmp_path / "drawn").glob("*.svg")}
    assert len(drawn) == len(names)
    others = {path.name: path.read_bytes() for path in diagram_cache.glob("*.svg")}  # by the handbook's own build, too
    assert drawn.items() <= others.items()
