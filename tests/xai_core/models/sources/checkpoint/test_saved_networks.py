"""Checkpoints as people save them: each is recognised, and answers as the network that was saved."""

from __future__ import annotations

import io

import pytest
import torch
from torch import Tensor, nn

from tests.xai_core.models.sources.checkpoint.saved_networks import CASES, CLASSES, Case
from xai_core.models.sources.checkpoint.reading import read_weights
from xai_core.models.sources.checkpoint.recognise import Proposal, network_of, recognise
from xai_core.models.sources.checkpoint.untold import settle, untold


def lively(network: nn.Module) -> nn.Module:
    """Norms that have seen something, so that a lost or exchanged one shows."""
    torch.manual_seed(1)
    for part in network.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            for tensor in (part.weight, part.bias, part.running_mean, part.running_var):
                tensor.data += 0.2 * torch.rand_like(tensor)
    return network.eval()


def opened(state: dict[str, Tensor], case: Case) -> Proposal:
    file = io.BytesIO()
    torch.save(state, file)
    found = {one.architecture.key: one for one in recognise(read_weights(file.getvalue()).tensors)}
    return found[case.architecture]


def answers(network: nn.Module, case: Case) -> Tensor:
    seed = torch.Generator().manual_seed(2)
    with torch.no_grad():
        scores: Tensor = network(torch.rand(2, case.channels, case.side, case.side, generator=seed))
    return scores


def name(case: Case) -> str:
    return f"{case.source}: {case.head}: {case.architecture.partition('/')[2]}"


def marks(case: Case) -> list[pytest.MarkDecorator]:
    large = case.architecture.endswith(("_b4", "_b5", "_b6", "_b7"))
    return [pytest.mark.every_checkpoint] if large else [pytest.mark.slow] if case.slow else []


@pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated")
@pytest.mark.parametrize("case", [pytest.param(c, id=f"{i} {name(c)}", marks=marks(c)) for i, c in enumerate(CASES)])
def test_it_answers_as_the_network_that_was_saved(case: Case) -> None:
    torch.manual_seed(0)
    saved = case.make()
    lively(saved.network)
    state = saved.network.state_dict() if saved.state is None else saved.state
    proposal = opened(state, case)
    assert {one.name for one in untold(proposal)} == set(case.said)
    assert (proposal.classes, proposal.channels) == (CLASSES, case.channels)
    network = settle(network_of(proposal), proposal, case.said)
    torch.testing.assert_close(answers(network, case), answers(saved.network, case), rtol=1e-4, atol=1e-4)
