"""Settings of the handbook's build; no logic. What decides something lives in `_ext` and in `src/sse_handbook`."""

import gc
import os
import sys
import tomllib
from pathlib import Path

# By default Python 3.11 collects garbage at each 700 new objects: a fifth of the time of a build, which makes millions
# (November 2026).
gc.set_threshold(20_000, 20, 20)

sys.path.insert(0, str(Path(__file__).with_name("_ext")))

_project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "Home-based workers and the social and solidarity economy"
author = "SSE handbook contributors"
copyright = "SSE handbook contributors, CC BY 4.0"
version = release = _project["version"]
language = "en"

extensions = [
    "myst_parser",
    "sse_handbook.bibliography",
    "sse_handbook",
    "downloads",
    "epub",
    "mermaid_svg",
    "laws",
    "page_sources",
    "pdf_builder",
    "published",
    "shared_doctrees",
    "theme",
]
exclude_patterns = ["_*", "locales"]
nitpicky = True
templates_path = ["_templates"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "fieldlist"]

bibtex_bibfiles = ["data/sources.bib"]
bibtex_default_style = "alpha"
smartquotes_action = "q"  # no dashes, no ellipses: an address stays as it is

# Diagrams are drawn once, whatever is built.
sse_diagram_cache = str(Path(__file__).parent.parent / "build" / "diagrams")

# For the session `links`: at most two questions at a time, and some patience. What an answer means is said by
# `tools/link_report.py`. Anchors are not looked for: many a page makes them in the browser.
linkcheck_workers = 2
linkcheck_timeout = 20
linkcheck_rate_limit_timeout = 60
linkcheck_retries = 2
linkcheck_anchors = False
linkcheck_allow_unauthorized = True
# Each with its reason, and with the day on which to look again.
linkcheck_ignore = [
    r"http://127\.0\.0\.1:",  # the reader's own computer; for good
    # Videos are asked by `videocheck`: their pages open also when they are gone; for good
    r"https://(www\.youtube\.com/(watch|embed)|youtu\.be/|vimeo\.com/\d|player\.vimeo\.com/)",
]

sse_data_dir = "data"
# The project's repository gives each law a way to correct it, and its history. It stands in `pyproject.toml`
# (`[project.urls]`) once it is settled; until then it is the one on GitHub in which the book is built.
_repository = _project.get("urls", {}).get("Repository", "")
if not _repository and os.environ.get("GITHUB_REPOSITORY"):
    _repository = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{os.environ['GITHUB_REPOSITORY']}"
sse_law_links = (
    {
        "correct": f"{_repository}/issues/new?template=law.yml&key={{key}}&title={{key}}:%20",
        "history": f"{_repository}/commits/HEAD/docs/data/laws/{{country}}.yaml",
    }
    if _repository
    else {}
)
sse_report_unused = ["label", "term", "source"]

# What each is good for stands in `_templates/downloads.html`. `{language}` is what the command line asks for
# (`-D language=es`), and nothing without that: each translation has folders of its own.
sse_downloads = {
    "chapter": "../build/{language}/pdf/sse-handbook-*.pdf",
    "pdf": "../build/{language}/pdf/sse-handbook.pdf",
    "epub": "../build/{language}/epub/sse-handbook.epub",
    "offline": f"../build/{{language}}/offline/sse-handbook-{version}.zip",
}

pdf_name = "sse-handbook"
# For text, for code, and for the titles of laws in other scripts; their packages are in `pyproject.toml`.
pdf_fonts = (
    *("Fira Sans", "IBM Plex Mono", "Sarabun", "Hind Siliguri", "Mukta", "IBM Plex Sans Arabic"),
    "Noto Sans CJK JP",
)
# Pages with a file of their own, beside the chapters: of the book; a sheet of one page or two of A4, for a meeting or
# an office; a hand-out, which is a sheet in large letters.
pdf_files = {"reference/sources*": "book", "countries/??": "sheet", "organise/handouts/[!i]*": "handout"}

epub_basename = "sse-handbook"
epub_title = "Home-based workers and the social and solidarity economy: a handbook"
epub_description = (
    "A handbook and policy reference for groups of women and men who work at home, and for those who stand with them."
)
epub_contributor = epub_publisher = author
# Names the book in all its versions: never change it.
epub_uid = epub_identifier = "urn:uuid:7e526902-a0fc-4727-b9db-ad44d5cfb648"
epub_theme = "handbook_epub"
epub_css_files = []
epub_cover = ("_static/cover.png", "epub-cover.html")
epub_tocscope = "includehidden"
epub_use_index = False  # it would hold the words of the glossary, and no more

html_theme = "handbook"
html_theme_path = ["_theme"]
html_title = "Home-based workers and the SSE: a handbook"
html_short_title = "SSE handbook"
html_search_language = "any"  # of `theme.py`: it cuts no word of any script
html_show_search_summary = False  # a page that is opened from a file may not read the others
# Where the newest version is read, once there is a site: `https://…/latest/`. All versions name it as the one to find.
html_baseurl = _project.get("urls", {}).get("Documentation", "")
html_static_path = ["_static"]  # the cover of the EPUB
html_extra_path = ["_extra"]
html_additional_pages = {"404": "404.html"}
html_context = {"author": author}  # for how to cite a page
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "collapse_navbar": True,
    "description": epub_description,
}
