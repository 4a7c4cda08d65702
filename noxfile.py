# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2025.5"]
# ///
"""Every task of the handbook: `python3 noxfile.py` builds it, `python3 noxfile.py --list` names the rest.

Needs Python 3.11 or later and nothing else. `nox`, `uv run noxfile.py` and `pipx run noxfile.py` work as well.
"""

import contextlib
import hashlib
import logging
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from glob import glob
from pathlib import Path

AGAIN = shlex.join(["python3", "noxfile.py", *sys.argv[1:]])  # what to type to run this once more
if sys.version_info < (3, 11):
    sys.exit(f"This needs Python 3.11 or later (https://www.python.org/downloads/). With it, run again: {AGAIN}")
import tomllib

if POSIX := os.name == "posix":
    import fcntl
ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".nox" / f"python{sys.version_info.major}.{sys.version_info.minor}"
PROGRAMS = HOME / ("bin" if POSIX else "Scripts")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = {"extension": [f"--editable={ROOT}", *PROJECT["project"]["dependencies"]], **PROJECT["dependency-groups"]}


def make_folder(path: Path) -> Path:
    with contextlib.suppress(OSError):
        path.mkdir(parents=True, exist_ok=True)
    for place in (f"{path}/.", *glob(f"{path}/**/", recursive=True), *glob(f"{path}.*")):  # it, all in it, its lock
        os.access(place, os.W_OK) or sys.exit(f"{place} cannot be written to. Put that right, and run again: {AGAIN}")
    return path


def install(*groups: str) -> None:
    """Put groups into the one environment of all tasks, at the versions of `constraints.txt`; what is there stays."""
    constraints = ROOT / "constraints.txt"
    state = f"{ROOT} {sys.version.split()[0]} {hashlib.sha256(constraints.read_bytes()).hexdigest()}"
    stamp = HOME / "installed"
    installed = stamp.read_text(encoding="utf-8").splitlines() if stamp.exists() else []
    installed = installed if installed[:1] == [state] else []
    missing = sorted({line for group in groups for line in GROUPS[group]}.difference(installed))
    if not missing:
        return
    print(f"Setting up {', '.join(groups)} in {make_folder(HOME)}: once, about a minute, with the network", flush=True)
    if not installed and subprocess.call([sys.executable, "-m", "venv", "--clear", str(HOME)]):
        sys.exit(f"Python cannot make environments here. On Debian or Ubuntu: apt-get install python3-venv && {AGAIN}")
    pip = [str(PROGRAMS / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    installed or subprocess.call([*pip, "-qq", "uninstall", "--yes", "setuptools"])  # Python 3.11's; nothing needs it
    if subprocess.call([*pip, "install", "--no-compile", f"--constraint={constraints}", *missing]):
        sys.exit(f"The tools could not be installed in {HOME}. Is there a network? Then run again: {AGAIN}")
    stamp.write_text("\n".join([state, *installed[1:], *missing]), encoding="utf-8")


try:
    import nox
except ModuleNotFoundError:
    install("nox")
    command = [str(PROGRAMS / "python"), str(ROOT / "noxfile.py"), *sys.argv[1:]]
    sys.exit(os.execv(command[0], command) if POSIX else subprocess.call(command))  # noqa: S606 (no shell is meant)

logging.getLogger("nox").addFilter(lambda record: "uv binary" not in record.getMessage())  # not needed
signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is stopped, too
os.chdir(make_folder(ROOT / "build").parent)  # where each task writes
os.environ["PATH"] = f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}"
if not os.environ.get("SOURCE_DATE_EPOCH") and shutil.which("git"):  # dated by the last commit: same in, same out
    last = subprocess.run(["git", "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False)
    os.environ["SOURCE_DATE_EPOCH"] = last.stdout.strip() or str(int(time.time()))

BOOK, LINT, SERVE = ("extension", "docs"), ("extension", "docs", "lint"), ("extension", "docs", "serve")
DEV = (*LINT, "release", "serve", "tests")
COPY = f"offline/sse-handbook-{PROJECT['project']['version']}.zip"
STRICT = ("--nitpicky", "--fail-on-warning", "--keep-going", "--jobs=auto")


def run(groups: tuple[str, ...], command: str, *more: str) -> int:
    install(*groups)
    words = [path for word in shlex.split(command) for path in (sorted(glob(word)) if "*" in word else [word])]
    print("$", shlex.join([*words, *more]), flush=True)
    return subprocess.call([*words, *more])


def build(builder: str, *options: str, output: str = "", doctrees: str = "shared") -> int:
    """Run Sphinx, never twice at once in a folder; a language has folders of its own."""
    install(*BOOK)
    root = Path("build", *(option.partition("language=")[2] for option in options))
    trees, folder = root / "doctrees" / doctrees, root / (output or builder)
    unfinished, info = trees.with_suffix(".unfinished"), make_folder(folder) / ".buildinfo"
    with make_folder(trees).with_suffix(".lock").open("w") as lock:
        POSIX and fcntl.flock(lock, fcntl.LOCK_EX)  # Sphinx holds it, too: it may outlive whoever started it
        if unfinished.exists() or (info.exists() and not info.stat().st_size):
            # The last build failed or was stopped: some warnings come only at reading, and half a file is none.
            shutil.rmtree(trees)
            shutil.rmtree(folder)
        unfinished.touch()
        command = ["sphinx-build", "-b", builder, *STRICT, "-d", str(trees), *options, "docs", str(folder)]
        process = subprocess.Popen(command, pass_fds=[lock.fileno()] * POSIX, start_new_session=POSIX)
        try:
            process.wait()
        except KeyboardInterrupt:  # its own workers, too
            os.killpg(process.pid, signal.SIGTERM) if POSIX and process.poll() is None else process.terminate()
            raise
        failed = process.returncode or unfinished.unlink()
    failed = failed or (builder == "html" and run(BOOK, f"python tools/export_laws.py {folder}/data"))
    return failed or (output == "offline/pages" and run(BOOK, f"python tools/offline.py {folder} {root / COPY}"))


# It offers only the PDF, which it holds. From a file, a browser lets no page read another for a summary.
OFFLINE = ("--write-all", "-Dsse_downloads_only=pdf", "-Dhtml_show_search_summary=0")
build_offline_copy = partial(build, "html", *OFFLINE, output="offline/pages")


def build_all(*options: str) -> int:
    root = Path("build", *(option.partition("language=")[2] for option in options))
    formats = {  # the pages come last: they offer the rest
        "pdf/sse-handbook*.pdf": partial(build, "pdf"),
        "epub/sse-handbook.epub": partial(build, "epub"),
        COPY: build_offline_copy,
        "html/**/*.html": partial(build, "html"),
    }
    for files, build_format in formats.items():
        start = time.monotonic()
        if code := build_format("--quiet", *options):  # the others would tell the same again
            return code
        sizes = [path.stat().st_size / 1e6 for path in root.glob(files)]
        row = f"{root / files!s:<40}{len(sizes):>4} file{'s' * (len(sizes) > 1):<2}{sum(sizes):>5.1f} MB"
        print(row, f"{time.monotonic() - start:>5.0f} s", flush=True)
    return 0


def run_all(task: str, *options: str) -> int:
    not options or sys.exit(f"`{task}` covers everything, and takes no options: python3 noxfile.py -s {task}")
    return sum([run(LINT, command) != 0 for command in PROJECT["tool"]["handbook"][task]])  # all, in one run


def ask_links(*options: str) -> int:
    asked = run(BOOK, "sphinx-build -b linkcheck -d build/doctrees/linkcheck docs build/linkcheck", *options)
    return asked if asked > 1 else run(BOOK, "python tools/link_report.py build/linkcheck/output.json")


def translate(language: str = "", *options: str) -> int:
    language.isidentifier() or sys.exit("Name a language by its code: python3 noxfile.py -s translate -- hi")
    return (
        build("gettext", *options, doctrees="gettext")
        or run(BOOK, "pybabel -q extract --no-wrap -F pyproject.toml -o build/gettext/sphinx.pot src docs/_*")
        or run(BOOK, f"sphinx-intl update -p build/gettext -d docs/locales --line-width 0 -l {language}")
        or build("html", "--fresh-env", f"-Dlanguage={language}", *options)
    )


def publish(*options: str) -> int:
    tool = partial(run, BOOK, "python tools/publish.py")
    pages = partial(build, "html", "--fresh-env", "--write-all", output="publish", doctrees="publish")
    return tool("--ready", *options) or build_all() or pages("-Dsse_published=1") or tool(*options)


PREVIEW = "sphinx-autobuild -q --watch src --watch docs/_ext -d build/doctrees/serve docs build/serve"
VIDEOS = "sphinx-build -b videocheck -d build/doctrees/videos docs build/videocheck"
COMPILE = ("uv pip compile -q -o constraints.txt pyproject.toml", *(f"--group={name}" for name in list(GROUPS)[1:]))
TASKS = {
    "book": (build_all, "Build the handbook in every format; begin at build/html/index.html."),
    "html": (partial(build, "html"), "Build the pages: build/html/index.html."),
    "pdf": (partial(build, "pdf"), "Build the PDF, whole and by chapters: build/pdf/sse-handbook.pdf."),
    "epub": (partial(build, "epub"), "Build the EPUB: build/epub/sse-handbook.epub."),
    "offline": (build_offline_copy, "Pack the offline copy: build/offline/sse-handbook-VERSION.zip."),
    "check": (partial(build, "dummy", "-q", "-E", doctrees="check"), "Check references, videos, laws, diagrams."),
    "lint": (partial(run_all, "lint"), "Check code, spelling, Markdown, prose, and what sites read: forms, settings."),
    "tidy": (partial(run_all, "tidy"), "Fix in the code what ruff can."),
    "tests": (partial(run, DEV, "pytest"), "Run every test; `-- tests/test_cases.py` or `-- -k NAME` runs some."),
    "serve": (partial(run, SERVE, PREVIEW), "Show the handbook at http://127.0.0.1:8000 as you write."),
    "videos": (partial(run, BOOK, VIDEOS), "Ask if each video is there (online); 1: one is dead, 2: could not look."),
    "links": (ask_links, "Ask if each link answers (online); 1: one is dead, 2: could not look."),
    "translate": (translate, "Make or refresh the texts of a language, and build its pages: `-- hi` makes build/hi."),
    "release": (partial(run, DEV, "python tools/release.py"), "Make a version: `-- 1.1.0`, or with `--dry-run`."),
    "publish": (publish, "Put this version on the site, beside the older ones; `-- --dry-run` says what changes."),
    "lock": (partial(run, ("lock",), *COMPILE), "Compile constraints.txt again (online); `-- --upgrade` for newer."),
}
for name, (task, about) in TASKS.items():

    def perform(session: nox.Session, task: partial[int] = task) -> None:
        if code := task(*session.posargs):
            print(f"\nFix what is named above, and run again: {AGAIN}", file=sys.stderr, flush=True)
            sys.exit(code)

    perform.__doc__ = about
    nox.session(perform, name=name, venv_backend="none", default=name == "book")

if __name__ == "__main__":
    nox.main()
