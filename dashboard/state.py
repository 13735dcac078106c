"""What one visitor has chosen, how a link says it, and the pictures that they brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import streamlit as st

from xai_core.images import SAMPLES
from xai_core.types import SourceImage

MAX_UPLOADS = 24


@dataclass(frozen=True)
class Selection:
    """What to explain. picture: "sample:<key>" or "upload:<digest>". None: the model's own answer."""

    model: str = "imagenet"
    picture: str = "sample:cat"
    class_index: int | None = None
    layer: str | None = None
    method: str = "grad_cam"


def selection() -> Selection:
    """The visitor's current choice; at first what the link says."""
    if "selection" not in st.session_state:
        st.session_state["selection"] = selection_of_link(st.query_params)
    return st.session_state["selection"]


def choose(**changes: object) -> None:
    """Change the choice. Another model resets class and layer, another picture the class."""
    if "model" in changes:
        changes = {"class_index": None, "layer": None, **changes}
    if "picture" in changes:
        changes = {"class_index": None, **changes}
    st.session_state["selection"] = replace(selection(), **changes)  # type: ignore[arg-type]


def selection_of_link(link: Mapping[str, str]) -> Selection:
    """The choice that a link names; what it does not name, or names wrongly, is the default."""
    default = Selection()
    sample = link.get("sample", "")
    number = link.get("class", "")
    return Selection(
        model=link.get("model") or default.model,
        picture=f"sample:{sample}" if sample in {s.key for s in SAMPLES} else default.picture,
        class_index=int(number) if number.isascii() and number.isdigit() and len(number) < 7 else None,
        layer=link.get("layer") or None,
        method=link.get("method") or default.method,
    )


def link_of_selection(chosen: Selection) -> dict[str, str]:
    """The link that restores a choice. A visitor's own picture is never named in it."""
    kind, _, name = chosen.picture.partition(":")
    parts = {
        "model": chosen.model,
        "sample": name if kind == "sample" else None,
        "class": chosen.class_index,
        "layer": chosen.layer,
        "method": chosen.method,
    }
    return {key: str(value) for key, value in parts.items() if value is not None}


def write_link() -> None:
    """Let the browser's address say what is chosen."""
    wanted = link_of_selection(selection())
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def link() -> str:
    """The address that restores the choice."""
    return f"{(st.context.url or '').split('?')[0]}?{urlencode(link_of_selection(selection()))}"


def uploads() -> dict[str, SourceImage]:
    """The visitor's own pictures by digest, in the order in which they came."""
    return st.session_state.setdefault("uploads", {})


def add_upload(image: SourceImage) -> None:
    """Keep a picture for this visit and choose it; beyond MAX_UPLOADS the oldest goes."""
    kept = uploads()
    kept[image.digest] = image
    while len(kept) > MAX_UPLOADS:
        kept.pop(next(iter(kept)))
    choose(picture=f"upload:{image.digest}")


def forget_uploads() -> None:
    """Drop the visitor's own pictures."""
    uploads().clear()
    choose(picture=Selection().picture)
