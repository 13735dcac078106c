"""The twin of any family has forgotten everything, and none of its branches is switched off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import timm.models
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.vision_transformer import VisionTransformer

from tests.networks import fingerprint
from xai_core.evaluation.checks.parameter_randomisation import randomised_copy, stages


def vit() -> nn.Module:
    return VisionTransformer(32, 8, num_layers=3, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=5)


def timm_vit() -> nn.Module:
    return timm.models.VisionTransformer(
        32, 8, num_classes=5, embed_dim=16, depth=3, num_heads=2, init_values=1e-5, reg_tokens=2
    )


def timm_convnext() -> nn.Module:
    return timm.models.ConvNeXt(num_classes=5, depths=(1, 1, 2, 1), dims=(8, 16, 24, 32))


def convnext() -> nn.Module:
    return ConvNeXt([CNBlockConfig(8, 16, 2), CNBlockConfig(16, None, 2)], num_classes=5)


def swin() -> nn.Module:
    return SwinTransformer([4, 4], 16, [2, 2], [2, 2], [4, 4], num_classes=5)


# How each is built, and which of its parts are residual blocks: input and output have one shape.
FAMILIES: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "resnet18": (lambda: torchvision.models.resnet18(num_classes=5), "BasicBlock"),
    "vit": (vit, "EncoderBlock"),
    "timm vit": (timm_vit, "Block"),
    "convnext": (convnext, "CNBlock"),
    "timm convnext": (timm_convnext, "ConvNeXtBlock"),
    "swin": (swin, "SwinTransformerBlock"),
}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> tuple[nn.Module, str]:
    """A network in which no weight is where fresh ones begin, as after training, and the name of its blocks."""
    torch.manual_seed(0)
    build, blocks = FAMILIES[request.param]
    network = build().eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.add_(0.1 + 0.1 * torch.rand_like(parameter))
    return network, blocks


def in_and_out(network: nn.Module, blocks: str, inputs: Tensor) -> list[tuple[Tensor, Tensor]]:
    """What each block was given and what it made of it."""
    seen: list[tuple[Tensor, Tensor]] = []
    for part in network.modules():
        if type(part).__name__ == blocks:
            part.register_forward_hook(lambda _part, args, output: seen.append((args[0].clone(), output.clone())))
    with torch.no_grad():
        network(inputs)
    return seen


def test_all_stages_together_are_the_whole_network(family: tuple[nn.Module, str]):
    network, _ = family
    inputs, own, before = torch.randn(1, 3, 32, 32), dict(network.named_parameters()), fingerprint(network)
    names = [name for stage in stages(network, inputs) for name in stage]
    twin = randomised_copy(network, names, seed=0)
    assert [name for name, fresh in twin.named_parameters() if torch.equal(fresh, own[name])] == []
    assert len(names) == len(set(names))
    with torch.no_grad():
        scores = twin(torch.cat([inputs, torch.randn(1, 3, 32, 32)]))
    assert scores.isfinite().all()
    assert not torch.allclose(scores[0], scores[1], rtol=1e-3), "the twin still sees the picture"
    assert fingerprint(network) == before


def test_every_block_of_the_twin_still_does_something(family: tuple[nn.Module, str]):
    """A branch that is scaled by 0 would hand its input on; such a twin has no depth left that could matter."""
    network, blocks = family
    inputs = torch.randn(1, 3, 32, 32)
    twin = randomised_copy(network, [name for stage in stages(network, inputs) for name in stage], seed=0)
    seen = in_and_out(twin, blocks, inputs)
    assert len(seen) >= 3
    for given, made in seen:
        assert made.shape != given.shape or (made - given).std() > 0.02 * given.std()


def test_every_stage_that_forgets_changes_the_scores(family: tuple[nn.Module, str]):
    network, _ = family
    inputs = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        knows = network(inputs)
        for stage in stages(network, inputs):
            forgot = randomised_copy(network, stage, seed=0)(inputs)
            assert not torch.allclose(forgot, knows, rtol=1e-4), stage


def test_a_vision_transformer_forgets_block_by_block_and_its_positions_last():
    found = stages(vit().eval(), torch.zeros(1, 3, 32, 32))
    assert [stage[0] for stage in found] == [
        "conv_proj",
        "encoder",  # the positions
        *(f"encoder.layers.encoder_layer_{i}.self_attention" for i in range(3)),
        "heads.head",
    ]
    assert "" in found[0], "the class token"
    assert "encoder.layers.encoder_layer_1.self_attention.out_proj" in found[3], "read by the attention, never called"


def test_a_network_inside_another_has_the_same_stages():
    network, inputs = torchvision.models.resnet18().eval(), torch.zeros(1, 3, 32, 32)
    found = stages(Around(network).eval(), inputs)
    assert [tuple(name.removeprefix("backbone.") for name in stage) for stage in found] == stages(network, inputs)


class Around(nn.Module):
    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, x: Tensor) -> Tensor:
        return self.backbone(x)


def test_slopes_of_activations_stay_slopes_and_recurrent_weights_are_really_replaced():
    module = nn.ModuleDict({"slope": nn.PReLU(3), "memory": nn.LSTM(4, 4)})
    nn.init.constant_(module["slope"].weight, 0.9)
    twin = randomised_copy(module, ["slope", "memory"], seed=0)
    assert twin["slope"].weight.tolist() == [0.25] * 3
    given = torch.randn(2, 1, 4)
    assert not torch.allclose(twin["memory"](given)[0], module["memory"](given)[0])
