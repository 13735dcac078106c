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

import torch

from training.planted.figure import draw
from training.planted.scores import bench
from training.planted.verdicts import RANDOM, Judged, judged, ranking
from xai_core.evaluation.checks import CHECKS
from xai_core.evaluation.planted.bench import FILE, MEASURES, Results, as_csv, rounded
from xai_core.evaluation.planted.network import TASKS, Task, cases

COUNTS: dict[Task, int] = {"shapes": 96, "lesions": 96, "mosaics": 48, "marked": 64}
VERDICT_TASKS: tuple[Task, ...] = ("shapes", "lesions")
VERDICT_CASES, VERDICT_SEED = 24, 9000  # looked at once thresholds and rules stand
TRIAL_SEED = 7000  # other cases, on which they may be chosen: --verdict-seed
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


def as_json(results: Results) -> str:
    rows = [asdict(row) | {name: rounded(getattr(row, name)) for name in MEASURES} for row in results.rows]
    return json.dumps({"made": results.made, "verdicts": results.verdicts, "rows": rows}, indent=1) + "\n"


def quality(made: Sequence[Judged]) -> dict[str, Any]:
    """How well the verdict tells maps that find the planted evidence from maps that do not."""
    seeing = [m for m in made if m.method != BLIND_TO_CLASS]
    return {
        "checks": [check.key for check in CHECKS],
        "ranking quality": round(ranking(made), 3),
        "ranking quality of methods that ask about the class": round(ranking(seeing), 3),
        "good maps": dict(Counter(m.level for m in made if m.truth is True)),
        "bad maps": dict(Counter(m.level for m in made if m.truth is False)),
        "random maps": dict(Counter(m.level for m in made if m.method == RANDOM)),
    }


if __name__ == "__main__":
    main()
