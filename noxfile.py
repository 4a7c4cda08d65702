#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2026.10"]
# ///
"""Every task of the handbook: `python3 noxfile.py` builds it, `python3 noxfile.py --list` names the rest.

Needs Python 3.11 or later and nothing else: where nox is missing, this file makes itself a private
environment for it and goes on. It runs as well under `nox`, `uv run noxfile.py` and `pipx run noxfile.py`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CONSTRAINTS = ROOT / "constraints.txt"


def run_with_private_nox() -> int:
    """Install nox into an environment of its own, once for each set of constraints, and run this file there."""
    home = ROOT / ".nox" / "_runner"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "installed"
    wanted = f"{sys.version}\n{hashlib.sha256(CONSTRAINTS.read_bytes()).hexdigest()}"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print("First run: setting up the tools (needs the network once) ...", flush=True)
        if subprocess.call([sys.executable, "-m", "venv", "--clear", str(home)]):
            print(
                "Python cannot make environments here. On Debian or Ubuntu: apt-get install python3-venv",
                file=sys.stderr,
            )
            return 1
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.call([*pip, "--constraint", str(CONSTRAINTS), "nox"]):
            print("The tools could not be installed. Is there a network? Run the same command again.", file=sys.stderr)
            return 1
        stamp.write_text(wanted, encoding="utf-8")
    return subprocess.call([str(python), str(ROOT / "noxfile.py"), *sys.argv[1:]])


if sys.version_info < (3, 11):
    sys.exit(f"The handbook needs Python 3.11 or later; this is {sys.version.split()[0]}.")
try:
    import nox
except ModuleNotFoundError:
    sys.exit(run_with_private_nox())

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["html"]

# Two environments for all sessions, so that each package is installed once.
DOCS_ENV = ".nox/docs"
DEV_ENV = ".nox/dev"
# A warning is an error, but the build goes on to the end and names them all.
STRICT = ("--nitpicky", "--fail-on-warning", "--keep-going")


def install(session: nox.Session, *groups: str) -> None:
    """Install the extension and dependency groups at exactly the versions of `constraints.txt`."""
    project = nox.project.load_toml("pyproject.toml")
    wanted = [*project["project"]["dependencies"], *nox.project.dependency_groups(project, "build", *groups)]
    stamp = Path(session.virtualenv.location) / "installed"
    state = hashlib.sha256(f"{CONSTRAINTS.read_text('utf-8')}{wanted}{project['project']}".encode()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == state:
        return
    session.install("--constraint", str(CONSTRAINTS), *wanted)
    session.install("--no-build-isolation", "--no-deps", "--editable", ".")
    stamp.write_text(state, encoding="utf-8")


def sphinx_build(session: nox.Session, builder: str, *options: str) -> None:
    session.run(
        "sphinx-build", "-b", builder, *STRICT, "-d", f"build/doctrees/{builder}", "docs", f"build/{builder}", *options
    )


@nox.session(venv_location=DOCS_ENV)
def html(session: nox.Session) -> None:
    """Build the handbook: build/html/index.html."""
    install(session, "docs")
    sphinx_build(session, "html", "--jobs", "auto", *session.posargs)
    session.log("Open build/html/index.html in a browser.")


@nox.session(venv_location=DOCS_ENV)
def check(session: nox.Session) -> None:
    """Check all pages offline, without writing any: references, films, diagrams, registers."""
    install(session, "docs")
    sphinx_build(session, "dummy", "--quiet", *session.posargs)


@nox.session(venv_location=DOCS_ENV)
def serve(session: nox.Session) -> None:
    """Show the handbook at http://127.0.0.1:8000 and build it again when a file changes."""
    install(session, "docs", "serve")
    watched = ("--watch", "src", "--re-ignore", r"\.(?:sw.|tmp)$|~$")
    session.run("sphinx-autobuild", "-d", "build/doctrees/serve", *watched, "docs", "build/serve", *session.posargs)


@nox.session(venv_location=DEV_ENV)
def tests(session: nox.Session) -> None:
    """Run every test; `-- -k NAME` runs some."""
    install(session, "docs", "tests", "lint")
    session.run("pytest", *session.posargs)


@nox.session(venv_location=DEV_ENV)
def lint(session: nox.Session) -> None:
    """Check the code (ruff, mypy), the spelling (typos) and the prose (tools/prose.py)."""
    install(session, "docs", "tests", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("typos")
    session.run("python", "tools/prose.py", *session.posargs)


@nox.session(venv_location=".nox/lock")
def lock(session: nox.Session) -> None:
    """Compile constraints.txt again from pyproject.toml (needs the network)."""
    session.install("uv")
    groups = [f"--group={name}" for name in nox.project.load_toml("pyproject.toml")["dependency-groups"]]
    options = [
        "--universal",
        "--python-version=3.11",
        "--fork-strategy=fewest",
        "--no-emit-index-url",
        *groups,
        *session.posargs,
    ]
    command = "--custom-compile-command=python3 noxfile.py -s lock"
    session.run(
        "uv", "pip", "compile", "--quiet", *options, command, "pyproject.toml", "--output-file", "constraints.txt"
    )


if __name__ == "__main__":
    nox.main()
