"""The PDF of the handbook: our builder beside Sphinx's LaTeX route, where that is installed, and beside the pages.

Each route reads the same pages anew, and finds all diagrams drawn. LaTeX's ends at the whole book, ours writes a file
for each chapter too. The exit code is 0 also where a bar is missed.
"""

import shutil
import tempfile
from pathlib import Path

from timing import describe_machine, judge, start, start_sphinx, wait

DOCS = Path(__file__).resolve().parent.parent / "docs"
BARS = {"latex": 1 / 3, "html": 3.0}  # what ours may take of each


def main() -> None:
    print(describe_machine())
    spent = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        diagrams = f"-Dsse_diagram_cache={home / 'diagrams'}"
        wait(start_sphinx("dummy", DOCS, home / "first", diagrams))  # draws them
        has_latex = shutil.which("latexmk") and shutil.which("xelatex")
        for builder in ("dummy", "html", "pdf", *(["latex"] if has_latex else [])):
            options = (diagrams, "-Dlatex_engine=xelatex", "-d", str(home / f"{builder}-doctrees"))
            spent[builder] = wait(start_sphinx(builder, DOCS, home / builder, *options))
            if builder == "latex":
                # It ends with a fault, but also with a PDF: its fonts lack characters, and makeindex refuses words.
                command = f"cd {home}/latex && latexmk -xelatex -interaction=nonstopmode -f -silent *.tex; ls *.pdf"
                spent[builder] += wait(start("sh", "-c", command))
            print(f"{builder}: {spent[builder]:.1f} CPU s")
    for builder, bar in BARS.items():
        if builder in spent:
            print(f"pdf over {builder}: {judge(spent['pdf'] / spent[builder], bar)}")


if __name__ == "__main__":
    main()
