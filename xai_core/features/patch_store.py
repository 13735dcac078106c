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
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from xai_core.durable import disk_trouble, one_writer, replace_file
from xai_core.features.patch_job import PatchJob
from xai_core.features.patches import LayerPatches, TopPatches
from xai_core.features.running_top import Ranked

_STATE, _MANIFEST = "state.safetensors", "manifest.json"
_ARRAYS = ("values", "images", "places")
_BUSY = "This search for patches is running already, here or in another process; wait for it to end."


def job_folder(store: Path, job: PatchJob) -> Path:
    """Where this question's answer lies: another network, data set or setting leads to another folder."""
    return store / job.key


def load_state(folder: Path, job: PatchJob) -> TopPatches | None:
    """The state on the disk; None where there is none, it is damaged, or it answers another question."""
    try:
        if json.loads((folder / _MANIFEST).read_text(encoding="utf-8")) != job.spec:
            return None
        with safe_open(folder / _STATE, framework="numpy") as file:
            facts = json.loads(file.metadata()["facts"])
            layers = {
                name: LayerPatches((h, w), Ranked(*(file.get_tensor(f"{name}/{array}") for array in _ARRAYS)))
                for name, (h, w) in facts["grids"].items()
            }
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None
    if facts["key"] != job.key:
        return None
    unread = tuple((index, reason) for index, reason in facts["unread"])
    return TopPatches(job.spec, layers, facts["done"], facts["total"], unread)


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
    with disk_trouble(folder):
        replace_file(folder / _STATE, save(arrays, {"facts": json.dumps(facts)}))


@contextmanager
def held(folder: Path, spec: Mapping[str, object]) -> Iterator[None]:
    """The folder for one writer: the lock goes with the process, however it ends. SightlineError: another holds it."""
    with one_writer(folder, _BUSY):
        with disk_trouble(folder):
            replace_file(folder / _MANIFEST, json.dumps(spec, indent=2).encode())
        yield
