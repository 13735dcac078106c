"""Is the verdict itself right? Maps that planted truth calls good or bad, and the level that the checks give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from xai_core.attribution.explain import ImageForwardPass, explain_forward_pass, forward_image
from xai_core.attribution.method import INPUT
from xai_core.evaluation.faithfulness import faithfulness
from xai_core.evaluation.localisation import Found, found
from xai_core.evaluation.parameter_randomisation import parameter_randomisation
from xai_core.evaluation.planted.cases import TASKS, Case, Task
from xai_core.evaluation.planted.network import STAGES, planted_model
from xai_core.evaluation.remake import Remake, remake_of
from xai_core.evaluation.resolution import resolution_check
from xai_core.evaluation.rival_maps import in_patches
from xai_core.evaluation.road import road
from xai_core.evaluation.specificity import specificity
from xai_core.evaluation.stability import stability
from xai_core.evaluation.verdict import Checks, Level, levels_of, verdict
from xai_core.images.digest import array_digest
from xai_core.types import SourceImage

GOOD_RANK, BAD_RANK = 0.5, 0.25
CURVE_STEPS = 5  # as the Trust card takes
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
            layer = stage or INPUT
            remake = remake_of(image_pass.model, result, layer)
            made.append(_judge(task, case, image_pass, method, stage, result.maps[layer][0], remake))
        random = np.random.default_rng(number)
        made.append(_judge(task, case, image_pass, RANDOM, STAGES[2], _drawn(random, 1)[0, 0], _drawing(random)))
        on_case(number + 1)
    return made


def ranking(maps: Sequence[Judged]) -> float:
    """The chance that a good map gets a higher level than a bad one, ties counting half (area under the ROC curve)."""
    good, bad = ([RANKED[m.level] for m in maps if m.truth is truth] for truth in (True, False))
    wins = np.sign(np.subtract.outer(good, bad))
    return float((wins.mean() + 1) / 2)


def _judge(
    task: Task, case: Case, image_pass: ImageForwardPass, method: str, stage: str, values: np.ndarray, remake: Remake
) -> Judged:
    scores = found(values, case.region)
    good, bad = scores.rank >= GOOD_RANK and scores.pointing == 1, scores.rank <= BAD_RANK
    checks = _checks(image_pass, values, remake, case.label, stage)
    given = verdict(checks, image_pass.prediction)
    return Judged(task, method, stage, True if good else False if bad else None, scores, given.level, levels_of(checks))


def _checks(image_pass: ImageForwardPass, values: np.ndarray, remake: Remake, label: int, stage: str) -> Checks:
    model, given, pixels = image_pass.model, image_pass.given, not stage
    tested = in_patches(values) if pixels else values
    return Checks(
        faithfulness=faithfulness(model, given, tested, label, steps=CURVE_STEPS),
        road=road(model, given, tested, label),
        parameter_randomisation=parameter_randomisation(model, given, values, remake, label, magnitude=pixels),
        specificity=specificity(model, given, values, remake, image_pass.prediction, label, magnitude=pixels),
        stability=stability(model, given, values, remake, label, magnitude=pixels),
        resolution=resolution_check(image_pass, stage or INPUT, values),
    )


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
