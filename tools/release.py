"""Make a version on this computer, if nothing stands in the way. What it changes stands in `[tool.bumpversion]`."""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from publish import VERSION, git

CHANGES = Path("docs/reference/changes.md")
# What asks for a patch, a minor and a major version: `docs/contribute/releasing.md` says why.
ENTRIES = ("^- ", "^### (Added|Changed|Deprecated)$", "^### Removed$|^- (Recommendation|Definition):")


def check_release(new: str) -> None:
    """End the program where the version cannot be made of what stands here."""
    major, minor, patch = map(int, VERSION.split("."))
    steps = [f"{major}.{minor}.{patch + 1}", f"{major}.{minor + 1}.0", f"{major + 1}.0.0"]
    unreleased = CHANGES.read_text(encoding="utf-8").partition("## Unreleased\n")[2].partition("\n## ")[0]
    needed = [number for number, entry in enumerate(ENTRIES) if re.search(entry, unreleased, re.MULTILINE)]
    if git("branch", "--show-current") != "main":
        sys.exit("Versions are made on the branch main: git switch main")
    if changed := git("status", "--porcelain"):
        sys.exit(f"These files are not committed:\n{changed}\nCommit them, or put them away: git stash -u")
    if git("tag", "--list", f"v{new}"):
        sys.exit(f"The tag v{new} is there already. Which version do you mean?")
    if new not in steps:
        sys.exit(f"{new} does not follow {VERSION}. Say one of: {', '.join(steps)}")
    if not needed:
        sys.exit(f"Nothing stands under “Unreleased” in {CHANGES}. Say there what is new, and commit it.")
    if major and steps.index(new) < needed[-1]:  # before 1.0.0 all may still change
        sys.exit(f"What is new in {CHANGES} asks for {steps[needed[-1]]}: docs/contribute/releasing.md says why.")


def make_release(version: str, dry_run: bool, checked: bool) -> None:
    check_release(version)
    if not (checked or dry_run) and subprocess.call([sys.executable, "noxfile.py", "-s", "lint", "check", "tests"]):
        sys.exit("A check or a test fails: see above. Fix it, commit, and run this again.")
    bump = ["bump-my-version", "bump", "--new-version", version]
    head, listed = git("rev-parse", "HEAD"), Path(f"docs/data/published/{version}.txt")
    with tempfile.TemporaryDirectory() as folder:
        number = ("-D", f"version={version}", "-D", f"release={version}")
        if subprocess.call(["sphinx-build", "-b", "addresses", "-qnW", "--keep-going", *number, "docs", folder]):
            sys.exit("The book does not hold what it promised: see above. Fix it, commit, and run this again.")
        if dry_run:
            print(f"This would be one commit, with the tag v{version}, {listed} and the laws.", flush=True)
            sys.exit(subprocess.call([*bump, "--dry-run"]))
        listed.parent.mkdir(exist_ok=True)
        for file in Path(folder).glob("published.*"):
            shutil.copy(file, listed.parent / file.name.replace("published", version))
    git("add", str(listed.parent))
    if subprocess.call([*bump, "--allow-dirty"]):
        git("reset", "--hard", "--quiet", head)  # all that is not committed here is ours
        sys.exit("The commit could not be made: see above. All is as it was.")
    print(f"Made, on this computer. Then: git push origin main v{version}, and python3 noxfile.py -s publish")


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="release", description=__doc__)
    options.add_argument("version", help="the number of the new version: 1.1.0")
    options.add_argument("--dry-run", action="store_true", help="look at everything, and change nothing")
    options.add_argument("--checked", action="store_true", help="lint, check and tests have just passed: not again")
    make_release(**vars(options.parse_args()))
