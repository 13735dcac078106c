"""Which pictures, networks and questions a search for top patches takes, and what it says to others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import xai_core as xai
from tests.networks import Small, fingerprint, tiny_swin, tiny_vit
from tests.xai_core.features.brute_force import assert_equal_to_brute_force, batches, brute_force, some
from xai_core.datasets import Dataset, open_dataset
from xai_core.errors import ClassError, LayerError
from xai_core.features.patch_job import By, finder, patch_job
from xai_core.features.patches import TopPatches
from xai_core.features.top_patches import top_patches
from xai_core.types import LoadedModel, SourceImage


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits")


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return xai.load_model("digits", device="cpu")


def test_in_place_layers_behind_do_not_spoil_what_is_found(digits: Dataset) -> None:
    torch.manual_seed(0)
    module = Small().eval()
    wrapped = xai.wrap_model(module, input_size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, class_names="abc")
    chosen = some(digits, *range(12))
    (inputs,) = batches(wrapped, chosen, 12)
    with torch.no_grad():
        normed = module.stem[1](module.stem[0](inputs))
        block = module.block(normed.relu())
    before = fingerprint(wrapped.module)
    patches = top_patches(wrapped, chosen, ["stem.1", "block"], k=4)
    assert_equal_to_brute_force(patches, "stem.1", normed.numpy(), 4)
    assert_equal_to_brute_force(patches, "block", block.numpy(), 4)
    top_patches(wrapped, chosen, ["stem.1", "block"], k=4, by="contribution")
    assert fingerprint(wrapped.module) == before


def test_pictures_that_cannot_be_read_or_give_no_numbers_are_told_and_passed_over(
    digits: Dataset, model: LoadedModel
) -> None:
    def read(item: str) -> SourceImage:
        if item.endswith("0002"):
            raise xai.ImageError("The file is damaged.")
        return digits.read(item)

    broken = replace(some(digits, *range(10)), read=read)
    patches = top_patches(model, broken, ["block4"], k=20, batch=4)
    assert patches.unread == ((2, "The file is damaged."),)
    assert patches.complete
    images = {patch.image for channel in range(64) for patch in patches.unit("block4", channel)}
    assert images == set(range(10)) - {2}

    class Poisoned(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.where(x[:, :, :1, :1] > 0, torch.nan, 1.0) * x

    poisoned = xai.wrap_model(
        nn.Sequential(Poisoned(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        input_size=(8, 8),
        mean=(0.0,) * 3,
        std=(1.0,) * 3,
        class_names="abc",
    )
    white = replace(digits.load(0), pixels=np.full((8, 8, 3), 255, np.uint8))
    dataset = open_dataset([digits.load(0), white, digits.load(1)])
    for per_image in (1, 2):
        found = top_patches(poisoned, dataset, ["0"], k=3, per_image=per_image)
        assert {patch.image for least in (False, True) for patch in found.unit("0", 0, least=least)} == {0, 2}


def test_damaged_files_of_a_folder_are_listed_with_their_reason(
    tmp_path: Path, digits: Dataset, model: LoadedModel
) -> None:
    for index in range(6):
        Image.fromarray(digits.load(index).pixels).save(tmp_path / f"{index}.png")
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:60])
    (tmp_path / "4.png").write_bytes(b"no picture")
    found = top_patches(model, open_dataset(tmp_path), ["block4"], batch=2)
    assert [index for index, _ in found.unread] == [2, 4]
    assert '"2.png" is an incomplete' in found.unread[0][1]
    assert '"4.png" is not a picture' in found.unread[1][1]
    whole = top_patches(model, some(digits, 0, 1, 3, 5), ["block4"], batch=2)
    kept = {0: 0, 1: 1, 2: 3, 3: 5}
    for channel in range(64):
        numbers = [kept[patch.image] for patch in whole.unit("block4", channel)]
        assert [patch.image for patch in found.unit("block4", channel)] == numbers


def test_a_network_that_reads_grey_gets_grey(digits: Dataset) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 4, 3, dilation=2)
    grey = xai.wrap_model(
        nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        input_size=(8, 8),
        mean=(0.5,),
        std=(0.25,),
        class_names="abcd",
    )
    chosen = some(digits, *range(30))
    given = np.stack([chosen.load(index).pixels[:, :, 0] for index in range(30)]).astype(np.float32)
    with torch.no_grad():
        maps = conv(torch.from_numpy((given[:, None] / 255 - 0.5) / 0.25)).numpy()
    assert_equal_to_brute_force(top_patches(grey, chosen, ["0"], k=4, batch=30), "0", maps, 4)


@pytest.mark.parametrize("by", ["activation", "contribution"])
def test_six_channels_dilated_and_grouped_convolutions_and_branches(digits: Dataset, by: str) -> None:
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wide, self.grouped = nn.Conv2d(6, 4, 3, dilation=3, padding=3), nn.Conv2d(6, 4, 3, groups=2, padding=1)
            self.joined, self.head = nn.Identity(), nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.joined(torch.cat([self.wide(x), self.grouped(x)], 1)).mean((2, 3)))

    torch.manual_seed(0)
    module, inputs = Branches().eval(), torch.randn(10, 6, 12, 9)
    six = xai.wrap_model(module, input_size=(12, 9), mean=(0.0,) * 6, std=(1.0,) * 6, class_names="abc")
    job = patch_job(
        six, some(digits, *range(10)), ["joined"], 3, by=by, class_index=1 if by == "contribution" else None
    )
    find, found = finder(job), {}
    for first in (0, 5):
        found = find(inputs[first : first + 5], range(first, first + 5), found)
    with torch.no_grad():
        maps = torch.cat([module.wide(inputs), module.grouped(inputs)], 1)
    terms = maps * module.head.weight.detach()[1, :, None, None] / 108 if by == "contribution" else maps
    for channel in range(8):
        patches = TopPatches({}, found, 10, 10).unit("joined", channel)
        expected = brute_force(terms.numpy(), channel, 3, least=False)
        assert [(p.image, p.i, p.j) for p in patches] == [(p.image, p.i, p.j) for p in expected]
        assert [p.value for p in patches] == pytest.approx([p.value for p in expected], rel=1e-4, abs=1e-7)
    with pytest.raises(xai.ModelError, match="reads 6 channels, but a picture has 3, or 1 as grey; give tensors"):
        top_patches(six, digits, ["joined"])


@pytest.mark.parametrize(
    ("requested", "error", "reason"),
    [
        ({"layers": []}, LayerError, "No layer was given"),
        ({"layers": ["block9"]}, LayerError, "has no layer 'block9'"),
        ({"layers": ["block4"], "by": "size"}, ValueError, "by activation or contribution, not by 'size'"),
        ({"layers": ["block4"], "class_index": 3}, ClassError, "with by='contribution' only"),
        ({"layers": ["block4"], "by": "contribution", "class_index": 10}, ClassError, "classes 0 to 9"),
        ({"layers": ["block4"], "k": 0}, ValueError, "must be at least 1"),
        ({"layers": ["block4"], "batch": -1}, ValueError, "must be at least 1"),
    ],
)
def test_a_question_without_sense_is_refused(
    digits: Dataset, model: LoadedModel, requested: dict, error: type, reason: str
) -> None:
    with pytest.raises(error, match=reason):
        top_patches(model, some(digits, 0, 1), **requested)


def test_layers_without_one_map_are_refused(digits: Dataset) -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.twice, self.never, self.pair, self.tokens = nn.ReLU(), nn.ReLU(), nn.LSTM(8, 2), nn.Flatten(2)

        def forward(self, x: Tensor) -> Tensor:
            self.pair(x[:, 0])
            return self.tokens(self.twice(self.twice(x))).mean(2)

    odd = xai.wrap_model(Odd(), input_size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3, class_names="abc")
    for layer, reason in {
        "twice": "runs more than once",
        "never": "did not run",
        "pair": "gives a?.*tuple",
        "tokens": r"gives \(n, 3, 64\), whose places are one axis, but not the second of three",
    }.items():
        with pytest.raises(LayerError, match=reason):
            top_patches(odd, some(digits, 0, 1), [layer])


def test_units_that_were_not_searched_are_refused(digits: Dataset, model: LoadedModel) -> None:
    patches = top_patches(model, some(digits, 0, 1), ["block4"])
    with pytest.raises(LayerError, match="'block3' was not searched for patches; block4 were"):
        patches.unit("block3", 0)
    with pytest.raises(LayerError, match="channels 0 to 63; there is no channel 64"):
        patches.unit("block4", 64)


@pytest.mark.parametrize("by", ["activation", "contribution"])
@pytest.mark.parametrize(
    ("build", "layer", "placed"),
    [
        (tiny_swin, "features.1", lambda output: output.permute(0, 3, 1, 2)),
        (tiny_vit, "encoder.layers.encoder_layer_0", lambda output: output[:, 1:].mT.unflatten(2, (4, 4))),
    ],
)
def test_tokens_are_searched_as_maps(
    digits: Dataset, by: By, build: Callable[[], nn.Module], layer: str, placed: Callable[[Tensor], Tensor]
) -> None:
    network, kept = build(), []
    wrapped = xai.wrap_model(network, input_size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3, class_names="abc")
    few = some(digits, *range(6))
    (inputs,) = batches(wrapped, few, 6)

    def keep(_module: nn.Module, _args: object, output: Tensor) -> None:
        kept.append(output)

    network.get_submodule(layer).register_forward_hook(keep)
    scores = network(inputs)
    maps = placed(kept[0])
    if by == "contribution":
        gradients = torch.autograd.grad(scores.amax(1).sum(), kept[0])[0]
        maps = placed(gradients).mean((2, 3), keepdim=True) * maps
    patches = top_patches(wrapped, few, [layer], k=3, by=by, batch=6)
    assert (patches.layers[layer].channels, patches.layers[layer].grid) == (maps.shape[1], maps.shape[2:])
    for channel in range(maps.shape[1]):
        found = patches.unit(layer, channel)
        expected = brute_force(maps.detach().numpy(), channel, 3, least=False)
        assert [(p.image, p.i, p.j) for p in found] == [(p.image, p.i, p.j) for p in expected]
        assert [p.value for p in found] == pytest.approx([p.value for p in expected], rel=1e-4, abs=1e-6)
