"""Erase and retest: mark a part of what the model saw; new scores and the new map stand beside the old at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from dashboard.shared.trust.subject import Subject

TITLE = "Erase and retest"


def lazy_panel(subject: Callable[[], Subject], place: str) -> None:
    """An expander that costs nothing until it is opened."""
    box = st.expander(TITLE, icon=":material/ink_eraser:", key=f"{place}_erase", on_change="rerun")
    if not box.open:
        return
    from dashboard.shared.trust.erase.panel import panel

    with box:
        panel(subject())
