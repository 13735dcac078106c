"""What the small planes are sent, and what they are believed."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.shared.components.viewer.planes import PlanesView, PlaneView, place_from, planes_payload
from dashboard.shared.components.viewer.scan import SliceMap, Slices
from tests.dashboard.shared.components.viewer.payloads import unpack
from xai_core.types import Box, Window

COUNTS = {"axial": 9, "coronal": 30, "sagittal": 40}
ALONG = {"axial": ("sagittal", "coronal"), "coronal": ("sagittal", "axial"), "sagittal": ("coronal", "axial")}


def view(plane: str, at: int, maps: dict[int, SliceMap]) -> PlaneView:
    edges = {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    slices = Slices(f"slices/{plane}", COUNTS[plane], ((20, 30),), 0.0, 1.0, plane, edges)
    return PlaneView(plane, slices, at, ALONG[plane], maps)


def test_the_place_the_counts_and_the_maps_of_each_plane_are_sent() -> None:
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    maps = {12: SliceMap(values, Box(1, 2, 3, 4), 5.0)}
    small = [view("coronal", 11, maps), view("sagittal", 20, {})]
    header, blobs = unpack(planes_payload(PlanesView(view("axial", 4, {}), small, Window(50, 100), "v", "mri")))
    assert header["numbers"] == {"axial": 4, "coronal": 11, "sagittal": 20}
    assert header["counts"] == COUNTS
    assert header["large"] == {"plane": "axial", "along": ["sagittal", "coronal"]}
    assert [one["scan"]["letters"]["left"] for one in header["views"]] == ["R", "R"]
    assert header["views"][0]["scan"]["maps"]["slices"] == [{"index": 12, "box": [1, 2, 3, 4], "top": 5.0}]
    assert np.array_equal(np.frombuffer(blobs["maps0"], "<f4").reshape(3, 4), values)
    assert blobs["maps1"] == b""


def test_without_maps_only_the_header_is_sent() -> None:
    header, blobs = unpack(planes_payload(PlanesView(view("axial", 4, {}), [view("coronal", 1, {})], None, "v", "mri")))
    assert (header["heat"], header["window"], blobs) == (False, None, {})


@pytest.mark.parametrize(
    "change", [{"axial": 9}, {"axial": -1}, {"axial": 2.0}, {"axial": True}, {"axial": None}, {"other": 1}]
)
def test_an_answer_that_is_no_place_is_none(change: dict[str, object]) -> None:
    place = {"axial": 8, "coronal": 0, "sagittal": 39}
    assert place_from(place, COUNTS) == place
    assert place_from(place | change, COUNTS) is None
    assert place_from({"axial": 1}, COUNTS) is None
    assert place_from([1, 2, 3], COUNTS) is None
