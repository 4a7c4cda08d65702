"""What the extension adds to a build: the same generated handbook, built with it and without it.

    python benchmarks/build_cost.py [--pages 100 300 1000] [--jobs 1 2] [--repeat 3]

How to read the output:

- A ratio is the time with the extension over the time without it. 1.03 means that the extension adds 3%.
- "CPU" is the user and system time of the build and all its workers. Others on the machine change it little.
  "wall" is what someone at the screen waits for. Trust it only on a machine that does nothing else.
- Each build is a process of its own. The two sides take turns, and the quickest of the repeats counts on each side.
- "Growth" is the CPU cost of a page in this handbook over that in the smallest one. About 1 means linear growth.
  Sphinx's own start is part of each cost and weighs most on the smallest handbook, so growth alone flatters.
  "More" is what each page above the next smaller size added: it should stay level, or grow as it does without us.
- Diagrams come from a warm cache. What drawing one costs stands on a line of its own.

It measures and does not judge: the exit code is 0 also where a bar is missed. It needs `os.wait4`: Linux or macOS.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from handbook import write_handbook, youtube_id

from sse_handbook.video_links import VideoLinkError, parse_video_link

FULL_BAR, REBUILD_BAR, GROWTH_BAR, PARSE_BAR = 1.05, 1.10, 1.15, 1.0
ADDRESSES = 20_000


class Cost(NamedTuple):
    """Seconds on the processor and on the wall."""

    cpu: float
    wall: float


class BuildError(Exception):
    """A build that failed, with the end of what it said: there is nothing to measure."""


def best(costs: list[Cost]) -> Cost:
    """The least of each kind of time."""
    return Cost(*map(min, zip(*costs, strict=True)))


def build(home: Path, side: str, jobs: int, clean: bool) -> Cost:
    """Build in a process of its own, and say what it and its workers cost."""
    out, doctrees, log = (home / side / each for each in ("html", "doctrees", "log.txt"))
    if clean:
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(doctrees, ignore_errors=True)
    options = ["--quiet", "-b", "html", "-j", str(jobs), "-c", str(home / side), "-d", str(doctrees)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"PATH": path, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "sphinx", *options, str(home / "docs"), str(out)]
    with log.open("wb") as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = log.read_text(encoding="utf-8").splitlines()
    if process.returncode:
        raise BuildError("\n".join(lines[-20:]))
    if lines:  # warnings cost time of their own, and the pages should have none
        print(f"{side} the extension, {len(lines)} lines of warnings; the first: {lines[0]}", file=sys.stderr)
    return Cost(used.ru_utime + used.ru_stime, wall)


def compare(home: Path, jobs: int, repeat: int, change: Callable[[int], object] | None = None) -> tuple[Cost, Cost]:
    """The best cost with and without the extension: of clean builds, or of builds after a `change` to the pages."""
    costs: dict[str, list[Cost]] = {"with": [], "without": []}
    for turn in range(repeat):
        if change:
            change(turn)
        for side in sorted(costs, reverse=turn % 2 == 0):
            costs[side].append(build(home, side, jobs, clean=change is None))
    return best(costs["with"]), best(costs["without"])


def change_page(path: Path, turn: int) -> None:
    """Write another last line into a page."""
    text = path.read_text(encoding="utf-8").partition("\nChanged")[0]
    path.write_text(f"{text}\nChanged {turn + 1} times.\n", encoding="utf-8")


def addresses() -> Iterator[str]:
    """Addresses of many forms: right, wrong, escaped, and of hosts without videos."""
    for number in range(ADDRESSES):
        film, seconds = youtube_id(number), number % 5000
        forms = (
            f"https://www.youtube.com/watch?v={film}&t={seconds}s",
            f"https://youtu.be/{film}?t={seconds // 60}m{seconds % 60}s",
            f"https://m.youtube.com/watch?app=desktop&amp;v={film}&amp;list=PL{film}",
            f"<https://www.youtube-nocookie.com/embed/{film}?start={seconds}&autoplay=1>",
            f"youtube.com/shorts/{film}",
            f"https://www.youtube.com/watch?v={film[:10]}",
            f"https://vimeo.com/{10**6 + number}/{number:010x}#t={seconds}s",
            f"https://player.vimeo.com/video/{10**6 + number}?h={number:010x}",
            f"https://videos.example.org/w/{uuid.UUID(int=number * 3**70 % 2**128, version=4)}?start={seconds}s",
            f"https://www.ilo.org/topics/{number}?page={seconds}",
        )
        yield forms[number % len(forms)]


def parse(texts: list[str]) -> Cost:
    """Parse all addresses."""
    cpu, wall = time.process_time(), time.perf_counter()
    for text in texts:
        try:
            parse_video_link(text)
        except VideoLinkError:
            continue
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def judge(value: float, bar: float) -> str:
    """A figure, and whether it meets its bar."""
    return f"{value:.3f} {'meets' if value <= bar else 'misses'}"


def growth_rows(full: dict[int, tuple[Cost, Cost]], jobs: int) -> Iterator[str]:
    """The rows on how the cost of a page grows, from the full builds by number of pages."""
    for place, side in enumerate(("with", "without")):
        costs = {pages: pair[place].cpu for pages, pair in full.items()}
        smallest = previous = min(costs)
        for pages, cpu in costs.items():
            growth = cpu / pages / (costs[smallest] / smallest)
            more = f"{(cpu - costs[previous]) / (pages - previous) * 1000:.1f}" if pages > smallest else ""
            judged = f"{judge(growth, GROWTH_BAR)} | {GROWTH_BAR}" if more and side == "with" else f"{growth:.3f} |"
            yield f"| {side} | {jobs} | {pages} | {cpu / pages * 1000:.1f} | {more} | {judged} |"
            previous = pages


def measure(scratch: Path, sizes: list[int], all_jobs: list[int], repeat: int) -> None:
    """Run everything and print the tables."""
    cache = scratch / "diagrams"
    ratios: list[str] = []
    growth: list[str] = []
    write_handbook(scratch / "drawing", cache, 6, picture_every=1)
    cold, warm = (build(scratch / "drawing", "with", 1, clean=True) for _ in range(2))
    for jobs in all_jobs:
        full: dict[int, tuple[Cost, Cost]] = {}
        for pages in sizes:
            print(f"{pages} pages, -j {jobs} ...", file=sys.stderr)
            home = scratch / f"pages-{pages}"
            write_handbook(home, cache, pages)
            full[pages] = compare(home, jobs, repeat)
            one = compare(home, jobs, repeat, partial(change_page, home / "docs" / "part-000" / "page-0001.md"))
            for name, (ours, bare), bar in (("full", full[pages], FULL_BAR), ("one page", one, REBUILD_BAR)):
                seconds = f"{ours.cpu:.2f} | {bare.cpu:.2f} | {ours.wall:.2f} | {bare.wall:.2f}"
                verdicts = f"{judge(ours.cpu / bare.cpu, bar)} | {judge(ours.wall / bare.wall, bar)} | {bar:.2f}"
                ratios.append(f"| {name} | {jobs} | {pages} | {seconds} | {verdicts} |")
        growth += growth_rows(full, jobs)
    texts = list(addresses())
    parsed = best([parse(texts) for _ in range(repeat)])
    print(f"{date.today()}, {platform.platform()}, {os.cpu_count()} cores, load now {os.getloadavg()[0]:.1f}")
    print(*(f"{name} {version(name)}" for name in ("sphinx", "myst-parser", "sse-handbook")), sep=", ", end=", ")
    print(f"Python {platform.python_version()}, best of {repeat}\n")
    print("| build | -j | pages | CPU s with | without | wall s with | without | CPU ratio | wall ratio | bar |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|", *ratios, sep="\n")
    print("\n| side | -j | pages | CPU ms a page | more | growth | bar |")
    print("|---|--:|--:|--:|--:|--:|--:|", *growth, sep="\n")
    print(f"\n{ADDRESSES:,} video addresses: {judge(parsed.cpu, PARSE_BAR)} (CPU s), ", end="")
    print(f"{judge(parsed.wall, PARSE_BAR)} (wall s), bar {PARSE_BAR}")
    drawing = Cost((cold.cpu - warm.cpu) / 6, (cold.wall - warm.wall) / 6)
    print(f"Drawing a diagram that is not in the cache: {drawing.cpu:.2f} CPU s, {drawing.wall:.2f} wall s")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            measure(Path(scratch), sorted(set(options.pages)), options.jobs, options.repeat)
        except BuildError as error:
            print(f"No figures: a build failed.\n{error}")


if __name__ == "__main__":
    main()
