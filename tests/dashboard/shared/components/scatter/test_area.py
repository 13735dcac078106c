"""A lasso selects what two other libraries say, and nothing that a browser may invent."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.path import Path as Outline
from skimage.measure import points_in_poly

from dashboard.shared.components.scatter import Area, by_category, cloud_of, inside, select
from dashboard.shared.components.scatter.area import area_of

SQUARE = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], float)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_lasso_that_crosses_itself_selects_what_skimage_says(seed: int, dtype: type) -> None:
    random = np.random.default_rng(seed)
    polygon, points = random.normal(size=(random.integers(3, 33), 2)), random.normal(size=(5000, 2)).astype(dtype)
    found = inside(polygon, points)
    np.testing.assert_array_equal(found, points_in_poly(points.astype(float), polygon))
    assert found.any()


@pytest.mark.parametrize("seed", range(10))
def test_a_star_selects_what_matplotlib_says(seed: int) -> None:
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, 24))
    polygon = random.uniform(0.2, 2, (24, 1)) * np.column_stack([np.cos(angles), np.sin(angles)])
    points = random.normal(size=(5000, 2))
    np.testing.assert_array_equal(inside(polygon, points), Outline(polygon).contains_points(points))


def test_areas_that_tile_the_plane_share_no_point_and_lose_none() -> None:
    grid = np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), axis=-1).reshape(-1, 2)  # many lie on an edge
    tiles = [SQUARE + np.array([4 * i, 4 * j]) for i in range(-1, 3) for j in range(-1, 3)]
    np.testing.assert_array_equal(sum(inside(tile, grid).astype(int) for tile in tiles), 1)


@pytest.mark.parametrize("corners", [0, 1, 2])
def test_fewer_than_three_corners_hold_nothing(corners: int) -> None:
    assert not inside(SQUARE[:corners], np.ones((3, 2))).any()
    assert inside(SQUARE, np.zeros((0, 2))).shape == (0,)


def test_a_selection_is_replaced_added_to_removed_from_and_cleared() -> None:
    cloud = cloud_of(np.array([[1, 1], [2, 2], [3, 3], [9, 9]], float))
    colours = by_category(np.array([0, 1, 0, 1]), ["a", "b"], "Label")
    before = np.array([True, False, False, True])

    def after(mode: str, hidden: tuple[int, ...] = (), polygon: np.ndarray = SQUARE) -> list[int]:
        return select(Area(polygon, mode, hidden), cloud, colours, before).astype(int).tolist()  # type: ignore[arg-type]

    assert after("replace") == [1, 1, 1, 0]
    assert after("add") == [1, 1, 1, 1]
    assert after("remove") == [0, 0, 0, 1]
    assert after("replace", (1,)) == [1, 0, 1, 0]
    assert after("add", (0,)) == [1, 1, 0, 1]
    assert after("replace", polygon=SQUARE[:0]) == [0, 0, 0, 0]
    assert not select(Area(SQUARE, "remove"), cloud, colours).any()


def test_what_the_browser_sends_is_understood() -> None:
    area = area_of({"polygon": [0, 0.5, 1, 1, 2, -3], "mode": "add", "hidden": "a0" + "00" * 30 + "01"})
    assert area is not None
    np.testing.assert_array_equal(area.polygon, [[0, 0.5], [1, 1], [2, -3]])
    assert (area.mode, area.hidden) == ("add", (0, 2, 255))


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"polygon": [0, 0], "mode": "drop"},
        {"polygon": [0, 0, 1], "mode": "add"},
        {"polygon": ["0", 0], "mode": "add"},
        {"polygon": [True, 0], "mode": "add"},
        {"polygon": [float("nan"), 0], "mode": "add"},
        {"polygon": [float("inf"), 0], "mode": "add"},
        {"polygon": [0] * 1000, "mode": "add"},
        {"polygon": {"0": 0}, "mode": "add"},
        {"mode": "add"},
    ],
)
def test_what_is_no_area_is_left_alone(value: object) -> None:
    assert area_of(value) is None


@pytest.mark.parametrize("hidden", ["zz", "abc", 7, None, "ff" * 500])
def test_a_wrong_list_of_hidden_classes_hides_only_codes(hidden: object) -> None:
    area = area_of({"polygon": [], "mode": "replace", "hidden": hidden})
    assert area is not None
    assert set(area.hidden) <= set(range(256))
