"""The two panes of the Compare page: each asks the shared question, except where it says otherwise."""

from dataclasses import asdict, dataclass, replace
from typing import Literal

import streamlit as st

from dashboard.core import state
from dashboard.core.session import StateKey
from dashboard.core.state import SETTING, Selection, Settings, read_link
from dashboard.shared import own_models
from xai_core.images import SAMPLES

Side = Literal["a", "b"]
SIDES: tuple[Side, ...] = ("a", "b")


@dataclass(frozen=True)
class Pane:
    """What a pane asks. None: the same as the shared choice in the side bar.

    settings: the method's own, as (name, value) pairs; None: the shared ones where the method is the same, else none.
    """

    method: str
    layer: str | None = None
    class_index: int | None = None
    model: str | None = None
    image: str | None = None
    settings: Settings | None = None


_START = {"a": Pane("cam"), "b": Pane("grad_cam")}
_PANES = StateKey[dict[Side, Pane]]("panes", lambda: {side: _of_link(side) for side in SIDES}, ends="back")


def show(left: Pane, right: Pane) -> None:
    """Let the Compare page show these."""
    _PANES.set({"a": left, "b": right})


def pane(side: Side) -> Pane:
    """The pane's own choice; at first what the link says: CAM on the left, Grad-CAM on the right."""
    state.selection()  # after the browser's Back it forgets the panes, which then follow the link again
    return _PANES.get()[side]


def change(side: Side, **changes: str | int | Settings | None) -> None:
    """Change a pane; another model or picture resets its class, a model also its layer, a method its settings."""
    reset: dict[str, None] = {}
    if changes.get("class_index") is None and "model" in changes:
        reset = {"layer": None, "class_index": None}
    elif changes.get("class_index") is None and "image" in changes:
        reset = {"class_index": None}
    if "method" in changes:
        reset["settings"] = None
    _PANES.get()[side] = replace(pane(side), **(reset | changes))  # type: ignore[arg-type]


def own_choices(side: Side) -> list[str]:
    """In words, what a pane has of its own besides the method."""
    own = pane(side)
    named = {"picture": own.image, "model": own.model, "layer": own.layer, "class": own.class_index}
    return [word for word, value in named.items() if value is not None]


def follow_side_bar(side: Side) -> None:
    """Only the method and its settings stay the pane's own."""
    _PANES.get()[side] = Pane(pane(side).method, settings=pane(side).settings)


def swap() -> None:
    """Left becomes right."""
    show(pane("b"), pane("a"))


def followed(side: Side) -> Selection:
    """What the side bar says to the pane: no layer and no class where the pane's model is another one."""
    shared = state.selection()
    if pane(side).model in (None, shared.model):
        return shared
    return replace(shared, layer=None, class_index=None)


def resolved(side: Side) -> Selection:
    """The whole question of a pane."""
    own, shared = pane(side), followed(side)
    if own.image and own.image.startswith("upload:") and own.image[7:] not in state.uploads():
        change(side, image=None)  # it was removed
        own = pane(side)
    shared_settings = shared.settings if own.method == shared.method else ()
    return replace(
        shared,
        method=own.method,
        settings=own.settings if own.settings is not None else shared_settings,
        model=own.model or shared.model,
        image=own.image or shared.image,
        layer=own.layer or shared.layer,
        class_index=own.class_index if own.class_index is not None else shared.class_index,
    )


def write_link() -> None:
    """The shared choice and both panes in the browser's address; never a visitor's own picture."""
    parts = state.link_parts()
    for side in SIDES:
        own = asdict(pane(side))
        own["picture"] = own.pop("image")
        own |= {SETTING + name: value for name, value in own.pop("settings") or ()}
        for name, value in own.items():
            if value is not None and not str(value).startswith("upload:"):
                parts[f"{side}.{name}"] = str(value)
    state.write_link(parts)


def _of_link(side: Side) -> Pane:
    """What the link says of a pane; what it names wrongly is the default."""
    named = {key[2:]: value for key, value in st.query_params.items() if key.startswith(f"{side}.")}
    selection = read_link(Selection(method=_START[side].method), named | {"class": named.get("class_index", "")})
    model, image = named.get("model"), named.get("picture")
    return Pane(
        method=selection.method,
        layer=selection.layer,
        class_index=selection.class_index,
        model=model if model in own_models.offered() else None,
        image=image if image in {f"sample:{s.key}" for s in SAMPLES} else None,
        settings=selection.settings or None,
    )
