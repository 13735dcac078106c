from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.networks import Small, relative_error
from tests.zoo import network
from xai_core.attribution.catalog import find_method, methods
from xai_core.attribution.class_maps import class_maps
from xai_core.errors import LayerError, NotApplicable
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.head import Head, find_head
from xai_core.models.catalog import load_model
from xai_core.models.layers import layers as list_layers
from xai_core.models.load import wrap_model
from xai_core.types import LoadedModel

FAMILIES = [
    ("torchvision", "resnet18", 96),
    ("torchvision", "resnext50_32x4d", 96),
    ("torchvision", "wide_resnet50_2", 96),
    ("torchvision", "googlenet", 96),
    ("torchvision", "inception_v3", 160),
    ("torchvision", "densenet121", 96),
    ("torchvision", "efficientnet_b0", 96),
    ("torchvision", "efficientnet_v2_s", 96),
    ("torchvision", "mobilenet_v2", 96),
    ("torchvision", "mnasnet0_5", 96),
    ("torchvision", "shufflenet_v2_x0_5", 96),
    ("torchvision", "regnet_y_400mf", 96),
    ("torchvision", "regnet_x_400mf", 96),
    ("timm", "tf_efficientnet_lite0", 96),
    ("timm", "resnet18", 96),
]


def head_of(module: nn.Module, inputs: Tensor) -> Head:
    head = find_head(module, inputs.shape)
    assert not isinstance(head, str), head
    return head


def check_identities(module: nn.Module, inputs: Tensor, classes: list[int]) -> None:
    """CAM is h * w times Grad-CAM at the head's layer, and its mean with the bias is the score."""
    head = head_of(module, inputs)
    layer = head.layers[-1]
    maps = class_maps(module, inputs, [layer], [classes], "cam", relu=False)[layer]
    scores = module(inputs).detach()[:, classes]
    assert relative_error(maps.mean(dim=(2, 3)), scores - head.bias[classes]) <= 1e-5
    if not head.relu:  # else Grad-CAM's activations are those before the ReLU
        grad_cam = class_maps(module, inputs, [layer], [classes], "grad_cam", relu=False)[layer]
        assert relative_error(grad_cam * maps[0, 0].numel(), maps) <= 1e-5


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda family: f"{family[0]} {family[1]}")
def family(request: pytest.FixtureRequest) -> tuple[nn.Module, int]:
    """The network and the size of its pictures; built once for all that is asked of it."""
    library, name, size = request.param
    return network(library, name, size), size


def test_cam_is_grad_cam_times_places_and_averages_to_the_score(family: tuple[nn.Module, int]):
    module, size = family
    check_identities(module, torch.randn(2, 3, size, size), [3, 700])


def test_the_identities_hold_for_tokens_too():
    check_identities(network("torchvision", "swin_t", 96), torch.randn(2, 3, 96, 96), [3, 700])


def test_cam_applies_at_the_layer_that_the_model_suggests(family: tuple[nn.Module, int]):
    module, size = family
    model = wrapped(module, size)
    assert methods(model)["cam"] is None
    suggested = next(layer.name for layer in list_layers(model) if layer.suggested)
    maps = class_maps(model.module, torch.randn(1, 3, size, size), [suggested], None, "cam")
    assert maps[suggested].shape[2] > 1


def test_the_identities_hold_for_the_bundled_model_at_its_suggested_layer():
    model = load_model("imagenet")
    check_identities(model.module, torch.randn(1, 3, 224, 224), [281, 7])
    assert model.config.default_layer in head_of(model.module, torch.randn(1, 3, 224, 224)).layers


def test_behind_a_functional_relu_the_maps_are_those_of_the_relu():
    """DenseNet: Grad-CAM of the same network with the ReLU as a module is the oracle."""

    class Explicit(nn.Module):
        def __init__(self, densenet: nn.Module) -> None:
            super().__init__()
            self.features, self.relu, self.classifier = densenet.features, nn.ReLU(), densenet.classifier

        def forward(self, x: Tensor) -> Tensor:
            return self.classifier(self.relu(self.features(x)).mean((2, 3)))

    densenet, inputs = network("torchvision", "densenet121", 64), torch.randn(1, 3, 96, 96)
    oracle = class_maps(Explicit(densenet).eval(), inputs, ["relu"], [5], "grad_cam", relu=False)["relu"] * 9
    for layer in ("features.norm5", "features"):
        ours = class_maps(densenet, inputs, [layer], [5], "cam", relu=False)[layer]
        assert relative_error(ours, oracle) <= 1e-5


@pytest.mark.parametrize("layer", ["classifier.1", "classifier.2"])
def test_squeezenet_has_a_channel_for_each_class(layer: str):
    module, inputs = network("torchvision", "squeezenet1_1"), torch.randn(2, 3, 96, 96)
    maps = class_maps(module, inputs, [layer], [[3, 700]], "cam", relu=False)[layer]
    with torch.no_grad():
        expected = module.classifier[:3](module.features(inputs))[:, [3, 700]]
        assert torch.equal(maps, expected)
        assert torch.allclose(maps.mean(dim=(2, 3)), module(inputs)[:, [3, 700]], rtol=1e-5, atol=1e-8)


def test_all_classes_come_from_one_pass_and_equal_each_class_alone():
    module, inputs, passes = Small(classes=7).eval(), torch.randn(2, 3, 16, 16), []
    module.stem.register_forward_hook(lambda *_: passes.append(1))
    every = class_maps(module, inputs, ["last"], [list(range(7))], "cam", relu=False)["last"]
    assert len(passes) == 1
    assert every.shape == (2, 7, 4, 4)
    alone = class_maps(module, inputs, ["last"], 5, "cam", relu=False)["last"]
    assert torch.allclose(every[:, 5:6], alone, atol=1e-6)
    with torch.no_grad():
        stem = module.stem(inputs)
        weighed = torch.einsum("kc,nchw->nkhw", module.head.weight, module.last((module.block(stem) + stem).relu()))
    assert torch.allclose(every, weighed, atol=1e-6)


def test_a_lead_over_another_class_is_the_difference_of_the_maps():
    module, inputs = Small().eval(), torch.randn(1, 3, 16, 16)
    maps = class_maps(module, inputs, ["last"], [[0, 1]], "cam", relu=False)["last"][0]
    for score in ("logit", "log_probability"):  # the normalisation cancels
        lead = class_maps(module, inputs, ["last"], [0], "cam", relu=False, score=score, contrast_class=1)["last"][0, 0]
        assert torch.allclose(lead, maps[0] - maps[1], atol=1e-6)
    with pytest.raises(NotApplicable, match="log-probability is not linear"):
        class_maps(module, inputs, ["last"], [0], "cam", score="log_probability")


def test_another_layer_and_another_kind_of_head_are_refused_with_the_reason():
    inputs = torch.randn(1, 3, 16, 16)
    with pytest.raises(LayerError, match=r"CAM exists only at 'last', .* 'block' was asked for\."):
        class_maps(Small().eval(), inputs, ["block"], [0], "cam")
    flat = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Flatten(), nn.Linear(4 * 16 * 16, 3)).eval()
    with pytest.raises(NotApplicable, match="'2' takes the 16 × 16 places of '0' as separate inputs"):
        class_maps(flat, inputs, ["0"], [0], "cam")


def test_features_that_are_all_zero_give_an_empty_map_and_no_error():
    module = Small().eval()
    nn.init.zeros_(module.last.weight)
    nn.init.constant_(module.last.bias, 1e-20)
    maps = class_maps(module, torch.randn(1, 3, 16, 16), ["last"], [0], "cam", relu=False)["last"]
    assert maps.abs().max() < 1e-18


def wrapped(module: nn.Module, size: int) -> LoadedModel:
    names = [str(i) for i in range(1000)]
    return wrap_model(module, input_size=(size, size), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), class_names=names)


def test_the_menu_says_why_cam_does_not_apply():
    reason = methods(wrapped(network("torchvision", "vgg11"), 64))["cam"]
    assert reason is not None
    assert "'classifier.0' takes the 7 × 7 places" in reason


def test_defined_at_names_the_layers_of_a_pass_that_have_a_cam():
    module = Small().eval()
    image_pass = run_forward(module, torch.randn(1, 3, 16, 16), ["stem", "block", "last"])
    assert find_method("cam").defined_at(module, image_pass) == ("last",)
