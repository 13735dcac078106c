"""By what the points are coloured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from dashboard.scatter import Colours, by_category, by_value
from dashboard.space.cached import once
from dashboard.space.table import Space
from xai_core.representation.class_names import matched
from xai_core.representation.classes import class_centres, own_class_distances
from xai_core.types import FeatureTable

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
    """The choice among what this table knows, and the colours."""
    known = set(_WAYS) - (set() if space.labelled else {"label", "own"})
    known -= set() if np.isfinite(space.table.losses).any() else {"right", "loss"}
    way = st.selectbox(
        "Colour by",
        [key for key in _WAYS if key in known],
        format_func=lambda key: _WAYS[key][0],
        key="space_colour" if space.labelled else "space_colour_plain",
        persist_state="session",
    )
    return once(lambda: _WAYS[way][1](space.table), "colours", space.key, way)
