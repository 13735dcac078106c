"""The nearest pictures to a picture: exact while each vector can be measured at once, by an index above."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xai_core.durable import Damaged, keep, kept
from xai_core.embedding.approximate import (
    Approximate,
    build_approximate,
    load_approximate,
    nearest_approximately,
    save_approximate,
)
from xai_core.embedding.distances import Metric, Nearest, Searchable, check_metric, nearest, searchable
from xai_core.errors import SettingError
from xai_core.types import FeatureTable, ProgressCallback

EXACT_UP_TO = 300_000


@dataclass(frozen=True, eq=False)
class Index:
    """What answers for the neighbours in one table by one metric; keep it, because making it reads every vector.

    recall: share of the true neighbours found, 1.0 where the answer is exact.
    """

    base: Searchable
    metric: Metric
    approximate: Approximate | None = None

    @property
    def recall(self) -> float:
        return 1.0 if self.approximate is None else self.approximate.recall


def open_index(
    table: FeatureTable,
    metric: Metric = "l2",
    *,
    exact: bool | None = None,
    on_progress: ProgressCallback | None = None,
) -> Index:
    """The index by which `neighbours` searches a table.

    metric: "l2" or "cosine" (1 - the cosine of the angle). exact: None: up to EXACT_UP_TO rows.
    An index that is not exact is kept in the table's folder. on_progress(rows, n) may raise to stop its making.
    """
    check_metric(metric)
    base = _base(table)
    if exact or (exact is None and len(table) <= EXACT_UP_TO):
        return Index(base, metric)
    path = None if table.folder is None else table.folder / f"index-{metric}.faiss"
    found = _stored(base, path)
    if found is None:
        found = build_approximate(base, metric, on_progress=on_progress)
        save_approximate(found, path)
    return Index(base, metric, found)


def neighbours(index: Index, queries: np.ndarray | int, k: int = 10) -> Nearest:
    """The k nearest rows of vectors, float (d,) or (q, d), nearest first; of a row of the table without itself.

    rows: int64 (q, k), distances: float64 (q, k). SettingError: k, a vector of another length, or no such row.
    """
    vectors = index.base.vectors
    row = int(queries) if isinstance(queries, int | np.integer) else None
    if row is not None and not 0 <= row < len(vectors):
        raise SettingError(f"There is no row {row}; the table's rows are 0 to {len(vectors) - 1}.")
    given = np.atleast_2d(vectors[row] if row is not None else np.asarray(queries))
    if given.shape[1] != vectors.shape[1]:
        raise SettingError(
            f"A vector of {given.shape[1]} numbers was given; the table's have {vectors.shape[1]}: use the same layer."
        )
    if not np.isfinite(given).all():
        raise SettingError("The vector holds numbers that are not finite (NaN or infinity), so it has no neighbours.")
    wanted = k if row is None else k + 1
    if index.approximate is not None:
        found = nearest_approximately(index.approximate, given, wanted)
    else:
        found = nearest(index.base, given, wanted, index.metric)
    if row is None:
        return found
    kept = np.flatnonzero(found.rows[0] != row)[:k]  # where equal ones crowded the row itself out, the last goes
    return Nearest(found.rows[:, kept], found.distances[:, kept])


def _base(table: FeatureTable) -> Searchable:
    path = None if table.folder is None else table.folder / "norms.npz"
    content = kept(path)
    if content is not None:
        file = np.load(content)
        base = Searchable(table.vectors, file["norms"], file["centre"], file["direction"])
        if _belong(base):
            return base
    base = searchable(table.vectors)
    keep(path, lambda file: np.savez(file, norms=base.norms, centre=base.centre, direction=base.direction))
    return base


def _belong(base: Searchable) -> bool:
    n, d = base.vectors.shape
    finite = all(np.isfinite(values).all() for values in (base.norms, base.centre, base.direction))
    return finite and base.norms.shape == (n,) and base.centre.shape == base.direction.shape == (d,)


def _stored(base: Searchable, path: Path | None) -> Approximate | None:
    try:
        return None if path is None else load_approximate(base, path)
    except (OSError, Damaged):
        return None
