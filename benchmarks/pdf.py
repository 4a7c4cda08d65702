"""The PDF of the handbook four ways: our builder, Sphinx's LaTeX route, sphinx-simplepdf, and WeasyPrint alone.

    python benchmarks/pdf.py [--limit 900]

A route whose programs are not on this machine is named and left out. Each reads the same pages anew, and finds all
diagrams drawn, except that LaTeX's route turns them into PDF. Judge by the CPU seconds, which other work on the machine
changes least. LaTeX's route ends at the whole book; ours writes a file for each chapter too.

"WeasyPrint alone" shows what a builder on WeasyPrint can hardly go below: the same pages as Sphinx's barest theme has
them, without numbers of pages behind links, without tags for screen readers, and with no other file than the book.

It measures and does not judge: the exit code is 0 also where the bar is missed.
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS, LATEX = "pdf", "LaTeX, xelatex"
BAR = 1 / 3  # of LaTeX's time


def run(command: list[str], limit: int) -> tuple[float, float, str]:
    """Seconds of the processors and of the clock that a command took, and what went wrong; empty where nothing did."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        fault = "" if done.returncode == 0 else lines[-1]
    except subprocess.TimeoutExpired:
        fault = f"not finished after {limit} s"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start, fault


def sphinx(builder: str, docs: Path, home: Path, *settings: str) -> list[str]:
    """The command that builds all pages from nothing, with the diagrams that an earlier one has drawn."""
    options = [f"-D{each}" for each in (f"sse_diagram_cache={home}/diagrams", *settings)]
    trees, out = home / builder / "trees", home / builder / "made"
    return [sys.executable, "-m", "sphinx", "-q", "-b", builder, "-d", str(trees), *options, str(docs), str(out)]


def routes(docs: Path, home: Path) -> dict[str, list[list[str]]]:
    """The commands of each route whose programs are here; none for the others."""
    alone = f"{home}/singlehtml/made/"
    found: dict[str, list[list[str]]] = {
        OURS: [sphinx("pdf", docs, home)],
        LATEX: [],
        "simplepdf": [],
        "WeasyPrint alone": [
            sphinx("singlehtml", docs, home, "html_theme=basic"),
            [sys.executable, "-m", "weasyprint", "--quiet", f"{alone}index.html", f"{alone}book.pdf"],
        ],
    }
    if shutil.which("latexmk") and shutil.which("xelatex"):
        # `-f`: signs that LaTeX's fonts lack, and a list of words that makeindex refuses, do not stop it.
        compile_tex = f"cd {home}/latex/made && latexmk -xelatex -interaction=nonstopmode -f -silent *.tex"
        found[LATEX] = [sphinx("latex", docs, home, "latex_engine=xelatex"), ["sh", "-c", compile_tex]]
    if find_spec("sphinx_simplepdf"):
        found["simplepdf"] = [sphinx("simplepdf", docs, home, "extensions=" + ",".join(extensions(docs)))]
    return found


def extensions(docs: Path) -> list[str]:
    """The extensions of the handbook, and sphinx-simplepdf's."""
    text = (docs / "conf.py").read_text(encoding="utf-8")
    [listed] = re.findall(r"^extensions = (\[.*?\])", text, re.DOTALL | re.MULTILINE)
    return [*ast.literal_eval(listed), "sphinx_simplepdf"]


def main() -> None:
    """Run each route once and print a line for each, then the others over LaTeX's beside the bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    parser.add_argument("--limit", type=int, default=900, help="seconds that a command may take (default: 900)")
    options = parser.parse_args()
    docs: Path = options.docs.resolve()
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} x {platform.machine()}")
    print(f"{'':<18}{'CPU s':>8}{'clock s':>9}{'MB':>7}")
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        run(sphinx("html", docs, home), options.limit)  # draws the diagrams
        for name, commands in routes(docs, home).items():
            done = [run(command, options.limit) for command in commands]
            if not done:
                print(f"{name:<18}  not on this machine")
                continue
            made_by = commands[0][commands[0].index("-b") + 1]
            files = sorted(home.glob(f"{made_by}/made/*.pdf"), key=lambda path: path.stat().st_size)
            size = f"{files[-1].stat().st_size / 1e6:7.2f}" if files else "   none"
            faults = "; ".join(fault for _cpu, _clock, fault in done if fault)
            cpu, clock = (sum(each[place] for each in done) for place in (0, 1))
            print(f"{name:<18}{cpu:8.1f}{clock:9.1f}{size}  {faults}")
            if files:
                spent[name] = cpu
    for name in (each for each in spent if each != LATEX and LATEX in spent):
        ratio = spent[name] / spent[LATEX]
        print(f"{name} over LaTeX's: {ratio:.2f}; the bar is {BAR:.2f}: {'meets' if ratio <= BAR else 'misses'}")


if __name__ == "__main__":
    main()
