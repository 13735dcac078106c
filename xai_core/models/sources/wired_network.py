"""A network of PyTorch's layers that are called in a fixed order, as a file's graph says: what its readers build."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

HALF = "The file computes in half precision. Here it computes in single, so answers differ by rounding."


@dataclass(frozen=True)
class Step:
    """One call: the layer's name, the values that it takes and gives, and those that nobody needs afterwards."""

    layer: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    done: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """How the layers hang together. It never changes, so copies of the network share it."""

    given: str
    steps: tuple[Step, ...]
    output: str
    channels_last: bool

    def __deepcopy__(self, _memo: dict[int, object]) -> Plan:
        return self


class WiredNetwork(nn.Module):
    """Pictures (n, c, H, W) to scores (n, n_classes). output_read: which of a file's outputs, where it has several."""

    def __init__(self, plan: Plan, layers: dict[str, nn.Module], constants: dict[str, Tensor]) -> None:
        super().__init__()
        self.plan, self.wiring = plan, repr(plan)
        self.one_at_a_time = False
        self.output_read = ""
        self._constants = dict(zip(constants, (f"constant_{i}" for i in range(len(constants))), strict=True))
        for name, value in constants.items():
            self.register_buffer(self._constants[name], value)
        for name, layer in layers.items():
            _hang(self, name, layer)

    def forward(self, images: Tensor) -> Tensor:
        if self.one_at_a_time and len(images) > 1:
            return torch.cat([self._scores(image[None]) for image in images])
        return self._scores(images)

    def _scores(self, images: Tensor) -> Tensor:
        values: dict[str, Any] = {name: getattr(self, buffer) for name, buffer in self._constants.items()}
        values[self.plan.given] = images.permute(0, 2, 3, 1) if self.plan.channels_last else images
        for step in self.plan.steps:
            given = [values[name] if name else None for name in step.inputs]
            made = self.get_submodule(step.layer)(*given)
            values.update(zip(step.outputs, made if isinstance(made, tuple) else (made,), strict=False))
            for name in step.done:
                del values[name]
        scores: Tensor = values[self.plan.output].flatten(1)
        return scores


def steps_of(
    taken: Sequence[tuple[str, tuple[str, ...], tuple[str, ...]]], output: str, constants: Iterable[str]
) -> tuple[Step, ...]:
    """With the values that each step is the last to need."""
    needed, steps = {output, "", *constants}, []
    for name, inputs, outputs in reversed(taken):
        done = tuple(dict.fromkeys(value for value in (*inputs, *outputs) if value not in needed))
        needed.update(inputs)
        steps.append(Step(name, inputs, outputs, done))
    return tuple(reversed(steps))


def _hang(root: nn.Module, name: str, layer: nn.Module) -> None:
    """Put a layer under its dotted name, with empty modules on the way."""
    *path, last = name.split(".")
    for part in path:
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    root.add_module(last, layer)
