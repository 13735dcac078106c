from collections.abc import Callable

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.utils import prune

from xai_core.forward.fold import folded
from xai_core.models.sources.brain_mri import build_brain_mri

FAMILIES = {
    "resnet18": ("layer2", "layer4"),
    "googlenet": ("inception4a", "inception5b"),
    "mobilenet_v2": ("features.3", "features.18"),
    "densenet121": ("features.denseblock2", "features.norm5"),
    "shufflenet_v2_x0_5": ("stage2", "conv5"),
}


def outputs(module: nn.Module, inputs: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
    kept: dict[str, Tensor] = {}
    hooks = [
        module.get_submodule(name).register_forward_hook(
            lambda _m, _a, out, name=name: kept.__setitem__(name, out.clone())
        )
        for name in layers
    ]
    with torch.no_grad():
        kept["scores"] = module(inputs)
    for hook in hooks:
        hook.remove()
    return kept


def awake(module: nn.Module) -> nn.Module:
    """With statistics that differ from channel to channel, as after training."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.1)
    return module.eval()


@pytest.mark.parametrize("name", FAMILIES)
def test_scores_and_layers_are_the_networks_own(name: str):
    torch.manual_seed(0)
    extra = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    module = awake(torchvision.models.get_model(name, weights=None, **extra))
    inputs = torch.randn(2, 3, 96, 96)
    twin = folded(module, torch.randn(1, 3, 96, 96))
    assert twin.changed, "the case must be able to fail: nothing was folded"
    own, other = outputs(module, inputs, FAMILIES[name]), outputs(twin.module, inputs, FAMILIES[name])
    for layer in own:
        torch.testing.assert_close(other[layer], own[layer], rtol=0, atol=1e-4 * own[layer].abs().max().item())


def test_every_norm_of_the_bundled_network_is_folded_and_the_network_stays():
    module = build_brain_mri()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    twin = folded(module, torch.randn(1, 3, 192, 192))
    assert not [layer for layer in twin.module.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert twin.changed == {name for name, layer in module.named_modules() if isinstance(layer, nn.Conv2d)}
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert not any(layer._forward_hooks for layer in module.modules())


class Split(nn.Module):
    """A convolution that two layers read."""

    def __init__(self, branch: bool) -> None:
        super().__init__()
        self.conv, self.norm, self.branch = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), branch

    def forward(self, x: Tensor) -> Tensor:
        made = self.conv(x)
        return (self.norm(made) + made if self.branch else self.norm(made)).mean((2, 3))


@pytest.mark.parametrize("branch", [True, False])
def test_a_convolution_that_others_read_is_left_alone(branch: bool):
    torch.manual_seed(0)
    module = awake(Split(branch))
    twin = folded(module, torch.randn(1, 3, 8, 8))
    assert twin.changed == (frozenset() if branch else {"conv"})
    inputs = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(twin.module(inputs), module(inputs))


def test_a_block_that_ends_in_a_folded_convolution_is_named():
    torch.manual_seed(0)
    module = awake(nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3)), nn.BatchNorm2d(4), nn.AvgPool2d(6), nn.Flatten()))
    assert folded(module, torch.randn(1, 3, 8, 8)).changed == {"0", "0.0"}


def test_a_network_that_shares_a_convolution_keeps_it():
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 4, 3)
    module = awake(nn.Sequential(conv, nn.BatchNorm2d(4), conv, nn.BatchNorm2d(4), nn.Flatten()))
    assert folded(module, torch.randn(1, 4, 8, 8)).changed == frozenset()


def test_a_timm_network_with_activations_in_its_norms():
    torch.manual_seed(0)
    module = awake(timm.create_model("resnet18d", pretrained=False))
    inputs = torch.randn(2, 3, 96, 96)
    twin = folded(module, torch.randn(1, 3, 96, 96))
    assert twin.changed == {n for n, layer in module.named_modules() if isinstance(layer, nn.Conv2d)} | {"conv1"}
    torch.testing.assert_close(twin.module(inputs), module(inputs), rtol=1e-4, atol=1e-4)


class Twice(nn.Module):
    """A convolution and its norm under two names, as in a wrapper that takes a stage out of a network."""

    def __init__(self) -> None:
        super().__init__()
        self.target = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.network = nn.Sequential(self.target, nn.AvgPool2d(6), nn.Flatten())

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)


def test_a_folded_convolution_is_known_under_all_its_names():
    torch.manual_seed(0)
    module = awake(Twice())
    twin = folded(module, torch.randn(1, 3, 8, 8))
    assert twin.changed == {"target.0", "network.0.0"}
    inputs = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(twin.module(inputs), module(inputs))


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
@pytest.mark.parametrize(
    "prepare",
    [
        nn.utils.weight_norm,
        nn.utils.parametrizations.weight_norm,
        nn.utils.spectral_norm,
        lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
    ],
    ids=["old weight norm", "weight norm", "old spectral norm", "pruned"],
)
def test_a_convolution_that_computes_its_weight_is_left_alone(prepare: Callable[[nn.Module], nn.Module]):
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
    module = nn.Sequential(first, nn.BatchNorm2d(4), second, nn.BatchNorm2d(4), nn.AvgPool2d(4), nn.Flatten())
    prepare(first)
    awake(module)
    twin, inputs = folded(module, torch.randn(1, 3, 8, 8)), torch.randn(2, 3, 8, 8)
    assert twin.changed == {"2"}
    assert not any(layer.training for layer in twin.module.modules())
    torch.testing.assert_close(twin.module(inputs), module(inputs))
