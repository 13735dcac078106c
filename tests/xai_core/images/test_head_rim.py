"""The rim of a head: a scalp shows in the profile, and the grey scale does not."""

from __future__ import annotations

import numpy as np

from xai_core.images.head_rim import RIM, rim_profile

Y, X = np.ogrid[:256, :256]
AWAY = np.hypot(Y - 128, X - 128)
BRAIN = np.where(AWAY < 80, 100.0, 0.0)
HEAD = BRAIN + np.where((AWAY > 92) & (AWAY < 100), 200.0, 0.0)  # dark bone, light scalp


def means(values: np.ndarray) -> np.ndarray:
    return rim_profile(values)[::3]


def test_a_brain_alone_steps_up_at_its_border_and_stays() -> None:
    found = means(BRAIN)
    assert found.shape == (RIM // 3,)
    assert (found[:13] < 0.05).all()  # to two pixels outside: air
    assert (found[15:] > 0.9).all()


def test_a_scalp_beyond_dark_bone_shows_outside_the_brain() -> None:
    found = means(HEAD)
    assert found[6:9].max() > 1
    assert (found[10:13] < 0.05).all()


def test_the_unit_of_the_values_does_not_matter() -> None:
    np.testing.assert_allclose(rim_profile(HEAD * 37.5 + 1000), rim_profile(HEAD), atol=1e-4)


def test_an_empty_slice_has_an_empty_profile() -> None:
    assert not rim_profile(np.zeros((64, 64))).any()
