"""By what the points are coloured."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from dashboard.map.map_cache import once
from dashboard.map.table import Space
from dashboard.shared.components.scatter import Colours, by_category, by_value
from dashboard.shared.job_lines import short
from xai_core.embedding.classes import class_centres, own_class_distances
from xai_core.models.class_names import matched
from xai_core.types import FeatureTable

_LISTED = "listed:"  # before the name of a column of the pictures' list
MOST_KINDS = 12  # whole numbers, such as folds or sites, that count as kinds
_LOOKED_AT = 10_000
_RIGHT = (("#2c93dd", "#e0761a"), ("#62c3fb", "#f5a14b"))  # on a light page and on a dark one


def right(table: FeatureTable) -> np.ndarray:
    """int (n,): 0 where the prediction is the label, 1 where not, -1 where the model has no class of that name."""
    own = matched(table.class_names, table.model_classes)
    wanted = np.where(table.labels >= 0, own[table.labels] if len(own) else -1, -1)
    return np.where(wanted < 0, -1, (table.predictions != wanted).astype(int))


def _label(table: FeatureTable) -> Colours:
    return by_category(table.labels, table.class_names, "Label")


def _prediction(table: FeatureTable) -> Colours:
    return by_category(table.predictions, table.model_classes, "Prediction")


def _right(table: FeatureTable) -> Colours:
    return by_category(right(table), ("right", "wrong"), "Prediction is", _RIGHT)


def _confidence(table: FeatureTable) -> Colours:
    return by_value(table.probabilities, "Confidence", (0.0, 1.0))


def _loss(table: FeatureTable) -> Colours:
    top = float(np.nanpercentile(table.losses, 99))
    return by_value(np.minimum(table.losses, top), "Loss, up to its 99th percentile", (0.0, max(top, 1e-6)))


def _own(table: FeatureTable) -> Colours:
    return by_value(own_class_distances(table, class_centres(table).vectors), "Distance to own class (cosine)")


_WAYS: dict[str, tuple[str, Callable[[FeatureTable], Colours]]] = {
    "label": ("Label", _label),
    "prediction": ("Prediction", _prediction),
    "right": ("Right or wrong", _right),
    "confidence": ("Confidence", _confidence),
    "loss": ("Loss", _loss),
    "own": ("Distance to own class", _own),
}


def colour_control(space: Space) -> Colours:
    """The choice among what this table and the list of its pictures know, and the colours."""
    known = set(_WAYS) - (set() if space.labelled else {"label", "own"})
    known -= set() if space.table.classified else {"prediction", "confidence"}
    known -= set() if np.isfinite(space.table.losses).any() else {"right", "loss"}
    columns = space.request.dataset.columns
    # Each kind of choice has a key of its own, as a kept choice must be among those offered.
    key = "space_colour" if space.labelled else "space_colour_plain"
    way: str = st.selectbox(
        "Colour by",
        [*(key for key in _WAYS if key in known), *map(_LISTED.__add__, columns)],
        format_func=lambda way: _WAYS[way][0] if way in _WAYS else way.removeprefix(_LISTED),
        key=f"{key}_{short(space.request.dataset.digest)}" if columns else key,
        persist_state="session",
    )
    return once(lambda: _colours(space, way), "colours", space.key, way)


def of_column(values: np.ndarray, name: str) -> Colours:
    """One colour a text, or a whole number where there are few of them; a scale for other numbers."""
    if values.dtype.kind == "f":
        known = values[np.isfinite(values)]
        if len(np.unique(known[:_LOOKED_AT])) > MOST_KINDS or (known != np.rint(known)).any():
            return by_value(values, name)
        texts = np.array([f"{value:.0f}" if np.isfinite(value) else "" for value in values], object)
        names = [f"{value:.0f}" for value in np.unique(known)]
    else:
        texts, names = values, sorted(set(values.tolist()) - {""})
    index = {text: i for i, text in enumerate(names)}
    return by_category(np.array([index.get(text, -1) for text in texts], np.int64), names, name)


def _colours(space: Space, way: str) -> Colours:
    if way in _WAYS:
        return _WAYS[way][1](space.table)
    name = way.removeprefix(_LISTED)
    return of_column(space.request.dataset.columns[name][space.table.items], name)
