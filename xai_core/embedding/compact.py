"""From shards to a view: the rows of one listing in its order, as a memory map and a small data base."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

from xai_core.datasets import Dataset
from xai_core.durable import PARTIAL, seal, sync_folder
from xai_core.embedding.derived import meaning_of
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
    try:
        making.mkdir()
        _write_rows(making, paths, positions, found)
        _write_facts(making, facts, dataset, items, found, unread)
        for path in making.iterdir():
            with path.open("r+b") as file:
                seal(file, meaning_of(view / path.name))
        shutil.rmtree(view, ignore_errors=True)  # it is made again only where it is damaged
        os.replace(making, view)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    sync_folder(folder)
    for other in folder.glob("view-*"):
        if other != view:
            shutil.rmtree(other, ignore_errors=True)  # it may be open elsewhere, which some systems forbid


def _write_facts(
    making: Path,
    facts: Mapping[str, object],
    dataset: Dataset,
    items: Sequence[Item],
    found: np.ndarray,
    unread: Mapping[int, str],
) -> None:
    described = {
        "facts": dict(facts),
        "listing": dataset.digest,
        "class_names": list(dataset.class_names),
        "unread": [[items[position].id, reason] for position, reason in sorted(unread.items())],
    }
    np.save(making / "items.npy", np.flatnonzero(found))
    labels = np.array([-1 if item.label is None else item.label for item in dataset.items], np.int32)
    np.save(making / "label.npy", labels[found])
    (making / "view.json").write_bytes(json.dumps(described).encode("ascii"))


def _write_rows(making: Path, paths: Sequence[Path], positions: Mapping[str, int], found: np.ndarray) -> None:
    row_of = np.cumsum(found) - 1
    n = int(found.sum())
    width = 0
    columns: dict[str, np.ndarray] = {name: np.empty(n, kind) for name, kind in COLUMNS.items()}
    with (making / "vectors.npy").open("wb") as vectors, _new_rows(making / "rows.sqlite") as base:
        for path in paths:
            shard = read_shard(path)
            places = np.array([positions.get(key, -1) for key in shard["key"].to_pylist()])
            wanted = (places >= 0) & np.array(shard["error"].is_null())
            if not wanted.any():
                continue
            shard, rows = shard.filter(pa.array(wanted)), row_of[places[wanted]]
            part = _vectors(shard)
            if not width:
                width = part.shape[1]
                begin = _header(vectors, (n, width))
            _write_at(vectors, begin, rows, part)
            for name, column in columns.items():
                column[rows] = shard[name].to_numpy()
            values = (shard[name].to_pylist() for name in ("path", "digest", "thumbnail"))
            base.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", zip(rows.tolist(), *values, strict=True)
            )
        if not width:
            _header(vectors, (0, 0))
    for name, column in columns.items():
        np.save(making / f"{name}.npy", column)


@contextmanager
def _new_rows(path: Path) -> Iterator[sqlite3.Connection]:
    """The empty data base, for all that is done in the block; OSError: the disk refuses."""
    try:
        with closing(sqlite3.connect(path)) as base:
            base.execute("PRAGMA synchronous = OFF")  # a view that a kill cuts short is thrown away
            base.execute("CREATE TABLE rows (row INTEGER PRIMARY KEY, name TEXT, digest TEXT, thumbnail BLOB)")
            yield base
            base.commit()
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, str(error)) from error


def _header(file: IO[bytes], shape: tuple[int, int]) -> int:
    """Begin a .npy file of float32; where its numbers begin."""
    described = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, described)
    return file.tell()


def _write_at(file: IO[bytes], begin: int, rows: np.ndarray, part: np.ndarray) -> None:
    """Rows float32 (m, d) to their places: not by a memory map, where a full disk ends the process."""
    order = np.argsort(rows)
    for run in np.split(order, np.flatnonzero(np.diff(rows[order]) != 1) + 1):
        file.seek(begin + int(rows[run[0]]) * part.shape[1] * part.itemsize)
        file.write(np.ascontiguousarray(part[run], np.float32).tobytes())


def _vectors(shard: pa.Table) -> np.ndarray:
    column = shard["vector"].combine_chunks()
    values: np.ndarray = column.flatten().to_numpy()
    return values.reshape(len(column), -1)
