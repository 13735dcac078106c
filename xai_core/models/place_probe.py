"""Whether a layer's cells are the picture's places: marks at a few places must show in the right cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import torch
from torch import Tensor, nn

from xai_core.models.grid import Grid, to_maps
from xai_core.models.isolate import isolated

MARKS = 6


def proved(module: nn.Module, input_shape: Sequence[int], candidates: Mapping[str, Sequence[Grid]]) -> dict[str, Grid]:
    """{layer: the reading of its output that holds}, without those of which none does. input_shape: (n, c, H, W).

    One pass over a noise picture, and the same with a mark at one of six places each: relative to what all marks change
    there, each must change its own cell more than the cells of all other marks. Numbers at random pass six such rows
    once in 46 656 times. Weights may be random.
    """
    if not candidates:
        return {}
    first = next((p for p in module.parameters() if p.is_floating_point()), torch.empty(0))
    base, marked, places = _marked(input_shape)
    given = torch.cat([base, marked]).to(first)
    outputs = _outputs(module, given, tuple(candidates))
    return {
        name: right[0]
        for name, grids in candidates.items()
        if name in outputs and (right := [grid for grid in grids if holds(outputs[name], grid, places)])
    }


def holds(output: Tensor, grid: Grid, places: Sequence[tuple[float, float]]) -> bool:
    """output: of a picture, and of the same with a mark at each of these places, as shares of height and width."""
    if not output.is_floating_point() or not _fits(output, grid):
        return False
    maps = to_maps(output, grid).double()
    changed = (maps[1:] - maps[:1]).abs().sum(dim=1)  # (marks, h, w)
    cells = [(min(int(y * grid.height), grid.height - 1), min(int(x * grid.width), grid.width - 1)) for y, x in places]
    distinct = list(dict.fromkeys(cells))
    if len(distinct) < min(4, grid.height * grid.width):
        return False
    seen = torch.stack([changed[:, row, column] for row, column in distinct], dim=1)  # (marks, cells)
    share = seen / seen.sum(dim=0, keepdim=True).clamp(min=torch.finfo(seen.dtype).tiny)
    right = torch.tensor([distinct.index(cell) for cell in cells])
    return bool(torch.isfinite(share).all()) and bool((share.argmax(dim=1) == right).all())


def _fits(output: Tensor, grid: Grid) -> bool:
    h, w, c = grid.height, grid.width, grid.channels
    if grid.kind == "tokens":
        return output.ndim == 3 and output.shape[1] >= grid.others + h * w and output.shape[2] == c
    return tuple(output.shape[1:]) == ((c, h, w) if grid.kind == "maps" else (h, w, c))


def _marked(input_shape: Sequence[int]) -> tuple[Tensor, Tensor, list[tuple[float, float]]]:
    """A picture (1, c, H, W), copies with one mark each, and the marks' places as shares of height and width.

    The places are crossings of two random rows with three random columns, so that a reading which finds only one of the
    two, or takes one for the other, goes wrong.
    """
    _, channels, height, width = input_shape
    random = torch.Generator().manual_seed(0)
    base = torch.randn(1, channels, height, width, generator=random)
    rows = [int(half + torch.randint(3, (), generator=random)) for half in (0, 3)]
    columns = [int(third + torch.randint(2, (), generator=random)) for third in (0, 2, 4)]
    marked = base.repeat(MARKS, 1, 1, 1)
    places = []
    for k, (row, column) in enumerate(product(rows, columns)):
        y, x = (row + 0.5) / MARKS, (column + 0.5) / MARKS
        top, bottom = int(row * height / MARKS), max(int((row + 1) * height / MARKS), int(row * height / MARKS) + 1)
        left, right = (
            int(column * width / MARKS),
            max(int((column + 1) * width / MARKS), int(column * width / MARKS) + 1),
        )
        patch = torch.randn(channels, bottom - top, right - left, generator=random)
        marked[k, :, top:bottom, left:right] = 3 * patch
        places.append((y, x))
    return base, marked, places


def _outputs(module: nn.Module, given: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """{layer: its outputs}, of all pictures at once, or one after another where the network takes no batch."""
    for step in (len(given), 1):
        copy = isolated(module, names)
        kept: dict[str, list[Tensor]] = {name: [] for name in names}

        def keep(name: str, output: object, kept: dict[str, list[Tensor]] = kept) -> None:
            if isinstance(output, Tensor):
                kept[name].append(output.detach().clone())

        for name in names:
            copy.get_submodule(name).register_forward_hook(lambda _m, _a, output, name=name: keep(name, output))
        try:
            with torch.inference_mode(False), torch.no_grad():
                for start in range(0, len(given), step):
                    copy(given[start : start + step])
        except Exception:  # networks refuse batches in ways that no list ends
            continue
        return {
            name: torch.cat(parts)
            for name, parts in kept.items()
            if len(parts) == len(given) // step and all(len(part) == step for part in parts)
        }
    return {}
