"""Say which version a page is of, where its newest self is, and when it was last reviewed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.i18n import format_date
from sphinx.util.osutil import relative_uri

from ..catalogues import _
from ..warnings import Check, Finding, exact_line
from .downloads import SITES

# Where the site has the newest version, and, under the same names as the pages, the list of all versions of each page.
NEWEST, ALL, SHARED = "latest", "versions", "versions.css"


def find_misdated(env: BuildEnvironment) -> Iterator[Finding]:
    """A finding for each page whose `reviewed` is no day, or a day to come."""
    for docname, fields in env.metadata.items() if env.config.sse_versions else ():
        said = fields.get("reviewed")
        if said is not None and _day(said) is None:
            path = str(env.doc2path(docname))
            message = f"`reviewed: {said}` is not a day that has been. Write the day of the review: 2026-11-28."
            yield Finding.at(Check.REVIEWED, message, path, exact_line(path, 1, "reviewed:"))


def _day(said: object) -> date | None:
    """The day that a text stands for, if it has begun somewhere on earth.

    The clock decides, and not the date of the build: that is the last commit's, and a review comes before its commit.
    """
    try:
        day = date.fromisoformat(str(said))
    except ValueError:
        return None
    return day if day <= datetime.now(timezone(timedelta(hours=14))).date() else None


def say_when_reviewed(app: Sphinx, doctree: nodes.document) -> None:
    """`doctree-read`: say at the foot of a page when it was last reviewed, where it says so itself."""
    day = _day(app.env.metadata[app.env.docname].get("reviewed"))
    if app.config.sse_versions and day:
        shown = _written(app, day)
        line = nodes.paragraph("", _("Last reviewed on %s.") % shown, classes=["reviewed"])
        (next(doctree.findall(nodes.section), None) or doctree).append(line)


def _written(app: Sphinx, day: date) -> str:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return format_date("%-d %B %Y", date=moment, language=app.config.language)


def say_version(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """`html-page-context`: say on each page which version it is of, and lead to the newest.

    `sse_version` in a page's context is the line. A page that was written from a document has it above its text; a
    theme may put it on the others.
    """
    config, builder = app.config, app.builder
    if not config.sse_versions or builder.name not in SITES:
        return
    here = builder.get_target_uri(name)
    values: dict[str, Any] = {"version": config.release}
    if config.sse_published:
        # From here to the folder in which the folders of all versions lie.
        up = "../" + relative_uri(here, "").removeprefix("./")
        values |= {"newest": f"{up}{NEWEST}/{here}", "all": f"{up}{ALL}/{here}", "shared": f"{up}{SHARED}"}
        if seconds := os.environ.get("SOURCE_DATE_EPOCH"):
            day = datetime.fromtimestamp(int(seconds), UTC).date()
            values |= {"released": day, "day": _written(app, day)}
    elif config.html_baseurl:
        values["newest"] = f"{config.html_baseurl.rstrip('/')}/{here}"
    # Words in a template of ours would be gathered for translation in every project.
    words = {
        "version": _("Version %s") % config.release,
        "old": _("There is a newer version."),
        "newest": _("Newest version of this page"),
        "all": _("All versions"),
    }
    line = builder.templates.render("sse_version.html", {**values, "words": words})
    # Behind the text: a browser shows nothing of what follows a stylesheet before it has it.
    styles = f'<link rel="stylesheet" href="{escape(values["shared"])}">' if config.sse_published else ""
    context["sse_version"] = line + styles
    if doctree is not None:
        context["body"] = line + context["body"] + styles


def setup(app: Sphinx) -> None:
    """The line that names the version, and the one that names the last review."""
    app.add_config_value("sse_versions", False, "env", bool)
    # The folders of the other versions lie beside this one: each page leads to them.
    app.add_config_value("sse_published", False, "html", bool)
    app.connect("doctree-read", say_when_reviewed)
    app.connect("html-page-context", say_version)
