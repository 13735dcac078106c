"""The pictures and places of a data set that excite each unit most, and least: one pass fills every channel.

The units of every layer asked for are ranked while the pictures stream by, so that the memory needed does not depend on
their number, and looking at another unit afterwards costs nothing (Zeiler & Fergus 2014; Zhou et al. 2015).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from xai_core.datasets import Dataset
from xai_core.deprecated import renamed_arguments
from xai_core.errors import ImageError
from xai_core.features.patch_job import By, Finder, PatchJob, finder, patch_job
from xai_core.features.patch_store import held, job_folder, load_state, save_state
from xai_core.features.patches import TopPatches
from xai_core.models.preprocess import prepare
from xai_core.types import LoadedModel, ProgressCallback


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
    folder = None if store is None else job_folder(store, job)
    with nullcontext() if folder is None else held(folder, job.spec):
        state = (folder and load_state(folder, job)) or _start(job)
        yield state
        find = finder(job)
        while not state.complete:
            state = _after_batch(job, find, state)
            if folder is not None:
                save_state(folder, job, state)
            yield state


def stored_patches(job: PatchJob, store: Path) -> TopPatches | None:
    """What the store holds for exactly this question, complete or not, also while a search runs; None for nothing."""
    return load_state(job_folder(store, job), job)


def _start(job: PatchJob) -> TopPatches:
    return TopPatches(job.spec, {}, 0, len(job.dataset))


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
