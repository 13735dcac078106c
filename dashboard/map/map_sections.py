"""The two parts of the Map page once the table stands: the map with all that belongs to it, and the suspects."""

import numpy as np
import streamlit as st

from dashboard.core.failures import foreign_refused
from dashboard.core.plain_text import in_prose, plainly
from dashboard.map import layouts, map_choice
from dashboard.map.colouring import colour_control
from dashboard.map.image_detail import opened
from dashboard.map.layouts import Shown
from dashboard.map.map_cache import once
from dashboard.map.map_descriptions import agreement_in_words, caveat, quality_in_words
from dashboard.map.map_view import map_view, search
from dashboard.map.nearest import nearest
from dashboard.map.placement import placed
from dashboard.map.selection import about_selection, selection
from dashboard.map.suspects_view import suspects
from dashboard.map.table import Space, unread
from dashboard.shared.components.scatter import Colours, CurrentPoint
from dashboard.shared.components.scatter.colours import MOST_CLASSES
from xai_core.embedding.quality import K, agreement
from xai_core.errors import SightlineError


def parts(space: Space, part: str) -> None:
    """NotApplicable: too few pictures."""
    map_choice.current(space)
    if part == "suspects":
        suspects(space)
    else:
        _map(space)
    unread(space.table)


def _map(space: Space) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="space_controls"):
        layout = map_choice.layout_control()
        colours = colour_control(space)
        found = search(space)
    with st.sidebar:
        wanted = st.toggle(
            "Place my picture",
            key="space_here",
            persist_state="session",
            help="Puts the picture chosen above on the map, with lines to its nearest in the space.",
        )
    map = layouts.shown(space, layout)
    current_point = _here(space, map) if wanted else None
    with st.container(key="space_beside"):
        left, right = st.columns([5, 3])
    with left:
        map_view(space, map, colours, found, current_point)
        _worth(space, map)
        _mixed(space, colours)
    with right:
        _picked(space)
    nearest(space)
    about_selection(space, map.projection.points)


def _picked(space: Space) -> None:
    """Beside the map: what a lasso took, what a click opened, or how to do either."""
    chosen = map_choice.current(space)
    if chosen.selected is None and chosen.open is None:
        st.markdown(
            "Point at a point to see its picture. **Click** it to open it here. **Shift + drag** draws a lasso around "
            "many. Click a class in the legend to hide it."
        )
    selection(space)
    opened(space)


def _here(space: Space, map: Shown) -> CurrentPoint | None:
    try:
        with foreign_refused():
            found = placed(space, map)
    except SightlineError as error:
        st.warning(in_prose(str(error)), icon=":material/info:")
        return None
    st.markdown(f":material/star: {found.sentence}")
    return found.current_point


def _worth(space: Space, map: Shown) -> None:
    """The figures of the map, and what not to read into it."""
    known = layouts.quality(space, map)
    if known is not None:
        st.caption(quality_in_words(known))
    st.caption(caveat(map.projection))


def _mixed(space: Space, colours: Colours) -> None:
    """Whether neighbours are of one colour, where colours are kinds of which some have two pictures."""
    if colours.ends is not None:
        return
    kinds = np.where(colours.codes == MOST_CLASSES, -1, colours.codes.astype(np.int64))
    rows = space.graph.rows[:, :K]
    found = once(lambda: agreement(rows, kinds), "agreement", space.key, colours.digest)
    if found is not None and found.chance > 0:
        st.caption(agreement_in_words(found, plainly(colours.label), rows.shape[1]))
