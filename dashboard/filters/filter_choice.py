"""What a visitor has chosen on the Filters page: the order, the scaling, a filter, and a deeper layer's kernel."""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, cast, get_args

import streamlit as st

from dashboard.core import state
from dashboard.core.session import StateKey
from xai_core.features.filter_facts import FilterOrder
from xai_core.features.filters import Scaling

Sort = FilterOrder | Literal["number"]
SORTS: dict[Sort, str] = {
    "norm": "Norm",
    "orientation": "Orientation",
    "frequency": "Frequency",
    "colourfulness": "Colour",
    "response": "Response",
    "number": "Number",
}
SCALINGS: dict[Scaling, str] = {"each": "Each filter by itself", "all": "All filters alike"}


@dataclass(frozen=True)
class FilterChoice:
    """filter: None for the first one shown. kernels: the deeper convolution that is open, and kernel: its filter."""

    model: str
    sort: Sort = "norm"
    scaling: Scaling = "each"
    filter: int | None = None
    kernels: str | None = None
    kernel: int | None = None


_CHOICE = StateKey("filters", lambda: _of_link(state.selection().model), ends="back")


def current() -> FilterChoice:
    """The choice; at first what the link says. Another model keeps the order and the scaling only."""
    model = state.selection().model  # after the browser's Back it forgets the rest, which then follows the link again
    kept = _CHOICE.get()
    if kept.model != model:
        kept = FilterChoice(model, kept.sort, kept.scaling)
        _CHOICE.set(kept)
    return kept


def choose(**changes: Any) -> None:
    """Change the choice; another layer's kernels start at their first."""
    reset = {"kernel": None} if "kernels" in changes else {}
    _CHOICE.set(replace(current(), **(reset | changes)))


def write_link() -> None:
    """The shared choice and this page's own in the browser's address."""
    chosen, start = current(), FilterChoice(state.selection().model)
    own = {f.name: getattr(chosen, f.name) for f in fields(chosen) if f.name != "model"}
    state.write_link(state.link_parts() | {k: str(v) for k, v in own.items() if v != getattr(start, k)})


def _of_link(model: str) -> FilterChoice:
    """What the link says; what it names wrongly is the default. Whether the numbers exist is seen at the layer."""
    link = st.query_params
    sort, scaling = link.get("sort", ""), link.get("scaling", "")
    return FilterChoice(
        model,
        sort if sort in SORTS else "norm",
        cast(Scaling, scaling) if scaling in get_args(Scaling) else "each",
        state.number_in(link.get("filter", "")),
        link.get("kernels") or None,
        state.number_in(link.get("kernel", "")),
    )
