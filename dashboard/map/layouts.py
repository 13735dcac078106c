"""Maps of the table: PCA at once, t-SNE and UMAP in the background, and what each is worth."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from dashboard.core import jobs
from dashboard.core.plain_text import in_prose
from dashboard.map.map_cache import once
from dashboard.map.table import Space
from dashboard.map.umap_holder import Umap
from dashboard.shared import job_lines
from dashboard.shared.components.scatter import Cloud, cloud_of
from xai_core.embedding.pca import pca_map
from xai_core.embedding.projection import LANDMARKS, Projection, landmark_map
from xai_core.embedding.quality import Quality, map_quality
from xai_core.embedding.stored_map import keep_map, stored_map
from xai_core.embedding.tsne import tsne_map
from xai_core.embedding.umap_map import UmapSettings
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
        return f"map|{space.key}|{json.dumps(self.request)}"

    @property
    def request(self) -> dict[str, object]:
        """The settings that count for the method."""
        own = {"t-sne": ("seed", "perplexity"), "umap": ("seed", "neighbours", "min_dist")}
        return {name: getattr(self, name) for name in ("method", "dims", *own.get(self.method, ()))}


@dataclass(frozen=True, eq=False)
class Shown:
    """The map on the screen, and the name of what it shows."""

    projection: Projection
    key: str


def shown(space: Space, layout: Layout) -> Shown:
    """The wanted map; until it has arrived a preview of it, or PCA. NotApplicable: too few pictures."""
    key = layout.key(space)
    if layout.method != "pca":
        early = previewed(key, space, layout)
        run = _stored(key, space, layout) or jobs.job_of(key, _work(key, space, layout), in_turn=_in_turn(layout))
        if run.result is not None:
            return Shown(run.result, key)
        _say(run, key, space, layout, "A preview" if early else "PCA")
        if early is not None:
            return Shown(early, f"{key}|preview")
    pca = Layout("pca", layout.dims).key(space)
    return Shown(once(lambda: pca_map(space.table, layout.dims), pca), pca)


def quality(space: Space, map: Shown) -> Quality | None:
    """The figures of a map; None while they are measured, or where it has too few pictures."""
    key = f"quality|{map.key}"
    run = jobs.job_of(key, lambda _tell: map_quality(space.table, space.graph, map.projection.points), in_turn=False)
    if run.running:
        job_lines.follow(key, "Measuring how far to trust this map")
    elif run.trouble:
        st.caption(in_prose(run.trouble))
    found: Quality | None = run.result
    return found


def cloud(map: Shown) -> Cloud:
    """The points as the browser gets them."""
    return once(lambda: cloud_of(map.projection.points), "cloud", map.key)


def place(map: Shown, vector: np.ndarray) -> np.ndarray | None:
    """Where a new vector (d,) falls, (dims,); None where UMAP's process holds another map by now."""
    if map.projection.method == "umap" and _umap().holds != map.key:
        return None
    point: np.ndarray = map.projection.place(vector[None])[0]
    return point


def _stored(key: str, space: Space, layout: Layout) -> jobs.Job | None:
    """The map of an earlier visit, as a run that has ended."""
    if jobs.look(key) is not None:
        return None
    found = stored_map(space.table, layout.request)
    return None if found is None else jobs.keep(key, found, 1, 1)


def _say(run: jobs.Job, key: str, space: Space, layout: Layout, shown: str) -> None:
    title = TITLES[layout.method]
    if run.running:
        waits = " (it compiles itself first, up to a minute)" if layout.method == "umap" else ""
        unit = "steps" if layout.method == "t-sne" else ""
        job_lines.follow(key, f"{shown} is shown until {title} is ready{waits}", unit)
        return
    if run.trouble:
        st.error(in_prose(run.trouble), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{title} was stopped; {shown} is shown.", width="content")
        st.button(f"Draw {title}", on_click=_start, args=(key, space, layout), icon=":material/play_arrow:")


def _start(key: str, space: Space, layout: Layout) -> None:
    jobs.start(key, _work(key, space, layout), in_turn=_in_turn(layout))


def _in_turn(layout: Layout) -> bool:
    """UMAP's own process waits in its own queue."""
    return layout.method != "umap"


def _work(key: str, space: Space, layout: Layout) -> Callable[[jobs.JobProgress], Projection]:
    """Makes the map and keeps it beside its table."""
    table, graph, umap = space.table, space.graph, _umap()

    def work(tell: jobs.JobProgress) -> Projection:
        if layout.method == "umap":
            settings = UmapSettings(layout.neighbours, layout.min_dist, layout.seed)
            made = umap.make(key, table, layout.dims, settings, tell)
        else:
            seed, perplexity = layout.seed, layout.perplexity
            made = tsne_map(table, layout.dims, graph=graph, seed=seed, perplexity=perplexity, on_progress=tell)
        keep_map(table, layout.request, made)
        return made

    return work


def previewed(key: str, space: Space, layout: Layout) -> Projection | None:
    """Of a large table: a t-SNE of some pictures, with the others beside those that they are most like."""
    done = jobs.look(key)
    large = layout.method == "t-sne" and layout.dims == 2 and len(space.table) > LANDMARKS
    if not large or (done is not None and not done.running) or (done is None and _stored(key, space, layout)):
        return None
    key = f"{key}|preview"
    run = jobs.job_of(key, lambda tell: _landmarks(space.table, layout, tell))
    if run.running:
        job_lines.follow(key, f"A preview from {LANDMARKS:,} pictures", "steps")
    made: Projection | None = run.result
    return made


def _landmarks(table: FeatureTable, layout: Layout, tell: jobs.JobProgress) -> Projection:
    lay_out = partial(tsne_map, seed=layout.seed, perplexity=layout.perplexity, on_progress=tell)
    return landmark_map(table, lay_out, seed=layout.seed)


@st.cache_resource(show_spinner=False, max_entries=1)
def _umap() -> Umap:
    return Umap()
