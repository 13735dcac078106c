"""The checks of the input gate on held-out slices, changed in ways that are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import xai_core as xai
from tests.shared_data import shared
from training.brain_mri.split import slices, split
from xai_core.forward.forward_pass import run_forward
from xai_core.images import load_image
from xai_core.images.digest import array_digest
from xai_core.images.head_crop import grey_values
from xai_core.images.head_rim import rim_profile
from xai_core.images.scans import slice_image
from xai_core.images.scans.samples import load_scan_sample
from xai_core.models.brain_mri_checks import CHECKS, LAYER, Checks, checked, pooled
from xai_core.models.preprocess import prepare
from xai_core.types import SourceImage

TESTED = 48


def checks_of(pictures: list[np.ndarray]) -> list[Checks]:
    """What is found in slices (h, w) by the bundled network and its checks."""
    model = xai.load_model("brain-mri")
    images = [SourceImage(p.astype(np.float32), "x", "scan", array_digest(p.astype(np.float32))) for p in pictures]
    inputs = torch.cat([prepare(model.config, image).tensor for image in images])
    features = pooled(run_forward(model.module, inputs, [LAYER]).activations[LAYER])
    return [checked(row, rim_profile(grey_values(image))) for row, image in zip(features, images, strict=True)]


@pytest.fixture(scope="module")
def held_out() -> list[np.ndarray]:
    """Test slices, evenly from all classes."""
    paths = slices(shared("brain-mri"))
    test = np.flatnonzero(split(paths) == "test")
    return [grey_values(load_image(paths[i])) for i in test[:: len(test) // TESTED]]


def share(found: list[bool]) -> float:
    return sum(found) / len(found)


@pytest.mark.slow
@pytest.mark.data
def test_slices_as_they_are_raise_few_alarms(held_out: list[np.ndarray]) -> None:
    found = checks_of(held_out)
    assert share([bool(one.turned or one.inverted or one.strange) for one in found]) <= 0.1
    assert share([one.stripped for one in found]) <= 0.15


@pytest.mark.slow
@pytest.mark.data
def test_quarter_turns_and_exchanged_black_and_white_are_found(held_out: list[np.ndarray]) -> None:
    turned = checks_of([np.rot90(slice_).copy() for slice_ in held_out])
    assert share([bool(one.turned) for one in turned]) >= 0.9
    assert share([one.turned == "with its top to the left" for one in turned]) >= 0.7
    upside_down = checks_of([slice_[::-1, ::-1].copy() for slice_ in held_out])
    assert share([bool(one.leaning) for one in upside_down]) >= 0.75
    inverted = checks_of([slice_.max() - slice_ for slice_ in held_out])
    assert share([one.inverted for one in inverted]) >= 0.9


def test_photographs_are_no_heads() -> None:
    found = checks_of([grey_values(xai.load_sample(sample.key)) for sample in xai.images.SAMPLES])
    assert all(one.strange for one in found)


def test_the_skull_stripped_template_of_another_source_is_found() -> None:
    volume, _ = load_scan_sample("template")
    found = checks_of([slice_image(volume, "axial", index).pixels for index in range(60, 130, 10)])
    assert share([one.stripped for one in found]) >= 0.8
    assert not any(one.turned or one.inverted for one in found)


def test_the_record_says_how_often_each_check_is_wrong() -> None:
    told = json.loads(CHECKS.with_suffix(".json").read_text("utf-8"))
    assert set(told["limits"]) == set(told["test"])
    for rates in told["test"].values():
        assert rates["false alarms"]["of"] == 685
