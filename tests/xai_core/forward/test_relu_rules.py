"""Each ReLU call follows the rule, in place or not, whatever its name; other activations and other threads do not."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
import torchvision
import zennit.composites
import zennit.core
from torch import Tensor, nn

from tests.networks import Small, fingerprint
from xai_core.errors import NotApplicable
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.pixel_gradient import input_gradient
from xai_core.forward.relu_rules import _Intercept, no_relu_reason, relu_rule
from xai_core.forward.target import Target

VALUES = torch.tensor([-1.0, 0.0, 2.0, 3.0, 7.0, 8.0])
INCOMING = torch.tensor([5.0, 5.0, 5.0, -5.0, 5.0, -5.0])
UNCLIPPED = {
    "torch.relu": torch.relu,
    "Tensor.relu": Tensor.relu,
    "F.relu": F.relu,
    "F.relu, keywords": lambda x: F.relu(input=x, inplace=False),
    "F.relu in place": lambda x: F.relu(x, inplace=True),
    "torch.relu_": torch.relu_,
    "Tensor.relu_": Tensor.relu_,
    "nn.ReLU": nn.ReLU(),
    "nn.ReLU in place": nn.ReLU(inplace=True),
    "clamp": lambda x: x.clamp(min=0),
    "clamp, by place": lambda x: torch.clamp(x, 0.0),
    "clamp in place": lambda x: x.clamp_(0),
    "clamp_min": lambda x: x.clamp_min(0),
    "clamp_min_": lambda x: torch.clamp_min_(x, 0),
    "F.threshold": lambda x: F.threshold(x, 0, 0),
    "F.threshold in place": lambda x: F.threshold(x, 0.0, 0.0, inplace=True),
    "nn.Threshold": nn.Threshold(0, 0),
}
# At 0 itself torch's own gradient of these is another, half of it or all.
AGAINST_A_TENSOR = {
    "torch.maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "Tensor.maximum, zero first": lambda x: torch.zeros(()).maximum(x),
    "torch.max of two": lambda x: torch.max(x, x.new_zeros(1)),
    "clip": lambda x: torch.clip(x, min=torch.tensor(0.0)),
}
CLIPPED = {
    "F.relu6": F.relu6,
    "F.relu6 in place": lambda x: F.relu6(x, True),
    "nn.ReLU6": nn.ReLU6(),
    "nn.ReLU6 in place": nn.ReLU6(inplace=True),
    "F.hardtanh from 0": lambda x: F.hardtanh(x, 0, 6),
    "F.hardtanh_ from 0": lambda x: F.hardtanh_(x, 0.0, 6.0),
    "nn.Hardtanh from 0": nn.Hardtanh(0, 6),
    "clamp from 0 to 6": lambda x: x.clamp(0, 6),
    "clip_ from 0 to 6": lambda x: x.clip_(min=0, max=6.0),
}
NO_RELUS = {
    "a clamp to the range of pixels": lambda x: x.clamp(0, 1),
    "a clamp from elsewhere": lambda x: x.clamp(min=1e-6),
    "a clamp from above": lambda x: x.clamp(max=3),
    "the larger of two tensors": lambda x: torch.maximum(x, -x),
    "the largest along an axis": lambda x: torch.max(x[None], 0).values,
    "a threshold with a jump": lambda x: F.threshold(x, 2.5, 0),
}


def assert_no_rule_is_active() -> None:
    leaf = torch.tensor([-1.0, 1.0], requires_grad=True)
    assert torch.autograd.grad(torch.relu(leaf), leaf, torch.tensor([1.0, -1.0]))[0].tolist() == [0.0, -1.0]


def passed_back(relu: Callable[[Tensor], Tensor], rule: str) -> tuple[list[float], list[float]]:
    """What the ReLU gives forwards for VALUES, and what it hands back of INCOMING."""
    leaf = VALUES.clone().requires_grad_()
    with relu_rule(rule):
        output = relu(leaf * 1)
    return output.tolist(), torch.autograd.grad(output, leaf, INCOMING)[0].tolist()


@pytest.mark.parametrize("name", UNCLIPPED)
def test_hand_computed_rules_of_a_relu(name: str):
    relu = UNCLIPPED[name]
    forwards = [0.0, 0.0, 2.0, 3.0, 7.0, 8.0]
    assert passed_back(relu, "gradient") == (forwards, [0.0, 0.0, 5.0, -5.0, 5.0, -5.0])
    assert passed_back(relu, "deconv") == (forwards, [5.0, 5.0, 5.0, 0.0, 5.0, 0.0])
    assert passed_back(relu, "guided") == (forwards, [0.0, 0.0, 5.0, 0.0, 5.0, 0.0])


@pytest.mark.parametrize("name", AGAINST_A_TENSOR)
def test_hand_computed_rules_of_the_larger_of_a_tensor_and_zero(name: str):
    forwards = [0.0, 0.0, 2.0, 3.0, 7.0, 8.0]
    assert passed_back(AGAINST_A_TENSOR[name], "deconv") == (forwards, [5.0, 5.0, 5.0, 0.0, 5.0, 0.0])
    assert passed_back(AGAINST_A_TENSOR[name], "guided") == (forwards, [0.0, 0.0, 5.0, 0.0, 5.0, 0.0])


@pytest.mark.parametrize("name", CLIPPED)
def test_hand_computed_rules_of_a_relu_that_is_clipped_at_6(name: str):
    relu = CLIPPED[name]
    forwards = [0.0, 0.0, 2.0, 3.0, 6.0, 6.0]
    assert passed_back(relu, "gradient") == (forwards, [0.0, 0.0, 5.0, -5.0, 0.0, 0.0])
    assert passed_back(relu, "deconv") == (forwards, [5.0, 5.0, 5.0, 0.0, 5.0, 0.0])
    assert passed_back(relu, "guided") == (forwards, [0.0, 0.0, 5.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("name", NO_RELUS)
def test_what_only_looks_like_a_relu_keeps_its_own_gradient(name: str):
    leaf = VALUES.clone().requires_grad_()
    output = NO_RELUS[name](leaf * 1)
    plain = torch.autograd.grad(output, leaf, INCOMING)[0]
    leaf, mode = VALUES.clone().requires_grad_(), _Intercept("guided")
    with mode:
        again = NO_RELUS[name](leaf * 1)
    assert (mode.relus, mode.others.total()) == (0, 0)
    assert torch.equal(again, output)
    assert torch.equal(torch.autograd.grad(again, leaf, INCOMING)[0], plain)


def test_whole_numbers_are_not_rectified_as_activations():
    with relu_rule("guided"):
        assert torch.arange(-2, 3).clamp(min=0).tolist() == [0, 0, 0, 1, 2]
        torch.relu(VALUES)


@pytest.mark.parametrize("name", [n for n in UNCLIPPED if "in place" in n or n.endswith("_")])
def test_an_in_place_relu_still_changes_its_input(name: str):
    leaf = VALUES.clone().requires_grad_()
    with relu_rule("guided"):
        given = leaf * 1
        UNCLIPPED[name](given)  # the answer is thrown away, as some networks do
    assert given.tolist() == [0.0, 0.0, 2.0, 3.0, 7.0, 8.0]
    assert torch.autograd.grad(given, leaf, INCOMING)[0].tolist() == [0.0, 0.0, 5.0, 0.0, 5.0, 0.0]


def test_an_in_place_relu_on_a_view_reaches_the_tensor_behind_it():
    leaf = VALUES.clone().requires_grad_()
    with relu_rule("deconv"):
        whole = leaf * 1
        whole[:2].relu_()
    assert whole.tolist() == [0.0, 0.0, 2.0, 3.0, 7.0, 8.0]
    assert torch.autograd.grad(whole, leaf, -INCOMING)[0].tolist() == [0.0, 0.0, -5.0, 5.0, -5.0, 5.0]


class TwoConsumers(nn.Module):
    """The first ReLU's input goes to a skip connection as well, and its output to two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.a, self.b = (nn.Conv2d(i, o, 3, padding=1) for i, o in ((3, 6), (6, 4), (6, 4)))
        self.skip, self.relu, self.second, self.head = nn.Conv2d(6, 4, 1), nn.ReLU(), nn.ReLU(), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        before = self.conv(x)
        after = self.relu(before)
        return self.head(self.second(self.a(after) + self.b(after) + self.skip(before)).mean((2, 3)))


def zennit_gradient(composite: zennit.core.Composite, network: nn.Module, inputs: Tensor, c: int) -> Tensor:
    leaf = inputs.clone().requires_grad_()
    with composite.context(network) as modified:
        return torch.autograd.grad(modified(leaf)[:, c].sum(), leaf)[0]


@pytest.mark.parametrize("rule", ["deconv", "guided"])
def test_relus_with_two_consumers_equal_zennit(rule: str):
    torch.manual_seed(3)
    network, inputs = TwoConsumers().double().eval(), torch.randn(2, 3, 8, 8, dtype=torch.double)
    composite = {"deconv": zennit.composites.DeconvNet, "guided": zennit.composites.GuidedBackprop}[rule]()
    ours = input_gradient(network, inputs, Target(torch.tensor([[1], [1]])), rule)[:, 0]
    oracle = zennit_gradient(composite, network, inputs, 1)
    assert torch.allclose(ours, oracle, rtol=1e-10, atol=1e-14)
    plain = input_gradient(network, inputs, Target(torch.tensor([[1], [1]])))[:, 0]
    assert not torch.allclose(ours, plain), "the case must be able to fail"


@pytest.mark.parametrize(("name", "relus"), [("googlenet", 57), ("densenet121", 121), ("mobilenet_v2", 35)])
def test_every_relu_call_is_met_functional_or_module(name: str, relus: int):
    more = {"init_weights": False} if name == "googlenet" else {}
    network = torchvision.models.get_model(name, weights=None, **more).eval()
    mode = _Intercept("guided")
    with torch.no_grad(), mode:
        network(torch.zeros(1, 3, 64, 64))
    assert mode.relus == relus
    assert not mode.others
    assert no_relu_reason(network, (1, 3, 64, 64)) is None


class Activated(nn.Module):
    def __init__(self, *activations: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.activations, self.head = nn.Conv2d(3, 4, 3), activations, nn.Linear(4, 3)
        for i, activation in enumerate(a for a in activations if isinstance(a, nn.Module)):
            self.add_module(f"activation{i}", activation)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        for activation in self.activations:
            x = activation(x)
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize(
    ("activations", "reason"),
    [
        ((nn.SiLU(), nn.SiLU()), r"has no ReLU \(2 x SiLU\)"),
        ((F.gelu,), r"has no ReLU \(1 x GELU\)"),
        ((), "has no ReLU .no activation function at all."),
        ((nn.ReLU(), nn.Hardswish(), F.hardswish), "Only 1 of this network's 3 activations are ReLUs .2 x Hardswish."),
        ((nn.Hardtanh(),), "has no ReLU .1 x Hardtanh"),
        ((nn.GELU(), F.leaky_relu_), "has no ReLU .1 x GELU, 1 x LeakyReLU."),
        ((nn.ReLU(), F.gelu, F.gelu, F.gelu), "Only 1 of this network's 4 activations are ReLUs .3 x GELU."),
        ((lambda x: x * x.sigmoid(),), "has no ReLU .1 x Sigmoid."),
        ((lambda x: x * torch.sigmoid(1.702 * x), nn.ReLU()), "Only 1 of this network's 2 .* .1 x Sigmoid."),
        ((lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2,), "has no ReLU .1 x GELU."),
    ],
)
def test_a_network_without_enough_relus_is_refused_with_the_reason(activations: tuple, reason: str):
    network, inputs = Activated(*activations).eval(), torch.randn(1, 3, 8, 8)
    before = fingerprint(network)
    for rule in ("deconv", "guided"):
        with pytest.raises(NotApplicable, match=reason):
            run_forward(network, inputs, (), rule)
    with pytest.raises(NotApplicable) as refusal:
        run_forward(network, inputs, (), "guided")
    assert no_relu_reason(network, (1, 3, 8, 8)) == str(refusal.value)
    assert run_forward(network, inputs, (), "gradient").rule == "gradient"
    assert fingerprint(network) == before
    assert_no_rule_is_active()


@pytest.mark.parametrize(
    "activations",
    [(nn.ReLU(), F.relu, nn.SiLU()), (nn.GELU(), F.relu, F.relu, F.relu), (lambda x: x.clamp(min=0),)],
)
def test_a_network_with_mostly_relus_is_answered(activations: tuple):
    network = Activated(*activations).eval()
    assert no_relu_reason(network, (1, 3, 8, 8)) is None
    assert run_forward(network, torch.randn(1, 3, 8, 8), (), "guided").scores.requires_grad


@pytest.mark.parametrize("relu", ["clamp", "clamp_min", "F.threshold", "nn.Threshold"])
@pytest.mark.parametrize("rule", ["deconv", "guided"])
def test_the_map_does_not_depend_on_how_the_relu_is_written(rule: str, relu: str):
    torch.manual_seed(0)
    between = nn.Conv2d(4, 4, 3)
    written = Activated(UNCLIPPED[relu], between, UNCLIPPED[relu]).eval()
    usual = Activated(F.relu, between, F.relu).eval()
    usual.conv, usual.head = written.conv, written.head
    inputs, target = torch.randn(2, 3, 12, 12), Target(torch.tensor([[1], [1]]))
    assert torch.equal(input_gradient(written, inputs, target, rule), input_gradient(usual, inputs, target, rule))


class Squeezed(nn.Module):
    """Squeeze-and-excitation, and a gate for places: sigmoids that scale what ReLUs made."""

    def __init__(self) -> None:
        super().__init__()
        self.squeeze, self.places = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.squeeze(x.mean((2, 3), keepdim=True)).sigmoid()
        x = x * F.hardsigmoid(self.squeeze(x.mean((2, 3), keepdim=True)).flatten(1))[:, :, None, None]
        return x * torch.sigmoid(self.places(x))


def test_gates_are_no_activations():
    network, mode = Activated(nn.ReLU(), Squeezed()).eval(), _Intercept("guided")
    with torch.no_grad(), mode:
        network(torch.randn(1, 3, 8, 8))
    assert (mode.relus, mode.others.total()) == (1, 0)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="choose one of gradient, deconv, guided"), relu_rule("guide"):
        pass


def test_the_rule_ends_with_the_block_even_after_an_exception():
    network = Small().eval()
    network.fail = True
    with pytest.raises(RuntimeError, match="failed on purpose"):
        run_forward(network, torch.randn(1, 3, 16, 16), (), "guided")
    assert_no_rule_is_active()


def test_the_rule_holds_in_its_own_thread_only():
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with relu_rule("deconv"):
            torch.relu(torch.zeros(1))
            inside.set()
            done.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    inside.wait(10)
    try:
        assert_no_rule_is_active()
    finally:
        done.set()
        other.join()
