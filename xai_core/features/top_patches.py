"""The pictures and places of a data set that excite each unit most, and least: one pass fills every channel.

The units of every layer asked for are ranked while the pictures stream by, so that the memory needed does not depend on
their number, and looking at another unit afterwards costs nothing (Zeiler & Fergus 2014; Zhou et al. 2015).
"""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load, save

from xai_core.datasets import Dataset
from xai_core.deprecated import renamed_arguments
from xai_core.durable import disk_trouble, one_writer, read_sealed, replace_file, touch, write_sealed
from xai_core.errors import ImageError
from xai_core.features.patch_job import By, Finder, PatchJob, finder, patch_job
from xai_core.features.patches import LayerPatches, TopPatches
from xai_core.features.running_top import Ranked
from xai_core.models.preprocess import prepare
from xai_core.types import LoadedModel, ProgressCallback

_STATE, _MANIFEST = "state.safetensors", "manifest.json"
_ARRAYS = ("values", "images", "places")
_FACTS = "facts"  # beside the arrays, as JSON in bytes
_BUSY = "This search for patches is running already, here or in another process; wait for it to end."


@renamed_arguments(per_picture="per_image")
def top_patches(
    model: LoadedModel,
    dataset: Dataset,
    layers: Sequence[str],
    k: int = 9,
    *,
    by: By = "activation",
    class_index: int | None = None,
    batch: int | None = None,
    per_image: int = 1,
    store: str | Path | None = None,
    on_progress: ProgressCallback | None = None,
) -> TopPatches:
    """The k best patches of every channel of `layers` (dotted names), and the k worst, after one pass over the data.

    by: "activation", a forward pass; or "contribution" to the score of class `class_index` (None: the predicted one),
    a forward and a backward pass, about three times the work. batch: pictures at once. per_image: places that one
    picture may take. store: a folder in which the search goes on where it was cancelled or killed.
    on_progress(done, total), in pictures, may raise to stop. Pictures that cannot be read are listed in `unread`.
    LayerError, ClassError, ValueError: see `patch_job`. SightlineError: the store is in use or cannot be written.
    """
    job = patch_job(model, dataset, layers, k, by=by, class_index=class_index, batch=batch, per_image=per_image)
    with closing(search(job, None if store is None else Path(store))) as states:
        for state in states:
            if on_progress is not None:
                on_progress(state.done, state.total)
    return state


def search(job: PatchJob, store: Path | None = None) -> Generator[TopPatches, None, None]:
    """The state to start from (all free, or what the store holds) and the one after each batch, each to be browsed."""
    with nullcontext() if store is None else _held(store / job.key, job.spec):
        state = (store and stored_patches(job, store)) or TopPatches(job.spec, {}, 0, len(job.dataset))
        yield state
        find = finder(job)
        while not state.complete:
            state = _after_batch(job, find, state)
            if store is not None:
                _save(store / job.key, job, state)
            yield state


def _after_batch(job: PatchJob, find: Finder, state: TopPatches) -> TopPatches:
    indices = range(state.done, min(state.done + job.batch, state.total))
    images, tensors, unread = [], [], list(state.unread)
    for index in indices:
        try:
            tensors.append(prepare(job.model.config, job.dataset.load(index)).tensor)
            images.append(index)
        except ImageError as error:
            unread.append((index, str(error)))
    layers = find(torch.cat(tensors).to(job.model.device), images, state.layers) if tensors else state.layers
    return replace(state, layers=layers, done=indices.stop, unread=tuple(unread))


def stored_patches(job: PatchJob, store: Path) -> TopPatches | None:
    """What the store holds for exactly this question, complete or not, also while a search runs.

    None where there is nothing, it is damaged, or it answers another question: another network, data set or setting.
    """
    folder = store / job.key
    try:
        if json.loads((folder / _MANIFEST).read_text(encoding="utf-8")) != job.spec:
            return None
        arrays = load(read_sealed(folder / _STATE, job.key))
    except (OSError, ValueError):  # Damaged among them
        return None
    touch(folder / _STATE)  # the time of its last use
    facts = json.loads(arrays[_FACTS].tobytes())
    layers = {
        name: LayerPatches((h, w), Ranked(*(arrays[f"{name}/{array}"] for array in _ARRAYS)))
        for name, (h, w) in facts["grids"].items()
    }
    unread = tuple((index, reason) for index, reason in facts["unread"])
    state = TopPatches(job.spec, layers, facts["done"], facts["total"], unread)
    return state if _could_be(state, job) else None


def _could_be(state: TopPatches, job: PatchJob) -> bool:
    """Whether a search for this answer can have come to this state."""
    looked_at = 0 <= state.done <= state.total == len(job.dataset)
    layers = not state.layers or tuple(sorted(state.layers)) == job.layers
    unread = all(0 <= index < state.done for index, _ in state.unread)
    return (
        looked_at and layers and unread and all(_in_range(found, job.k, state.done) for found in state.layers.values())
    )


def _in_range(found: LayerPatches, k: int, done: int) -> bool:
    ranked, cells = found.ranked, found.grid[0] * found.grid[1]
    shape = (2, found.channels, k)
    return (
        ranked.values.shape == ranked.images.shape == ranked.places.shape == shape
        and bool(((ranked.images >= -1) & (ranked.images < done)).all())
        and bool(((ranked.places >= 0) & (ranked.places < cells)).all())
        and not bool(np.isnan(ranked.values).any())
    )


def _save(folder: Path, job: PatchJob, state: TopPatches) -> None:
    """Replace the state on the disk in one step. SightlineError: the disk is full or may not be written.

    Its size does not depend on the number of pictures, so it is written whole: a reader, and whoever goes on after a
    kill at any moment, finds either the state before a batch or the one after it.
    """
    arrays = {
        f"{name}/{array}": np.ascontiguousarray(getattr(found.ranked, array))
        for name, found in state.layers.items()
        for array in _ARRAYS
    }
    facts = {
        "key": job.key,
        "done": state.done,
        "total": state.total,
        "grids": {name: found.grid for name, found in state.layers.items()},
        "unread": state.unread,
    }
    data = save(arrays | {_FACTS: np.frombuffer(json.dumps(facts).encode(), np.uint8)})
    with disk_trouble(folder):
        write_sealed(folder / _STATE, job.key, lambda file: file.write(data))


@contextmanager
def _held(folder: Path, spec: Mapping[str, object]) -> Iterator[None]:
    """The folder for one writer: the lock goes with the process, however it ends. SightlineError: another holds it."""
    with one_writer(folder, _BUSY):
        with disk_trouble(folder):
            replace_file(folder / _MANIFEST, json.dumps(spec, indent=2).encode())
        yield
