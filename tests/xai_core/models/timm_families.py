"""timm's registry, a small network of each family first, and what must hold at every layer that is listed of one."""

from __future__ import annotations

import re

import timm
import torch
from torch import Tensor, nn

import xai_core as xai
from xai_core.models.grid import Grid, to_maps
from xai_core.models.layouts import layouts
from xai_core.models.place_probe import _marked, _outputs, holds

_SMALL = (
    "test_",
    "zepto",
    "atto",
    "femto",
    "pico",
    "nano",
    "micro",
    "tiny",
    "xxs",
    "xs",
    "mini",
    "small",
    "18",
    "26",
    "b0",
    "050",
    "s12",
)
_LARGE = (
    "giant",
    "gigantic",
    "enormous",
    "huge",
    "xxlarge",
    "so400m",
    "so150m",
    "7b",
    "xlarge",
    "large",
    "_g_",
    "_h_",
    "152",
    "200",
    "269",
)
_SIDE = 160  # pixels, where a network may have other inputs than its own


def families() -> dict[str, list[str]]:
    """{module of timm: its networks, small ones first}."""
    found = {}
    for family in timm.list_modules():
        names = timm.list_models(module=family)
        if names:
            found[family] = sorted(names, key=_size)
    return found


def _size(name: str) -> tuple[int, int, int, str]:
    rank = next((i for i, word in enumerate(_SMALL) if word in name), len(_SMALL))
    return sum(word in name for word in _LARGE), rank, len(re.findall(r"\d+", name)), name


def network_of(name: str) -> tuple[nn.Module, tuple[int, int, int]]:
    """A network with random weights, five classes whose scores do depend on the picture, and its inputs (c, H, W)."""
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=5).eval()
    for part in network.modules():
        if isinstance(part, nn.Linear | nn.Conv2d) and not bool(part.weight.count_nonzero()):
            nn.init.normal_(part.weight, std=0.02)
    config = network.pretrained_cfg
    channels, height, width = config.get("input_size", (3, 224, 224))
    if config.get("fixed_input_size", False):
        return network, (channels, height, width)
    least = config.get("min_input_size", (channels, _SIDE, _SIDE))
    return network, (channels, max(least[1], _SIDE), max(least[2], _SIDE))


def trouble(name: str) -> list[str]:
    """What does not hold of one network, one sentence each; none where all is well."""
    network, size = network_of(name)
    model = xai.wrap_model(
        network, input_size=size[1:], mean=(0.5,) * size[0], std=(0.5,) * size[0], class_names=list("abcde")
    )
    listed = xai.layers(model)
    found = [] if listed else ["no layer is listed"]
    names = [layer.name for layer in listed if layer.main]
    found += _not_proved(network, (1, *size), names)
    suggested = [layer.name for layer in listed if layer.suggested]
    ends = [layer.name for layer in listed if layer.stage_end and not layer.suggested]
    for layer in [*suggested, *ends[:1]]:
        found += _other_map(network, torch.randn(1, *size), layer)
    return found


def _not_proved(network: nn.Module, shape: tuple[int, ...], names: list[str]) -> list[str]:
    """By numbers; in double precision where random weights pass on little of a mark."""
    base, marked, places = _marked(shape)
    grids, given = layouts(network, shape, names), torch.cat([base, marked])

    def wrong(network: nn.Module, given: Tensor, names: list[str]) -> list[str]:
        outputs = _outputs(network, given, names)
        return [
            n for n in names if not (n in outputs and isinstance(g := grids[n], Grid) and holds(outputs[n], g, places))
        ]

    left = wrong(network, given, names)
    if left:
        left = wrong(network.double(), given.double(), left)
        network.float()
    return [f"{name}: marks do not show in their places" for name in left]


def _other_map(network: nn.Module, inputs: Tensor, layer: str) -> list[str]:
    """A Grad-CAM that is not the one of a plain hook and plain autograd."""
    try:
        ours = xai.class_maps(network, inputs, [layer], 1, relu=False)[layer][0, 0]
    except xai.LayerError as refusal:
        return [] if "no influence" in str(refusal) else [f"{layer}: {refusal}"]
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _args: object, output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()

    hook = network.get_submodule(layer).register_forward_hook(keep)
    try:
        score = network(inputs.clone().requires_grad_())[0, 1]
        (gradient,) = torch.autograd.grad(score, kept[0])
    finally:
        hook.remove()
    grid = layouts(network, tuple(inputs.shape), [layer])[layer]
    assert isinstance(grid, Grid)
    maps, slopes = to_maps(kept[0].detach(), grid)[0], to_maps(gradient, grid)[0]
    expected = (slopes.mean((1, 2))[:, None, None] * maps).sum(0)
    error = float((ours - expected).abs().max() / expected.abs().max().clamp(min=1e-30))
    return [] if error <= 1e-4 else [f"{layer}: the map is {error:.1e} off plain autograd's"]
