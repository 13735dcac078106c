"""Deletion and insertion: by hand on a network of two weights, and against pytorch-grad-cam."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.perturbation_confidence import PerturbationConfidenceMetric, RemoveMostRelevantFirst
from torch import Tensor, nn

import xai_core as xai
from tests.networks import Small, fingerprint
from xai_core.errors import Cancelled, SettingError, SightlineError
from xai_core.evaluation.checks.faithfulness import curves, faithfulness
from xai_core.evaluation.erase import filled
from xai_core.evaluation.rival_maps import centre, in_patches, ranks, shuffled
from xai_core.types import Box, LoadedModel, ModelInput


class Corner(nn.Module):
    """Class 1 scores the red of the upper left quarter, class 0 nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(4.0))

    def forward(self, x: Tensor) -> Tensor:
        half = x.shape[2] // 2
        red = self.gain * x[:, 0, :half, :half].mean(dim=(1, 2))
        return torch.stack([torch.zeros_like(red), red], dim=1)


def of(module: nn.Module, side: int, classes: int) -> LoadedModel:
    return xai.wrap_model(
        module.eval(),
        input_size=(side, side),
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        class_names=[f"class {i}" for i in range(classes)],
    )


def given(tensor: Tensor) -> ModelInput:
    return ModelInput(tensor, Box(0, 0, tensor.shape[3], tensor.shape[2]))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_deletion_of_the_only_evidence_by_hand():
    model, image = of(Corner(), 4, 2), given(torch.ones(1, 3, 4, 4))
    knows = np.array([[1.0, 0.0], [0.0, -1.0]], np.float32).repeat(2, 0).repeat(2, 1)
    (curve,) = curves(model, image, [knows], 1, kind="deletion", fill="grey", steps=4)
    assert curve.fractions.tolist() == [0, 0.25, 0.5, 0.75, 1]
    by_hand = [sigmoid(4), 0.5, 0.5, 0.5, 0.5]
    np.testing.assert_allclose(curve.probabilities, by_hand, rtol=1e-6)
    assert curve.auc == pytest.approx((sigmoid(4) + 0.5) / 2 / 4 + 0.5 * 3 / 4)
    assert curve.at(0.125) == pytest.approx((sigmoid(4) + 0.5) / 2)


def test_insertion_of_the_only_evidence_by_hand():
    model, image = of(Corner(), 4, 2), given(torch.ones(1, 3, 4, 4))
    last = np.array([[-1.0, 0.5], [0.5, 1.0]], np.float32).repeat(2, 0).repeat(2, 1)
    (curve,) = curves(model, image, [last], 1, kind="insertion", fill="grey", steps=4)
    np.testing.assert_allclose(curve.probabilities, [0.5, 0.5, 0.5, 0.5, sigmoid(4)], rtol=1e-6)


@pytest.fixture
def small() -> LoadedModel:
    torch.manual_seed(0)
    return of(Small(), 20, 3)


def image(seed: int = 1) -> ModelInput:
    return given(torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(seed)))


def softmax_of(target: int) -> Callable[[Tensor], Tensor]:
    return lambda scores: torch.softmax(scores, dim=-1)[target]


def test_each_point_of_deletion_agrees_with_pytorch_grad_cam(small: LoadedModel):
    values = np.random.default_rng(0).permutation(400).reshape(20, 20).astype(np.float32)
    (curve,) = curves(small, image(), [values], 2, kind="deletion", fill="grey")
    for tenth in (2, 5, 8):
        oracle = PerturbationConfidenceMetric(RemoveMostRelevantFirst(100 - 10 * tenth, lambda x, mask: x * mask))
        (change,) = oracle(image().tensor, values[None], [softmax_of(2)], small.module)
        # The oracle removes what lies above the percentile, and a percentile may fall between two pixels.
        assert curve.probabilities[tenth] == pytest.approx(curve.probabilities[0] + change, abs=2e-3)


def test_batches_change_nothing_and_the_ends_are_the_picture_and_the_fill(small: LoadedModel):
    values = [np.random.default_rng(s).normal(size=(5, 5)).astype(np.float32) for s in (0, 1)]
    one, many = (curves(small, image(), values, 0, kind="insertion", fill="blurred", batch=batch) for batch in (1, 7))
    for a, b in zip(one, many, strict=True):
        np.testing.assert_allclose(a.probabilities, b.probabilities, rtol=1e-5)
        whole = torch.softmax(small.module(image().tensor), 1)[0, 0]
        empty = torch.softmax(small.module(filled(small, image().tensor, "blurred")), 1)[0, 0]
        np.testing.assert_allclose(a.probabilities[[0, -1]], [empty, whole], rtol=1e-5)


def test_a_map_that_knows_beats_random_maps_and_a_map_upside_down_does_not():
    model = of(Corner(), 8, 2)
    knows = np.array([[1.0, 0.2], [0.1, 0.0]], np.float32)
    good, bad = (faithfulness(model, given(torch.ones(1, 3, 8, 8)), m, 1) for m in (knows, -knows))
    assert good.gain > bad.gain
    assert good.gain >= max(good.random_gains)
    assert bad.gain <= min(bad.random_gains)
    assert good.without < good.probability


def test_faithfulness_counts_its_passes_can_be_stopped_and_leaves_the_model_alone(small: LoadedModel):
    before, seen = fingerprint(small.module), []
    values = centre((5, 5))
    values[0, 0] = 9
    faithfulness(small, image(), values, 0, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (130, 130)
    assert seen == sorted(seen)

    def stop(done: int, _total: int) -> None:
        if done > 20:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        faithfulness(small, image(), values, 0, on_progress=stop)
    assert fingerprint(small.module) == before


def test_ranks_are_a_permutation_and_equals_favour_no_edge():
    found = ranks(np.array([[3.0, 1.0], [2.0, 4.0]]), (2, 2))
    assert found.tolist() == [[1, 3], [2, 0]]
    flat = ranks(np.zeros((40, 40), np.float32), (40, 40))
    assert sorted(flat.ravel()) == list(range(1600))
    assert flat[:20].mean() == pytest.approx(flat[20:].mean(), rel=0.1)


def test_a_shuffled_map_keeps_its_values():
    values = np.arange(12.0).reshape(3, 4)
    other = shuffled(values, 5)
    assert sorted(other.ravel()) == list(range(12))
    assert not np.array_equal(other, values)
    np.testing.assert_array_equal(other, shuffled(values, 5))


def test_a_map_of_pixels_is_tested_in_patches_of_eight_and_a_coarse_one_as_it_is():
    fine = np.random.default_rng(0).normal(size=(96, 224)).astype(np.float32)
    by_hand = fine.reshape(12, 8, 28, 8).mean(axis=(1, 3))
    np.testing.assert_allclose(in_patches(fine), by_hand, atol=1e-6)
    assert in_patches(fine[:32, :32]).shape == (7, 7), "a small picture keeps an order of places"
    np.testing.assert_array_equal(in_patches(fine[:7, :5]), fine[:7, :5])


def test_a_flat_map_and_no_steps_are_refused_in_a_sentence(small: LoadedModel):
    with pytest.raises(SightlineError, match="same everywhere"):
        faithfulness(small, image(), np.ones((5, 5), np.float32), 0)
    with pytest.raises(SettingError, match="at least 1"):
        curves(small, image(), [centre((5, 5))], 0, kind="deletion", fill="grey", steps=0)
