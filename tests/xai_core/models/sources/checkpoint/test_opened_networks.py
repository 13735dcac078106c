"""Networks from checkpoints as people save them: explained right, kept in the folder, harmless."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

import xai_core as xai
from tests.xai_core.models.sources.checkpoint.saved_networks import (
    FASTAI,
    cifar,
    fastai_torchvision,
    lukemelas,
    monai_resnet,
)
from tests.xai_core.models.sources.checkpoint.test_saved_networks import lively
from xai_core.errors import ModelError
from xai_core.models.catalog import list_again
from xai_core.models.source import BuiltFile, ModelFile
from xai_core.models.sources.checkpoint.opening import SOURCE
from xai_core.models.sources.checkpoint.recognise import recognise
from xai_core.models.sources.checkpoint.untold import caution
from xai_core.models.sources.imagenet import _weights_file
from xai_core.models.sources.own_folder import VARIABLE, save_to_folder

RESNET = "torchvision/resnet18"


def saved(state: dict[str, torch.Tensor]) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def read(data: bytes) -> ModelFile:
    assert SOURCE.opens is not None
    return SOURCE.opens.read(data, "Brain")


def settled(built: BuiltFile, said: dict[str, str]) -> BuiltFile:
    assert built.settled is not None
    return built.settled(said)


def grad_cam(body: nn.Module, rest: nn.Module, inputs: torch.Tensor, k: int) -> torch.Tensor:
    """(h, w) by plain autograd: the mean gradient of each channel times the channel, summed (Selvaraju et al. 2017)."""
    maps = body(inputs).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(rest(maps)[0, k], maps)
    return (gradient.mean((2, 3), keepdim=True) * maps).sum(1)[0].detach()


def test_a_fastai_network_is_explained_as_plain_autograd_does() -> None:
    torch.manual_seed(0)
    original = lively(fastai_torchvision("resnet18", -2, 512).network)
    built = read(saved(original.state_dict())).build(RESNET)
    assert "the largest values, then the means was assumed" in built.model.config.caution
    model = settled(built, FASTAI).model
    given = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    maps = xai.class_maps(model.module, given, ["layer4"], [2], relu=False)["layer4"]
    torch.testing.assert_close(maps[0, 0], grad_cam(original[0], original[1], given, 2), rtol=1e-4, atol=1e-6)
    assert xai.explain(model, xai.load_sample("cat"), classes=[0]).maps["layer4"].shape == (1, 7, 7)


def test_the_effect_of_a_choice_is_the_network_with_it_and_leaves_the_model_alone() -> None:
    torch.manual_seed(0)
    original = lively(cifar(1, pool=False).network)
    built = read(saved(original.state_dict())).build(RESNET)
    assert built.model.config.input_size == (32, 32)
    given = torch.rand(1, 3, 32, 32)
    assert built.effect is not None
    with torch.no_grad():
        before = built.model.module(given)
        strided = built.effect({"stem": "stride_2_pool"})(given)
        torch.testing.assert_close(built.effect({"stem": "stride_1"})(given), original(given))
        torch.testing.assert_close(settled(built, {"stem": "stride_2_pool"}).model.module(given), strided)
        torch.testing.assert_close(built.model.module(given), before)
    assert not torch.allclose(strided, before)


CASES = {
    "pooled": (lambda: fastai_torchvision("resnet18", -2, 512), FASTAI),
    "another stem": (lambda: cifar(1, pool=False), {"stem": "stride_1"}),
    "another library's stem": (lambda: monai_resnet("resnet18"), {"stem": "stride_1_pool"}),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n != "pooled")) for n in CASES])
def test_it_comes_back_from_the_models_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    torch.manual_seed(0)
    make, said = CASES[name]
    file = read(saved(lively(make().network).state_dict()))
    built = settled(file.build(RESNET), said)
    config = replace(built.model.config, title="brain")
    model, suffix = replace(built.model, config=config), ".pt" if file.original else ".safetensors"
    kept = save_to_folder(model, file.original, suffix)
    list_again()
    again = xai.load_model(f"folder/{kept}", device="cpu")
    assert again.digest == built.model.digest
    given = torch.rand(1, len(config.mean), 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(again.module(given), built.model.module(given))
    monkeypatch.undo()
    list_again()


def test_weights_without_a_place_are_asked_about_beside_the_network_and_refused_inside() -> None:
    state = torchvision.models.resnet18(weights=None, num_classes=4).state_dict()
    wrapped = {f"model.{name}": tensor for name, tensor in state.items()}
    (proposal, *_) = recognise(wrapped | {"criterion.weight": torch.ones(4), "attention.weight": torch.ones(4, 4)})
    assert proposal.unplaced == ("attention.weight",)
    assert "have no place in the network ('attention.weight')" in caution(proposal, {})
    assert caution(proposal, {"other_weights": "unused"}) == ""
    assert recognise(state | {"attention.weight": torch.ones(8, 8)}) == ()
    assert recognise(wrapped | {"model.attention.conv.weight": torch.ones(4, 4, 1, 1)}) == ()


def test_efficientnet_pytorch_pads_as_tensorflow_does() -> None:
    found = recognise(lukemelas("efficientnet_b0").state or {})
    assert {one.architecture.key for one in found} == {"timm/tf_efficientnet_b0"}


def test_the_bundled_lite_network_opens_from_its_own_file() -> None:
    model, given = xai.open_checkpoint(_weights_file().read_bytes()), torch.rand(1, 3, 224, 224)
    assert model.config.architecture == "timm/tf_efficientnet_lite0"
    with torch.no_grad():
        torch.testing.assert_close(model.module(given), xai.load_model("imagenet", device="cpu").module(given))


HOSTILE = {
    "blocks without numbers": {
        "_blocks.0._depthwise_conv.weight": (8, 1, 3, 3), "_blocks.x._project_conv.weight": (8, 8),
    },
    "blocks with enormous numbers": {
        "_blocks.0._depthwise_conv.weight": (8, 1, 3, 3), f"_blocks.{'9' * 150}._project_conv.weight": (8, 8),
    },
    "a head of a hundred thousand places": {"conv1.weight": (4, 3, 3, 3), "fc.99999.weight": (2, 4)},
    "three thousand small heads": {f"h{i}.{j}.weight": (2, 2) for i in range(30) for j in range(100)},
    "wrappers without end": {".".join("a" * 80) + ".weight": (2, 2)},
    "names of dots": {"...": (2, 2), ".": (2,), "..weight": (2, 2)},
    "an empty first convolution": {"conv1.weight": (0, 0, 0, 0), "fc.weight": (0, 0)},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_were_made_to_harm_fit_nothing_and_soon(name: str) -> None:
    start = time.process_time()
    file = read(saved({n: torch.zeros(shape) for n, shape in HOSTILE[name].items()}))
    assert file.fitting == ()
    with pytest.raises(ModelError):
        file.build(RESNET)
    assert time.process_time() - start < 30
