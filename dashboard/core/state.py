"""What one visitor has chosen, and the pictures that they brought. Links say the choice: dashboard/core/links.py."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from dashboard.core import links
from xai_core.forward.target import Score
from xai_core.render.scale import Evidence
from xai_core.types import SourceImage

MAX_UPLOADS = 24


@dataclass(frozen=True)
class Selection:
    """What to explain. class_index, layer: None for the model's own.

    image: "sample:<key>", "digit:<number>" or "upload:<digest>".
    contrast_class: the class of "A rather than B", None for A alone. evidence: which sign of the map is shown.
    settings: the method's own, as (name, value) pairs.
    """

    model: str = "imagenet"
    image: str = "sample:coffee"
    class_index: int | None = None
    layer: str | None = None
    method: str = "grad_cam"
    evidence: Evidence = "for"
    contrast_class: int | None = None
    score: Score = "logit"
    settings: tuple[tuple[str, int | float | str], ...] = ()


def selection() -> Selection:
    """The visitor's current choice; at first, and after the browser's Back, what the link says."""
    kept = st.session_state.get("selection")
    if kept is None:
        st.session_state["selection"] = links.read(Selection(), st.query_params)
        st.session_state["picture_lost"] = st.query_params.get("sample") == links.OWN
    elif _came_back():
        st.session_state["selection"] = links.read(replace(Selection(), image=kept.image), st.query_params)
        st.session_state["written_link"] = st.query_params.to_dict()
        for own in ("panes", "filters", "unit"):
            st.session_state.pop(own, None)
    return st.session_state["selection"]


def _came_back() -> bool:
    """Whether the address is one that this visit wrote before the last; a page change leaves it empty."""
    now = st.query_params.to_dict()
    return bool(now) and now != st.session_state.get("written_link", now)


def choose(**changes: object) -> None:
    """Change the choice, with what follows from it (`following`)."""
    st.session_state["selection"] = replace(selection(), **following(changes))  # type: ignore[arg-type]
    if "image" in changes:
        st.session_state["picture_lost"] = False


def following(changes: dict[str, object]) -> dict[str, object]:
    """Another model resets class and layer, another picture the class, another method its settings."""
    reset: dict[str, object] = {}
    if "model" in changes:
        reset |= {"class_index": None, "layer": None, "contrast_class": None}
    if "image" in changes:
        reset |= {"class_index": None, "contrast_class": None}
    if "method" in changes:
        reset |= {"settings": ()}
    return reset | changes


def link_parts() -> dict[str, str]:
    """The query that restores the choice."""
    return links.write(selection())


def write_link(parts: dict[str, str] | None = None) -> None:
    """Let the browser's address say what is chosen; parts: more than the shared choice."""
    wanted = parts if parts is not None else link_parts()
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
    st.session_state["written_link"] = wanted


def link() -> str:
    """The address that restores the choice."""
    return links.address(st.context.url or "", selection())


def uploads() -> dict[str, SourceImage]:
    """The visitor's own pictures by digest, in the order in which they came."""
    return st.session_state.setdefault("uploads", {})


def add_upload(image: SourceImage) -> None:
    """Keep a picture for this visit and choose it; beyond MAX_UPLOADS the oldest goes."""
    kept = uploads()
    kept[image.digest] = image
    while len(kept) > MAX_UPLOADS:
        kept.pop(next(iter(kept)))
    choose(image=f"upload:{image.digest}")


def forget_uploads() -> None:
    """Drop the visitor's own pictures."""
    uploads().clear()
    if selection().image.startswith("upload:"):
        choose(image=Selection().image)
