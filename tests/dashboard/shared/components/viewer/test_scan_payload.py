"""What the slice viewer is sent, and what it is believed."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.shared.components.viewer.records import Heat
from dashboard.shared.components.viewer.scan import (
    MAP_BYTES,
    ScanView,
    SliceMap,
    Slices,
    scan_payload,
    slice_from,
    window_from,
)
from tests.dashboard.shared.components.viewer.payloads import unpack
from xai_core.types import Box, Window

EDGES = {"left": "R", "right": "L", "top": "A", "bottom": "P"}
INVERSE = Window(5, 10, (1.0, 0.0))
SLICES = Slices("slices/word", 400, ((20, 30),), -1.0, 0.5, "MR axial", EDGES, (("Stored", INVERSE),))


def test_the_maps_of_the_nearest_slices_go_along_as_far_as_there_is_room() -> None:
    rng = np.random.default_rng(0)
    maps = {
        i: SliceMap(rng.normal(size=(32, 32)).astype(np.float32), Box(i, 0, i + 9, 9), float(i)) for i in range(400)
    }
    heat = Heat(maps[100].values, 2.0, "CAM", "bn2", "words", vmin=-2.0)
    header, blobs = unpack(scan_payload(ScanView(SLICES, 100, INVERSE, heat, maps, "c", 540), "v"))
    sent = [one["index"] for one in header["scan"]["maps"]["slices"]]
    nearest = sorted(range(400), key=lambda i: (abs(i - 100), i))
    assert sent == nearest[: MAP_BYTES // (32 * 32 * 4)]
    values = np.frombuffer(blobs["maps"], "<f4").reshape(-1, 32, 32)
    assert np.array_equal(values[sent.index(103)], maps[103].values)
    assert header["scan"]["maps"]["slices"][sent.index(103)]["box"] == [103, 0, 112, 9]
    assert header["scan"]["window"] == {"center": 5.0, "width": 10.0, "table": [1.0, 0.0]}


def test_a_scan_without_maps_sends_none() -> None:
    header, blobs = unpack(scan_payload(ScanView(SLICES, 3, None, None, {}, link="l"), "v"))
    assert header["heat"] is None
    assert header["image"]["box"] == [0, 0, 30, 20]
    assert blobs == {}


def test_outlines_go_along_in_pixels_of_their_slices() -> None:
    lines = {7: [np.array([[1.26, 2.0], [3.0, 4.5], [1.0, 5.0]])]}
    header, _ = unpack(scan_payload(ScanView(SLICES, 3, None, None, {}, outlines=lines), "v"))
    assert header["outlines"] == {"7": [[[1.3, 2.0], [3.0, 4.5], [1.0, 5.0]]]}


@pytest.mark.parametrize("value", [-1, 400, 1.5, True, "3", None, [1]])
def test_an_answer_that_is_no_slice_is_none(value: object) -> None:
    assert slice_from(value, 400) is None
    assert slice_from(399, 400) == 399


@pytest.mark.parametrize(
    "value",
    [None, 3, {}, {"center": 1, "width": 0}, {"center": float("nan"), "width": 2}, {"center": 1, "width": "2"}],
)
def test_an_answer_that_is_no_window_is_none(value: object) -> None:
    assert window_from(value, Window(0, 1), ()) is None


def test_a_window_keeps_the_table_of_what_it_was_dragged_from() -> None:
    now = Window(0, 1)
    assert window_from({"center": 7, "width": 3, "preset": None}, now, SLICES.presets) == Window(7, 3)
    assert window_from({"center": 7, "width": 3, "preset": 0}, now, SLICES.presets) == Window(7, 3, (1.0, 0.0))
    assert window_from({"center": 7, "width": 3, "preset": 9}, now, SLICES.presets) == Window(7, 3)
