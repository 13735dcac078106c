"""Gradients down to the pixels: against central differences, Captum's neuron methods, zennit, and hand computation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import captum.attr
import pytest
import torch
import torchvision
import zennit.composites
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

from tests.networks import Small, fingerprint, narrow_vgg, not_in_place, relative_error
from xai_core.errors import ClassError, LayerError, ModelError, NotApplicable
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.pixel_gradient import input_gradient, neuron_gradient, score_gradient
from xai_core.forward.target import Target

RULES = ("gradient", "deconv", "guided")


def small() -> Small:
    torch.manual_seed(0)
    return Small().eval()


def zoo(name: str) -> nn.Module:
    torch.manual_seed(1)
    return narrow_vgg() if name == "vgg" else torchvision.models.get_model(name, weights=None).eval()


@pytest.mark.parametrize("score", ["logit", "log_probability"])
def test_gradient_equals_central_differences(score: str):
    network, inputs = small().double(), torch.randn(1, 3, 8, 8, dtype=torch.double)
    found = input_gradient(network, inputs, Target(torch.tensor([[2, 0]]), score))
    assert found.shape == (1, 2, 3, 8, 8)
    step = 1e-6
    for place in [(0, 0, 0, 0), (0, 1, 3, 4), (0, 2, 7, 7)]:
        up, down = inputs.clone(), inputs.clone()
        up[place] += step
        down[place] -= step
        with torch.no_grad():
            scores = [network(x) if score == "logit" else network(x).log_softmax(1) for x in (up, down)]
        for k, c in enumerate((2, 0)):
            expected = (scores[0][0, c] - scores[1][0, c]).item() / (2 * step)
            assert found[0, k][place[1:]].item() == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_rules_on_a_chain_that_is_computed_by_hand():
    """score = relu(w * x) . (1, -1, 1) with w = (2, 2, -3), x = (1, 1, 1)."""

    class Chain(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            hidden = torch.relu(x[:, :, 0, 0] * torch.tensor([2.0, 2.0, -3.0]))
            return (hidden * torch.tensor([1.0, -1.0, 1.0])).sum(1, keepdim=True)

    expected = {"gradient": [2, -2, 0], "deconv": [2, 0, -3], "guided": [2, 0, 0]}
    for rule, gradient in expected.items():
        found = input_gradient(Chain().eval(), torch.ones(1, 3, 1, 1), Target(torch.tensor([[0]])), rule)
        assert found.flatten().tolist() == gradient


ORACLES = {
    "gradient": captum.attr.NeuronGradient,
    "deconv": captum.attr.NeuronDeconvolution,
    "guided": captum.attr.NeuronGuidedBackprop,
}


def brightest_unit(network: nn.Module, inputs: Tensor, layer: str) -> tuple[int, ...]:
    """The strongest unit of the first picture: one that is off would have a gradient of zero."""
    activations = run_forward(network, inputs, [layer]).activations[layer][0].detach()
    return tuple(int(i) for i in torch.unravel_index(activations.argmax(), activations.shape))


@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("resnet18", "layer1.0.conv1"),
        ("resnet18", "layer3.1"),
        ("resnet18", "avgpool"),
        ("resnet18", "fc"),
        ("vgg", "features.2"),
        ("vgg", "features.12"),
        ("vgg", "classifier.0"),
    ],
)
def test_neuron_gradients_equal_captum(name: str, layer: str, rule: str):
    network, inputs = zoo(name), torch.randn(2, 3, 96, 96)
    unit = brightest_unit(network, inputs, layer)
    ours = neuron_gradient(network, inputs, layer, unit, rule)
    copy = not_in_place(network)
    oracle = ORACLES[rule](copy, copy.get_submodule(layer)).attribute(inputs.clone().requires_grad_(), unit)
    assert ours.shape == inputs.shape
    assert relative_error(ours, oracle.detach()) <= 1e-4


@pytest.mark.parametrize("rule", ["deconv", "guided"])
def test_class_scores_of_a_residual_network_equal_zennit(rule: str):
    network, inputs = zoo("resnet18"), torch.randn(2, 3, 96, 96)
    ours = input_gradient(network, inputs, Target(torch.tensor([[3], [3]])), rule)[:, 0]
    composite = {"deconv": zennit.composites.DeconvNet, "guided": zennit.composites.GuidedBackprop}[rule]()
    leaf = inputs.clone().requires_grad_()
    with composite.context(not_in_place(network)) as modified:
        (oracle,) = torch.autograd.grad(modified(leaf)[:, 3].sum(), leaf)
    assert relative_error(ours, oracle) <= 1e-4


def test_each_picture_may_ask_for_a_unit_of_its_own():
    network, inputs = small(), torch.randn(2, 3, 16, 16)
    units = torch.tensor([[1, 2, 3], [5, 0, 0]])
    together = neuron_gradient(network, inputs, "last", units)
    for i in range(2):
        assert torch.allclose(together[i], neuron_gradient(network, inputs[i : i + 1], "last", units[i])[0], atol=1e-7)


def test_a_unit_sees_only_its_receptive_field():
    gradient = neuron_gradient(small(), torch.randn(1, 3, 16, 16), "stem.0", (0, 4, 5), "gradient")
    rows, columns = gradient[0].abs().sum(0).nonzero().T
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (7, 9, 9, 11)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_the_callers_gradient_mode_does_not_matter_and_is_restored(mode: type):
    network, inputs, target = small(), torch.randn(1, 3, 16, 16), Target(torch.tensor([[0]]))
    expected = input_gradient(network, inputs, target, "guided")
    before = torch.is_grad_enabled()
    with mode():
        inside = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        found = input_gradient(network, inputs.clone(), target, "guided")
        unit = neuron_gradient(network, inputs.clone(), "last", (0, 0, 0))
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == inside
    assert torch.is_grad_enabled() is before
    assert torch.equal(found, expected)
    assert unit.abs().sum() > 0


@pytest.mark.parametrize("rule", RULES)
def test_network_and_inputs_are_untouched_after_success_and_after_failure(rule: str):
    network = small()
    network.stem = nn.Sequential(nn.ReLU(inplace=True), *network.stem)  # it would rewrite the caller's picture
    inputs = torch.randn(1, 3, 16, 16, requires_grad=True)
    values, version = inputs.detach().clone(), inputs._version
    before = fingerprint(network)
    for fail in (False, True):
        network.fail = fail
        for work in (
            lambda: input_gradient(network, inputs, Target(torch.tensor([[0]])), rule),
            lambda: neuron_gradient(network, inputs, "last", (0, 0, 0), rule),
        ):
            if fail:
                with pytest.raises(RuntimeError, match="failed on purpose"):
                    work()
            else:
                assert not work().requires_grad
        network.fail = False
        assert fingerprint(network) == before
    assert inputs.grad is None
    assert inputs.requires_grad
    assert inputs._version == version
    assert torch.equal(inputs, values)


@pytest.mark.slow
def test_eight_threads_with_different_rules_get_the_serial_gradients_bit_for_bit():
    network = ResNet(BasicBlock, [1, 1, 2, 1], num_classes=200).eval()
    inputs = torch.randn(12, 1, 3, 48, 48)

    def work(i: int) -> Tensor:
        rule, image = RULES[i % 3], inputs[i % 12]
        if i % 2:
            return neuron_gradient(network, image, ("layer2", "layer3.0.bn2", "conv1")[i % 3], (i % 60, 1, 2), rule)
        return input_gradient(network, image, Target(torch.tensor([[i, 2 * i]])), rule)

    serial = [work(i) for i in range(48)]
    with ThreadPoolExecutor(8) as pool:
        threaded = list(pool.map(work, range(48)))
    assert sum(not torch.equal(a, b) for a, b in zip(serial, threaded, strict=True)) == 0


def test_a_score_that_ignores_the_pixels_has_gradient_zero():
    class Constant(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ones(len(x), 2)

    found = input_gradient(Constant().eval(), torch.randn(1, 3, 4, 4), Target(torch.tensor([[1]])))
    assert torch.equal(found, torch.zeros(1, 1, 3, 4, 4))


def test_refusals_say_what_to_do():
    network, inputs = small(), torch.randn(2, 3, 16, 16)
    with pytest.raises(LayerError, match=r"gives \(2, 6, 4, 4\), so a unit has 3 indices, one row .* 2 rows"):
        neuron_gradient(network, inputs, "last", (1,))
    with pytest.raises(LayerError, match="3 indices"):
        neuron_gradient(network, inputs, "last", torch.zeros(3, 3))
    for unit in ((6, 0, 0), (0, 0, 4), (0, -1, 0)):
        with pytest.raises(LayerError, match="has no unit"):
            neuron_gradient(network, inputs, "last", unit)
    with pytest.raises(LayerError, match="no layer 'nope'"):
        neuron_gradient(network, inputs, "nope", (0, 0, 0))
    with pytest.raises(ClassError, match="classes are 0 to 2"):
        input_gradient(network, inputs, Target(torch.tensor([[3], [0]])))
    with pytest.raises(ModelError, match=r"call module\.eval\(\) first"):
        input_gradient(Small(), inputs, Target(torch.tensor([[0], [0]])))
    with pytest.raises(ValueError, match=r"give trace\(\) a rule"):
        score_gradient(run_forward(network, inputs, ()), Target(torch.tensor([[0], [0]])))
    silent = nn.Sequential(nn.Conv2d(3, 2, 3), nn.SiLU(), nn.Flatten(), nn.Linear(392, 2)).eval()
    with pytest.raises(NotApplicable, match="has no ReLU"):
        neuron_gradient(silent, inputs, "0", (0, 0, 0))
