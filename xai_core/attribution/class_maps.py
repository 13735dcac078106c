"""Class maps of any network, layers and classes from one forward pass: tensors in, tensors out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import NoReturn, get_args

import torch
from torch import Tensor, nn

from xai_core.attribution.catalog import find_method
from xai_core.attribution.method import AttributionRequest, Method
from xai_core.deprecated import renamed_arguments
from xai_core.errors import ClassError, LayerError, ModelError, SettingError
from xai_core.forward.forward_pass import ForwardPass, maps_of, run_forward
from xai_core.forward.inputs import refuse_inputs
from xai_core.forward.target import Target
from xai_core.types import ProgressCallback, Score, no_progress

Classes = int | Sequence[int] | Sequence[Sequence[int]] | Tensor | None
Layers = str | nn.Module | Sequence[str | nn.Module]


@renamed_arguments(against="contrast_class", levels="baselines")
def class_maps(
    module: nn.Module,
    inputs: Tensor,
    layers: Layers,
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

    layers: dotted names, or modules of the network itself.
    classes: one index for all pictures; n indices, one for each picture, as other libraries read a row of labels;
    rows (n, k), k for each picture, or one row [[a, b, ...]] for all of them; None for each picture's best class. Of a
    single picture a row of k is its k classes. contrast_class: the same.
    relu: keep only evidence for the class, as the papers do; False keeps the signed map, as pixel-level methods do.
    score: which number is explained, see `Target`. settings: the method's own, by name.
    baselines: (black, white), each (c,), what the network reads for such a pixel; only black and white baselines ask.
    Pixel-level methods give {"input": (n, k, H, W)}; of `layers` they read the last or none.
    One forward pass for everything; gradient methods take one backward pass for each class. Methods that look at many
    other pictures take only the passes over those. `module` stays untouched.
    LayerError, ClassError, NotApplicable, ModelError: see the message.
    """
    chosen = find_method(method)
    refuse_inputs(module, inputs)
    read = chosen.layers_read(_names(module, layers))
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
        maps_of(request.forward_pass, name)
    maps = method.answer(request, method.settings_from(settings), on_progress or no_progress)
    for name, values in maps.items():
        if not bool(torch.isfinite(values).all()):
            _refuse_no_number(request, name)
    return maps


def _refuse_no_number(request: AttributionRequest, name: str) -> NoReturn:
    if not bool(torch.isfinite(request.forward_pass.scores).all()):
        raise ModelError("The network gives scores that are not numbers; its weights or its input are broken.")
    raise LayerError(
        f"The map at '{name}' is not a number everywhere: infinite or undefined values stand in that layer or its "
        "gradient; choose another layer or method."
    )


def _names(module: nn.Module, layers: Layers) -> Sequence[str]:
    """Dotted names. LayerError: a module that is no part of the network."""
    given = [layers] if isinstance(layers, str | nn.Module) else list(layers)
    if all(isinstance(layer, str) for layer in given):
        return [str(layer) for layer in given]
    names = {id(part): name for name, part in reversed(list(module.named_modules(remove_duplicate=False)))}
    unknown = next((layer for layer in given if not isinstance(layer, str) and not names.get(id(layer))), None)
    if unknown is not None:
        raise LayerError(
            f"The {type(unknown).__name__} that was given as a layer is no part of this {type(module).__name__}; give "
            "one of its own modules, or a name from named_modules()."
        )
    return [layer if isinstance(layer, str) else names[id(layer)] for layer in given]


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


def _rows(given: int | Sequence[int] | Sequence[Sequence[int]] | Tensor, n: int, device: torch.device) -> Tensor:
    """Class indices as int64 (n, k). ClassError: none, no whole numbers, or for another number of pictures.

    A row of n is one class for each of n pictures. It was k classes for all of them before 0.3.
    """
    try:
        chosen = torch.as_tensor(given, device=device)
    except (TypeError, ValueError, RuntimeError):  # names, or rows of unequal length
        chosen = torch.empty(0)
    if chosen.numel() == 0 or chosen.is_floating_point() or chosen.is_complex() or chosen.dtype == torch.bool:
        raise ClassError(f"Classes are whole numbers, at least one; {given!r} was given.")
    if chosen.ndim == 1 and n > 1 and len(chosen) > 1:
        if len(chosen) != n:
            raise ClassError(
                f"{len(chosen)} classes were given with {n} pictures; a row is one class for each picture, so give "
                f"{n}, or several for all of them as one row in a list, [[0, 1]]."
            )
        rows = chosen[:, None]
    else:
        rows = chosen if chosen.ndim == 2 else chosen.reshape(1, -1)
    if chosen.ndim > 2 or len(rows) not in (1, n):
        raise ClassError(
            f"Classes for {len(rows)} pictures were given with {n} pictures; give ({n},), (1, k) or ({n}, k)."
        )
    return rows.expand(n, -1).to(torch.int64)
