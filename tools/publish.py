"""Put the version that is checked out on the site, beside the older ones: one commit on a branch, and one push.

What stands on the site is told in `docs/contribute/releasing.md`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

BUILT = Path("build/publish")
PAGE = jinja2.Template(Path(__file__).with_name("publish_page.html").read_text(encoding="utf-8"), autoescape=True)
PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION, BASE = PROJECT["version"], PROJECT.get("urls", {}).get("Documentation", "").rstrip("/")  # of `latest/`
FORMATS = {"PDF": "sse-handbook.pdf", "EPUB": "sse-handbook.epub", "offline copy": "sse-handbook-{}.zip"}


def git(*arguments: str, folder: Path | None = None, **environment: str) -> str:
    """What a git command prints; where git refuses, the program ends with git's own words."""
    command, environment = ["git", "-c", "core.autocrlf=false", *arguments], {**os.environ, **environment}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    except FileNotFoundError:
        sys.exit("There is no git on this computer. Install it from https://git-scm.com.")
    if done.returncode:
        sys.exit(f"Nothing is changed. git {arguments[0]} says: {done.stderr.strip()}")
    return done.stdout.strip()


def check_release() -> None:
    """End the program where what stands here is not a version as it was released."""
    if not git("tag", "--list", f"v{VERSION}"):
        sys.exit(f"Version {VERSION} is not released: python3 noxfile.py -s release -- {VERSION}")
    if git("rev-parse", "HEAD") != git("rev-parse", f"v{VERSION}^{{commit}}"):
        sys.exit(f"This is not version {VERSION} as it was released: git switch --detach v{VERSION}")
    if changed := git("status", "--porcelain"):
        sys.exit(f"These files are not as they were released:\n{changed}\nPut them away: git stash -u")


def read_folder(folder: Path) -> dict[str, bytes]:
    """Each file of a folder, by its name from there; `.buildinfo` says only how Sphinx built it."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".buildinfo")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def add_version(site: Path) -> None:
    """Put what was built on the site; end the program where it must not be there."""
    built, old = read_folder(BUILT), read_folder(site / VERSION)
    if missing := {f"downloads/{name.format(VERSION)}" for name in FORMATS.values()} - set(built):
        sys.exit(f"These were not built: {', '.join(sorted(missing))}. Run `python3 noxfile.py -s publish`.")
    if b"../latest/" not in built["index.html"]:
        sys.exit("The pages do not lead to the other versions. Run `python3 noxfile.py -s publish`.")
    if old and (different := sorted(name for name in {*built, *old} if built.get(name) != old.get(name))):
        print(f"Version {VERSION} is published, and these files of what was built now differ:", *different, sep="\n  ")
        sys.exit("Nothing is changed: what is published stays. Release a new version.")
    for name, data in built.items():
        (site / VERSION / name).parent.mkdir(parents=True, exist_ok=True)
        (site / VERSION / name).write_bytes(data)


def write_shared(site: Path) -> None:
    """Write anew all that the versions share."""
    numbers = [path.name for path in site.iterdir() if re.fullmatch(r"\d+\.\d+\.\d+", path.name)]
    newest, *older = numbers = sorted(numbers, key=lambda number: [*map(int, number.split("."))], reverse=True)
    for name in ("latest", "versions"):
        shutil.rmtree(site / name, ignore_errors=True)
    for number in reversed(numbers):  # a download that only an older version had stays in reach
        left_out = shutil.ignore_patterns("*.html", "_*") if number != newest else None
        shutil.copytree(site / number, site / "latest", ignore=left_out, dirs_exist_ok=True)
    versions, titles = list[dict[str, Any]](), dict[str, str]()
    for number in numbers:
        files = {name: data.decode() for name, data in read_folder(site / number).items() if name.endswith(".html")}
        pages = {name: text for name, text in files.items() if not name.startswith("_")}
        day = re.search(r'<time datetime="([\d-]+)', pages["index.html"])
        versions.append({"number": number, "day": day[1] if day else "", "pages": pages})
        for name, text in pages.items():  # a drawing has a title too, further down
            titles.setdefault(name, unescape((re.search("<title>(.*?)</title>", text, re.DOTALL) or ["", name])[1]))
    shared = {".nojekyll": "", "index.html": PAGE.render(title=titles["index.html"])}
    old = ", ".join(f'.sse-version[data-version="{number}"] .sse-old' for number in older)
    shared["versions.css"] = f"{old} {{ display: inline !important; }}\n" if older else ""
    # It may be shown at any depth, so its link is whole.
    shared["404.html"] = PAGE.render(title="This page is not here", newest=f"{BASE or '/latest'}/")
    if BASE:
        found = [name for name, text in versions[0]["pages"].items() if 'name="robots" content="noindex' not in text]
        places = "".join(f"<url><loc>{BASE}/{quote(name)}</loc></url>\n" for name in found if name != "genindex.html")
        shared["sitemap.xml"] = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}</urlset>\n'
    for name, title in titles.items():
        place = {"name": name, "up": "../" * (name.count("/") + 1), "versions": versions, "formats": FORMATS}
        shared[f"versions/{name}"] = PAGE.render(title=f"All versions: {title}", **place)
    for name, text in shared.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text, encoding="utf-8")


def publish(remote: str, branch: str, dry_run: bool) -> None:
    """Put the version on the site. Before the push, nothing is changed."""
    tip = git("ls-remote", remote, f"refs/heads/{branch}").partition("\t")[0]
    with tempfile.TemporaryDirectory() as temporary:
        # Git works here with a folder and an index of ours: whoever stops this leaves no branch and no worktree behind.
        here = {"GIT_DIR": git("rev-parse", "--absolute-git-dir"), "GIT_INDEX_FILE": f"{temporary}/index"}
        site = Path(temporary, "site")
        site.mkdir()
        if tip:
            git("fetch", "--quiet", "--no-tags", remote, tip)
            git("read-tree", tip, folder=site, **here)
            git("checkout-index", "--all", "--index", folder=site, **here)
        add_version(site)
        write_shared(site)
        git("add", "--all", "--force", ".", folder=site, **here)
        tree = git("write-tree", folder=site, **here)
    if tip and tree == git("rev-parse", f"{tip}^{{tree}}"):
        print(f"Version {VERSION} is published, and all is in its place. There is nothing to do.")
        return
    commit = git("commit-tree", tree, *(("-p", tip) if tip else ()), "-m", f"Publish {VERSION}")
    print(f"Version {VERSION}: {git('show', '--shortstat', '--format=', commit)}", flush=True)
    if not dry_run:  # the push is refused if somebody was faster: then the same command again
        git("push", "--quiet", "--no-verify", remote, f"{commit}:refs/heads/{branch}")
    print("This was a rehearsal: nothing is changed." if dry_run else f"Published: {remote}, {branch}, {commit[:10]}")


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="publish", description=__doc__)
    options.add_argument("--remote", default="origin", help="the repository of the site: a name or an address (origin)")
    options.add_argument("--branch", default="gh-pages", help="the branch of the site (gh-pages)")
    options.add_argument("--dry-run", action="store_true", help="check all, say what would change, and change nothing")
    options.add_argument("--ready", action="store_true", help="only ask if this is a version that may be published")
    chosen = options.parse_args()
    check_release()
    if not chosen.ready:
        publish(chosen.remote, chosen.branch, chosen.dry_run)
