"""Score every method at every stage against planted truth, and the verdict itself: python -m training.planted.bench

Ten minutes on one core. Writes bench.json and bench.csv to xai_core/evaluation/planted/results, and a figure.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.planted.figure import draw
from training.planted.verdicts import RANDOM, Judged, judged, ranking
from xai_core.attribution.catalog import METHODS
from xai_core.evaluation.localisation import TOLERANCE, edges_of, found, interval
from xai_core.evaluation.planted.bench import FILE, MEASURES, Results, Row, as_csv, maps_of, rounded, stages_of
from xai_core.evaluation.planted.cases import TASKS, Case, Task, cases
from xai_core.evaluation.rival_maps import centre

COUNTS: dict[Task, int] = {"shapes": 96, "lesions": 96, "mosaics": 48, "marked": 64}
VERDICT_TASKS: tuple[Task, ...] = ("shapes", "lesions")
VERDICT_CASES, VERDICT_SEED = 24, 9000  # looked at once thresholds and rules stand
TRIAL_SEED = 7000  # other cases, on which they may be chosen: --verdict-seed
TRIVIAL = {"random": "Random map", "centre": "Middle of the picture", "edges": "Edges of the picture"}
_RANDOM_GRID = 12
BLIND_TO_CLASS = "eigen_cam"  # its maps ignore the class, so that they are right only where one object stands out
FIGURE = Path("docs") / "images" / "planted-truth.png"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the cases, for a quick look")
    parser.add_argument("--verdict-seed", type=int, default=VERDICT_SEED, help=f"{TRIAL_SEED}: to choose rules on")
    parser.add_argument("--out", type=Path, default=FILE.parent)
    parser.add_argument("--figure", type=Path, default=FIGURE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for task in TASKS:
        rows += bench(task, cases(task, max(4, round(options.share * COUNTS[task]))))
        print(f"{task}: done", flush=True)
    made: list[Judged] = []
    for task in VERDICT_TASKS:
        made += judged(task, cases(task, max(2, round(options.share * VERDICT_CASES)), options.verdict_seed))
    results = Results(tuple(rows), quality(made), f"python -m training.planted.bench; torch {torch.__version__}")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "bench.json").write_text(as_json(results), encoding="utf-8")
    (options.out / "bench.csv").write_text(as_csv(rows), encoding="utf-8")
    draw(rows, options.figure)
    print(results.verdicts)


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


def as_json(results: Results) -> str:
    rows = [asdict(row) | {name: rounded(getattr(row, name)) for name in MEASURES} for row in results.rows]
    return json.dumps({"made": results.made, "verdicts": results.verdicts, "rows": rows}, indent=1) + "\n"


def quality(made: Sequence[Judged]) -> dict[str, Any]:
    """How well the verdict tells maps that find the planted evidence from maps that do not."""
    seeing = [m for m in made if m.method != BLIND_TO_CLASS]
    return {
        "ranking quality": round(ranking(made), 3),
        "ranking quality of methods that ask about the class": round(ranking(seeing), 3),
        "good maps": dict(Counter(m.level for m in made if m.truth is True)),
        "bad maps": dict(Counter(m.level for m in made if m.truth is False)),
        "random maps": dict(Counter(m.level for m in made if m.method == RANDOM)),
    }


if __name__ == "__main__":
    main()
