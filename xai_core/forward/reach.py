"""What the elements of a tensor can see of one axis of the picture, and how layers change that.

Two accounts run side by side, each with a first and a last place for every element. The span is exact, edges and
padding included. The window is the classical theory (Araujo, Norris, Sim 2019, "Computing Receptive Fields of
Convolutional Neural Networks"), in which the picture goes on for ever. Four operations carry both through a network:
`union` (sums, gates, branches), `gather` (windows), `mix` (averages, attention, linear layers) and `move` (views,
slices, shuffles).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

NOWHERE = 2**30  # what sees nothing begins behind everything, and ends, negated, behind everything too

Outside = Literal["nothing", "nearest", "reflected"]


@dataclass(frozen=True, eq=False)
class Reach:
    """One axis of the picture as the elements of a tensor of this `shape` see it.

    axis: -2 for rows and -1 for columns, also the dimension along which a map of a single unit goes on.
    span, window: int64 (2, *dims), first place and negated exclusive end, so that a hull is a minimum. They broadcast
    against the tensor: size 1 along all dimensions that make no difference. No window is left where all was mixed.
    stride: from one element to the next along the axis. cause: what made every element see all that there was to see.
    """

    axis: int
    shape: tuple[int, ...]
    span: np.ndarray
    window: np.ndarray | None
    stride: float = 1
    cause: str | None = None


def image_axis(shape: tuple[int, ...], axis: int) -> Reach:
    """The picture itself: every element sees its own place."""
    places = np.arange(shape[axis]).reshape([-1 if dim == axis else 1 for dim in range(-len(shape), 0)])
    own = np.stack([places, -places - 1])
    return Reach(axis, shape, own, own)


def nothing(axis: int, shape: tuple[int, ...]) -> Reach:
    """A tensor that does not depend on the picture."""
    empty = np.full((2, *(1 for _ in shape)), NOWHERE)
    return Reach(axis, shape, empty, empty)


def shaped(reach: Reach, shape: tuple[int, ...]) -> Reach:
    """The same reach for a tensor of `shape`, against which it broadcasts from the right."""
    window = reach.window if reach.window is None else _aligned(reach.window, len(shape))
    return replace(reach, shape=shape, span=_aligned(reach.span, len(shape)), window=window)


def union(reaches: Sequence[Reach]) -> Reach:
    """Elements that see what any of the (broadcast) operands sees; windows leave out operands that see all."""
    windows = [reach.window for reach in reaches if reach.window is not None]
    strides = [reach.stride for reach in reaches if reach.window is not None]
    return replace(
        reaches[0],
        span=_hull([reach.span for reach in reaches]),
        window=_hull(windows) if windows else None,
        stride=strides[0] if strides else 0,
        cause=next((reach.cause for reach in reaches if reach.cause), None),
    )


def gather(reach: Reach, dim: int, taps: np.ndarray, ratio: float, outside: Outside = "nothing") -> Reach:
    """Windows along `dim` (negative): output k sees the sources taps[k], int (n_out, n_taps).

    ratio: sources from one window to the next. outside: what the places behind the edges see.
    """
    length = reach.shape[dim]
    if reach.span.shape[dim] != length or (length == 1 and dim != reach.axis):
        return reach  # the same everywhere along this dimension, and so it stays
    span = np.concatenate([reach.span, np.full_like(reach.span.take([0], dim), NOWHERE)], dim)
    span = span.take(_places(taps, length, outside), dim).min(dim)
    window = None if reach.window is None else _slid(reach.window, dim, taps, reach.stride)
    return replace(reach, span=span, window=window, stride=reach.stride * ratio)


def mix(reach: Reach, dims: Sequence[int], cause: str, keepdim: bool = True) -> Reach:
    """Every element sees all that lies along `dims` (negative); without keepdim they vanish."""
    dims = tuple(dims)
    span, window = reach.span.min(dims, keepdims=True), reach.window
    everything = span.size == 2 < reach.span.size
    window = None if everything or window is None else window.min(dims, keepdims=True)
    if not keepdim:
        span, window = span.squeeze(dims), None if window is None else window.squeeze(dims)
    return replace(reach, span=span, window=window, cause=reach.cause or (cause if everything else None))


def blur(reach: Reach, cause: str) -> Reach:
    """Every element sees all that any element saw."""
    return replace(reach, span=reach.span.reshape(2, -1).min(1), window=None, cause=reach.cause or cause)


def move(reach: Reach, replay: Callable[[Tensor], Tensor | Sequence[Tensor]]) -> list[Reach]:
    """An operation that only moves values: it is replayed on the elements' numbers."""
    moved = replay(_numbers(reach))
    return [_looked_up([reach], numbers) for numbers in ([moved] if isinstance(moved, Tensor) else moved)]


def join(reaches: Sequence[Reach], dim: int) -> Reach:
    """Tensors laid end to end along a dimension in which they differ."""
    sizes = np.cumsum([0, *(reach.span[0].size for reach in reaches)])
    numbers = [_numbers(reach) + int(size) for reach, size in zip(reaches, sizes, strict=False)]
    return _looked_up(reaches, torch.cat(numbers, dim))


def _hull(arrays: Sequence[np.ndarray]) -> np.ndarray:
    rank = max(array.ndim for array in arrays) - 1
    hull = _aligned(arrays[0], rank)
    for array in arrays[1:]:
        hull = np.minimum(hull, _aligned(array, rank))
    return hull


def _aligned(array: np.ndarray, rank: int) -> np.ndarray:
    return array.reshape(2, *(1,) * (rank + 1 - array.ndim), *array.shape[1:])


def _places(taps: np.ndarray, length: int, outside: Outside) -> np.ndarray:
    """Which element a tap reads; number `length` is one that sees nothing."""
    if outside == "nearest":
        return taps.clip(0, length - 1)
    if outside == "reflected":
        taps = np.where(taps < 0, -taps, taps)
        taps = np.where(taps >= length, 2 * (length - 1) - taps, taps)
    return np.where((taps >= 0) & (taps < length), taps, length)


def _slid(window: np.ndarray, dim: int, taps: np.ndarray, stride: float) -> np.ndarray:
    """Windows of windows; behind the edges they go on as they would inside."""
    inside = taps.clip(0, window.shape[dim] - 1)
    beyond = (taps - inside) * stride
    shift = np.stack([np.floor(beyond), np.floor(-beyond)]).astype(np.int64)  # a stride below 1 is rounded outwards
    shift = np.where(abs(taps) < NOWHERE, shift, NOWHERE)
    before, after = window.ndim - 1 + dim, -1 - dim
    return (window.take(inside, dim) + shift.reshape(2, *(1,) * before, *taps.shape, *(1,) * after)).min(dim)


def _numbers(reach: Reach) -> Tensor:
    """Each element's column in its table, expanded to the tensor's shape without copies."""
    return torch.arange(reach.span[0].size).reshape(reach.span.shape[1:]).expand(reach.shape)


def _looked_up(reaches: Sequence[Reach], numbers: Tensor) -> Reach:
    """What elements see that stood in other places before: column `number` of the table of all spans and windows."""
    first = reaches[0]
    with_windows = all(reach.window is not None for reach in reaches)
    table = np.concatenate([_column(reach, with_windows) for reach in reaches], axis=1)
    repeated = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in numbers.stride())
    found = _compact(table[:, numbers[repeated].numpy()])
    window = found[2:] if with_windows else None
    stride = first.stride if window is None else _stride(window[0], first.stride)
    cause = next((reach.cause for reach in reaches if reach.cause), None)
    return Reach(first.axis, first.shape, found[:2], window, stride, cause)


def _column(reach: Reach, with_window: bool) -> np.ndarray:
    arrays = [reach.span, reach.window] if with_window and reach.window is not None else [reach.span]
    return np.concatenate([np.broadcast_to(array, reach.span.shape).reshape(2, -1) for array in arrays])


def _compact(array: np.ndarray) -> np.ndarray:
    """The same with size 1 along every dimension but the first that makes no difference."""
    for dim in range(1, array.ndim):
        first = array.take([0], dim)
        array = first if (array == first).all() else array
    return array


def _stride(starts: np.ndarray, before: float) -> float:
    """The spacing along the one dimension in which elements differ; as before where there is none or it is uneven."""
    steps = np.diff(starts.ravel())
    along_one = max(starts.shape, default=1) == starts.size > 1
    return int(steps[0]) if along_one and (steps == steps[0]).all() else before
