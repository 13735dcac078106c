"""Probabilities of one class a picture, and of several: numbers from SciPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

import xai_core as xai
from xai_core.errors import NotApplicable
from xai_core.evaluation.map_under_test import probability
from xai_core.models.normalisation import check_normalisation, presets
from xai_core.models.probability import log_probabilities, probabilities
from xai_core.types import Answer, LoadedModel

SCORES = torch.tensor([[2.0, -1.0, 0.5], [-200.0, 3.0, 60.0]])


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    """The bundled digits reader under a card that says that a picture may show several digits."""
    one = xai.load_model("digits", device="cpu")
    return replace(one, config=replace(one.config, answer=xai.Answer("several")))


def test_they_are_scipys() -> None:
    assert np.allclose(probabilities(SCORES, Answer("one")), softmax(SCORES.numpy(), axis=1), atol=1e-7)
    assert np.allclose(probabilities(SCORES, Answer("several")), expit(SCORES.numpy()), atol=1e-7)
    assert log_probabilities(SCORES, Answer("several"))[1, 0] == -200


def test_a_prediction_of_several_labels_is_the_sigmoid_everywhere(model: LoadedModel) -> None:
    image = xai.load_sample("coffee")
    prediction = xai.predict(model, image)
    assert prediction.answer.kind == "several"
    assert np.allclose(prediction.probabilities, expit(prediction.scores), atol=1e-6)
    result = xai.explain(model, image, classes=[3])
    assert result.probabilities[0] == pytest.approx(expit(result.scores[0]), abs=1e-6)
    given = xai.prepare(model.config, image)
    assert float(probability(model, given.tensor, 3)) == pytest.approx(expit(result.scores[0]), abs=1e-6)


def test_contrast_stays_the_difference_of_scores_and_log_probability_is_refused(model: LoadedModel) -> None:
    image = xai.load_sample("coffee")
    maps = [xai.explain(model, image, classes=[c], contrast_class=a).maps for c, a in ((3, None), (5, None), (3, 5))]
    for three, five, lead in zip(*(m.values() for m in maps), strict=True):
        assert np.allclose(three - five, lead, atol=1e-5)
    with pytest.raises(NotApplicable, match="from its own score alone"):
        xai.explain(model, image, score="log_probability")


def test_bits_of_the_check_count_each_class_for_itself(model: LoadedModel) -> None:
    """Mutual information of independent yes-or-no answers, computed by hand."""
    images = [xai.load_sample("coffee"), xai.load_sample("cat")]
    name, numbers = next(iter(presets(len(model.config.mean)).items()))
    mean, std = numbers
    found = check_normalisation(model, images, {name: numbers})[name]
    shares = np.stack([
        xai.predict(replace(model, config=replace(model.config, mean=mean, std=std)), image).probabilities.astype(float)
        for image in images
    ])  # fmt: skip

    def entropy(p: np.ndarray) -> float:
        both = np.clip(np.stack([p, 1 - p]), 1e-300, 1)
        return float(-(both * np.log2(both)).sum())

    assert found.bits == pytest.approx(entropy(shares.mean(0)) - np.mean([entropy(s) for s in shares]), abs=1e-4)
