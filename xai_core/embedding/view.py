"""A table for reading: the rows of one listing, written from its shards as a memory map and a small data base."""

import errno
import json
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any, overload

import numpy as np
import pyarrow as pa

from xai_core.datasets import Dataset
from xai_core.durable import PARTIAL, Damaged, check_seal, mark_used, place_of, read_sealed, seal, sync_folder
from xai_core.embedding.store import Item, finished_shards, read_shard, readable
from xai_core.errors import SightlineError
from xai_core.types import FeatureTable, ModelConfig

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
    try:
        making.mkdir()
        _write_rows(making, paths, positions, found)
        _write_facts(making, facts, dataset, items, found, unread)
        for path in making.iterdir():
            with path.open("r+b") as file:
                seal(file, place_of(view / path.name))
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
            column = shard["vector"].combine_chunks()
            part = column.flatten().to_numpy().reshape(len(column), -1)
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
                found.update(_asked(self.rows.base, f"SELECT row, {self.name} FROM rows WHERE row IN ({marks})", some))
        return tuple(found[int(row)] for row in rows)


def _asked(base: sqlite3.Connection, query: str, values: Sequence[int] = ()) -> list[tuple[Any, ...]]:
    try:
        return base.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise SightlineError(
            f"The names and small pictures of this table can no longer be read ({error}); compute the table again."
        ) from error


def open_view(view: Path, model: ModelConfig, listed: int) -> FeatureTable:
    """The table; its vectors are compared with their checksum and not kept in memory.

    model: the card of the one that gave it. listed: how many pictures the data set has.
    Damaged; OSError: there is none.
    """
    described = json.loads(_content(view / "view.json"))
    length = check_seal(view / "vectors.npy", place_of(view / "vectors.npy"))
    vectors = np.load(view / "vectors.npy", mmap_mode="r" if length > 128 else None)
    arrays = (*COLUMNS, "items", "label")
    columns = {name: _read_only(np.load(BytesIO(_content(view / f"{name}.npy")))) for name in arrays}
    _check_ranges(vectors, columns, model, len(described["class_names"]), listed)
    rows = _open_rows(view / "rows.sqlite", len(vectors))
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
        model_classes=model.class_names,
        digests={"weights": facts["weights"], "listing": described["listing"], "table": view.name},
        unread=tuple((name, reason) for name, reason in described["unread"]),
        folder=view,
    )


def _content(path: Path) -> bytes:
    return read_sealed(path, place_of(path))


def _check_ranges(
    vectors: np.ndarray, columns: Mapping[str, np.ndarray], model: ModelConfig, own_classes: int, listed: int
) -> None:
    """Damaged: the columns do not belong together, or hold what no network and no listing can have given."""
    n, classes = len(vectors), len(model.class_names)
    items, losses = columns["items"], columns["loss"]
    right = vectors.ndim == 2 and vectors.dtype == np.float32 and {c.shape for c in columns.values()} == {(n,)}
    right = right and all(columns[name].dtype == kind for name, kind in COLUMNS.items())
    right = right and _within(items, 0, listed - 1) and bool((np.diff(items) > 0).all())
    right = right and _within(columns["label"], -1, own_classes - 1)
    right = right and all(_within(columns[name], 0, classes - 1) for name in ("prediction", "runner_up"))
    shares = [columns[name] for name in ("probability", "runner_up_probability")]
    right = right and all(_within(s, 0, 1) if model.answer.probable else bool(np.isnan(s).all()) for s in shares)
    if not (right and bool((np.isnan(losses) | (losses >= 0)).all())):
        raise Damaged("A table's columns do not belong together.")


def _within(values: np.ndarray, low: float, high: float) -> bool:
    return bool(((values >= low) & (values <= high)).all())


def _open_rows(path: Path, count: int) -> _Rows:
    """Damaged: the data base has not this many rows."""
    check_seal(path, place_of(path))
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    base = sqlite3.connect(address, uri=True, check_same_thread=False)
    rows = _Rows(base, threading.Lock())
    weakref.finalize(rows, base.close)
    used = mark_used(path.parent.parent)  # the folder of the table, for as long as this data base is open
    if used is not None:
        weakref.finalize(rows, used.close)
    if _asked(base, "SELECT COUNT(row), MIN(row), MAX(row) FROM rows") != [
        (count, *((0, count - 1) if count else (None,) * 2))
    ]:
        raise Damaged("A table's rows do not belong together.")
    return rows


def in_memory(table: FeatureTable) -> FeatureTable:
    """The same table without anything on the disk."""
    columns: dict[str, Any] = {name: tuple(getattr(table, name)) for name in ("names", "thumbnails", "image_digests")}
    return replace(table, vectors=_read_only(np.array(table.vectors)), folder=None, **columns)


def _read_only(values: np.ndarray) -> np.ndarray:
    values.setflags(write=False)
    return values
