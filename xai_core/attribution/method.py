"""What a method is: a record with a function in it, and the question that it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import torch
from torch import Tensor, nn

from xai_core.trace.capture import Trace, score_gradients
from xai_core.trace.target import Target

Progress = Callable[[int, int], None]
INPUT = "input"  # the name under which a pixel-level method's map stands, in place of a layer


@dataclass(frozen=True, eq=False)
class Question:
    """What a method is asked.

    inputs: (n, c, H, W). trace: the pass of `module` over `inputs` with the activations of `layers`.
    target: the explained number of k classes for each picture.
    """

    module: nn.Module
    inputs: Tensor
    layers: tuple[str, ...]
    target: Target
    trace: Trace


@dataclass(frozen=True)
class NoSettings:
    """For a method without options."""


def setting(
    default: Any,
    label: str,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    options: Sequence[Any] | None = None,
    help: str = "",
) -> Any:
    """A field of a settings record that becomes a widget by itself: a range for numbers, else one of `options`."""
    about = {"label": label, "low": low, "high": high, "step": step, "options": options, "help": help}
    return field(default=default, metadata=about)


def no_objection(_module: nn.Module, _input_shape: tuple[int, ...]) -> str | None:
    return None


def every_layer(_module: nn.Module, trace: Trace) -> tuple[str, ...]:
    return tuple(trace.activations)


@dataclass(frozen=True)
class Method:
    """One way of answering a question.

    answer: question, settings, on_progress(done, total) to signed maps {layer: (n, k, h, w)}; for target "pixel" the
    only key is INPUT and (h, w) the input's size. on_progress may raise to cancel.
    settings: a frozen dataclass of `setting` fields; it stands in the recipe line.
    reason_not: None where the method applies to a network with inputs of this shape (n, c, H, W), else why it does
    not, as one sentence. It may run the network, so it is for menus: `answer` refuses by itself, with NotApplicable.
    defined_at: those layers of a pass at which the method is defined.
    class_sensitive: False where theory says that the class does not matter. slow: it takes many forward passes.
    caveat: what a reader must know, as one sentence.
    """

    key: str
    title: str
    paper: str
    about: str
    answer: Callable[[Question, Any, Progress], dict[str, Tensor]]
    target: Literal["layer", "pixel"] = "layer"
    settings: type = NoSettings
    reason_not: Callable[[nn.Module, tuple[int, ...]], str | None] = no_objection
    defined_at: Callable[[nn.Module, Trace], tuple[str, ...]] = every_layer
    class_sensitive: bool = True
    slow: bool = False
    caveat: str | None = None

    def settings_from(self, given: Mapping[str, object] | None) -> Any:
        """The settings record with `given` in place of defaults; ValueError names an unknown setting."""
        known = {f.name for f in fields(self.settings)}
        unknown = set(given or {}) - known
        if unknown:
            raise ValueError(
                f"{self.title} has no setting '{min(unknown)}'; it has {', '.join(sorted(known)) or 'none'}."
            )
        return self.settings(**(given or {}))


def by_gradient(combine: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Question, Any, Progress], dict[str, Tensor]]:
    """A method's `answer` from its formula: activations and gradients, each (n, c, h, w), to a signed map (n, h, w).

    One backward pass for each class serves all layers.
    """

    def answer(question: Question, _settings: Any, on_progress: Progress) -> dict[str, Tensor]:
        columns: dict[str, list[Tensor]] = {name: [] for name in question.layers}
        targets = question.target.columns()
        for done, target in enumerate(targets, start=1):
            gradients = score_gradients(question.trace, target, question.layers)
            for name in question.layers:
                columns[name].append(combine(question.trace.activations[name].detach(), gradients[name]))
            on_progress(done, len(targets))
        return {name: torch.stack(maps, dim=1) for name, maps in columns.items()}

    return answer
