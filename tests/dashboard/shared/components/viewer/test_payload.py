"""The bytes for the browser, read back by hand, and the browser's answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.shared.components.viewer import Click, Heat, Tile, display_image_of
from dashboard.shared.components.viewer.gallery import GalleryOptions, chosen_name, gallery_payload
from dashboard.shared.components.viewer.heat_map import NO_EVIDENCE, ViewerOptions, click_from, viewer_payload
from dashboard.shared.components.viewer.payload import pack
from tests.dashboard.shared.components.viewer.payloads import unpack
from xai_core.types import Box

PICTURE = display_image_of(np.zeros((4, 6, 3), np.uint8), Box(1, 0, 5, 4), "Zoë")
VALUES = np.arange(-2, 4, dtype=np.float32).reshape(2, 3)


def heat(vmax: float = 3.0, vmin: float = 0.0) -> Heat:
    return Heat(VALUES, vmax, "evidence", "layer4", "in words", vmin)


def sent(heat: Heat | None, message: str | None = None) -> tuple[dict[str, Any], dict[str, bytes]]:
    return unpack(viewer_payload(PICTURE, heat, ViewerOptions("recipe", message), "one"))


def test_blobs_come_back_as_they_were() -> None:
    header, blobs = unpack(pack({"a": "é"}, {"x": b"123", "empty": b"", "y": b"45"}))
    assert (header["a"], blobs) == ("é", {"x": b"123", "empty": b"", "y": b"45"})


def test_the_viewer_sends_the_raw_map_row_by_row_and_the_pictures_true_size() -> None:
    header, blobs = sent(heat())
    np.testing.assert_array_equal(np.frombuffer(blobs["map"], "<f4").reshape(2, 3), VALUES)
    assert (header["image"]["width"], header["image"]["height"]) == (6, 4)
    assert header["image"]["box"] == [1, 0, 5, 4]
    assert len(blobs["scales"]) == 768 * len(header["scales"]["names"])


def test_a_strided_float64_map_is_sent_as_float32() -> None:
    _, blobs = unpack(viewer_payload(PICTURE, Heat(np.eye(4)[::2, ::2], 1, "", "", ""), ViewerOptions(), "one"))
    assert np.frombuffer(blobs["map"], "<f4").tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("shown", "message", "said"),
    [
        (heat(), None, None),
        (heat(0.0), None, NO_EVIDENCE),
        (heat(-1.0), None, NO_EVIDENCE),
        (heat(), "own words", "own words"),
    ],
)
def test_a_scale_without_length_is_said_to_be_without_evidence(
    shown: Heat, message: str | None, said: str | None
) -> None:
    assert sent(shown, message)[0]["message"] == said


def test_a_scale_below_zero_offers_diverging_colours() -> None:
    assert sent(heat())[0]["scales"]["names"][0] == "viridis"
    assert sent(heat(vmin=-3.0))[0]["scales"]["names"][0] == "vik"


def test_the_ends_of_a_scale_are_named_where_they_are_told_or_have_two_signs() -> None:
    assert sent(heat())[0]["heat"]["ends"] is None
    assert sent(heat(vmin=-3.0))[0]["heat"]["ends"] == ["against", "for"]
    own = Heat(VALUES, 3.0, "difference", "layer4", "", -3.0, ends=("more in B", "more in A"))
    assert sent(own)[0]["heat"]["ends"] == ["more in B", "more in A"]


def test_tiles_of_both_signs_share_the_largest_magnitude() -> None:
    tiles = [Tile("a", VALUES), Tile("b", -2 * VALUES), Tile("c", VALUES, vmax=5), Tile("d", 0 * VALUES)]
    header, _ = unpack(gallery_payload(PICTURE, tiles, "a", GalleryOptions(signed=True), "one"))
    assert [(tile["vmin"], tile["vmax"]) for tile in header["tiles"]] == [(-6, 6), (-6, 6), (-5, 5), (-6, 6)]
    assert [tile["message"] for tile in header["tiles"]] == [None, None, None, "no evidence"]
    assert header["scales"]["names"][0] == "vik"


def test_tiles_without_their_own_maximum_share_the_largest() -> None:
    tiles = [Tile("a", VALUES), Tile("b", 2 * VALUES), Tile("c", 10 * VALUES, vmax=5), Tile("d", -np.abs(VALUES) - 1)]
    header, blobs = unpack(gallery_payload(PICTURE, tiles, "a", GalleryOptions(), "one"))
    assert [tile["vmax"] for tile in header["tiles"]] == [6, 6, 5, 6]
    assert [tile["message"] for tile in header["tiles"]] == [None, None, None, "no positive evidence"]
    np.testing.assert_array_equal(np.frombuffer(blobs["map1"], "<f4").reshape(2, 3), 2 * VALUES)


def test_a_gallery_without_any_tile_is_empty() -> None:
    assert unpack(gallery_payload(PICTURE, [], "", GalleryOptions(), "one"))[0]["tiles"] == []


@pytest.mark.parametrize(
    ("value", "click"),
    [
        ({"x": 1.5, "y": 2, "row": 0, "col": 3}, Click(1.5, 2.0, 0, 3)),
        ({"x": 1.5, "y": 2, "row": None, "col": None}, Click(1.5, 2.0, None, None)),
        (None, None),
        ("click", None),
        ({"x": float("nan"), "y": 2, "row": 0, "col": 0}, None),
        ({"x": "1", "y": 2, "row": 0, "col": 0}, None),
        ({"x": 1, "y": 2, "row": 0.5, "col": 0}, None),
    ],
)
def test_only_a_well_formed_answer_is_a_click(value: object, click: Click | None) -> None:
    assert click_from(value) == click


def test_only_the_name_of_a_tile_is_a_choice() -> None:
    assert [chosen_name(value, {"a"}) for value in ("a", "b", ["a"], None)] == ["a", None, None, None]
