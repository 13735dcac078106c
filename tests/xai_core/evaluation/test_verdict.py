"""The verdict: what its levels ask for, and that a map which knows nothing never gets the highest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.xai_core.evaluation.test_sanity import Asked, ask
from xai_core.evaluation.checks import CHECKS
from xai_core.evaluation.checks.faithfulness import Curve, Faithfulness, Trial, faithfulness
from xai_core.evaluation.checks.parameter_randomisation import ParameterRandomisation, Step, parameter_randomisation
from xai_core.evaluation.checks.resolution import Resolution, resolution_check
from xai_core.evaluation.checks.road import Removal, Road, road
from xai_core.evaluation.checks.specificity import OtherClass, Specificity, specificity
from xai_core.evaluation.checks.stability import Answer, Stability, stability
from xai_core.evaluation.similarity import GRID, Similarity, similarity
from xai_core.evaluation.verdict import Findings, margin, verdict
from xai_core.types import Prediction

MAP = np.zeros((7, 7), np.float32)


def curve(kind: str, level: float, start: float = 0.9) -> Curve:
    return Curve(kind, "grey", np.array([0.0, 0.0, 1.0]), np.array([start, level, level]))


def use(
    own: float, centre: float, random: tuple[float, ...], start: float = 0.9, misplaced: tuple[float, float] = (0, 0)
) -> Faithfulness:
    """Gains as given: deletion areas are 0."""
    none, rivals = curve("deletion", 0, start), (centre, *misplaced)
    return Faithfulness(
        Trial(none, (none,) * len(rivals), (none,) * len(random)),
        Trial(
            curve("insertion", own),
            tuple(curve("insertion", r) for r in rivals),
            tuple(curve("insertion", r) for r in random),
        ),
    )


def network(rank: float) -> ParameterRandomisation:
    return ParameterRandomisation(
        (Step("head", 0.5, MAP, Similarity(rank, 0)), Step("stem", 1.0, MAP, Similarity(1.0, 0)))
    )


def classes(rank: float) -> Specificity:
    other = OtherClass(1, "other", MAP, Similarity(rank, 0))
    return Specificity(replace(other, similarity=Similarity(1.0, 1.0)), (other,))


def steady(rank: float) -> Stability:
    return Stability((Answer("noise", Similarity(rank, 0), 0.9),), MAP)


def filled(own: float, centre: float, chance: float, start: float = 0.9, mirrored: float = 0) -> Road:
    """Gaps as given; two random removals lie twice the chance apart."""
    none = np.zeros(1, np.float32)
    one, *rivals = (Removal(none, np.array([2 * gap], np.float32)) for gap in (own, centre, mirrored))
    return Road((0.5,), start, one, tuple(rivals), np.array([[0.0], [2 * chance]], np.float32))


def grid(outside: float, known: bool = True) -> Resolution:
    return Resolution((7, 7), (32, 32), (0, 0), None, False, None, outside, 0.5, known)


GOOD = {
    "faithfulness": use(0.6, 0.5, (0.1, 0.2), misplaced=(0.3, 0.5)),
    "road": filled(0.3, 0.27, 0.05, mirrored=0.32),
    "parameter_randomisation": network(0.1),
    "specificity": classes(0.2),
    "stability": steady(0.9),
    "resolution": grid(0.1),
}


def answer(first: float, second: float) -> Prediction:
    p = np.array([first, second, 1 - first - second], np.float32)
    return Prediction(np.log(p), p, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "good"),
        ({"faithfulness": use(0.0, 0.5, (0.1, 0.2))}, "bad"),
        ({"faithfulness": use(0.02, 0.5, (0.1, 0.2))}, "unclear"),
        ({"faithfulness": use(0.25, 0.1, (0.1, 0.2))}, "unclear"),
        ({"faithfulness": use(0.6, 0.57, (0.1, 0.2))}, "unclear"),
        ({"faithfulness": use(0.6, 0.3, (0.1, 0.2), misplaced=(0.57, 0.1))}, "unclear"),
        ({"faithfulness": use(0.6, 0.3, (0.1, 0.2), misplaced=(0.1, 0.57))}, "unclear"),
        ({"faithfulness": use(0.6, 0.5, (0.1, 0.2), start=0.04)}, "unclear"),
        ({"road": filled(0.0, -0.1, 0.0)}, "bad"),
        ({"road": filled(0.06, 0.0, 0.04)}, "unclear"),
        ({"road": filled(0.3, 0.29, 0.0)}, "unclear"),
        ({"road": filled(0.3, 0.1, 0.0, mirrored=0.33)}, "unclear"),
        ({"road": filled(0.3, 0.1, 0.0, start=0.04)}, "unclear"),
        ({"road": None}, "unclear"),
        ({"resolution": grid(0.4)}, "unclear"),
        ({"resolution": grid(0.5)}, "bad"),
        ({"resolution": grid(0.9, known=False)}, "good"),
        ({"parameter_randomisation": network(0.6)}, "unclear"),
        ({"parameter_randomisation": network(0.9)}, "bad"),
        ({"specificity": classes(0.7)}, "unclear"),
        ({"specificity": classes(0.95)}, "bad"),
        ({"stability": steady(0.6)}, "unclear"),
        ({"stability": steady(0.3)}, "bad"),
        ({"stability": None}, "unclear"),
        ({"parameter_randomisation": None, "specificity": classes(1.0)}, "bad"),
    ],
)
def test_levels(change: dict[str, object], level: str):
    assert verdict(Findings(GOOD | change), answer(0.8, 0.1)).level == level


def test_an_unsure_model_overrides_good_checks():
    found = verdict(Findings(GOOD), answer(0.45, 0.40))
    assert (found.level, found.unsure) == ("unclear", True)
    assert margin(answer(0.45, 0.40)) == pytest.approx(0.05)
    assert verdict(Findings(GOOD), answer(0.45, 0.30)).level == "good"


def test_an_unfamiliar_picture_overrides_good_checks():
    found = verdict(Findings(GOOD), answer(0.8, 0.1), familiar=False)
    assert (found.level, found.unfamiliar, found.unsure) == ("unclear", True, False)
    assert verdict(Findings(GOOD | {"stability": steady(0.3)}), answer(0.8, 0.1), familiar=False).level == "bad"


def test_the_thresholds_themselves_count_as_stated():
    level = {check.key: check.level for check in CHECKS}
    assert level["parameter_randomisation"](network(0.5)) == level["specificity"](classes(0.5)) == "good"
    assert level["parameter_randomisation"](network(0.8)) == level["specificity"](classes(0.8)) == "unclear"
    assert level["stability"](steady(0.7)) == "good"
    assert level["stability"](steady(0.4)) == "unclear"
    assert level["faithfulness"](use(0.4, 0.0, (0.5, 0.6))) == "bad"


@pytest.fixture(scope="module")
def coffee() -> Asked:
    return ask("grad_cam")


def findings(a: Asked, values: np.ndarray, remake: object, steps: int) -> Findings:
    return Findings(
        {
            "faithfulness": faithfulness(a.model, a.given, values, a.class_index, steps=steps),
            "road": road(a.model, a.given, values, a.class_index),
            "parameter_randomisation": parameter_randomisation(a.model, a.given, values, remake, a.class_index),
            "specificity": specificity(a.model, a.given, values, remake, a.prediction, a.class_index),
            "stability": stability(a.model, a.given, values, remake, a.class_index),
            "resolution": resolution_check(a.image_pass, a.layer, values),
        }
    )


def test_a_random_map_never_gets_the_top_level(coffee: Asked):
    """Drawn anew each time it fails stability; always the same it fails the network's and the class's check."""
    rng = np.random.default_rng(0)
    anew = findings(coffee, rng.random((7, 7)), lambda *requested: rng.random((1, len(requested[2]), 7, 7)), 2)
    assert verdict(anew, coffee.prediction).level == "bad"
    for seed in range(20):
        fixed = np.random.default_rng(seed).random((7, 7))
        always = np.broadcast_to(fixed, (1, 4, 7, 7))
        twin = parameter_randomisation(
            coffee.model, coffee.given, fixed, lambda *_, m=always: m, coffee.class_index, points=1
        )
        parts = Findings(GOOD | {"parameter_randomisation": twin})
        assert verdict(parts, answer(0.8, 0.1)).level == "bad"
        noise = np.random.default_rng(seed + 100)
        shaky = [Similarity(similarity(fixed, noise.random((7, 7))).rank_correlation, 0) for _ in range(6)]
        unstable = Stability(tuple(Answer("noise", s, 0.9) for s in shaky), MAP)
        found = Findings(GOOD | {"stability": unstable})
        assert verdict(found, answer(0.8, 0.1)).level != "good"


def test_grad_cam_of_a_clear_picture_gets_the_top_level(coffee: Asked):
    found = findings(coffee, coffee.values, coffee.remake, 5)
    assert verdict(found, coffee.prediction).level == "good"
    assert found.stability is not None
    assert found.stability.spread.shape == (GRID, GRID)
