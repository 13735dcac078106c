"""A view on the disk as a FeatureTable: vectors by memory map, names and small pictures when they are asked for."""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, overload

import numpy as np

from xai_core.durable import Damaged, check_seal, mark_used, read_sealed
from xai_core.embedding.compact import COLUMNS
from xai_core.embedding.derived import meaning_of
from xai_core.errors import SightlineError
from xai_core.types import FeatureTable

_AT_ONCE = 10_000


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


def open_view(view: Path, model_classes: tuple[str, ...], listed: int) -> FeatureTable:
    """The table; its vectors are compared with their checksum and not kept in memory.

    listed: how many pictures the data set has. Damaged; OSError: there is none.
    """
    described = json.loads(_content(view / "view.json"))
    length = check_seal(view / "vectors.npy", meaning_of(view / "vectors.npy"))
    vectors = np.load(view / "vectors.npy", mmap_mode="r" if length > 128 else None)
    arrays = (*COLUMNS, "items", "label")
    columns = {name: _read_only(np.load(BytesIO(_content(view / f"{name}.npy")))) for name in arrays}
    _check_ranges(vectors, columns, len(model_classes), len(described["class_names"]), listed)
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
        model_classes=model_classes,
        digests={"weights": facts["weights"], "listing": described["listing"], "table": view.name},
        unread=tuple((name, reason) for name, reason in described["unread"]),
        folder=view,
    )


def _content(path: Path) -> bytes:
    return read_sealed(path, meaning_of(path))


def _check_ranges(
    vectors: np.ndarray, columns: Mapping[str, np.ndarray], classes: int, own_classes: int, listed: int
) -> None:
    """Damaged: the columns do not belong together, or hold what no network and no listing can have given."""
    n = len(vectors)
    items, losses = columns["items"], columns["loss"]
    right = vectors.ndim == 2 and vectors.dtype == np.float32 and {c.shape for c in columns.values()} == {(n,)}
    right = right and all(columns[name].dtype == kind for name, kind in COLUMNS.items())
    right = right and _within(items, 0, listed - 1) and bool((np.diff(items) > 0).all())
    right = right and _within(columns["label"], -1, own_classes - 1)
    right = right and all(_within(columns[name], 0, classes - 1) for name in ("prediction", "runner_up"))
    right = right and all(_within(columns[name], 0, 1) for name in ("probability", "runner_up_probability"))
    if not (right and bool((np.isnan(losses) | (losses >= 0)).all())):
        raise Damaged("A table's columns do not belong together.")


def _within(values: np.ndarray, low: float, high: float) -> bool:
    return bool(((values >= low) & (values <= high)).all())


def _open_rows(path: Path, count: int) -> _Rows:
    """Damaged: the data base has not this many rows."""
    check_seal(path, meaning_of(path))
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
