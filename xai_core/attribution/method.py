"""What a method is: a record with a function in it, and the question that it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Literal

import torch
from torch import Tensor, nn

from xai_core.errors import LayerError, SettingError
from xai_core.forward.forward_pass import ForwardPass, score_gradients
from xai_core.forward.relu_rules import Rule
from xai_core.forward.target import Target
from xai_core.types import ProgressCallback

INPUT = "input"  # the name under which a pixel-level method's map stands, in place of a layer


@dataclass(frozen=True, eq=False)
class AttributionRequest:
    """What a method is asked.

    inputs: (n, c, H, W). target: the explained number of k classes for each picture.
    forward: gives the pass of `module` over `inputs` with the activations of `layers`, the same one each time; a method
    that never asks for it need not pay for it.
    baselines: (black, white), each (c,): what the network reads for such a pixel; None where nobody knows.
    """

    module: nn.Module
    inputs: Tensor
    layers: tuple[str, ...]
    target: Target
    forward: Callable[[], ForwardPass]
    baselines: tuple[Tensor, Tensor] | None = None

    @property
    def forward_pass(self) -> ForwardPass:
        return self.forward()


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


def every_layer(_module: nn.Module, forward_pass: ForwardPass) -> tuple[str, ...]:
    return tuple(forward_pass.activations)


@dataclass(frozen=True)
class Method:
    """One way of answering a question.

    answer: question, settings, on_progress(done, total) to signed maps {layer: (n, k, h, w)}; for target "pixel" the
    only key is INPUT and (h, w) the input's size, or a grid over it. on_progress may raise to cancel.
    needs_layer: a pixel-level method that reads one layer as well, the last that is asked for.
    rule: for a pixel-level method that takes one gradient, how ReLUs pass it; `trace` then need not run twice.
    settings: a frozen dataclass of `setting` fields; it stands in the recipe line.
    reason_not: None where the method applies to a network with inputs of this shape (n, c, H, W), else why it does
    not, as one sentence. It may run the network, so it is for menus: `answer` refuses by itself, with NotApplicable.
    defined_at: those layers of a pass at which the method is defined.
    class_sensitive: False where theory says that the class does not matter. slow: it takes many forward passes.
    reading: what a colour of its maps stands for. {raised}, {raises} ("would raise") and {falls} follow the evidence
    that is drawn; {rows} and {columns} are the map's, and any of its settings may stand in it by name: `how_to_read`.
    caveat: what a reader must know, as one sentence.

    How its maps are drawn follows from `target`: on the layer's grid, or by pixels, on a scale that a few strong ones
    do not stretch. Whatever lists methods (menus, links, recipe lines, scripts) reads the record alone.
    """

    key: str
    title: str
    paper: str
    about: str
    answer: Callable[[AttributionRequest, Any, ProgressCallback], dict[str, Tensor]]
    target: Literal["layer", "pixel"] = "layer"
    needs_layer: bool = False
    rule: Rule | None = None
    settings: type = NoSettings
    reason_not: Callable[[nn.Module, tuple[int, ...]], str | None] = no_objection
    defined_at: Callable[[nn.Module, ForwardPass], tuple[str, ...]] = every_layer
    class_sensitive: bool = True
    slow: bool = False
    reading: str = ""
    caveat: str | None = None

    @property
    def reads_layers(self) -> bool:
        return self.target == "layer" or self.needs_layer

    @property
    def for_batches(self) -> bool:
        """Whether one gradient answers many images at once, at any layer, about a class."""
        everywhere = self.target == "layer" and self.defined_at is every_layer
        return everywhere and self.class_sensitive and not self.slow

    def layers_read(self, layers: Sequence[str]) -> tuple[str, ...]:
        """Those of the layers asked for that the method reads, each once; LayerError where it lacks one."""
        names = (layers,) if isinstance(layers, str) else tuple(dict.fromkeys(layers))
        if self.reads_layers and not names:
            raise LayerError(f"{self.title} reads a layer; name one or more in `layers`.")
        return names if self.target == "layer" else names[-1:] if self.needs_layer else ()

    def settings_from(self, given: Mapping[str, object] | None) -> Any:
        """The settings record with `given` in place of defaults; SettingError: unknown, or out of range."""
        known = {f.name for f in fields(self.settings)}
        unknown = set(given or {}) - known
        if unknown:
            raise SettingError(
                f"{self.title} has no setting '{min(unknown)}'; it has {', '.join(sorted(known)) or 'none'}."
            )
        for f in fields(self.settings):
            if f.name in (given or {}):
                self._refuse_outside(f, (given or {})[f.name])
        return self.settings(**(given or {}))

    def _refuse_outside(self, known: Field[Any], value: Any) -> None:
        options, low, high = (known.metadata.get(name) for name in ("options", "low", "high"))
        if options is not None and value not in options:
            given = ", ".join(map(str, options))
            raise SettingError(f"{self.title}: '{known.name}' is one of {given}; {value} was given.")
        if low is None or high is None:
            return
        kind, told = (Integral, "a whole number") if known.type in ("int", int) else (Real, "a number")
        if isinstance(value, bool) or not isinstance(value, kind):
            raise SettingError(f"{self.title}: '{known.name}' is {told}; {value!r} was given.")
        if not low <= value <= high:
            raise SettingError(f"{self.title}: '{known.name}' lies between {low} and {high}; {value} was given.")


def by_gradient(
    combine: Callable[[Tensor, Tensor], Tensor],
) -> Callable[[AttributionRequest, Any, ProgressCallback], dict[str, Tensor]]:
    """A method's `answer` from its formula: activations and gradients, each (n, c, h, w), to a signed map (n, h, w).

    One backward pass for each class serves all layers.
    """

    def answer(request: AttributionRequest, _settings: Any, on_progress: ProgressCallback) -> dict[str, Tensor]:
        columns: dict[str, list[Tensor]] = {name: [] for name in request.layers}
        targets = request.target.columns()
        for done, target in enumerate(targets, start=1):
            gradients = score_gradients(request.forward_pass, target, request.layers)
            for name in request.layers:
                columns[name].append(combine(request.forward_pass.activations[name].detach(), gradients[name]))
            on_progress(done, len(targets))
        return {name: torch.stack(maps, dim=1) for name, maps in columns.items()}

    return answer
