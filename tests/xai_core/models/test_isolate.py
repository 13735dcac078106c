import dataclasses
import types

import pytest
import torch
from torch import Tensor, nn

import xai_core as xai
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


def test_misspelt_layer_gets_a_suggestion():
    with pytest.raises(LayerError, match=r"Did you mean 'stem\.0'"):
        isolated(nn.ModuleDict({"stem": nn.Sequential(nn.Conv2d(3, 3, 1))}), ["body.0"])


class TwoNames(nn.Module):
    """The wrapper of many tutorials: it takes a layer out of a network and runs the network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.target = network.last
        self.backbone = network

    def forward(self, x: Tensor) -> Tensor:
        return self.backbone(x)


class Deep(nn.Module):
    """One convolution stands in two blocks of different depth."""

    def __init__(self, both: bool) -> None:
        super().__init__()
        shared = nn.Conv2d(3, 3, 3, padding=1)
        self.early, self.late = nn.Sequential(shared, nn.ReLU()), nn.Sequential(nn.Sequential(shared), nn.ReLU())
        self.both = both

    def forward(self, x: Tensor) -> Tensor:
        return self.late(self.early(x) if self.both else x).mean((2, 3))


@pytest.mark.parametrize("name", ["target", "backbone.last"])
def test_a_layer_under_two_names_is_one_layer_under_each(name: str):
    torch.manual_seed(0)
    network = Small().eval()
    wrapper, inputs = TwoNames(network).eval(), torch.randn(1, 3, 16, 16)
    private = isolated(wrapper, [name])
    assert private.target is private.backbone.last
    assert private.target is not wrapper.target
    assert private.backbone.stem is network.stem
    for method in ("grad_cam", "cam", "score_cam", "ablation_cam"):
        expected = xai.class_maps(network, inputs, ["last"], [[0, 2]], method=method)["last"]
        torch.testing.assert_close(xai.class_maps(wrapper, inputs, [name], [[0, 2]], method=method)[name], expected)


def test_what_is_suggested_for_a_network_with_two_names_can_be_explained():
    wrapper = TwoNames(Small()).eval()
    model = xai.wrap_model(wrapper, input_size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, class_names="abc")
    assert list(xai.explain(model, xai.load_sample("cat")).maps) == ["target"]
    digits = xai.open_dataset("digits")
    few = dataclasses.replace(digits, items=digits.items[:4], digest="four")
    assert xai.top_patches(model, few, ["target", "backbone.stem"], k=2).layers["target"].channels == 6


@pytest.mark.parametrize("name", ["early.0", "late.0.0"])
def test_a_layer_that_runs_under_both_of_its_names_is_refused(name: str):
    inputs = torch.randn(1, 3, 8, 8)
    assert xai.class_maps(Deep(both=False).eval(), inputs, [name], [0])[name].shape == (1, 1, 8, 8)
    with pytest.raises(LayerError, match=f"'{name}' runs more than once"):
        xai.class_maps(Deep(both=True).eval(), inputs, [name], [0])
