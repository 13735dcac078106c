"""Keras files opened without Keras: scores and maps are those that Keras itself gave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import xai_core as xai
from tests.shared_data import cases
from tests.xai_core.models.sources.keras.case_weights import CASES, archive, case
from xai_core.models.sources.config_file import write_config
from xai_core.models.sources.own_folder import VARIABLE, save_to_folder

QUICK = ("every_layer", "MobileNetV2")
SLOW = ("EfficientNetB0", "ResNet50", "DenseNet121", "Xception", "VGG16", "MobileNetV3Small", "ConvNeXtTiny")


def scores_of(model: xai.LoadedModel, x: np.ndarray) -> torch.Tensor:
    with torch.no_grad():
        return model.module(torch.from_numpy(x).float().permute(0, 3, 1, 2))


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_scores_and_a_map_are_keras_own(name: str) -> None:
    told = case(name)
    model = xai.open_keras(archive(told), device="cpu")
    scores = scores_of(model, told.x)
    largest = float(np.abs(told.y).max())
    torch.testing.assert_close(scores / largest, torch.from_numpy(told.y) / largest, rtol=0, atol=1e-4)
    # Plain autograd through the opened network, at the layer that has Keras's name.
    kept: list[torch.Tensor] = []
    names = dict(model.module.named_modules())
    layer = names.get(f"{told.layer}_relu") or names[told.layer]  # a layer's own activation stands beside it
    hook = layer.register_forward_hook(lambda _module, _given, made: kept.append(made))
    given = torch.from_numpy(told.x[:1]).permute(0, 3, 1, 2).requires_grad_()
    score = model.module(given)[0, 1]
    hook.remove()
    (gradients,) = torch.autograd.grad(score, kept[0])
    found = (kept[0] * gradients.mean((2, 3), keepdim=True)).sum(1)[0].detach().numpy()
    np.testing.assert_allclose(found, told.map, atol=2e-4 * np.abs(told.map).max())


@pytest.mark.data
@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", ["valid_softmax4", "valid_bn_sigmoid1", "nested_gap_softmax4"])
def test_files_of_tensorflow_give_its_numbers(name: str, ending: str) -> None:
    model = xai.open_keras(cases("keras") / f"{name}.{ending}")
    saved = np.load(cases("keras") / f"{name}.npz")
    scores = scores_of(model, saved["x"])
    found = torch.softmax(scores, 1) if saved["y"].shape[1] > 1 else torch.sigmoid(scores[:, 1:])
    torch.testing.assert_close(found, torch.from_numpy(saved["y"]), rtol=1e-4, atol=1e-4)
    assert model.config.mean == (0.0,) * 3  # Rescaling is part of the network
    assert model.config.std == (1 / 255,) * 3
    assert ("RandomFlip" in " ".join(model.config.notes)) == (name == "nested_gap_softmax4")
    (suggested,) = [layer for layer in xai.layers(model) if layer.suggested]
    assert suggested.grid[0] == suggested.grid[1] > 1


@pytest.mark.data
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_network_that_measures_gives_its_number(ending: str) -> None:
    model = xai.open_keras(cases("keras") / f"valid_number.{ending}")
    saved = np.load(cases("keras") / "valid_number.npz")
    torch.testing.assert_close(scores_of(model, saved["x"]), torch.from_numpy(saved["y"]), rtol=1e-4, atol=1e-4)
    assert model.config.answer.kind == "number"


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_transfer_network_keeps_its_preparation_and_loses_its_augmentation(ending: str) -> None:
    """`preprocess_input` within the graph, a frozen base under its own name, several labels."""
    model = xai.open_keras(CASES / f"transfer.{ending}")
    saved = np.load(CASES / "transfer.npz")
    found = torch.sigmoid(scores_of(model, saved["x"]))
    torch.testing.assert_close(found, torch.from_numpy(saved["y"]), rtol=1e-4, atol=1e-5)
    assert model.config.answer.kind == "several"
    assert "RandomFlip, RandomRotation" in " ".join(model.config.notes)
    assert model.config.std == (1 / 255,) * 3
    (suggested,) = [layer for layer in xai.layers(model) if layer.suggested]
    assert suggested.name.startswith("base.")


def test_maps_equal_plain_gradients_and_the_layers_carry_keras_names() -> None:
    model = xai.open_keras(CASES / "transfer.keras", class_names=["a", "b", "c"])
    names = {layer.name for layer in xai.layers(model)}
    assert "base.conv2d" in {name.rsplit("_", 1)[0] if name[-1].isdigit() else name for name in names}
    given = torch.from_numpy(np.load(CASES / "transfer.npz")["x"][:1]).permute(0, 3, 1, 2)
    (suggested,) = [layer for layer in xai.layers(model) if layer.suggested]
    found = xai.class_maps(model.module, given, [suggested.name], 1, relu=False)[suggested.name]
    assert found.shape[-2:] == suggested.grid


def test_what_keras_applications_feed_their_networks_is_known() -> None:
    """https://keras.io/api/applications: each module's own `preprocess_input`."""
    model = xai.open_keras(archive(case("MobileNetV2")), device="cpu")
    assert (model.config.mean, model.config.std, model.config.channel_order) == ((0.5,) * 3, (0.5,) * 3, "RGB")


def test_a_kept_file_opens_again_from_the_models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    data = (CASES / "transfer.keras").read_bytes()
    model = xai.open_keras(data, class_names=["a", "b", "c"])
    name = save_to_folder(model, data, ".keras")
    assert (tmp_path / name).read_bytes() == data
    from xai_core.models import catalog

    catalog.list_again()
    again = xai.load_model(f"folder/{name}", device="cpu")
    catalog.list_again()
    assert again.digest == model.digest
    assert again.config.class_names == ("a", "b", "c")
    assert "architecture: keras" in write_config(again.config)
