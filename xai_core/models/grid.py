"""Where a layer's output keeps the places of the picture: as maps, with the channels last, or as a row of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

MOST_OTHERS = 16  # tokens that stand for no place: class, distillation, registers


@dataclass(frozen=True)
class Grid:
    """kind: "maps" (n, c, h, w), "channels_last" (n, h, w, c), or "tokens" (n, others + h * w, c).

    others: tokens that stand for no place and come first; what comes behind the places stands for none either.
    """

    kind: Literal["maps", "channels_last", "tokens"]
    height: int
    width: int
    channels: int
    others: int = 0


def readings(shape: Sequence[int], input_size: Sequence[int]) -> tuple[Grid, ...]:
    """The grids that an output of this shape could be for inputs (H, W): what a probe has to decide between."""
    if len(shape) == 4:
        _, a, b, c = shape
        grids = (Grid("maps", b, c, a), Grid("channels_last", a, b, c))
        return tuple(grid for grid in grids if min(grid.height, grid.width) > 1)
    tokens = _of_tokens(shape, input_size) if len(shape) == 3 else None
    return () if tokens is None else (tokens,)


def grid_of_tokens(tokens: int, input_size: Sequence[int]) -> Grid | None:
    """The grid of so many tokens of inputs (H, W), by their number alone: the largest of square cells."""
    return _of_tokens((1, tokens, 1), input_size)


def to_maps(output: Tensor, grid: Grid) -> Tensor:
    """(n, c, h, w), a view where it can be."""
    if grid.kind == "maps":
        return output
    if grid.kind == "channels_last":
        return output.permute(0, 3, 1, 2)
    places = output[:, grid.others : grid.others + grid.height * grid.width].transpose(1, 2)
    return places.reshape(len(output), grid.channels, grid.height, grid.width)


def from_maps(maps: Tensor, output: Tensor, grid: Grid) -> Tensor:
    """Like `output`, its places taken from maps (n, c, h, w) and its other tokens left as they are."""
    if grid.kind == "maps":
        return maps
    if grid.kind == "channels_last":
        return maps.permute(0, 2, 3, 1).contiguous()
    places = maps.flatten(2).transpose(1, 2)
    end = grid.others + places.shape[1]
    if output.shape[1] == places.shape[1]:
        return places.contiguous()
    return torch.cat([output[:, : grid.others], places, output[:, end:]], dim=1)


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
