"""What tells apart architectures that fit the same weights, by the networks that the libraries themselves build."""

from __future__ import annotations

import timm
import torch
import torchvision
from torch import nn

from xai_core.models.sources.checkpoint.alternatives import alternatives
from xai_core.models.sources.checkpoint.recognise import recognise


def found(network: nn.Module, key: str) -> dict[str, tuple[bool, str | None]]:
    tensors = network.eval().state_dict()
    others = [p for p in recognise(tensors) if p.architecture.key != key]
    return {a.key: (a.same, a.difference) for a in alternatives(network, (1, 3, 64, 64), others)}


def test_two_libraries_same_design_gives_the_same_answers() -> None:
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None, num_classes=4)
    assert found(network, "torchvision/resnet18")["timm/resnet18"] == (True, None)


def test_padding_leaves_no_trace_in_the_weights_and_is_named() -> None:
    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite0", num_classes=5)
    same, difference = found(network, "timm/tf_efficientnet_lite0")["timm/efficientnet_lite0"]
    assert not same
    assert difference is not None
    assert difference.startswith("conv_stem is Conv2d(3, 32")
    assert "not Conv2dSame(3, 32" in difference


def test_of_one_kind_of_layer_only_the_settings_that_differ_are_named() -> None:
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None, num_classes=4)
    same, difference = found(network, "torchvision/resnet18")["timm/resnetblur18"]
    assert not same
    assert difference == "layer2.0.conv1 has stride=(1, 1), not stride=(2, 2)"
