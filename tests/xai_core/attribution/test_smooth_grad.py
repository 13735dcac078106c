import pytest
import torch
from torch import Tensor, nn

from tests.networks import Small
from xai_core.attribution.class_maps import class_maps


class Cubes(nn.Module):
    """score = the sum of the cubes of all pixels: the gradient is 3 x^2, its mean under noise 3 (x^2 + variance)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.pow(3).sum(dim=(1, 2, 3))[:, None]


def smooth(network: nn.Module, inputs: Tensor, **settings: object) -> Tensor:
    return class_maps(network, inputs, [], 0, method="smooth_grad", settings=settings)["input"]


def test_noise_adds_its_variance_where_the_expectation_is_known():
    inputs = torch.linspace(-1, 1, 16).view(1, 1, 4, 4)  # its range is 2, so noise 0.2 is a deviation of 0.4
    found = smooth(Cubes().eval(), inputs, samples=200, noise=0.2)
    expected = 3 * (inputs.pow(2) + 0.4**2)
    assert found.mean().item() == pytest.approx(expected.mean().item(), rel=0.03)
    assert (found - expected).abs().max() < 0.8


def test_without_noise_it_is_the_gradient():
    network, inputs = Small().eval(), torch.randn(2, 3, 16, 16)
    gradient = class_maps(network, inputs, [], 0, method="gradient")["input"]
    assert torch.allclose(smooth(network, inputs, samples=3, noise=0.0), gradient, atol=1e-7)


def test_the_seed_decides_the_noise_and_the_batch_does_not():
    network, inputs = Small().eval(), torch.randn(1, 3, 15, 13)
    first = smooth(network, inputs, samples=7, seed=4, batch=7)
    assert torch.equal(smooth(network, inputs, samples=7, seed=4, batch=7), first)
    assert torch.allclose(smooth(network, inputs, samples=7, seed=4, batch=2), first, atol=1e-7)
    assert not torch.allclose(smooth(network, inputs, samples=7, seed=5, batch=7), first, atol=1e-4)


def test_the_global_random_state_is_left_alone():
    network = Small().eval()
    before = torch.get_rng_state()
    smooth(network, torch.ones(1, 3, 16, 16))
    assert torch.equal(torch.get_rng_state(), before)
