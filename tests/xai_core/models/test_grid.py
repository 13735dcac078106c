"""Which axes of an output are places: against real networks, whose channels stay when the input's size changes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
import torchvision
from torch import Tensor, nn

import xai_core as xai
from xai_core.models.grid import as_maps, grid_of

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


def outputs(network: nn.Module, size: tuple[int, int]) -> list[tuple[str, tuple[int, ...]]]:
    """The shapes of all outputs (n, ., ., .) in order; no number is computed."""
    found: list[tuple[str, tuple[int, ...]]] = []

    def note(name: str, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4:
            found.append((name, tuple(output.shape)))

    hooks = [
        part.register_forward_hook(lambda _m, _a, output, name=name: note(name, output))
        for name, part in network.named_modules()
    ]
    network(torch.empty(1, 3, *size, device="meta"))
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_the_channels_are_the_axis_that_stays_at_another_size(name: str) -> None:
    extra = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    with torch.device("meta"):
        network = torchvision.models.get_model(name, weights=None, **extra).eval()
    kinds = {1: "maps", 3: "channels_last"}
    judged, wrong, larger = 0, [], outputs(network, (736, 1088))
    for size in SIZES:
        for (layer, shape), (_, other) in zip(outputs(network, size), larger, strict=True):
            same = [axis for axis in (1, 2, 3) if shape[axis] == other[axis]]
            if len(same) == 1:
                judged += 1
                if grid_of(shape, size).kind != kinds[same[0]]:
                    wrong.append((size, layer, shape))
    assert judged > 8 * len(SIZES)
    assert not wrong


@pytest.mark.parametrize(
    ("shape", "size", "kind"),
    [
        ((1, 40, 30, 23), (240, 180), "maps"),  # 22.5 columns, rounded up
        ((1, 30, 23, 40), (240, 180), "channels_last"),
        ((1, 16, 16, 1), (64, 64), "maps"),  # a strip of sixteen rows
        ((1, 64, 55, 55), (224, 224), "maps"),  # the edge costs a row
        ((1, 16, 16, 768), (224, 224), "channels_last"),  # patches of 14
        ((1, 12, 5, 40), (64, 64), "maps"),  # no picture either way
        ((1, 96, 96, 96), (384, 384), "maps"),  # a picture both ways
    ],
)
def test_numbers_decide(shape: Sequence[int], size: tuple[int, int], kind: str) -> None:
    assert grid_of(shape, size).kind == kind


@pytest.mark.parametrize("shape", [(2, 8, 10, 24), (2, 24, 8, 10), (2, 81, 12), (2, 24), (2, 3, 4, 5, 6)])
def test_what_lies_as_maps_stays_so(shape: Sequence[int]) -> None:
    once = as_maps(torch.rand(shape), (64, 80))
    assert torch.equal(as_maps(once, (64, 80)), once)


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
