"""Small networks drawn at random, and what a layer's gradient in them is, without any operation in place.

A network is a list of steps on registers. Registers may hold one and the same tensor, and some steps write into it, so
that whoever else holds it sees the change: what `Reference` does by hand, with a box for each tensor.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH, SIDE, CLASSES = 4, 6, 3
_MODULES = ("conv", "relu", "relu_", "silu", "silu_", "norm", "same")


@dataclass(frozen=True)
class Step:
    """kind: a module's, or "add", "add_", "mul", "cat". read: registers. write: the register of the result."""

    kind: str
    read: tuple[int, ...]
    write: int


class Random(nn.Module):
    """Pictures (n, 3, 6, 6) to scores (n, 3), in double precision."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        draw = random.Random(seed)
        torch.manual_seed(seed)
        self.stem = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.steps = _drawn(draw)
        self.parts = nn.ModuleDict({str(i): _module(step.kind) for i, step in enumerate(self.steps)})
        self.head = nn.Linear(WIDTH, CLASSES)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        registers = [self.stem(x)] * 3
        for i, step in enumerate(self.steps):
            given = [registers[r] for r in step.read]
            if step.kind == "add_":
                given[0] += given[1]
                made = given[0]
            elif step.kind == "ignored":  # as in `self.relu(x)` whose result nobody takes
                self.parts[str(i)](given[0])
                made = given[0]
            else:
                made = self.parts[str(i)](*given)
            registers[step.write] = made
        return self.head(sum(r.mean((2, 3)) * (k + 1) for k, r in enumerate(registers)))

    def targets(self) -> list[str]:
        """Layers of which a map has a meaning: those that make numbers."""
        made = [f"parts.{i}" for i, step in enumerate(self.steps) if step.kind not in ("add_", "same")]
        return ["stem", *made]

    def reference(self, x: Tensor, layer: str) -> tuple[Tensor, Tensor, Tensor]:
        """Scores, the layer's output, and the gradient of class 1 with respect to it; nothing works in place."""
        probe: list[Tensor] = []
        output: list[Tensor] = []

        def noted(name: str, values: Tensor) -> Tensor:
            if name != layer:
                return values
            output.append(values.detach())
            probe.append(torch.zeros_like(values).requires_grad_())
            return values.detach() + probe[0] if not values.requires_grad else values + probe[0]

        with torch.enable_grad():
            boxes = [[noted("stem", self.stem(x))]]
            registers = [boxes[0]] * 3
            for i, step in enumerate(self.steps):
                given = [registers[r] for r in step.read]
                if step.kind == "same":
                    registers[step.write] = given[0]
                    continue
                values = noted(f"parts.{i}", _plain(step.kind, self.parts[str(i)], [box[0] for box in given]))
                if step.kind in ("add_", "relu_", "silu_", "ignored"):
                    given[0][0] = values
                    registers[step.write] = given[0]
                else:
                    registers[step.write] = [values]
            scores = self.head(sum(r[0].mean((2, 3)) * (k + 1) for k, r in enumerate(registers)))
            (gradient,) = torch.autograd.grad(scores[:, 1].sum(), probe, allow_unused=True)
        return scores.detach(), output[0], torch.zeros_like(output[0]) if gradient is None else gradient


def valid(network: Random, x: Tensor) -> bool:
    """Whether plain autograd can take this network: none that could be trained writes over what it needs."""
    try:
        network(x.clone().requires_grad_()).sum().backward()
    except RuntimeError:
        return False
    finally:
        network.zero_grad()
    return True


def _drawn(draw: random.Random) -> tuple[Step, ...]:
    kinds = (
        "conv",
        "conv",
        "relu",
        "relu_",
        "relu_",
        "silu_",
        "silu",
        "norm",
        "same",
        "add",
        "add_",
        "mul",
        "cat",
        "ignored",
    )
    steps = []
    for _ in range(draw.randint(3, 9)):
        kind = draw.choice(kinds)
        read = tuple(draw.randrange(3) for _ in range(2 if kind in ("add", "add_", "mul", "cat") else 1))
        steps.append(Step(kind, read, draw.randrange(3)))
    return tuple(steps)


def _module(kind: str) -> nn.Module:
    made: dict[str, nn.Module] = {
        "conv": nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
        "relu": nn.ReLU(),
        "relu_": nn.ReLU(inplace=True),
        "ignored": nn.ReLU(inplace=True),
        "silu": nn.SiLU(),
        "silu_": nn.SiLU(inplace=True),
        "norm": nn.GroupNorm(2, WIDTH),
        "same": nn.Dropout(),
        "add": Add(),
        "mul": Mul(),
        "cat": Cat(),
    }
    return made.get(kind, nn.Identity())


def _plain(kind: str, part: nn.Module, given: list[Tensor]) -> Tensor:
    if kind in ("relu_", "ignored"):
        return F.relu(given[0])
    if kind == "silu_":
        return F.silu(given[0])
    return given[0] + given[1] if kind == "add_" else part(*given)


class Add(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


class Mul(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b.mean((2, 3), keepdim=True)


class Cat(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(2 * WIDTH, WIDTH, 1)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.mix(torch.cat([a, b], dim=1))
