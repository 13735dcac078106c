"""The bundled digits network: what its model card says is true of the committed weights."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

import xai_core as xai
from training.digits import TRAINED_ON, digits
from xai_core.datasets import open_dataset
from xai_core.models.sources.digits import WEIGHTS
from xai_core.types import LoadedModel

FACTS = json.loads(WEIGHTS.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return xai.load_model("digits", device="cpu")


@pytest.fixture(scope="module")
def data() -> tuple[Tensor, Tensor]:
    return digits()


def test_the_weights_are_small_in_half_precision_and_the_ones_of_the_card() -> None:
    assert WEIGHTS.stat().st_size < 300_000
    assert {values.dtype for values in load_file(WEIGHTS).values()} == {torch.float16, torch.int64}
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == FACTS["sha256"]


def test_the_card_fits_the_network(model: LoadedModel) -> None:
    assert model.config.title == "Handwritten digits (small CNN)"
    assert isinstance(model.module.get_submodule(model.config.first_conv), torch.nn.Conv2d)
    assert model.module.get_submodule(model.config.classifier).out_features == len(model.config.class_names) == 10
    (suggested,) = [layer for layer in xai.layers(model) if layer.suggested]
    assert (suggested.name, suggested.channels, suggested.grid) == (model.config.default_layer, 64, (8, 8))
    assert {values.dtype for values in model.module.parameters()} == {torch.float32}


def test_accuracy_on_the_held_out_digits_is_as_stated(model: LoadedModel, data: tuple[Tensor, Tensor]) -> None:
    inputs, labels = data
    with torch.no_grad():
        predicted = model.module(inputs[TRAINED_ON:]).argmax(1)
    accuracy, stated = accuracy_score(labels[TRAINED_ON:], predicted), FACTS["held_out"]["accuracy"]
    assert accuracy == pytest.approx(stated["value"], abs=0.002)  # another processor may turn one digit over
    assert stated["interval_95"][0] <= accuracy <= stated["interval_95"][1]
    assert accuracy >= 0.98


def test_neighbours_in_the_penultimate_space_name_at_least_97_percent(
    model: LoadedModel, data: tuple[Tensor, Tensor]
) -> None:
    inputs, labels = data
    with torch.no_grad():
        features = model.module[:-1](inputs)
    judge = KNeighborsClassifier(5).fit(features[:TRAINED_ON], labels[:TRAINED_ON])
    accuracy = judge.score(features[TRAINED_ON:], labels[TRAINED_ON:])
    assert accuracy == pytest.approx(FACTS["held_out"]["accuracy_of_5_nearest_neighbours"]["value"], abs=0.004)
    assert accuracy >= 0.97


def test_the_scores_are_weighted_means_of_the_last_maps(model: LoadedModel, data: tuple[Tensor, Tensor]) -> None:
    inputs = data[0][:8]
    with torch.no_grad():
        maps = model.module[:5](inputs)
        head = model.module.classifier
        assert torch.allclose(maps.mean(dim=(2, 3)) @ head.weight.T + head.bias, model.module(inputs), atol=1e-5)


def test_the_first_filters_are_grey(model: LoadedModel) -> None:
    weights = model.module.block1.conv.weight
    assert torch.equal(weights[:, :1].expand_as(weights), weights)


def test_a_sample_of_every_digit_is_named(model: LoadedModel) -> None:
    dataset = open_dataset("digits")
    assert [xai.predict(model, dataset.load(index)).top(1)[0].name for index in range(10)] == list("0123456789")
