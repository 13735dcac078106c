"""All feature maps of the layer as tiles, and the units that fire at one place."""

import numpy as np
import streamlit as st

from dashboard.core.plain_text import class_in_prose
from dashboard.core.session import show_in_widget, widget_value
from dashboard.shared.components.viewer import TilesOptions, tiles
from dashboard.shared.components.viewer.cells import small_map
from dashboard.shared.page_context import PageContext
from dashboard.units import unit_choice as units_choice
from dashboard.units.current_unit import Shown
from dashboard.units.unit_choice import ORDERS
from xai_core.features.feature_maps import units_at

VALUES_SENT = 400_000  # of all tiles together; every map goes to the browser with each run
PAGE = 24
HERE = 8


def maps(context: PageContext, shown: Shown) -> None:
    """One tile a channel, all on one scale; a click chooses the channel, where it peaks."""
    name = class_in_prose(context.image_pass.prediction.of(context.class_index).name)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.subheader(f"{len(shown.maps)} feature maps of this picture", anchor=False, width="content")
        _order_control(shown, name)
    drawn = coarser(shown.maps[shown.order])
    tiles(
        drawn,
        [_title(shown, int(channel)) for channel in shown.order],
        TilesOptions(
            signed=shown.signed,
            selected=int(np.flatnonzero(shown.order == shown.channel)[0]),
            settings_of="unit_map",
            page=PAGE,
        ),
        key="unit_maps",
        on_choose=lambda index: units_choice.choose(channel=int(shown.order[index]), place=None),
    )
    rows, columns = shown.maps.shape[1:]
    note = "" if drawn.shape[1:] == (rows, columns) else " The tiles keep the strongest value of each block of cells."
    st.caption(
        f"A channel looks for one thing everywhere in the picture: its map shows where it fires, on {rows} × {columns} "
        f"places. One channel at one place is a **unit**. Click a map to look into its channel.{note}"
    )


def here(shown: Shown) -> None:
    """The units that fire most at the chosen place; a click goes to one without leaving the place."""
    firing = units_at(shown.maps, *shown.place, k=HERE)
    row, column = shown.place
    st.markdown(f"**Fire most at this place** (row {row + 1}, column {column + 1})")
    if not firing:
        st.caption("No unit of this layer fires at this place.")
        return
    channels = [unit.channel for unit in firing]
    tiles(
        coarser(shown.maps[channels]),
        [f"channel {unit.channel}\nhere {unit.activation:.3g}" for unit in firing],
        TilesOptions(
            signed=shown.signed,
            selected=channels.index(shown.channel) if shown.channel in channels else None,
            settings_of="unit_map",
        ),
        key="unit_here",
        on_choose=lambda index: units_choice.choose(channel=channels[index], place=shown.place),
    )


def coarser(values: np.ndarray) -> np.ndarray:
    """Maps (n, h, w) with so few cells that all of them can be sent; of each block the value farthest from zero."""
    side = max(1, int((VALUES_SENT / len(values)) ** 0.5))
    return values if max(values.shape[1:]) <= side else np.stack([small_map(one, side) for one in values])


def _order_control(shown: Shown, name: str) -> None:
    st.segmented_control(
        "Sort by",
        list(ORDERS),
        format_func=ORDERS.__getitem__,
        key=show_in_widget("unit_order", shown.by),
        on_change=lambda: units_choice.choose(order=widget_value("unit_order")),
        required=True,
        label_visibility="collapsed",
        help=f"Peak: the highest value. Mean: over all places. Contribution: what the channel adds to “{name}”, "
        "its Grad-CAM weight times its map's sum.",
    )


def _title(shown: Shown, channel: int) -> str:
    if shown.by == "peak":
        return f"channel {channel}"
    word = "mean" if shown.by == "mean" else "adds"
    return f"channel {channel}\n{word} {shown.values[channel]:+.3g}"
