"""What visitors share: made once, within a budget in bytes, and no visitor with more than a share."""

from __future__ import annotations

from threading import Barrier, Event, Thread

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

import xai_core as xai
from dashboard.core.lru_cache import LRUCache
from dashboard.core.memory_size import bytes_of
from xai_core.errors import SightlineError

WAIT_S = 60


def test_the_least_recently_used_goes_first_and_the_budget_is_kept():
    kept = LRUCache(100)
    for key in "abc":
        kept.put(key, key.upper(), 30)
    assert kept.find("a") == "A"
    kept.put("d", "D", 30)
    assert [kept.find(key) for key in "abcd"] == ["A", None, "C", "D"]
    assert kept.size == 90


def test_a_value_larger_than_the_budget_is_kept_alone():
    kept = LRUCache(100)
    kept.put("small", 1, 10)
    kept.put("huge", 2, 500)
    assert (kept.find("small"), kept.find("huge"), len(kept)) == (None, 2, 1)
    kept.put("next", 3, 10)
    assert (kept.find("huge"), kept.size) == (None, 10)


def test_all_who_ask_at_the_same_time_get_what_one_of_them_makes():
    kept, made, together, got = LRUCache(100), [], Barrier(12), []

    def make() -> object:
        made.append(1)
        Event().wait(0.05)
        return object()

    def ask() -> None:
        together.wait(WAIT_S)
        got.append(kept.get_or_make("model", make, lambda _: 1))

    threads = [Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(made) == 1
    assert len(got) == 12
    assert len({id(thing) for thing in got}) == 1


def test_an_error_is_not_kept_and_another_key_does_not_wait():
    kept, gate, begun = LRUCache(100), Event(), Event()

    def slow() -> str:
        begun.set()
        assert gate.wait(WAIT_S)
        raise SightlineError("broken")

    def ask() -> None:
        with pytest.raises(SightlineError):
            kept.get_or_make("slow", slow, lambda _: 1)

    thread = Thread(target=ask)
    thread.start()
    assert begun.wait(WAIT_S)
    assert kept.get_or_make("quick", lambda: "made", lambda _: 1) == "made"
    gate.set()
    thread.join(WAIT_S)
    assert kept.get_or_make("slow", lambda: "again", lambda _: 1) == "again"


def test_a_visitor_holds_a_share_and_drops_nothing_that_another_holds():
    kept = LRUCache(10**6, each=2)
    kept.put("shared", "S", 1, ["anna"])
    assert kept.find("shared", "ben") == "S"
    for key in "abc":
        kept.put(key, key, 1, ["anna"])
    assert [kept.find(key) for key in ("shared", "a", "b", "c")] == ["S", None, "b", "c"]
    for key in "de":
        kept.put(key, key, 1, ["ben"])
    assert kept.find("shared") is None
    assert len(kept) == 4


def test_a_hundred_visitors_leave_no_trace_beyond_what_is_kept():
    kept = LRUCache(5, each=2)
    for number in range(100):
        kept.put(number, number, 1, [f"visitor {number}"])
    assert len(kept) == 5
    assert len(kept._held) == 5


def test_bytes_of_a_network_are_those_of_its_weights():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    numbers = 3 * 8 * 9 + 8 + 4 * 8
    assert bytes_of(network) == numbers * 4 + 8  # and a counter of int64
    assert bytes_of({"one": network, "same": [network]}) == bytes_of(network)


def test_bytes_of_arrays_count_shared_memory_once():
    array = np.zeros((100, 10), np.float32)
    assert bytes_of((array, array)) == 4000
    assert bytes_of([array, array.copy()], "text") == 8004


def test_bytes_of_a_pass_are_its_activations_and_what_its_gradient_needs():
    network = torchvision.models.resnet18(num_classes=3).eval()
    model = xai.wrap_model(network, input_size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=["a", "b", "c"])
    image_pass = xai.forward_image(model, xai.load_sample("coffee"), ["layer1", "layer4"])
    blocks: dict[int, int] = {}
    with torch.autograd.graph.saved_tensors_hooks(lambda t: blocks.setdefault(*block(t)) and t, lambda t: t):
        again = xai.forward_image(model, xai.load_sample("coffee"), ["layer1", "layer4"])
    assert again.forward_pass.given is not None
    for tensor in (*again.forward_pass.activations.values(), again.forward_pass.scores, again.forward_pass.given):
        blocks.setdefault(*block(tensor))
    weights = {tensor.untyped_storage().data_ptr() for tensor in model.module.state_dict().values()}
    expected = sum(size for pointer, size in blocks.items() if pointer not in weights)
    assert bytes_of(image_pass.forward_pass, besides=model.module) == pytest.approx(expected, rel=0.02)


def block(tensor: torch.Tensor) -> tuple[int, int]:
    storage = tensor.untyped_storage()
    return storage.data_ptr(), storage.nbytes()
