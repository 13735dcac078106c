"""Points are rounded to 65 536 steps and no further; what cannot be placed is refused in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.shared.components.scatter import cloud_of
from dashboard.shared.components.scatter.tips import MOST_ASKED, indices_of
from xai_core.errors import SettingError


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_a_point_moves_by_half_a_step_at_most(dtype: type, offset: float) -> None:
    xy = (np.random.default_rng(0).normal(size=(1000, 2)) * [3, 50] + offset).astype(dtype)
    cloud = cloud_of(xy)
    step = cloud.span / 65_535
    assert cloud.span == pytest.approx(np.ptp(xy[:, 1]), rel=1e-6)  # one scale for both axes
    back = cloud.origin + cloud.steps.astype(float) * step
    assert np.abs(back - xy).max() <= step / 2 * (1.01 if dtype is np.float64 else 2)
    assert cloud.steps.nbytes == 4 * len(cloud)


def test_equal_points_have_one_digest_and_others_another() -> None:
    xy = np.random.default_rng(0).normal(size=(10, 2))
    assert cloud_of(xy).digest == cloud_of(xy.copy()).digest != cloud_of(xy[::-1]).digest


@pytest.mark.parametrize("xy", [np.zeros((0, 2)), np.ones((1, 2)), np.ones((5, 2), np.float32)])
def test_no_point_and_points_on_one_spot_can_be_shown(xy: np.ndarray) -> None:
    cloud = cloud_of(xy)
    assert (cloud.steps == 0).all()
    assert cloud.span == 1


@pytest.mark.parametrize(
    ("xy", "said"),
    [
        (np.ones((3, 3)), r"float64 \(3, 3\)"),
        (np.ones((3, 2), int), "floating-point"),
        (np.array([[0, np.nan], [1, 1], [np.inf, 2]]), "2 of 3 points"),
    ],
)
def test_what_has_no_place_is_refused(xy: np.ndarray, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        cloud_of(xy)


@pytest.mark.parametrize("value", [None, "0", {"0": 1}, 3])
def test_a_question_about_no_points_is_empty(value: object) -> None:
    assert indices_of(value, 10) == []


def test_only_points_that_exist_are_described() -> None:
    assert indices_of([0, 9, 10, -1, True, 2.0, "3"], 10) == [0, 9]
    assert len(indices_of(list(range(1000)), 1000)) == MOST_ASKED
