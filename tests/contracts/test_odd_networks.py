"""What all methods keep on networks and questions that are unusual but right, and what they refuse in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import xai_core as xai
from tests.networks import Small, fingerprint, relative_error
from xai_core.attribution.catalog import METHODS, find_method
from xai_core.attribution.class_maps import class_maps
from xai_core.errors import ClassError, SightlineError
from xai_core.forward.forward_pass import _minds

KEYS = [method.key for method in METHODS if method.key != "rollout"]


class Tutorial(nn.Module):
    """The layer of interest under a second name, as many tutorials wrap a backbone."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Small()
        self.target = self.backbone.last

    def forward(self, x: Tensor) -> Tensor:
        return self.backbone(x)


def wrapped(network: nn.Module, **changes: Any) -> xai.LoadedModel:
    usual = {"input_size": (16, 16), "mean": (0.5,) * 3, "std": (0.5,) * 3, "class_names": ["a", "b", "c"]}
    return xai.wrap_model(network, **{**usual, **changes})


@pytest.fixture
def network() -> Small:
    torch.manual_seed(0)
    return Small().eval()


@pytest.mark.parametrize("key", KEYS)
def test_a_layer_that_is_named_twice_is_read_once(network: Small, key: str):
    inputs = torch.randn(2, 3, 16, 16)
    once = class_maps(network, inputs, ["last"], [0, 2], method=key)
    twice = class_maps(network, inputs, ["last", "last"], [0, 2], method=key)
    named = class_maps(network, inputs, "last", [0, 2], method=key)
    for name, maps in once.items():
        assert torch.equal(twice[name], maps)
        assert torch.equal(named[name], maps)


@pytest.mark.parametrize("key", KEYS)
def test_a_layer_under_two_names_has_the_same_map_under_both(key: str):
    torch.manual_seed(0)
    network = Tutorial().eval()
    inputs = torch.randn(1, 3, 16, 16)
    before = fingerprint(network)
    (one,) = class_maps(network, inputs, ["target"], [1], method=key).values()
    (other,) = class_maps(network, inputs, ["backbone.last"], [1], method=key).values()
    assert torch.equal(one, other)
    assert fingerprint(network) == before


@pytest.mark.parametrize("key", KEYS)
def test_double_precision_gives_the_same_maps(network: Small, key: str):
    inputs = torch.randn(1, 3, 16, 16)
    (single,) = class_maps(network, inputs, ["last"], [1], method=key, relu=False).values()
    (double,) = class_maps(network.double(), inputs.double(), ["last"], [1], method=key, relu=False).values()
    assert relative_error(double.float(), single) < 1e-3


@pytest.mark.parametrize("key", KEYS)
def test_pictures_need_not_be_square(network: Small, key: str):
    (maps,) = class_maps(network, torch.randn(1, 3, 24, 40), ["last"], [1], method=key).values()
    assert maps.shape[2:] == ((24, 40) if find_method(key).target == "pixel" else (6, 10))


@pytest.mark.parametrize("key", KEYS)
def test_one_layer_in_training_mode_is_refused_and_nothing_changes(network: Small, key: str):
    network.stem[1].train()
    before = fingerprint(network)
    with pytest.raises(SightlineError, match=r"Layer 'stem\.1' is in training mode"):
        class_maps(network, torch.randn(2, 3, 16, 16), ["last"], [0], method=key)
    assert fingerprint(network) == before


def test_a_layer_that_was_put_in_after_eval_may_stay_as_it_is(network: Small):
    network.head = nn.Linear(6, 3)  # in training mode, which is nothing to it
    network.act = nn.utils.parametrizations.weight_norm(nn.Conv2d(8, 8, 1).eval())
    before = fingerprint(network)
    assert class_maps(network, torch.randn(1, 3, 16, 16), ["last"], [0])["last"].shape == (1, 1, 4, 4)
    assert fingerprint(network) == before


@pytest.mark.parametrize("kind", [nn.Dropout, nn.BatchNorm2d, nn.InstanceNorm2d, nn.RReLU, nn.MultiheadAttention])
def test_who_minds_training_is_known(kind: type[nn.Module]):
    assert _minds(kind.__mro__)


@pytest.mark.parametrize("kind", [nn.Linear, nn.Conv2d, nn.ReLU, nn.Sequential, nn.ModuleList, nn.LayerNorm])
def test_who_does_not_mind_training_is_known(kind: type[nn.Module]):
    assert not _minds(kind.__mro__)


INPUTS = torch.zeros(2, 3, 16, 16)
CAT = xai.load_sample("cat")
WRONG_QUESTIONS: dict[str, tuple[Callable[[Small], object], str]] = {
    "no layer": (lambda net: class_maps(net, INPUTS, []), "name one or more"),
    "no class": (lambda net: class_maps(net, INPUTS, ["last"], []), "at least one"),
    "a broken class": (lambda net: class_maps(net, INPUTS, ["last"], [1.7]), "whole numbers"),
    "a class by name": (lambda net: class_maps(net, INPUTS, ["last"], ["cat"]), "whole numbers"),
    "rows of another batch": (lambda net: class_maps(net, INPUTS, ["last"], torch.zeros(3, 1).long()), "3 pictures"),
    "a score that is none": (lambda net: class_maps(net, INPUTS, ["last"], 0, score="probability"), "score is one of"),
    "a setting as text": (
        lambda net: class_maps(net, INPUTS, [], 0, "smooth_grad", settings={"samples": "5"}),
        "a whole number",
    ),
    "a broken setting": (
        lambda net: class_maps(net, INPUTS, [], 0, "smooth_grad", settings={"samples": 2.5}),
        "a whole number",
    ),
    "a bare network": (lambda net: xai.explain(net, CAT), "xai.wrap_model"),
    "a path as picture": (lambda net: xai.explain(wrapped(net), "cat.png"), "xai.load_image"),
    "a layer that was not traced": (
        lambda net: xai.explain_forward_pass(xai.forward_image(wrapped(net), CAT, []), "grad_cam", ["last"]),
        "trace it as well",
    ),
    "mean without std": (lambda net: wrapped(net, std=(0.5,)), "as many finite numbers"),
    "a std of nothing": (lambda net: wrapped(net, std=(0.5, 0.0, 0.5)), "above 0"),
    "double precision": (lambda net: wrapped(net.double()), r"wrap module\.float\(\)"),
    "half precision": (lambda net: wrapped(net.half()), r"wrap module\.float\(\)"),
    "TorchScript": (lambda net: wrapped(torch.jit.trace(net, INPUTS)), "TorchScript"),
    "evidence that is none": (
        lambda net: xai.overlay(CAT, xai.explain(wrapped(net), CAT), evidence="y"),
        "evidence is one of",
    ),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.parametrize("requested", WRONG_QUESTIONS)
def test_a_wrong_question_gets_one_sentence(network: Small, requested: str):
    ask, told = WRONG_QUESTIONS[requested]
    with pytest.raises(SightlineError, match=told) as refusal:
        ask(network)
    assert "\n" not in str(refusal.value)


def test_a_network_made_in_inference_mode_is_refused():
    with torch.inference_mode():
        network = Small()
    with pytest.raises(SightlineError, match=r"torch\.no_grad"):
        wrapped(network)


def test_outputs_with_a_sigmoid_each_and_channels_in_another_order(network: Small):
    usual = wrapped(network)
    several = wrapped(network, labels="several", channel_order="BGR")
    given, flipped = (xai.prepare(model.config, CAT).tensor for model in (usual, several))
    assert torch.equal(flipped, given.flip(1))
    prediction = xai.predict(several, CAT)
    with torch.no_grad():
        expected = torch.sigmoid(network(flipped)[0])
    assert prediction.probabilities.tolist() == pytest.approx(expected.tolist())


def test_classes_are_counted_from_nought(network: Small):
    with pytest.raises(ClassError, match="0 to 2"):
        class_maps(network, INPUTS, ["last"], -1)
