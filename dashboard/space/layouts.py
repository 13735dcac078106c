"""Maps of the table: PCA at once, t-SNE and UMAP in the background, and what each is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import numpy as np
import streamlit as st

from dashboard import run_lines, runs
from dashboard.scatter import Cloud, cloud_of
from dashboard.space.cached import once
from dashboard.space.table import Space
from xai_core.representation.pca import pca_map
from xai_core.representation.projection import Projection
from xai_core.representation.quality import Quality, map_quality
from xai_core.representation.tsne import tsne_map
from xai_core.representation.umap_map import UmapProcess, start_umap, umap_map
from xai_core.types import FeatureTable

TITLES = {"t-sne": "t-SNE", "umap": "UMAP", "pca": "PCA"}
ABOUT = {
    "t-sne": "t-SNE keeps neighbours together.",
    "umap": "UMAP keeps neighbours together, and a little more of the whole.",
    "pca": "PCA is a shadow: the two directions in which the vectors differ most.",
}


@dataclass(frozen=True)
class Layout:
    """Which map is wanted. perplexity is of t-SNE, neighbours and min_dist are of UMAP."""

    method: str = "t-sne"
    dims: int = 2
    seed: int = 0
    perplexity: float = 15.0
    neighbours: int = 15
    min_dist: float = 0.1

    def key(self, space: Space) -> str:
        own = {"t-sne": (self.seed, self.perplexity), "umap": (self.seed, self.neighbours, self.min_dist)}
        return f"map|{space.key}|{self.method}|{self.dims}|{own.get(self.method)}"


@dataclass(frozen=True, eq=False)
class Shown:
    """The map on the screen, and the name of what it shows."""

    projection: Projection
    key: str


def shown(space: Space, layout: Layout) -> Shown:
    """The wanted map, or PCA until it has arrived, with a line that follows it. NotApplicable: too few pictures."""
    key = layout.key(space)
    if layout.method != "pca":
        run = runs.run_of(key, _work(key, space, layout), in_turn=_in_turn(layout))
        if run.result is not None:
            return Shown(run.result, key)
        _say(run, key, space, layout)
    pca = Layout("pca", layout.dims).key(space)
    return Shown(once(lambda: pca_map(space.table, layout.dims), pca), pca)


def quality(space: Space, map: Shown) -> Quality | None:
    """The figures of a map; None while they are measured, or where it has too few pictures."""
    key = f"quality|{map.key}"
    run = runs.run_of(key, lambda _tell: map_quality(space.table, space.graph, map.projection.points), in_turn=False)
    if run.running:
        run_lines.follow(key, "Measuring how far to trust this map")
    elif run.trouble:
        st.caption(run.trouble)
    return run.result


def cloud(map: Shown) -> Cloud:
    """The points as the browser gets them."""
    return once(lambda: cloud_of(map.projection.points), "cloud", map.key)


def place(map: Shown, vector: np.ndarray) -> np.ndarray | None:
    """Where a new vector (d,) falls, (dims,); None where UMAP's process holds another map by now."""
    if map.projection.method == "umap" and _umap().holds != map.key:
        return None
    return map.projection.place(vector[None])[0]


def _say(run: runs.Run, key: str, space: Space, layout: Layout) -> None:
    title = TITLES[layout.method]
    if run.running:
        waits = " (it compiles itself first, up to a minute)" if layout.method == "umap" else ""
        unit = "steps" if layout.method == "t-sne" else ""
        run_lines.follow(key, f"PCA is shown until {title} is ready{waits}", unit)
        return
    if run.trouble:
        st.error(run.trouble, icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{title} was stopped; PCA is shown.", width="content")
        st.button(f"Draw {title}", on_click=_start, args=(key, space, layout), icon=":material/play_arrow:")


def _start(key: str, space: Space, layout: Layout) -> None:
    runs.start(key, _work(key, space, layout), in_turn=_in_turn(layout))


def _in_turn(layout: Layout) -> bool:
    """UMAP's own process waits in its own queue."""
    return layout.method != "umap"


def _work(key: str, space: Space, layout: Layout) -> Callable[[runs.Progress], Projection]:
    if layout.method == "umap":
        umap = _umap()
        return lambda tell: umap.make(key, space.table, layout, tell)
    table, graph = space.table, space.graph
    return lambda tell: tsne_map(
        table, layout.dims, graph=graph, seed=layout.seed, perplexity=layout.perplexity, on_progress=tell
    )


class _Umap:
    """UMAP's process, started when it is first wanted, and which map it holds: only for that can it place pictures."""

    def __init__(self) -> None:
        self.holds = ""
        self._lock = Lock()
        self._process: UmapProcess | None = None

    def make(self, key: str, table: FeatureTable, layout: Layout, tell: runs.Progress) -> Projection:
        with self._lock:
            if self._process is None or not self._process.alive:
                self._process = start_umap()
            process, self.holds = self._process, ""
            tell(0, 0)
            while process.alive and not process.ready.wait(0.2):
                tell(0, 0)
            made = umap_map(
                table,
                layout.dims,
                process=process,
                seed=layout.seed,
                n_neighbors=layout.neighbours,
                min_dist=layout.min_dist,
                on_progress=tell,
            )
            self.holds = key
            return made


@st.cache_resource(show_spinner=False, max_entries=1)
def _umap() -> _Umap:
    return _Umap()
