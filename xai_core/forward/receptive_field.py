"""Receptive fields: which pixels of the input can change a unit, for all layers of a network from one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xai_core.errors import LayerError, ModelError
from xai_core.forward.reach import NOWHERE
from xai_core.forward.reach_pass import Axes, ReachPass
from xai_core.models.isolate import isolated
from xai_core.types import ReceptiveField


def receptive_field(module: nn.Module, layer: str, input_size: Sequence[int]) -> ReceptiveField:
    """The receptive field of one layer; see `receptive_fields`."""
    return receptive_fields(module, [layer], input_size)[layer]


def receptive_fields(module: nn.Module, layers: Sequence[str], input_size: Sequence[int]) -> dict[str, ReceptiveField]:
    """The receptive fields of `layers` for inputs of `input_size`, (height, width) or (channels, height, width).

    One pass without values serves all layers. Channels are those of the first convolution, where they are not given.
    A unit's field is that of all channels together: in a concatenation, the widest branch counts. What the picture
    changes only through Python numbers (`x.max().item()`, or an `if` that asks for it) is not seen.
    LayerError: no such layer, or it runs not exactly once, or its output is no feature map of the picture.
    ModelError: the network cannot run on that size.
    """
    size = _input_shape(module, input_size)
    outputs = _follow(module, layers, size)
    fields = {}
    for name in layers:
        if not outputs[name]:
            raise LayerError(f"Layer '{name}' did not run in this network's forward pass; choose another layer.")
        if len(outputs[name]) > 1:
            raise LayerError(f"Layer '{name}' runs more than once in a pass, each time with another receptive field.")
        fields[name] = _field(name, outputs[name][0], size[1:])
    return fields


def _input_shape(module: nn.Module, size: Sequence[int]) -> tuple[int, int, int]:
    if len(size) not in (2, 3) or min(size) < 1:
        raise ModelError(f"An input size is (height, width) or (channels, height, width); {tuple(size)} was given.")
    if len(size) == 3:
        return size[0], size[1], size[2]
    first = next((part for part in module.modules() if isinstance(part, nn.Conv2d)), None)
    return first.in_channels if first else 3, size[0], size[1]


def _follow(module: nn.Module, layers: Sequence[str], size: tuple[int, int, int]) -> dict[str, list[Axes]]:
    """Without storage first; a network that looks at values on its way then runs on a black picture."""
    copy = isolated(module, [*(name for name, _ in module.named_modules()), *layers]).eval()
    try:
        return _pass(_hollow(copy), layers, size)
    except Exception:
        copy = isolated(module, [*(name for name, _ in module.named_modules()), *layers]).eval()
    try:
        return _pass(copy, layers, size)
    except Exception as error:
        raise ModelError(
            f"The network cannot run on an input of {size} (channels, height, width): {error}. "
            "Give all three numbers as it was made for."
        ) from error


def _hollow(copy: nn.Module) -> nn.Module:
    """The same network with tensors that have shapes and no storage."""
    for part in copy.modules():
        places: tuple[dict[str, Any], ...] = (part._parameters, part._buffers, part.__dict__)
        for owned in places:
            owned.update({name: t.detach().to("meta") for name, t in owned.items() if isinstance(t, Tensor)})
    return copy


def _pass(copy: nn.Module, layers: Sequence[str], size: tuple[int, int, int]) -> dict[str, list[Axes]]:
    """What each run of each layer sees; `copy` gets hooks."""
    tensors = [*copy.parameters(), *copy.buffers()]
    like = next((t for t in tensors if t.is_floating_point()), torch.zeros(0))
    seen: dict[str, list[Axes]] = {name: [] for name in layers}
    with torch.inference_mode(False), torch.no_grad():
        image = torch.zeros(1, *size, dtype=like.dtype, device=like.device)
        mode = ReachPass(image)
        for name, found in seen.items():
            copy.get_submodule(name).register_forward_hook(
                lambda _module, _inputs, output, found=found: found.append(mode.axes(output))
            )
        with mode:
            copy(image)
    return seen


def _field(name: str, axes: Axes, input_size: tuple[int, int]) -> ReceptiveField:
    _refuse(name, axes)
    grid = axes[0].shape[2:] or (1, 1)
    spans = [_over_channels(axis.span, grid) for axis in axes]
    windows = [_over_channels(axis.span if axis.window is None else axis.window, grid) for axis in axes]
    boxes = _boxes(*spans)
    return ReceptiveField(
        size=_pair(int((end - first).max()) for first, end in windows),
        stride=_pair(0 if axis.window is None else _plain(axis.stride) for axis in axes),
        start=_pair(int(first[0, 0]) for first, _end in windows),
        input_size=input_size,
        boxes=boxes,
        windows=_boxes(*windows),
        reason=_reason(axes, boxes, input_size),
    )


def _refuse(name: str, axes: Axes) -> None:
    what = None
    if not axes:
        what = "does not depend on the picture, or gives no tensor"
    elif len(axes[0].shape) not in (2, 4):
        what = f"gives {axes[0].shape}"
    elif len(axes[0].shape) == 4 and axes[1].span.shape[-1] == 1 < axes[1].span.shape[-2]:
        what = f"gives {axes[0].shape} with the channels last"  # columns run along the last dimension but one
    if what:
        raise LayerError(f"Layer '{name}' {what}; a receptive field needs feature maps (n, c, h, w).")


def _over_channels(span: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """First place and exclusive end, int64 (2, h, w), over all channels; 0 and 0 for a unit that sees nothing."""
    hull = span.reshape(2, -1, *(span.shape[3:] or (1, 1))).min(1)
    first, end = np.broadcast_to(hull, (2, *grid))
    return np.where(first < NOWHERE // 2, [first, -end], 0)


def _boxes(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """int64 (h, w, 4); a unit that sees no row sees no column either."""
    boxes = np.stack([columns[0], rows[0], columns[1], rows[1]], axis=-1)
    return boxes * ((rows[0] < rows[1]) & (columns[0] < columns[1]))[..., None]


def _pair(numbers: Iterable[float]) -> tuple[float, float]:
    rows, columns = numbers
    return rows, columns


def _plain(number: float) -> float:
    return int(number) if number == int(number) else float(number)


def _reason(axes: Axes, boxes: np.ndarray, input_size: tuple[int, int]) -> str | None:
    """Why every unit sees the whole picture, None where that is not so."""
    if (boxes != boxes[0, 0]).any():
        return None
    cause = next((axis.cause for axis in axes if axis.cause), None)
    if cause:
        return f"Every unit sees the whole picture: there is {cause} on the way to it."
    if tuple(boxes[0, 0]) == (0, 0, input_size[1], input_size[0]):
        return "Every unit sees the whole picture: its windows together are wider than the picture."
    return None
