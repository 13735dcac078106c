"""What both models answer: a pass of each over the pictures, in the background, found again where it was made before.

A model's answers are the table that the Map page reads too, so each model looks at each picture once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import streamlit as st

import xai_core as xai
from dashboard.core import audit_log, jobs
from dashboard.core.cache_folder import tables_folder
from dashboard.core.jobs import Job
from dashboard.core.plain_text import in_prose
from dashboard.core.session import StateKey
from dashboard.models.versus.versus_request import Pair
from dashboard.shared import cached, dataset_choice, job_lines
from xai_core.datasets import Dataset
from xai_core.evaluation.disagreement import Answers, Versus, versus
from xai_core.types import FeatureTable, LoadedModel

Tables = tuple[FeatureTable, FeatureTable]
_LOOKED = StateKey[set[str]]("versus_looked", set)  # runs that were looked for on the disk


@dataclass(frozen=True, eq=False)
class Joined:
    """The pictures that both models could read. tables: of both. rows: int (n,) for each, picture by picture the same.

    unread: name and reason of the others.
    """

    tables: Tables
    rows: tuple[np.ndarray, np.ndarray]
    versus: Versus
    unread: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.rows[0])


def answers(pair: Pair) -> Tables | None:
    """Both models' tables; None while they are being made, when the screen says how far they are."""
    keys = [_key(model, pair.dataset) for model in pair.models]
    found = [_look(key, model, pair) for key, model in zip(keys, pair.models, strict=True)]
    a, b = (run.result if run is not None else None for run in found)
    if a is not None and b is not None:
        for model in pair.models:
            audit_log.told_of_many(model, pair.dataset)
        return a, b
    for key, model, run in zip(keys, pair.models, found, strict=True):
        if run is not None and run.running:
            job_lines.follow(key, f"{in_prose(model.config.title)} looks at the pictures", "pictures")
    waiting = [at for at, run in enumerate(found) if run is None or not (run.running or run.result is not None)]
    if waiting:
        _offer(pair, [found[at] for at in waiting], partial(_start_all, pair, waiting))
    return None


def joined(a: FeatureTable, b: FeatureTable, labels: Sequence[str]) -> Joined:
    """The answers picture by picture; a model may not be able to read a picture that the other can.

    labels: what the pictures' classes are called among the models'."""
    _, rows_a, rows_b = np.intersect1d(a.items, b.items, assume_unique=True, return_indices=True)
    of_a, of_b = (
        Answers(t.model_classes, t.predictions[rows], t.probabilities[rows]) for t, rows in ((a, rows_a), (b, rows_b))
    )
    found = versus(of_a, of_b, a.labels[rows_a], labels)
    return Joined((a, b), (rows_a, rows_b), found, tuple(dict([*a.unread, *b.unread]).items()))


def _look(key: str, model: LoadedModel, pair: Pair) -> Job | None:
    """The model's run; begun by itself where it takes a moment only, or lies on the disk."""
    run, looked = jobs.look(key), _LOOKED.get()
    if run is not None or key in looked:
        return run
    looked.add(key)  # a look at the disk takes a pass of the network
    if dataset_choice.runs_by_itself(pair.source, model.config.key) or _stored(model, pair):
        _start(key, model, pair)
    return jobs.look(key)


def _offer(pair: Pair, waiting: list[Job | None], start: partial[None]) -> None:
    for trouble in dict.fromkeys(run.trouble for run in waiting if run is not None and run.trouble):
        st.error(in_prose(trouble), icon=":material/error:")
    total = len(pair.dataset)
    stopped = [run for run in waiting if run is not None and not run.trouble]
    kept = " What is done is kept." if tables_folder(pair.source) else ""
    if stopped:
        done = min(run.done for run in stopped)
        st.info(f"Stopped after {done:,} of {total:,} pictures.{kept}", icon=":material/pause:")
    label = "Go on" if stopped and kept else f"Compare on {total:,} picture{'s' if total != 1 else ''}"
    st.button(label, key="versus_start", type="primary", icon=":material/compare:", on_click=start)
    if not stopped:
        st.caption("Each model looks at each picture once. You can stop at any time.")


def _start_all(pair: Pair, which: list[int]) -> None:
    for at in which:
        _start(_key(pair.models[at], pair.dataset), pair.models[at], pair)


def _start(key: str, model: LoadedModel, pair: Pair) -> None:
    dataset, folder = pair.dataset, tables_folder(pair.source)

    def work(tell: jobs.JobProgress) -> FeatureTable:
        table = xai.build_table(model, dataset, None, tell, folder=folder)
        return table if folder else replace(table, vectors=table.vectors[:, :0].copy())  # only the answers are needed

    jobs.start(key, work)


def _key(model: LoadedModel, dataset: Dataset) -> str:
    """Names the answers: the weights under their card, and the state of the data."""
    return f"answers|{cached.identity(model)}|{dataset.name}|{dataset.digest}|{dataset.class_names!r}"


def _stored(model: LoadedModel, pair: Pair) -> bool:
    folder = tables_folder(pair.source)
    return folder is not None and xai.stored_table(model, pair.dataset, None, folder) is not None
