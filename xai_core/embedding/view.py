"""A view on the disk as a FeatureTable: vectors by memory map, names and small pictures when they are asked for."""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np

from xai_core.embedding.compact import COLUMNS
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
