"""Is the verdict itself right? Maps that planted truth calls good or bad, and the level that the checks give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor, nn

from xai_core.attribution.explain import ImageForwardPass, explain_forward_pass, forward_image
from xai_core.attribution.method import INPUT
from xai_core.evaluation.check import Level
from xai_core.evaluation.localisation import Found, found
from xai_core.evaluation.map_under_test import MapUnderTest, Remake
from xai_core.evaluation.planted.network import STAGES, TASKS, Case, Task, planted_model
from xai_core.evaluation.verdict import findings_of, verdict
from xai_core.images.digest import array_digest
from xai_core.types import SourceImage

GOOD_RANK, BAD_RANK = 0.5, 0.25
ASKED = (
    ("grad_cam", STAGES[2]),
    ("layer_cam", STAGES[1]),
    ("hires_cam", STAGES[0]),
    ("grad_cam", STAGES[0]),
    ("eigen_cam", STAGES[0]),
    ("guided_backprop", ""),
    ("deconvnet", ""),
)
RANDOM = "random"
RANKED: dict[Level, int] = {"bad": 0, "unclear": 1, "good": 2}


@dataclass(frozen=True)
class Judged:
    """A map, what planted truth says of it, and the verdict. truth: None where it is neither good nor bad.

    levels: of each check, None where it gives no level.
    """

    task: Task
    method: str
    stage: str
    truth: bool | None
    scores: Found
    level: Level
    levels: dict[str, Level | None]


def judged(task: Task, requested: Sequence[Case], on_case: Callable[[int], None] = lambda _n: None) -> list[Judged]:
    """Every map of ASKED and a random one for each case.

    Good: its highest place lies in the region, and at least half of the region is among its highest places. Bad: at
    most a quarter is.
    """
    made = []
    for number, case in enumerate(requested):
        image_pass = _traced(task, case)
        for method, stage in ASKED:
            result = explain_forward_pass(image_pass, method, [stage] if stage else [], [case.label])
            made.append(_judge(task, case, method, stage, MapUnderTest(image_pass, result, stage or INPUT)))
        random = np.random.default_rng(number)
        drawn = replace(result, method=RANDOM, maps={STAGES[2]: _drawn(random, 1)[0]})
        tested = MapUnderTest(image_pass, drawn, STAGES[2], remake=_drawing(random))
        made.append(_judge(task, case, RANDOM, STAGES[2], tested))
        on_case(number + 1)
    return made


def ranking(maps: Sequence[Judged]) -> float:
    """The chance that a good map gets a higher level than a bad one, ties counting half (area under the ROC curve)."""
    good, bad = ([RANKED[m.level] for m in maps if m.truth is truth] for truth in (True, False))
    wins = np.sign(np.subtract.outer(good, bad))
    return float((wins.mean() + 1) / 2)


def _judge(task: Task, case: Case, method: str, stage: str, tested: MapUnderTest) -> Judged:
    scores = found(tested.values, case.region)
    good, bad = scores.rank >= GOOD_RANK and scores.pointing == 1, scores.rank <= BAD_RANK
    findings = findings_of(tested)
    given = verdict(findings, tested.image_pass.prediction)
    return Judged(task, method, stage, True if good else False if bad else None, scores, given.level, findings.levels)


def _traced(task: Task, case: Case) -> ImageForwardPass:
    image = SourceImage(case.pixels, "planted", "photograph", array_digest(case.pixels))
    return forward_image(planted_model(TASKS[task]), image, STAGES)


def _drawn(random: np.random.Generator, count: int) -> np.ndarray:
    return random.random((1, count, 12, 12), np.float32)


def _drawing(random: np.random.Generator) -> Remake:
    """A "method" that draws a new random map whenever it is asked."""

    def remake(_module: nn.Module, _inputs: Tensor, classes: Sequence[int]) -> np.ndarray:
        return _drawn(random, len(classes))

    return remake
