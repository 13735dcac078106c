"""Views, slices, padding, joins: operations that give values another place and leave them as they are."""

from __future__ import annotations

import numpy as np
import torch

from xai_core.forward.reach import Outside, Reach, blur, gather, join, move, nothing, union
from xai_core.forward.reach_call import Call


def moved(call: Call) -> list[Reach]:
    """The operation itself says what went where: it runs once more, on the elements' numbers."""
    (first, *_rest), (reach, *_others) = call.given, call.seen()
    others = {name: value for name, value in call.given.items() if name != first}
    if call.name in ("view", "_unsafe_view", "reshape"):
        return move(reach, lambda numbers: numbers.reshape(others["size"]))
    functional = getattr(getattr(torch.ops.aten, call.name), call.func._overloadname)
    return move(reach, lambda numbers: functional(numbers, **others))


def padded(call: Call) -> Reach:
    """Pairs of sizes, the last dimension first."""
    (reach, *_others) = call.seen()
    sizes = call.given["pad"] if call.name == "constant_pad_nd" else call.given["padding"]
    outside: Outside = "nothing"
    if call.name != "constant_pad_nd":
        outside = "nearest" if call.name.startswith("replication") else "reflected"
    for k in range(len(sizes) // 2):
        places = np.arange(-sizes[2 * k], reach.shape[-1 - k] + sizes[2 * k + 1])
        reach = gather(reach, -1 - k, places[:, None], 1, outside)
    return reach


def joined(call: Call) -> Reach:
    """Along channels every channel counts as seeing what any does; along places each keeps its own."""
    (dim,) = call.dims()
    places = call.outputs[0].ndim == 4 and dim >= -2  # also for the axis that does not run along them
    if not places and all(_same_along(reach, dim) for reach in call.seen()):
        return union(call.seen())
    axis = call.seen()[0].axis
    return join([call.at(tensor) or nothing(axis, tuple(tensor.shape)) for tensor in call.given["tensors"]], dim)


def stacked(call: Call) -> Reach:
    """A new dimension, along which every element counts as seeing what any does."""
    dim = call.given["dim"]
    return union([move(reach, lambda numbers: numbers.unsqueeze(dim))[0] for reach in call.seen()])


def picked(call: Call) -> Reach:
    """Choosing channels by number changes nothing; choosing places by number is not followed."""
    (reach, *others) = call.seen()
    indices = call.given.get("indices", [call.given.get("index")])
    chosen = [d for d, index in enumerate(indices) if index is not None and index.ndim == 1]
    dims = call.dims() if "dim" in call.given else [dim - len(reach.shape) for dim in chosen]
    same_rank = call.outputs[0].ndim == len(reach.shape)
    return reach if len(dims) == 1 and same_rank and not others and _same_along(reach, dims[0]) else unknown(call)


def unknown(call: Call) -> Reach:
    """Whatever no rule is known for counts as seeing everything, and says so."""
    cause = f"the operation '{call.name}', which this analysis cannot follow,"
    return union([blur(reach, cause) for reach in call.seen()])


def _same_along(reach: Reach, dim: int) -> bool:
    return reach.span.shape[dim] == 1 and (reach.shape[dim] > 1 or dim != reach.axis)
