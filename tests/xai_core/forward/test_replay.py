from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from tests.networks import Small, fingerprint
from tests.zoo import network
from xai_core.errors import LayerError, ModelError
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.replay import replayer


@torch.no_grad()
def whole_pass(module: nn.Module, inputs: Tensor, layer: str, activations: Tensor) -> Tensor:
    """The oracle: everything runs on a full batch, and a hook exchanges the layer's output."""
    oracle = copy.deepcopy(module)
    oracle.get_submodule(layer).register_forward_hook(lambda *_: activations.clone())
    return oracle(inputs.repeat(len(activations), 1, 1, 1))


@pytest.mark.parametrize(
    ("library", "name", "layers"),
    [
        ("torchvision", "resnet18", ["conv1", "layer2.0.conv1", "layer2.0.bn2", "layer3", "layer4.1.bn2", "avgpool"]),
        ("torchvision", "densenet121", ["features.denseblock2.denselayer3.conv2", "features.denseblock4"]),
        ("torchvision", "googlenet", ["inception4a.branch2.0.conv", "inception5b"]),
        ("torchvision", "shufflenet_v2_x0_5", ["stage3.1.branch2.0", "conv5"]),
        ("torchvision", "mobilenet_v3_small", ["features.4.block.1", "features.12"]),
        ("torchvision", "squeezenet1_1", ["features.6.expand1x1", "classifier.1"]),
        ("timm", "tf_efficientnet_lite0", ["blocks.3.1.conv_dw", "bn2"]),
        ("torchvision", "convnext_tiny", ["features.5.3"]),
    ],
)
def test_running_on_from_a_layer_equals_running_everything(library: str, name: str, layers: list[str]):
    module, inputs = network(library, name), torch.randn(1, 3, 64, 64)
    for layer in layers:
        activations = run_forward(module, inputs, [layer]).activations[layer].detach()
        changed = activations * torch.rand(3, activations.shape[1], 1, 1)
        again = replayer(module, inputs, layer)(changed)
        expected = whole_pass(module, inputs, layer, changed)
        assert (again - expected).abs().max() <= 1e-4 * expected.abs().max(), layer
        assert (expected[0] - expected[1]).abs().max() > 1e-3 * expected.abs().max(), "the change must matter"


def test_only_what_lies_behind_the_layer_runs_again():
    module, inputs, ran = Small().eval(), torch.randn(1, 3, 16, 16), []
    for name in ("stem", "block", "act", "last"):
        module.get_submodule(name).register_forward_hook(
            lambda _m, _args, output, name=name: ran.append((name, len(output)))
        )
    replay = replayer(module, inputs, "block")
    ran.clear()
    replay(torch.randn(5, 8, 8, 8))
    assert ran == [("act", 5), ("last", 5)]


def test_operations_in_place_do_not_reach_what_was_given_or_remembered():
    module, inputs = Small().eval(), torch.randn(1, 3, 16, 16)
    given = torch.randn(4, 8, 8, 8)
    before = (given.clone(), inputs.clone(), fingerprint(module))
    replay = replayer(module, inputs, "block")
    first = replay(given)
    assert torch.equal(replay(given), first)
    assert torch.equal(given, before[0])
    assert torch.equal(inputs, before[1])
    assert fingerprint(module) == before[2]


def test_a_network_may_write_into_its_input():
    class Writes(Small):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.sub_(0.5))

    torch.manual_seed(0)
    module, inputs, changed = Writes().eval(), torch.randn(1, 3, 16, 16), torch.randn(3, 8, 8, 8)
    expected = whole_pass(module, inputs.clone(), "block", changed)
    before, replay = inputs.clone(), replayer(module, inputs, "block")
    for rows in (changed, changed[:1], changed[:1]):
        assert torch.allclose(replay(rows), expected[: len(rows)], atol=1e-6)
    assert torch.equal(inputs, before)


def test_a_module_that_also_runs_behind_the_layer_is_not_answered_from_memory():
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.scale, self.fc = (
                nn.Conv2d(3, 3, 1),
                nn.Conv2d(3, 3, 1),
                nn.BatchNorm2d(3),
                nn.Linear(3, 2),
            )

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.scale(self.b(self.scale(self.a(x)))).mean((2, 3)))

    torch.manual_seed(0)
    module, inputs, changed = Shared().eval(), torch.randn(1, 3, 4, 4), torch.randn(3, 3, 4, 4)
    assert torch.allclose(replayer(module, inputs, "b")(changed), whole_pass(module, inputs, "b", changed), atol=1e-6)


def test_refusals_say_what_is_wrong():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.unused, self.fc = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.conv(self.conv(x)).mean((2, 3)))

    class Moody(nn.Module):
        """Its answer depends on how often it was asked."""

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc, self.requested = nn.Conv2d(3, 3, 1), nn.Linear(3, 2), torch.zeros(1)

        def forward(self, x: Tensor) -> Tensor:
            self.requested += 1
            return self.fc(self.conv(x).mean((2, 3))) * self.requested

    inputs = torch.randn(1, 3, 4, 4)
    with pytest.raises(LayerError, match="runs more than once"):
        replayer(Twice().eval(), inputs, "conv")
    with pytest.raises(LayerError, match="did not run"):
        replayer(Twice().eval(), inputs, "unused")
    with pytest.raises(ModelError, match="does not give the same scores again when it runs on from layer 'conv'"):
        replayer(Moody().eval(), inputs, "conv")
