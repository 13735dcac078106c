"""Feature maps of a picture: their order, their part in the score, and what fires where."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import xai_core as xai
from xai_core.datasets import open_dataset
from xai_core.errors import LayerError
from xai_core.features.feature_maps import (
    FiringUnit,
    contributions,
    feature_maps,
    map_weights,
    peak_place,
    place_of_pixel,
    units_at,
)
from xai_core.forward.forward_pass import ForwardPass, run_forward
from xai_core.forward.target import Target
from xai_core.models.preprocess import prepare
from xai_core.types import Box, LoadedModel

MAPS = np.array([[[0, 4], [1, 1]], [[2, 2], [2, 2]], [[-1, -3], [9, -6]]], np.float32)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return xai.load_model("digits", device="cpu")


@pytest.fixture(scope="module")
def image_pass(model: LoadedModel) -> ForwardPass:
    inputs = prepare(model.config, open_dataset("digits").load(3)).tensor
    return run_forward(model.module, inputs, ["block2.conv", "block4", "classifier"])


def test_the_maps_are_the_activations_of_the_layer(model: LoadedModel, image_pass: ForwardPass) -> None:
    net, inputs = model.module, prepare(model.config, open_dataset("digits").load(3)).tensor
    with torch.no_grad():
        expected = net.block2.conv(net.halve(net.block1(inputs)))[0]
    maps = feature_maps(image_pass, "block2.conv")
    assert maps.dtype == np.float32
    assert np.array_equal(maps, expected.numpy())


def test_the_weights_and_contributions_are_those_of_the_head(model: LoadedModel, image_pass: ForwardPass) -> None:
    """After global average pooling alpha is the head's weight / 64, and the contributions sum to score - bias."""
    maps, head = feature_maps(image_pass, "block4"), model.module.classifier
    for digit in (3, 8):
        weights = map_weights(image_pass, "block4", Target(torch.tensor([[digit]])))
        assert weights == pytest.approx(head.weight[digit].numpy() / 64, rel=1e-5, abs=1e-9)
        score = float(image_pass.scores[0, digit].detach() - head.bias[digit])
        assert contributions(maps, weights).sum() == pytest.approx(score, rel=1e-4)


def test_contributions_by_hand() -> None:
    assert contributions(MAPS, np.array([1, -1, -2], np.float32)).tolist() == [6, -8, 2]


def test_the_place_of_a_peak() -> None:
    assert [peak_place(MAPS, channel) for channel in range(3)] == [(0, 1), (0, 0), (1, 0)]


def test_units_that_fire_at_a_place_by_hand() -> None:
    assert units_at(MAPS, 1, 0) == (FiringUnit(2, 9, 1), FiringUnit(1, 2, 1), FiringUnit(0, 1, 0.25))
    assert units_at(MAPS, 0, 0) == (FiringUnit(1, 2, 1),)
    assert [unit.channel for unit in units_at(MAPS, 0, 1)] == [0, 1]
    scaled = MAPS * np.array([100, 1, 1], np.float32)[:, None, None]
    assert [unit.channel for unit in units_at(scaled, 1, 0)] == [0, 2, 1]
    assert [unit.channel for unit in units_at(scaled, 1, 0, by="of_peak")] == [1, 2, 0]
    assert len(units_at(MAPS, 1, 0, k=1)) == 1
    with pytest.raises(LayerError, match=r"grid is 2 x 2, so it has no place \(2, 0\)"):
        units_at(MAPS, 2, 0)


def test_the_place_under_a_pixel_by_hand() -> None:
    """A grid of 2 x 4 over the part from (10, 20) to (50, 40): cells 10 wide and 10 high."""
    box = Box(10, 20, 50, 40)
    assert place_of_pixel(box, (2, 4), 10, 20) == (0, 0)
    assert place_of_pixel(box, (2, 4), 39.9, 30) == (1, 2)
    assert place_of_pixel(box, (2, 4), 49.9, 39.9) == (1, 3)
    for outside in ((9.9, 20), (50, 30), (20, 19.9), (20, 40)):
        assert place_of_pixel(box, (2, 4), *outside) is None


def test_layers_without_maps_are_refused(image_pass: ForwardPass) -> None:
    with pytest.raises(LayerError, match=r"'classifier' gives \(1, 10\); the maps \(1, c, h, w\) of a picture"):
        feature_maps(image_pass, "classifier")
    with pytest.raises(LayerError, match=r"The pass kept block2\.conv, block4, classifier, not layer 'block3'"):
        feature_maps(image_pass, "block3")
