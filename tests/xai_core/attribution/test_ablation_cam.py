from __future__ import annotations

import pytest
import torch
from pytorch_grad_cam import AblationCAM
from torch import Tensor

from tests.networks import Small, relative_error
from tests.peer import correlation, normalised, peer_maps
from tests.zoo import network
from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.methods.ablation_cam import relative_drops


def small() -> Small:
    torch.manual_seed(0)
    return Small().eval()


@torch.no_grad()
def by_loop(module: Small, image: Tensor, class_index: int) -> Tensor:
    """Each channel of `stem` set to zero by hand: image (1, 3, H, W) to the map (h, w)."""

    def score(stem: Tensor) -> Tensor:
        return module.head(module.last((module.block(stem) + stem).relu()).mean((2, 3)))[0, class_index]

    stem = module.stem(image)
    whole, weights = score(stem), []
    for channel in range(stem.shape[1]):
        without = stem.clone()
        without[:, channel] = 0
        weights.append((whole - score(without)) / whole.abs())
    return (torch.stack(weights)[:, None, None] * stem[0]).sum(0)


def test_maps_are_those_of_channels_set_to_zero_by_hand():
    module, inputs = small(), torch.randn(2, 3, 16, 16)
    ours = class_maps(module, inputs, ["stem"], [[0, 1, 2]], "ablation_cam", relu=False, settings={"batch": 3})["stem"]
    for i in range(2):
        for k in range(3):
            assert relative_error(ours[i, k], by_loop(module, inputs[i : i + 1], k)) <= 1e-4


def test_weights_by_hand_keep_the_sign_of_the_drop():
    # score 4 falls to 1: 3/4; score -2 falls to -3: 1/2, where the paper's division by -2 would turn it round
    weights = relative_drops(
        torch.zeros(3, 1, 1), torch.tensor([2]), torch.tensor([[1.0, -3.0, 5.0]]), torch.tensor([4.0, -2.0, 0.0])
    )
    assert weights.tolist() == [[0, 0, 0], [0, 0, 0], [0.75, 0.5, -5.0]]


def test_at_the_head_the_drop_is_the_channels_own_share_of_the_score():
    module, inputs = network("torchvision", "resnet18", 96), torch.randn(1, 3, 96, 96)
    ours = class_maps(module, inputs, ["layer4"], [7], "ablation_cam", relu=False)["layer4"][0, 0]
    kept: list[Tensor] = []
    module.layer4.register_forward_hook(lambda _m, _args, output: kept.append(output[0]))
    with torch.no_grad():
        score = module(inputs)[0, 7]
        weights = module.fc.weight[7] * kept[0].mean(dim=(1, 2)) / score.abs()
        assert relative_error(ours, (weights[:, None, None] * kept[0]).sum(0)) <= 1e-4


def test_dead_channels_take_no_pass():
    module, inputs, reports = small(), torch.randn(1, 3, 16, 16), []
    with torch.no_grad():
        module.stem[1].bias[:3] = -100.0
    class_maps(module, inputs, ["stem"], [0], "ablation_cam", on_progress=lambda *report: reports.append(report))
    assert reports == [(5, 5)]


@pytest.mark.parametrize("layer", ["layer2", "layer3", "layer4"])
def test_maps_agree_with_pytorch_grad_cam(layer: str):
    module, inputs = network("torchvision", "resnet18", 64), torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        best = int(module(inputs).argmax())  # a positive score: the peer divides by it with its sign
    ours = class_maps(module, inputs, [layer], best, "ablation_cam", relu=False)[layer][:, 0]
    assert correlation(normalised(ours), peer_maps(AblationCAM, module, inputs, layer, best)) >= 0.999
