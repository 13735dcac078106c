"""How fine a map can be: cells and fields by hand, millimetres, and evidence outside the head."""

from __future__ import annotations

import numpy as np
import pytest

import xai_core as xai
from xai_core.attribution.method import INPUT
from xai_core.evaluation.checks.resolution import outer_frame, resolution_check, share_inside
from xai_core.images.scans import slice_image
from xai_core.images.scans.samples import load_scan_sample


def test_cell_and_field_of_the_bundled_network_in_pixels_of_the_picture():
    model, image = xai.load_model("imagenet"), xai.load_sample("coffee")  # 600 x 400, cropped to 350 x 350
    layer = xai.suggested_layer(model)
    image_pass = xai.forward_image(model, image, [layer])
    values = np.zeros((7, 7), np.float32)
    values[2, 5] = 1
    found = resolution_check(image_pass, layer, values)
    box = image_pass.given.box
    assert found.grid == (7, 7)
    assert found.cell == pytest.approx(((box.bottom - box.top) / 7, (box.right - box.left) / 7))
    assert found.strongest == (2, 5)
    assert found.field is not None
    assert box.left <= found.field.left < found.field.right <= box.right
    assert not found.known
    assert found.in_mm(found.cell) is None


def test_a_map_of_pixels_has_no_field_and_its_share_in_the_frame_is_counted():
    model = xai.load_model("imagenet")
    image_pass = xai.forward_image(model, xai.load_sample("cat"), [])
    values = np.zeros((224, 224), np.float32)
    values[0, :3] = 1  # in the frame
    values[100, 100] = 1
    found = resolution_check(image_pass, INPUT, values)
    assert found.field is None
    assert found.outside == pytest.approx(0.75)
    assert found.area == pytest.approx(1 - (180 / 224) ** 2)  # 22 pixels on each side


def test_on_a_slice_cells_have_millimetres_and_evidence_in_the_air_is_seen():
    volume, _ = load_scan_sample("template")
    image = slice_image(volume, "axial", 90)
    model = xai.load_model("brain-mri")
    image_pass = xai.forward_image(model, image, ["bn2"])
    corner = np.full((6, 6), -1.0, np.float32)
    corner[0, 0] = 1
    middle = -corner.copy()
    middle[:] = -1
    middle[2:4, 2:4] = 1
    in_air, in_brain = resolution_check(image_pass, "bn2", corner), resolution_check(image_pass, "bn2", middle)
    assert in_brain.known
    assert in_air.outside > in_air.area > in_brain.outside
    assert in_brain.outside < 0.05
    mm = in_brain.in_mm(in_brain.cell)
    assert mm == pytest.approx(tuple(c * s for c, s in zip(in_brain.cell, image.spacing_mm, strict=True)))
    assert 20 < mm[0] < 45, "a head of about 18 to 22 cm on six cells"


def test_shares_by_hand():
    values = np.array([[1.0, -5.0], [2.0, 1.0]], np.float32)
    inside = np.array([[True, True], [False, False]])
    assert share_inside(values, inside) == pytest.approx(0.25)
    assert np.isnan(share_inside(-np.ones((2, 2)), inside))
    assert outer_frame((10, 20)).sum() == 200 - 8 * 16
