"""What a command costs, and the machine that it ran on."""

import os
import platform
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds of the processors, which other work on the machine changes little, and of the clock."""

    cpu: float
    clock: float


def run(*command: str | Path) -> Cost:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock)


def sphinx(builder: str, source: Path, output: Path, *options: str) -> Cost:
    return run(sys.executable, "-m", "sphinx", "-q", "-b", builder, *options, source, output)


def judge(value: float, bar: float) -> str:
    return f"{value:.2f} (the bar is {bar:.2f}: {'meets' if value <= bar else 'misses'})"


def describe_machine() -> str:
    machine = f"Python {platform.python_version()}, {os.cpu_count()} x {platform.machine()}"
    return f"{date.today()}, {machine}, load {os.getloadavg()[0]:.1f}"
