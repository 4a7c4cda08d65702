"""Say what each built page costs a reader who opens it first, the heaviest first.

    python tools/weigh.py FOLDER-OF-PAGES

The exit code is 1 where a page breaks the budget of `sse_handbook.lean.page_weight`, or where there is no page.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sse_handbook.lean.page_weight import problems, read, summary, table, weigh_all


def main(folder: str) -> int:
    """Print the table, the summary and what breaks the budget."""
    weights = weigh_all(Path(folder), read(Path(folder)))
    print("\n".join([*table(weights), summary(weights)]))
    broken = [f"{each.page}: {each.message}" for each in problems(weights)]
    print("\n".join(broken), file=sys.stderr)
    return int(bool(broken) or not weights)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
