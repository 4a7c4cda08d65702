"""The comparison of the register with a table of laws: a table that cannot be read is said so, and nothing raises."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(ROOT / "tools"))
import compare_laws

COLUMNS = ["id", "iso_code", "year_adopted", *compare_laws.SAME]
HEAD = ",".join(COLUMNS)
ROW = ",".join(["x"] * len(COLUMNS))

# What a table holds, and how the message about it begins behind the path.
FAULTS = {
    "empty": (b"", ":1: the table lacks columns: "),
    "another table": (b"a,b\n1,2\n", ":1: the table lacks columns: "),
    "short row": (f"{HEAD}\n{ROW}\nx,y\n".encode(), ":3: this row has 2 cells, "),
    "long row": (f"{HEAD}\n{ROW},more\n".encode(), f":2: this row has {len(COLUMNS) + 1} cells, "),
    "a quote too many": (f'{HEAD}\n"x"y,{ROW}\n'.encode(), ":2: this is no CSV: "),
    "a quote that never ends": (f'{HEAD}\n"x,{ROW}\n'.encode(), ":2: this is no CSV: "),
    "a cell of a megabyte": (f"{HEAD}\n{'x' * 2**20},{ROW}\n".encode(), ":2: this is no CSV: "),
    "not UTF-8": (f"{HEAD}\n\xe9\n".encode("latin-1"), ": the table is not UTF-8."),
}


@pytest.mark.parametrize(("content", "message"), FAULTS.values(), ids=FAULTS)
def test_a_table_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    table = tmp_path / "laws.csv"
    table.write_bytes(content)
    with pytest.raises(compare_laws.TableError) as raised:
        compare_laws.read_table(table)
    assert str(raised.value).startswith(f"{table}{message}")


def test_a_folder_or_no_file_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare_laws.main([str(tmp_path)]) == 2
    assert compare_laws.main([str(tmp_path / "none.csv")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and all(": the table cannot be read: " in line for line in said)


def test_a_law_that_is_lost_is_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "laws.csv"
    table.write_text(f"{HEAD}\n{ROW}\n", encoding="utf-8")
    assert compare_laws.main([str(table)]) == 1
    assert "x: not in the register" in capsys.readouterr().out.splitlines()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace"))))
@example(b'"')
@example(b"\x00")
def test_no_bytes_raise_anything_but_the_error(tmp_path: Path, content: bytes) -> None:
    table = tmp_path / "laws.csv"
    table.write_bytes(HEAD.encode() + b"\n" + content)
    try:
        rows = compare_laws.read_table(table)
    except compare_laws.TableError as error:
        assert str(error).startswith(str(table))
    else:
        assert all(list(row) == COLUMNS for row in rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(max_size=20), min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=3))
def test_what_was_written_as_csv_is_read_as_it_was(tmp_path: Path, rows: list[list[str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([COLUMNS, *rows])
    table = tmp_path / "laws.csv"
    table.write_bytes(written.getvalue().encode("utf-8", "replace"))
    clean = [[cell.encode("utf-8", "replace").decode() for cell in row] for row in rows]
    assert [list(row.values()) for row in compare_laws.read_table(table)] == clean
