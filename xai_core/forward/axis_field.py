"""What the elements of a tensor can see of one axis of the image, and how operations change that.

Two accounts run side by side, each with a first and a last place for every element. The span is exact, edges and
padding included. The window is the classical theory (Araujo, Norris, Sim 2019, "Computing Receptive Fields of
Convolutional Neural Networks"), in which the image goes on for ever. Four operations carry both through a network:
`union` (sums, gates, branches), `gather` (windows), `mix` (averages, attention, linear layers) and `move` (views,
slices, shuffles). The second half says which places a window reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Literal

import numpy as np
import torch
from torch import Tensor

NOWHERE = 2**30  # what sees nothing begins behind everything, and ends, negated, behind everything too

Outside = Literal["nothing", "nearest", "reflected"]
Resampling = Literal["nearest", "nearest_exact", "linear", "cubic"]


@dataclass(frozen=True, eq=False)
class AxisField:
    """One axis of the image as the elements of a tensor of this `shape` see it.

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


def image_axis(shape: tuple[int, ...], axis: int) -> AxisField:
    """The image itself: every element sees its own place."""
    places = np.arange(shape[axis]).reshape([-1 if dim == axis else 1 for dim in range(-len(shape), 0)])
    own = np.stack([places, -places - 1])
    return AxisField(axis, shape, own, own)


def nothing(axis: int, shape: tuple[int, ...]) -> AxisField:
    """A tensor that does not depend on the image."""
    empty = np.full((2, *(1 for _ in shape)), NOWHERE)
    return AxisField(axis, shape, empty, empty)


def shaped(field: AxisField, shape: tuple[int, ...]) -> AxisField:
    """The same for a tensor of `shape`, against which it broadcasts from the right."""
    window = field.window if field.window is None else _aligned(field.window, len(shape))
    return replace(field, shape=shape, span=_aligned(field.span, len(shape)), window=window)


def union(fields: Sequence[AxisField]) -> AxisField:
    """Elements that see what any of the (broadcast) operands sees; windows leave out operands that see all."""
    windows = [field.window for field in fields if field.window is not None]
    strides = [field.stride for field in fields if field.window is not None]
    return replace(
        fields[0],
        span=_hull([field.span for field in fields]),
        window=_hull(windows) if windows else None,
        stride=strides[0] if strides else 0,
        cause=next((field.cause for field in fields if field.cause), None),
    )


def gather(field: AxisField, dim: int, taps: np.ndarray, ratio: float, outside: Outside = "nothing") -> AxisField:
    """Windows along `dim` (negative): output k sees the sources taps[k], int (n_out, n_taps).

    ratio: sources from one window to the next. outside: what the places behind the edges see.
    """
    length = field.shape[dim]
    if field.span.shape[dim] != length or (length == 1 and dim != field.axis):
        return field  # the same everywhere along this dimension, and so it stays
    span = np.concatenate([field.span, np.full_like(field.span.take([0], dim), NOWHERE)], dim)
    span = span.take(_places(taps, length, outside), dim).min(dim)
    window = None if field.window is None else _slid(field.window, dim, taps, field.stride)
    return replace(field, span=span, window=window, stride=field.stride * ratio)


def mix(field: AxisField, dims: Sequence[int], cause: str, keepdim: bool = True) -> AxisField:
    """Every element sees all that lies along `dims` (negative); without keepdim they vanish."""
    dims = tuple(dims)
    span, window = field.span.min(dims, keepdims=True), field.window
    everything = span.size == 2 < field.span.size
    window = None if everything or window is None else window.min(dims, keepdims=True)
    if not keepdim:
        span, window = span.squeeze(dims), None if window is None else window.squeeze(dims)
    return replace(field, span=span, window=window, cause=field.cause or (cause if everything else None))


def blur(field: AxisField, cause: str) -> AxisField:
    """Every element sees all that any element saw."""
    return replace(field, span=field.span.reshape(2, -1).min(1), window=None, cause=field.cause or cause)


def move(field: AxisField, replay: Callable[[Tensor], Tensor | Sequence[Tensor]]) -> list[AxisField]:
    """An operation that only moves values: it is replayed on the elements' numbers."""
    moved = replay(_numbers(field))
    return [_looked_up([field], numbers) for numbers in ([moved] if isinstance(moved, Tensor) else moved)]


def join(fields: Sequence[AxisField], dim: int) -> AxisField:
    """Tensors laid end to end along a dimension in which they differ."""
    sizes = np.cumsum([0, *(field.span[0].size for field in fields)])
    numbers = [_numbers(field) + int(size) for field, size in zip(fields, sizes, strict=False)]
    return _looked_up(fields, torch.cat(numbers, dim))


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
    places = window.take(inside, dim) + shift.reshape(2, *(1,) * before, *taps.shape, *(1,) * after)
    slid: np.ndarray = places.min(dim)
    return slid


def _numbers(field: AxisField) -> Tensor:
    """Each element's column in its table, expanded to the tensor's shape without copies."""
    return torch.arange(field.span[0].size).reshape(field.span.shape[1:]).expand(field.shape)


def _looked_up(fields: Sequence[AxisField], numbers: Tensor) -> AxisField:
    """What elements see that stood in other places before: column `number` of the table of all spans and windows."""
    first = fields[0]
    with_windows = all(field.window is not None for field in fields)
    table = np.concatenate([_column(field, with_windows) for field in fields], axis=1)
    repeated = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in numbers.stride())
    found = _compact(table[:, numbers[repeated].numpy()])
    window = found[2:] if with_windows else None
    stride = first.stride if window is None else _stride(window[0], first.stride)
    cause = next((field.cause for field in fields if field.cause), None)
    return AxisField(first.axis, first.shape, found[:2], window, stride, cause)


def _column(field: AxisField, with_window: bool) -> np.ndarray:
    arrays = [field.span, field.window] if with_window and field.window is not None else [field.span]
    return np.concatenate([np.broadcast_to(array, field.span.shape).reshape(2, -1) for array in arrays])


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


# Which places of its source each window of a layer reads along one axis: int64 (n_out, n_taps), not yet clipped.


@lru_cache(maxsize=1024)
def windows(n_out: int, kernel: int, stride: int, padding: int, dilation: int) -> np.ndarray:
    """A convolution or a pooling."""
    return np.arange(n_out)[:, None] * stride - padding + np.arange(kernel) * dilation


@lru_cache(maxsize=1024)
def transposed_windows(n_out: int, kernel: int, stride: int, padding: int, dilation: int) -> np.ndarray:
    """A transposed convolution, where source i writes to i * stride - padding + k * dilation."""
    scaled = np.arange(n_out)[:, None] + padding - np.arange(kernel) * dilation
    return np.where(scaled % stride == 0, scaled // stride, NOWHERE)


@lru_cache(maxsize=256)
def bins(n_out: int, n_in: int) -> np.ndarray:
    """Adaptive pooling, whose bins overlap where the sizes do not divide."""
    first = [k * n_in // n_out for k in range(n_out)]
    last = [-(-(k + 1) * n_in // n_out) - 1 for k in range(n_out)]
    steps = np.arange(max(b - a for a, b in zip(first, last, strict=True)) + 1)
    places: np.ndarray = np.minimum(np.array(first)[:, None] + steps, np.array(last)[:, None])
    return places


@lru_cache(maxsize=256)
def resampled(n_out: int, n_in: int, ratio: Fraction, kind: Resampling, align_corners: bool) -> np.ndarray:
    """Upsampling; ratio: sources for one output. A place that falls on a source needs no neighbour."""
    rows = []
    for k in range(n_out):
        if kind == "nearest":
            rows.append([floor(k * ratio)])
        elif kind == "nearest_exact":
            rows.append([floor((k + Fraction(1, 2)) * ratio)])
        else:
            corners = Fraction(n_in - 1, max(n_out - 1, 1))
            place = k * corners if align_corners else (k + Fraction(1, 2)) * ratio - Fraction(1, 2)
            near = [floor(place), ceil(place)]
            wide = kind == "cubic" and near[0] < near[1]
            rows.append([near[0] - 1, near[1] + 1] if wide else near)
    return np.array(rows)
