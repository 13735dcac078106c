import copy
import types

import pytest
import torch
from torch import nn

from tests.networks import Small, fingerprint
from xai_core.errors import LayerError, ModelError
from xai_core.models.isolate import isolated


def test_only_the_way_to_the_layer_is_copied_and_no_tensor_is():
    network = Small().eval()
    private = isolated(network, ["stem.1"])
    assert private is not network
    assert private.stem is not network.stem
    assert private.stem[1] is not network.stem[1]
    assert private.stem[0] is network.stem[0]
    assert private.last is network.last
    assert private.stem[1].weight is network.stem[1].weight
    assert private.stem[1].running_mean is network.stem[1].running_mean


def test_hooks_on_the_copy_do_not_reach_the_network():
    network = Small().eval()
    before = fingerprint(network)
    isolated(network, ["block"]).block.register_forward_hook(lambda *_: None)
    assert fingerprint(network) == before


def test_a_replaced_forward_method_follows_the_copy():
    network = Small().eval()
    network.forward = types.MethodType(
        lambda self, x: self.head(self.stem(x).mean((2, 3)).repeat(1, 1)[:, :6]), network
    )
    private = isolated(network, ["stem"])
    ran: list[int] = []
    private.stem.register_forward_hook(lambda *_: ran.append(1))
    private(torch.randn(1, 3, 8, 8))
    assert ran == [1]


def test_tensors_that_are_no_parameters_are_shared_too():
    network = Small().eval()
    network.block.cached = (network.block.weight * 2).sum()  # not a leaf: deepcopy alone would refuse it
    assert isolated(network, ["block"]).block.cached is network.block.cached


def test_unknown_layer_and_uncopyable_network_are_refused_in_words():
    with pytest.raises(LayerError, match=r"no layer 'stem.9'"):
        isolated(Small(), ["stem.9"])
    network = Small()
    network.stream = (i for i in range(3))
    with pytest.raises(ModelError, match="cannot be copied"):
        isolated(network, ["block"])
    assert copy.deepcopy(Small()) is not None


def test_misspelt_layer_gets_a_suggestion():
    with pytest.raises(LayerError, match=r"Did you mean 'stem\.0'"):
        isolated(nn.ModuleDict({"stem": nn.Sequential(nn.Conv2d(3, 3, 1))}), ["body.0"])
