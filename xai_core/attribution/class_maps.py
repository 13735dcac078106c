"""Class maps of any network, layers and classes from one forward pass: tensors in, tensors out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import get_args

import torch
from torch import Tensor, nn

from xai_core.attribution.catalog import find_method
from xai_core.attribution.method import Method, Question
from xai_core.errors import ClassError, LayerError, SettingError
from xai_core.trace.capture import Trace, trace
from xai_core.trace.target import Score, Target
from xai_core.types import Progress

Classes = int | Sequence[int] | Tensor | None


def class_maps(
    module: nn.Module,
    inputs: Tensor,
    layers: Sequence[str],
    classes: Classes = None,
    method: str = "grad_cam",
    relu: bool = True,
    *,
    score: Score = "logit",
    against: Classes = None,
    settings: Mapping[str, object] | None = None,
    levels: tuple[Tensor, Tensor] | None = None,
    on_progress: Progress | None = None,
) -> dict[str, Tensor]:
    """Raw class maps at each layer's native size: {layer: float (n, k, h, w)}, for `inputs` (n, c, H, W).

    classes: one index, k indices for all pictures, a tensor (n, k), or None for each picture's best class (k = 1).
    relu: keep only evidence for the class, as the papers do; False keeps the signed map, as pixel-level methods do.
    score, against: which number is explained, see `Target`. settings: the method's own, by name.
    levels: (black, white), each (c,), what the network reads for such a pixel; only black and white baselines ask.
    Pixel-level methods give {"input": (n, k, H, W)}; of `layers` they read the last or none.
    One forward pass for everything; gradient methods take one backward pass for each class. Methods that look at many
    other pictures take only the passes over those. `module` stays untouched.
    LayerError, ClassError, NotApplicable, ModelError: see the message.
    """
    chosen = find_method(method)
    read = chosen.layers_read(layers)
    passed = cache(partial(trace, module, inputs, read, chosen.rule))  # once, and only where it is needed
    target = make_target(passed, inputs, classes, score, against)
    question = Question(module, inputs, read, target, passed, levels)
    maps = answer(chosen, question, settings, on_progress)
    return {name: m.clamp(min=0) for name, m in maps.items()} if relu and chosen.target == "layer" else maps


def answer(
    method: Method, question: Question, settings: Mapping[str, object] | None, on_progress: Progress | None
) -> dict[str, Tensor]:
    """Signed maps {layer: (n, k, h, w)}; the question's trace may be used again afterwards."""
    for name in question.layers:
        shape = tuple(question.trace.activations[name].shape)
        if len(shape) != 4:
            raise LayerError(f"Layer '{name}' gives {shape}, not feature maps (n, c, h, w); choose another layer.")
    return method.answer(question, method.settings_from(settings), on_progress or (lambda _done, _total: None))


def make_target(
    passed: Callable[[], Trace], inputs: Tensor, classes: Classes, score: Score = "logit", against: Classes = None
) -> Target:
    """`classes` and `against` as a Target for `inputs` (n, c, H, W); None asks their pass for each one's best class."""
    if score not in get_args(Score):
        raise SettingError(f"score is one of {', '.join(get_args(Score))}; {score!r} was given.")
    n = len(inputs)
    if classes is None:
        wanted = passed().scores.detach().argmax(dim=1, keepdim=True)
    else:
        wanted = _rows(classes, n, inputs.device)
    return Target(wanted, score, None if against is None else _rows(against, n, inputs.device).expand_as(wanted))


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
