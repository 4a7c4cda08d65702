"""Make the labels of `.github/labels.toml` on GitHub, or mend them: the forms and the weekly run need them there.

It calls GitHub's own program `gh`, which knows the repository and who you are.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

LABELS = Path(__file__).parent.parent / ".github/labels.toml"


def main() -> int:
    """Make each label; return 1 where `gh` is missing or refuses, and say what to do."""
    for name, label in tomllib.loads(LABELS.read_text(encoding="utf-8")).items():
        about = ["--color", label["color"], "--description", label["description"], "--force"]
        try:
            subprocess.run(["gh", "label", "create", name, *about], check=True)
        except FileNotFoundError:
            print("GitHub's program `gh` is not here. Install it from https://cli.github.com/, and run this again.")
            return 1
        except subprocess.CalledProcessError:
            print(f"The label `{name}` could not be made. Run `gh auth login`, and then this again.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
