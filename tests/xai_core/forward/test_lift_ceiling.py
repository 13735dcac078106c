"""A unit that a ReLU6 cuts off gets the gradient of the number before the cut, and no other unit changes."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import xai_core as xai
from xai_core.forward.relu_rules import RULES


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU6(inplace=True), nn.Conv2d(8, 6, 3, padding=1), nn.ReLU6(True)]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 2)).eval()
    with torch.no_grad():
        net[2].weight *= 12
    return net


@pytest.mark.parametrize("rule", RULES)
def test_a_unit_at_its_ceiling_gets_the_gradient_of_the_number_before_it(network: nn.Sequential, rule: str):
    inputs = torch.randn(1, 3, 9, 9)
    with torch.no_grad():
        outputs = network[:4](inputs.clone())[0]
    unit = tuple(int(i) for i in (outputs == 6).nonzero()[0])
    uncut = copy.deepcopy(network)
    uncut[3] = nn.ReLU()
    expected = xai.neuron_gradient(uncut, inputs, "3", unit, rule)
    lifted = xai.neuron_gradient(network, inputs, "3", unit, rule, lift_ceiling=True)
    assert expected.abs().sum() > 0
    torch.testing.assert_close(lifted, expected)
    if rule != "deconv":
        assert xai.neuron_gradient(network, inputs, "3", unit, rule).abs().sum() == 0


@pytest.mark.parametrize("rule", RULES)
def test_units_below_the_ceiling_and_those_that_are_off_stay_as_they_were(network: nn.Sequential, rule: str):
    inputs = torch.randn(1, 3, 9, 9)
    with torch.no_grad():
        outputs = network[:4](inputs.clone())[0]
    for mask in ((outputs > 0) & (outputs < 6), outputs == 0):
        unit = tuple(int(i) for i in mask.nonzero()[0])
        plain = xai.neuron_gradient(network, inputs, "3", unit, rule)
        torch.testing.assert_close(xai.neuron_gradient(network, inputs, "3", unit, rule, lift_ceiling=True), plain)
