"""A table for reading: the rows of one listing, written from its shards as a memory map and a small data base."""

import json
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa

from xai_core.datasets import Dataset
from xai_core.durable import PARTIAL, replace_file, sync_folder
from xai_core.embedding.store import Item, finished_shards, read_shard, readable
from xai_core.types import FeatureTable

COLUMNS: Mapping[str, type] = {
    "prediction": np.int32,
    "probability": np.float32,
    "runner_up": np.int32,
    "runner_up_probability": np.float32,
    "loss": np.float32,
}
_AT_ONCE = 10_000


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
            column = shard["vector"].combine_chunks()
            part = column.flatten().to_numpy().reshape(len(column), -1)
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


@dataclass(frozen=True, eq=False)
class _Rows:
    """The open data base that the columns of a table share; closed with the last of them."""

    base: sqlite3.Connection
    lock: threading.Lock


@dataclass(frozen=True, eq=False)
class StoredColumn(Sequence):  # type: ignore[type-arg]
    """A column of the data base that reads like a tuple: one value by its row, all in order, or `take` for a few."""

    rows: _Rows
    name: str
    length: int

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, row: int) -> object: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[object, ...]: ...
    def __getitem__(self, row: int | slice) -> object:
        rows = range(self.length)[row]  # raises IndexError, and counts negative rows from the end
        return self.take([rows])[0] if isinstance(rows, int) else self.take(rows)

    def __iter__(self) -> Iterator[object]:
        for start in range(0, self.length, _AT_ONCE):
            yield from self[start : start + _AT_ONCE]

    def take(self, rows: Sequence[int]) -> tuple[object, ...]:
        """The values of these rows, in their order."""
        found: dict[int, object] = {}
        for start in range(0, len(rows), _AT_ONCE):
            some = [int(row) for row in rows[start : start + _AT_ONCE]]
            marks = ",".join("?" * len(some))
            with self.rows.lock:
                found.update(self.rows.base.execute(f"SELECT row, {self.name} FROM rows WHERE row IN ({marks})", some))
        return tuple(found[int(row)] for row in rows)


def open_view(view: Path, model_classes: tuple[str, ...]) -> FeatureTable:
    """The table, without reading its vectors. OSError, ValueError or KeyError: there is none, or it is damaged."""
    described = json.loads((view / "view.json").read_text("ascii"))
    vectors = np.load(view / "vectors.npy", mmap_mode="r" if (view / "vectors.npy").stat().st_size > 128 else None)
    columns = {name: _read_only(np.load(view / f"{name}.npy")) for name in (*COLUMNS, "items", "label")}
    rows = _open_rows(view / "rows.sqlite")
    names, digests, thumbnails = (StoredColumn(rows, name, len(vectors)) for name in ("name", "digest", "thumbnail"))
    facts = described["facts"]
    return FeatureTable(
        vectors=vectors,
        names=names,
        items=columns["items"],
        labels=columns["label"],
        predictions=columns["prediction"],
        probabilities=columns["probability"],
        runners_up=columns["runner_up"],
        runner_up_probabilities=columns["runner_up_probability"],
        losses=columns["loss"],
        thumbnails=thumbnails,
        image_digests=digests,
        layer=facts["layer"],
        class_names=tuple(described["class_names"]),
        model_classes=model_classes,
        digests={"weights": facts["weights"], "listing": described["listing"], "table": view.name},
        unread=tuple((name, reason) for name, reason in described["unread"]),
        folder=view,
    )


def _open_rows(path: Path) -> _Rows:
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    base = sqlite3.connect(address, uri=True, check_same_thread=False)
    rows = _Rows(base, threading.Lock())
    weakref.finalize(rows, base.close)
    return rows


def in_memory(table: FeatureTable) -> FeatureTable:
    """The same table without anything on the disk."""
    columns: dict[str, Any] = {name: tuple(getattr(table, name)) for name in ("names", "thumbnails", "image_digests")}
    return replace(table, vectors=_read_only(np.array(table.vectors)), folder=None, **columns)


def _read_only(values: np.ndarray) -> np.ndarray:
    values.setflags(write=False)
    return values
