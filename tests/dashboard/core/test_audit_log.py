"""The audit hears of every prediction once a visit, of whole sets too, and names neither visitor, picture nor set."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import xai_core as xai
from dashboard.core import audit_log
from xai_core.datasets import open_dataset

ROOT = Path(__file__).resolve().parents[3]


def test_a_set_is_one_line_a_visit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: dict[tuple[str, str], None] = {}
    monkeypatch.setenv("SIGHTLINE_AUDIT", str(tmp_path / "audit"))
    monkeypatch.setattr(audit_log, "visitor", lambda: "anna")
    monkeypatch.setattr(type(audit_log._TOLD), "get", lambda _key: told)
    model, dataset = xai.load_model("digits"), open_dataset("digits")
    for _ in range(2):
        audit_log.told_of_many(model, dataset)
    (line,) = (tmp_path / "audit").read_text().splitlines()
    said = json.loads(line)
    assert said.keys() == {"time", "event", "visit", "set", "model", "weights", "pictures"}
    assert (said["event"], said["model"], said["pictures"]) == ("predictions", "digits", len(dataset))
    assert "anna" not in line
    assert dataset.digest not in line


@pytest.mark.parametrize(
    "file", ["dashboard/map/table.py", "dashboard/models/versus/model_answers.py", "dashboard/bench/audit.py"]
)
def test_whoever_shows_a_set_of_predictions_tells_it(file: str) -> None:
    calls = [
        node.attr for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))) if isinstance(node, ast.Attribute)
    ]
    assert "told_of_many" in calls
