"""ONNX operators that move, cut, repeat and reshape tensors: (attributes, *inputs) to a tensor or several."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Attributes = Mapping[str, Any]
_LARGEST = 2**28  # elements of a tensor that is made out of a shape


def whole(given: Any) -> list[int]:
    """Integers that older versions give as an attribute, newer ones as an input."""
    return [int(v) for v in (given.flatten().tolist() if isinstance(given, Tensor) else given)]


def limited(shape: Sequence[int]) -> Sequence[int]:
    count = math.prod(max(side, 0) for side in shape)
    if count > _LARGEST:
        raise ValueError(f"a tensor of {count} numbers")
    return shape


def reshape(a: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    sizes = whole(shape)
    if not a.get("allowzero", 0):
        sizes = [x.shape[i] if size == 0 else size for i, size in enumerate(sizes)]
    if x.ndim and sizes and sizes[0] == 1 and math.prod(sizes) * x.shape[0] == x.numel():
        sizes[0] = x.shape[0]  # written down for a batch of one
    return x.reshape(tuple(sizes))


def cut(a: Attributes, x: Tensor, *given: Tensor | None) -> Tensor:
    starts, ends, axes, steps = (*given, None, None, None, None)[:4]
    starts_, ends_ = whole(a["starts"] if starts is None else starts), whole(a["ends"] if ends is None else ends)
    chosen = whole(a.get("axes", range(len(starts_))) if axes is None else axes)
    for axis, start, end, step in zip(
        chosen, starts_, ends_, whole([1] * len(starts_) if steps is None else steps), strict=True
    ):
        places = range(x.shape[axis])[start:end:step]
        if step > 0:
            x = x.narrow(axis, places.start, max(places.stop - places.start, 0)) if places else x.narrow(axis, 0, 0)
            x = x[(slice(None),) * (axis % x.ndim) + (slice(None, None, step),)] if step > 1 else x
        else:
            x = x.index_select(axis, torch.tensor(list(places), device=x.device, dtype=torch.int64))
    return x


def gather(a: Attributes, x: Tensor, indices: Tensor) -> Tensor:
    axis = int(a.get("axis", 0)) % x.ndim
    at = torch.where(indices < 0, indices + x.shape[axis], indices).long()
    taken = x.index_select(axis, at.flatten().to(x.device))
    return taken.reshape((*x.shape[:axis], *at.shape, *x.shape[axis + 1 :]))


def split(a: Attributes, x: Tensor, sizes: Tensor | None = None) -> tuple[Tensor, ...]:
    axis, parts = int(a.get("axis", 0)), int(a["_outputs"])
    if sizes is None and "split" not in a:
        return torch.split(x, -(-x.shape[axis] // parts), axis)
    return torch.split(x, whole(a["split"] if sizes is None else sizes), axis)


def pad(a: Attributes, x: Tensor, *given: Tensor | None) -> Tensor:
    pads, value, axes = (*given, None, None, None)[:3]
    sizes = whole(a["pads"] if pads is None else pads)
    chosen = [axis % x.ndim for axis in (range(x.ndim) if axes is None else whole(axes))]
    around = [(0, 0)] * x.ndim
    for place, axis in enumerate(chosen):
        around[axis] = (sizes[place], sizes[place + len(chosen)])
    limited([side + sum(pair) for side, pair in zip(x.shape, around, strict=True)])
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}[a.get("mode", "constant")]
    if mode == "constant":
        fill = float(value) if value is not None else float(a.get("value", 0.0))
        return F.pad(x, [p for pair in reversed(around) for p in pair], value=fill)
    first = next((i for i, pair in enumerate(around) if any(pair)), x.ndim)
    return F.pad(x, [p for pair in reversed(around[min(first, 2) :]) for p in pair], mode=mode)


def squeeze(a: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    found = a.get("axes") if axes is None else axes
    return x.squeeze() if found is None else x.squeeze(tuple(whole(found)))


def unsqueeze(a: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    found = whole(a["axes"] if axes is None else axes)
    for axis in sorted(axis % (x.ndim + len(found)) for axis in found):
        x = x.unsqueeze(axis)
    return x


def shape_of(a: Attributes, x: Tensor) -> Tensor:
    return torch.tensor(list(x.shape)[a.get("start", 0) : a.get("end", None)], dtype=torch.int64)


def filled(a: Attributes, shape: Tensor) -> Tensor:
    value: Tensor = a.get("value", torch.zeros(1))
    return value.flatten()[0].expand(limited(whole(shape))).clone()


def resize(a: Attributes, x: Tensor, *given: Tensor | None) -> Tensor:
    scales, sizes = ((*given, None, None, None)[1:3]) if len(given) > 1 else (given[0], None)
    if sizes is not None and sizes.numel():
        size = whole(sizes)[2:]
    else:
        assert scales is not None
        size = [int(side * scale) for side, scale in zip(x.shape, scales.flatten().tolist(), strict=True)][2:]
    limited([*x.shape[:2], *size])
    mode = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}[a.get("mode", "nearest")]
    corners = a.get("coordinate_transformation_mode", "half_pixel") == "align_corners"
    return F.interpolate(x, size=size, mode=mode, align_corners=None if mode == "nearest" else corners)


def depth_to_space(a: Attributes, x: Tensor) -> Tensor:
    side = int(a["blocksize"])
    if a.get("mode", "DCR") == "DCR":
        n, c, h, w = x.shape
        x = x.reshape(n, side * side, c // side**2, h, w).transpose(1, 2).reshape(n, c, h, w)
    return F.pixel_shuffle(x, side)


def space_to_depth(a: Attributes, x: Tensor) -> Tensor:
    side = int(a["blocksize"])
    n, c = x.shape[:2]
    apart = F.pixel_unshuffle(x, side)
    return apart.reshape(n, c, side * side, *apart.shape[2:]).transpose(1, 2).reshape(apart.shape)


def transpose(a: Attributes, x: Tensor) -> Tensor:
    return x.permute(tuple(a.get("perm", range(x.ndim)[::-1])))


def expand(_a: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    return x.expand(limited(torch.broadcast_shapes(x.shape, tuple(whole(shape)))))


def tile(_a: Attributes, x: Tensor, repeats: Tensor) -> Tensor:
    limited([side * times for side, times in zip(x.shape, whole(repeats), strict=True)])
    return x.repeat(whole(repeats))


def counted(_a: Attributes, start: Tensor, end: Tensor, step: Tensor) -> Tensor:
    limited([int(abs((end - start).item() // step.item())) + 1])
    return torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype)
