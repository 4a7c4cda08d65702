"""What the extension adds to a build: the same generated pages, built with it and without it.

A ratio is the processor's time with the extension over the time without it: 1.03 means that it adds 3 %. The two sides
run at the same moment, each on a core: one after the other, two equal builds differ by up to a tenth, for a machine
does not keep its speed; side by side they differ by a hundredth. The exit code is 0 also where a bar is missed.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from statistics import median

from timing import describe_machine, judge, start_sphinx, wait

BARS = {"full": 1.05, "one page": 1.10}
# MyST asks every domain for every label, C++ too, and the extension spares it that. That saves more than the extension
# costs, and would hide it: so MyST asks the standard domain alone, on both sides.
BOTH = 'html_theme = "basic"\nmyst_ref_domains = ["std"]\n'
SIDES = {
    "with": """
extensions = ["myst_parser", "sse_handbook"]
sse_data_dir = "data"
sse_report_unused = ["label", "term"]
""",
    "without": """
from docutils import nodes
from sphinx.domains import Domain


class Stub(Domain):
    name = "sse"
    roles = {"video": lambda name, rawtext, text, *others: ([nodes.inline("", text)], [])}

    def resolve_any_xref(self, *arguments):
        return []

    def merge_domaindata(self, docnames, otherdata):
        pass


def setup(app):
    app.add_domain(Stub)


extensions = ["myst_parser"]
""",
}
WORDS = """
a group of workers who sew weave or pack at home can save first then join others and decide what to form each
member has one vote the books are open money left over stays in work that helps all we ask our town to buy from
"""
TERMS, VIDEOS = 60, 20
VIDEO = 'video-{0}:\n  link: https://youtu.be/{0:010}A\n  about: What video {0} shows\n  from: "A benchmark"\n'


def write_text(number: int) -> str:
    words = WORDS.split()
    return " ".join(words[(number * 31 + place * 17) % len(words)] for place in range(60 + number * 7 % 40)) + "."


def write_page(number: int, pages: int) -> str:
    """Return a page: five parts, each with a label, text, three links and a term; then two videos."""
    video, lines = number % VIDEOS, [f"(page-{number})=\n# Page {number}"]
    for part in range(5):
        near, far, term = (number + part + 1) % pages, (number * 7 + part * 13) % pages, (number * 5 + part) % TERMS
        lines += [f"(page-{number}-{part})=\n## Part {part}", write_text(number * 5 + part)]
        lines += [f"See [the next](#page-{near}-{part}), [](#page-{far}), {{ref}}`it <page-{number}-{part}>`."]
        lines += [f"{write_text(part)} {{term}}`word {term}`, <https://example.org/{number}/{part}>."]
    return "\n\n".join([*lines, f"{{sse:video}}`video-{video}`, [here](https://youtu.be/{video:010}A?t=20).\n"])


def write_project(home: Path, pages: int) -> None:
    terms = "\n\n".join(f"word {number}\n  {write_text(number)}" for number in range(TERMS))
    files = {f"docs/part-{page // 50}/{page}.md": write_page(page, pages) for page in range(pages)}
    files["docs/index.md"] = f"# A book\n\n```{{toctree}}\n:glob:\n\n*/*\n```\n\n```{{glossary}}\n{terms}\n```\n"
    files["docs/data/videos.yaml"] = "".join(map(VIDEO.format, range(VIDEOS)))
    files |= {f"{side}/conf.py": settings + BOTH for side, settings in SIDES.items()}
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")


def measure(home: Path, pages: int, jobs: int, repeat: int) -> None:
    ratios: dict[str, list[float]] = {kind: [] for kind in BARS}
    write_project(home, pages)
    for turn in range(repeat):
        for kind in BARS:
            with (home / "docs/part-0/1.md").open("a", encoding="utf-8") as page:
                page.write(f"\nChanged {turn + 1} times.\n")
            builds = {}
            for side in sorted(SIDES, reverse=turn % 2 == 0):
                if kind == "full":
                    shutil.rmtree(home / side / "html", ignore_errors=True)
                options = ("-c", str(home / side), "-j", str(jobs))
                builds[side] = start_sphinx("html", home / "docs", home / side / "html", *options)
            seconds = {side: wait(build) for side, build in builds.items()}
            ratios[kind].append(seconds["with"] / seconds["without"])
    for kind, bar in BARS.items():
        spread = f"{min(ratios[kind]):.2f} to {max(ratios[kind]):.2f}"
        print(f"{pages} pages, {kind}: {judge(median(ratios[kind]), bar)}, {spread}")


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[300, 1000])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    print(f"{describe_machine()}, median of {options.repeat} pairs")
    for pages in options.pages:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), pages, options.jobs, options.repeat)


if __name__ == "__main__":
    main()
