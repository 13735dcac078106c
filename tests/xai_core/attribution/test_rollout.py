"""Attention rollout against the paper's formula on attentions computed by hand from the network's own weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

import xai_core as xai
from tests.networks import fingerprint
from xai_core.attribution.methods.rollout import METHOD, rollout
from xai_core.errors import Cancelled, ClassError, NotApplicable
from xai_core.forward.attention import attention_pass


def small_vit(**options: object) -> nn.Module:
    torch.manual_seed(0)
    given = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 3, "num_heads": 2, "num_classes": 4} | options
    made = timm.models.VisionTransformer(**given).eval()
    return made.requires_grad_(False)


def by_hand(network: nn.Module, image: Tensor) -> np.ndarray:
    """The flow (N, N): NumPy on what each block's normalised tokens are."""
    taken: list[Tensor] = []
    hooks = [b.norm1.register_forward_hook(lambda _m, _i, out: taken.append(out[0])) for b in network.blocks]
    network(image)
    for hook in hooks:
        hook.remove()
    flow = np.eye(len(taken[0]))
    for block, tokens in zip(network.blocks, taken, strict=True):
        both = (tokens @ block.attn.qkv.weight.T + block.attn.qkv.bias).double().numpy()
        q, k, _ = np.split(both, 3, axis=1)
        heads = []
        for one, other in zip(np.split(q, 2, axis=1), np.split(k, 2, axis=1), strict=True):
            scores = np.exp(one @ other.T / np.sqrt(12))
            heads.append(scores / scores.sum(1, keepdims=True))
        flow = (0.5 * np.mean(heads, axis=0) + 0.5 * np.eye(len(flow))) @ flow
    return flow


@pytest.mark.parametrize("fused", [True, False])
def test_it_is_the_papers_formula(fused: bool) -> None:
    network, image = small_vit(), torch.rand(1, 3, 32, 32)
    expected = by_hand(network, image)[0, 1:].reshape(4, 4)  # the class token's row
    for block in network.blocks:
        block.attn.fused_attn = fused
    found = xai.class_maps(network, image, [], [[1, 2]], method="rollout")["input"]
    assert np.allclose(found[0].numpy(), expected, rtol=1e-5)


def test_a_network_that_averages_its_places_is_read_at_all_of_them() -> None:
    network, image = small_vit(global_pool="avg", class_token=True), torch.rand(1, 3, 32, 32)
    expected = by_hand(network, image)[1:].mean(0)[1:].reshape(4, 4)
    found = xai.class_maps(network, image, [], [0], method="rollout")["input"]
    assert np.allclose(found[0, 0].numpy(), expected, rtol=1e-5)


def test_torchvisions_attention_is_followed_too() -> None:
    torch.manual_seed(0)
    network = torchvision.models.VisionTransformer(32, 8, 3, 2, 24, 48, num_classes=4).eval().requires_grad_(False)
    nn.init.normal_(network.heads.head.weight)
    images = torch.rand(2, 3, 32, 32)
    taken: list[Tensor] = []
    for layer in network.encoder.layers:
        whole = layer.self_attention.forward
        layer.self_attention.forward = lambda *a, whole=whole, **k: (
            taken.append(whole(*a, **{**k, "need_weights": True, "average_attn_weights": False})[1]),
            whole(*a, **k),
        )[1]
    network(images)
    for layer in network.encoder.layers:
        del layer.self_attention.forward
    expected = rollout(taken)[:, 0, 1:].reshape(2, 1, 4, 4)
    found = xai.class_maps(network, images, [], [0], method="rollout")["input"]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)


def test_the_scores_are_the_same_with_attention_written_out() -> None:
    network, images = small_vit(), torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(attention_pass(network, images)[0].scores.detach(), network(images))


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (lambda: torchvision.models.resnet18(num_classes=3), "this network has none"),
        (lambda: torchvision.models.swin_t(num_classes=3), "in windows or on several grids"),
    ],
)
def test_where_there_are_no_common_tokens_it_says_so(network: object, reason: str) -> None:
    made = network().eval()  # type: ignore[operator]
    assert reason in str(METHOD.reason_not(made, (1, 3, 64, 64)))
    with pytest.raises(NotApplicable, match=reason):
        xai.class_maps(made, torch.rand(1, 3, 64, 64), [], [0], method="rollout")


def test_many_threads_over_one_network_get_the_serial_maps_and_leave_it_alone() -> None:
    network = small_vit()
    before = fingerprint(network)
    images = [torch.rand(1, 3, 32, 32) for _ in range(40)]

    def answer(image: Tensor) -> Tensor:
        return xai.class_maps(network, image, [], [0], method="rollout")["input"]

    serial = [answer(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        assert all(torch.equal(a, b) for a, b in zip(serial, pool.map(answer, images), strict=True))
    assert fingerprint(network) == before


def test_unknown_classes_are_refused_and_progress_can_cancel() -> None:
    network, image = small_vit(), torch.rand(1, 3, 32, 32)
    with pytest.raises(ClassError):
        xai.class_maps(network, image, [], [9], method="rollout")

    def stop(_done: int, _total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        xai.class_maps(network, image, [], [0], method="rollout", on_progress=stop)
