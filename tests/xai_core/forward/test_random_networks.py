"""A layer's gradient in networks drawn at random is plain autograd's, alone and with others, in place or not."""

from __future__ import annotations

import pytest
import torch

from tests.xai_core.forward.random_networks import SIDE, Random, valid
from xai_core.forward.forward_pass import run_forward, score_gradients
from xai_core.forward.target import Target

CI, ALL = 40, 1000


def checked(seed: int) -> int:
    """How many layers of one network were compared; none where it could not be trained."""
    inputs = torch.randn(2, 3, SIDE, SIDE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    network = Random(seed)
    if not valid(network, inputs):
        return 0
    with torch.no_grad():
        scores = network(inputs.clone())
    target, names = Target(torch.ones(2, 1, dtype=torch.int64)), network.targets()
    expected = {name: network.reference(inputs, name) for name in names}
    telling = [name for name in names if bool(expected[name][2].count_nonzero())]
    for asked in [[name] for name in telling] + ([telling] if len(telling) > 1 else []):
        found = run_forward(network, inputs, asked)
        torch.testing.assert_close(found.scores.detach(), scores)
        gradients = score_gradients(found, target, asked)
        for name in asked:
            told = f"seed {seed}, {name} of {asked}, {network.steps}"
            torch.testing.assert_close(found.activations[name].detach(), expected[name][1], msg=told)
            torch.testing.assert_close(gradients[name], expected[name][2], msg=told)
    return len(telling)


def test_what_is_compared_is_the_network_itself() -> None:
    for seed in range(40):
        network, inputs = Random(seed), torch.randn(2, 3, SIDE, SIDE, dtype=torch.float64)
        with torch.no_grad():
            torch.testing.assert_close(network.reference(inputs, "stem")[0], network(inputs.clone()))


def test_gradients_of_some_networks_are_plain_autograds() -> None:
    assert sum(checked(seed) for seed in range(CI)) > 2 * CI


@pytest.mark.every_checkpoint
@pytest.mark.parametrize("part", range(10))
def test_gradients_of_a_thousand_networks_are_plain_autograds(part: int) -> None:
    assert sum(checked(seed) for seed in range(part * ALL // 10, (part + 1) * ALL // 10)) > ALL // 10


def test_an_activation_in_place_whose_input_is_read_again_counts_both_ways() -> None:
    class Both(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 4, 3, padding=1)
            self.relu = torch.nn.ReLU(inplace=True)
            self.conv = torch.nn.Conv2d(4, 4, 3, padding=1)
            self.head = torch.nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.stem(x)
            y = self.relu(x)
            return self.head((x + self.conv(y)).square().mean((2, 3)))

    torch.manual_seed(0)
    network, inputs = Both().double().eval(), torch.randn(1, 3, 6, 6, dtype=torch.float64)
    target = Target(torch.tensor([[1]]))
    alone = score_gradients(run_forward(network, inputs, ["relu"]), target, ["relu"])["relu"]
    beside = score_gradients(run_forward(network, inputs, ["stem", "relu"]), target, ["relu"])["relu"]
    torch.testing.assert_close(alone, beside)
    with torch.no_grad():
        values, step = network.stem(inputs).relu(), 1e-6
        for place in ((0, 1, 2, 3), (0, 3, 0, 5), (0, 2, 4, 4)):
            ends = []
            for sign in (1, -1):
                moved = values.clone()
                moved[place] += sign * step
                ends.append(network.head((moved + network.conv(moved)).square().mean((2, 3)))[0, 1])
            assert float(alone[place]) == pytest.approx(float(ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-9)
