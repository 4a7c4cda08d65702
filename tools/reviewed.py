"""Write down that somebody has read a translation over, as it now is: `tools/reviewed.py hi NAME [CATALOGUE ...]`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import yaml

from sse_handbook.po_files import fingerprint, read
from sse_handbook.registers.data_files import read_entries
from sse_handbook.warnings import Finding

LOCALES = Path(__file__).parent.parent / "docs/locales"


def note(language: str, name: str, wanted: list[str], folder: Path = LOCALES) -> list[str]:
    """Write `reviewed.yaml` of a language for the catalogues wanted, or for all; return their names.

    Ends the program where there is none of them, or where one cannot be read.
    """
    catalogues = read([folder], language)
    if not catalogues or set(wanted) - set(catalogues):
        named = ", ".join(sorted(set(wanted) - set(catalogues))) or language
        sys.exit(f"There is no catalogue of {named}. First: python3 noxfile.py -s translate -- {language}")
    path = folder / language / "reviewed.yaml"
    reviews = {}
    for item in read_entries(path, "reviewed") if path.exists() else ():
        reviews[sound(item).key] = sound(item).value
    for each in wanted or catalogues:
        found = sound(catalogues[each])
        reviews[each] = {"by": name, "on": str(datetime.now(UTC).date()), "text": fingerprint(found)}
    path.write_text(yaml.safe_dump(reviews, allow_unicode=True), encoding="utf-8")
    return wanted or list(catalogues)


Thing = TypeVar("Thing")


def sound(found: Thing | Finding) -> Thing:
    """What was read; ends the program where it could not be, with file and line."""
    if isinstance(found, Finding):
        sys.exit(f"{found.path}:{found.line}: {found.message}")
    return found


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language")
    parser.add_argument("name", help="who has read it over")
    parser.add_argument("catalogue", nargs="*", help="the catalogues that were read; without any, all of them")
    given = parser.parse_args()
    print(f"{given.name} has read over: {', '.join(note(given.language, given.name, given.catalogue))}.")


if __name__ == "__main__":
    main()
