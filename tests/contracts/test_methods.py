"""What every method of the catalogue must keep, so that none can be added without it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

from tests.networks import Small, fingerprint
from xai_core.attribution.catalog import METHODS, find_method
from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.method import INPUT
from xai_core.errors import Cancelled, ClassError, NotApplicable
from xai_core.forward.forward_pass import run_forward

# What needs attention keeps the same promises in tests/xai_core/attribution/test_rollout.py.
KEYS = [method.key for method in METHODS if method.reason_not(Small().eval(), (1, 3, 16, 16)) is None]


class Unusual(nn.Module):
    """No ReLU, and a head that mixes places: several methods have no meaning here."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.SiLU(), nn.Linear(4 * 8 * 8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.conv(x)).flatten(1))


class FewModules(nn.Module):
    """Its modules name one activation, its calls are mostly of the other kind."""

    def __init__(self, module: nn.Module, call: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.act, self.call, self.head = nn.Conv2d(3, 4, 3, padding=1), module, call, nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.conv(x))
        for _ in range(3):
            x = self.call(x)
        return self.head(x.mean((2, 3)))


@pytest.fixture
def network() -> Small:
    torch.manual_seed(0)
    return Small().eval()


def defined(key: str, network: nn.Module, inputs: Tensor, layers: list[str]) -> list[str]:
    """Those of the layers at which the method is defined, the deepest last."""
    return list(find_method(key).defined_at(network, run_forward(network, inputs, layers)))


@pytest.mark.parametrize("key", KEYS)
def test_maps_have_native_size_and_repeat_to_the_bit(network: Small, key: str):
    inputs = torch.randn(2, 3, 16, 16)
    layers = defined(key, network, inputs, ["block", "last"])
    sizes = {"block": (8, 8), "last": (4, 4), INPUT: (16, 16)}
    first = class_maps(network, inputs, layers, [[0, 2]], method=key, relu=False)
    assert list(first) == (layers if find_method(key).target == "layer" else [INPUT])
    assert {name: tuple(m.shape) for name, m in first.items()} == {name: (2, 2, *sizes[name]) for name in first}
    again = class_maps(network, inputs, layers, [[0, 2]], method=key, relu=False)
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize("key", KEYS)
def test_the_class_matters_unless_theory_says_that_it_does_not(network: Small, key: str):
    (maps,) = class_maps(network, torch.randn(1, 3, 16, 16), ["last"], [[0, 1]], method=key, relu=False).values()
    method = find_method(key)
    assert maps.abs().max() > 0
    if method.class_sensitive:
        assert not torch.allclose(maps[0, 0], maps[0, 1])
    elif method.target == "layer":  # at pixels, the sign of the classifier's weights still shows
        assert torch.equal(maps[0, 0], maps[0, 1])


@pytest.mark.parametrize("key", KEYS)
def test_a_class_that_does_not_exist_is_refused(network: Small, key: str):
    with pytest.raises(ClassError, match="classes are 0 to 2"):
        class_maps(network, torch.randn(1, 3, 16, 16), ["last"], [3], method=key)


@pytest.mark.parametrize("key", KEYS)
def test_pictures_of_a_batch_do_not_mix(network: Small, key: str):
    inputs = torch.randn(1, 3, 16, 16).repeat(2, 1, 1, 1) * torch.tensor([1.0, 3.0]).view(2, 1, 1, 1)
    (both,) = class_maps(network, inputs, ["last"], [[0, 2]], method=key, relu=False).values()
    for i in range(2):
        (alone,) = class_maps(network, inputs[i : i + 1], ["last"], [[0, 2]], method=key, relu=False).values()
        assert torch.allclose(both[i], alone[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("key", KEYS)
def test_the_network_is_untouched_after_success_and_after_failure(network: Small, key: str):
    inputs = torch.randn(1, 3, 16, 16)
    layers = defined(key, network, inputs, ["stem", "block", "last"])
    before = fingerprint(network)
    class_maps(network, inputs, layers, [[0, 1]], method=key)
    assert fingerprint(network) == before
    network.fail = True
    before = fingerprint(network)
    with pytest.raises(RuntimeError, match="failed on purpose"):
        class_maps(network, inputs, layers, [[0, 1]], method=key)
    assert fingerprint(network) == before
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("key", KEYS)
def test_progress_runs_up_to_its_total_and_can_cancel(network: Small, key: str):
    inputs, reports = torch.randn(2, 3, 16, 16), []
    class_maps(network, inputs, ["last"], [[0, 1]], method=key, on_progress=lambda *report: reports.append(report))
    done = [report[0] for report in reports]
    assert done == sorted(set(done))
    assert {report[1] for report in reports} == {done[-1]}

    def cancel(_done: int, _total: int) -> None:
        raise Cancelled

    before = fingerprint(network)
    with pytest.raises(Cancelled):
        class_maps(network, inputs, ["last"], [[0, 1]], method=key, on_progress=cancel)
    assert fingerprint(network) == before
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "kind",
    [Small, Unusual, partial(FewModules, nn.GELU(), functional.relu), partial(FewModules, nn.ReLU(), functional.gelu)],
    ids=["usual", "unusual", "mostly relu", "mostly gelu"],
)
def test_a_method_refuses_exactly_where_it_says_so_beforehand(kind: Callable[[], nn.Module], key: str):
    torch.manual_seed(0)
    network, inputs = kind().eval(), torch.randn(1, 3, 8, 8)
    layer = "last" if kind is Small else "act"
    reason = find_method(key).reason_not(network, tuple(inputs.shape))
    if reason is None:
        assert class_maps(network, inputs, [layer], [0], method=key)
        return
    with pytest.raises(NotApplicable) as refusal:
        class_maps(network, inputs, [layer], [0], method=key)
    assert str(refusal.value) == reason


Request = tuple[str, Tensor, list[str], list[int]]  # method, inputs, layers, classes


def wrong_in_threads(network: nn.Module, requests: list[Request]) -> list[Request]:
    """Those that eight threads over one network answer otherwise than one thread, be it by a bit."""

    def answer(request: Request) -> dict[str, Tensor]:
        key, inputs, layers, classes = request
        return class_maps(network, inputs, layers, classes, method=key, relu=False)

    serial = [answer(request) for request in requests]
    before = sys.getswitchinterval()
    # Passes of small networks are short: threads must meet inside them. On several cores a tenth of this takes minutes.
    sys.setswitchinterval(1e-4)
    try:
        with ThreadPoolExecutor(8) as pool:
            threaded = list(pool.map(answer, requests))
    finally:
        sys.setswitchinterval(before)
    answers = zip(requests, serial, threaded, strict=True)
    return [request for request, a, b in answers if not all(torch.equal(a[name], b[name]) for name in a)]


def small_requests(network: Small, key: str, count: int) -> list[Request]:
    places = defined(key, network, torch.randn(1, 3, 16, 16), ["stem", "block", "act", "last"])
    pairs = [[places[i % len(places)], places[(i * 5 + 1) % len(places)]] for i in range(count)]
    return [(key, torch.randn(1, 3, 16, 16), pair, [i % 3, (i * 2 + 1) % 3]) for i, pair in enumerate(pairs)]


def test_eight_threads_with_all_methods_at_once_get_the_serial_maps_bit_for_bit(network: Small):
    by_method = [small_requests(network, key, 8) for key in KEYS]
    assert wrong_in_threads(network, [request for turn in zip(*by_method, strict=True) for request in turn]) == []


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_eight_threads_over_one_network_get_the_serial_maps_bit_for_bit(network: Small, key: str):
    assert wrong_in_threads(network, small_requests(network, key, 20 if find_method(key).slow else 60)) == []


@pytest.mark.slow
def test_eight_threads_with_all_methods_at_once_over_one_resnet_get_the_serial_maps_bit_for_bit():
    torch.manual_seed(0)
    network = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10).eval()
    # Below 48 pixels the last stage has one cell, and torch's matrix-vector product then does not even repeat serially.
    size, stages = 48, ["conv1", "layer1", "layer2", "layer3", "layer4", "layer4.0.bn2"]
    places = {key: defined(key, network, torch.randn(1, 3, size, size), stages) for key in KEYS}
    requests: list[Request] = []
    for i in range(3):
        for k, key in enumerate(KEYS):
            few = places[key][:2] if find_method(key).slow else places[key]
            layers = [few[(i + k) % len(few)], few[(i * 5 + k + 1) % len(few)]]
            requests.append((key, torch.randn(1, 3, size, size), layers, [(i + k) % 10, (i * 3 + k) % 10]))
    assert wrong_in_threads(network, requests) == []
