"""Whether a layer's cells are the picture's places: marks at a few places must show in the right cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import torch
from torch import Tensor, nn

from xai_core.models.grid import Grid, to_maps
from xai_core.models.isolate import isolated

# Of the marks' middles, as shares of height and width: no reading that takes one of the two for the other agrees.
PLACES = tuple(product((0.1, 0.5, 0.9), (0.1, 0.5, 0.9)))
_SIDE = 1 / 6  # of a mark, as a share of the picture's
_DRAWS = 2  # a reading that has only the columns right passes one draw in 216 times
_AT_ONCE = 10  # pictures in a pass


def proved(module: nn.Module, input_shape: Sequence[int], candidates: Mapping[str, Sequence[Grid]]) -> dict[str, Grid]:
    """{layer: the reading of its output that holds}, without those of which none does. input_shape: (n, c, H, W).

    Passes over a noise picture and copies of it with a mark each, twice at nine places: see `holds`. Weights may be
    random. Of the outputs no more is kept than the cells that are looked at.
    """
    if not candidates:
        return {}
    first = next((p for p in module.parameters() if p.is_floating_point()), torch.empty(0))
    samples = _samples(module, marked(input_shape).to(first), candidates)
    return {
        name: right[0]
        for name, grids in candidates.items()
        if (right := [grid for grid in grids if holds(samples.get((name, grid)), grid)])
    }


def holds(sampled: Tensor | None, grid: Grid) -> bool:
    """sampled: `sample` of the pictures of `marked`; None, or of another length, where a pass did not give as many.

    Of all ways to give the nine marks of a draw to their nine cells the right one must explain the changes best,
    whatever the marks' and the cells' scales: numbers at random pass once in 362 880 times. Where two marks share a
    cell, each must change its own, relative to what all marks change there, more than any other's.
    """
    if sampled is None or len(sampled) != 1 + _DRAWS * len(PLACES) or not bool(torch.isfinite(sampled).all()):
        return False
    changed = (sampled[1:] - sampled[:1]).abs().sum(dim=2).unflatten(0, (_DRAWS, -1))  # (draws, marks, cells)
    own = _cells(grid)
    return bool(changed.any(dim=1).all()) and all(_right(draw, own) for draw in changed)


def sample(output: Tensor, grid: Grid) -> Tensor | None:
    """The cells (n, cells, c), float64, in which the marks should show; None where the output does not fit the grid.

    Without the mean of all places, so that what a mark changes everywhere (an attention that looks evenly at all
    places) counts for no cell.
    """
    if not output.is_floating_point() or not _fits(output, grid) or min(grid.height, grid.width) < 2:
        return None
    maps = to_maps(output.detach(), grid)
    cells = torch.tensor(list(dict.fromkeys(_cells(grid))), device=maps.device).T
    return (maps[:, :, cells[0], cells[1]].double() - maps.double().mean((2, 3))[..., None]).mT


def _cells(grid: Grid) -> list[tuple[int, int]]:
    return [(int(y * grid.height), int(x * grid.width)) for y, x in PLACES]


def _right(changed: Tensor, cells: Sequence[tuple[int, int]]) -> bool:
    """changed: (marks, distinct cells). cells: of the marks."""
    distinct = list(dict.fromkeys(cells))
    if len(distinct) == len(cells):
        return _best_on_the_diagonal(changed)
    share = changed / changed.sum(dim=0, keepdim=True)
    right = torch.tensor([distinct.index(cell) for cell in cells], device=share.device)
    return bool((share.argmax(dim=1) == right).all())


def _best_on_the_diagonal(energy: Tensor) -> bool:
    """Whether of all ways to give rows to columns the diagonal has the largest product. energy: (n, n), 0 and more."""
    from scipy.optimize import linear_sum_assignment  # not at the top: it takes a while, and few networks ask

    logs = energy.clamp(min=torch.finfo(energy.dtype).tiny).log()
    _, chosen = linear_sum_assignment(logs.numpy(force=True), maximize=True)
    return bool((chosen == range(len(energy))).all())


def _fits(output: Tensor, grid: Grid) -> bool:
    h, w, c = grid.height, grid.width, grid.channels
    if grid.kind == "tokens":
        return output.ndim == 3 and output.shape[1] >= grid.others + h * w and output.shape[2] == c
    return tuple(output.shape[1:]) == ((c, h, w) if grid.kind == "maps" else (h, w, c))


def marked(input_shape: Sequence[int]) -> Tensor:
    """A noise picture and copies with one mark each, of every draw: (1 + draws * marks, c, H, W)."""
    _, channels, height, width = input_shape
    random = torch.Generator().manual_seed(0)
    base = torch.randn(1, channels, height, width, generator=random)
    pictures = base.repeat(1 + _DRAWS * len(PLACES), 1, 1, 1)
    for picture, (y, x) in zip(pictures[1:], _DRAWS * PLACES, strict=True):
        top, bottom = _edges(y, height)
        left, right = _edges(x, width)
        picture[:, top:bottom, left:right] = 3 * torch.randn(channels, bottom - top, right - left, generator=random)
    return pictures


def _edges(middle: float, pixels: int) -> tuple[int, int]:
    low, high = (round((middle + side * _SIDE / 2) * pixels) for side in (-1, 1))
    return max(low, 0), max(min(high, pixels), low + 1)


def _samples(
    module: nn.Module, given: Tensor, candidates: Mapping[str, Sequence[Grid]]
) -> dict[tuple[str, Grid], Tensor]:
    """Of all pictures, some at once, or one after another where the network takes no batch."""
    for step in (_AT_ONCE, 1):
        copy = isolated(module, candidates)
        kept: dict[tuple[str, Grid], list[Tensor]] = {}

        def keep(name: str, output: object, kept: dict[tuple[str, Grid], list[Tensor]] = kept) -> None:
            for grid in candidates[name]:
                if isinstance(output, Tensor) and (sampled := sample(output, grid)) is not None:
                    kept.setdefault((name, grid), []).append(sampled)

        for name in candidates:
            copy.get_submodule(name).register_forward_hook(lambda _m, _a, output, name=name: keep(name, output))
        try:
            with torch.inference_mode(False), torch.no_grad():
                for pictures in given.split(step):
                    copy(pictures)
        except Exception:  # networks refuse batches in ways that no list ends
            continue
        sizes = [len(pictures) for pictures in given.split(step)]
        return {key: torch.cat(parts) for key, parts in kept.items() if [len(part) for part in parts] == sizes}
    return {}
