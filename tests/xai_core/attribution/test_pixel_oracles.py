"""Every pixel-level method against Captum's, on networks with and without skip connections, by the sum of channels."""

from __future__ import annotations

from collections.abc import Callable

import captum.attr
import pytest
import torch
import torchvision
from torch import Tensor, nn

from tests.networks import narrow_vgg, not_in_place, relative_error
from xai_core.attribution.class_maps import class_maps

pytestmark = [
    pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU"),
    pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients"),
    pytest.mark.filterwarnings("ignore:Setting forward, backward hooks and attributes"),
]
SHAPE = (3, 64, 64)
LAST = {"resnet18": "layer3", "vgg": "features.13"}
BLACK = torch.tensor([-2.0, -1.5, -1.0])


@pytest.fixture(params=LAST, scope="module")
def named(request: pytest.FixtureRequest) -> tuple[str, nn.Module]:
    torch.manual_seed(1)
    if request.param == "vgg":
        return request.param, narrow_vgg()
    return request.param, torchvision.models.resnet18(num_classes=10).eval()


def classes_with_evidence(network: nn.Module, layer: str, inputs: Tensor) -> list[int]:
    """Two classes that each picture speaks for at the layer: elsewhere guided Grad-CAM is zero, on both sides."""
    maps = class_maps(network, inputs, [layer], [list(range(10))], method="grad_cam")[layer]
    least = maps.amax(dim=(2, 3)).amin(dim=0)
    assert least.topk(2).values[1] > 0
    return least.topk(2).indices.tolist()


def black(inputs: Tensor) -> Tensor:
    return BLACK.view(1, 3, 1, 1).expand_as(inputs)


# {case: (our method, its settings, Captum's channels for one class)}
CASES: dict[str, tuple[str, dict[str, object], Callable[[nn.Module, str, Tensor, int], Tensor]]] = {
    "gradient": (
        "gradient",
        {},
        lambda network, _, x, c: captum.attr.Saliency(network).attribute(x, c, abs=False),
    ),
    "gradient x input": (
        "gradient_x_input",
        {},
        lambda network, _, x, c: captum.attr.InputXGradient(network).attribute(x, c),
    ),
    "integrated gradients from grey": (
        "integrated_gradients",
        {"steps": 50},
        lambda network, _, x, c: captum.attr.IntegratedGradients(network).attribute(x, target=c),
    ),
    "integrated gradients from black": (
        "integrated_gradients",
        {"steps": 21, "baseline": "black", "batch": 4},
        lambda network, _, x, c: captum.attr.IntegratedGradients(network).attribute(x, black(x), c, n_steps=21),
    ),
    "guided backpropagation": (
        "guided_backprop",
        {},
        lambda network, _, x, c: captum.attr.GuidedBackprop(network).attribute(x, c),
    ),
    "deconvnet": (
        "deconvnet",
        {},
        lambda network, _, x, c: captum.attr.Deconvolution(network).attribute(x, c),
    ),
    "guided grad-cam": (
        "guided_grad_cam",
        {},
        lambda network, layer, x, c: captum.attr.GuidedGradCam(network, network.get_submodule(layer)).attribute(
            x, c, interpolate_mode="bilinear"
        ),
    ),
    "occlusion with grey": (
        "occlusion",
        {"window": 100 * 20 / 64, "stride": 100 * 12 / 64, "batch": 5},
        lambda network, _, x, c: captum.attr.Occlusion(network).attribute(x, (3, 20, 20), (3, 12, 12), target=c) / 3,
    ),
    "occlusion with black": (
        "occlusion",
        {"window": 25, "stride": 25, "fill": "black"},
        lambda network, _, x, c: captum.attr.Occlusion(network).attribute(x, (3, 16, 16), 16, black(x), c) / 3,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_maps_equal_the_channel_sum_of_captum(case: str, named: tuple[str, nn.Module]):
    name, network = named
    method, settings, oracle = CASES[case]
    torch.manual_seed(2)
    inputs = torch.randn(2, *SHAPE)
    baselines, classes = (BLACK, -BLACK), classes_with_evidence(network, LAST[name], inputs)
    ours = class_maps(network, inputs, [LAST[name]], [classes], method=method, settings=settings, baselines=baselines)
    assert set(ours) == {"input"}
    assert ours["input"].shape == (2, 2, 64, 64)
    peer = not_in_place(network)
    for k, c in enumerate(classes):
        expected = oracle(peer, LAST[name], inputs.clone().requires_grad_(), c).detach().sum(dim=1)
        assert relative_error(ours["input"][:, k], expected) <= 1e-4
        assert (expected < 0).any(), "signs must survive"


def test_smooth_grad_equals_captum_with_the_same_noise(named: tuple[str, nn.Module]):
    _, network = named
    inputs = torch.randn(1, *SHAPE)
    settings = {"samples": 6, "noise": 0.1, "seed": 5, "batch": 4}
    ours = class_maps(network, inputs, [], 3, method="smooth_grad", settings=settings)["input"][:, 0]
    spread = 0.1 * float(inputs.max() - inputs.min())
    torch.manual_seed(5)
    tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(not_in_place(network)))
    expected = tunnel.attribute(inputs, nt_samples=6, stdevs=spread, target=3, abs=False).sum(dim=1)
    assert relative_error(ours, expected.detach()) <= 1e-4


def test_grad_cam_of_the_last_layer_asked_for_gates_the_detail(named: tuple[str, nn.Module]):
    name, network = named
    inputs = torch.randn(1, *SHAPE)
    other = "layer1" if name == "resnet18" else "features.3"
    last = class_maps(network, inputs, [LAST[name]], 3, method="guided_grad_cam")["input"]
    assert torch.equal(class_maps(network, inputs, [other, LAST[name]], 3, method="guided_grad_cam")["input"], last)
    assert not torch.equal(class_maps(network, inputs, [LAST[name], other], 3, method="guided_grad_cam")["input"], last)
