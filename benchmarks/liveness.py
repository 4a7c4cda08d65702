"""What asking about 1,000 films takes, politely: the `videocheck` builder beside Sphinx's linkcheck, on the same pages.

    python benchmarks/liveness.py [--films 1000] [--dead 10] [--answer 0.1] [--pause 0.1]

How to read the output:

- A server on loopback takes `--answer` seconds for each answer. Both tools read the same pages, with the same links;
  linkcheck is led to that server where it would ask for the page of a film.
- "Allowed" is the least time that politeness allows: so many requests, two at a time, each followed by the pause.
  It counts the requests that are needed: one a film, three more for a dead one, and the canaries, one by one.
  linkcheck knows no pause. What it is allowed is the answers alone, with as many at a time as it has workers.
- "Asking" is the time from the first request to the end of the last. "Whole" is the process, with reading the pages.
- A second run follows on the same day. What was found alive is not asked about again.
- "Dead found" is of the films that are gone. Their pages answer 200 all the same, as they do at the real host.

It measures and does not judge: the exit code is 0 also where the bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from handbook import youtube_id

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from loopback import GONE, Loopback, Reply, VideoHost, serve

from sse_handbook.videocheck.hosts import AT_A_TIME

BAR = 1.3
PER_PAGE = 50
WATCH_PAGE = Reply(200, b"<html><title>A film</title></html>")


class Run(NamedTuple):
    """One run of one tool."""

    requests: int
    asking: float
    whole: float
    dead: int


def write_book(folder: Path, films: list[str], conf: str) -> None:
    """Pages with fifty links to films each."""
    folder.mkdir(parents=True)
    pages = [films[first : first + PER_PAGE] for first in range(0, len(films), PER_PAGE)]
    for number, names in enumerate(pages):
        links = "\n".join(f"- [A film](https://www.youtube.com/watch?v={name})" for name in names)
        (folder / f"page{number:03}.md").write_text(f"# Page {number}\n\n{links}\n", encoding="utf-8")
    listed = "\n".join(f"page{number:03}" for number in range(len(pages)))
    (folder / "index.md").write_text(f"# Films\n\n```{{toctree}}\n{listed}\n```\n", encoding="utf-8")
    (folder / "conf.py").write_text(conf, encoding="utf-8")


def run(server: Loopback, source: Path, builder: str, answer: float) -> Run:
    """Run a builder in a process of its own."""
    server.asked.clear()
    server.times.clear()
    output = source.parent / builder
    command = [sys.executable, "-m", "sphinx", "--quiet", "-b", builder, str(source), str(output)]
    start = time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    whole = time.monotonic() - start
    if ended.returncode not in (0, 1):
        sys.exit(f"No figures: {builder} failed.\n{ended.stderr[-2000:]}")
    asking = server.times[-1] - server.times[0] + answer if server.times else 0.0
    if builder == "videocheck":
        found = json.loads((output / "output.json").read_text(encoding="utf-8"))["videos"]
        return Run(len(server.asked), asking, whole, sum(each["verdict"] == "dead" for each in found))
    lines = (output / "output.json").read_text(encoding="utf-8").splitlines()
    return Run(len(server.asked), asking, whole, sum(json.loads(line)["status"] == "broken" for line in lines))


def measure(scratch: Path, server: Loopback, films: int, dead: int, answer: float, pause: float) -> None:
    """Run everything and print the table."""
    host = VideoHost(server)
    names = [youtube_id(number) for number in range(films)]
    for name in names[:: max(films // dead, 1)][:dead] if dead else []:
        host.says(name, GONE, GONE)
    server.reply = lambda path: replace(  # type: ignore[method-assign]
        WATCH_PAGE if path.startswith("/watch") else host.reply(path), delay=answer
    )
    conf = f"""
extensions = ["myst_parser", "sse_handbook"]
html_theme = "basic"
sse_videocheck_hosts = {host.hosts}
sse_videocheck_pace = {{"pause": {pause}, "second_probe": 0}}
linkcheck_workers = {{workers}}

def setup(app):
    app.connect("linkcheck-process-uri", lambda app, uri: uri.replace("https://www.youtube.com", "{server.url}"))
"""
    rows = []
    needed = (films + 3 * dead) / AT_A_TIME * (answer + pause) + 8 * (answer + pause)
    for builder, workers in (("videocheck", 5), ("linkcheck", 5), ("linkcheck", AT_A_TIME)):
        print(f"{builder} ...", file=sys.stderr)
        home = scratch / f"{builder}-{workers}"
        write_book(home / "docs", names, conf.replace("{workers}", str(workers)))
        first, second = (run(server, home / "docs", builder, answer) for _ in range(2))
        allowed = needed if builder == "videocheck" else films * answer / workers
        ratio = first.asking / allowed
        bar = f"{'meets' if ratio <= BAR else 'misses'} {BAR}" if builder == "videocheck" else ""
        name = builder if builder == "videocheck" else f"{builder}, {workers} workers"
        rows.append(
            f"| {name} | {first.requests} | {first.asking:.1f} | {allowed:.1f} | {ratio:.2f} {bar} | {first.whole:.1f} "
            f"| {first.dead} of {dead} | {second.requests} | {second.whole:.1f} |"
        )
    print(f"{date.today()}, {platform.platform()}, {os.cpu_count()} cores, load now {os.getloadavg()[0]:.1f}")
    print(*(f"{name} {version(name)}" for name in ("sphinx", "requests", "sse-handbook")), sep=", ", end=", ")
    print(f"Python {platform.python_version()}")
    print(f"{films} films, {answer} s an answer, a pause of {pause} s\n")
    print("| tool | requests | asking s | allowed s | ratio | whole s | dead found | second: requests | whole s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|", *rows, sep="\n")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--dead", type=int, default=10)
    parser.add_argument("--answer", type=float, default=0.1)
    parser.add_argument("--pause", type=float, default=0.1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, serve() as server:
        measure(Path(scratch), server, options.films, options.dead, options.answer, options.pause)


if __name__ == "__main__":
    main()
