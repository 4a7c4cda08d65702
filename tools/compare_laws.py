"""Show field by field that each row of a table of laws arrived in the register.

    python tools/compare_laws.py TABLE.csv

The table is the CSV of the project's fact record, one instrument a row. Each difference is printed with its row and
column; a summary ends the list. Exit code 1 says that something is lost or differs, 2 that the table cannot be read.

Four things stand in the register in another form, and are compared as such:

- a mark [C] or (C) in a field is [not confirmed];
- a date stands twice where it says more than a date: as a date to sort by, and in words;
- a source has the key of `sources.bib`, which is that of the table in lower case, or that of an entry with the same
  address that was there before;
- confidence A is two kinds of evidence: law text read, or official source read.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pybtex.database.input.bibtex import Parser

from sse_handbook.registers.laws import Law, LawRegister, read_laws

DATA = Path(__file__).parent.parent / "docs" / "data"
# Columns that arrived word for word, but for the marks.
SAME = {
    "title_original": "title",
    "title_english": "english",
    "level": "level",
    "subnational_unit": "unit",
    "type": "type",
    "topic": "topic",
    "status": "status",
    "status_detail": "status_detail",
    "status_as_of": "status_as_of",
    "forms_covered": "forms",
    "entry_threshold": "threshold",
    "states_sse_principles": "principles",
    "implementing_body": "body",
    "informal_or_home_based_relevance": "home_based",
    "text_access": "text_access",
    "notes": "notes",
}
EVIDENCE = {
    "A": ("law text read", "official source read"),
    "B": ("second-hand",),
    "C": ("not confirmed",),
}
# Keys of sources that were in sources.bib before under another name.
RENAMED = {
    "WIEGO-C177": "wiego-c177-map",
    "ICA-R204": "ica-cicopa-113",
    "CICOPA-R204": "cicopa-2015-r204",
    "ILO-ILC2022": "ilo-ilc110-news",
    "ICA-ILC2022": "ica-report-vi",
    "DOCSLIB-C177": "brief-c177-2015",
    "RIPESS-UN2024": "ripess-unga-2024",
    "RIPESSEU-UN": "ripesseu-unga-2023",
    "NEWSCOOP-UN": "coopnews-unga-2024",
    "NEWSCOOP-AU": "coopnews-au",
    "ILO-AU2022": "ilo-au-2022",
    "CLICPORTELA": "brasil-lei-1",
    "EU-2023": "eurlex-2023",
    "HIERRO-C177": "knigalit-c177",
    "ILO-SI2021": "ilo-slovenia-c177",
    "NJ-ES2022": "noticias-c177",
    "ASESORANZA": "asesoranza-c177",
}
# What was mended on the way, by row and column: what stood there, what the register says, and why.
NOTED = "the row's own notes say that it is not confirmed"
MENDED = {
    ("EU-01", "level"): ("national", "regional", "the notes to the table count it among the regional ones"),
    ("ES-03", "notes"): ("(see separate row)", "(see its own entry)", "the register has entries, and no rows"),
    ("HN-01", "date_adopted"): ("1985", "1985 [not confirmed]", NOTED),
    ("MA-03", "date_adopted"): ("", "2014 [not confirmed]", NOTED),
    ("BG-03", "date_adopted"): ("", "2011 [not confirmed]", NOTED),
}


class TableError(Exception):
    """The table cannot be read; the text says why, with file and line."""


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of the table by column, every cell a text. Raises `TableError`, and nothing else."""
    rows: list[dict[str, str]] = []
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = next(reader, [])
            if missing := ", ".join(sorted({"id", "iso_code", "year_adopted", *SAME} - {*columns})):
                raise TableError(f"{path}:1: the table lacks columns: {missing}.")
            for cells in reader:
                line = reader.line_num
                if len(cells) != len(columns):
                    raise TableError(f"{path}:{line}: this row has {len(cells)} cells, the first has {len(columns)}.")
                rows.append(dict(zip(columns, cells, strict=True)))
    except OSError as error:
        raise TableError(f"{path}: the table cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise TableError(f"{path}: the table is not UTF-8. Save it as UTF-8.") from None
    except csv.Error as error:
        raise TableError(f"{path}:{line + 1}: this is no CSV: {error}.") from None
    return rows


def marked(text: str) -> str:
    """A text of the table with its marks as the register writes them."""
    text = re.sub(r"\[([^\]]*)\bC\b([^\]]*)\]", r"[\1not confirmed\2]", text)
    return text.replace("(C)", "[not confirmed]")


def source_key(key: str) -> str:
    """The key in `sources.bib` of a source of the table."""
    return RENAMED.get(key, key.lower())


def columns(law: Law, register: LawRegister, urls: dict[str, str]) -> dict[str, str]:
    """A law of the register as the columns of the table would show it."""
    country = register.countries[law.country]
    found = {column: getattr(law, name) for column, name in SAME.items()}
    return found | {
        "iso_code": law.country.upper(),
        "country": country.name,
        "un_region": country.region,
        "un_subregion": country.subregion,
        "year_adopted": law.adopted[:4],
        "date_adopted": law.adoption or law.adopted,
        "in_force": law.commencement or law.in_force,
        "confidence": next(mark for mark, words in EVIDENCE.items() if law.evidence in words),
        "source_key": law.sources[0],
        "other_source_keys": ";".join(law.sources[1:]),
        "source_url": urls.get(law.sources[0], ""),
    }


def differences(row: dict[str, str], found: dict[str, str]) -> Iterator[str]:
    """Each column of a row that the register does not have as the table has it; the register has keys for `id`."""
    for column in [each for each in row if each != "id"]:
        wanted, has = marked(row[column]), found.get(column)
        if column in ("source_key", "other_source_keys"):
            wanted = ";".join(map(source_key, filter(None, wanted.split(";"))))
        elif column == "date_adopted" and not wanted:
            wanted = row["year_adopted"]  # a year alone stands in `adopted`
        if (row["id"], column) in MENDED:
            old, new, why = MENDED[row["id"], column]
            wanted = wanted.replace(old, new) if old else new
            print(f"{row['id']} {column}: mended from “{old}” to “{new}”: {why}")
        if has != wanted:
            yield f"{row['id']} {column}: the table has {wanted!r}, the register {has!r}"


def main(arguments: list[str] | None = None) -> int:
    """Compare all rows; the exit code of the program."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("table", type=Path, metavar="TABLE.csv")
    try:
        rows = read_table(options.parse_args(arguments).table)
    except TableError as error:
        print(error, file=sys.stderr)
        return 2
    bibliography = Parser().parse_string((DATA / "sources.bib").read_text(encoding="utf-8"))
    urls = {key: entry.fields.get("url", "") for key, entry in bibliography.entries.items()}
    register = read_laws(DATA, urls)
    faults = [f"{finding.path}:{finding.line}: {finding.message}" for finding in register.findings]
    laws = {(law.country.upper(), law.title): law for law in register.laws.values()}
    for row in rows:
        law = laws.pop((row["iso_code"], marked(row["title_original"])), None)
        faults += differences(row, columns(law, register, urls)) if law else [f"{row['id']}: not in the register"]
    faults += [f"{law.key}: not in the table" for law in laws.values()]
    print(*faults, sep="\n", end="\n" if faults else "")
    compared = sum(len(row) - 1 for row in rows)
    print(f"{len(rows)} rows, {compared} fields compared, {len(register.laws)} laws in the register: ", end="")
    print(f"{len(faults)} differences." if faults else "nothing is lost.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
