from __future__ import annotations

from functools import cache, partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pytorch_grad_cam import ScoreCAM
from torch import Tensor, nn

from tests.networks import Small
from tests.peer import correlation, normalised, peer_maps
from tests.zoo import network
from xai_core.attribution.class_maps import class_maps, make_target
from xai_core.attribution.method import AttributionRequest
from xai_core.attribution.methods.score_cam import METHOD, channels_at_once, masks
from xai_core.forward.forward_pass import run_forward


def lively_small() -> Small:
    """Scores that differ enough between masked pictures for the softmax to choose."""
    torch.manual_seed(0)
    module = Small().eval()
    with torch.no_grad():
        module.head.weight *= 30
    return module


def by_loop(module: Small, image: Tensor, layer: str, class_index: int) -> np.ndarray:
    """The paper's algorithm 1, channel by channel: image (1, 3, H, W) to the map (h, w) before its ReLU."""
    stem = module.stem(image)
    activations = {"stem": stem, "block": module.block(stem)}[layer][0]
    scores = []
    for channel in activations:
        upsampled = F.interpolate(channel[None, None], image.shape[2:], mode="bilinear", align_corners=False)
        spread = upsampled.max() - upsampled.min()
        mask = (upsampled - upsampled.min()) / spread if spread > 0 else torch.zeros_like(upsampled)
        scores.append(float(module(image * mask)[0, class_index] - module(torch.zeros_like(image))[0, class_index]))
    alpha = np.exp(scores) / np.exp(scores).sum()
    return np.tensordot(alpha, activations.double().numpy(), axes=1)


@torch.no_grad()
@pytest.mark.parametrize("layer", ["stem", "block"])
def test_maps_are_those_of_the_papers_loop(layer: str):
    module, inputs = lively_small(), torch.randn(2, 3, 16, 16)
    ours = class_maps(module, inputs, [layer], [[0, 2]], "score_cam", relu=False, settings={"batch": 3})[layer]
    for i in range(2):
        for k, class_index in enumerate((0, 2)):
            expected = by_loop(module, inputs[i : i + 1], layer, class_index)
            assert np.allclose(ours[i, k].numpy(), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@torch.no_grad()
def test_constant_channels_share_one_pass_and_count_like_any_other():
    module, inputs, rows = lively_small(), torch.randn(1, 3, 16, 16), []
    module.stem[1].bias[:3] = -100.0  # three channels that never fire
    expected = by_loop(module, inputs, "stem", 1)
    module.block.register_forward_hook(lambda _m, _args, output: rows.append(len(output)))
    ours = class_maps(module, inputs, ["stem"], [1], "score_cam", relu=False)["stem"][0, 0].numpy()
    assert np.allclose(ours, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    assert rows == [1, 5 + 1]


@torch.no_grad()
def test_fewer_channels_are_those_that_vary_most():
    module, inputs = lively_small(), torch.randn(1, 3, 16, 16)
    activations = module.stem(inputs)[0]
    chosen = (activations.flatten(1).amax(1) - activations.flatten(1).amin(1)).argsort(descending=True)[:2]
    scores = module(inputs * masks(activations[chosen], (16, 16)))[:, 0]
    expected = (torch.softmax(scores, 0)[:, None, None] * activations[chosen]).sum(0)
    ours = class_maps(module, inputs, ["stem"], [0], "score_cam", relu=False, settings={"channels": 2})["stem"][0, 0]
    assert torch.allclose(ours, expected, atol=1e-6)


def test_masks_span_nought_to_one_and_a_constant_channel_hides_everything():
    made = masks(torch.stack([torch.tensor([[1.0, 2.0], [2.0, 5.0]]), torch.full((2, 2), 7.0)]), (6, 6))
    assert made.shape == (2, 1, 6, 6)
    assert (made[0].min(), made[0].max(), made[1].abs().max()) == (0, 1, 0)
    assert made[0, 0, 0, 0] == 0, "half-pixel centres: the corner pixel lies in the corner cell"


class Lone(nn.Module):
    """Of each channel only the largest value passes, and only at one place."""

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(2)
        first = torch.zeros_like(flat).scatter(2, flat.argmax(dim=2, keepdim=True), 1.0)
        return (flat * first).view_as(x)


def test_a_lone_activation_that_no_pixel_of_the_mask_meets_hides_everything_and_spoils_no_other():
    lone = torch.zeros(2, 64, 64)
    lone[0, 0, 0], lone[1, 8:16] = 5.0, 3.0
    made = masks(lone, (8, 8))
    assert made[0].abs().max() == 0
    assert made[1, 0, :, 0].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]


def test_a_layer_finer_than_the_picture_gets_numbers():
    torch.manual_seed(0)
    layers = (nn.Upsample(scale_factor=8), nn.Conv2d(3, 4, 3), Lone())
    module = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 3)).eval()
    inputs = torch.randn(4, 3, 8, 8)
    assert masks(module[:3](inputs)[0].detach(), (8, 8)).flatten(1).amax(1).min() == 0, "the case must be able to fail"
    forward = cache(partial(run_forward, module, inputs, ("2",)))  # class_maps knows that the layer keeps no places
    request = AttributionRequest(module, inputs, ("2",), make_target(forward, inputs, 0), forward)
    assert METHOD.answer(request, METHOD.settings_from(None), lambda _done, _total: None)["2"].isfinite().all()


def test_batches_bound_the_memory_and_do_not_change_the_maps():
    module, inputs, rows = lively_small(), torch.randn(1, 3, 16, 16), []
    module.block.register_forward_hook(lambda _m, _args, output: rows.append(len(output)))
    small = class_maps(module, inputs, ["stem"], [0], "score_cam", relu=False, settings={"batch": 3})["stem"]
    assert rows == [1, 3, 3, 2]
    large = class_maps(module, inputs, ["stem"], [0], "score_cam", relu=False, settings={"batch": 64})["stem"]
    assert torch.allclose(small, large, atol=1e-6)


def test_of_small_pictures_more_go_into_one_pass():
    sizes = [(16, 16), (64, 64), (100, 100), (224, 224), (1000, 2000)]
    assert [channels_at_once(*size) for size in sizes] == [64, 64, 60, 16, 16]
    module, rows = lively_small(), []
    module.block.register_forward_hook(lambda _m, _args, output: rows.append(len(output)))
    class_maps(module, torch.randn(1, 3, 16, 16), ["stem"], [0], "score_cam")
    assert rows == [1, 8]


@pytest.mark.parametrize("layer", ["layer1", "layer2"])
def test_maps_agree_with_pytorch_grad_cam(layer: str, monkeypatch: pytest.MonkeyPatch):
    """But for the corners, which the peer aligns when it enlarges the masks."""
    half_pixel = partial(F.interpolate, mode="bilinear", align_corners=False)
    monkeypatch.setattr(nn, "UpsamplingBilinear2d", lambda size: partial(half_pixel, size=size))
    module, inputs = network("torchvision", "resnet18", 64), torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        module.fc.weight *= 20  # the softmax must choose
    ours = class_maps(module, inputs, [layer], 3, "score_cam", relu=False)[layer][:, 0]
    theirs = peer_maps(ScoreCAM, module, inputs, layer, 3)
    assert correlation(normalised(ours), theirs) >= 0.999
    with torch.no_grad():
        plain = module.get_submodule(layer)
        kept: list[Tensor] = []
        plain.register_forward_hook(lambda _m, _args, output: kept.append(output.clone()))
        module(inputs)
    assert correlation(normalised(kept[0].mean(dim=1)), theirs) < 0.99, "the weights must matter in this case"
