"""Classifiers of HuggingFace's kind: which layers are listed, which one is suggested, and whose maps these are."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import xai_core as xai
from tests.xai_core.models.huggingface_networks import NETWORKS
from tests.xai_core.models.network_check import check

BESIDE = ("q_proj", "k_proj", "v_proj", "o_proj", "attention", "intermediate", "dense", "_act_fn")


class Logits(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x).logits


def network_of(title: str) -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS[title][0]().eval()


@pytest.mark.parametrize("title", NETWORKS)
def test_the_last_layer_of_the_stream_that_reaches_the_scores_is_suggested(title: str):
    _, side, suggested, grid = NETWORKS[title]
    model = xai.wrap_model(
        network_of(title), input_size=(side, side), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=list("abcde")
    )
    found = xai.layers(model)
    assert [(layer.name, layer.grid) for layer in found if layer.suggested] == [(suggested, grid)]
    assert [layer.name for layer in found if layer.main and layer.name.endswith(BESIDE)] == []
    assert all(layer.stage_end or not layer.suggested for layer in found)


@pytest.mark.parametrize("title", NETWORKS)
def test_every_layer_that_is_listed_has_plain_autograds_map_in_its_places(title: str):
    side = NETWORKS[title][1]
    inputs = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    assert check(Logits(network_of(title)).eval(), (3, side, side), inputs).trouble == []
