"""The slices on which a copy of Cheng's collection opens: held out, and chosen by their numbers alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.shared_data import shared
from training.brain_mri.split import label, slices, split
from xai_core.models.brain_mri_held_out import cases, held_out
from xai_core.models.sources.brain_mri import CLASS_NAMES, SOURCES, known_slices


def test_no_held_out_slice_is_among_those_that_the_bundled_network_learned() -> None:
    known = known_slices()
    learned = set(known.numbers[known.sources == SOURCES.index("Cheng")].tolist())
    assert learned
    assert not learned & {number for numbers in held_out().values() for number in numbers}


def test_cases_are_spread_over_the_held_out_numbers_that_are_present(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"glioma": tuple(range(100, 140)), "meningioma": (7, 9), "pituitary tumour": (50,)}
    monkeypatch.setattr("xai_core.models.brain_mri_held_out.held_out", lambda: listed)
    assert cases(range(200)) == [105, 115, 125, 135, 7, 9, 50]  # the middles of four equal parts; all there are
    assert cases([100, 101, 102, 103, 104, 9, 1]) == [100, 101, 103, 104, 9]
    assert cases([1, 2]) == []


@pytest.mark.data
def test_the_list_is_the_test_part_of_the_training() -> None:
    paths = slices(shared("brain-mri"))
    chosen = [paths[i] for i in np.flatnonzero(split(paths) == "test")]
    by_name = {name: [int(path.stem) for path in chosen if label(path) == c] for c, name in enumerate(CLASS_NAMES)}
    del by_name["no tumour"]
    assert {name: list(numbers) for name, numbers in held_out().items()} == by_name
