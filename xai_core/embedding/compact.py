"""From shards to a view: the rows of one listing in its order, as a memory map and a small data base."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa

from xai_core.datasets import Dataset
from xai_core.durable import PARTIAL, replace_file, sync_folder
from xai_core.embedding.shard import read_shard
from xai_core.embedding.spec import Item
from xai_core.embedding.store import finished_shards, readable

COLUMNS: Mapping[str, type] = {
    "prediction": np.int32,
    "probability": np.float32,
    "runner_up": np.int32,
    "runner_up_probability": np.float32,
    "loss": np.float32,
}


def write_view(folder: Path, view: Path, facts: Mapping[str, object], dataset: Dataset, items: Sequence[Item]) -> None:
    """Write the view beside its final name, put it there in one step, and drop older views.

    Holds one shard and a few numbers a picture in memory, never all vectors.
    """
    paths = finished_shards(folder)
    positions = {item.key: position for position, item in enumerate(items)}
    found, unread = readable(paths, positions)
    making = view.with_name(view.name + PARTIAL)
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    _write_rows(making, paths, positions, found)
    described = {
        "facts": dict(facts),
        "listing": dataset.digest,
        "class_names": list(dataset.class_names),
        "unread": [[items[position].id, reason] for position, reason in sorted(unread.items())],
    }
    np.save(making / "items.npy", np.flatnonzero(found))
    labels = np.array([-1 if item.label is None else item.label for item in dataset.items], np.int32)
    np.save(making / "label.npy", labels[found])
    replace_file(making / "view.json", json.dumps(described).encode("ascii"))
    shutil.rmtree(view, ignore_errors=True)  # it is made again only where it is damaged
    os.replace(making, view)
    sync_folder(folder)
    for other in folder.glob("view-*"):
        if other != view:
            shutil.rmtree(other, ignore_errors=True)  # it may be open elsewhere, which some systems forbid


def _write_rows(making: Path, paths: Sequence[Path], positions: Mapping[str, int], found: np.ndarray) -> None:
    row_of = np.cumsum(found) - 1
    n = int(found.sum())
    vectors: np.memmap | None = None
    columns: dict[str, np.ndarray] = {name: np.empty(n, kind) for name, kind in COLUMNS.items()}
    with closing(sqlite3.connect(making / "rows.sqlite")) as base:
        base.execute("PRAGMA synchronous = OFF")  # a view that a kill cuts short is thrown away
        base.execute("CREATE TABLE rows (row INTEGER PRIMARY KEY, name TEXT, digest TEXT, thumbnail BLOB)")
        for path in paths:
            shard = read_shard(path)
            places = np.array([positions.get(key, -1) for key in shard["key"].to_pylist()])
            wanted = (places >= 0) & np.array(shard["error"].is_null())
            if not wanted.any():
                continue
            shard, rows = shard.filter(pa.array(wanted)), row_of[places[wanted]]
            part = _vectors(shard)
            if vectors is None:
                shape = (n, part.shape[1])
                vectors = np.lib.format.open_memmap(making / "vectors.npy", "w+", np.float32, shape)
            vectors[rows] = part
            for name, column in columns.items():
                column[rows] = shard[name].to_numpy()
            values = (shard[name].to_pylist() for name in ("path", "digest", "thumbnail"))
            base.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", zip(rows.tolist(), *values, strict=True)
            )
        base.commit()
    if vectors is None:
        np.save(making / "vectors.npy", np.empty((0, 0), np.float32))
    else:
        vectors.flush()
    for name, column in columns.items():
        np.save(making / f"{name}.npy", column)


def _vectors(shard: pa.Table) -> np.ndarray:
    column = shard["vector"].combine_chunks()
    values: np.ndarray = column.flatten().to_numpy()
    return values.reshape(len(column), -1)
