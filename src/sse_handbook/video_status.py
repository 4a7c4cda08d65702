"""`video-status.json`, beside `videos.yaml`: what the online check found of each video, and when.

By its key, or by its address where the list lacks it: `address`, `status`, and the days on which it was last `checked`,
last `seen` working, and first found gone (`since`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

Status = dict[str, str]


def today() -> date:
    """Return the day of the build: `SOURCE_DATE_EPOCH` where it is set, so that a build can be repeated."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC).date() if epoch else datetime.now(UTC).date()


def read_status(path: Path) -> dict[str, Status]:
    """Return what the file holds; raise `ValueError` where no check can have written it."""
    try:
        found: dict[str, Status] = json.loads(path.read_bytes())["videos"] if path.exists() else {}
        for known in found.values():
            for day in known.keys() & {"checked", "seen", "since"}:
                date.fromisoformat(known[day])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        advice = f"Restore it (`git restore {path.name}` in its folder), or delete it to start anew."
        raise ValueError(f"The status file cannot be read ({type(error).__name__}). {advice}") from None
    return found


def decide_status(before: Status, found: str, day: date) -> Status:
    """Return what to remember of a video that a run found `found`: it is dead when a run on an earlier day agrees.

    Where that is no proof ("suspect"), a week must lie between. What is dead stays so until it is seen again, and what
    is unknown changes nothing.
    """
    if found == "unknown":
        return before
    known = {"status": found, "checked": str(day)}
    if found.startswith("alive"):
        return known | {"seen": str(day)}
    known |= {"seen": before["seen"]} if "seen" in before else {}
    if found == "restricted":
        return known
    since = before.get("since", str(day))
    agreed = (day - date.fromisoformat(since)).days >= (1 if found == "dead" else 7)
    return known | {"status": "dead" if agreed or before.get("status") == "dead" else "suspect", "since": since}


def write_status(path: Path, found: Mapping[str, Status]) -> None:
    """Write the file whole or not at all; a link to it stays one."""
    new = path.resolve().with_name(f".{path.name}.new")
    new.write_text(json.dumps({"videos": dict(sorted(found.items()))}, indent=2) + "\n", encoding="utf-8")
    new.replace(path.resolve())
