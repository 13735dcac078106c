import math

import numpy as np
import pytest

from xai_core.evaluation.similarity import agreement, proportion


def test_rank_correlation_by_hand():
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    b = np.array([[1.0, 3.0], [2.0, 4.0]])  # 1 - 6 * (0 + 1 + 1 + 0) / (4 * 15) = 0.8
    assert agreement(a, b).rank_correlation == pytest.approx(0.8)
    assert agreement(a, -a).rank_correlation == pytest.approx(-1)
    assert math.isnan(agreement(a, np.ones((2, 2))).rank_correlation)


def test_overlap_of_the_strongest_fifth_by_hand():
    a, b = np.zeros((5, 4)), np.zeros((5, 4))  # a fifth of 20 places: 4
    a[0] = (9, 8, 7, 6)
    b[0] = (9, 8, 0, 0)
    b[1, :2] = (7, 6)
    assert agreement(a, b).overlap == pytest.approx(2 / 6)
    assert agreement(a, a).overlap == 1


def test_unrelated_maps_overlap_by_about_a_ninth():
    rng = np.random.default_rng(0)
    values = [agreement(*rng.normal(size=(2, 14, 14))).overlap for _ in range(200)]
    assert np.mean(values) == pytest.approx(0.2 * 0.2 / (0.4 - 0.04), abs=0.01)


def test_grids_of_different_size_are_compared_on_the_finer():
    coarse = np.arange(9, dtype=np.float32).reshape(3, 3)
    fine = np.kron(coarse, np.ones((2, 2), np.float32))
    assert agreement(coarse, fine).rank_correlation > 0.9


def test_proportion_finds_the_factor_and_what_does_not_fit():
    b = np.array([[1.0, -2.0], [3.0, 0.5]])
    assert proportion(49 * b, b) == (pytest.approx(49), pytest.approx(0, abs=1e-12))
    k, departure = proportion(np.array([[2.0, 0.0]]), np.array([[1.0, 1.0]]))
    assert (k, departure) == (1.0, 0.5)
