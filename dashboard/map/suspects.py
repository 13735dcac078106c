"""Pictures worth a look: found in the background, kept as lists of rows with the reason in numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.core import jobs
from dashboard.map.table import Space
from xai_core.embedding.suspects import (
    ConfusedPair,
    Duplicates,
    boundary_margins,
    confused_pairs,
    held_out,
    label_doubt,
    near_duplicates,
    neighbour_disagreement,
    outlier_scores,
)
from xai_core.errors import NotApplicable

MOST = 60
KINDS = {
    "labels": "Doubtful labels",
    "outliers": "Outliers",
    "copies": "Near duplicates",
    "pairs": "Confused classes",
    "boundary": "At the boundary",
}
ABOUT = {
    "labels": "A simple classifier on the vectors, which has not learned from the picture, doubts its label. "
    "Beside it: how many of the 15 nearest carry another label. Both high is the strongest sign.",
    "outliers": "Far from everything, by the mean cosine distance to the ten nearest: strange pictures, or a class "
    "with few examples.",
    "copies": "The network hardly tells them apart: copies, crops, frames of one film. In both training and test data "
    "they make a test too easy; with two labels, at most one is right.",
    "pairs": "The two classes that are hardest to tell apart, and the pictures that could be both.",
    "boundary": "The two likeliest classes are almost even: a small change could turn the prediction.",
}


@dataclass(frozen=True, eq=False)
class Suspects:
    """doubt, disagreement, outlier, margin: (n,). reason: why labels cannot be doubted, "" where they can."""

    doubt: np.ndarray
    disagreement: np.ndarray
    outlier: np.ndarray
    margin: np.ndarray
    copies: tuple[Duplicates, ...]
    pairs: tuple[ConfusedPair, ...]
    reason: str


def job_of(space: Space) -> jobs.Job:
    """The search, started where it was not."""
    return jobs.job_of(key_of(space), lambda tell: find(space, tell))


def key_of(space: Space) -> str:
    return f"suspects|{space.key}"


def find(space: Space, tell: jobs.JobProgress) -> Suspects:
    table, graph = space.table, space.graph
    doubt = nothing = np.full(len(table), np.nan, np.float32)
    pairs: tuple[ConfusedPair, ...] = ()
    reason = ""
    try:
        held = held_out(table, on_progress=tell)
        doubt, pairs = label_doubt(table, held), confused_pairs(table, held)
    except NotApplicable as error:
        reason = str(error)
    disagreement = neighbour_disagreement(table, graph) if space.labelled else nothing
    outlier, margin = outlier_scores(table, graph), boundary_margins(table)
    return Suspects(doubt, disagreement, outlier, margin, near_duplicates(table, graph), pairs, reason)


def listed(found: Suspects, kind: str, pair: int = 0) -> tuple[np.ndarray, pd.DataFrame]:
    """The rows of a kind, at most MOST, the clearest first, and the numbers that speak for each."""
    if kind == "labels":
        return _ranked(-found.doubt, {"doubt": found.doubt, "neighbours disagree": found.disagreement})
    if kind == "outliers":
        return _ranked(-found.outlier, {"distance": found.outlier})
    if kind == "boundary":
        return _ranked(found.margin, {"lead": found.margin})
    if kind == "pairs":
        rows = found.pairs[pair].between if found.pairs else np.zeros(0, np.int64)
        return rows, pd.DataFrame({"doubt": found.doubt[rows]})
    return _copies(found.copies)


def _ranked(order_by: np.ndarray, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, pd.DataFrame]:
    rows = np.argsort(order_by, kind="stable")[:MOST]
    rows = rows[np.isfinite(order_by[rows])]
    return rows, pd.DataFrame({name: values[rows] for name, values in columns.items()})


def _copies(groups: tuple[Duplicates, ...]) -> tuple[np.ndarray, pd.DataFrame]:
    """Group after group, none cut."""
    rows: list[int] = []
    columns: dict[str, list[object]] = {"group": [], "alike": [], "distance": []}
    for number, group in enumerate(groups, 1):
        if len(rows) + len(group.rows) > MOST and rows:
            break
        rows += group.rows
        alike = ("same pixels" if group.identical else "nearly") + (", two labels" if group.across else "")
        columns["group"] += [number] * len(group.rows)
        columns["alike"] += [alike] * len(group.rows)
        columns["distance"] += [group.distance] * len(group.rows)
    return np.array(rows, np.int64), pd.DataFrame(columns)
