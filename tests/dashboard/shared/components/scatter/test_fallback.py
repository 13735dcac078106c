"""The Plotly charts: the same bytes for the same points, a fair sample of many, names that stay text."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.shared.components.scatter import CurrentPoint, by_category, by_value
from dashboard.shared.components.scatter.fallback import (
    fallback_words,
    plotly_area,
    plotly_scatter,
    plotly_scatter_3d,
    sample_of,
)
from xai_core.errors import SettingError

COUNT = 12_345
PLACES = np.random.default_rng(0).normal(size=(COUNT, 3)).astype(np.float32)
CLASSES = by_category(np.arange(COUNT) % 3, ["a", "<b>%{x}", "c"], "Label")
VALUES = by_value(np.where(np.arange(COUNT) % 7, PLACES[:, 0], np.nan), "Loss")


@pytest.mark.parametrize("colours", [CLASSES, VALUES])
def test_the_same_points_give_the_same_bytes(colours: object) -> None:
    for draw, places in ((plotly_scatter, PLACES[:, :2]), (plotly_scatter_3d, PLACES)):
        assert draw(places, colours, dark=True).to_json() == draw(places.copy(), colours, dark=True).to_json()


@pytest.mark.parametrize("colours", [CLASSES, VALUES])
def test_every_shown_point_says_which_one_it_is(colours: object) -> None:
    figure = plotly_scatter_3d(PLACES, colours, dark=False, texts=[f"point {i}" for i in range(COUNT)])
    shown = np.concatenate([trace.customdata for trace in figure.data])
    np.testing.assert_array_equal(np.sort(shown), sample_of(COUNT))
    for trace in figure.data:
        np.testing.assert_array_equal(np.column_stack([trace.x, trace.y, trace.z]), PLACES[trace.customdata])
        assert trace.text[0] == f"point {trace.customdata[0]}"


def test_a_scale_is_one_trace_and_grey_where_there_is_no_value() -> None:
    ramp, missing = plotly_scatter(PLACES[:, :2], VALUES, dark=False).data
    known = PLACES[ramp.customdata, 0]
    assert np.abs(ramp.marker.color - known).max() < 2 * np.ptp(known) / 254
    assert missing.name == "no value"
    assert (missing.customdata % 7 == 0).all()


def test_a_class_name_is_not_markup() -> None:
    hover = plotly_scatter(PLACES[:, :2], CLASSES, dark=False).data[1].hovertemplate
    assert "<b>" not in hover
    assert "%{x}" not in hover


def test_a_sample_is_said() -> None:
    assert len(sample_of(COUNT)) == 10_000 == len(np.unique(sample_of(COUNT)))
    assert fallback_words(COUNT).endswith("It shows 10,000 of 12,345 points, drawn by lot.")
    assert "shows" not in fallback_words(500)


def test_the_current_picture_has_a_marker() -> None:
    last = plotly_scatter(PLACES[:, :2], CLASSES, dark=False, current_point=CurrentPoint(1, 2, "mine")).data[-1]
    assert (last.x, last.y, last.name) == ((1,), (2,), "mine")


def test_a_lasso_and_a_box_are_areas() -> None:
    lasso = plotly_area({"lasso": [{"x": [0, 1, 1], "y": [0, 0, 2]}], "box": []})
    box = plotly_area({"lasso": [], "box": [{"x": [0, 2], "y": [5, 7]}]})
    assert lasso is not None
    assert box is not None
    assert lasso.polygon.tolist() == [[0, 0], [1, 0], [1, 2]]
    assert box.polygon.tolist() == [[0, 5], [2, 5], [2, 7], [0, 7]]
    assert plotly_area({"points": []}) is None


def test_points_of_another_number_are_refused() -> None:
    with pytest.raises(SettingError, match="one a colour"):
        plotly_scatter(PLACES[:5, :2], CLASSES, dark=False)
