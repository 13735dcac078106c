"""Packages of the HuggingFace hub: scores, maps and prepared pictures are transformers' own."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image

import xai_core as xai
from tests.xai_core.models.sources.huggingface.packages import CONFIGS, PROCESSORS, saved
from xai_core.models.sources.huggingface.package import FILES, packed
from xai_core.models.sources.own_folder import VARIABLE, save_to_folder

# Sides whose crops begin at half pixels on one axis and at whole ones on the other.
SIZES = ((61, 90), (101, 64))


def zipped(folder: Path) -> bytes:
    return packed({name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()})


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: object) -> None:
        raise AssertionError("something was looked for on the network")

    monkeypatch.setattr(socket.socket, "connect", refused)


@pytest.mark.usefixtures("_offline")
@pytest.mark.parametrize("kind", CONFIGS)
def test_scores_preparation_names_and_a_map_are_transformers_own(kind: str, tmp_path: Path) -> None:
    network = saved(kind, tmp_path)
    model = xai.open_huggingface(tmp_path, device="cpu")
    assert model.config.class_names == ("cat", "dog", "bird")
    processor = PROCESSORS[kind]()
    for height, width in SIZES:
        pixels = np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)
        wanted = processor(Image.fromarray(pixels), return_tensors="pt")["pixel_values"]
        given = xai.prepare(model.config, xai.load_image(Image.fromarray(pixels))).tensor
        assert given.shape == wanted.shape
        level = 1 / 255 / min(model.config.std)  # one grey level
        assert float((given - wanted).abs().max()) <= level + 1e-4
        with torch.no_grad():
            torch.testing.assert_close(model.module(wanted), network(wanted).logits, rtol=1e-4, atol=1e-4)
    (suggested,) = [layer for layer in xai.layers(model) if layer.suggested]
    assert suggested.grid[0] * suggested.grid[1] > 1
    found = xai.class_maps(model.module, wanted, [suggested.name], 1, relu=False)[suggested.name][0, 0].numpy()
    np.testing.assert_allclose(found, by_hand(model, wanted, suggested), atol=1e-4 * np.abs(found).max())


def by_hand(model: xai.LoadedModel, given: torch.Tensor, layer: xai.LayerInfo) -> np.ndarray:
    """Grad-CAM by plain autograd; tokens (n, t, c) behind those for the class are the cells, row by row."""
    kept: list[torch.Tensor] = []
    part = model.module.get_submodule(layer.name)
    hook = part.register_forward_hook(lambda _part, _given, made: kept.append(made[0] if type(made) is tuple else made))
    score = model.module(given.clone().requires_grad_())[0, 1]
    hook.remove()
    (gradients,) = torch.autograd.grad(score, kept[0])
    height, width = layer.grid
    if kept[0].ndim == 3:
        cells = [one[:, -height * width :].transpose(1, 2).unflatten(2, layer.grid) for one in (kept[0], gradients)]
    elif kept[0].shape[1:3] == layer.grid and kept[0].shape[1] != layer.channels:
        cells = [one.permute(0, 3, 1, 2) for one in (kept[0], gradients)]
    else:
        cells = [kept[0], gradients]
    return (cells[0] * cells[1].mean((2, 3), keepdim=True)).sum(1)[0].detach().numpy()


def test_a_zip_opens_alike_and_is_kept_in_the_models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, kept = tmp_path / "source", tmp_path / "kept"
    kept.mkdir()
    saved("vit", source)
    data = zipped(source)
    model = xai.open_huggingface(data)
    assert model.digest == xai.open_huggingface(source).digest
    monkeypatch.setenv(VARIABLE, str(kept))
    from xai_core.models import catalog

    name = save_to_folder(model, data, ".zip")
    catalog.list_again()
    again = xai.load_model(f"folder/{name}", device="cpu")
    catalog.list_again()
    assert again.digest == model.digest
    assert again.config.resize == model.config.resize  # with where the crop begins


@pytest.mark.usefixtures("_offline")
def test_what_timm_pushes_opens_without_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from timm.models._hub import save_for_hf

    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    torch.manual_seed(0)
    network = timm.create_model("resnet18", num_classes=3).eval()
    names = {"label_names": ["cat", "dog", "dog"]}
    save_for_hf(network, tmp_path, model_config=names, safe_serialization=True)
    told = json.loads((tmp_path / "config.json").read_text())
    assert told["architecture"] == "resnet18"
    model = xai.open_huggingface(tmp_path, device="cpu")
    assert model.config.class_names == ("cat", "dog (1)", "dog (2)")
    given = torch.rand(2, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(model.module(given), network(given), rtol=1e-4, atol=1e-4)
    transform = timm.data.create_transform(**timm.data.resolve_data_config(told["pretrained_cfg"]))
    pixels = np.random.default_rng(0).integers(0, 256, (300, 401, 3)).astype(np.uint8)
    wanted = transform(Image.fromarray(pixels))
    torch.testing.assert_close(xai.prepare(model.config, xai.load_image(Image.fromarray(pixels))).tensor[0], wanted)


def test_without_the_library_the_sentence_says_how_to_add_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved("vit", tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(xai.ModelError, match=r"pip install sightline\[huggingface\]"):
        xai.open_huggingface(tmp_path)


def test_a_lone_file_of_such_weights_is_told_what_is_missing(tmp_path: Path) -> None:
    saved("vit", tmp_path)
    with pytest.raises(xai.ModelError, match=r"config\.json"):
        xai.open_checkpoint(tmp_path / "model.safetensors")


def test_a_regression_is_a_measure_under_its_own_name(tmp_path: Path) -> None:
    network = saved("vit", tmp_path, id2label={0: "age"}, problem_type="regression")
    model = xai.open_huggingface(tmp_path, device="cpu")
    assert (model.config.answer.kind, model.config.class_names) == ("number", ("age",))
    given = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(model.module(given), network(given).logits)


def test_half_precision_is_read_in_single(tmp_path: Path) -> None:
    network = saved("vit", tmp_path)
    network.half().save_pretrained(tmp_path)
    model = xai.open_huggingface(tmp_path, device="cpu")
    assert {p.dtype for p in model.module.parameters()} == {torch.float32}
