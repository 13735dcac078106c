"""A map of many points: the component that draws it, what it is given, and what a selection means."""

from dashboard.components.scatter.area import Area, inside, select
from dashboard.components.scatter.colours import Colours, by_category, by_value
from dashboard.components.scatter.records import Cloud, Here, Signpost, Tip, Tips, cloud_of
from dashboard.components.scatter.view import scatter

__all__ = [
    "Area",
    "Cloud",
    "Colours",
    "Here",
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
