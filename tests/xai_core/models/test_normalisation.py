"""The check finds the normalisation of the bundled model, and a hand-computed case."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import xai_core as xai
from xai_core.images import SAMPLES
from xai_core.models.normalisation import better, check_normalisation, presets
from xai_core.types import SourceImage


def test_the_bundled_models_own_normalisation_tells_most_pictures_apart() -> None:
    model = xai.load_model("imagenet", device="cpu")
    images = [xai.load_sample(sample.key) for sample in SAMPLES]
    checks = check_normalisation(model, images, presets(3))
    assert max(checks, key=lambda name: checks[name].bits) == "−1 to 1"
    assert better(checks, "−1 to 1") is None
    assert better(checks, "0 to 255") == "−1 to 1"
    assert (checks["−1 to 1"].low, checks["−1 to 1"].high) == pytest.approx((-1, 1), abs=0.02)


class Threshold(nn.Module):
    """Class 1 above a mean of 0.5, class 0 below, with certainty."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1000.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        level = (x.mean((1, 2, 3)) - 0.5) * self.weight
        return torch.stack([-level, level], 1)


def test_bits_are_the_mutual_information_of_picture_and_answer() -> None:
    images = [SourceImage(np.full((8, 8, 3), v, np.uint8), "", "photograph", str(v)) for v in (0, 10, 20, 250)]
    model = xai.wrap_model(Threshold(), input_size=(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3, class_names=("a", "b"))
    checks = check_normalisation(model, images, {"right": ((0.0,) * 3, (1.0,) * 3), "wrong": ((0.0,) * 3, (9.0,) * 3)})
    quarter = -(0.25 * math.log2(0.25) + 0.75 * math.log2(0.75))
    assert checks["right"].bits == pytest.approx(quarter, abs=1e-6)
    assert (checks["right"].classes, checks["right"].confidence) == (2, pytest.approx(1))
    assert checks["wrong"].bits == pytest.approx(0, abs=1e-6)  # dark for all: one class for every picture
    assert checks["wrong"].classes == 1
    assert better(checks, "wrong") == "right"
