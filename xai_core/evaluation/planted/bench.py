"""A method's maps at every stage of a network with planted evidence, and the committed results of all methods."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xai_core.attribution.baselines import black_white_baselines
from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.method import INPUT, Method
from xai_core.evaluation.localisation import Found
from xai_core.evaluation.planted.network import STAGES, TASKS, Case, Task, inputs_of, planted_model
from xai_core.evaluation.planted.scene import SIDE
from xai_core.forward.forward_pass import run_forward
from xai_core.report.csv_table import csv_table
from xai_core.types import LoadedModel

MEASURES = tuple(field.name for field in fields(Found))
FILE = Path(__file__).with_name("results") / "bench.json"  # made by `python -m training.planted.bench`
_BATCH = 16

Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Row:
    """One method at one stage on one task; "" for a map that belongs to no stage. trivial: it knows nothing.

    area: the mean share of the picture that the regions take, which is what a blind guess has. Of each measure: mean,
    and the ends of its 95 % interval.
    """

    task: Task
    method: str
    title: str
    stage: str
    trivial: bool
    cases: int
    area: float
    pointing: Interval
    energy: Interval
    rank: Interval
    overlap: Interval


def stages_of(task: Task, method: Method) -> tuple[str, ...]:
    """The stages at which a method has a meaning in the task's network; ("",) for one that reads no layer."""
    network = planted_model(TASKS[task]).module
    inputs = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    if method.reason_not(network, tuple(inputs.shape)) is not None:
        return ()
    if method.target == "pixel":
        return STAGES if method.needs_layer else ("",)
    return method.defined_at(network, run_forward(network, inputs, STAGES))


def maps_of(task: Task, requested: Sequence[Case], method: Method, stage: str) -> list[np.ndarray]:
    """The method's signed maps (h, w), one a case."""
    model = planted_model(TASKS[task])
    inputs = inputs_of(TASKS[task], [case.pixels for case in requested])
    classes = torch.tensor([[case.label] for case in requested])
    made: list[np.ndarray] = []
    for start in range(0, len(requested), _BATCH):
        part = slice(start, start + _BATCH)
        maps = _maps(model, inputs[part], classes[part], method, stage)
        made += list(maps[:, 0].detach().numpy())
    return made


def _maps(model: LoadedModel, inputs: Tensor, classes: Tensor, method: Method, stage: str) -> Tensor:
    layers, baselines = [stage] if stage else [], black_white_baselines(model.config)
    found = class_maps(model.module, inputs, layers, classes, method.key, relu=False, baselines=baselines)
    return found[INPUT if INPUT in found else stage]


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
    return Results(tuple(map(_read_row, told["rows"])), told["verdicts"], told["made"])


def stored_ranking() -> float:
    """The chance, [0, 1], that the verdict ranks a good map above a bad one, among methods that ask about the class."""
    return float(stored().verdicts["ranking quality of methods that ask about the class"])


def as_csv(rows: Sequence[Row]) -> str:
    """One line a row; three columns a measure: mean and the ends of its 95 % interval."""
    columns = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    lines = (
        [row.task, row.method, row.stage, int(row.trivial), row.cases, round(row.area, 4)]
        + [value for name in MEASURES for value in rounded(getattr(row, name))]
        for row in rows
    )
    return csv_table(["task", "method", "stage", "trivial", "cases", "area", *columns], lines)


def _read_row(told: dict[str, Any]) -> Row:
    return Row(**(told | {name: tuple(told[name]) for name in MEASURES}))


def rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]
