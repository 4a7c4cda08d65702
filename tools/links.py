"""Ask every address that the pages link to whether it still answers; videos are left to the builder `videocheck`.

    python tools/links.py [--since REVISION] [--scheduled]

Sphinx's linkcheck does the asking. Around it stands what it lacks: a memory between runs, with the verdicts and the
rules of `sse_handbook.liveness`; every place of a dead link; ignores that end on a day; a run that ends where there is
no network. What was found stands in `build/links/output.json`, what is remembered in `docs/data/link-status.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from link_answers import Found, ask, host, network
from link_places import Place, added_lines, collect, is_film, named, read_ignores
from sphinx.errors import SphinxError

from sse_handbook.liveness import MILDEST_FIRST, Remembered, Verdict, remember
from sse_handbook.registers.status_file import (
    AnotherRunError,
    Exit,
    StatusFileError,
    one_run,
    read_memory,
    write_memory,
)
from sse_handbook.videocheck import ARCHIVE
from sse_handbook.videos import today


def is_trusted(known: Remembered | None) -> bool:
    """Whether there is no need to ask today. What has moved is asked each time: the memory holds no new address."""
    return known is not None and known.verdict is Verdict.ALIVE and known.trusted(today())


def described(address: str, places: list[Place], known: Remembered, found: Found | None) -> dict[str, Any]:
    """What `output.json` says of an address. `verdict` is that of all runs together, `found` that of this one."""
    days = {name: each.isoformat() for name, each in vars(known).items() if isinstance(each, date)}
    return {
        "address": address,
        "verdict": known.verdict,
        "reason": found.reason if found else "Not asked in this run.",
        "found": found.verdict if found else None,
        "evidence": found.evidence if found else "",
        "leads_to": found.leads_to if found else "",
        **days,
        "archived": ARCHIVE + address,
        "places": [asdict(place) for place in places],
    }


def tell(entries: list[dict[str, Any]], source: Path) -> None:
    """Print each place of what somebody should look at, as a compiler does: others find the line by it."""
    for each in entries:
        if each["found"] not in (Verdict.DEAD, Verdict.SUSPECT, Verdict.MOVED):
            continue
        kind, said = "WARNING", f"{each['address']} is {each['verdict']}. {each['reason']}"
        if each["verdict"] is Verdict.MOVED:
            kind, said = "NOTE", f"{said} It leads to {each['leads_to']}"
        else:
            later = " It is dead if a later run finds so too." if each["verdict"] is not each["found"] else ""
            seen = f"Last seen working on {each['seen']}." if "seen" in each else "Never seen working."
            said = f"{said}{later} {seen} Copies may be at {each['archived']}"
        for place in each["places"]:
            print(f"{os.path.relpath(source / place['file'])}:{place['line']}: {kind}: {said}")


def tell_counts(entries: list[dict[str, Any]], left: Mapping[str, int]) -> None:
    """Print the sums."""
    counts = Counter(each["verdict"] for each in entries)
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in MILDEST_FIRST if counts[verdict]) or "none"
    asked = sum(each["found"] is not None for each in entries)
    silent = sum(each["found"] is Verdict.UNKNOWN for each in entries)
    print(f"Links: {said}. Asked about: {asked}; answers that tell nothing: {silent}.")
    print(f"Left alone: {', '.join(f'{what}: {count}' for what, count in left.items())}.")


def run(source: Path, output: Path, since: str, scheduled: bool, pause: float) -> Exit:
    """Ask, remember, write and print; with `since`, ask of the links that stand on new lines only, remember nothing.

    Raises `AnotherRunError` and `StatusFileError`, and `ValueError` where git does not know `since`.
    """
    places, config = collect(source, output)
    data = source / config.sse_data_dir
    status = data / "link-status.json"
    with one_run(status):
        memory = read_memory(status, "links")
        links = {address: each for address, each in places.items() if not is_film(address)}
        hidden, findings = read_ignores(data / "link-ignores.yaml", links)
        added = added_lines(source, since) if since else set()
        wanted = {
            address: each
            for address, each in links.items()
            if address not in hidden and (not since or any((place.file, place.line) in added for place in each))
        }
        asked = {address: each[0].page for address, each in wanted.items() if not is_trusted(memory.get(address))}
        answering = {host(address) for address in links if is_trusted(memory.get(address))}
        ending = network(links) if asked else Exit.FINE
        found: dict[str, Found] = {}
        try:
            for address, one in ask(asked, config, pause, answering) if ending is Exit.FINE else ():
                known = memory.get(address)
                memory[address] = remember(known, one.verdict, today(), scheduled, address, grows=one.grows)
                found[address] = one
        except KeyboardInterrupt:
            ending = Exit.INTERRUPTED
        if found and not since:
            kept = {address: memory[address] for address in links if address in memory and memory[address].checked}
            write_memory(status, kept, "links")
    entries = [described(each, wanted[each], memory.get(each, Remembered()), found.get(each)) for each in wanted]
    dead = any(each["found"] is each["verdict"] is Verdict.DEAD for each in entries)
    if ending is Exit.FINE and (dead or findings):
        ending = Exit.DEAD_FOUND
    ignores = [
        {"file": named(Path(each.path), source), "line": each.line, "message": each.message} for each in findings
    ]
    report = {"day": today().isoformat(), "ended": ending.name.lower(), "links": entries, "ignores": ignores}
    output.mkdir(parents=True, exist_ok=True)
    (output / "output.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    tell(entries, source)
    for each in findings:
        print(f"{os.path.relpath(each.path)}:{each.line}: WARNING: {each.message}")
    left = {"videos": len(places) - len(links), "ignored": len(hidden), "known to answer": len(wanted) - len(asked)}
    if since:
        left[f"on no line that is new since {since}"] = len(links) - len(hidden) - len(wanted)
    tell_counts(entries, left)
    return ending


ENDINGS = {
    Exit.NO_NETWORK: "There is no network here: no host answers. Nothing was judged, nothing is changed.",
    Exit.CANNOT_JUDGE: "Links cannot be judged from here: somebody answers in the place of the hosts. "
    "Nothing is changed. Try another network.",
    Exit.INTERRUPTED: "Interrupted. What was found until then is remembered, and may be asked again.",
}


def main(arguments: list[str] | None = None) -> int:
    """Ask as the options say; the exit code is one of `Exit`, or 2 for an option that cannot be."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--since", metavar="REVISION", default="", help="ask only what was added since; remember nothing"
    )
    options.add_argument("--scheduled", action="store_true", help="call nothing dead before a second run finds it so")
    options.add_argument("--source", type=Path, default=Path("docs"), help="the folder with conf.py")
    options.add_argument("--output", type=Path, default=Path("build", "links"), help="the folder for output.json")
    options.add_argument("--pause", type=float, default=10, metavar="SECONDS", help="wait before the second look")
    chosen = options.parse_args(arguments)
    try:
        ending = run(chosen.source.resolve(), chosen.output.resolve(), chosen.since, chosen.scheduled, chosen.pause)
    except KeyboardInterrupt:
        ending = Exit.INTERRUPTED
    except SphinxError as error:
        print(f"{error.category}: {error}")
        return 2
    except AnotherRunError as error:
        print(error)
        return Exit.ANOTHER_RUN
    except StatusFileError as error:
        print(error)
        return Exit.STATUS_FILE
    except ValueError as error:
        print(f"git cannot compare with `{chosen.since}`: {error}")
        return 2
    if ending in ENDINGS:
        print(ENDINGS[ending])
    return ending


if __name__ == "__main__":
    sys.exit(main())
