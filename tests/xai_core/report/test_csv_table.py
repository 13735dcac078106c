"""No name in an exported table becomes a formula, and a table program reads back what was written."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import pytest

from xai_core.report.csv_table import csv_table

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "-", "+"])
def test_what_looks_like_a_formula_is_text(name: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(csv_table(["name"], [[name]]), newline=""))
    assert cell == f"'{name}".replace("\r", "\n")


@pytest.mark.parametrize("cell", [-0.5, "-0.5", "+1e-05", "cat, =dog", 'a "quoted" name', "two\nlines", ""])
def test_numbers_and_plain_names_stay(cell: object) -> None:
    (_, (back,)) = csv.reader(io.StringIO(csv_table(["x"], [[cell]]), newline=""))
    assert back == str(cell)


def test_there_is_no_other_writer() -> None:
    folders = [ROOT / name for name in ("xai_core", "dashboard", "pages", "sightline")]
    made = [
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter", "to_csv", "savetxt")
    ]
    assert made == ["xai_core/report/csv_table.py"]
