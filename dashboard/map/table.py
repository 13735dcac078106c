"""The table of vectors and its neighbour graph: opened where it was made before, else made in the background."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

import xai_core as xai
from dashboard.background import run_lines, runs
from dashboard.map.asked import Asked
from dashboard.map.cached import once
from dashboard.pictures.dataset_choice import runs_by_itself
from dashboard.plain_text import as_code, in_prose, plainly
from dashboard.store.cache_folder import tables_folder
from xai_core.representation.distances import Metric
from xai_core.representation.graph import Graph
from xai_core.representation.neighbours import Index
from xai_core.types import FeatureTable

MOST_UNREAD = 100


@dataclass(frozen=True, eq=False)
class Space:
    """The pictures as one network sees them: what every part of the page reads."""

    asked: Asked
    table: FeatureTable
    graph: Graph

    @property
    def key(self) -> str:
        return self.asked.key

    @property
    def labelled(self) -> bool:
        return bool((self.table.labels >= 0).any())


def space(asked: Asked) -> Space | None:
    """The finished table; None while it is being made, when the screen says how far it is."""
    key = f"table|{asked.key}"
    run = runs.look(key)
    if run is None and (runs_by_itself(asked.source, asked.model.card.key) or _stored(asked)):
        _start(key, asked)
        run = runs.look(key)
    if run is not None and run.result is not None:
        table, graph = run.result
        return Space(asked, table, graph)
    if run is not None and run.running:
        run_lines.follow(key, f"{asked.model.card.title} looks at the pictures", "pictures")
        return None
    total = len(asked.dataset)
    if run is not None and run.trouble:
        st.error(in_prose(run.trouble), icon=":material/error:")
    elif run is not None:
        st.info(f"Stopped after {run.done:,} of {total:,} pictures. What is done is kept.", icon=":material/pause:")
    label = "Go on" if run is not None and run.done and asked.source != "uploads" else f"Compute {total:,} pictures"
    st.button(label, type="primary", icon=":material/play_arrow:", on_click=_start, args=(key, asked))
    return None


def index_of(space: Space, metric: Metric) -> Index:
    """What answers for the neighbours."""
    return once(lambda: xai.open_index(space.table, metric), "index", space.key, metric)


def unread(table: FeatureTable) -> None:
    """The pictures that could not be read, each with its reason."""
    count = len(table.unread)
    if not count:
        return
    words = "1 picture could not be read and is" if count == 1 else f"{count:,} pictures could not be read and are"
    with st.expander(f"{words} not on the map"):
        for name, reason in table.unread[:MOST_UNREAD]:
            st.markdown(f"- {as_code(name)}: {plainly(reason)}")


def _stored(asked: Asked) -> bool:
    folder = tables_folder(asked.source)
    return folder is not None and xai.stored_table(asked.model, asked.dataset, asked.layer, folder) is not None


def _start(key: str, asked: Asked) -> None:
    def work(tell: runs.Progress) -> tuple[FeatureTable, Graph]:
        table = xai.build_table(asked.model, asked.dataset, asked.layer, tell, folder=tables_folder(asked.source))
        return table, xai.knn_graph(table, on_progress=tell)

    runs.start(key, work)
