"""From the checks to a verdict in three levels, each threshold stated; there is no single score, on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from xai_core.evaluation.faithfulness import Faithfulness
from xai_core.evaluation.randomisation import Cascade
from xai_core.evaluation.specificity import Specificity
from xai_core.evaluation.stability import Stability
from xai_core.types import Prediction

Level = Literal["good", "unclear", "bad"]

WORTH = (
    0.1  # a map must beat every random one, and not fall behind the centre, by this share of the class's probability
)
TESTABLE = 0.05  # below this probability removing places has next to nothing to take away
ALIKE, SAME = 0.5, 0.8  # rank correlations: up to ALIKE a map is another one, above SAME it is the same
STEADY, SHAKY = 0.7, 0.4  # rank correlations under small changes: steady from the one on, shaky below the other
UNSURE_MARGIN = 0.1  # between the two most probable classes


@dataclass(frozen=True)
class Checks:
    """What was found; None for a check that was not made."""

    faithfulness: Faithfulness | None = None
    cascade: Cascade | None = None
    specificity: Specificity | None = None
    stability: Stability | None = None

    @property
    def complete(self) -> bool:
        return None not in self._all

    @property
    def started(self) -> bool:
        return any(found is not None for found in self._all)

    @property
    def _all(self) -> tuple[object, ...]:
        return (self.faithfulness, self.cascade, self.specificity, self.stability)


@dataclass(frozen=True)
class Verdict:
    """level: good only if all four checks were made and are good, bad if one is bad; unclear otherwise.

    unsure: the model's own margin is low, which overrides: the level is then at most unclear.
    """

    level: Level
    unsure: bool
    complete: bool


def verdict(checks: Checks, prediction: Prediction) -> Verdict:
    """The level of a map from its checks and the model's answer."""
    levels: list[Level] = []
    if checks.faithfulness is not None:
        levels.append(use_level(checks.faithfulness))
    if checks.cascade is not None:
        levels.append(network_level(checks.cascade))
    if checks.specificity is not None:
        levels.append(class_level(checks.specificity))
    if checks.stability is not None:
        levels.append(stability_level(checks.stability))
    unsure = margin(prediction) < UNSURE_MARGIN
    if "bad" in levels:
        return Verdict("bad", unsure, checks.complete)
    good = checks.complete and set(levels) == {"good"} and not unsure
    return Verdict("good" if good else "unclear", unsure, checks.complete)


def margin(prediction: Prediction) -> float:
    """Between the probabilities of the two most probable classes; 1 for a model of one class."""
    first, *others = np.sort(prediction.probabilities)[::-1]
    return float(first - others[0]) if others else 1.0


def use_level(found: Faithfulness) -> Level:
    """good: by WORTH better than each random map, no worse than the centre. bad: no better than random ones' mean."""
    worth = WORTH * found.probability
    if found.probability < TESTABLE:
        return "unclear"
    if found.gain <= np.mean(found.random_gains):
        return "bad"
    beats_random = found.gain >= max(found.random_gains) + worth
    return "good" if beats_random and found.gain >= found.centre_gain - worth else "unclear"


def network_level(found: Cascade) -> Level:
    return _not_the_same(found.resemblance)


def class_level(found: Specificity) -> Level:
    return _not_the_same(found.resemblance)


def stability_level(found: Stability) -> Level:
    return "good" if found.typical >= STEADY else "bad" if found.typical < SHAKY else "unclear"


def _not_the_same(resemblance: float) -> Level:
    return "good" if resemblance <= ALIKE else "bad" if resemblance > SAME else "unclear"
