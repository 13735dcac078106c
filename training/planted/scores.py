"""Every method at every stage against planted evidence, beside maps that know nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xai_core.attribution.catalog import METHODS
from xai_core.evaluation.localisation import TOLERANCE, edges_of, found
from xai_core.evaluation.planted.bench import MEASURES, Row, maps_of, stages_of
from xai_core.evaluation.planted.network import Case, Task
from xai_core.evaluation.rival_maps import centre

TRIVIAL = {"random": "Random map", "centre": "Middle of the picture", "edges": "Edges of the picture"}
_RANDOM_GRID = 12


def bench(task: Task, requested: Sequence[Case]) -> list[Row]:
    """A row for each method and stage that have a meaning, and for each trivial map."""
    works = [(method, stage) for method in METHODS for stage in stages_of(task, method)]
    rows = [
        row_of(task, requested, method.key, method.title, stage, maps_of(task, requested, method, stage))
        for method, stage in works
    ]
    return rows + [row_of(task, requested, key, TRIVIAL[key], "", trivial(key, requested)) for key in TRIVIAL]


def trivial(key: str, requested: Sequence[Case]) -> list[np.ndarray]:
    if key == "edges":
        return [edges_of(case.pixels) for case in requested]
    if key == "centre":
        return [2 + centre(case.region.shape) for case in requested]  # above zero everywhere
    random = np.random.default_rng(0)
    return [random.random((_RANDOM_GRID, _RANDOM_GRID), np.float32) for _ in requested]


def row_of(task: Task, requested: Sequence[Case], key: str, title: str, stage: str, maps: Sequence[np.ndarray]) -> Row:
    tolerance = 0.0 if task == "mosaics" else TOLERANCE  # a neighbour's quarter is wrong, however near
    scored = [found(values, case.region, tolerance=tolerance) for values, case in zip(maps, requested, strict=True)]
    measured = {name: interval(np.array([getattr(one, name) for one in scored])) for name in MEASURES}
    area = float(np.mean([case.region.mean() for case in requested]))
    return Row(task, key, title, stage, key in TRIVIAL, len(requested), area, **measured)


def interval(values: np.ndarray, seed: int = 0, draws: int = 1000) -> tuple[float, float, float]:
    """Mean of (n,) and its 95 % interval by the bootstrap over the n cases."""
    random = np.random.default_rng(seed)
    means = values[random.integers(len(values), size=(draws, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(values.mean()), float(low), float(high)
