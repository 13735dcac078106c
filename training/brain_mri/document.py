"""Write the figures of the bundled weights' record into docs/models/brain-mri.md.

python -m training.brain_mri.document
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xai_core.models.sources.brain_mri import WEIGHTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models" / "brain-mri.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_COLUMNS = {
    "Tumours found": "found",
    "healthy called healthy": "called healthy",
    "AUC": "auc",
    "ECE": "calibration error, tumour or none",
    "headlines": "headlines",
    "of them right": "headlines right",
    "tumours headed “no tumour”": "tumours with the headline no tumour",
    "healthy headed “tumour”": "healthy with the headline tumour",
}

Record = Mapping[str, Any]


def main() -> None:
    record = json.loads(WEIGHTS.with_suffix(".json").read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{figures(record)}{END}{after}", encoding="utf-8")


def figures(record: Record) -> str:
    """The tables, Markdown."""
    return "\n".join(line for part in _parts(record) for line in (*part, ""))


def _parts(record: Record) -> Iterator[list[str]]:
    test = record["test"]
    value, (low, high) = test["balanced_accuracy"]["value"], test["balanced_accuracy"]["interval_95"]
    yield [
        f"Cheng's and Br35H's healthy test blocks ({test['slices']} slices): balanced accuracy **{value:.3f}** "
        f"({low:.3f} to {high:.3f}).",
        "",
        *_table(["Class", "Rightly named", *_names(test)], _confusion(test)),
    ]
    runs = [record["left_out"], *record["left_out"].get("others", [])]
    for run in runs:
        yield [
            f"**Left out of training: {', '.join(run['sources'])}.** `{run['training'].split(';')[0]}`",
            "",
            *_sources(run["by_source"]),
        ]
    yield ["Test slices of every source, by the bundled weights:", "", *_sources(record["by_source"])]
    yield [
        "Where the maps lie, against outlines of test slices that were named rightly:",
        "",
        *_table(
            ["Map", "Pointing", "Energy inside", "Overlap at half maximum", "Slices"],
            [
                [name, *(f"{row[key]:.3f}" for key in ("pointing", "energy", "overlap")), str(row["of"])]
                for name, row in record["localisation"].items()
            ],
        ),
    ]
    changes = record["changes"]
    told = {
        f"everything outside the head {name}: same class": row["same_class"]
        for name, row in changes["changed outside the head"].items()
    }
    told |= changes["outlines"] | {name: row for name, row in changes["tumour"].items() if isinstance(row, dict)}
    yield _table(["Change", "Share of slices"], [[name, _of(row)] for name, row in told.items()])
    probes = record["source_probes"]
    yield _table(
        ["A random forest names the source from", "Balanced accuracy"],
        [[name, f"{row['balanced_accuracy']:.3f}"] for name, row in probes.items()],
    )


def _names(test: Record) -> list[str]:
    return [f"named {name}" for name in test["right_of_class"]]


def _confusion(test: Record) -> list[list[str]]:
    rows = zip(test["right_of_class"].items(), test["confusion_rows_are_truth"], strict=True)
    return [[name, _of(share), *map(str, counts)] for (name, share), counts in rows]


def _sources(rows: Record) -> list[str]:
    table = [
        [f"{name} ({row['slices']})", *(_cell(row, key) for key in _COLUMNS.values())] for name, row in rows.items()
    ]
    return _table(["Source (slices)", *_COLUMNS], table)


def _cell(row: Record, key: str) -> str:
    value = row.get(key, "")
    if isinstance(value, dict):
        value = value["value"]
    return f"{value:.3f}" if value != "" else ""


def _of(share: Record) -> str:
    low, high = share["interval_95"]
    return f"{share['value']:.3f} ({low:.3f} to {high:.3f}) of {share['of']}"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


if __name__ == "__main__":
    main()
