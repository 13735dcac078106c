"""What to do with a file that does not open: its framework's own two lines, and where to put what they write."""

from collections.abc import Sequence

import streamlit as st

from xai_core.models.sources.export_roads import ROADS, Road


def ways_out(roads: Sequence[Road]) -> None:
    """The roads that fit a file, in full."""
    for road in roads:
        _way(road)


def every_way() -> None:
    """All of them, folded, for those whose file has an ending that cannot even be chosen."""
    box = st.expander("From another framework, or a file that does not open", key="every_way", on_change="rerun")
    if not box.open:
        return
    with box:
        for road in ROADS:
            _way(road)


def _way(road: Road) -> None:
    st.markdown(f"**{road.framework}**: run this where you trained it, then drop `{road.gives}` into the box above.")
    st.code(road.code, language=None, wrap_lines=True)  # the colours of a language are too pale for some
