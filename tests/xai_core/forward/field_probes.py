"""Two probes that ask a network itself which input pixels reach a unit; they know nothing of kernels and strides."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
import torchvision
from torch import Tensor, nn

from xai_core.models.sources.imagenet import build_imagenet


def network(name: str) -> nn.Module:
    """The bundled network with its weights, or one of torchvision's with random ones; in eval mode."""
    torch.manual_seed(0)
    if name == "bundled":
        return build_imagenet()
    options = {"init_weights": True, "aux_logits": False} if name == "googlenet" else {}
    return torchvision.models.get_model(name, weights=None, **options).eval()


def map_layers(module: nn.Module, shape: Sequence[int]) -> list[str]:
    """All layers that run once and give (n, c, h, w)."""
    outputs: dict[str, list[object]] = {}
    hooks = [
        part.register_forward_hook(lambda _m, _i, out, name=name: outputs.setdefault(name, []).append(out))
        for name, part in module.named_modules()
    ]
    with torch.no_grad():
        module(torch.zeros(1, *shape))
    for hook in hooks:
        hook.remove()
    return [k for k, v in outputs.items() if len(v) == 1 and isinstance(v[0], Tensor) and v[0].ndim == 4]


def nan_boxes(module: nn.Module, layers: Sequence[str], shape: Sequence[int]) -> dict[str, np.ndarray]:
    """The boxes (h, w, 4) of all units: a row or column of NaN in the input spreads to whatever depends on it.

    In double precision, where convolutions are plain sums; fast ones in single precision smear NaN over their tiles.
    """
    probed = copy.deepcopy(module).double()
    spread: dict[str, list[Tensor]] = {name: [] for name in layers}
    for name in layers:
        probed.get_submodule(name).register_forward_hook(
            lambda _m, _i, out, name=name: spread[name].append(out.isnan().any(1))
        )
    edges = []
    for axis in (1, 2):
        for first in range(0, shape[axis], 16):
            places = range(first, min(first + 16, shape[axis]))
            inputs = torch.rand(len(places), *shape, dtype=torch.float64)
            for image, place in zip(inputs, places, strict=True):
                image.select(axis, place).fill_(torch.nan)
            with torch.no_grad():
                probed(inputs)
        edges.append({name: _edges(torch.cat(found)) for name, found in spread.items()})
        for found in spread.values():
            found.clear()
    rows, columns = edges
    return {n: np.stack([columns[n][0], rows[n][0], columns[n][1], rows[n][1]], -1) for n in layers}


def _edges(reached: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """First and exclusive last place for each unit, from bool (places, h, w); zeros where nothing reaches it."""
    first, last = reached.int().argmax(0), len(reached) - reached.flip(0).int().argmax(0)
    return (first * reached.any(0)).numpy(), (last * reached.any(0)).numpy()


def positive_copy(module: nn.Module) -> nn.Module:
    """All weights positive, no biases, normalisations and ReLUs that do nothing, averages for maxima: no shut path."""
    probed = copy.deepcopy(module).double()
    for name, part in list(probed.named_modules()):
        if isinstance(part, nn.MaxPool2d):
            average = nn.AvgPool2d(part.kernel_size, part.stride, part.padding, part.ceil_mode)
            probed.set_submodule(name, average)
        elif isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
        for kind, parameter in part.named_parameters(recurse=False):
            value = 0.0 if kind == "bias" else 1.0 if parameter.ndim == 1 else 1 / parameter[0].numel()
            parameter.data.fill_(value)
    return probed.requires_grad_(False)


def gradient_boxes(
    module: nn.Module, layer: str, shape: Sequence[int], units: Sequence[tuple[int, int]] | None = None
) -> dict[tuple[int, int], tuple[int, ...]]:
    """The boxes of some units (all by default) of a positive copy: where the input gradient of the unit is not zero."""
    kept: list[Tensor] = []
    hook = module.get_submodule(layer).register_forward_hook(lambda _m, _i, out: kept.append(out))
    inputs = torch.full((1, *shape), 1e-6, dtype=torch.float64, requires_grad=True)
    module(inputs)
    hook.remove()
    units = units or [(i, j) for i in range(kept[0].shape[2]) for j in range(kept[0].shape[3])]
    boxes = {}
    for i, j in units:
        (gradient,) = torch.autograd.grad(kept[0][0, :, i, j].sum(), inputs, retain_graph=True)
        rows, columns = torch.nonzero(gradient[0].sum(0), as_tuple=True)
        edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else (0, 0, 0, 0)
        boxes[i, j] = tuple(int(edge) for edge in edges)
    return boxes
