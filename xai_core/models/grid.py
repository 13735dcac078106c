"""Where a layer's output keeps the places of the picture: as maps, with the channels last, or as a row of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

STRIDES = tuple(first * 2**halvings for first in (1, 7) for halvings in range(8))  # patches of 14 are cut, too
FEWEST_LAST = 8  # channels: less behind the places are the columns of a strip
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

    Found from the numbers alone: a grid has the picture's proportions, and no more rows or columns than it. Where
    numbers fit both ways (96 x 96 x 96 of a picture of 384 x 384), it is taken for maps.
    """
    if len(shape) == 4:
        return _of_four(shape, input_size)
    return _of_tokens(shape, input_size) if len(shape) == 3 else None


def as_maps(output: Tensor, input_size: Sequence[int]) -> Tensor:
    """(n, c, h, w) of an output with places; one that has none, or that is laid out so already, as it is."""
    grid = grid_of(output.shape, input_size)
    return output if grid is None else to_maps(output, grid)


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
    """Channels last where only that reading is the picture, halved a few times; where both are, channels come first."""
    _, a, b, c = shape
    last = min(a, b) > 1 and c >= FEWEST_LAST and not _shrunk(b, c, input_size) and _shrunk(a, b, input_size)
    return Grid("channels_last", a, b, c) if last else Grid("maps", b, c, a)


def _shrunk(rows: int, columns: int, input_size: Sequence[int]) -> bool:
    """Whether one stride turns inputs (H, W) into this grid, give or take the cell that rounding or an edge costs."""
    height, width = input_size
    return any(abs(rows - height / s) <= 1 and abs(columns - width / s) <= 1 for s in STRIDES)


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
