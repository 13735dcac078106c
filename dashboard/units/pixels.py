"""The pixels that made one unit fire, by three rules side by side; a pin keeps them while one looks elsewhere."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from dashboard.core.plain_text import in_prose
from dashboard.core.session import StateKey, none
from dashboard.shared import cached
from dashboard.shared.components.viewer import Heat, ViewerOptions, viewer
from dashboard.shared.page_context import PageContext
from dashboard.units import unit_cache as units_cached
from dashboard.units.current_unit import Shown
from xai_core.attribution.explain import ImageForwardPass
from xai_core.errors import NotApplicable
from xai_core.forward.relu_rules import Rule
from xai_core.render.describe import describe
from xai_core.render.scale import shown as scaled
from xai_core.types import ReceptiveField

HEIGHT = 320
MARGIN = 0.25  # of the receptive field, shown around it
CLOSE_UP = 0.6  # of the input's side: a field that is smaller is shown enlarged
RULES: dict[Rule, tuple[str, str]] = {
    "gradient": ("Gradient", "Which pixels would change the unit, and which way. Complete, but noisy."),
    "deconv": ("DeconvNet", "Passes back only what raises the unit. Sharper; it ignores which ReLUs were off."),
    "guided": ("Guided backprop", "Both conditions. The sharpest; it also sharpens edges that matter little."),
}


@dataclass(frozen=True, eq=False)
class Origin:
    """A unit on a picture, with all that is needed to show its pixels again."""

    image_pass: ImageForwardPass
    layer: str
    unit: tuple[int, int, int]
    field: ReceptiveField | str

    @property
    def title(self) -> str:
        channel, row, column = self.unit
        return f"{self.image_pass.image.name} · {self.layer} · channel {channel}, row {row + 1}, column {column + 1}"


_PINNED = StateKey[Origin | None]("unit_pin", none, ends="own images")  # it may hold one of them


def pixels(context: PageContext, shown: Shown) -> None:
    """Three maps of the pinned unit, or of the one that the page shows."""
    here = Origin(
        context.image_pass,
        context.layer,
        shown.unit,
        cached.fields(context.model, context.layers)[context.layer],
    )
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.subheader("The pixels that made it fire", anchor=False, width="content")
        _pin(here)
    pinned = _PINNED.get()
    origin = pinned or here
    st.caption(f"{'Pinned: ' if pinned else ''}{in_prose(origin.title)}")
    for rule, column in zip(RULES, st.columns(3, gap="medium"), strict=True):
        with column:
            _shown_rule(origin, rule)


def _shown_rule(origin: Origin, rule: Rule) -> None:
    """One map with what it says, or the reason why it has no meaning here."""
    title, about = RULES[rule]
    st.markdown(f"**{title}**")
    try:
        _map(origin, rule, title, close_up(origin))
    except NotApplicable as reason:
        st.info(f"Does not apply. {in_prose(str(reason))}", icon=":material/block:")
    st.caption(about)


def close_up(origin: Origin) -> tuple[int, int, int, int]:
    """The part of the input to show, left, top, right, bottom in input pixels: the field with a margin, or all."""
    height, width = origin.image_pass.model.config.input_size
    if isinstance(origin.field, str) or origin.field.whole:
        return (0, 0, width, height)
    box = origin.field.box(origin.unit)
    side = max(box.right - box.left, box.bottom - box.top)
    if side > CLOSE_UP * min(height, width):
        return (0, 0, width, height)
    more = max(1, round(MARGIN * side))
    left, top = max(0, int(box.left) - more), max(0, int(box.top) - more)
    return left, top, min(width, int(box.right) + more), min(height, int(box.bottom) + more)


def _map(origin: Origin, rule: Rule, title: str, area: tuple[int, int, int, int]) -> None:
    with st.spinner("Going back to the pixels …"):
        gradient = units_cached.unit_gradient(origin.image_pass, origin.layer, origin.unit, rule).sum(axis=0)
    left, top, right, bottom = area
    values, low, high = scaled(np.ascontiguousarray(gradient[top:bottom, left:right]), "both", pixels=True)
    viewer(
        units_cached.close_up(origin.image_pass, area),
        Heat(values, high, title, "pixels", describe(values), vmin=low, ends=("lowers it", "raises it")),
        ViewerOptions(
            settings_of="unit_pixels",
            compact=True,
            height=HEIGHT,
            link="unit_pixels",
            message=None if values.any() else "The unit is off here: nothing to trace back.",
        ),
        key=f"unit_pixels_{rule}",
    )


def _pin(here: Origin) -> None:
    if _PINNED.get():
        st.button("Unpin", key="unit_unpin", icon=":material/keep_off:", on_click=_PINNED.forget)
        return
    st.button(
        "Pin",
        key="unit_keep",
        icon=":material/keep:",
        on_click=lambda: _PINNED.set(here),
        help="Keep these three maps while you look at other units, layers and pictures.",
    )
