"""What is shown of an answer follows from sources that trained nothing: softening and limits, on made-up answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from training.brain_mri.shown import SHRUNK, SOFTENED, bounds, crosswise, error, softened, softening, stricter
from training.brain_mri.sources import NO_TUMOUR
from training.brain_mri.table import Answers
from xai_core.evaluation.brain_mri_answer import Bounds


def too_sure(rng: np.random.Generator, count: int, divisor: float, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n, 4) three of which are never alike, and labels that follow them once they are softened."""
    scores = rng.normal(0, 3, (count, 4))
    right = softened(scores, divisor, shift)
    odds = np.logaddexp.reduce(right[:, [0, 1, 3]], axis=1) - right[:, NO_TUMOUR]
    return scores, np.where(rng.random(count) < expit(odds), 0, NO_TUMOUR)


def test_softening_finds_what_makes_scores_true() -> None:
    """The type among the tumours is not its concern, so that only the odds of a tumour count."""
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 4, 6000)
    scores = np.stack([odds, np.full(6000, -50.0), np.zeros(6000), np.full(6000, -50.0)], axis=1)
    labels = np.where(rng.random(6000) < expit((odds - 1.2) / 2.5), 0, NO_TUMOUR)
    divisor, shift = softening(scores, labels, np.zeros(6000, int))
    assert (divisor, shift) == (pytest.approx(2.5**SOFTENED, rel=0.08), pytest.approx(1.2 * SHRUNK, abs=0.05))
    assert error(softened(scores, divisor ** (1 / SOFTENED), shift / SHRUNK), labels) < 0.03 < error(scores, labels)


def test_every_source_counts_the_same_however_large() -> None:
    rng = np.random.default_rng(1)
    given = [too_sure(rng, count, 1.0, shift) for count, shift in ((20000, 0.0), (500, 3.0))]
    scores, labels = (np.concatenate(parts) for parts in zip(*given, strict=True))
    sources = np.repeat([0, 1], [20000, 500])
    assert softening(scores, labels, sources)[1] > 0.8 * SHRUNK
    assert softening(scores, labels, np.zeros(20500, int))[1] < 0.4 * SHRUNK
    assert set(crosswise(scores, labels, sources, [1])) == {"Br35H"}


def answers(tumour: np.ndarray, peak: np.ndarray) -> Answers:
    odds = np.log(tumour / (1 - tumour))
    scores = np.stack([odds, np.full(len(odds), -50.0), np.zeros(len(odds)), np.full(len(odds), -50.0)], axis=1)
    return Answers(scores, np.broadcast_to(peak[:, None, None, None], (len(odds), 4, 2, 2)))


def test_a_headline_begins_where_all_surer_answers_were_right_often_enough() -> None:
    tumour = np.concatenate([np.full(100, 0.72), np.full(100, 0.97), np.full(100, 0.02)])
    labels = np.concatenate([np.tile([0, NO_TUMOUR], 50), np.zeros(100, int), np.full(100, NO_TUMOUR)])
    planes = np.where(labels == NO_TUMOUR, "axial", "")
    peaks = np.where(tumour > 0.5, 100.0, np.arange(300) % 50)
    found = Bounds(**bounds(answers(tumour, peaks), labels, planes), sources=("Sartaj",))
    assert 0.7 < (found.tumour or 0) <= 0.97
    assert 0.5 <= (found.none or 0) <= 0.98
    assert found.planes == {"axial": True}
    assert found.highest == 0.99
    assert found.placeless == 100
    assert found.striking == pytest.approx(np.percentile(np.arange(50), 95), abs=1)


def test_a_plane_whose_healthy_slices_are_called_a_tumour_does_not_hold() -> None:
    tumour = np.concatenate([np.full(400, 0.99), np.full(10, 0.99), np.full(90, 0.01)])
    labels = np.concatenate([np.zeros(400, int), np.full(100, NO_TUMOUR)])
    planes = np.where(labels == NO_TUMOUR, "sagittal", "")
    assert bounds(answers(tumour, np.ones(500)), labels, planes)["planes"] == {"sagittal": False}


def test_without_enough_right_answers_there_is_no_headline() -> None:
    tumour, labels = np.full(100, 0.99), np.tile([0, NO_TUMOUR], 50)
    found = bounds(answers(tumour, np.ones(100)), labels, np.full(100, ""))
    assert found["tumour"] is None
    assert found["none"] is None
    assert found["leaning"] == 1.0
    assert found["highest"] == 0.5


def test_no_headline_stands_below_what_either_bears_out() -> None:
    found = stricter({"tumour": 0.9, "none": 0.5, "kind": 0.8}, {"tumour": 0.7, "none": 0.95, "kind": 0.5})
    assert found == {"tumour": 0.9, "none": 0.95, "kind": 0.8}
    assert stricter({"tumour": None, "none": 0.5}, {"tumour": 0.7, "none": 0.5})["tumour"] is None
