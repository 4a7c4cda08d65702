"""Put a version on the site beside the older ones, in one step that can be repeated and cut short.

    python tools/publish.py [--remote NAME-OR-ADDRESS] [--branch gh-pages] [--folder FOLDER] [--dry-run]

The site is a branch of a repository, or a folder. On a branch all is one commit, and the push is the one step that
changes anything; in a folder, the new version appears whole, and the same command finishes the rest. What is published
once is never changed: a version that would differ from itself is refused. What goes where stands in `published_site`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Protocol

import published_site
from packaging.version import Version
from published_site import ALL, FORMATS, NEWEST, Edition
from repository import GitError, Repository

ROOT = Path(__file__).parent.parent
PAGES = "build/publish"
# Sphinx's own record of how it built; of no use to a reader.
LEFT_OUT = (".buildinfo", ".buildinfo.bak")
# How the name of what is not yet in its place begins.
UNDER_WAY = ".publishing-"


class StopError(Exception):
    """Something is off; the text says what, and what to do."""


class Site(Protocol):
    """A place that holds all versions: its files, by the hash of their contents, and where contents are kept."""

    files: dict[str, str]
    contents: Repository

    def replace(self, files: Mapping[str, str], version: str) -> str:
        """Let the site hold these files, and say where they now are; `version` is the one that is new."""


class Branch:
    """A branch of a repository, which may be elsewhere."""

    def __init__(self, project: Repository, remote: str, branch: str) -> None:
        self.contents, self.remote, self.branch = project, remote, f"refs/heads/{branch}"
        self.tip = project.text("ls-remote", remote, self.branch).partition("\t")[0]
        if self.tip:
            project.git("fetch", "--quiet", "--no-tags", remote, f"+{self.branch}:refs/published/{branch}")
            self.tip = project.commit_of(f"refs/published/{branch}")
        self.files = project.files(self.tip)

    def replace(self, files: Mapping[str, str], version: str) -> str:
        """One commit, and one push, which fails where somebody else has published in the meantime."""
        changed = {name: content for name, content in files.items() if self.files.get(name) != content}
        changed |= dict.fromkeys(set(self.files) - set(files), "")
        tree = self.contents.tree(changed, self.tip)
        commit = self.contents.commit(tree, self.tip, f"Publish {version}\n")
        try:
            self.contents.git("push", "--quiet", self.remote, f"{commit}:{self.branch}")
        except GitError as error:
            raise StopError(
                f"The site is as it was. {error}\n"
                "If somebody has published in the meantime, run the same command again."
            ) from None
        return f"{self.remote}, {self.branch.removeprefix('refs/heads/')}: commit {commit[:10]}"


class Folder:
    """A folder of this computer."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder, self.contents = folder, Repository(store)
        self.contents.git("init", "--quiet", "--bare")
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{UNDER_WAY}*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        self.files = stored(self.contents, folder)

    def replace(self, files: Mapping[str, str], version: str) -> str:
        """The new version first, whole; then what leads to it, a file at a time; last, what is of no more use."""
        changed = {name: content for name, content in files.items() if self.files.get(name) != content}
        data = self.contents.read(changed.values())
        own = {name: content for name, content in changed.items() if name.startswith(f"{version}/")}
        made = self.folder / f"{UNDER_WAY}{version}"
        for name, content in own.items():
            path = made / name.partition("/")[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data[content])
        if own:
            made.replace(self.folder / version)
        for name, content in changed.items():
            if name not in own:
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                made.write_bytes(data[content])
                made.replace(path)
        for name in set(self.files) - set(files):
            (self.folder / name).unlink()
        return str(self.folder)


def stored(contents: Repository, folder: Path) -> dict[str, str]:
    """The files of a folder with the hashes of their contents, which are now kept."""
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    names = [name for name in names if name.parts[0] != ".git" and name.name not in LEFT_OUT]
    hashes = contents.write_files(folder / name for name in names)
    return dict(zip((name.as_posix() for name in names), hashes, strict=True))


def ready(project: Repository, version: str) -> None:
    """Whether what stands here is the version itself. Raises `StopError` where it is not."""
    tag = project.commit_of(f"refs/tags/v{version}")
    if not tag:
        raise StopError(f"Version {version} is not released: python3 noxfile.py -s release -- {version}")
    if project.commit_of("HEAD") != tag:
        raise StopError(f"This is not version {version} as it was released: git switch --detach v{version}")
    if changed := project.git("status", "--porcelain").decode().rstrip():
        raise StopError(f"These files are not as they were released:\n{changed}\nPut them away: git stash -u")


def check(new: Edition) -> None:
    """Whether what was built is fit to be published. Raises `StopError` where it is not."""
    names = [file.format(new.version) for file in FORMATS.values()]
    if missing := [name for name in ("index.html", *names) if name not in new.files]:
        raise StopError(f"These were not built: {', '.join(missing)}. Run `python3 noxfile.py -s publish`.")
    page = new.read("index.html")
    if f'data-version="{new.version}"' not in page or f"../{NEWEST}/" not in page:
        raise StopError("The pages do not lead to the other versions. Run `python3 noxfile.py -s publish`.")
    base = published_site.address(new)
    if base and not base.endswith(f"/{NEWEST}/"):
        raise StopError(
            f"docs/conf.py: `html_baseurl` is {base}; it must end in `/{NEWEST}/`, where all versions lead."
        )


def publish(site: Site, version: str, pages: Path, dry: bool) -> None:
    """Put a version on a site, or only (`dry`) say what would change. Raises `StopError` and `GitError`."""
    own = stored(site.contents, pages)
    texts = _Texts(site.contents, {**site.files, **{f"{version}/{name}": content for name, content in own.items()}})
    new = published_site.edition(version, own, texts)
    check(new)
    old = {each.version: each for each in published_site.editions(site.files, texts)}
    if version in old and (differing := list(published_site.differences(old[version].files, own))):
        raise StopError(
            f"Version {version} is published, and what was built now is not the same:\n  "
            + "\n  ".join(islice(differing, 10))
            + (f"\n  and {len(differing) - 10} more" if len(differing) > 10 else "")
            + "\nWhat is published is never changed. Release a new version."
        )
    found = sorted((old | {version: new}).values(), key=lambda each: Version(each.version), reverse=True)
    files = {name: content for name, content in site.files.items() if not name.startswith((f"{NEWEST}/", f"{ALL}/"))}
    files |= {f"{version}/{name}": content for name, content in own.items()}
    files |= kept(site.contents, published_site.shared(found))
    if not published_site.address(found[0]):
        print("There is no sitemap and no canonical address: `html_baseurl` in docs/conf.py is empty.")
    if files == site.files:
        print(f"Version {version} is published, and all is in its place. There is nothing to do.")
        return
    count = sum(site.files.get(name) != content for name, content in files.items())
    print(f"Version {version}: {len(own)} files; the newest version will be {found[0].version}; {count} files change.")
    print("This was a rehearsal: nothing has been changed." if dry else f"Published: {site.replace(files, version)}")


class _Texts:
    """The text of each page by its hash, read all at once when the first is asked for."""

    def __init__(self, contents: Repository, files: Mapping[str, str]) -> None:
        self.contents, self.files = contents, files
        self.read: dict[str, bytes] = {}

    def __call__(self, content: str) -> str:
        if not self.read:
            self.read = self.contents.read(each for name, each in self.files.items() if name.endswith(".html"))
        return self.read[content].decode("utf-8", errors="replace")


def kept(contents: Repository, files: Mapping[str, str | bytes]) -> dict[str, str]:
    """These files by the hashes of their contents; what is new is now kept."""
    with tempfile.TemporaryDirectory() as folder:
        new = {name: Path(folder, str(number)) for number, name in enumerate(files) if isinstance(files[name], bytes)}
        for name, path in new.items():
            data = files[name]
            path.write_bytes(data if isinstance(data, bytes) else b"")
        hashes = dict(zip(new, contents.write_files(new.values()), strict=True))
    return {name: data if isinstance(data, str) else hashes[name] for name, data in files.items()}


def main(arguments: list[str] | None = None) -> int:
    """Read the command, publish; the exit code is 1 where something is off."""
    options = argparse.ArgumentParser(prog="publish", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--remote", default="origin", help="the repository of the site: a name or an address (origin)")
    options.add_argument("--branch", default="gh-pages", help="the branch of the site (gh-pages)")
    options.add_argument("--folder", type=Path, help="a folder, in the place of a branch")
    options.add_argument("--dry-run", action="store_true", help="check all, say what would change, and change nothing")
    options.add_argument("--ready", action="store_true", help="only ask if this is a version that may be published")
    options.add_argument("--project", type=Path, default=ROOT, help="the folder of the project (this one)")
    chosen = options.parse_args(arguments)
    project = Repository(chosen.project.resolve())
    try:
        settings = tomllib.loads((project.folder / "pyproject.toml").read_text(encoding="utf-8"))
        version = str(settings["project"]["version"])
        ready(project, version)
        if chosen.ready:
            return 0
        with tempfile.TemporaryDirectory() as store:
            site: Site
            if chosen.folder:
                site = Folder(chosen.folder.expanduser().resolve(), Path(store))
            else:
                site = Branch(project, chosen.remote, chosen.branch)
            publish(site, version, project.folder / PAGES, chosen.dry_run)
    except (StopError, GitError) as error:
        print(f"Not published. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
