"""What each axis of each tensor in a pass stands for, followed from the picture through every operation.

The picture's axes are known: pictures, channels, rows, columns. Torch shows every operation on tensors to a mode of its
own (`TorchDispatchMode`), and most say what becomes of an axis: a permutation moves it, a view splits or joins it, a
convolution gives new channels at the same rows and columns. So a transposed tensor, windows and tokens in another order
are known for what they are. Where an operation says nothing, the tensor is `None`: unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakIdKeyDictionary


@dataclass(frozen=True)
class Part:
    """A factor of an axis. kind: "n" pictures, "y" rows, "x" columns, "c" anything else, "t" tokens around places, "u"
    unknown.

    Of rows and columns it walks `size` steps of `stride` cells through `extent` cells, which were rolled by `roll` and
    hold `margin` cells of padding before and behind, within which they were rolled by `inner_roll`; of tokens, `inner`
    are the places, behind `before` others.
    """

    kind: Literal["n", "y", "x", "c", "t", "u"]
    size: int
    extent: int = 0
    stride: int = 1
    roll: int = 0
    margin: tuple[int, int] = (0, 0)
    inner_roll: int = 0
    inner: tuple[Part, ...] = ()
    before: int = 0

    @property
    def whole(self) -> bool:
        """All rows or all columns, in their order."""
        unrolled = not (self.roll or self.inner_roll)
        return self.kind in ("y", "x") and self.stride * self.size == self.extent and unrolled


Axis = tuple[Part, ...]
Axes = tuple[Axis, ...]


def channel(size: int) -> Axis:
    return (Part("c", size),) if size != 1 else ()


def unknown(size: int) -> Axis:
    return (Part("u", size),) if size > 1 else ()


def constant(shape: Sequence[int]) -> Axes:
    """Of a tensor that is not made from the picture."""
    return tuple(channel(size) for size in shape)


def picture(shape: Sequence[int]) -> Axes:
    """Of inputs (n, c, H, W)."""
    n, c, height, width = shape
    pictures: Axis = (Part("n", n),) if n > 1 else ()
    return pictures, channel(c), _whole("y", height), _whole("x", width)


def has_places(axis: Axis) -> bool:
    return any(part.kind != "c" for part in axis)


def unsure(axis: Axis) -> bool:
    """Whether something in it is unknown."""
    return any(part.kind == "u" or unsure(part.inner) for part in axis)


def _whole(kind: Literal["y", "x"], size: int) -> Axis:
    return (Part(kind, size, extent=size),) if size > 1 else ()


def _size(axis: Axis) -> int:
    return prod(part.size for part in axis)


def _joined(parts: Iterable[Part]) -> Axis:
    """Factors that follow one another as one, where they are pieces of one."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if part.size == 1:
            continue
        if last is not None and last.kind == part.kind and part.kind in ("c", "u"):
            found[-1] = Part(part.kind, last.size * part.size)
        elif last is not None and _continues(last, part):
            found[-1] = replace(part, size=last.size * part.size)
        else:
            found.append(part)
    return tuple(found)


def _continues(major: Part, minor: Part) -> bool:
    same = major.kind == minor.kind in ("y", "x") and major.extent == minor.extent
    alike = (major.roll, major.margin, major.inner_roll) == (minor.roll, minor.margin, minor.inner_roll)
    return same and alike and major.stride == minor.stride * minor.size


def _plain(axis: Axis) -> Axis:
    """The axis as it compares with another: all rows are all rows, however fine the grid was before."""
    return tuple(
        Part(part.kind, part.size, extent=part.size, margin=part.margin)
        if part.whole
        else replace(part, inner=_plain(part.inner))
        for part in axis
    )


def reshaped(axes: Axes, shape: Sequence[int]) -> Axes | None:
    """After a view as `shape`; unknown where a part that cannot be split would be. None: of another size."""
    if 0 in shape:
        return constant(shape)
    parts = list(_joined(part for axis in axes for part in axis))
    made: list[Axis] = []
    sizes = list(shape)
    while sizes:
        whole = list(parts)
        axis = _take(parts, sizes[0])
        if axis is not None:
            made.append(axis)
            sizes.pop(0)
            continue
        parts, taken, wanted = whole[1:], whole[:1], [sizes.pop(0)]
        while _size(tuple(taken)) != prod(wanted):
            source: list[Any] = parts if _size(tuple(taken)) < prod(wanted) else sizes
            if not source:
                return None
            (taken if source is parts else wanted).append(source.pop(0))
        told = channel if all(part.kind == "c" for part in taken) else unknown
        made += [told(size) for size in wanted]
    return tuple(made)


def _take(parts: list[Part], size: int) -> Axis | None:
    """An axis of this size from the first of the parts, which are taken away; None where one cannot be split so."""
    taken: list[Part] = []
    left = size
    while left > 1:
        if not parts:
            return None
        part = parts.pop(0)
        if left % part.size == 0:
            taken.append(part)
            left //= part.size
        elif part.size % left == 0 and part.kind in ("c", "y", "x", "u"):
            rest = part.size // left
            taken.append(replace(part, size=left, stride=part.stride * rest if part.kind in ("y", "x") else 1))
            parts.insert(0, replace(part, size=rest))
            left = 1
        else:
            return None
    return _joined(taken)


def _broadcast(given: Sequence[tuple[Axes, Sequence[int]]], shape: Sequence[int]) -> Axes:
    """Of numbers made one by one from several tensors; an axis of which two say otherwise is unknown."""
    made: list[Axis] = []
    for place in range(1, len(shape) + 1):
        said = [axes[-place] for axes, own in given if len(own) >= place and own[-place] == shape[-place]]
        telling = [axis for axis in said if has_places(axis)]
        if any(_plain(axis) != _plain(telling[0]) for axis in telling):
            made.append(unknown(shape[-place]))
        else:
            made.append(telling[0] if telling else channel(shape[-place]))
    return tuple(reversed(made))


class AxesMode(TorchDispatchMode):
    """Within the block, and in this thread, `axes_of` knows the tensors that are made; `work` counts what computes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._known: Any = WeakIdKeyDictionary()
        self._torn: set[int] = set()  # storages into which pieces with places were written
        self.work = 0

    def start(self, images: Tensor) -> None:
        """images: (n, c, H, W), before the pass."""
        self._known[images] = picture(images.shape)

    def axes_of(self, tensor: Tensor) -> Axes | None:
        """None: unknown."""
        if tensor.untyped_storage()._cdata in self._torn:
            return None
        return self._known[tensor] if tensor in self._known else constant(tensor.shape)

    def _tears(self, target: Tensor, before: Axes | None, known: list[Axes | None] | None) -> bool:
        """Whether writing into a piece of a larger tensor changes what the whole stands for."""
        if known is None or known[0] is None or before is None:
            return True
        piece = target.numel() * target.element_size() < target.untyped_storage().nbytes()
        return piece and tuple(map(_plain, known[0])) != tuple(map(_plain, before))

    def __torch_dispatch__(
        self, func: Any, _types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        tensors = _tensors((*args, *given.values()))
        before = [self.axes_of(one) for one in tensors]
        name = func._schema.name.removeprefix("aten::").removesuffix("_")
        made = _shapes_alone(name, func, tensors) if not given and tensors and tensors[0].is_meta else None
        if made is None:
            made = func(*args, **given)
        outputs = _tensors((made,))
        self.work += bool(tensors) and name not in _REARRANGING
        if all(axes is not None and not any(map(has_places, axes)) for axes in before):
            return made  # nothing of the picture in it
        known = None
        told = [(axes, tuple(one.shape)) for axes, one in zip(before, tensors, strict=True) if axes is not None]
        if len(told) == len(tensors):
            known = _after(name, func, _Step(args, given, told, outputs))
        if name == "copy" and tensors and tensors[0] is made and self._tears(made, before[0], known):
            self._torn.add(made.untyped_storage()._cdata)
        for place, output in enumerate(outputs):
            axes = None if known is None else known[min(place, len(known) - 1)]
            fits = axes is not None and tuple(map(_size, axes)) == tuple(output.shape)
            self._known[output] = axes if fits else None
        return made


def _tensors(given: Iterable[object]) -> list[Tensor]:
    found: list[Tensor] = []
    for one in given:
        if isinstance(one, Tensor):
            found.append(one)
        elif isinstance(one, list | tuple):
            found += _tensors(one)
    return found


def _shapes_alone(name: str, func: Any, tensors: list[Tensor]) -> Any:
    """What common operations give where there are no numbers: PyTorch works their shapes out slowly, in Python."""
    first = tensors[0]
    if name in ("native_batch_norm", "native_layer_norm", "native_group_norm"):
        return torch.empty_like(first), first.new_empty(0), first.new_empty(0)
    alike = all(one.shape == first.shape and one.dtype == first.dtype for one in tensors)
    if name in _ALIKE and alike:
        return first if func._schema.name.endswith("_") else torch.empty_like(first)
    return None


@dataclass(frozen=True, eq=False)
class _Step:
    """One operation: given are the axes and shapes of its tensors in their order."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    given: list[tuple[Axes, tuple[int, ...]]]
    outputs: list[Tensor]

    @property
    def first(self) -> Axes:
        return self.given[0][0]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.outputs[0].shape)

    def option(self, place: int, name: str, default: Any = None) -> Any:
        return self.args[place] if len(self.args) > place else self.kwargs.get(name, default)

    def axis(self, place: int, default: int = 0) -> int:
        return int(self.option(place, "dim", default)) % max(len(self.first), 1)


def _after(name: str, func: Any, step: _Step) -> list[Axes | None] | None:
    rule = _RULES.get(name)
    if rule is not None:
        found = rule(step)
        return found if isinstance(found, list) else [found]
    if torch.Tag.pointwise in func.tags or name in _ONE_BY_ONE:
        return [_broadcast(step.given, step.shape)]
    return None


def _resized(step: _Step) -> Axes | None:
    """Convolution, pooling, padding, interpolation: the rows and columns are others, in the same order.

    Within windows, too, which stay apart: each gets fewer rows of a wider stride.
    """
    made: list[Axis] = []
    for axis, old, new in zip(step.first, step.given[0][1], step.shape, strict=True):
        if old == new:
            made.append(axis)
        elif not has_places(axis):
            made.append(channel(new))
        elif len(axis) == 1 and axis[0].whole and axis[0].kind in ("y", "x"):
            made.append(_whole(axis[0].kind, new))
        elif len(axis) == 1 and axis[0].kind in ("y", "x") and new and old % new == 0:
            made.append((replace(axis[0], size=new, stride=axis[0].stride * (old // new)),))
        else:
            made.append(unknown(new))
    return tuple(made)


def _convolved(step: _Step) -> Axes | None:
    weight = step.given[1][1]
    first = step.first
    if any(
        any(part.kind == "t" for part in axis) and size > 1 for axis, size in zip(first[2:], weight[2:], strict=True)
    ):
        return None
    if any(any(part.roll or part.inner_roll for part in axis) for axis in first[2:]) and prod(weight[2:]) > 1:
        return None
    shape = step.given[0][1]
    new_channels = (first[0], channel(shape[1]), *first[2:])
    return _resized(replace(step, given=[(new_channels, shape), *step.given[1:]]))


def _padded(step: _Step) -> Axes | None:
    """Margins are remembered, so that they can be cut off again."""
    pads = list(step.option(1, "pad"))
    made = list(step.first)
    for place in range(len(pads) // 2):
        low, high = pads[2 * place : 2 * place + 2]
        axis = made[-1 - place]
        size = step.shape[-1 - place]
        if not (low or high):
            continue
        if not has_places(axis):
            made[-1 - place] = channel(size)
        elif len(axis) == 1 and (part := _own_steps(axis[0])) is not None and part.margin == (0, 0):
            made[-1 - place] = (Part(part.kind, size, extent=size, margin=(low, high), inner_roll=part.roll),)
        elif len(axis) > 1 and min(low, high) >= 0:
            made[-1 - place] = _tokens(axis, low, high)
        else:
            made[-1 - place] = unknown(size)
    return tuple(made)


def _own_steps(part: Part) -> Part | None:
    """Rows or columns, rolled or not, counted in the tensor's own cells; None for a piece of them."""
    if part.whole:
        return Part(part.kind, part.size, extent=part.size, margin=part.margin)
    return part if part.kind in ("y", "x") and part.size == part.extent else None


def _permuted(step: _Step) -> Axes:
    return tuple(step.first[int(place)] for place in step.option(1, "dims"))


def _transposed(step: _Step) -> Axes:
    made = list(step.first)
    one, other = int(step.option(1, "dim0")), int(step.option(2, "dim1"))
    made[one], made[other] = made[other], made[one]
    return tuple(made)


def _without(step: _Step) -> Axes:
    axis = step.axis(1)
    return step.first[:axis] + step.first[axis + 1 :]


def _unbound(step: _Step) -> list[Axes | None]:
    """Rows that are taken one by one are often put together again, which is not followed."""
    return [None if has_places(step.first[step.axis(1)]) else _without(step)]


def _squeezed(step: _Step) -> Axes:
    dims = step.option(1, "dim")
    own = step.given[0][1]
    chosen = (
        range(len(own))
        if dims is None
        else [int(d) % len(own) for d in (dims if isinstance(dims, list | tuple) else [dims])]
    )
    return tuple(
        axis for place, (axis, size) in enumerate(zip(step.first, own, strict=True)) if place not in chosen or size > 1
    )


def _unsqueezed(step: _Step) -> Axes:
    axis = int(step.option(1, "dim")) % (len(step.first) + 1)
    return (*step.first[:axis], (), *step.first[axis:])


def _expanded(step: _Step) -> Axes:
    own = step.given[0][1]
    return _broadcast([(step.first, own)], step.shape)


def _sliced(step: _Step) -> Axes:
    axis = step.axis(1)
    size, new = step.given[0][1][axis], step.shape[axis]
    start, stride = step.option(2, "start") or 0, step.option(4, "step", 1)
    start = min(max(start + size if start < 0 else start, 0), size)
    return (*step.first[:axis], _cut(step.first[axis], size, start, new, stride), *step.first[axis + 1 :])


def _cut(axis: Axis, size: int, start: int, new: int, stride: int = 1) -> Axis:
    """`new` entries from `start` on; what they stand for is unknown where places are lost."""
    if new == size:
        return axis
    if not has_places(axis) or new < 2:  # one place of all is none
        return channel(new)
    part = axis[0]
    if len(axis) == 1 and part.kind == "t" and stride == 1:
        behind = part.before + _size(part.inner)
        if start + new <= part.before or start >= behind:
            return channel(new)
        if start <= part.before and start + new >= behind:
            return _tokens(part.inner, part.before - start, start + new - behind)
    if len(axis) == 1 and part.kind in ("y", "x"):
        if part.whole and stride > 1 and new == -(-(size - start) // stride) and start < stride:
            return _whole(part.kind, new)
        if stride == 1 and part.size == part.extent and (start, size - start - new) == part.margin:
            return unknown(new) if part.roll else (Part(part.kind, new, extent=new, roll=part.inner_roll),)
    return unknown(new)


def _tokens(inner: Axis, before: int, behind: int) -> Axis:
    size = before + _size(inner) + behind
    return (Part("t", size, inner=inner, before=before),) if before or behind else inner


def _split(step: _Step) -> list[Axes | None]:
    axis = step.axis(2)
    made: list[Axes | None] = []
    start, size = 0, step.given[0][1][axis]
    for output in step.outputs:
        new = output.shape[axis]
        cut = _cut(step.first[axis], size, start, new)
        made.append((*step.first[:axis], cut, *step.first[axis + 1 :]))
        start += new
    return made


def _concatenated(step: _Step) -> Axes | None:
    axis = step.axis(1)
    used = [(axes, shape) for axes, shape in step.given if len(shape) == len(step.shape)]
    telling = [place for place, (axes, _) in enumerate(used) if has_places(axes[axis])]
    sizes = [shape[axis] for _, shape in used]
    if len(telling) > 1:
        return None
    others = [((*axes[:axis], (), *axes[axis + 1 :]), (*shape[:axis], 1, *shape[axis + 1 :])) for axes, shape in used]
    made = _broadcast(others, (*step.shape[:axis], 1, *step.shape[axis + 1 :]))
    if not telling:
        return (*made[:axis], channel(step.shape[axis]), *made[axis + 1 :])
    (place,) = telling
    inner, before, behind = used[place][0][axis], sum(sizes[:place]), sum(sizes[place + 1 :])
    if len(inner) == 1 and inner[0].kind == "t":
        part = inner[0]
        before, behind = before + part.before, behind + part.size - part.before - _size(part.inner)
        inner = part.inner
    return (*made[:axis], _tokens(inner, before, behind), *made[axis + 1 :])


def _stacked(step: _Step) -> Axes:
    axis = int(step.option(1, "dim", 0)) % len(step.shape)
    shape = (*step.shape[:axis], *step.shape[axis + 1 :])
    made = _broadcast(step.given, shape)
    return (*made[:axis], channel(step.shape[axis]), *made[axis:])


def _rolled(step: _Step) -> Axes | None:
    shifts, dims = step.option(1, "shifts"), step.option(2, "dims", [])
    made = list(step.first)
    for shift, dim in zip(shifts, dims, strict=False):
        axis = made[dim]
        if not has_places(axis):
            continue
        part = _own_steps(axis[0]) if len(axis) == 1 else None
        if part is None:
            made[dim] = unknown(step.shape[dim])
        else:
            made[dim] = (replace(part, roll=(part.roll + shift) % part.extent),)
    return tuple(made) if dims else None


def _flipped(step: _Step) -> Axes:
    made = list(step.first)
    for dim in step.option(1, "dims"):
        if has_places(made[dim]):
            made[dim] = unknown(step.shape[dim])
    return tuple(made)


def _repeated(step: _Step) -> Axes:
    axes, own = step.first, step.given[0][1]
    lead = len(step.shape) - len(own)
    made: list[Axis] = [channel(size) for size in step.shape[:lead]]
    for axis, old, new in zip(axes, own, step.shape[lead:], strict=True):
        made.append(_joined((*channel(new // old), *axis)) if old and has_places(axis) else channel(new))
    return tuple(made)


def _indexed(step: _Step) -> Axes | None:
    """By a list of places along one axis; their order is not read."""
    indices = step.option(1, "indices")
    chosen = [place for place, index in enumerate(indices) if index is not None]
    return _listed(step, chosen[0]) if len(chosen) == 1 and indices[chosen[0]].ndim == 1 else None


def _selected(step: _Step) -> Axes:
    return _listed(step, step.axis(1))


def _listed(step: _Step, axis: int) -> Axes:
    told = unknown if has_places(step.first[axis]) else channel
    return (*step.first[:axis], told(step.shape[axis]), *step.first[axis + 1 :])


def _reduced(step: _Step) -> list[Axes | None]:
    own = step.given[0][1]
    if len(step.shape) == len(own):
        return [tuple(axis if old == new else () for axis, old, new in zip(step.first, own, step.shape, strict=True))]
    dims = step.option(1, "dim")
    dims = range(len(own)) if dims in (None, []) else dims if isinstance(dims, list | tuple) else [dims]
    gone = {int(dim) % len(own) for dim in dims}
    return [tuple(axis for place, axis in enumerate(step.first) if place not in gone)]


def _product(step: _Step) -> Axes | None:
    """(b, rows, inner) @ (b, inner, columns), with or without b; the last two tensors are the factors."""
    (left, own), (right, other) = step.given[-2:]
    if len(own) == 3:
        batch = _broadcast([((left[0],), own[:1]), ((right[0],), other[:1])], step.shape[:1])
        return (*batch, left[1], right[2])
    return (left[0], right[1]) if len(own) == len(other) == 2 else None


def _attended(step: _Step) -> list[Axes | None]:
    queries, values = step.first, step.given[2][0]
    return [(*queries[:-1], values[-1])]


def _weighted_sum(step: _Step) -> Axes:
    return (*step.first[:-1], channel(step.shape[-1]))


def _unfolded(step: _Step) -> Axes | None:
    """Patches (n, c * k * k, places) of maps."""
    pairs = [
        step.option(place, name) for place, name in ((1, "kernel_size"), (2, "dilation"), (3, "padding"), (4, "stride"))
    ]
    grid = [
        (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        for size, kernel, dilation, padding, stride in zip(step.given[0][1][-2:], *pairs, strict=True)
    ]
    whole = all(len(axis) == 1 and axis[0].whole for axis in step.first[-2:])
    return (step.first[0], channel(step.shape[1]), (*_whole("y", grid[0]), *_whole("x", grid[1]))) if whole else None


def _in_windows(step: _Step) -> Axes | None:
    """`Tensor.unfold`: windows that may overlap, counted by their steps, and behind all axes the places in each."""
    axis, step_size = step.axis(1), int(step.option(3, "step"))
    part = step.first[axis][0] if len(step.first[axis]) == 1 else None
    count = step.shape[axis]
    if part is not None and part.kind in ("y", "x") and part.whole:
        inside = part.size - sum(part.margin)
        told = _whole(part.kind, count) if count * step_size == inside else unknown(count)
    else:
        told = unknown(count) if has_places(step.first[axis]) else channel(count)
    return (*step.first[:axis], told, *step.first[axis + 1 :], channel(step.shape[-1]))


def _gated(step: _Step) -> Axes | None:
    """`glu`: one half of an axis times the other."""
    axis = int(step.option(1, "dim", -1)) % len(step.first)
    if has_places(step.first[axis]):
        return None
    return (*step.first[:axis], channel(step.shape[axis]), *step.first[axis + 1 :])


def _layer_normed(step: _Step) -> Axes:
    """Of a single number nothing but the norm's own offset is left."""
    return constant(step.shape) if prod(step.option(1, "normalized_shape")) == 1 else step.first


def _folded(step: _Step) -> Axes | None:
    places = step.first[-1]
    whole = len(places) == 2 and [p.kind for p in places] == ["y", "x"] and all(p.whole for p in places)
    return (
        (step.first[0], channel(step.shape[1]), _whole("y", step.shape[2]), _whole("x", step.shape[3]))
        if whole
        else None
    )


_SAME: Callable[[_Step], Axes] = lambda step: step.first  # noqa: E731
_VIEW: Callable[[_Step], Axes | None] = lambda step: reshaped(step.first, step.shape)  # noqa: E731
_RULES: dict[str, Callable[[_Step], Axes | list[Axes | None] | None]] = {
    **dict.fromkeys(("view", "_unsafe_view", "_reshape_alias", "reshape", "view_copy", "_reshape_copy"), _VIEW),
    **dict.fromkeys(
        (
            "native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "cudnn_batch_norm",
            "native_group_norm", "_fused_rms_norm", "_softmax", "_log_softmax", "_safe_softmax",
            "native_dropout",
        ),
        _SAME,
    ),
    **dict.fromkeys(("convolution", "_convolution", "mkldnn_convolution", "convolution_overrideable"), _convolved),
    **dict.fromkeys(
        (
            "max_pool2d_with_indices", "avg_pool2d", "_adaptive_avg_pool2d", "adaptive_avg_pool2d",
            "adaptive_max_pool2d", "upsample_nearest2d",
            "upsample_bilinear2d", "upsample_bicubic2d", "_upsample_nearest_exact2d",
            "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "reflection_pad2d", "replication_pad2d",
            "pixel_shuffle", "pixel_unshuffle", "max_pool1d", "avg_pool1d",
        ),
        _resized,
    ),
    "constant_pad_nd": _padded,
    "permute": _permuted,
    "transpose": _transposed,
    "t": lambda step: step.first[::-1],
    "select": _without,
    "unbind": _unbound,
    "squeeze": _squeezed,
    "unsqueeze": _unsqueezed,
    "expand": _expanded,
    "slice": _sliced,
    "split": _split,
    "split_with_sizes": _split,
    "cat": _concatenated,
    "stack": _stacked,
    "roll": _rolled,
    "flip": _flipped,
    "repeat": _repeated,
    "index": _indexed,
    "index_select": _selected,
    **dict.fromkeys(
        ("mean", "sum", "amax", "amin", "var", "std", "var_mean", "std_mean", "linalg_vector_norm", "norm", "prod",
         "logsumexp", "max", "min", "argmax", "argmin", "any", "all"),
        _reduced,
    ),
    **dict.fromkeys(("mm", "addmm", "bmm", "baddbmm"), _product),
    "linear": _weighted_sum,
    **dict.fromkeys(
        (
            "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention",
            "_scaled_dot_product_efficient_attention", "_scaled_dot_product_attention_math",
            "_scaled_dot_product_cudnn_attention", "_scaled_dot_product_fused_attention_overrideable",
            "scaled_dot_product_attention",
        ),
        _attended,
    ),
    **dict.fromkeys(
        ("new_ones", "new_zeros", "new_full", "new_empty", "ones_like", "zeros_like", "full_like", "empty_like",
         "rand_like", "randn_like"),
        lambda step: constant(step.shape),
    ),
    "as_strided": lambda step: step.first if step.shape == step.given[0][1] else None,
    "native_layer_norm": _layer_normed,
    "unfold": _in_windows,
    "glu": _gated,
    "im2col": _unfolded,
    "col2im": _folded,
}  # fmt: skip
_ALIKE = frozenset(
    ("relu", "hardtanh", "silu", "gelu", "sigmoid", "hardswish", "hardsigmoid", "tanh", "elu", "leaky_relu",
     "add", "mul",
     "_softmax")
)  # fmt: skip
_ONE_BY_ONE = frozenset(
    ("clone", "copy", "_to_copy", "detach", "alias", "lift_fresh", "contiguous", "masked_fill", "where", "lerp",
     "cumsum", "fill", "zero", "view_as", "rsub", "prelu", "tril", "triu",
     "_prelu_kernel", "hardtanh", "hardswish", "log_sigmoid_forward", "rrelu_with_noise")
)  # fmt: skip
_REARRANGING = frozenset(
    ("view", "_unsafe_view", "_reshape_alias", "reshape", "permute", "transpose", "t", "squeeze", "unsqueeze", "expand",
     "slice", "select", "split", "split_with_sizes", "unbind", "clone", "copy", "_to_copy", "detach", "alias",
     "lift_fresh", "constant_pad_nd", "roll", "flip", "repeat",
     "index", "index_select", "as_strided", "cat", "stack", "im2col",
     "col2im", "pixel_shuffle", "pixel_unshuffle", "_reshape_copy", "view_copy",
     "zeros", "new_zeros", "empty", "full", "arange")
)  # fmt: skip
