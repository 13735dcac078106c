"""Each point gets one byte; the bytes mean what the legend says, on a light page and on a dark one."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from dashboard.shared.components.scatter import by_category, by_value
from dashboard.shared.components.scatter.palette import category_table, rgb_of
from xai_core.errors import SettingError

PAGE = {False: "#ffffff", True: "#0b1214"}


def luminance(colour: np.ndarray) -> np.ndarray:
    """WCAG 2 relative luminance of sRGB (..., 3)."""
    parts = np.asarray(colour) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("count", "apart"), [(10, 12), (20, 8), (40, 6)])
def test_class_colours_differ_from_each_other_and_from_the_page(dark: bool, count: int, apart: float) -> None:
    table = category_table(count, dark)
    lab = rgb2lab(table)
    distances = deltaE_ciede2000(lab[:, None], lab[None]) + 100 * np.eye(count)
    assert distances.min() > apart
    light, page = luminance(table), luminance(np.array(rgb_of(PAGE[dark])))
    contrast = (np.maximum(light, page) + 0.05) / (np.minimum(light, page) + 0.05)
    assert contrast.min() > 2.5


def test_a_longer_palette_begins_with_the_shorter_one() -> None:
    np.testing.assert_array_equal(category_table(60, True)[:10], category_table(10, True))
    assert category_table(255, False).shape == (255, 3)


def test_classes_keep_their_order_and_counts() -> None:
    colours = by_category(np.array([2, 0, 2, -1, 2]), ["a", "never", "b"], "Label")
    assert colours.codes.tolist() == [2, 0, 2, 255, 2]
    assert [(entry.code, entry.name, entry.count) for entry in colours.entries] == [
        (0, "a", 1),
        (2, "b", 3),
        (255, "unknown", 1),
    ]
    np.testing.assert_array_equal(colours.light[2], rgb_of("#4a4fc4"))
    assert colours.codes.nbytes == 5


def test_of_many_classes_the_frequent_ones_keep_their_colour() -> None:
    classes = np.concatenate([np.arange(1000), np.arange(0, 1000, 5)])
    colours = by_category(classes, [str(i) for i in range(1000)], "Label")
    names = {entry.name: entry for entry in colours.entries}
    assert len(names) == 256
    assert all(names[str(i)].count == 2 for i in range(0, 1000, 5))
    assert sum(entry.count for entry in colours.entries) == 1200 == np.bincount(colours.codes, minlength=256).sum()
    assert names["other"].count == (colours.codes == 255).sum()


def test_chosen_colours_are_used() -> None:
    colours = by_category(np.array([0, 1]), ["right", "wrong"], "Prediction", (["#00aa00", "#aa0000"], ["#0f0f0f"] * 2))
    assert colours.light[1].tolist() == [170, 0, 0]
    assert colours.dark[0].tolist() == [15, 15, 15]


def test_values_are_spread_over_255_steps_of_the_scale() -> None:
    values = np.array([-1.0, 0.0, 1.0, np.nan, np.inf])
    colours = by_value(values, "Loss")
    assert colours.codes.tolist() == [0, 127, 254, 255, 255]
    assert colours.ends == (-1, 1)
    assert [(entry.name, entry.count) for entry in colours.entries] == [("no value", 2)]
    viridis = matplotlib.colormaps["viridis"]
    assert np.abs(colours.light[0].astype(int) - np.array(viridis(0.0, bytes=True)[:3]).astype(int)).max() <= 1
    assert np.abs(colours.dark[254].astype(int) - np.array(viridis(1.0, bytes=True)[:3]).astype(int)).max() <= 1


def test_values_beyond_chosen_ends_take_the_colour_of_the_end() -> None:
    assert by_value(np.array([-5.0, 5.0]), "Loss", ends=(0.0, 1.0)).codes.tolist() == [0, 254]


@pytest.mark.parametrize("values", [np.full(3, np.nan), np.full(3, 2.0), np.array([True, False, True]), np.arange(3)])
def test_values_without_a_range_can_be_shown(values: np.ndarray) -> None:
    assert len(by_value(values, "x").codes) == 3


def test_what_is_no_colouring_is_refused() -> None:
    with pytest.raises(SettingError, match="indices below 2"):
        by_category(np.array([0, 2]), ["a", "b"], "Label")
    with pytest.raises(SettingError, match="real numbers"):
        by_value(np.array(["a"]), "Label")
    with pytest.raises(SettingError, match="smaller end first"):
        by_value(np.ones(2), "Label", ends=(1.0, 0.0))
