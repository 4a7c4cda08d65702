"""The PDF of the handbook: our builder beside Sphinx's LaTeX route, and beside the pages.

    python benchmarks/pdf.py [--limit 900]

A route whose programs are not on this machine is named and left out. Each reads the same pages anew, and finds all
diagrams drawn, except that LaTeX's route turns them into PDF. Judge by the CPU seconds, which other work on the machine
changes least. LaTeX's route ends at the whole book; ours writes a file for each chapter too.

It measures and does not judge: the exit code is 0 also where a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BARS = {"LaTeX, xelatex": 1 / 3, "pages, as HTML": 3}  # what ours may take of each


def run(command: list[str], limit: int) -> tuple[float, float, str]:
    """Return the seconds of the processors and of the clock that a command took, and what went wrong, if anything."""
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
    """Return the command that builds all pages from nothing, with the diagrams that an earlier one has drawn."""
    options = [f"-D{setting}" for setting in (f"sse_diagram_cache={home}/diagrams", *settings)]
    trees, out = home / builder / "trees", home / builder / "made"
    return [sys.executable, "-m", "sphinx", "-q", "-b", builder, "-d", str(trees), *options, str(docs), str(out)]


def routes(docs: Path, home: Path) -> dict[str, list[list[str]]]:
    """Return the commands of each route; none where its programs are not here."""
    # `-f`: characters that LaTeX's fonts lack, and a list of words that makeindex refuses, do not stop it.
    compile_tex = f"cd {home}/latex/made && latexmk -xelatex -interaction=nonstopmode -f -silent *.tex"
    latex = [sphinx("latex", docs, home, "latex_engine=xelatex"), ["sh", "-c", compile_tex]]
    return {
        "ours": [sphinx("pdf", docs, home)],
        "LaTeX, xelatex": latex if shutil.which("latexmk") and shutil.which("xelatex") else [],
        "pages, as HTML": [sphinx("html", docs, home)],
        "reading alone": [sphinx("dummy", docs, home)],  # what every route must do first
    }


def main() -> None:
    """Run each route once and print a line for each, then ours over the others beside the bars."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    parser.add_argument("--limit", type=int, default=900, help="seconds that a command may take (default: 900)")
    options = parser.parse_args()
    docs: Path = options.docs.resolve()
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} x {platform.machine()}")
    print(f"{'':<18}{'CPU s':>8}{'clock s':>9}{'MB':>7}{'files':>7}")
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # of Mermaid's program
        run(sphinx("html", docs, home), options.limit)  # draws the diagrams
        shutil.rmtree(home / "html")
        for name, commands in routes(docs, home).items():
            if not commands:
                print(f"{name:<18}  not on this machine")
                continue
            done = [run(command, options.limit) for command in commands]
            faults = "; ".join(fault for _cpu, _clock, fault in done if fault)
            made_by = commands[0][commands[0].index("-b") + 1]
            files = [path for path in home.glob(f"{made_by}/made/*.pdf") if not path.name.startswith("mermaid-")]
            megabytes = sum(path.stat().st_size for path in files) / 1e6
            cpu, clock = (sum(figures[place] for figures in done) for place in (0, 1))
            print(f"{name:<18}{cpu:8.1f}{clock:9.1f}{megabytes:7.2f}{len(files):7}  {faults}")
            spent[name] = cpu
    for name, bar in BARS.items():
        if name in spent:
            ratio = spent["ours"] / spent[name]
            print(f"ours over {name}: {ratio:.2f}; the bar is {bar:.2f}: {'meets' if ratio <= bar else 'misses'}")


if __name__ == "__main__":
    main()
