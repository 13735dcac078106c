"""Class maps of any network, layers and classes from one forward pass: tensors in, tensors out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import get_args

import torch
from torch import Tensor, nn

from xai_core.attribution.catalog import find_method
from xai_core.attribution.method import AttributionRequest, Method
from xai_core.deprecated import renamed_arguments
from xai_core.errors import ClassError, LayerError, SettingError
from xai_core.forward.forward_pass import ForwardPass, run_forward
from xai_core.forward.target import Target
from xai_core.types import ProgressCallback, Score, no_progress

Classes = int | Sequence[int] | Tensor | None


@renamed_arguments(against="contrast_class", levels="baselines")
def class_maps(
    module: nn.Module,
    inputs: Tensor,
    layers: Sequence[str],
    classes: Classes = None,
    method: str = "grad_cam",
    relu: bool = True,
    *,
    score: Score = "logit",
    contrast_class: Classes = None,
    settings: Mapping[str, object] | None = None,
    baselines: tuple[Tensor, Tensor] | None = None,
    on_progress: ProgressCallback | None = None,
) -> dict[str, Tensor]:
    """Raw class maps at each layer's native size: {layer: float (n, k, h, w)}, for `inputs` (n, c, H, W).

    classes: one index, k indices for all pictures, a tensor (n, k), or None for each picture's best class (k = 1).
    relu: keep only evidence for the class, as the papers do; False keeps the signed map, as pixel-level methods do.
    score, contrast_class: which number is explained, see `Target`. settings: the method's own, by name.
    baselines: (black, white), each (c,), what the network reads for such a pixel; only black and white baselines ask.
    Pixel-level methods give {"input": (n, k, H, W)}; of `layers` they read the last or none.
    One forward pass for everything; gradient methods take one backward pass for each class. Methods that look at many
    other pictures take only the passes over those. `module` stays untouched.
    LayerError, ClassError, NotApplicable, ModelError: see the message.
    """
    chosen = find_method(method)
    read = chosen.layers_read(layers)
    forward = cache(partial(run_forward, module, inputs, read, chosen.rule))  # once, and only where it is needed
    target = make_target(forward, inputs, classes, score, contrast_class)
    request = AttributionRequest(module, inputs, read, target, forward, baselines)
    maps = answer(chosen, request, settings, on_progress)
    return {name: m.clamp(min=0) for name, m in maps.items()} if relu and chosen.target == "layer" else maps


def answer(
    method: Method,
    request: AttributionRequest,
    settings: Mapping[str, object] | None,
    on_progress: ProgressCallback | None,
) -> dict[str, Tensor]:
    """Signed maps {layer: (n, k, h, w)}; the question's trace may be used again afterwards."""
    for name in request.layers:
        shape = tuple(request.forward_pass.activations[name].shape)
        if len(shape) != 4:
            raise LayerError(f"Layer '{name}' gives {shape}, not feature maps (n, c, h, w); choose another layer.")
    return method.answer(request, method.settings_from(settings), on_progress or no_progress)


def make_target(
    forward: Callable[[], ForwardPass],
    inputs: Tensor,
    classes: Classes,
    score: Score = "logit",
    contrast_class: Classes = None,
) -> Target:
    """`classes` and `contrast_class` as a Target for `inputs` (n, c, H, W); None: each one's best, by its pass."""
    if score not in get_args(Score):
        raise SettingError(f"score is one of {', '.join(get_args(Score))}; {score!r} was given.")
    n = len(inputs)
    if classes is None:
        wanted = forward().scores.detach().argmax(dim=1, keepdim=True)
    else:
        wanted = _rows(classes, n, inputs.device)
    return Target(
        wanted, score, None if contrast_class is None else _rows(contrast_class, n, inputs.device).expand_as(wanted)
    )


def _rows(given: int | Sequence[int] | Tensor, n: int, device: torch.device) -> Tensor:
    """Class indices as int64 (n, k). ClassError: none, no whole numbers, or rows for another number of pictures."""
    try:
        chosen = torch.as_tensor(given, device=device)
    except (TypeError, ValueError, RuntimeError):  # names, or rows of unequal length
        chosen = torch.empty(0)
    if chosen.numel() == 0 or chosen.is_floating_point() or chosen.is_complex() or chosen.dtype == torch.bool:
        raise ClassError(f"Classes are whole numbers, at least one; {given!r} was given.")
    rows = chosen if chosen.ndim == 2 else chosen.reshape(1, -1).expand(n, -1)
    if len(rows) != n:
        raise ClassError(f"Classes for {len(rows)} pictures were given with {n} pictures; give (k,) or ({n}, k).")
    return rows.to(torch.int64)
