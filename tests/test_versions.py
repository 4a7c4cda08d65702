"""Each page says which version it is of and, where a person has reviewed it, when; a part says since which version."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Built, build
from lxml import html

CONF = """
extensions = ["myst_parser", "sse_handbook"]
html_theme = "basic"
html_title, version, release, copyright = "A book", "1.2.0", "1.2.0", "2027 nobody"
"""
REVIEWED = "---\nreviewed: 2026-11-20\n---\n"
FILES = {
    "conf.py": CONF,
    "index.md": "# A book\n\n```{toctree}\nforms/mutuals\n```\n",
    "forms/mutuals.md": f"{REVIEWED}# Mutuals\n\n## Since when\n\n```{{versionadded}} 1.1.0\nThis part.\n```\n",
}


def make(tmp_path: Path, builder: str = "html", **settings: object) -> Built:
    for name, text in FILES.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    built = build(tmp_path / "docs", tmp_path / "build", builder, **settings)
    assert built.raw_warnings == ""
    return built


def page(built: Built, name: str = "forms/mutuals.html") -> html.HtmlElement:
    return html.parse(built.output / name).getroot()


def line(built: Built, name: str = "forms/mutuals.html") -> html.HtmlElement:
    [found] = page(built, name).xpath("//p[@class='sse-version']")
    return found


def test_a_page_names_its_version_and_nothing_that_is_not_there(tmp_path: Path) -> None:
    found = line(make(tmp_path, sse_versions=True))
    assert found.text_content().strip() == "Version 1.2.0."
    assert found.xpath(".//@href") == []


def test_a_project_that_asks_for_nothing_gets_nothing(tmp_path: Path) -> None:
    text = page(make(tmp_path)).text_content()
    assert "Version 1.2.0" not in text
    assert "Last reviewed" not in text


@pytest.mark.parametrize(
    ("builder", "file", "address", "up"),
    [
        ("html", "forms/mutuals.html", "forms/mutuals.html", "../../"),
        ("html", "index.html", "index.html", "../"),
        ("dirhtml", "forms/mutuals/index.html", "forms/mutuals/", "../../../"),
    ],
)
def test_a_published_page_leads_to_the_other_versions_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builder: str, file: str, address: str, up: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1801396800")
    built = make(tmp_path, builder, sse_versions=True, sse_published=True)
    found = line(built, file)
    assert found.xpath(".//@href") == [f"{up}latest/{address}", f"{up}versions/{address}"]
    # What a browser would wait for comes behind the text.
    assert found.xpath("following::link[@rel='stylesheet']/@href") == [f"{up}versions.css"]
    assert found.xpath("time/@datetime") == ["2027-01-31"]
    assert found.xpath("strong[@hidden]/text()") == ["There is a newer version."]


def test_a_copy_that_stands_alone_leads_to_the_address_of_the_newest(tmp_path: Path) -> None:
    found = line(make(tmp_path, sse_versions=True, html_baseurl="https://book.example/latest/"))
    assert found.xpath(".//@href") == ["https://book.example/latest/forms/mutuals.html"]


@pytest.mark.parametrize("builder", ["html", "epub"])
def test_a_page_says_at_its_foot_when_it_was_reviewed_and_another_says_nothing(tmp_path: Path, builder: str) -> None:
    built = make(tmp_path, builder, sse_versions=True, epub_copyright="2027", epub_show_urls="no")
    ending = "xhtml" if builder == "epub" else "html"
    said = page(built, f"forms/mutuals.{ending}").xpath("//*[contains(@class, 'reviewed')]")
    assert [each.text_content() for each in said] == ["Last reviewed on 20 November 2026."]
    section = said[0].getparent()
    assert section.get("id") == "mutuals"
    assert section[-1] is said[0]
    assert page(built, f"index.{ending}").xpath("//*[contains(@class, 'reviewed')]") == []


def test_a_part_says_since_when_it_is_there(tmp_path: Path) -> None:
    found = page(make(tmp_path, sse_versions=True)).xpath("//div[@class='versionadded']")
    assert " ".join(found[0].text_content().split()) == "Added in version 1.1.0: This part."


def test_a_page_that_has_no_text_of_its_own_can_name_its_version(tmp_path: Path) -> None:
    template = '{% extends "!search.html" %}{% block body %}{{ sse_version }}{{ super() }}{% endblock %}'
    (tmp_path / "docs/_templates").mkdir(parents=True)
    (tmp_path / "docs/_templates/search.html").write_text(template, encoding="utf-8")
    built = make(tmp_path, sse_versions=True, templates_path=["_templates"])
    assert line(built, "search.html").text_content().strip() == "Version 1.2.0."


def test_when_the_review_changes_the_page_is_read_again(tmp_path: Path) -> None:
    make(tmp_path, sse_versions=True)
    path = tmp_path / "docs/forms/mutuals.md"
    path.write_text(path.read_text(encoding="utf-8").replace("2026-11-20", "2026-11-21"), encoding="utf-8")
    built = build(tmp_path / "docs", tmp_path / "build", sse_versions=True)
    assert built.read == {"forms/mutuals"}
    assert "Last reviewed on 21 November 2026." in page(built).text_content()
