"""Say in a pull request where its site and its PDF can be looked at.

It is run by `.github/workflows/preview.yml`, beside the run that built them, and takes what it knows from that run's
number, branch and commit. Nothing of the pull request is run or read: only the names of what the run left behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

# What a run leaves behind for readers, and what it is.
WORDS = {
    "preview-site": "the site: unpack it, and open `index.html`",
    "preview-pdf": "the book as PDF",
}


def ask(path: str, **fields: str) -> Any:
    """What GitHub answers; raises `CalledProcessError` where it refuses."""
    given = [each for name, value in fields.items() for each in ("--raw-field", f"{name}={value}")]
    command = ["gh", "api", "--method", "GET", path, *given]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def pull_request(repository: str, owner: str, branch: str, commit: str) -> int | None:
    """The open pull request that the commit is the newest of; `None` where somebody has pushed again since."""
    found = ask(f"repos/{repository}/pulls", state="open", head=f"{owner}:{branch}")
    return next((each["number"] for each in found if each["head"]["sha"] == commit), None)


def comment(artifacts: list[dict[str, Any]], run: str, commit: str) -> str:
    """The text of the comment; empty where there is nothing to look at. `run` is the address of the run."""
    left = {each["name"]: each["id"] for each in artifacts if not each.get("expired")}
    links = [f"- [{words}]({run}/artifacts/{left[name]})" for name, words in WORDS.items() if name in left]
    if not links:
        return ""
    kept = "You need an account here to fetch them. They are kept for 30 days."
    return "\n".join([f"This is the book with your change (commit {commit[:7]}):", "", *links, "", kept, ""])


def main() -> int:
    """Write the comment, or write it anew; nothing where there is no pull request or nothing to look at."""
    repository, run, commit = (os.environ[name] for name in ("GITHUB_REPOSITORY", "RUN", "HEAD_SHA"))
    number = pull_request(repository, os.environ["HEAD_OWNER"], os.environ["HEAD_BRANCH"], commit)
    artifacts = ask(f"repos/{repository}/actions/runs/{run}/artifacts")["artifacts"]
    text = comment(artifacts, f"{os.environ['GITHUB_SERVER_URL']}/{repository}/actions/runs/{run}", commit)
    if number is None or not text:
        print("There is nothing to say: no open pull request of this commit, or nothing was built.")
        return 0
    command = ["gh", "pr", "comment", str(number), "--repo", repository, "--edit-last", "--create-if-none"]
    subprocess.run([*command, "--body-file", "-"], input=text, text=True, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
