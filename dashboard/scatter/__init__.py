"""A map of many points: the component that draws it, what it is given, and what a selection means."""

from dashboard.scatter.area import Area, inside, select
from dashboard.scatter.colours import Colours, by_category, by_value
from dashboard.scatter.records import Cloud, Here, Signpost, Tip, Tips, cloud_of
from dashboard.scatter.view import scatter

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
