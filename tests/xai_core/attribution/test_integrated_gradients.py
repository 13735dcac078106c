from functools import cache, partial

import pytest
import torch
from torch import Tensor, nn

from tests.networks import Small
from xai_core.attribution.baselines import baseline
from xai_core.attribution.class_maps import class_maps, make_target
from xai_core.attribution.method import AttributionRequest
from xai_core.attribution.methods.integrated_gradients import METHOD, IntegratedGradientsSettings
from xai_core.errors import NotApplicable
from xai_core.forward.forward_pass import run_forward

LEVELS = (torch.tensor([-2.0, -1.0, 0.5]), torch.tensor([2.0, 3.0, 1.5]))


class Product(nn.Module):
    """score = a * b for the two pixels of a one-channel picture (1, 2)."""

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, 0, 0, 0] * x[:, 0, 0, 1])[:, None]


def test_the_share_of_a_product_is_half_for_each_factor():
    """By hand: from (0, 0) to (3, 4) each pixel's integral is 3 * 4 / 2."""
    inputs = torch.tensor([[[[3.0, 4.0]]]])
    maps = class_maps(Product().eval(), inputs, [], 0, method="integrated_gradients", settings={"steps": 3})["input"]
    assert torch.allclose(maps, torch.tensor([[[[6.0, 6.0]]]]))


def test_a_start_other_than_zero_changes_the_shares():
    """By hand: from (1, 1) to (3, 4), the integral of (1 + 3t) * 2 is 5 and that of (1 + 2t) * 3 is 6."""
    inputs, baselines = torch.tensor([[[[3.0, 4.0]]]]), (torch.ones(1), torch.zeros(1))
    settings = {"steps": 3, "baseline": "black"}
    maps = class_maps(
        Product().eval(), inputs, [], 0, method="integrated_gradients", settings=settings, baselines=baselines
    )["input"]
    assert torch.allclose(maps, torch.tensor([[[[5.0, 6.0]]]]))


@pytest.mark.parametrize("start", ["grey", "black", "white", "blurred"])
def test_the_map_adds_up_to_the_rise_of_the_score(start: str):
    torch.manual_seed(0)
    network, inputs = Small().double().eval(), torch.randn(2, 3, 16, 16, dtype=torch.double)
    forward = cache(partial(run_forward, network, inputs, ()))
    request = AttributionRequest(network, inputs, (), make_target(forward, inputs, [[0, 2]]), forward, LEVELS)
    with torch.no_grad():
        rise = (network(inputs) - network(baseline(start, request)))[:, [0, 2]]
    gaps = []
    for steps in (5, 300):
        settings = IntegratedGradientsSettings(baseline=start, steps=steps)
        maps = METHOD.answer(request, settings, lambda _done, _total: None)["input"]
        gaps.append((maps.sum(dim=(2, 3)) - rise).abs().max())
    assert gaps[1] <= 1e-3 * rise.abs().max()
    assert gaps[1] < gaps[0]


@pytest.mark.parametrize("start", ["black", "white"])
def test_black_and_white_need_to_be_told_for_a_bare_tensor(start: str):
    network, inputs = Small().eval(), torch.randn(1, 3, 16, 16)
    with pytest.raises(NotApplicable, match=rf"value is {start} is not known .* give class_maps its levels="):
        class_maps(network, inputs, [], method="integrated_gradients", settings={"baseline": start})
