"""A search for top patches on the disk: one folder a question, one file for its state, replaced after each batch.

The state has a fixed size whatever the number of pictures, so it is written whole: a reader, and whoever goes on after
a kill at any moment, finds either the state before a batch or the one after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from xai_core.durable import disk_trouble, one_writer, read_sealed, replace_file, touch, write_sealed
from xai_core.features.patch_job import PatchJob
from xai_core.features.patches import LayerPatches, TopPatches
from xai_core.features.running_top import Ranked

_STATE, _MANIFEST = "state.safetensors", "manifest.json"
_ARRAYS = ("values", "images", "places")
_FACTS = "facts"  # beside the arrays, as JSON in bytes
_BUSY = "This search for patches is running already, here or in another process; wait for it to end."


def job_folder(store: Path, job: PatchJob) -> Path:
    """Where this question's answer lies: another network, data set or setting leads to another folder."""
    return store / job.key


def load_state(folder: Path, job: PatchJob) -> TopPatches | None:
    """The state on the disk; None where there is none, it is damaged, or it answers another question."""
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


def save_state(folder: Path, job: PatchJob, state: TopPatches) -> None:
    """Replace the state on the disk in one step. SightlineError: the disk is full or may not be written."""
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
def held(folder: Path, spec: Mapping[str, object]) -> Iterator[None]:
    """The folder for one writer: the lock goes with the process, however it ends. SightlineError: another holds it."""
    with one_writer(folder, _BUSY):
        with disk_trouble(folder):
            replace_file(folder / _MANIFEST, json.dumps(spec, indent=2).encode())
        yield
