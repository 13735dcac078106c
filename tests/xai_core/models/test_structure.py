"""Networks that compute something else have another digest, though weights and names are the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn

from xai_core.models.load import frozen, weights_digest
from xai_core.models.structure import structure_digest

ROOT = Path(__file__).resolve().parents[3]


def network(forward: str = "self.conv(x) * self.scale", scale: float = 2.0) -> nn.Module:
    """As a notebook's user writes it, and writes it again: the class has the same name each time."""
    names: dict[str, object] = {"nn": nn, "torch": torch}
    exec(
        "class Net(nn.Module):\n"
        "    def __init__(self, scale):\n"
        "        super().__init__()\n"
        "        self.conv, self.scale = nn.Conv2d(1, 1, 1), scale\n"
        f"    def forward(self, x):\n        return {forward}\n",
        names,
    )
    torch.manual_seed(0)
    return names["Net"](scale)  # type: ignore[operator]


def test_the_same_network_made_again_has_the_same_digest() -> None:
    assert structure_digest(network()) == structure_digest(network())
    resnet = torchvision.models.resnet18()
    assert structure_digest(resnet) == structure_digest(frozen(resnet)), "a copy in eval mode computes the same"


@pytest.mark.parametrize(
    "other",
    [
        network(scale=3.0),
        network("self.conv(x) + self.scale"),
        network("self.conv(x).relu() * self.scale"),
        network("self.conv(x) * self.scale * 2"),
    ],
    ids=["attribute", "operator", "call", "constant"],
)
def test_another_computation_with_the_same_weights_has_another(other: nn.Module) -> None:
    assert weights_digest(other) == weights_digest(network())
    assert structure_digest(other) != structure_digest(network())


def test_a_stride_counts() -> None:
    one, two = network(), network()
    two.conv.stride = (2, 2)
    assert structure_digest(one) != structure_digest(two)


class InSet(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        known = str(x.dtype) in {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}
        return x if x.shape[1] in {1, 3} or known else -x


@pytest.mark.slow
def test_it_is_the_same_in_another_process() -> None:
    """Hashes of strings are not, and so the order of a set of strings (of twelve: not the same by chance)."""
    code = (
        "from tests.xai_core.models.test_structure import InSet; "
        "from xai_core.models.structure import structure_digest; print(structure_digest(InSet()))"
    )
    other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert other.stdout.strip() == structure_digest(InSet())


def test_a_function_that_the_network_was_given_counts() -> None:
    class Given(nn.Module):
        def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
            super().__init__()
            self.function = function

        def forward(self, x: Tensor) -> Tensor:
            return self.function(x)

    assert structure_digest(Given(lambda x: x)) == structure_digest(Given(lambda x: x))
    assert structure_digest(Given(lambda x: x)) != structure_digest(Given(lambda x: -x))
