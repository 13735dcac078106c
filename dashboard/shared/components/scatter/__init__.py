"""A map of many points: the component that draws it, what it is given, and what a selection means."""

from dashboard.shared.components.scatter.area import Area, inside, select
from dashboard.shared.components.scatter.colours import Colours, by_category, by_value
from dashboard.shared.components.scatter.records import (
    Cloud,
    CurrentPoint,
    ScatterOptions,
    Signpost,
    Tip,
    Tips,
    cloud_of,
)
from dashboard.shared.components.scatter.view import scatter

__all__ = [
    "Area",
    "Cloud",
    "Colours",
    "CurrentPoint",
    "ScatterOptions",
    "Signpost",
    "Tip",
    "Tips",
    "by_category",
    "by_value",
    "cloud_of",
    "inside",
    "scatter",
    "select",
]
