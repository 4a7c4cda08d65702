"""The EPUB: Sphinx's, with its own table of contents, PNG cover, SVG declared; same bytes for a `SOURCE_DATE_EPOCH`."""

import html
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from docutils import nodes
from novasvg import svg2png
from pdf_builder import collect_pages
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.util.fileutil import copy_asset_file

CLEAN = bytes(32 if byte < 32 and byte not in b"\t\n\r" else byte for byte in range(256))  # XML has no place for these
PACKAGE = Path(__file__).parent.parent / "_templates/epub/content.opf.jinja"


class BookBuilder(Epub3Builder):
    # What the site has beside its pages is no part of a book.
    def copy_html_static_files(self, context: dict[str, Any]) -> None: ...
    def copy_extra_files(self) -> None: ...
    def gen_additional_pages(self) -> None: ...

    def handle_finish(self) -> None:
        """Delete what an earlier build left and would be packed, and draw the cover: many shelves show no SVG."""
        pages = {Path(self.get_outfilename(docname)) for docname in self.env.found_docs}
        for path in {Path(self.outdir, ".buildinfo.bak"), *Path(self.outdir).rglob("*.xhtml")} - pages:
            path.unlink(missing_ok=True)
        for picture in self.config.epub_cover[:1]:
            drawing = Path(self.srcdir, picture).with_suffix(".svg")
            svg2png(drawing, Path(self.outdir, picture), width=600)  # pixels; a shelf shows it smaller
        super().handle_finish()

    def get_toc(self) -> None:
        """List each page as deep as it stands in the contents; with its headings, where it has no pages below it."""
        pages, self.refnodes = collect_pages(self.env), []
        for docname, place in pages.items():
            level, uri = place or 1, self.get_target_uri(docname)
            self.add_to_contents(level, uri, self.env.titles[docname])
            below = self.env.toctree_includes.get(docname)
            for link in () if below else self.env.tocs[docname].findall(nodes.reference):
                around, depth = link.parent, -1
                while around is not None:
                    around, depth = around.parent, depth + isinstance(around, nodes.list_item)
                if depth:
                    self.add_to_contents(level + depth, uri + link["anchorname"], link)

    def add_to_contents(self, level: int, uri: str, title: nodes.Element) -> None:
        self.refnodes.append({"level": level, "refuri": html.escape(uri), "text": html.escape(title.astext())})

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
        date = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), 315532800))  # 1980: no ZIP is older
        with ZipFile(Path(self.outdir, f"{self.config.epub_basename}.epub"), "w") as book:
            for name in ("mimetype", "META-INF/container.xml", "content.opf", "toc.ncx", *self.files):
                entry = ZipInfo(name, date[:6])
                entry.external_attr = 0o644 << 16
                data = Path(self.outdir, name).read_bytes().translate(CLEAN if name.endswith(("html", "ncx")) else None)
                book.writestr(entry, data, ZIP_STORED if name == "mimetype" else ZIP_DEFLATED)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_builder(BookBuilder, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
