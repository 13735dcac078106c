"""The shared photographs and scans load, and are what Pillow alone makes of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from xai_core.images import load_image

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.exists() and "CI" not in os.environ, reason="no shared data beside the checkout"),
]


def check(paths: list[Path]) -> int:
    """Compare each file with Pillow; returns how many brought no colour profile, and could be compared exactly."""
    compared = 0
    for path in paths:
        image = load_image(path)
        with Image.open(path) as opened:
            plain = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
            has_profile, has_alpha = "icc_profile" in opened.info, opened.mode == "RGBA"
        assert image.pixels.shape == plain.shape
        if not (has_profile or has_alpha):
            assert np.array_equal(image.pixels, plain), path.name
            compared += 1
    return compared


def test_all_photographs_load_and_agree_with_pillow_where_no_profile_is_embedded() -> None:
    paths = sorted((DATA / "photos").iterdir())
    assert len(paths) == 167
    assert check(paths) == 121


@pytest.mark.parametrize("folder", ["glioma", "meningioma", "pituitary", "no_tumor"])
def test_brain_scans_load_and_agree_with_pillow(folder: str) -> None:
    paths = sorted((DATA / "brain-mri" / folder).glob("*.jpg"))[::30]
    assert check(paths) >= 15
