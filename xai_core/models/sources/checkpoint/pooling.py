"""From a body's feature maps to the vector that a head of one's own reads: what can stand there, by its width."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.sources.checkpoint.architectures import Architecture, build, children_up_to
from xai_core.models.sources.checkpoint.dialects import CHAINS

POOLING, BODY_END = "pooling", "body_end"
_LARGEST_GRID = 16
_SIDE = 224  # pixels, of the input that a body is measured with


class _Both(nn.Module):
    """Two poolings side by side: (n, c, h, w) to (n, 2 c, 1, 1)."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([self.first(features), self.second(features)], 1)


_AVERAGE, _LARGEST = partial(nn.AdaptiveAvgPool2d, 1), partial(nn.AdaptiveMaxPool2d, 1)
# The names as cards have them: the titles on screen, and the layer.
POOLINGS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "avg": ("the mean of each channel", _AVERAGE),
    "max": ("the largest value of each channel", _LARGEST),
    "max_avg": ("the largest values, then the means (fastai)", lambda: _Both(_LARGEST(), _AVERAGE())),
    "avg_max": ("the means, then the largest values", lambda: _Both(_AVERAGE(), _LARGEST())),
}
_BY_SHARE = {1: ("avg", "max"), 2: ("max_avg", "avg_max")}  # the head's width over the channels
BODY_ENDS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "none": ("nothing (as fastai and nn.Sequential(*children) have it)", nn.Identity),
    "relu": ("a ReLU (as in the architecture's own forward)", nn.ReLU),
}


@dataclass(frozen=True)
class Pooled:
    """last: the architecture's child that ends the body; its children up to there follow one another.

    options: the poolings that give the head its width, the likeliest first; none where it reads the whole grid.
    grid: of the maps, in rows and columns, where the head reads them all. open_end: the architecture's own forward goes
    on with a function that is no layer, and nobody knows whether this network does.
    """

    last: str
    options: tuple[str, ...]
    grid: int | None = None
    open_end: bool = False

    def side(self, stride: int) -> int | None:
        """Of the input, in pixels, where the head reads the whole grid."""
        return self.grid * stride if self.grid else None


def chain_of(names: Mapping[str, object]) -> tuple[str, ...]:
    """The children that follow one another, of a body with tensors of these names; () where they do not."""
    first = {name.partition(".")[0] for name in names} - {"head", "fc", "classifier"}
    return next((chain for chain in CHAINS if first <= set(chain)), ())


def pooled(entry: Architecture, channels: int, last: str, width: int) -> Pooled | None:
    """What leads from the body that ends in `last` to a head of this width; None for nothing that is known."""
    maps = _maps(entry.key, channels, last)
    if not maps:
        return None
    open_end = entry.key.startswith("torchvision/densenet")
    share, left = divmod(width, maps)
    if left:
        return None
    if share in _BY_SHARE:
        return Pooled(last, _BY_SHARE[share], open_end=open_end)
    grid = math.isqrt(share)
    return Pooled(last, (), grid, open_end) if 1 < grid <= _LARGEST_GRID and grid * grid == share else None


@cache
def _maps(key: str, channels: int, last: str) -> int:
    """How many feature maps the body gives; 0 where its children do not follow one another."""
    try:
        body = nn.Sequential(*children_up_to(build(key, 2, channels), last).values()).eval()
        with torch.no_grad():
            given: Tensor = body(torch.zeros(1, channels, _SIDE, _SIDE, device="meta"))
    except (ModelError, RuntimeError, ValueError, TypeError, NotImplementedError, AssertionError):
        return 0
    return given.shape[1] if isinstance(given, Tensor) and given.ndim == 4 else 0


def between(how: Pooled) -> dict[str, nn.Module]:
    """The layers between body and head, the poolings as assumed."""
    pool = nn.AdaptiveAvgPool2d(how.grid) if how.grid else POOLINGS[how.options[0]][1]()
    end = {"body_end": BODY_ENDS["none"][1]()} if how.open_end else {}
    return {**end, "pool": pool, "flatten": nn.Flatten(1)}
