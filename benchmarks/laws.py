"""What a register of laws costs a build: the same kind of handbook with more and more laws, built clean and again.

    python benchmarks/laws.py [--laws 500 1000 5000] [--repeat 2] [--sources]

How to read the output:

- Each handbook has ten laws a country, a page for each country, and pages with counts, a table and all countries.
- "CPU" is the user and system time of a build. "ms a law" is what each law costs; "more" is what each law above the
  next smaller size added. It should stay level. "growth" is that over what a law costs in the smallest handbook.
- "again" is a build after one field of one law has changed; "written" is how many pages it wrote.
- With `--sources` each law cites a source of its own with sphinxcontrib-bibtex, which compares each citation with all
  others: that cost is its own, and grows.

It measures and does not judge. It needs `os.wait4`: Linux or macOS.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import tempfile
from datetime import date
from pathlib import Path

from build_cost import BuildError, Cost, best, build

LAW = """{code}-{year}-act-{number}:
  title: Ley {number} de {year}
  language: es
  english: Act {number} on the social economy
  level: national
  type: {type}
  topic: SSE framework
  adopted: {year}
  status: in force
  status_as_of: 2025-12
  home_based: Home-based workers may form a group of {number} members and sell what they make under its name.
  forms: cooperatives; mutual societies; associations
  threshold: {number} members
  principles: yes
  body: Ministry of Labour, office {number}
  text_access: official source online
  evidence: law text read
  sources: [source-{code}-{number}]
"""
SUBREGIONS = ["Eastern Africa", "Western Africa", "South America", "Southern Asia", "Southern Europe"]
TABLES = """# All

```{sse:laws}
:show: summary
```

```{sse:laws}
:show: counts
```

```{sse:laws}
:show: timeline
```

```{sse:laws}
:show: countries
```

```{sse:laws}
:columns: law, type, status
:filter:
```
"""


def write(home: Path, laws: int, sources: bool) -> None:
    """A handbook with so many laws."""
    docs, letters = home / "docs", "abcdefghijklmnopqrstuvwxyz"
    codes = [f"{letters[number // 26]}{letters[number % 26]}" for number in range(laws // 10)]
    conf = 'extensions = ["myst_parser", BIBTEX"sse_handbook"]\nsse_data_dir = "data"\nhtml_theme = "basic"\n'
    conf += 'sse_law_package = {"name": "laws"}\nbibtex_bibfiles = ["../docs/data/sources.bib"]\n'
    files = {home / "with/conf.py": conf.replace("BIBTEX", '"sphinxcontrib.bibtex", ' if sources else "")}
    pages = [*codes, "all", *(["sources"] if sources else [])]
    files[docs / "index.md"] = "# Laws\n\n```{toctree}\n" + "\n".join(pages) + "\n```\n"
    files[docs / "all.md"] = TABLES
    if sources:
        files[docs / "sources.md"] = "# Sources\n\n```{bibliography}\n:all:\n```\n"
    countries, bib = [], []
    for place, code in enumerate(codes):
        subregion = SUBREGIONS[place % 5]
        region = {"America": "Americas"}.get(subregion.split()[-1], subregion.split()[-1])
        countries.append(f"{code}: {{name: Country {code.upper()}, region: {region}, subregion: {subregion}}}\n")
        files[docs / f"{code}.md"] = f"# Country {code}\n\n```{{sse:laws}}\n:show: entries\n:country: {code}\n```\n"
        files[docs / "data/laws" / f"{code}.yaml"] = "".join(
            LAW.format(code=code, number=number, year=1950 + number * 7, type=["framework law", "strategy"][number % 2])
            for number in range(10)
        )
        bib += [f"@misc{{source-{code}-{number},\n  title = {{Law}},\n  year = {{2020}},\n}}\n" for number in range(10)]
    files[docs / "data/countries.yaml"] = "".join(countries)
    files[docs / "data/sources.bib"] = "".join(bib)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def measure(home: Path, laws: int, repeat: int, sources: bool) -> tuple[Cost, Cost, int]:
    """What a clean build costs, what one costs after one change, and how many pages that one writes."""
    write(home, laws, sources)
    clean = best([build(home, "with", 1, clean=True) for _ in range(repeat)])
    path, again = home / "docs/data/laws/aa.yaml", []
    for turn in range(repeat):
        path.write_text(re.sub(r"office \d+|room \d+", f"room {turn}", path.read_text("utf-8"), count=1), "utf-8")
        before = {page: page.stat().st_mtime_ns for page in (home / "with/html").glob("*.html")}
        again.append(build(home, "with", 1, clean=False))
    written = sum(page.stat().st_mtime_ns != before.get(page) for page in (home / "with/html").glob("*.html"))
    return clean, best(again), written


def main() -> None:
    """Read the options, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--laws", type=int, nargs="+", default=[500, 1000, 5000])
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--sources", action="store_true")
    options = parser.parse_args()
    rows, first, smaller = [], 0.0, (0, 0.0)
    with tempfile.TemporaryDirectory() as scratch:
        for laws in sorted(set(options.laws)):
            print(f"{laws} laws ...", file=sys.stderr)
            try:
                clean, again, written = measure(Path(scratch, str(laws)), laws, options.repeat, options.sources)
            except BuildError as error:
                print(f"No figures: a build failed.\n{error}")
                return
            cost = clean.cpu / laws * 1000
            more = (clean.cpu - smaller[1]) / (laws - smaller[0]) * 1000
            first, smaller = first or cost, (laws, clean.cpu)
            figures = f"{clean.cpu:.1f} | {cost:.1f} | {more:.1f} | {cost / first:.2f} | {again.cpu:.1f} | {written}"
            rows.append(f"| {laws} | {figures} |")
    print(f"{date.today()}, {platform.platform()}, Python {platform.python_version()}, best of {options.repeat}\n")
    print("| laws | CPU s | ms a law | more | growth | again, CPU s | written |\n|--:|--:|--:|--:|--:|--:|--:|")
    print(*rows, sep="\n")


if __name__ == "__main__":
    main()
