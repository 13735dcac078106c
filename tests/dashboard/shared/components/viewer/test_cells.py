"""The matrix's cells: shared scales, small versions of large maps, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.shared.components.viewer import display_image_of
from dashboard.shared.components.viewer.cells import Cells, check_cells, scale_tops, small_map
from dashboard.shared.components.viewer.matrix import MatrixOptions, Table, chosen_place, matrix_payload
from tests.dashboard.shared.components.viewer.payloads import unpack
from xai_core.errors import LayerError
from xai_core.types import Box


def ones(value: float) -> np.ndarray:
    return np.full((2, 2), value, np.float32)


CELLS: Cells = [[ones(1), ones(-4), None], [ones(3), "no ReLU", ones(2)]]


@pytest.mark.parametrize(
    ("scale", "signed", "tops"),
    [
        ("one", False, [[3, 3, 3], [3, 3, 3]]),
        ("one", True, [[4, 4, 4], [4, 4, 4]]),
        ("row", False, [[1, 1, 1], [3, 3, 3]]),
        ("column", True, [[3, 4, 2], [3, 4, 2]]),
        ("each", False, [[1, 0, 0], [3, 0, 2]]),
        ([7, 8], False, [[7, 7, 7], [8, 8, 8]]),
    ],
)
def test_tiles_share_the_reach_of_their_group(scale: Any, signed: bool, tops: list[list[float]]) -> None:
    assert scale_tops(CELLS, scale, signed) == tops


def test_a_table_without_a_row_has_no_scale() -> None:
    assert scale_tops([], "one", False) == []


def test_a_large_map_keeps_of_each_block_the_value_farthest_from_zero() -> None:
    values = np.zeros((224, 100), np.float32)
    values[4, 3], values[5, 2] = 0.5, -2  # one block: rows 3 to 5, columns 2 and 3
    small = small_map(values)
    assert small.shape == (75, 50)
    assert small[1, 1] == -2
    assert np.count_nonzero(small) == 1


def test_a_map_that_fits_stays_as_it_is() -> None:
    values = np.random.default_rng(0).normal(size=(96, 7)).astype(np.float32)
    np.testing.assert_array_equal(small_map(values), values)


def payload(cells: Cells, scale: Any = "one", signed: bool = False) -> tuple[dict[str, Any], dict[str, bytes]]:
    image = display_image_of(np.zeros((4, 6, 3), np.uint8), Box(0, 0, 6, 4), "a picture")
    options = MatrixOptions(scale, signed, "E", (1, 0))
    return unpack(matrix_payload(image, Table(["a", "b"], ["x", "y", "z"], cells), options, "s", choosable=True))


def test_the_browser_gets_the_maps_in_reading_order_and_the_rest_in_words() -> None:
    header, blobs = payload(CELLS)
    assert [cell and cell.get("reason", "map") for cell in header["cells"]] == [
        "map",
        "map",
        None,
        "map",
        "no ReLU",
        "map",
    ]
    assert [np.frombuffer(blobs[f"map{i}"], "<f4")[0] for i in range(4)] == [1, -4, 3, 2]
    assert header["cells"][1]["message"] == "no positive evidence"
    assert header["selected"] == [1, 0]


def test_a_cells_digest_follows_its_values() -> None:
    first, second = payload(CELLS)[0]["cells"], payload([[ones(1), ones(5), None], CELLS[1]])[0]["cells"]
    assert first[0]["digest"] == second[0]["digest"]
    assert first[1]["digest"] != second[1]["digest"]


def test_a_common_scale_has_a_colour_bar_and_others_a_note() -> None:
    assert payload(CELLS, signed=True)[0]["range"] == {"vmin": -4, "vmax": 4, "label": "E", "ends": ["against", "for"]}
    assert payload([[None] * 3] * 2)[0]["range"] is None
    for scale, word in [("row", "row"), ([1.0, 2.0], "row"), ("column", "column"), ("each", "tile")]:
        header = payload(CELLS, scale)[0]
        assert header["range"] is None
        assert header["note"] == f"Each {word} has its own colour scale."


@pytest.mark.parametrize(
    ("cells", "scale", "message"),
    [
        ([[None] * 3], "one", "2 rows of 3"),
        ([[None] * 3, [None] * 2], "one", "2 rows of 3"),
        (CELLS, "rows", 'The scale is "rows"; choose one of one, row, column, each'),
        (CELLS, [1.0], "1 tops for 2 rows"),
        ([[ones(np.nan), None, None], [None] * 3], "one", "not finite"),
    ],
)
def test_cells_that_cannot_be_shown_are_refused(cells: Cells, scale: Any, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        check_cells(["a", "b"], ["x", "y", "z"], cells, scale)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ([1, 2], (1, 2)),
        ([1, 1], None),
        ([0, 2], None),
        ([2, 0], None),
        ([-1, 0], None),
        ([0, True], None),
        ([0], None),
        ("00", None),
        (None, None),
    ],
)
def test_only_the_place_of_a_map_is_a_choice(value: object, place: tuple[int, int] | None) -> None:
    assert chosen_place(value, CELLS) == place
