"""The bench's results as they were measured and committed: `python -m training.planted.bench` makes them anew."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from xai_core.evaluation.planted.bench import MEASURES, Row

FILE = Path(__file__).with_name("results") / "bench.json"


@dataclass(frozen=True)
class Results:
    """rows: the table. verdicts: counts of levels by what planted truth says, and the ranking quality, as measured.

    made: the command and the versions that made them.
    """

    rows: tuple[Row, ...]
    verdicts: dict[str, Any]
    made: str


@cache
def stored(file: Path = FILE) -> Results:
    """The committed results."""
    told = json.loads(file.read_text("utf-8"))
    return Results(tuple(map(_row, told["rows"])), told["verdicts"], told["made"])


def ranking() -> float:
    """The chance, [0, 1], that the verdict ranks a good map above a bad one, among methods that ask about the class."""
    return float(stored().verdicts["ranking quality of methods that ask about the class"])


def as_json(results: Results) -> str:
    rows = [asdict(row) | {name: _rounded(getattr(row, name)) for name in MEASURES} for row in results.rows]
    return json.dumps({"made": results.made, "verdicts": results.verdicts, "rows": rows}, indent=1) + "\n"


def as_csv(rows: Sequence[Row]) -> str:
    """One line a row; three columns a measure: mean and the ends of its 95 % interval."""
    columns = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["task", "method", "stage", "trivial", "cases", "area", *columns])
    for row in rows:
        values = [value for name in MEASURES for value in _rounded(getattr(row, name))]
        writer.writerow([row.task, row.method, row.stage, int(row.trivial), row.cases, round(row.area, 4), *values])
    return text.getvalue()


def _row(told: dict[str, Any]) -> Row:
    return Row(**(told | {name: tuple(told[name]) for name in MEASURES}))


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]
