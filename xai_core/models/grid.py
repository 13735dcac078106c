"""Where a layer's output keeps the places of the picture: as maps, with the channels last, or as a row of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

import torch
from torch import Tensor

MOST_OTHERS = 16  # tokens that stand for no place: class, distillation, registers


@dataclass(frozen=True)
class Grid:
    """kind: "maps" (n, c, h, w), "channels_last" (n, h, w, c), or "tokens" (n, others + h * w, c).

    others: tokens that stand for no place; they come first.
    """

    kind: Literal["maps", "channels_last", "tokens"]
    height: int
    width: int
    channels: int
    others: int = 0


def grid_of(shape: Sequence[int], input_size: Sequence[int]) -> Grid | None:
    """The grid of an output of this shape in a pass over inputs (H, W); None for what has no places.

    Found from the numbers alone: a grid has the picture's proportions, and no more rows or columns than it.
    """
    if len(shape) == 4:
        return _of_four(shape, input_size)
    return _of_tokens(shape, input_size) if len(shape) == 3 else None


def to_maps(output: Tensor, grid: Grid) -> Tensor:
    """(n, c, h, w), a view where it can be."""
    if grid.kind == "maps":
        return output
    if grid.kind == "channels_last":
        return output.permute(0, 3, 1, 2)
    places = output[:, grid.others :].transpose(1, 2)
    return places.reshape(len(output), grid.channels, grid.height, grid.width)


def from_maps(maps: Tensor, output: Tensor, grid: Grid) -> Tensor:
    """Like `output`, its places taken from maps (n, c, h, w) and its other tokens left as they are."""
    if grid.kind == "maps":
        return maps
    if grid.kind == "channels_last":
        return maps.permute(0, 2, 3, 1).contiguous()
    places = maps.flatten(2).transpose(1, 2)
    return torch.cat([output[:, : grid.others], places], dim=1) if grid.others else places.contiguous()


def _of_four(shape: Sequence[int], input_size: Sequence[int]) -> Grid:
    """Channels last where the proportions of the picture say so; where both ways fit, channels come first."""
    _, a, b, c = shape
    last = _stretch((a, b), input_size) < _stretch((b, c), input_size) - 0.01 and a <= input_size[0]
    return Grid("channels_last", a, b, c) if last and a > 1 else Grid("maps", b, c, a)


def _stretch(grid: tuple[int, int], input_size: Sequence[int]) -> float:
    """How far a grid's proportions are from the picture's; 0 for the same."""
    return abs(log(max(grid[0], 1) / max(grid[1], 1) * input_size[1] / input_size[0]))


def _of_tokens(shape: Sequence[int], input_size: Sequence[int]) -> Grid | None:
    """The largest grid of square cells into which the tokens go but for a few."""
    _, tokens, channels = shape
    height, width = input_size
    for rows in range(min(height, int((tokens * height / width) ** 0.5 + 1)), 1, -1):
        columns, rest = divmod(rows * width, height)
        others = tokens - rows * columns
        if rest == 0 and columns > 1 and height % rows == 0 and 0 <= others <= min(MOST_OTHERS, rows):
            return Grid("tokens", rows, columns, channels, others)
    return None
