"""The last step of the theme `sse_lean`: the styles of each page, the files beside the front page, the weights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import quote, urljoin

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.util import logging

from ..warnings import Check, Finding, warn
from . import page_weight
from .css import parse, prune, words_of, written
from .pages import NAME, STYLES, THEMES, site
from .words import compact

logger = logging.getLogger(__name__)

INDEX = "sse-index.js"
LOADED = re.compile(r'src="[^"]*_static/(sse-[\w+-]+\.js)"')
STYLED = re.compile(r'<style id="sse-lean">.*?</style>', re.DOTALL)
TOGETHER = re.compile(r'src="[^"]*_static/([\w-]+(?:\+[\w-]+)+\.js)"')


def finish(app: Sphinx, exception: Exception | None) -> None:
    """`build-finished`: give each page its styles, take away what nothing loads, and weigh every page."""
    builder, output = site(app), Path(app.outdir)
    if exception or not builder:
        return
    pages = page_weight.read(output)
    if copied(builder):
        gather(builder, pages)
        pages = page_weight.read(output)
        for name, text in root_files(app, pages):
            (output / name).write_text(text, encoding="utf-8")
    weights = page_weight.weigh_all(output, pages)
    logger.info("%s", page_weight.summary(weights))
    warn(find_heavy(app, weights))


def copied(builder: StandaloneHTMLBuilder) -> list[Path]:
    """What Sphinx has just copied from the themes that this one stands on; nothing where this build wrote no page."""
    static, _own, *others = Path(builder.outdir, "_static"), *builder.theme.get_theme_dirs()
    inherited = (
        path.relative_to(folder / "static") for folder in map(Path, others) for path in folder.glob("static/**/*")
    )
    # Sphinx fills templates in as it copies them.
    names = {
        name.with_suffix("") if name.suffix == ".jinja" else Path(str(name).removesuffix("_t")) for name in inherited
    }
    made = {Path("pygments.css"), Path("documentation_options.js"), Path("language_data.js"), Path("translations.js")}
    return [static / name for name in sorted(names | made) if (static / name).is_file()]


def gather(builder: StandaloneHTMLBuilder, pages: dict[str, str]) -> None:
    """Make the files that pages share, and take away what they were made of."""
    static = Path(builder.outdir, "_static")
    for name in {name for text in pages.values() for name in TOGETHER.findall(text)}:
        each = [static / f"{stem}.js" for stem in name.removesuffix(".js").split("+")]
        (static / name).write_text("\n".join(path.read_text(encoding="utf-8") for path in each), encoding="utf-8")
    for name, text in dressed(builder, pages):
        Path(builder.outdir, name).write_text(text, encoding="utf-8")
    for path in [*copied(builder), static / STYLES]:
        path.unlink(missing_ok=True)
    for folder in sorted((path for path in static.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    index = Path(builder.outdir, builder.searchindex_filename)
    if index.is_file():
        (static / INDEX).write_text(compact(index.read_text(encoding="utf-8")), encoding="utf-8")


def dressed(builder: StandaloneHTMLBuilder, pages: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The pages whose text must change so that each holds the styles that it uses, and no others.

    A browser shows nothing of a page before it has the styles: in a file of their own they cost one journey more.
    """
    static = Path(builder.outdir, "_static")
    # What a script puts on a page, the page uses. The index is no script, and has every word of the book.
    scripts = {
        path.name: words_of(path.name, path.read_text(encoding="utf-8"))
        for path in static.glob("sse-*.js")
        if path.name != INDEX
    }
    used = {
        name: frozenset(
            words_of(name, STYLED.sub("", text)).union(*(scripts.get(each, ()) for each in LOADED.findall(text)))
        )
        for name, text in pages.items()
        if STYLED.search(text)
    }
    names = [*builder.theme.stylesheets, "pygments.css"]
    names += [str(each.filename) for each in builder._css_files]
    files = dict.fromkeys(static / name.removeprefix("_static/").partition("?")[0] for name in ["basic.css", *names])
    sheets = [parse(path.read_text(encoding="utf-8")) for path in files if path.is_file()]
    rules = prune(tuple(chain(*sheets)), frozenset().union(*used.values()))
    for name, words in used.items():
        before, after = STYLED.split(pages[name], maxsplit=1)
        styles = written(prune(rules, words)).replace("</", r"<\/")
        text = f'{before}<style id="sse-lean">{styles}</style>{after}'
        if text != pages[name]:
            yield name, text


def root_files(app: Sphinx, pages: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The files that stand beside the front page: for readers without a network, for phones and for search engines."""
    yield "sw.js", Path(THEMES, NAME, "sw.js").read_text(encoding="utf-8")
    title, base = app.config.html_title, app.config.html_baseurl
    icons = (
        [{"src": f"_static/{Path(app.config.html_favicon).name}", "sizes": "any"}] if app.config.html_favicon else []
    )
    about = {
        "name": title,
        "short_name": app.config.html_short_title,
        "start_url": "./",
        "display": "minimal-ui",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "icons": icons,
    }
    yield "manifest.webmanifest", json.dumps(about, ensure_ascii=False, indent=1)
    robots = ["User-agent: *", "Allow: /"]
    if base:
        robots.append(f"Sitemap: {urljoin(base, 'sitemap.xml')}")
        listed = (name for name, text in pages.items() if 'name="robots" content="noindex"' not in text)
        places = "".join(f"<url><loc>{urljoin(base, quote(name))}</loc></url>\n" for name in listed)
        head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        yield "sitemap.xml", f"{head}{places}</urlset>\n"
    yield "robots.txt", "\n".join([*robots, ""])


def find_heavy(app: Sphinx, weights: list[page_weight.Weight]) -> Iterator[Finding]:
    """What breaks the budget: a page too heavy, or too many pages that are nearly so."""
    env = app.env
    for problem in page_weight.problems(weights):
        name = problem.page.removesuffix(".html")
        known = name if name in env.all_docs else env.config.root_doc
        yield Finding.at(Check.PAGE_WEIGHT, problem.message, env.doc2path(known))


def setup(app: Sphinx) -> None:
    """What is made from all pages, once they are written."""
    app.connect("build-finished", finish, priority=900)
