"""Class maps of any network, layers and classes from one forward pass: tensors in, tensors out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from xai_core.attribution.catalog import find_method
from xai_core.errors import LayerError, NotApplicable
from xai_core.trace.capture import Trace, score_gradients, trace

Classes = int | Sequence[int] | Tensor | None


def class_maps(
    module: nn.Module,
    inputs: Tensor,
    layers: Sequence[str],
    classes: Classes = None,
    method: str = "grad_cam",
    relu: bool = True,
) -> dict[str, Tensor]:
    """Raw class maps at each layer's native size: {layer: float (n, k, h, w)}, for `inputs` (n, c, H, W).

    classes: one index, k indices for all pictures, a tensor (n, k), or None for each picture's best class (k = 1).
    relu: keep only evidence for the class, as the papers do; False keeps the signed map.
    One forward pass for everything and one backward pass for each of the k classes. `module` stays untouched.
    LayerError, ClassError, NotApplicable, ModelError: see the message.
    """
    reason = find_method(method).reason_not(module)
    if reason:
        raise NotApplicable(reason)
    traced = trace(module, inputs, layers)
    maps = maps_of_trace(traced, layers, choose_classes(traced, classes), method)
    return {name: m.clamp(min=0) for name, m in maps.items()} if relu else maps


def maps_of_trace(traced: Trace, layers: Sequence[str], classes: Tensor, method: str) -> dict[str, Tensor]:
    """Signed class maps {layer: (n, k, h, w)} from a trace that may be used again; classes int64 (n, k)."""
    combine = find_method(method).combine
    for name in layers:
        if traced.activations[name].ndim != 4:
            shape = tuple(traced.activations[name].shape)
            raise LayerError(f"Layer '{name}' gives {shape}, not feature maps (n, c, h, w); choose another layer.")
    columns: dict[str, list[Tensor]] = {name: [] for name in layers}
    for column in classes.unbind(dim=1):
        gradients = score_gradients(traced, column, layers)
        for name in layers:
            columns[name].append(combine(traced.activations[name].detach(), gradients[name]))
    return {name: torch.stack(maps, dim=1) for name, maps in columns.items()}


def choose_classes(traced: Trace, classes: Classes) -> Tensor:
    """`classes` as int64 (n, k) on the trace's device."""
    n, device = len(traced.scores), traced.scores.device
    if classes is None:
        return traced.scores.detach().argmax(dim=1, keepdim=True)
    chosen = torch.as_tensor(classes, dtype=torch.int64, device=device)
    return chosen if chosen.ndim == 2 else chosen.reshape(1, -1).expand(n, -1)
