"""Slices as the browser fetches them: every value comes back, no address says whose, and nobody else's can be had."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard.mri import stack
from dashboard.mri.scan import Place, Scan, slice_of
from dashboard.mri.slice_route import SLICES, offer
from tests.dashboard.mri.made_scan import volume_of


def decoded(data: bytes, low: float, step: float) -> np.ndarray:
    width, height, channels = np.frombuffer(data, "<u4", 3)
    assert channels == 1
    level = np.frombuffer(data, "<u2", offset=12).reshape(height, width).astype(float)
    return np.where(level == 0, np.nan, low + (level - 1) * step)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_integers_come_back_exactly(plane: str) -> None:
    voxels = np.random.default_rng(0).integers(-2000, 3000, (20, 24, 16)).astype(np.int16)
    scan = Scan("x", volume_of(voxels))
    low, step = stack.levels(scan)
    shown = slice_of(scan, Place(plane, 5)).pixels
    assert np.array_equal(decoded(stack.encoded(shown, low, step), low, step), shown)


def test_floats_come_back_within_a_65000th_of_the_range_and_no_number_stays_none() -> None:
    values = np.random.default_rng(0).normal(0, 5, (12, 12, 12)).astype(np.float32)
    values[3, 4, 5] = np.nan
    scan = Scan("x", volume_of(values))
    low, step = stack.levels(scan)
    shown = slice_of(scan, Place("axial", 5)).pixels
    back = decoded(stack.encoded(shown, low, step), low, step)
    assert np.array_equal(np.isnan(back), np.isnan(shown))
    assert np.nanmax(np.abs(back - shown)) <= 0.51 * np.ptp(values[np.isfinite(values)]) / 65534


def test_a_slice_is_fetched_by_its_word_only_while_it_is_kept_and_never_stored() -> None:
    client = TestClient(Starlette(routes=[SLICES]))
    kept = stack.Stack("slices/word", 2, 0.0, 1.0, lambda index: bytes([index]))
    offer("word", kept)
    answer = client.get("/slices/word/1")
    assert (answer.status_code, answer.content) == (200, b"\x01")
    assert answer.headers["cache-control"] == "no-store"
    assert client.get("/behind/a/proxy/slices/word/0").content == b"\x00"
    for number in ("9" * 5000, "-1", "1.0", "\u0661", "x", "%00"):
        assert client.get(f"/slices/word/{number}").status_code == 404
    for path in ("slices/word/2", "slices/words/0", "slices/word/-1"):
        assert client.get(f"/{path}").status_code == 404
    del kept, answer
    gc.collect()
    assert client.get("/slices/word/1").status_code == 404
