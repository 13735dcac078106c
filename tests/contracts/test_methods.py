"""What every method of the catalogue must keep, so that none can be added without it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torchvision

from tests.networks import Small, fingerprint
from xai_core.attribution.catalog import METHODS
from xai_core.attribution.class_maps import class_maps

KEYS = [method.key for method in METHODS]


@pytest.fixture
def network() -> Small:
    torch.manual_seed(0)
    return Small().eval()


@pytest.mark.parametrize("key", KEYS)
def test_maps_have_native_size_and_repeat_to_the_bit(network: Small, key: str):
    inputs = torch.randn(2, 3, 16, 16)
    first = class_maps(network, inputs, ["block", "last"], [0, 2], method=key, relu=False)
    assert first["block"].shape == (2, 2, 8, 8)
    assert first["last"].shape == (2, 2, 4, 4)
    again = class_maps(network, inputs, ["block", "last"], [0, 2], method=key, relu=False)
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize("key", KEYS)
def test_the_class_matters(network: Small, key: str):
    maps = class_maps(network, torch.randn(1, 3, 16, 16), ["last"], [0, 1], method=key, relu=False)["last"]
    assert not torch.allclose(maps[0, 0], maps[0, 1])


@pytest.mark.parametrize("key", KEYS)
def test_the_network_is_untouched_after_success_and_after_failure(network: Small, key: str):
    before = fingerprint(network)
    class_maps(network, torch.randn(1, 3, 16, 16), ["stem", "block", "last"], [0, 1], method=key)
    assert fingerprint(network) == before
    network.fail = True
    before = fingerprint(network)
    with pytest.raises(RuntimeError, match="failed on purpose"):
        class_maps(network, torch.randn(1, 3, 16, 16), ["stem", "block"], [0, 1], method=key)
    assert fingerprint(network) == before
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("key", KEYS)
def test_eight_threads_over_one_network_get_the_serial_maps_bit_for_bit(key: str):
    torch.manual_seed(0)
    network = torchvision.models.resnet18(num_classes=10).eval()
    stages = ["layer1", "layer2", "layer3", "layer4", "layer4.1.bn2", "conv1"]
    requests = [
        (torch.randn(1, 3, 64, 64), [stages[i % 6], stages[(i * 5 + 1) % 6]], [i % 10, (i * 3) % 10])
        for i in range(8 * 50)
    ]

    def answer(request: tuple[torch.Tensor, list[str], list[int]]) -> dict[str, torch.Tensor]:
        return class_maps(network, *request, method=key, relu=False)

    serial = [answer(request) for request in requests]
    with ThreadPoolExecutor(8) as pool:
        threaded = list(pool.map(answer, requests))
    wrong = sum(not torch.equal(a[n], b[n]) for a, b in zip(serial, threaded, strict=True) for n in a)
    assert wrong == 0
