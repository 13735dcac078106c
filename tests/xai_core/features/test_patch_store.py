"""A search survives whatever happens to its process, and its result is never mistaken for another's."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from torch import Tensor

import xai_core as xai
from xai_core.datasets import Dataset, open_dataset
from xai_core.errors import Cancelled, SightlineError
from xai_core.features.patch_job import PatchJob, patch_job
from xai_core.features.patches import TopPatches
from xai_core.features.top_patches import search, stored_patches, top_patches
from xai_core.types import LoadedModel, SourceImage

LAYERS = ("block1.conv", "block4")
BATCH = 16


def logged_search(store: str, log: str) -> None:
    """Search the digits and write down each picture that is read."""
    digits, file = open_dataset("digits"), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def read(item: str) -> SourceImage:
        os.write(file, item.encode() + b"\n")
        return digits.read(item)

    model = xai.load_model("digits", device="cpu")
    top_patches(model, replace(digits, read=read), LAYERS, batch=BATCH, store=Path(store))
    os.close(file)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return xai.load_model("digits", device="cpu")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits")


@pytest.fixture
def few(digits: Dataset) -> Dataset:
    return replace(digits, items=digits.items[:64], digest=f"{digits.digest} 64")


def same(one: TopPatches, other: TopPatches) -> bool:
    pairs = [(found.ranked, other.layers[name].ranked) for name, found in one.layers.items()]
    return one.layers.keys() == other.layers.keys() and all(
        np.array_equal(getattr(a, array), getattr(b, array))
        for a, b in pairs
        for array in ("values", "images", "places")
    )


@pytest.mark.slow
def test_after_kills_at_random_moments_nothing_is_lost_and_at_most_a_batch_is_done_twice(
    tmp_path: Path, model: LoadedModel, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Streamlit's AppTest leaves its last script as the main module, which each new process would run again.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    server = multiprocessing.get_context("forkserver")  # a start takes a tenth of a second, not four
    server.set_forkserver_preload([__name__, "xai_core"])
    job = patch_job(model, digits, LAYERS, batch=BATCH)
    log, moments = tmp_path / "log", np.random.default_rng().uniform(0, 0.25, size=4)
    print("seconds until each kill:", moments)
    arguments = (str(tmp_path / "store"), str(log))
    kills = 0
    for moment in moments:
        before = log.stat().st_size if log.exists() else 0
        process = server.Process(target=logged_search, args=arguments)
        process.start()
        while process.is_alive() and (not log.exists() or log.stat().st_size == before):
            time.sleep(0.005)  # until it reads pictures
        time.sleep(moment)
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        state = stored_patches(job, tmp_path / "store")
        assert state is None or state.done % BATCH == 0 or state.complete
    assert kills, "the search was never interrupted"
    logged_search(*arguments)
    final = stored_patches(job, tmp_path / "store")
    assert final is not None
    assert final.complete
    assert same(final, top_patches(model, digits, LAYERS, batch=BATCH))
    times_read = Counter(log.read_text().split())
    assert times_read.keys() == {item.id for item in digits.items}
    assert sum(times_read.values()) - len(digits) <= kills * BATCH


def test_a_cancelled_search_goes_on_where_it_stopped(tmp_path: Path, model: LoadedModel, few: Dataset) -> None:
    def stop(done: int, _total: int) -> None:
        if done >= 32:
            raise Cancelled("stopped by the user")

    with pytest.raises(Cancelled):
        top_patches(model, few, LAYERS, batch=BATCH, store=tmp_path, on_progress=stop)
    read: list[str] = []
    watched = replace(few, read=lambda item: (read.append(item), few.read(item))[1])
    finished = top_patches(model, watched, LAYERS, batch=BATCH, store=tmp_path)
    assert read == [item.id for item in few.items[32:]]
    assert same(finished, top_patches(model, few, LAYERS, batch=BATCH))


def test_a_finished_search_is_opened_without_reading_a_picture_and_under_100_ms(
    tmp_path: Path, model: LoadedModel, few: Dataset
) -> None:
    every = [layer.name for layer in xai.layers(model)]
    top_patches(model, few, every, store=tmp_path)
    closed = replace(few, read=lambda _: pytest.fail("a picture was read"))
    seconds = []
    for _ in range(20):  # the quickest: what it takes where nothing else runs
        start = time.perf_counter()
        found = top_patches(model, closed, every, store=tmp_path).unit("block3", 40)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1
    assert len(found) == 9


CHANGES = ["weights", "network", "code", "input", "order", "data", "layers", "k", "by", "class", "batch"]


@pytest.mark.parametrize("change", CHANGES)
def test_another_question_never_gets_this_answer(tmp_path: Path, model: LoadedModel, few: Dataset, change: str) -> None:
    given = {"layers": LAYERS, "k": 9, "batch": BATCH, "by": "contribution", "class_index": 1}
    top_patches(model, few, store=tmp_path, **given)
    assert stored_patches(patch_job(model, few, **given), tmp_path) is not None
    other, data = model, few
    if change == "weights":
        other = replace(model, digest="0" * 64)
    elif change == "network":  # the same weights in a network that computes something else
        network = xai.load_model("digits", device="cpu").module
        network.block2.conv.stride = (2, 2)
        other = replace(model, module=network)
    elif change == "code":

        class Block(type(model.module.block2)):  # type: ignore[misc]
            def forward(self, x: Tensor) -> Tensor:
                return -super().forward(x)

        Block.__qualname__ = type(model.module.block2).__qualname__
        network = xai.load_model("digits", device="cpu").module
        network.block2.__class__ = Block
        other = replace(model, module=network)
    elif change == "order":
        other = replace(model, config=replace(model.config, channel_order="BGR"))
    elif change == "input":
        other = replace(model, config=replace(model.config, mean=(0.4, 0.5, 0.5)))
    elif change == "data":
        data = replace(few, digest="0" * 64)
    else:
        values = {"layers": LAYERS[:1], "k": 8, "batch": 8, "class": 2, "by": "activation"}
        given |= {"class_index" if change == "class" else change: values[change]}
        if change == "by":
            given["class_index"] = None
    assert stored_patches(patch_job(other, data, **given), tmp_path) is None


def interrupted(store: Path, model: LoadedModel, few: Dataset) -> tuple[PatchJob, Path]:
    """A search that is half done, and its folder."""
    job = patch_job(model, few, LAYERS, batch=BATCH)
    states = search(job, store)
    next(state for state in states if state.done == 32)
    states.close()
    return job, store / job.key


@pytest.mark.parametrize("damage", ["cut", "other spec", "no manifest", "foreign state", "half written"])
def test_a_damaged_or_foreign_state_is_not_shown_and_done_again(
    tmp_path: Path, model: LoadedModel, few: Dataset, damage: str
) -> None:
    job, folder = interrupted(tmp_path, model, few)
    state, manifest = folder / "state.safetensors", folder / "manifest.json"
    if damage == "cut":
        state.write_bytes(state.read_bytes()[:-100])
    elif damage == "other spec":
        manifest.write_text(json.dumps({**job.spec, "k": 3}))
    elif damage == "no manifest":
        manifest.unlink()
    elif damage == "foreign state":
        other = patch_job(model, few, LAYERS, k=3, batch=BATCH)
        top_patches(model, few, LAYERS, 3, batch=BATCH, store=tmp_path)
        state.write_bytes((tmp_path / other.key / "state.safetensors").read_bytes())
    else:
        (folder / "state.safetensors.partial").write_bytes(b"what a kill leaves behind")
    if damage == "half written":
        assert stored_patches(job, tmp_path).done == 32
    else:
        assert stored_patches(job, tmp_path) is None
    finished = top_patches(model, few, LAYERS, batch=BATCH, store=tmp_path)
    assert same(finished, top_patches(model, few, LAYERS, batch=BATCH))
    assert same(stored_patches(job, tmp_path), finished)
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "manifest.json", "state.safetensors"]


def test_two_searches_for_one_answer_do_not_mix(tmp_path: Path, model: LoadedModel, few: Dataset) -> None:
    job = patch_job(model, few, LAYERS, batch=BATCH)
    first = search(job, tmp_path)
    next(first), next(first)
    with pytest.raises(SightlineError, match="is running already, here or in another process; wait for it to end"):
        top_patches(model, few, LAYERS, batch=BATCH, store=tmp_path)
    assert stored_patches(job, tmp_path).done == BATCH  # it may be watched meanwhile
    top_patches(model, few, LAYERS[:1], batch=BATCH, store=tmp_path)  # another question has its own folder
    first.close()
    assert top_patches(model, few, LAYERS, batch=BATCH, store=tmp_path).complete


def test_unread_pictures_are_remembered(tmp_path: Path, model: LoadedModel, few: Dataset) -> None:
    def read(item: str) -> xai.SourceImage:
        if item.endswith("0007"):
            raise xai.ImageError('The file "ä" is damaged.')
        return few.read(item)

    top_patches(model, replace(few, read=read), LAYERS, store=tmp_path)
    assert stored_patches(patch_job(model, few, LAYERS), tmp_path).unread == ((7, 'The file "ä" is damaged.'),)


def test_a_store_that_cannot_be_written_is_refused(tmp_path: Path, model: LoadedModel, few: Dataset) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SightlineError, match=r"cannot be written \(Not a directory\); free space or choose another"):
        top_patches(model, few, LAYERS, store=tmp_path / "file" / "store")
