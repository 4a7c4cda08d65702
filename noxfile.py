#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2025.5"]
# ///
"""Every task of the handbook: `python3 noxfile.py` builds it, `python3 noxfile.py --list` names the rest.

Needs Python 3.11 or later and nothing else: where nox is missing, this file makes itself a private
environment for it and goes on. It runs as well under `nox`, `uv run noxfile.py` and `pipx run noxfile.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

AGAIN = shlex.join(["python3", "noxfile.py", *sys.argv[1:]])  # what to type to run this once more
if sys.version_info < (3, 11):
    sys.exit(
        f"The handbook needs Python 3.11 or later; this is {sys.version.split()[0]}. "
        f"Install one from https://www.python.org/downloads/, and run with it: {AGAIN}"
    )
import tomllib

ROOT = Path(__file__).resolve().parent
CONSTRAINTS = ROOT / "constraints.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def environment(name: str, *groups: str, project: bool = True) -> Path:
    """Make the environment `.nox/NAME` once, at exactly the versions of `constraints.txt`; return its programs' folder.

    It holds the dependency groups named and, with `project`, the extension itself. It is made again when what it
    should hold has changed, or when an earlier try did not come to its end.
    """
    home = ROOT / ".nox" / name
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    wanted = [each for group in groups for each in PROJECT["dependency-groups"][group]]
    wanted += [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]] if project else []
    stamp = home / "installed"
    state = hashlib.sha256(f"{sys.version}{CONSTRAINTS.read_text('utf-8')}{wanted}{PROJECT['project']}".encode())
    if stamp.exists() and stamp.read_text(encoding="utf-8") == state.hexdigest():
        return programs
    print(f"Setting up .nox/{name}: about a minute, and the network, this once ...", flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(home)]):
        sys.exit(f"Python cannot make environments here. On Debian or Ubuntu: apt-get install python3-venv && {AGAIN}")
    pip = [str(programs / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    itself = [[*pip, "--no-build-isolation", "--no-deps", "--editable", str(ROOT)]] if project else []
    for command in ([*pip, "--constraint", str(CONSTRAINTS), *wanted], *itself):
        if subprocess.call(command):
            sys.exit(f"The tools could not be installed in .nox/{name}. Is there a network? Then run again: {AGAIN}")
    stamp.write_text(state.hexdigest(), encoding="utf-8")
    return programs


try:
    import nox
    import nox.command
except ModuleNotFoundError:
    runner = environment("_runner", "nox", project=False)
    sys.exit(subprocess.call([str(runner / "python"), str(ROOT / "noxfile.py"), *sys.argv[1:]]))

# A newcomer need not know what uv is, and we do without it.
logging.getLogger("nox").addFilter(lambda record: "uv binary" not in record.getMessage())
nox.options.default_venv_backend = "none"  # sessions share the environments made above
nox.options.sessions = ["book"]

# A warning is an error, but the build goes on to the end and names them all.
STRICT = ("--nitpicky", "--fail-on-warning", "--keep-going")
DOCS = ("docs", "docs")
DEV = ("dev", "docs", "serve", "tests", "lint")
# What takes minutes has a session of its own: each ends within ten minutes on two cores.
APART = {
    "browser": ("tests/test_browser.py",),
    "formats": ("tests/test_pdf.py", "tests/test_epub.py", "tests/test_offline.py", "tests/test_offline_reading.py"),
    "publishing": ("tests/test_publish.py", "tests/test_release.py", "tests/test_translation.py"),
}


def run(session: nox.Session, programs: Path, program: str, *arguments: str, **options: Any) -> None:
    """Run a program of an environment, with the others of that environment in reach."""
    found = shutil.which(program, path=programs) or program
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    session.run(found, *arguments, env={"PATH": path, **date()}, external=True, **options)


def date() -> dict[str, str]:
    """What every format is dated by: the last commit, so that the same sources give the same bytes."""
    if "SOURCE_DATE_EPOCH" in os.environ or not shutil.which("git"):
        return {}
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    seconds = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return {"SOURCE_DATE_EPOCH": seconds} if seconds else {}


def ask(program: str, *arguments: str) -> None:
    """Run a program that asks the network, and end with its own exit code: it tells a dead link from no network."""
    programs = environment(*DOCS)
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [shutil.which(program, path=programs) or program, *arguments]
    with subprocess.Popen(command, env={**os.environ, "PATH": path}) as process:
        while process.poll() is None:
            # On Ctrl-C the program writes down what it has learnt, and ends by itself.
            with contextlib.suppress(KeyboardInterrupt):
                process.wait()
    if process.returncode:
        sys.exit(process.returncode)


def sphinx_command(builder: str, *options: str, folder: str = "", doctrees: str = "shared") -> list[str]:
    """Return the command that builds a format: all of them from one reading of the pages."""
    places = ("-d", f"build/doctrees/{doctrees}", "docs", f"build/{folder or builder}")
    return ["sphinx-build", "-b", builder, *STRICT, "--jobs", "auto", *places, *options]


def sphinx_build(session: nox.Session, builder: str, *options: str, folder: str = "", doctrees: str = "shared") -> None:
    try:
        run(session, environment(*DOCS), *sphinx_command(builder, *options, folder=folder, doctrees=doctrees))
    except nox.command.CommandFailed:
        # Some of Sphinx's own warnings come only when a page is read: after a failure all are read again.
        Path("build/doctrees", doctrees, "environment.pickle").unlink(missing_ok=True)
        session.error(f"Mend what is named above, and run again: {AGAIN}")


VERSION = PROJECT["project"]["version"]
OFFLINE_COPY = f"build/offline/sse-handbook-{VERSION}.zip"
# The copy holds the PDF and offers nothing else. From a file, a browser lets no page read another for a summary.
OFFLINE_PAGES = ("--write-all", "-D", "sse_downloads_only=pdf", "-D", "html_show_search_summary=0")
# Each format, with the commands that make it and what they leave. The pages come last: they offer the rest.
FORMATS = {
    "PDF, book, chapters": ([sphinx_command("pdf")], "build/pdf/sse-handbook*.pdf"),
    "EPUB": ([sphinx_command("epub")], "build/epub/sse-handbook.epub"),
    "Offline copy": (
        [
            sphinx_command("html", *OFFLINE_PAGES, folder="offline/pages"),
            ["python", "tools/offline.py", "build/offline/pages", OFFLINE_COPY],
        ],
        OFFLINE_COPY,
    ),
    "Pages": ([sphinx_command("html")], "build/html/**/*.html"),
}


@nox.session
def book(session: nox.Session) -> None:
    """Build the handbook in every format; begin at build/html/index.html."""
    programs = environment(*DOCS)
    options = {"env": {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}", **date()}}
    rows, failed, told = [], [], set[str]()
    for name, (commands, files) in FORMATS.items():
        start = time.monotonic()
        for program, *arguments in commands:
            print(f"{name}: {shlex.join([program, *arguments[:2]])} ...", flush=True)
            command = [shutil.which(program, path=programs) or program, *arguments]
            command += ["--quiet"] if program == "sphinx-build" else []
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **options)
            # What one format has said of a page, the next need not say again.
            print(
                "".join(f"{line}\n" for line in done.stderr.splitlines() if line not in told), end="", file=sys.stderr
            )
            told.update(done.stderr.splitlines())
            if done.returncode:
                failed.append(name)
                Path("build/doctrees/shared/environment.pickle").unlink(missing_ok=True)
                break
        made = sorted(Path().glob(files)) if name not in failed else []
        size = sum(path.stat().st_size for path in made) / 1e6
        where = "build/html/index.html" if name == "Pages" else str(made[0]) if len(made) == 1 else files
        result = "failed" if name in failed else f"{len(made)} file{'s' * (len(made) > 1)}"
        rows.append(f"{name:<20}{result:>9}{size:>6.1f} MB{time.monotonic() - start:>5.0f} s  {where}")
    print("\n".join(["", *rows, ""]), flush=True)
    if failed:
        session.error(f"Not made: {', '.join(failed)}. Mend what is named above, and run again: {AGAIN}")


@nox.session
def html(session: nox.Session) -> None:
    """Build the pages: build/html/index.html."""
    sphinx_build(session, "html", *session.posargs)


@nox.session
def pdf(session: nox.Session) -> None:
    """Build the PDF, whole and by chapters: build/pdf/sse-handbook.pdf."""
    sphinx_build(session, "pdf", *session.posargs)


@nox.session
def epub(session: nox.Session) -> None:
    """Build the EPUB: build/epub/sse-handbook.epub."""
    sphinx_build(session, "epub", *session.posargs)


@nox.session
def offline(session: nox.Session) -> None:
    """Pack the offline copy, with the PDF in it: build/offline/sse-handbook-VERSION.zip."""
    pdf(session)
    sphinx_build(session, "html", *OFFLINE_PAGES, folder="offline/pages")
    run(session, environment(*DOCS), "python", "tools/offline.py", "build/offline/pages", OFFLINE_COPY)


@nox.session
def check(session: nox.Session) -> None:
    """Check all pages offline, without writing any: references, videos, diagrams, registers."""
    # Fresh each time: a page that is gone is missed only by pages that are read again.
    sphinx_build(session, "dummy", "--quiet", "--fresh-env", *session.posargs, doctrees="check")


@nox.session
def translate(session: nox.Session) -> None:
    """Make or refresh the texts of a language, and build the pages in it: `-- hi` makes build/hi."""
    if not session.posargs or session.posargs[0].startswith("-"):
        session.error("Name a language by its code: python3 noxfile.py -s translate -- hi")
    language, *more = session.posargs
    sphinx_build(session, "gettext", doctrees="gettext")
    places = [folder for folder in ("src", "docs/_ext", "docs/_templates", "docs/_theme") if Path(folder).exists()]
    words = ("--no-wrap", "--sort-by-file", "-F", "pyproject.toml", "-o", "build/gettext/sphinx.pot")
    run(session, environment(*DOCS), "pybabel", "--quiet", "extract", *words, *places)
    catalogues = ("--pot-dir", "build/gettext", "--locale-dir", "docs/locales", "--line-width", "0")
    run(session, environment(*DOCS), "sphinx-intl", "update", *catalogues, "--language", language)
    places_of_language = ("-d", f"build/doctrees/{language}", "docs", f"build/{language}/html")
    command = ("sphinx-build", "-b", "html", "-n", "-j", "auto", "--fresh-env", "-D", f"language={language}", *more)
    run(session, environment(*DOCS), *command, *places_of_language)


@nox.session
def serve(session: nox.Session) -> None:
    """Show the handbook at http://127.0.0.1:8000 and build it again when a file changes."""
    watched = ("--watch", "src", "--watch", "docs/_ext")
    places = ("-d", "build/doctrees/serve", "docs", "build/serve")
    run(session, environment("serve", "docs", "serve"), "sphinx-autobuild", *watched, *places, *session.posargs)


@nox.session
def videos(session: nox.Session) -> None:
    """Ask if every video is still there (online): 0 yes, 1 one is dead; docs/contribute/videos.md has more codes."""
    # What nobody sits before is a scheduled run: a death in it needs a second one.
    scheduled = f"sse_videocheck_scheduled={int('CI' in os.environ)}"
    places = ("-d", "build/doctrees/videocheck", "docs", "build/videocheck")
    ask("sphinx-build", "-b", "videocheck", "-D", scheduled, *places, *session.posargs)


@nox.session
def links(session: nox.Session) -> None:
    """Ask every link of the pages if it still answers (online); `-- --since origin/main` asks only what is new."""
    ask("python", "tools/links.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test but those of `browser`, `formats` and `publishing`; `-- -k NAME` runs some, of all."""
    apart = [] if session.posargs else [f"--ignore={path}" for paths in APART.values() for path in paths]
    run(session, environment(*DEV), "pytest", *apart, *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Weigh every page, then open each in a real browser: budget, accessibility."""
    sphinx_build(session, "html")
    programs = environment(*DEV)
    run(session, programs, "pytest", *APART["browser"], *session.posargs)


@nox.session
def formats(session: nox.Session) -> None:
    """Test the PDF, the EPUB, the offline copy and reading without a network: complete, in order, every link alive."""
    run(session, environment(*DEV), "pytest", *APART["formats"], *session.posargs)


@nox.session
def publishing(session: nox.Session) -> None:
    """Release, publish and translate in repositories of their own, stopped at every step."""
    run(session, environment(*DEV), "pytest", *APART["publishing"], *session.posargs)


# Files that a site reads, and the public schema of each: they come with check-jsonschema.
FORMS = ".github/ISSUE_TEMPLATE"
SCHEMAS = {
    "github-issue-forms": sorted(str(each) for each in Path(FORMS).glob("*.yml") if each.name != "config.yml"),
    "github-issue-config": [f"{FORMS}/config.yml"],
    "github-workflows": sorted(map(str, Path(".github/workflows").glob("*.yml"))),
    "dependabot": [".github/dependabot.yml"],
    "readthedocs": [".readthedocs.yaml"],
    "citation-file-format": ["CITATION.cff"],
}


@nox.session
def lint(session: nox.Session) -> None:
    """Check code, spelling, Markdown, prose, the list of changes, and what sites read: workflows, forms, settings."""
    programs = environment(*DEV)
    commands = (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("typos",),
        ("rumdl", "check", "--no-cache", "docs", *sorted(map(str, Path().glob("*.md")))),
        ("python", "tools/prose.py", *session.posargs),
        ("actionlint",),
        ("zizmor", "--offline", "--pedantic", "--quiet", "."),
        *(("check-jsonschema", "--quiet", "--builtin-schema", f"vendor.{name}", *SCHEMAS[name]) for name in SCHEMAS),
        ("python", "tools/changes.py"),
    )
    failed = []
    for command in commands:  # all of them, so that one run says everything
        try:
            run(session, programs, *command)
        except nox.command.CommandFailed:
            failed.append(" ".join(command))
    if failed:
        # What ruff can mend by itself is mended by one command.
        first = "python3 noxfile.py -s tidy, then: " if any(each.startswith("ruff") for each in failed) else ""
        session.error(f"Mend what these said above: {'; '.join(failed)}. Run again: {first}{AGAIN}")


@nox.session
def tidy(session: nox.Session) -> None:
    """Mend in the code what a program can mend: its layout, its imports."""
    programs = environment(*DEV)
    run(session, programs, "ruff", "check", "--fix", ".", success_codes=[0, 1])
    run(session, programs, "ruff", "format", ".")


@nox.session
def release(session: nox.Session) -> None:
    """Make a version, on this computer alone: `-- 1.1.0`; with `--dry-run` only say what would be done.

    `--checked` leaves lint, check and tests out, for what has just passed them.
    """
    run(session, environment(*DOCS), "python", "tools/release.py", *session.posargs)


@nox.session
def publish(session: nox.Session) -> None:
    """Put the version that is checked out on the site, beside the older ones; with `--dry-run` only say what changes.

    `--remote` and `--branch` name the site (origin, gh-pages); `--folder` names a folder in their place.
    """
    command = ("python", "tools/publish.py", *session.posargs)
    run(session, environment(*DOCS), *command, "--ready")
    session.run(sys.executable, "noxfile.py", external=True)
    options = ("--fresh-env", "--write-all", "-D", "sse_published=1")
    sphinx_build(session, "html", *options, folder="publish", doctrees="publish")
    run(session, environment(*DOCS), *command)


@nox.session
def lock(session: nox.Session) -> None:
    """Compile constraints.txt again from pyproject.toml (needs the network); `-- --upgrade` takes newer versions."""
    groups = [f"--group={name}" for name in PROJECT["dependency-groups"]]
    options = ["--universal", "--python-version=3.11", "--fork-strategy=fewest", "--no-emit-index-url", *groups]
    said = "--custom-compile-command=python3 noxfile.py -s lock"
    command = ["pip", "compile", "--quiet", *options, said, *session.posargs, "pyproject.toml", "-o", "constraints.txt"]
    run(session, environment("lock", "lock", project=False), "uv", *command)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in globals() and not sys.argv[1].startswith("_"):
        sys.argv.insert(1, "-s")  # `noxfile.py check` means `noxfile.py -s check`
    nox.main()
