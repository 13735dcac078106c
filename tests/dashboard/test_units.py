"""What the Units page is made of: searches in the background, pieces of pictures, and what a unit looks at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from torch import nn

import xai_core as xai
from dashboard.core import jobs
from dashboard.shared import cached
from dashboard.units import field as units_field
from dashboard.units import patch_images as units_pieces
from dashboard.units import patch_jobs as units_runs
from dashboard.units import unit_choice as units_choice
from dashboard.units.patch_images import Small, cut, piece
from xai_core.datasets import Dataset, open_dataset
from xai_core.features.patch_job import PatchJob, patch_job
from xai_core.features.top_patches import top_patches
from xai_core.forward.receptive_field import receptive_field
from xai_core.types import SourceImage

LAYERS = ("block2", "block4")
PATIENCE_S = 60


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    jobs._runs.clear()
    yield tmp_path
    jobs._runs.clear()


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits")


def few(digits: Dataset, n: int = 96) -> Dataset:
    return replace(digits, items=digits.items[:n], digest=f"{digits.digest} {n}")


def job_of(dataset: Dataset) -> PatchJob:
    return patch_job(xai.load_model("digits"), dataset, LAYERS, 4)


def until(condition) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def gated(dataset: Dataset, from_index: int) -> tuple[Dataset, Event]:
    """The same data set, whose pictures from an index on wait for the event."""
    gate, order = Event(), {item.id: i for i, item in enumerate(dataset.items)}

    def read(item: str) -> SourceImage:
        if order[item] >= from_index:
            assert gate.wait(PATIENCE_S)
        return dataset.read(item)

    return replace(dataset, read=read), gate


def same(a, b) -> bool:
    return all(
        np.array_equal(getattr(a.layers[name].ranked, part), getattr(b.layers[name].ranked, part))
        for name in LAYERS
        for part in ("values", "images", "places")
    )


def test_a_stopped_search_keeps_what_it_found_and_goes_on_to_the_same_end(digits: Dataset):
    dataset, gate = gated(few(digits), 32)
    job = job_of(dataset)
    units_runs.start(job)
    until(lambda: (now := units_runs.look(job)).partial is not None and now.partial.done == 32)
    assert units_runs.look(job).running
    units_runs.stop(job)
    gate.set()  # the batch that is going on ends
    until(lambda: not units_runs.look(job).running)
    partial = units_runs.look(job).partial
    assert partial is not None
    assert partial.done == 64
    assert len(partial.unit("block4", 0)) == 4
    units_runs.start(job)
    until(lambda: not units_runs.look(job).running)
    assert same(units_runs.look(job).result, top_patches(job.model, few(digits), LAYERS, 4))


def test_a_new_server_finds_what_an_earlier_one_left_and_goes_on_from_there(digits: Dataset):
    dataset, gate = gated(few(digits), 32)
    job = job_of(dataset)
    units_runs.start(job)
    until(lambda: (now := units_runs.look(job)).partial is not None and now.partial.done == 32)
    units_runs.stop(job)
    gate.set()
    until(lambda: not units_runs.look(job).running)
    jobs._runs.clear()  # what a server knows goes with it
    left = units_runs.look(job)
    assert left.partial is not None
    assert (left.partial.done, left.running) == (64, False)
    reads: list[str] = []
    counted = replace(dataset, read=lambda item: reads.append(item) or dataset.read(item))
    units_runs.start(job_of(counted))
    until(lambda: not units_runs.look(job).running)
    assert len(reads) == 32


def test_other_data_never_shows_an_earlier_result(digits: Dataset):
    units_runs.start(job_of(few(digits)))
    until(lambda: not units_runs.look(job_of(few(digits))).running)
    assert units_runs.look(job_of(few(digits))).result is not None
    assert units_runs.look(job_of(replace(few(digits), digest="changed"))) is None


def test_an_error_of_a_search_is_told_and_ends_it(digits: Dataset):
    def fail(_item: str) -> SourceImage:
        raise RuntimeError("on purpose")

    job = job_of(replace(few(digits), read=fail, digest="fails"))
    units_runs.start(job)
    until(lambda: not units_runs.look(job).running)
    assert "could not be done with what is chosen" in (units_runs.look(job).trouble or "")


def test_another_unit_after_the_pass_runs_no_network_and_reads_only_its_own_pictures(digits: Dataset):
    read: list[str] = []
    dataset = replace(few(digits), read=lambda item: (read.append(item), digits.read(item))[1])
    job = job_of(dataset)
    units_runs.start(job)
    until(lambda: not units_runs.look(job).running)
    field = receptive_field(job.model.module, "block4", job.model.config.input_size)

    def fail(*_: object) -> None:
        raise AssertionError("a pass was taken")

    hook = job.model.module.register_forward_pre_hook(fail)
    read.clear()
    try:
        found = units_runs.look(job).partial
        assert found is not None
        for channel in range(64):
            patches = found.unit("block4", channel)
            before = len(read)
            assert len([piece(job.model, dataset, field, channel, patch) for patch in patches]) == 4
            assert set(read[before:]) <= {dataset.items[patch.image].id for patch in patches}
    finally:
        hook.remove()
    assert read


@pytest.mark.parametrize(
    ("parts", "rows", "columns"),
    [
        ((0.25, 0.5, 0.75, 1.0), (4, 8), (2, 6)),
        ((-0.25, 0.0, 0.25, 0.5), (0, 4), (-2, 2)),
        ((0.9, 0.9, 1.3, 1.2), (7, 10), (7, 11)),
    ],
)
def test_a_piece_is_cut_where_its_box_lies_and_grey_beyond_the_picture(parts, rows, columns):
    pixels = np.random.default_rng(0).integers(0, 100, (8, 8, 3), np.uint8)
    padded = np.pad(pixels, ((8, 8), (8, 8), (0, 0)), constant_values=units_pieces.OUTSIDE)
    expected = padded[rows[0] + 8 : rows[1] + 8, columns[0] + 8 : columns[1] + 8]
    np.testing.assert_array_equal(cut(Small(pixels, (8, 8)), parts), expected)


def test_a_piece_of_a_picture_that_is_gone_is_left_out(digits: Dataset):
    def gone(_item: str) -> SourceImage:
        raise xai.ImageError("gone")

    job = job_of(few(digits))
    patch = top_patches(job.model, few(digits), LAYERS, 4).unit("block4", 0)[0]
    assert piece(job.model, replace(few(digits), read=gone, digest="gone"), "unknown", 0, patch) is None


def test_nine_tenths_of_the_influence_lie_in_the_pixels_that_hold_it():
    influence = np.zeros((10, 10), np.float32)
    influence[2:4, 2:7] = 9  # 10 pixels hold 90, the others 90 * 1/9 = 10
    influence[influence == 0] = 10 / 90
    assert units_field.looked_at(influence, 0.9) == pytest.approx(0.1, abs=0.011)
    assert units_field.looked_at(np.zeros((4, 4))) == 0


def test_brightness_is_highest_where_the_influence_is_and_zero_where_there_is_none():
    influence = np.zeros((80, 80), np.float32)
    influence[20:30, 50:60] = 4
    light = units_field.brightness(influence)
    assert light.shape == influence.shape
    assert light[25, 55] == pytest.approx(1)
    assert light[60, 20] == 0


@pytest.mark.parametrize(("place", "old", "new", "expected"), [
    ((4, 12), (16, 16), (8, 8), (2, 6)),
    ((2, 6), (8, 8), (16, 16), (5, 13)),
    ((6, 0), (7, 7), (14, 14), (13, 1)),
    ((3, 3), (7, 7), (7, 7), (3, 3)),
])  # fmt: skip
def test_a_place_keeps_its_part_of_the_picture_on_another_grid(place, old, new, expected):
    assert units_choice._on_grid(place, old, new) == expected


def test_fields_follow_the_structure_though_the_weights_are_the_same():
    def opened(stride: int) -> xai.LoadedModel:
        network = nn.Sequential(nn.Conv2d(3, 4, 3, stride), nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        for parameter in network.parameters():
            nn.init.constant_(parameter, 0.1)
        made = xai.wrap_model(
            network, input_size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=("a", "b", "c", "d")
        )
        return replace(made, config=replace(made.config, key=f"own/{stride}"))

    one, two = opened(1), opened(2)
    assert one.digest == two.digest
    fields = [cached.fields(model, xai.layers(model))["1"] for model in (one, two)]
    assert [field.size for field in fields] == [(5, 5), (7, 7)]
