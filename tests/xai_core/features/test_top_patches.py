"""Top patches equal a brute-force search, to the bit and in every channel."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import xai_core as xai
from tests.shared_data import shared
from tests.xai_core.features.brute_force import assert_equal_to_brute_force, batches, brute_force, some
from xai_core.datasets import Dataset, open_dataset
from xai_core.errors import Cancelled
from xai_core.features.patch_job import patch_job
from xai_core.features.patches import Patch, class_shares
from xai_core.features.top_patches import search, top_patches
from xai_core.types import LoadedModel

LAYERS = ("block1.conv", "block2.relu", "block4")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits")


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return xai.load_model("digits", device="cpu")


def digit_maps(model: LoadedModel, dataset: Dataset, size: int) -> dict[str, np.ndarray]:
    """The network applied step by step, without a hook."""
    net, found = model.module, {name: [] for name in LAYERS}
    with torch.no_grad():
        for inputs in batches(model, dataset, size):
            first = net.block1.conv(inputs)
            second = net.block2(net.halve(net.block1.relu(net.block1.norm(first))))
            for name, maps in zip(LAYERS, (first, second, net.block4(net.block3(second))), strict=True):
                found[name].append(maps)
    return {name: torch.cat(parts).numpy() for name, parts in found.items()}


def test_all_channels_of_three_layers_on_the_digits_equal_brute_force(digits: Dataset, model: LoadedModel) -> None:
    patches = top_patches(model, digits, LAYERS)
    assert (patches.done, patches.total, patches.unread, patches.complete) == (1797, 1797, (), True)
    for layer, maps in digit_maps(model, digits, size=32).items():
        assert_equal_to_brute_force(patches, layer, maps, k=9)


@pytest.mark.data
@pytest.mark.slow
def test_all_channels_of_three_layers_on_100_photographs_equal_brute_force() -> None:
    photographs = some(open_dataset(shared("photos")), *range(100))
    model = xai.load_model("imagenet", device="cpu")
    layers = ["conv_stem", "blocks.2", "bn2"]
    patches = top_patches(model, photographs, layers, k=5, batch=16)
    net, found = model.module, {name: [] for name in layers}
    with torch.no_grad():
        for inputs in batches(model, photographs, size=16):
            stem = net.conv_stem(inputs)
            third = net.blocks[:3](net.bn1(stem)).clone()
            last = net.bn2(net.conv_head(net.blocks[3:](third.clone())))
            for name, maps in zip(layers, (stem, third, last), strict=True):
                found[name].append(maps)
    for name, parts in found.items():
        assert_equal_to_brute_force(patches, name, torch.cat(parts).numpy(), k=5)


def test_contribution_equals_the_weights_of_the_linear_head(digits: Dataset, model: LoadedModel) -> None:
    """After global average pooling the gradient of score c over channel k is the weight / places, for every picture."""
    chosen, digit = some(digits, *range(200)), 3
    patches = top_patches(model, chosen, ["block4"], k=5, by="contribution", class_index=digit)
    weights = model.module.classifier.weight[digit].numpy() / 64
    maps = digit_maps(model, chosen, size=8)["block4"] * weights[:, None, None]
    for channel in range(64):
        for least in (False, True):
            found, expected = patches.unit("block4", channel, least=least), brute_force(maps, channel, 5, least)
            values = [patch.value for patch in found]
            assert values == pytest.approx([patch.value for patch in expected], rel=1e-5, abs=1e-9)
            assert values == pytest.approx([maps[p.image, channel, p.i, p.j] for p in found], rel=1e-5, abs=1e-9)


def test_contribution_without_a_class_means_the_predicted_one(digits: Dataset, model: LoadedModel) -> None:
    chosen = some(digits, *range(40))
    patches = top_patches(model, chosen, ["block4"], k=3, by="contribution")
    maps = digit_maps(model, chosen, size=8)["block4"]
    with torch.no_grad():
        predicted = torch.cat([model.module(inputs) for inputs in batches(model, chosen, 8)]).argmax(1)
    terms = maps * (model.module.classifier.weight[predicted].numpy() / 64)[:, :, None, None]
    found = np.array([[patch.value for patch in patches.unit("block4", channel)] for channel in range(64)])
    assert found == pytest.approx(-np.sort(-terms.max(axis=(2, 3)), axis=0)[:3].T, rel=1e-5, abs=1e-9)


def test_the_class_shares_are_those_of_the_pictures(digits: Dataset, model: LoadedModel) -> None:
    patches = top_patches(model, some(digits, 0, 10, 20, 1, 2), ["block4"], k=4)
    assert [digits.items[index].label for index in (0, 10, 20, 1, 2)] == [0, 0, 0, 1, 2]
    found = [Patch(image, 0, 0, 1.0) for image in (1, 3, 0, 2)]
    assert class_shares(found, some(digits, 0, 10, 20, 1, 2)) == (("0", 0.75), ("1", 0.25))
    assert class_shares((), digits) == ()
    assert sum(share for _, share in class_shares(patches.unit("block4", 0), digits)) == pytest.approx(1)


def test_a_picture_takes_one_place_unless_more_are_allowed(digits: Dataset, model: LoadedModel) -> None:
    chosen = some(digits, 5, 6, 7)
    single = top_patches(model, chosen, ["block1.conv"], k=6)
    several = top_patches(model, chosen, ["block1.conv"], k=6, per_image=4)
    maps = digit_maps(model, chosen, size=3)["block1.conv"]
    for channel in range(16):
        assert {patch.image for patch in single.unit("block1.conv", channel)} == {0, 1, 2}
        assert len(single.unit("block1.conv", channel)) == 3
        for least in (False, True):
            found = several.unit("block1.conv", channel, least=least)
            flat = np.sort(maps[:, channel].reshape(3, -1) * (1 if least else -1), axis=1)[:, :4].ravel()
            assert [patch.value for patch in found] == (np.sort(flat)[:6] * (1 if least else -1)).tolist()
            assert len({(patch.image, patch.i, patch.j) for patch in found}) == 6
            assert all(maps[p.image, channel, p.i, p.j] == p.value for p in found)


def test_a_linear_layer_counts_as_one_place(digits: Dataset, model: LoadedModel) -> None:
    chosen = some(digits, *range(30))
    found = top_patches(model, chosen, ["classifier"], k=2).unit("classifier", 7)
    with torch.no_grad():
        scores = model.module(batches(model, chosen, 30)[0])[:, 7]
    assert [patch.image for patch in found] == scores.topk(2).indices.tolist()
    assert {(patch.i, patch.j) for patch in found} == {(0, 0)}


def test_equal_values_stand_in_the_order_of_their_pictures_whatever_the_batch(digits: Dataset) -> None:
    flat = xai.wrap_model(
        nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        input_size=(8, 8),
        mean=(2.0,) * 3,  # so that the ReLU cuts everything
        std=(1.0,) * 3,
        class_names="abc",
    )
    for batch in (1, 4, 7, 50):
        patches = top_patches(flat, some(digits, *range(20)), ["0"], k=9, batch=batch)
        for least in (False, True):
            assert patches.unit("0", 1, least=least) == tuple(Patch(index, 0, 0, 0.0) for index in range(9))


def test_partial_results_are_those_of_the_pictures_so_far(digits: Dataset, model: LoadedModel) -> None:
    states = list(search(patch_job(model, some(digits, *range(50)), ["block2"], k=3, batch=20)))
    assert [state.done for state in states] == [0, 20, 40, 50]
    assert states[0].unit("block2", 0) == ()
    until_40 = top_patches(model, some(digits, *range(40)), ["block2"], k=3, batch=20)
    assert [states[2].unit("block2", c) for c in range(32)] == [until_40.unit("block2", c) for c in range(32)]


def test_progress_is_told_after_each_batch_and_may_stop_the_search(digits: Dataset, model: LoadedModel) -> None:
    told: list[tuple[int, int]] = []

    def stop_at_40(done: int, total: int) -> None:
        told.append((done, total))
        if done == 40:
            raise Cancelled("stopped by the user")

    with pytest.raises(Cancelled):
        top_patches(model, some(digits, *range(100)), ["block2"], batch=20, on_progress=stop_at_40)
    assert told == [(0, 100), (20, 100), (40, 100)]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_pictures(digits: Dataset, model: LoadedModel) -> None:
    sizes, tensors = [], []
    for state in search(patch_job(model, some(digits, *range(192)), LAYERS, batch=32)):
        arrays = [vars(found.ranked).values() for found in state.layers.values()]
        sizes.append(sum(array.nbytes for values in arrays for array in values))
        gc.collect()
        tensors.append(sum(type(thing) is Tensor for thing in gc.get_objects()))
    channels = 16 + 32 + 64
    assert set(sizes[1:]) == {2 * channels * 9 * 12}
    assert len(set(tensors[2:])) == 1
