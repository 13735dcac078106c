"""The head of the Units page: what it is about, the way back, and a tour that takes ten seconds."""

import streamlit as st

from dashboard.core import state
from dashboard.core.plain_text import plainly
from dashboard.shared import controls, dataset_choice
from dashboard.units import unit_choice as units_choice

FIRST_DIGIT = "digit:3"


def headline() -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Inside the network, unit by unit", anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            _back()
            if state.selection().model != "digits":
                st.button(
                    "Tour with handwritten digits",
                    icon=":material/tour:",
                    on_click=_tour,
                    help="A small network and 1797 digits, both bundled: everything on this page within seconds.",
                )
    st.markdown(
        "Choose a layer, then a channel: see **where it fires**, **how far it sees**, **what excites it most** in a "
        "set of pictures, and **which pixels** made it fire."
    )


def _tour() -> None:
    units_choice.remember()
    state.choose(model="digits")
    state.choose(image=FIRST_DIGIT)
    dataset_choice.choose("digits")


def _back() -> None:
    before = units_choice.came_from()
    if before is None:
        return
    title = controls.image_titles().get(before.image) or controls.image_of(before.image).name
    st.button(f"Back to {plainly(title[:40])}", icon=":material/arrow_back:", on_click=units_choice.come_back)
