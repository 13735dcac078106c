"""The Trust card: evidence about the map on screen, check by check, computed when it is asked for."""

from __future__ import annotations

import streamlit as st

from xai_core.attribution.explain import ImageTrace
from xai_core.types import Explanation

TITLE = "Can I trust this map?"


def card(traced: ImageTrace, result: Explanation, layer: str) -> None:
    """An expander that costs nothing until it is opened."""
    box = st.expander(TITLE, icon=":material/fact_check:", key="trust_card", on_change="rerun")
    if not box.open:
        return
    # Charts and image metrics load slowly, and most visits do not open the card.
    from dashboard.trust.body import checks
    from dashboard.trust.checks import Subject

    with box:
        checks(Subject(traced, result, layer))
