from __future__ import annotations

import re

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.networks import Small, fingerprint
from tests.zoo import network
from xai_core.errors import ModelError
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.head import find_head, head_at

# library, name, input size, the layers that give the features, ReLU behind them, classifier
HEADS = [
    ("torchvision", "resnet18", 64, ("layer4.1", "layer4"), False, "fc"),
    ("torchvision", "resnext50_32x4d", 64, ("layer4.2", "layer4"), False, "fc"),
    ("torchvision", "wide_resnet50_2", 64, ("layer4.2", "layer4"), False, "fc"),
    ("torchvision", "googlenet", 64, ("inception5b",), False, "fc"),
    ("torchvision", "inception_v3", 128, ("Mixed_7c",), False, "fc"),
    ("torchvision", "densenet121", 64, ("features.norm5", "features"), True, "classifier"),
    ("torchvision", "efficientnet_b0", 64, ("features.8.2", "features.8", "features"), False, "classifier.1"),
    ("torchvision", "mobilenet_v2", 64, ("features.18.2", "features.18", "features"), False, "classifier.1"),
    ("torchvision", "mnasnet0_5", 64, ("layers.16", "layers"), False, "classifier.1"),
    ("torchvision", "shufflenet_v2_x0_5", 64, ("conv5.2", "conv5"), False, "fc"),
    (
        "torchvision",
        "regnet_y_400mf",
        64,
        tuple(f"trunk_output{inner}" for inner in (".block4.block4-5.activation", ".block4.block4-5", ".block4", "")),
        False,
        "fc",
    ),
    ("torchvision", "squeezenet1_1", 64, ("classifier.2",), False, None),
    ("torchvision", "swin_t", 64, ("norm", "permute"), False, "head"),
    ("timm", "tf_efficientnet_lite0", 64, ("bn2.act", "bn2"), False, "classifier"),
    ("timm", "resnet18", 64, ("layer4.1.act2", "layer4.1", "layer4"), False, "fc"),
    ("timm", "densenet121", 64, ("features.norm5.act", "features.norm5", "features"), False, "classifier"),
    ("timm", "dla34", 64, ("level5.root.relu", "level5.root", "level5"), False, "fc"),  # a 1 x 1 convolution
]

NO_HEAD = [
    ("torchvision", "vgg11", 64, "'classifier.0' takes the 7 × 7 places of 'avgpool' as separate inputs"),
    ("torchvision", "alexnet", 64, "'classifier.1' takes the 6 × 6 places of 'avgpool' as separate inputs"),
    (
        "torchvision",
        "mobilenet_v3_small",
        64,
        "'classifier.0' (Linear) and 'classifier.1' (Hardswish) stand between the 2 × 2 places of 'features'",
    ),
    ("torchvision", "convnext_tiny", 64, "'classifier.0' (LayerNorm2d) stands between the 2 × 2 places of 'features'"),
    (
        "torchvision",
        "vit_b_16",
        224,
        "the 14 × 14 places of 'encoder' reach the scores by another way",
    ),
    ("timm", "convnext_atto", 64, "'head.norm' (LayerNorm2d) stands between the 2 × 2 places"),
    ("timm", "ghostnet_100", 64, "'conv_head' (Conv2d) and 'act2' (ReLU) stand between the 2 × 2 places of 'blocks'"),
    ("timm", "vgg11", 64, "'pre_logits.fc1' (Conv2d), 'pre_logits.act1' (ReLU) and 2 more stand between the 2 × 2"),
    (
        "timm",
        "vit_tiny_patch16_224",
        224,
        "the 14 × 14 places of 'norm' reach the scores by another way",
    ),
]


@pytest.mark.parametrize(("library", "name", "size", "layers", "relu", "classifier"), HEADS)
def test_the_head_is_found_without_knowing_the_network(
    library: str, name: str, size: int, layers: tuple[str, ...], relu: bool, classifier: str | None
):
    module = network(library, name, size)
    head = find_head(module, (1, 3, size, size))
    assert not isinstance(head, str), head
    assert (head.layers, head.relu, head.classifier) == (layers, relu, classifier)
    inputs = torch.randn(2, 3, size, size)
    image_pass = run_forward(module, inputs, layers)
    for layer in layers:
        features = image_pass.activations[layer].detach()
        means = (features.relu() if relu else features).mean(dim=(2, 3))
        expected = (means if head.weight is None else means @ head.weight.T) + head.bias
        assert torch.allclose(expected, image_pass.scores.detach(), rtol=1e-4, atol=1e-4 * expected.abs().max().item())
        found = head_at(module, image_pass, layer)
        assert found is not None
        assert (found.layers, found.relu, found.classifier) == ((layer,), relu, classifier)


@pytest.mark.parametrize(("library", "name", "size", "reason"), NO_HEAD)
def test_the_reason_names_what_stands_in_the_way(library: str, name: str, size: int, reason: str):
    found = find_head(network(library, name, size), (1, 3, size, size))
    assert isinstance(found, str)
    assert found.startswith("CAM needs scores that are weighted sums of channel averages; here ")
    assert reason in found
    assert found.endswith(".")


class Head(nn.Module):
    """A convolution, something in between, and a classifier; a decoy of the classifier's size is never used."""

    def __init__(self, between: str) -> None:
        super().__init__()
        self.conv, self.decoy, self.fc = nn.Conv2d(3, 5, 3), nn.Linear(5, 4), nn.Linear(5, 4)
        self.own, self.softmax, self.dropout = nn.Conv2d(5, 4, 1), nn.Softmax(dim=1), nn.Dropout(0.9)
        self.between = between

    def forward(self, x: Tensor) -> Tensor:
        a = self.conv(x)
        ways = {
            "mean": lambda: self.fc(self.dropout(a.mean((2, 3)))),
            "relu": lambda: self.fc(F.relu(a, inplace=True).mean((2, 3))),
            "own channels": lambda: self.own(a).mean((2, 3)),
            "softmax": lambda: self.softmax(self.fc(a.mean((2, 3)))),
            "maximum": lambda: self.fc(a.amax((2, 3))),
            "functional norm": lambda: self.fc(F.layer_norm(a.mean((2, 3)), (5,))),
            "scaled": lambda: 2 * self.fc(a.mean((2, 3))),
        }
        return ways[self.between]()


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ("mean", (("conv",), False, "fc")),
        ("relu", (("conv",), True, "fc")),
        ("own channels", (("own",), False, None)),
        ("softmax", "'softmax' (Softmax) stands between the 6 × 6 places of 'conv' and the scores"),
        ("maximum", "the 6 × 6 places of 'conv' reach the scores by another way"),
        ("functional norm", "by another way than a plain average"),
        ("scaled", "by another way than a plain average"),
    ],
)
def test_functional_steps_are_seen_by_their_effect(between: str, expected: tuple[object, ...] | str):
    torch.manual_seed(0)
    module = Head(between).eval()
    found = find_head(module, (1, 3, 8, 8))
    image_pass = run_forward(module, torch.randn(2, 3, 8, 8), ["conv"])
    at_conv = head_at(module, image_pass, "conv")
    if isinstance(expected, str):
        assert isinstance(found, str)
        assert expected in found
        assert at_conv is None
    else:
        assert not isinstance(found, str), found
        assert (found.layers, found.relu, found.classifier) == expected
        assert at_conv is not None, "a 1 x 1 convolution before the average is as good as one behind it"


def test_networks_without_feature_maps_are_told_so():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 4)).eval()
    assert re.search(r"no feature maps larger than 1 × 1", str(find_head(flat, (1, 3, 8, 8))))
    assert re.search(r"no feature maps larger than 1 × 1", str(find_head(Small().eval(), (1, 3, 2, 2))))


@pytest.mark.parametrize("size", [1e-12, 0.0])
def test_scores_that_are_all_bias_are_no_evidence(size: float):
    module = Small().eval()
    nn.init.constant_(module.last.weight, size)
    nn.init.zeros_(module.last.bias)
    image_pass = run_forward(module, torch.randn(1, 3, 16, 16), ["last"])
    assert head_at(module, image_pass, "last") is None
    head = find_head(module, (1, 3, 16, 16))
    assert isinstance(head, str) is (size == 0), "however small, what the classifier took in is told apart"


def test_the_network_and_the_random_numbers_are_left_as_they_were():
    module = Small().eval()
    before, numbers = fingerprint(module), torch.get_rng_state()
    find_head(module, (1, 3, 16, 16))
    assert fingerprint(module) == before
    assert torch.equal(torch.get_rng_state(), numbers)
    with pytest.raises(ModelError, match="training mode"):
        find_head(Small(), (1, 3, 16, 16))
