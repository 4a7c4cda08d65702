"""Links to the PDF, EPUB and offline copy on each page, with their sizes; gives templates the date of the book."""

import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.i18n import format_date

PLACE = "<!-- downloads -->"  # where a page has this, the offer stands there, and not at its foot


def find_downloads(app: Sphinx, config: Config) -> None:
    """`config-inited`: make what has been built a setting: Sphinx then writes all pages again when a size changes."""
    for kind in config.sse_downloads_only or config.sse_downloads:
        pattern = config.sse_downloads[kind].format(language=config.overrides.get("language", ""))
        before, _star, after = Path(pattern).name.partition("*")
        for path in sorted(Path(app.confdir).glob(pattern)):
            chapter = path.name.removeprefix(before).removesuffix(after)
            config.downloads_found.append((chapter, str(path), kind, path.name, path.stat().st_size))


def chapter_name(docname: str) -> str:
    """Return what the PDF of a chapter is named after: `policy/laws/index` gives `policy-laws`."""
    return re.sub(r"[^a-z0-9]+", "-", docname.removesuffix("/index").lower()).strip("-")


def add_downloads(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document) -> None:
    """`html-page-context`: offer the downloads, and of the chapters alone that which the page is in."""
    context["released"] = app.config.sse_published
    context["day"] = [format_date(text, language=app.config.language) for text in ("%Y-%m-%d", "%-d %B %Y")]
    found = app.config.downloads_found if app.builder.name == "html" and doctree is not None else []
    chapter = max((row[0] for row in found if f"{chapter_name(name)}-".startswith(f"{row[0]}-")), key=len, default="")
    if rows := [row[2:] for row in found if row[0] in ("", chapter)]:
        context |= {"downloads": rows, "place": PLACE}
        context["body"] = app.builder.templates.render("downloads.html", context)


def copy_downloads(app: Sphinx, exception: Exception | None) -> None:
    for _chapter, path, _kind, file, _size in app.config.downloads_found:
        if app.builder.name == "html" and not exception:
            Path(app.outdir, "downloads").mkdir(exist_ok=True)
            shutil.copyfile(path, Path(app.outdir, "downloads", file))


def setup(app: Sphinx) -> dict[str, Any]:
    # The kinds are those of `downloads.html`, each with a file, or with a pattern for a file of each chapter.
    app.add_config_value("sse_downloads", {}, "html", dict)
    app.add_config_value("sse_downloads_only", [], "html", list)
    app.add_config_value("downloads_found", [], "html", list)
    # Whether the folders of the other versions lie beside this one.
    app.add_config_value("sse_published", False, "html", bool)
    app.connect("config-inited", find_downloads)
    app.connect("html-page-context", add_downloads)
    app.connect("build-finished", copy_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
