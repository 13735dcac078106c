"""Class maps of transformers against pytorch-grad-cam with its reshape_transform written by hand for each network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import timm
import torch
import torchvision
from pytorch_grad_cam import EigenCAM, GradCAM, LayerCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

import xai_core as xai
from xai_core.forward.replay import replayer
from xai_core.models.grid import Grid, from_maps, readings, to_maps
from xai_core.models.influence import influential

Reshape = Callable[[Tensor], Tensor]


def tokens(others: int, side: int) -> Reshape:
    return lambda t: t[:, others:].reshape(len(t), side, side, t.shape[2]).permute(0, 3, 1, 2)


def last(t: Tensor) -> Tensor:
    return t.permute(0, 3, 1, 2)


def from_timm(name: str, **options: object) -> Callable[[], nn.Module]:
    return lambda: timm.create_model(name, num_classes=5, **options)


def from_torchvision(name: str) -> Callable[[], nn.Module]:
    return lambda: torchvision.models.get_model(name, num_classes=5)


CASES: dict[str, tuple[Callable[[], nn.Module], str, Reshape, int]] = {
    "vit": (from_timm("vit_tiny_patch16_224", img_size=96), "blocks.11.norm1", tokens(1, 6), 96),
    "vit with registers": (from_timm("vit_small_patch16_dinov3", img_size=96), "blocks.11.norm1", tokens(5, 6), 96),
    "distilled deit": (from_timm("deit_tiny_distilled_patch16_224", img_size=96), "blocks.10", tokens(2, 6), 96),
    "swin": (from_timm("swin_tiny_patch4_window7_224"), "layers.3.blocks.1.norm1", last, 224),
    "torchvision vit": (from_torchvision("vit_b_32"), "encoder.layers.encoder_layer_11.ln_1", tokens(1, 7), 224),
    "torchvision swin": (from_torchvision("swin_t"), "features.7.1.norm1", last, 224),
}


def network_of(make: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    network = make().eval()
    for part in network.modules():
        if isinstance(part, nn.Linear) and part.out_features == 5:
            nn.init.normal_(part.weight)  # torchvision begins with zeros
    return network


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name.startswith("torchvision") else name for name in CASES]
)
def test_maps_are_those_of_pytorch_grad_cam(name: str) -> None:
    make, layer, reshape, side = CASES[name]
    network, image = network_of(make), torch.rand(1, 3, side, side)
    target = [ClassifierOutputTarget(2)]
    for key, peer in (("grad_cam", GradCAM), ("layer_cam", LayerCAM), ("eigen_cam", EigenCAM)):
        theirs = peer(network, [network.get_submodule(layer)], reshape_transform=reshape)
        scores = theirs.activations_and_grads(image)
        network.zero_grad()
        scores[0, 2].backward()
        activations, gradients = (
            values[0].detach().numpy()
            for values in (theirs.activations_and_grads.activations, theirs.activations_and_grads.gradients)
        )
        raw = theirs.get_cam_image(image, network.get_submodule(layer), target, activations, gradients, False)[0]
        theirs.activations_and_grads.release()
        options = {"channels": "centred"} if key == "eigen_cam" else None
        ours = xai.class_maps(network, image, [layer], [2], method=key, relu=False, settings=options)[layer][0, 0]
        found = ours.numpy()
        if key == "eigen_cam" and np.vdot(found, raw) < 0:
            found = -found  # the vector's sign means nothing
        assert np.abs(found - raw).max() <= 1e-5 * np.abs(raw).max() + 1e-12, key


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((1, 197, 768), (224, 224), ("tokens", 14, 14, 1)),
        ((1, 201, 384), (224, 224), ("tokens", 14, 14, 5)),
        ((1, 196, 768), (224, 224), ("tokens", 14, 14, 0)),
        ((1, 99, 192), (112, 224), ("tokens", 7, 14, 1)),
        ((1, 1, 768), (224, 224), None),
        ((1, 100, 64), (224, 224), None),  # ten rows do not divide 224 pixels
    ],
)
def test_tokens_could_be_the_largest_grid_of_the_pictures_proportions(
    shape: tuple[int, ...], size: tuple[int, int], expected: tuple[str, int, int, int] | None
) -> None:
    found = next(iter(readings(shape, size)), None)
    assert (None if found is None else (found.kind, found.height, found.width, found.others)) == expected
    if found is not None:
        output = torch.rand(shape)
        maps = to_maps(output, found)
        assert maps.shape[2:] == (found.height, found.width)
        assert torch.equal(from_maps(maps, output, found), output)


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("vit", "blocks.11.norm1"),
        ("distilled deit", "blocks.11.norm1"),
        ("swin", "norm"),
        ("torchvision vit", "encoder.layers.encoder_layer_11.ln_1"),
        ("torchvision swin", "norm"),
    ],
)
def test_the_suggested_layer_is_the_last_whose_places_reach_the_scores(name: str, suggested: str) -> None:
    make, _, _, side = CASES[name]
    network = network_of(make)
    model = xai.wrap_model(network, input_size=(side, side), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=list("abcde"))
    found = xai.layers(model)
    assert [layer.name for layer in found if layer.suggested] == [suggested]
    assert sum(layer.stage_end for layer in found) == 4
    result = xai.explain(model, xai.load_sample("cat"), classes=[1])
    assert np.abs(result.maps[suggested]).max() > 0


def test_what_a_class_token_forgets_is_known() -> None:
    network = network_of(CASES["vit"][0])
    assert influential(
        network, (1, 3, 96, 96), dict.fromkeys(["blocks.10", "blocks.11", "norm"], Grid("tokens", 6, 6, 192, 1))
    ) == {"blocks.10"}


def test_a_layer_of_tokens_can_be_replaced_and_the_class_token_stays() -> None:
    network, image = network_of(CASES["vit"][0]), torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        kept = xai.class_maps(network, image, ["blocks.5"], [0], method="ablation_cam", settings={"batch": 64})
        tokens_of: list[Tensor] = []
        hook = network.blocks[5].register_forward_hook(lambda _m, _i, out: tokens_of.append(out))
        whole = network(image)
        hook.remove()
        changed = tokens_of[0].clone()
        changed[:, 1:, 7] = 0
        again = network.head(network.forward_head(network.norm(network.blocks[6:](changed)), pre_logits=True))
    maps = tokens_of[0][:, 1:].transpose(1, 2).reshape(1, 192, 6, 6).clone()
    maps[:, 7] = 0
    torch.testing.assert_close(replayer(network, image, "blocks.5")(maps), again, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(whole, again)
    assert kept["blocks.5"].shape == (1, 1, 6, 6)


def test_cam_holds_for_a_swin_and_its_mean_is_the_score() -> None:
    network, images = network_of(CASES["swin"][0]), torch.rand(1, 3, 224, 224)
    maps = xai.class_maps(network, images, ["norm"], [[0, 4]], method="cam", relu=False)["norm"]
    with torch.no_grad():
        scores = network(images)[:, [0, 4]] - network.head.fc.bias[[0, 4]]
    torch.testing.assert_close(maps.mean((2, 3)), scores, rtol=1e-4, atol=1e-5)
