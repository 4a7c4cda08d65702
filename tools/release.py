"""Make a version of what stands on the main branch: the list of changes, the number, the contract of addresses, a tag.

    python tools/release.py VERSION [--dry-run] [--checked]

It says first what it will do, and stops where something is off. Then it makes the commit beside the branch, and lets
the tag, the branch and the files follow, in this order. Nothing is changed before the tag, and from then on the same
command finishes what is left. It asks no network and pushes nothing.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import changes
from repository import GitError, Repository

ROOT = Path(__file__).parent.parent
PYPROJECT, CITATION = "pyproject.toml", "CITATION.cff"
GREEN = ("noxfile.py", "-s", "lint", "check", "tests")


class StopError(Exception):
    """Something is off; the text says what, and what to do."""


@dataclass(frozen=True)
class Release:
    """A version to be made in a project, on one of its branches."""

    root: Path
    version: str
    branch: str

    @property
    def repository(self) -> Repository:
        """The project's repository."""
        return Repository(self.root)

    @property
    def tag(self) -> str:
        """The name of its tag."""
        return f"v{self.version}"

    @property
    def subject(self) -> str:
        """The first line of its commit, by which it is known again."""
        return f"Release {self.version}"


def run(release: Release, day: date, dry: bool, checked: bool) -> None:
    """Make the version, finish one that was begun, or only (`dry`) say what would be done.

    What has just been `checked` is not run through all checks and tests again.

    Raises `StopError` where something is off, and `GitError` where git refuses.
    """
    if not changes.NUMBER.fullmatch(release.version):
        raise StopError(f"`{release.version}` is no version of this project: write three numbers, 1.1.0.")
    if commit := release.repository.commit_of(f"refs/tags/{release.tag}"):
        if dry:
            print(f"{release.tag} is there: this would only finish what is left to do.")
            return
    else:
        check(release)
        files = contents(release, day)
        print(said(release, files), flush=True)
        files[f"{changes.ANCHORS.as_posix()}/{release.version}.txt"] = addresses(release)
        if dry:
            print("This was a rehearsal: nothing has been changed.")
            return
        if not checked and subprocess.run([sys.executable, *GREEN], cwd=release.root, check=False).returncode:
            raise StopError("Not all is green: see above. Mend it, commit, and run this again.")
        commit = make(release, files)
    finish(release, commit)
    print(
        f"{release.version} is released, on this computer. Then:\n"
        f"  git push origin {release.branch} {release.tag}\n"
        f"  git switch --detach {release.tag}\n"
        f"  python3 noxfile.py -s publish"
    )


def check(release: Release) -> None:
    """Whether this version may be made of what stands here. Raises `StopError` where it may not."""
    repository, version = release.repository, release.version
    branch = repository.text("branch", "--show-current")
    if branch != release.branch:
        where = f"the branch `{branch}`" if branch else "no branch"
        raise StopError(f"This is {where}. Versions are made on `{release.branch}`: git switch {release.branch}")
    if changed := repository.git("status", "--porcelain").decode().rstrip():
        raise StopError(f"These files are not committed:\n{changed}\nCommit them, or put them away: git stash -u")
    try:
        repository.text("var", "GIT_COMMITTER_IDENT")
    except GitError as error:
        raise StopError(
            f"{error}\nSay who you are: git config user.name NAME, and git config user.email ADDRESS"
        ) from None
    if faults := sorted(changes.find(release.root)):
        raise StopError("\n".join(["These disagree:", *map(str, faults), "Mend and commit them."]))
    old = str(tomllib.loads((release.root / PYPROJECT).read_text(encoding="utf-8"))["project"]["version"])
    sections, _ = changes.read((release.root / changes.CHANGES).read_text(encoding="utf-8"))
    if not sections[0].entries:
        place = f"{changes.CHANGES}:{sections[0].line}"
        raise StopError(f"{place}: nothing stands under `{changes.UNRELEASED}`. Say what is new, and commit it.")
    first = len(sections) == 1
    kind, least = changes.steps(old).get(version, ""), sections[0].kind()
    if not kind:
        steps = (f"{new} ({kind})" for new, kind in changes.steps(old).items())
        raise StopError(f"{version} does not follow {old}. What may follow it: {', '.join(steps)}.")
    if not first and changes.KINDS.index(kind) < changes.KINDS.index(least):
        right = next(new for new, kind in changes.steps(old).items() if kind == least)
        raise StopError(
            f"{version} would be a {kind} version, and what is new in {changes.CHANGES} asks for a {least} one: "
            f"{right}. docs/contribute/releasing.md says why."
        )


def contents(release: Release, day: date) -> dict[str, bytes]:
    """Each file that the version changes, with what it will hold; without the contract of addresses.

    Raises `StopError` where a file has no place for the number.
    """
    root, version = release.root, release.version
    text = {name: (root / name).read_text(encoding="utf-8") for name in (PYPROJECT, CITATION)}
    text[PYPROJECT] = _put(text[PYPROJECT], PYPROJECT, r'^version = ".*"$', f'version = "{version}"')
    text[CITATION] = re.sub(r"^date-released:.*\n", "", text[CITATION], flags=re.M)
    text[CITATION] = _put(text[CITATION], CITATION, "^version: .*$", f"version: {version}\ndate-released: {day}")
    for page in sorted((root / "docs").rglob("*.md")):
        words = page.read_text(encoding="utf-8")
        marked = changes.SINCE.sub(
            lambda found: found[0].removesuffix(changes.NEXT) + version if found[1] == changes.NEXT else found[0], words
        )
        if page == root / changes.CHANGES:
            marked = changes.moved(marked, version, day)
        if marked != words:
            text[page.relative_to(root).as_posix()] = marked
    return {name: words.encode() for name, words in text.items()}


def _put(text: str, name: str, pattern: str, line: str) -> str:
    new, found = re.subn(pattern, line, text, flags=re.M)
    if found != 1:
        raise StopError(f"{name} has {found} lines like `{line.splitlines()[0]}`: it must have one.")
    return new


def said(release: Release, files: dict[str, bytes]) -> str:
    """What will be done, for the person who is to agree with it."""
    listed = "\n".join(f"  {name}" for name in sorted(files))
    return (
        f"Version {release.version} will be made on {release.branch}:\n"
        f"- these files get the number, and the list of changes its heading:\n{listed}\n"
        f"- {changes.ANCHORS}/{release.version}.txt will list every address, which then stays in reach\n"
        f"- one commit, “{release.subject}”, with the tag {release.tag}\n"
        "Nothing is pushed."
    )


def addresses(release: Release) -> bytes:
    """The contract of addresses of the version. Raises `StopError` where an older one is broken, or a check fails."""
    with tempfile.TemporaryDirectory() as folder:
        program = shutil.which("sphinx-build", path=Path(sys.executable).parent) or "sphinx-build"
        strict = ("--quiet", "--nitpicky", "--fail-on-warning", "--keep-going")
        number = ("-D", f"version={release.version}", "-D", f"release={release.version}")
        command = [program, "-b", "addresses", *strict, *number, "-d", f"{folder}/doctrees", "docs", f"{folder}/out"]
        if subprocess.run(command, cwd=release.root, check=False).returncode:
            raise StopError(
                "The book does not hold what it has promised: see above. Mend it, commit, and run this again."
            )
        return Path(folder, "out", "published.txt").read_bytes()


def make(release: Release, files: dict[str, bytes]) -> str:
    """Make the commit and its tag; the commit. Until the tag is there, nothing has been changed."""
    repository = release.repository
    head = repository.commit_of("HEAD")
    tree = repository.tree({name: repository.write(data) for name, data in files.items()}, head)
    commit = repository.commit(tree, head, f"{release.subject}\n")
    repository.git("tag", "--annotate", "--message", release.subject, release.tag, commit)
    return commit


def finish(release: Release, commit: str) -> None:
    """Let the branch and the files follow the tag; what has been done already is left alone.

    Raises `StopError` where the tag is another's, or where a person has gone on in the meantime.
    """
    repository = release.repository
    branch, before = f"refs/heads/{release.branch}", repository.commit_of(f"{commit}^")
    if repository.text("show", "--no-patch", "--format=%s", commit) != release.subject:
        raise StopError(f"The tag {release.tag} is there, and is no release. Which version do you mean?")
    if repository.text("branch", "--show-current") != release.branch:
        raise StopError(f"The release goes on where it began: git switch {release.branch}")
    now = repository.commit_of(branch)
    if now == before:
        repository.move(branch, commit, before, release.subject)
    elif now != commit:
        raise StopError(
            f"{release.tag} is there, and {release.branch} has gone on since. If it is released, all is well. "
            f"If its release was cut short, begin again: git tag --delete {release.tag}"
        )
    old, new = repository.files(before), repository.files(commit)
    changed = [name for name in new if old.get(name) != new[name]]
    for name in changed:
        path = release.root / name
        [here] = repository.write_files([path]) if path.is_file() else [old.get(name, "")]
        if here not in (old.get(name, ""), new[name]):
            raise StopError(f"You have changed {name} since the release began. Take that back: git restore {name}")
    repository.git("restore", "--source", commit, "--staged", "--worktree", "--", *changed)


def main(arguments: list[str] | None = None) -> int:
    """Read the command, make the version; the exit code is 1 where something is off."""
    options = argparse.ArgumentParser(prog="release", description=(__doc__ or "").splitlines()[0])
    options.add_argument("version", help="the number of the new version: 1.1.0")
    options.add_argument("--dry-run", action="store_true", help="check all, say what would be done, and do nothing")
    options.add_argument("--checked", action="store_true", help="all checks and tests have just passed: leave them out")
    options.add_argument("--branch", default="main", help="the branch on which versions are made (main)")
    options.add_argument("--project", type=Path, default=ROOT, help="the folder of the project (this one)")
    chosen = options.parse_args(arguments)
    release = Release(chosen.project.resolve(), chosen.version, chosen.branch)
    try:
        run(release, datetime.now(UTC).date(), chosen.dry_run, chosen.checked)
    except (StopError, GitError) as error:
        print(f"No release. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
