"""Keep one issue about videos and links that need somebody: opened, edited, closed and opened again by itself.

    GH_TOKEN=... python3 tools/report_issue.py

Reads what the sessions `videos` and `links` wrote below `build/`, and calls `gh`. Needs Python alone: the job that may
write issues installs nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

OUTPUTS = {"videos": Path("build/videocheck/output.json"), "links": Path("build/links/output.json")}
NAMES = {"videos": "videos", "links": "links"}
TITLE = "Videos and links that need somebody"
LABEL = "dead-links"
# Issues that people give the label are theirs: this one is known by its first line.
MARK = "<!-- A program writes this text anew each week. Write a comment instead. -->"
JUDGED = {"fine", "dead_found"}
SILENT = timedelta(days=60)  # what works is asked again after 30 days at most
ROOM = 60_000  # characters; the site takes 65,536 at most

Entry = dict[str, Any]


class Step(Enum):
    """What to do with the issue."""

    NOTHING = "nothing"
    OPEN = "open"
    EDIT = "edit"
    REOPEN = "reopen"
    CLOSE = "close"


@dataclass(frozen=True)
class Issue:
    """The issue as it stands."""

    number: int
    open: bool


@dataclass(frozen=True)
class Group:
    """Entries for which the same is to be done. The issue is open for as long as one that is `urgent` has an entry."""

    heading: str
    todo: str
    entries: list[Entry]
    urgent: bool = True


def decide(issue: Issue | None, needed: bool, judged: bool) -> Step:
    """What to do with the issue; one that nobody needs any more is closed only by a run that could judge everything."""
    if needed:
        return Step.OPEN if issue is None else Step.EDIT if issue.open else Step.REOPEN
    if issue is None or not issue.open:
        return Step.NOTHING
    return Step.CLOSE if judged else Step.EDIT


def groups(reports: dict[str, Entry]) -> list[Group]:
    """Everything that needs somebody, sorted by what to do."""
    everything = [each for kind, report in reports.items() for each in report[kind]]
    day = max(date.fromisoformat(report["day"]) for report in reports.values())

    def are(*verdicts: str) -> list[Entry]:
        return [each for each in everything if each["verdict"] in verdicts]

    lost = [each for each in are("alive", "alive, not embeddable", "moved") if day - _seen(each, day) > SILENT]
    return [
        Group(
            "Gone",
            "Open the address. If it works for you, say so in a comment. If not, look for the new address, or for a "
            "copy in the archive, and change each place. Where there is none, take the link or the video out.",
            are("dead"),
        ),
        Group(
            "Perhaps gone",
            "Wait for the next look: it tells the two apart. Or open the address yourself.",
            are("suspect"),
        ),
        Group(
            "No answer for a long time",
            "Each worked once, and has not answered our program since. Open it: the whole site may be gone. If it only "
            "refuses programs, write it into `docs/data/link-ignores.yaml`, with the reason and a last day.",
            lost,
        ),
        Group(
            "Restricted",
            "Its owner does not show it to everyone. Open it, and ask if it is still of use to a reader.",
            are("restricted"),
            urgent=False,
        ),
        Group(
            "Moved",
            "It still works. Write the new address at each place, when you have the time.",
            [each for each in are("moved") if each not in lost],
            urgent=False,
        ),
        Group("Never judged", "No answer told our program anything. Open each once.", are("unknown"), urgent=False),
    ]


def _seen(entry: Entry, otherwise: date) -> date:
    return date.fromisoformat(entry["seen"]) if "seen" in entry else otherwise


def text(found: list[Group], reports: dict[str, Entry], base: str) -> str:
    """The text of the issue. `base` is the address that files have on the project's site, or nothing."""
    notes = [note for report in reports.values() for note in report.get("ignores", [])]
    counts = [f"{len(group.entries)} {group.heading.lower()}" for group in found if group.entries]
    counts += [f"{len(notes)} to mend in the list of ignores"] if notes else []
    said = f"""{MARK}

Each week a program asks every video and every link of the handbook if it is still there.
It found: {", ".join(counts) or "nothing to do"}.
When nothing is left to do, it closes this issue by itself.
"""
    for kind, report in reports.items():
        said += f"\nLast look at the {NAMES[kind]}: {report['day']}."
        if report["ended"] not in JUDGED:
            said += " It could not judge all of them: the rest is from an earlier look."
        said += "".join(f"\n- {_plain(why)}" for why in report.get("cannot_judge", [])) + "\n"
    if notes:
        said += "\n## Ignores\n\nMend or delete these entries.\n\n"
        said += "".join(f"- {_place(note, base)}: {_plain(note['message'])}\n" for note in notes)
    for group in found:
        if not group.entries:
            continue
        said += f"\n## {group.heading} ({len(group.entries)})\n\n{group.todo}\n"
        for number, each in enumerate(group.entries):
            item = _item(each, base)
            if len(said) + len(item) > ROOM:
                said += f"\nAnd {len(group.entries) - number} more, when these are mended.\n"
                break
            said += item
    return said


def _item(entry: Entry, base: str) -> str:
    seen = f" Last seen working on {entry['seen']}." if "seen" in entry else ""
    to = f" It leads to {_link(entry['leads_to'])}" if entry.get("leads_to") else ""
    copies = f"\nCopies: {_link(entry['archived'])}" if entry["verdict"] in ("dead", "suspect") else ""
    places = "".join(f"- {_place(place, base)}\n" for place in entry["places"])
    return f"\n### {_link(entry['address'])}\n\n{_plain(entry['reason'])}{seen}{to}{copies}\n\n{places}"


def _place(place: Entry, base: str) -> str:
    file, line = f"docs/{place['file']}", place["line"]
    name = f"`{file}`, line {line}"
    return f"[{name}]({base}/{file}?plain=1#L{line})" if base else name


def _link(address: str) -> str:
    """An address that ends where it must, whatever a host has sent."""
    return "<" + re.sub(r"[\s<>]", "", address) + ">"


def _plain(words: str) -> str:
    """Words without a sign that the site would take for a command or for a person's name."""
    return re.sub(r"[<>@\s]+", " ", words).strip()


def main() -> int:
    """Read, decide, act. The exit code is 1 where a session wrote nothing: its own log says why."""
    try:
        reports = {kind: json.loads(path.read_text(encoding="utf-8")) for kind, path in OUTPUTS.items()}
    except (OSError, ValueError) as error:
        print(f"A session did not come to its end, so the issue stays as it is. {error}")
        return 1
    found = groups(reports)
    notes = any(report.get("ignores") for report in reports.values())
    needed = notes or any(group.urgent and group.entries for group in found)
    judged = all(report["ended"] in JUDGED for report in reports.values())
    site, project = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_REPOSITORY", "")
    act(needed, judged, text(found, reports, f"{site}/{project}/blob/HEAD" if site and project else ""))
    return 0


def act(needed: bool, judged: bool, body: str) -> None:
    """Do to the issue what is decided. Raises `CalledProcessError` where `gh` fails; it has said why."""
    listed = json.loads(gh("issue", "list", "--label", LABEL, "--state", "all", "--json", "number,state,body"))
    ours = [Issue(each["number"], each["state"] == "OPEN") for each in listed if each["body"].startswith(MARK)]
    issue = ours[0] if ours else None
    step = decide(issue, needed, judged)
    number = str(issue.number) if issue else ""
    if step is Step.OPEN:
        gh("label", "create", LABEL, "--force", "--description", "Videos and links that no longer answer")
        gh("issue", "create", "--title", TITLE, "--label", LABEL, "--body-file", "-", said=body)
    if step is Step.REOPEN:
        gh("issue", "reopen", number)
    if step in (Step.EDIT, Step.REOPEN, Step.CLOSE):
        gh("issue", "edit", number, "--body-file", "-", said=body)
    if step is Step.CLOSE:
        gh("issue", "close", number, "--comment", "Nothing is left to do: every video and every link is in order.")
    print(f"The issue {number}: {step.value}.\n\n{body}")


def gh(*arguments: str, said: str = "") -> str:
    """What `gh` prints; `said` is its input."""
    done = subprocess.run(
        ["gh", *arguments], input=said, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
