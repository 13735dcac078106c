"""The Trust card: evidence about the map on screen, check by check, computed when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.shared.trust.erase import lazy_panel
from xai_core.attribution.explain import ImageForwardPass
from xai_core.types import Explanation

if TYPE_CHECKING:
    from dashboard.shared.trust.subject import Subject

TITLE = "Can I trust this map?"


def card(
    image_pass: ImageForwardPass,
    result: Explanation,
    layer: str,
    *,
    place: str = "trust",
    settings_of: str = "explain_viewer",
    erase: bool = True,
) -> None:
    """An expander that costs nothing until it is opened. place: the page's name for it, where several may be open.
    settings_of: the viewer whose colours its small maps follow. erase: with "Erase and retest" below it.
    """

    def subject() -> Subject:
        from dashboard.shared.trust.subject import Subject

        return Subject(image_pass, result, layer, place, settings_of)

    lazy_card(subject, place)
    if erase:
        lazy_panel(subject, place)


def lazy_card(subject: Callable[[], Subject], place: str) -> None:
    """The same where the subject itself is made only for an open card."""
    box = st.expander(TITLE, icon=":material/fact_check:", key=f"{place}_card", on_change="rerun")
    if not box.open:
        return
    # Charts and image metrics load slowly, and most visits do not open the card.
    from dashboard.shared.trust.check_lines import show

    with box:
        show(subject())
