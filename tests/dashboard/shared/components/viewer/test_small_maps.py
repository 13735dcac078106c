"""What the tiles and the probe send and refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.shared.components.viewer.probe import ProbeOptions, probe_payload
from dashboard.shared.components.viewer.tiles import TilesOptions, check_maps, tiles_payload
from tests.dashboard.shared.components.viewer.payloads import unpack
from xai_core.errors import LayerError

MAPS = np.arange(-6, 6, dtype=np.float32).reshape(3, 2, 2)


def sent(maps: np.ndarray, scale: Any = "one", signed: bool = False) -> tuple[dict[str, Any], dict[str, bytes]]:
    titles = [str(i) for i in range(len(maps))]
    return unpack(tiles_payload(maps, titles, TilesOptions(scale, signed), "s", choosable=False))


def test_all_maps_go_in_one_blob() -> None:
    header, blobs = sent(MAPS)
    np.testing.assert_array_equal(np.frombuffer(blobs["maps"], "<f4").reshape(3, 2, 2), MAPS)
    assert (header["rows"], header["cols"], header["titles"]) == (2, 2, ["0", "1", "2"])


@pytest.mark.parametrize(
    ("scale", "signed", "top"), [("one", False, 5), ("one", True, 6), ("each", False, None), ("each", True, None)]
)
def test_a_common_scale_reaches_as_far_as_the_farthest_value(scale: str, signed: bool, top: float | None) -> None:
    assert sent(MAPS, scale, signed)[0]["top"] == top


def test_maps_without_a_positive_value_have_a_scale_without_length() -> None:
    assert sent(-np.abs(MAPS))[0]["top"] == 0


def test_pictures_go_as_bytes_and_have_no_scale() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 3, 3), dtype=np.uint8)
    header, blobs = sent(images)
    assert (header["content"], header["top"]) == ("rgb", None)
    assert blobs["maps"] == images.tobytes()


@pytest.mark.parametrize(
    ("maps", "titles", "scale", "message"),
    [
        (MAPS[0], ["0", "1"], "one", r"float32 \(2, 2\); give float32 \(n, h, w\)"),
        (np.zeros((2, 3, 3, 4), np.uint8), ["0", "1"], "one", "uint8"),
        (np.zeros((2, 3, 0), np.float32), ["0", "1"], "one", "give float32"),
        (np.full((3, 2, 2), np.inf), ["0", "1", "2"], "one", "not finite"),
        (MAPS, ["0"], "one", "1 titles for 3 maps"),
        (MAPS, ["0", "1", "2"], "row", "choose one of one, each"),
    ],
)
def test_maps_that_cannot_be_shown_are_refused(maps: np.ndarray, titles: list[str], scale: Any, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        check_maps(maps, titles, scale)


@pytest.mark.parametrize(("signed", "ends"), [(False, (0, 5)), (True, (-6, 6))])
def test_the_probes_scale_reaches_as_far_as_its_values(signed: bool, ends: tuple[float, float]) -> None:
    header, blobs = unpack(probe_payload(MAPS.reshape(3, 4), (6, 8), ProbeOptions("aligned", signed, "E"), "s"))
    assert (header["vmin"], header["vmax"]) == ends
    assert (header["height"], header["width"], header["mode"]) == (6, 8, "aligned")
    np.testing.assert_array_equal(np.frombuffer(blobs["map"], "<f4").reshape(3, 4), MAPS.reshape(3, 4))


@pytest.mark.parametrize(
    ("values", "size", "mode", "message"),
    [
        (MAPS, (6, 8), "bilinear", r"shape \(3, 2, 2\)"),
        (MAPS[0], (0, 8), "bilinear", r"output size is \(0, 8\)"),
        (MAPS[0], (6, 8), "linear", "choose one of bilinear, aligned, bicubic, nearest"),
    ],
)
def test_a_probe_of_nothing_is_refused(values: np.ndarray, size: tuple[int, int], mode: Any, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        probe_payload(values, size, ProbeOptions(mode), "s")
