"""From the checks to a verdict in three levels, each threshold stated; there is no single score, on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from xai_core.evaluation.faithfulness import Faithfulness
from xai_core.evaluation.parameter_randomisation import ParameterRandomisation
from xai_core.evaluation.resolution import Resolution
from xai_core.evaluation.road import Road
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
OUTSIDE = 0.6  # evidence outside the object, as a share of the area there, up to which it counts as on the object
UNSURE_MARGIN = 0.1  # between the two most probable classes


@dataclass(frozen=True)
class Checks:
    """What was found; None for a check that was not made."""

    faithfulness: Faithfulness | None = None
    road: Road | None = None
    parameter_randomisation: ParameterRandomisation | None = None
    specificity: Specificity | None = None
    stability: Stability | None = None
    resolution: Resolution | None = None

    @property
    def complete(self) -> bool:
        return None not in self._all

    @property
    def started(self) -> bool:
        return any(found is not None for found in self._all)

    @property
    def _all(self) -> tuple[object, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class Verdict:
    """level: good only if every check was made and none is less than good, bad if one is bad; unclear otherwise.

    unsure: the model's own margin is low; unfamiliar: the picture is unlike those it was trained on. Either
    overrides: the level is then at most unclear.
    """

    level: Level
    unsure: bool
    unfamiliar: bool
    complete: bool


def verdict(checks: Checks, prediction: Prediction, *, familiar: bool = True) -> Verdict:
    """The level of a map from its checks and the model's answer. familiar: see `evaluation.familiarity`."""
    levels = levels_of(checks).values()
    unsure = margin(prediction) < UNSURE_MARGIN
    if "bad" in levels:
        return Verdict("bad", unsure, not familiar, checks.complete)
    good = checks.complete and "unclear" not in levels and not unsure and familiar
    return Verdict("good" if good else "unclear", unsure, not familiar, checks.complete)


def levels_of(checks: Checks) -> dict[str, Level | None]:
    """The level of each check that was made, by name; None where it gives a fact and no level."""
    made = {name: getattr(checks, name) for name in LEVELS}
    return {name: LEVELS[name](found) for name, found in made.items() if found is not None}


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


def road_level(found: Road) -> Level:
    """good: WORTH better than chance and no worse than the centre. bad: lowest places count more than highest."""
    worth = WORTH * found.probability / 2  # gaps are halved
    if found.probability < TESTABLE:
        return "unclear"
    if found.own.gap <= 0:
        return "bad"
    beats_chance = found.own.gap >= found.chance + worth
    return "good" if beats_chance and found.own.gap >= found.centre.gap - worth else "unclear"


def resolution_level(found: Resolution) -> Level | None:
    """Only where the object is known. bad: no more of the evidence lies on it than of the area. good: clearly more."""
    if not found.known or np.isnan(found.outside):
        return None
    return "bad" if found.outside >= found.area else "good" if found.outside <= OUTSIDE * found.area else "unclear"


def network_level(found: ParameterRandomisation) -> Level:
    return _not_the_same(found.resemblance)


def class_level(found: Specificity) -> Level:
    return _not_the_same(found.resemblance)


def stability_level(found: Stability) -> Level:
    return "good" if found.typical >= STEADY else "bad" if found.typical < SHAKY else "unclear"


def _not_the_same(resemblance: float) -> Level:
    return "good" if resemblance <= ALIKE else "bad" if resemblance > SAME else "unclear"


LEVELS: dict[str, Callable[[Any], Level | None]] = {
    "faithfulness": use_level,
    "road": road_level,
    "parameter_randomisation": network_level,
    "specificity": class_level,
    "stability": stability_level,
    "resolution": resolution_level,
}
