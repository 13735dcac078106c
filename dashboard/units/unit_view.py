"""One unit over its picture: its channel's map, what it can see and what it really looks at."""

from functools import partial

import numpy as np
import streamlit as st

from dashboard.core import state
from dashboard.core.plain_text import as_code
from dashboard.shared import cached, network_diagram
from dashboard.shared.components.unit_pad import Move, unit_pad
from dashboard.shared.components.viewer import Click, Heat, Spot, ViewerOptions, viewer
from dashboard.shared.page_context import PageContext
from dashboard.units import unit_cache as units_cached
from dashboard.units import unit_choice as units_choice
from dashboard.units.current_unit import Shown
from dashboard.units.field import looked_at
from xai_core.features.feature_maps import place_of_pixel
from xai_core.features.patches import patch_box
from xai_core.render.describe import describe
from xai_core.render.recipe import percent
from xai_core.types import Box, ReceptiveField

HEIGHT = 420
_STEPS: dict[Move, tuple[int, int]] = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


def unit_headline(context: PageContext, shown: Shown) -> None:
    """Which unit this is, and the ways to move it."""
    row, column = shown.place
    rank = int(np.flatnonzero(shown.order == shown.channel)[0]) + 1
    st.subheader(f"Channel {shown.channel}, row {row + 1}, column {column + 1}", anchor=False)
    st.markdown(
        f"Layer {as_code(context.layer)} · it fires with **{shown.activation:.3g}** here; the channel's highest on "
        f"this picture is {shown.maps[shown.channel].max():.3g} · number {rank} of {len(shown.maps)} by "
        f"{units_choice.ORDERS[shown.by].lower()}"
    )
    unit_pad(_possible(context, shown), key="unit_pad", on_move=partial(_move, context, shown))


def map_and_field(context: PageContext, shown: Shown) -> None:
    """The channel's map with the unit's receptive field, and beside it what the unit looks at, all else dark."""
    field = cached.fields(context.model, context.layers)[context.layer]
    seen = context.image_pass.given.box
    box = seen if isinstance(field, str) else patch_box(context.model.config, context.image, field, shown.unit)
    spot = Spot(*shown.place, box)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Where the channel fires**")
        viewer(
            cached.image(context.image, seen),
            _heat(context, shown),
            ViewerOptions(
                compact=True,
                height=HEIGHT,
                spot=spot,
                link="unit",
                message=None if shown.maps[shown.channel].any() else "This channel does not fire on this picture.",
            ),
            key="unit_map",
            on_click=partial(_go_to, shown, seen),
        )
        st.caption(
            "Click a place to move the unit there, or use the arrow keys. Thin frame: its cell. Bold frame: "
            "its receptive field."
        )
    with right:
        st.markdown("**What this unit looks at**")
        _field_view(context, shown, spot, field)


def _field_view(context: PageContext, shown: Shown, spot: Spot, field: ReceptiveField | str) -> None:
    with st.spinner("Asking which pixels matter …", show_time=False):
        influence = units_cached.influence(context.image_pass, context.layer, shown.unit)
    seen = context.image_pass.given.box
    viewer(
        units_cached.shaded(context.image_pass, context.layer, shown.unit),
        None,
        ViewerOptions(
            height=HEIGHT,
            compact=True,
            spot=spot,
            link="unit",
            message=None if influence.any() else "The unit is off: no pixel changes it a little.",
        ),
        key="unit_field",
        on_click=partial(_go_to, shown, seen),
    )
    st.caption(_field_in_words(field, shown.unit, influence, context.model.config.input_size))


def _field_in_words(
    field: ReceptiveField | str, unit: tuple[int, int, int], influence: np.ndarray, size: tuple[int, int]
) -> str:
    if isinstance(field, str):
        return f"Its receptive field is not known: {field}"
    box = field.box(unit)
    can = (
        f"It can see {box.bottom - box.top:.0f} × {box.right - box.left:.0f} of the model's {size[0]} × {size[1]} "
        "pixels (the frame)."
    )
    if field.whole:
        can = f"**It can see the whole picture.** {field.reason}"
    if not influence.any():
        return f"{can} Here it is off, so no small change of a pixel changes it."
    return (
        f"{can} The brighter a pixel, the more a small change of it changes the unit: its effective receptive field. "
        f"Nine tenths of the influence come from {percent(looked_at(influence))} of the picture."
    )


def _heat(context: PageContext, shown: Shown) -> Heat:
    values = shown.maps[shown.channel]
    top = shown.top or 1.0
    return Heat(
        values,
        top,
        f"channel {shown.channel}",
        context.layer,
        describe(values),
        vmin=-top if shown.signed else 0.0,
        ends=("below zero", "above zero") if shown.signed else None,
    )


def _go_to(shown: Shown, seen: Box, click: Click) -> None:
    place = place_of_pixel(seen, shown.maps.shape[1:], click.x, click.y)
    if place is not None:
        units_choice.choose(channel=shown.channel, place=place)


def _possible(context: PageContext, shown: Shown) -> list[Move]:
    """The moves that lead somewhere from here."""
    (row, column), (rows, columns) = shown.place, shown.maps.shape[1:]
    rank, last = int(np.flatnonzero(shown.order == shown.channel)[0]), len(shown.order) - 1
    before, after = network_diagram.neighbours(context.layers, context.layer)
    allowed: dict[Move, bool] = {
        "up": row > 0,
        "down": row < rows - 1,
        "left": column > 0,
        "right": column < columns - 1,
        "previous channel": rank > 0,
        "next channel": rank < last,
        "earlier layer": before is not None,
        "later layer": after is not None,
    }
    return [move for move, leads in allowed.items() if leads]


def _move(context: PageContext, shown: Shown, move: Move) -> None:
    if move in _STEPS:
        down, right = _STEPS[move]
        units_choice.choose(channel=shown.channel, place=(shown.place[0] + down, shown.place[1] + right))
    elif move in ("next channel", "previous channel"):
        rank = int(np.flatnonzero(shown.order == shown.channel)[0]) + (1 if move == "next channel" else -1)
        units_choice.choose(channel=int(shown.order[rank]))
    else:
        before, after = network_diagram.neighbours(context.layers, context.layer)
        units_choice.choose(place=shown.place)  # the same part of the picture in the other layer
        state.choose(layer=after if move == "later layer" else before)
