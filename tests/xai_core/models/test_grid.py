"""Which axes of an output are places: against real networks, whose channels stay when the input's size changes."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import nn

import xai_core as xai
from xai_core.models.grid import Grid
from xai_core.models.layouts import calls

SIZES = [(240, 180), (288, 216), (256, 128), (413, 197), (583, 166), (224, 448)]
NETWORKS = [
    "alexnet",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "mobilenet_v2",
    "resnet18",
    "shufflenet_v2_x0_5",
    "swin_t",
    "convnext_tiny",
]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_channels_are_the_axis_that_stays_at_another_size(name: str) -> None:
    extra = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    with torch.device("meta"):
        network = torchvision.models.get_model(name, weights=None, **extra).eval()
    kinds = {1: "maps", 3: "channels_last"}
    judged, wrong, larger = 0, [], calls(network, (1, 3, 736, 1088))
    for size in SIZES:
        for call, other in zip(calls(network, (1, 3, *size)), larger, strict=True):
            same = [axis for axis in (1, 2, 3) if len(call.shape) == 4 and call.shape[axis] == other.shape[axis]]
            if len(same) == 1:
                judged += 1
                if not isinstance(call.layout, Grid) or call.layout.kind != kinds.get(same[0]):
                    wrong.append((size, call))
    assert judged > 8 * len(SIZES)
    assert not wrong


def test_a_class_map_of_an_oblong_picture_has_the_layers_own_grid() -> None:
    torch.manual_seed(0)
    network = torchvision.models.efficientnet_b0(weights=None).eval()
    inputs = torch.randn(1, 3, 240, 180)
    assert network.features[:4](inputs).shape == (1, 40, 30, 23)
    assert xai.class_maps(network, inputs, ["features.3"], [0])["features.3"].shape == (1, 1, 30, 23)


def test_a_strip_of_places_is_no_square() -> None:
    torch.manual_seed(0)
    strip = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.AdaptiveAvgPool2d((16, 1)), nn.Flatten(), nn.Linear(256, 3)
    )
    maps = xai.class_maps(strip.eval(), torch.randn(1, 3, 64, 64), ["1"], [0])["1"]
    assert maps.shape == (1, 1, 16, 1)
