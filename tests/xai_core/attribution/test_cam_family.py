"""Grad-CAM++, HiResCAM, LayerCAM and XGrad-CAM: hand computations, identities and pytorch-grad-cam."""

from __future__ import annotations

import pytest
import torch
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM
from pytorch_grad_cam.base_cam import BaseCAM
from torch import Tensor, nn

from tests.networks import relative_error
from tests.peer import correlation, normalised, peer_maps
from tests.zoo import network
from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.methods.grad_cam_pp import grad_cam_pp
from xai_core.attribution.methods.hires_cam import hires_cam
from xai_core.attribution.methods.layer_cam import layer_cam
from xai_core.attribution.methods.xgrad_cam import xgrad_cam

# Two channels of 1 x 2 places.
ACTIVATIONS = torch.tensor([[[[1.0, 3.0]], [[2.0, 0.0]]]])
GRADIENTS = torch.tensor([[[[0.5, -1.0]], [[1.0, 2.0]]]])


def test_hires_cam_by_hand():
    # 1 * 0.5 + 2 * 1, and 3 * -1 + 0 * 2
    assert hires_cam(ACTIVATIONS, GRADIENTS).tolist() == [[[2.5, -3.0]]]


def test_layer_cam_by_hand():
    # 1 * 0.5 + 2 * 1, and 3 * 0 + 0 * 2
    assert layer_cam(ACTIVATIONS, GRADIENTS).tolist() == [[[2.5, 0.0]]]


def test_xgrad_cam_by_hand_and_for_a_dead_channel():
    # weights: (1 * 0.5 + 3 * -1) / 4 = -0.625, and (2 * 1 + 0 * 2) / 2 = 1
    assert xgrad_cam(ACTIVATIONS, GRADIENTS).tolist() == [[[-0.625 + 2, -0.625 * 3]]]
    dead = torch.cat([ACTIVATIONS, torch.zeros(1, 1, 1, 2)], dim=1)
    with_dead = xgrad_cam(dead, torch.cat([GRADIENTS, torch.ones(1, 1, 1, 2)], dim=1))
    assert torch.equal(with_dead, xgrad_cam(ACTIVATIONS, GRADIENTS))


def test_grad_cam_pp_by_hand():
    # channel 1, sum 4: g = 0.5 has the share 0.25 / (2 * 0.25 + 4 * 0.125) = 1/4; weight 0.5 / 4 = 1/8
    # channel 2, sum 2: g = 1: 1 / (2 + 2) = 1/4; g = 2: 4 / (2 * 4 + 2 * 8) = 1/6; weight 1/4 + 2/6 = 7/12
    expected = torch.tensor([[[1 / 8 + 7 / 12 * 2, 3 / 8]]])
    assert torch.allclose(grad_cam_pp(ACTIVATIONS, GRADIENTS), expected)


def test_grad_cam_pp_equals_the_derivatives_of_exp_of_the_score():
    """The paper's shares with first to third derivatives of Y = exp(S) taken by autograd, one place at a time."""
    torch.manual_seed(0)
    a = torch.rand(3, 2, 2, dtype=torch.double)
    behind = nn.Sequential(nn.Flatten(0), nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, 1)).double()
    score = behind(a)
    weights = torch.zeros(3, dtype=torch.double)
    for k, i, j in [(k, i, j) for k in range(3) for i in range(2) for j in range(2)]:
        place = a[k, i, j].clone().requires_grad_()
        changed = a.clone()
        changed[k, i, j] = place
        first = torch.autograd.grad(behind(changed).exp().sum(), place, create_graph=True)[0]
        second = torch.autograd.grad(first, place, create_graph=True)[0]
        third = torch.autograd.grad(second, place)[0]
        weights[k] += (second / (2 * second + a[k].sum() * third) * first.relu()).detach()
    leaf = a.clone().requires_grad_()
    gradients = torch.autograd.grad(behind(leaf).sum(), leaf)[0]
    assert (gradients < 0).any()
    assert (gradients > 0).any()
    expected = (weights[:, None, None] * a).sum(dim=0) / score.exp().detach()
    assert torch.allclose(grad_cam_pp(a[None], gradients[None])[0], expected, rtol=1e-10)


def resnet(classifier_gain: float = 1.0) -> nn.Module:
    module = network("torchvision", "resnet18", 96)
    with torch.no_grad():
        module.fc.weight *= classifier_gain
    return module


@pytest.mark.parametrize("layer", ["layer2", "layer3", "layer4"])
@pytest.mark.parametrize(
    ("key", "kind", "gain"),
    [
        ("grad_cam", GradCAM, 1.0),
        # So that the 1e-6 which the peer adds to its denominator does not count.
        ("grad_cam_pp", GradCAMPlusPlus, 1e3),
        ("hires_cam", HiResCAM, 1.0),
        ("layer_cam", LayerCAM, 1.0),
        ("xgrad_cam", XGradCAM, 1.0),
    ],
)
def test_maps_agree_with_pytorch_grad_cam(key: str, kind: type[BaseCAM], gain: float, layer: str):
    module, inputs = resnet(gain), torch.randn(2, 3, 96, 96)
    for class_index in (3, 700):
        ours = class_maps(module, inputs, [layer], class_index, key, relu=False)[layer][:, 0]
        theirs = peer_maps(kind, module, inputs, layer, class_index)
        assert correlation(normalised(ours), theirs) >= 0.999


def test_at_the_head_hires_and_xgrad_cam_are_grad_cam():
    """There the gradient is the same at all places, so however it is weighted, it is its mean."""
    module, inputs = resnet(), torch.randn(1, 3, 96, 96)
    grad_cam = class_maps(module, inputs, ["layer4"], [3], "grad_cam", relu=False)["layer4"]
    for key in ("hires_cam", "xgrad_cam"):
        assert relative_error(class_maps(module, inputs, ["layer4"], [3], key, relu=False)["layer4"], grad_cam) <= 1e-5
        earlier = class_maps(module, inputs, ["layer3"], [3], key, relu=False)["layer3"]
        other = class_maps(module, inputs, ["layer3"], [3], "grad_cam", relu=False)["layer3"]
        assert relative_error(earlier, other) > 1e-2


def test_the_sum_of_hires_cam_is_the_score_of_a_network_without_bias():
    """Completeness of gradient times activation for what is piecewise linear behind the layer."""

    class Piecewise(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.deeper = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3, bias=False)
            self.fc = nn.Linear(5 * 4 * 4, 3, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.deeper(self.conv(x).relu()).relu().flatten(1))

    torch.manual_seed(0)
    module, inputs = Piecewise().eval(), torch.randn(2, 3, 8, 8)
    maps = class_maps(module, inputs, ["conv"], [[0, 1, 2]], "hires_cam", relu=False)["conv"]
    assert torch.allclose(maps.sum(dim=(2, 3)), module(inputs), atol=1e-5)
