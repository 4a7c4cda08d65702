"""The EPUB: Sphinx's, with contents by chapter, a cover, drawings that readers take, and always the same bytes."""

from __future__ import annotations

import html
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from docutils import nodes
from novasvg import svg2png
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.util.fileutil import copy_asset_file

PACKAGE = Path(__file__).parent.parent / "_templates/epub/content.opf.jinja"
COVER_WIDTH = 600  # pixels; a shelf shows it smaller
REPLACED = {
    "<details": '<details open="open"',  # not every reader can open a fold
    'role="doc-noteref"': 'role="doc-noteref" epub:type="noteref"',  # a footnote pops up
    'role="doc-footnote"': 'role="doc-footnote" epub:type="footnote"',
    ' role="doc-biblioentry"': "",  # DPUB-ARIA 1.1 gave it up, and docutils writes it
}


class BookBuilder(Epub3Builder):
    def copy_html_static_files(self, context: dict[str, Any]) -> None:
        """What the site has beside its pages is no part of a book."""

    def copy_extra_files(self) -> None: ...

    def gen_additional_pages(self) -> None: ...

    def handle_finish(self) -> None:
        """Delete what an earlier build left and would be packed, and draw the cover: many shelves show no SVG."""
        pages = {Path(self.get_outfilename(docname)) for docname in self.env.found_docs}
        for path in {Path(self.outdir, ".buildinfo.bak"), *Path(self.outdir).rglob("*.xhtml")} - pages:
            path.unlink(missing_ok=True)
        for picture in self.config.epub_cover[:1]:
            drawing = Path(self.srcdir, picture).with_suffix(".svg")
            svg2png(drawing, Path(self.outdir, picture), width=COVER_WIDTH)
        super().handle_finish()

    def get_toc(self) -> None:
        self.refnodes = []
        # A page that stands in no list of contents comes last.
        for docname in (self.config.root_doc, *sorted(self.env.found_docs)):
            self.add_to_contents(docname, 1)

    def add_to_contents(self, docname: str, level: int) -> None:
        """List a page with the pages below it, or with its headings where it has none."""
        uri, pages = html.escape(self.get_target_uri(docname)), self.env.toctree_includes.get(docname, [])
        if any(entry["refuri"] == uri for entry in self.refnodes):
            return
        self.refnodes.append({"level": level, "refuri": uri, "text": html.escape(self.env.titles[docname].astext())})
        for link in () if pages else self.env.tocs[docname].findall(nodes.reference):
            around, depth = link.parent, -1
            while around is not None:
                around, depth = around.parent, depth + isinstance(around, nodes.list_item)
            entry = {"level": level + depth, "refuri": uri + html.escape(link["anchorname"])}
            self.refnodes += [entry | {"text": html.escape(link.astext())}] if depth else []
        for page in pages:
            self.add_to_contents(page, level + (docname != self.config.root_doc))

    def make_id(self, name: str) -> str:
        return super().make_id(unquote(name))  # the spine asks by address, the list of files by name

    def content_metadata(self) -> dict[str, Any]:
        """Note, too, which pages hold drawings: the package must say so (EPUB 3.3, section 5.7.2.2)."""
        drawn = [page for page in Path(self.outdir).rglob("*.xhtml") if b"<svg" in page.read_bytes()]
        hrefs = [html.escape(quote(page.relative_to(self.outdir).as_posix())) for page in drawn]
        self.metadata = {**super().content_metadata(), "drawn": hrefs}
        return self.metadata

    def build_content(self) -> None:
        super().build_content()
        copy_asset_file(PACKAGE, self.outdir, context=self.metadata, force=True)

    def build_epub(self) -> None:
        date = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "315532800")))  # 1980: a ZIP knows nothing earlier
        with ZipFile(Path(self.outdir, f"{self.config.epub_basename}.epub"), "w") as book:
            for name in ("mimetype", "META-INF/container.xml", "content.opf", "toc.ncx", *self.files):
                entry = ZipInfo(name, date[:6])
                entry.external_attr = 0o644 << 16
                method = ZIP_STORED if name == "mimetype" else ZIP_DEFLATED
                book.writestr(entry, Path(self.outdir, name).read_bytes(), method)


def fit_page(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """`html-page-context`: write what every reader of books understands."""
    for written, fit in REPLACED.items() if app.builder.name == "epub" and "body" in context else ():
        context["body"] = context["body"].replace(written, fit)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_builder(BookBuilder, override=True)
    app.connect("html-page-context", fit_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
