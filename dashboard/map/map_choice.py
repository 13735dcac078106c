"""What a visitor does on the map: the open picture with the way to it, and the selection. Kept while the table is."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from dashboard.core.session import StateKey
from dashboard.map.layouts import ABOUT, TITLES, Layout
from dashboard.map.table import Space
from dashboard.shared.one_of import one_of

MAX_TRAIL = 30


@dataclass(frozen=True, eq=False)
class Choice:
    """table: what the rows are of. trail: the pictures walked through, the open one last. selected: bool (n,)."""

    table: str = ""
    trail: tuple[int, ...] = ()
    selected: np.ndarray | None = None

    @property
    def open(self) -> int | None:
        return self.trail[-1] if self.trail else None


_CHOICE = StateKey("space_choice", Choice)


def current(space: Space) -> Choice:
    """The choice; another table begins with none."""
    if _CHOICE.get().table != space.key:
        _CHOICE.set(Choice(space.key))
    return _CHOICE.get()


def change(**changes: Any) -> None:
    _CHOICE.set(replace(_CHOICE.get(), **changes))


def open_image(row: int) -> None:
    """From the map, the filmstrip or the suspects: a new walk begins."""
    change(trail=(int(row),))


def walk_to(row: int) -> None:
    """To a neighbour of the open picture."""
    change(trail=(*_CHOICE.get().trail, int(row))[-MAX_TRAIL:])


def walk_back(step: int) -> None:
    """To an earlier picture of the walk, by its number."""
    change(trail=_CHOICE.get().trail[: step + 1])


def layout_control() -> Layout:
    """Which map, with its parameters explained in a phrase."""
    told = "PCA is there at once. t-SNE takes seconds to minutes. UMAP compiles itself once after a start."
    method = one_of("Map by", TITLES, "t-sne", "space_method", help=told)
    with st.popover("Settings", icon=":material/tune:"):
        st.markdown(ABOUT[method])
        return _parameters(Layout(method, one_of("Dimensions", {2: "2-D", 3: "3-D"}, 2, "space_dims")))


def _parameters(layout: Layout) -> Layout:
    if layout.method == "pca":
        st.caption("It has no settings: the same pictures give the same map.")
        return layout
    kept: dict[str, Any] = {"persist_state": "session"}
    seed = st.number_input("Seed", 0, 9999, 0, key="space_seed", **kept)
    st.caption("Where it starts from. The same seed gives the same map again; what another one changes means little.")
    if layout.method == "t-sne":
        perplexity = st.select_slider("Perplexity", (5, 10, 15), 15, key="space_perplexity", **kept)
        st.caption("About how many neighbours count for each picture: few show small groups, many the larger order.")
        return replace(layout, seed=int(seed), perplexity=float(perplexity))
    near = st.slider("Neighbours", 5, 50, 15, key="space_near", **kept)
    st.caption("How many are taken into account: fewer show the detail, more the whole.")
    tight = st.slider("Least distance", 0.0, 0.9, 0.1, 0.05, key="space_tight", **kept)
    st.caption("How tightly points may lie: 0 packs the groups, 0.9 spreads them.")
    return replace(layout, seed=int(seed), neighbours=near, min_dist=tight)
