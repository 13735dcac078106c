"""`scatter`: a map of up to a few million points that is drawn in the browser."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from dashboard.core.session import StateKey, widget_value
from dashboard.shared.components.scatter.area import Area, area_of
from dashboard.shared.components.scatter.colours import Colours
from dashboard.shared.components.scatter.fallback import draw_with_plotly
from dashboard.shared.components.scatter.parts import HERE, send_colours, send_marks, send_points, send_scene
from dashboard.shared.components.scatter.records import Cloud, ScatterOptions
from dashboard.shared.components.scatter.tips import answer_tips
from dashboard.shared.components.viewer import frontend
from xai_core.errors import SettingError

WITHOUT_WEBGL2 = StateKey("scatter without WebGL2", bool)  # once a browser has said so

_view = st.components.v2.component(
    "sightline_scatter",
    html=(HERE / "html" / "scatter.html").read_text("utf-8"),
    css="\n".join(
        [frontend.read("css", ("shared.css",)), *(path.read_text("utf-8") for path in sorted(HERE.glob("css/*.css")))]
    ),
    js=frontend.joined(HERE / "js" / "scatter.js"),
)


def scatter(
    cloud: Cloud,
    colours: Colours,
    options: ScatterOptions = ScatterOptions(),  # noqa: B008  frozen
    *,
    key: str,
    on_point: Callable[[int], None] | None = None,
    on_area: Callable[[Area], None] | None = None,
) -> None:
    """Show the points; what the person picks comes back through the two callbacks, before the page runs again.

    on_point: the index of a point that was clicked. on_area: a lasso or box; `select` turns it into a mask, and an
    empty one (Escape) clears it. A browser without WebGL2 gets a Plotly chart of a sample, with the same callbacks.
    """
    _check(cloud, colours, options.selected, options.highlighted)
    if WITHOUT_WEBGL2.get():
        draw_with_plotly(cloud, colours, options, key, on_point, on_area)
        return

    with st.container(gap=None):
        can = {"choose": on_point is not None, "select": on_area is not None, "tips": options.tips is not None}
        pointed, drawn, missing = _answers(key, len(cloud), on_point, on_area)
        _view(  # first, so that the browser makes its shaders while the points arrive
            data={"map": key, "height": options.height, "can": can},
            key=key,
            on_point_change=pointed,
            on_area_change=drawn,
            on_missing_change=missing,
        )
        needs = {
            "points": send_points(key, cloud),
            "colours": send_colours(key, colours),
            "marks": send_marks(key, options.selected, options.highlighted),
        }
        send_scene(key, needs, options)
        if options.tips:
            answer_tips(key, options.tips, len(cloud))


def _answers(
    key: str, count: int, on_point: Callable[[int], None] | None, on_area: Callable[[Area], None] | None
) -> tuple[Callable[[], None], Callable[[], None], Callable[[], None]]:
    """What happens when the browser tells of a point, of an area, or that it lacks WebGL2."""

    def pointed() -> None:
        index = widget_value(key).point
        if on_point and type(index) is int and 0 <= index < count:  # a browser can send anything
            on_point(index)

    def drawn() -> None:
        area = area_of(widget_value(key).area)
        if on_area and area is not None:
            on_area(area)

    def missing() -> None:
        WITHOUT_WEBGL2.set(True)

    return pointed, drawn, missing


def _check(cloud: Cloud, colours: Colours, *masks: np.ndarray | None) -> None:
    """Refuse parts that are not about the same points."""
    if len(colours.codes) != len(cloud):
        raise SettingError(f"There are {len(colours.codes)} colours for {len(cloud)} points; give one for each.")
    for mask in masks:
        if mask is not None and (mask.dtype != bool or mask.shape != (len(cloud),)):
            raise SettingError(f"A mask is {mask.dtype} {mask.shape}; give bool of shape ({len(cloud)},).")
