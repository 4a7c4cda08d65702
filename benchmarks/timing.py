"""What a command costs, and the machine that it ran on."""

import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path


def start(*command: str | Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def start_sphinx(builder: str, source: Path, output: Path, *options: str) -> "subprocess.Popen[bytes]":
    return start(sys.executable, "-m", "sphinx", "-q", "-b", builder, *options, source, output)


def wait(process: "subprocess.Popen[bytes]") -> float:
    """Return the seconds of the processors that a command and its own workers took; its failure ends the benchmark."""
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.returncode == 0 or sys.exit(f"failed: {process.args!r}")
    return usage.ru_utime + usage.ru_stime


def judge(value: float, bar: float) -> str:
    return f"{value:.2f} (the bar is {bar:.2f}: {'meets' if value <= bar else 'misses'})"


def describe_machine() -> str:
    machine = f"Python {platform.python_version()}, {os.cpu_count()} x {platform.machine()}"
    return f"{date.today()}, {machine}, load {os.getloadavg()[0]:.1f}"
