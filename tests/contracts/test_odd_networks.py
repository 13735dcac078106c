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
    once = class_maps(network, inputs, ["last"], [[0, 2]], method=key)
    twice = class_maps(network, inputs, ["last", "last"], [[0, 2]], method=key)
    named = class_maps(network, inputs, "last", [[0, 2]], method=key)
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


def test_a_network_made_in_inference_mode_is_refused():
    with torch.inference_mode():
        network = Small()
    with pytest.raises(SightlineError, match=r"torch\.no_grad"):
        wrapped(network)


def test_outputs_with_a_sigmoid_each_and_channels_in_another_order(network: Small):
    usual = wrapped(network)
    several = wrapped(network, answer="several", channel_order="BGR")
    given, flipped = (xai.prepare(model.config, CAT).tensor for model in (usual, several))
    assert torch.equal(flipped, given.flip(1))
    prediction = xai.predict(several, CAT)
    with torch.no_grad():
        expected = torch.sigmoid(network(flipped)[0])
    assert prediction.probabilities.tolist() == pytest.approx(expected.tolist())


def test_classes_are_counted_from_nought(network: Small):
    with pytest.raises(ClassError, match="0 to 2"):
        class_maps(network, INPUTS, ["last"], -1)


def test_a_row_of_labels_is_one_for_each_picture(network: Small):
    inputs = torch.randn(4, 3, 16, 16)
    labels = [2, 1, 0, 2]
    for given in (torch.tensor(labels), labels, tuple(labels)):
        maps = class_maps(network, inputs, ["last"], given, relu=False)["last"]
        assert maps.shape == (4, 1, 4, 4)
        for i, label in enumerate(labels):
            alone = class_maps(network, inputs[i : i + 1], ["last"], label, relu=False)["last"]
            assert torch.allclose(maps[i], alone[0], rtol=1e-4, atol=1e-6)


def test_several_classes_of_all_pictures_are_one_row_in_a_list(network: Small):
    inputs = torch.randn(3, 3, 16, 16)
    every = class_maps(network, inputs, ["last"], [[0, 1, 2]], relu=False)["last"]
    assert every.shape == (3, 3, 4, 4)
    assert torch.equal(every[:, 1], class_maps(network, inputs, ["last"], 1, relu=False)["last"][:, 0])
    assert torch.equal(every, class_maps(network, inputs, ["last"], torch.arange(3).repeat(3, 1), relu=False)["last"])
    lead = class_maps(network, inputs, ["last"], [[0, 1]], relu=False, contrast_class=[2, 2, 2])["last"]
    assert torch.allclose(lead, every[:, :2] - every[:, 2:], atol=1e-5)


def test_a_single_picture_may_have_a_row_of_classes(network: Small):
    assert class_maps(network, INPUTS[:1], ["last"], [2, 0])["last"].shape == (1, 2, 4, 4)


@pytest.mark.parametrize("classes", [[0, 1, 2], torch.tensor([0, 1, 2]), range(3)])
def test_a_row_of_another_length_is_refused_with_both_ways_out(network: Small, classes: Any):
    with pytest.raises(ClassError, match=r"3 classes were given with 2 pictures.*\[\[0, 1\]\]"):
        class_maps(network, INPUTS, ["last"], classes)


def test_layers_may_be_given_as_modules(network: Small):
    inputs = torch.randn(2, 3, 16, 16)
    named = class_maps(network, inputs, ["block", "last"], 1)
    for given in ([network.block, network.last], [network.block, "last"]):
        found = class_maps(network, inputs, given, 1)
        assert list(found) == ["block", "last"]
        assert all(torch.equal(found[name], named[name]) for name in named)
    assert list(class_maps(network, inputs, network.last, 1)) == ["last"]


class TwoInputs(Small):
    def forward(self, x: Tensor, extra: Tensor) -> Tensor:
        return super().forward(x) + extra


class Volumes(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv3d(1, 2, 3), nn.Flatten(), nn.LazyLinear(3))


BATCHED = Small()
BATCHED.stem[1] = nn.BatchNorm2d(8, track_running_stats=False)
OTHER_NETWORKS: dict[str, tuple[Callable[[Small], object], str]] = {
    "a module of another network": (
        lambda net: class_maps(net, INPUTS, [nn.Conv2d(1, 1, 1)], 0),
        "no part of this Small",
    ),
    "the network itself as a layer": (lambda net: class_maps(net, INPUTS, [net], 0), "no part of this Small"),
    "inputs in a tuple": (lambda net: class_maps(net, (INPUTS,), ["last"], 0), "A tuple was given as the pictures"),
    "two inputs": (lambda _net: class_maps(TwoInputs().eval(), INPUTS, ["last"], 0), "forward also needs extra"),
    "a signal": (lambda _net: class_maps(nn.Conv1d(3, 3, 1).eval(), INPUTS[:, :, 0], [""], 0), "Conv1d, Conv3d"),
    "a volume": (lambda _net: class_maps(Volumes().eval(), INPUTS[:, None], ["0"], 0), "Conv1d, Conv3d"),
    "whole numbers": (lambda net: class_maps(net, INPUTS.to(torch.uint8), ["last"], 0), "float numbers"),
    "statistics of the batch": (lambda _net: class_maps(BATCHED.eval(), INPUTS, ["last"], 0), "one picture at a time"),
}


REFUSED = WRONG_QUESTIONS | OTHER_NETWORKS


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.parametrize("requested", REFUSED)
def test_a_wrong_question_gets_one_sentence(network: Small, requested: str):
    ask, told = REFUSED[requested]
    with pytest.raises(SightlineError, match=told) as refusal:
        ask(network)
    assert "\n" not in str(refusal.value)


def test_statistics_of_a_batch_of_one_are_the_pictures_own():
    assert class_maps(BATCHED.eval(), INPUTS[:1], ["last"], 0)["last"].shape == (1, 1, 4, 4)


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:UserWarning")
def test_a_quantised_layer_is_refused_and_a_quantised_head_hides_the_gradient(network: Small):
    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.quantised = network, Quantised()

        def forward(self, x: Tensor) -> Tensor:
            return self.net(self.quantised(x).dequantize())

    class Quantised(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.quantize_per_tensor(x, 0.1, 0, torch.qint8)

    with pytest.raises(SightlineError, match="whole numbers"):
        class_maps(Whole().eval(), torch.randn(1, 3, 16, 16), ["quantised"], 0)
