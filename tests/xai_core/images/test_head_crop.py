"""Slices of a head on one footing: where the head lies, and what no longer matters."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage.data import shepp_logan_phantom

from tests.shared_data import shared
from xai_core.images import load_image
from xai_core.images.digest import array_digest
from xai_core.images.head_crop import grey_values, head_crop, head_mask
from xai_core.types import SourceImage, Window

SIDE = 160


def scan(values: np.ndarray, window: Window | None = None) -> SourceImage:
    values = values.astype(np.float32)
    return SourceImage(values, "slice", "scan", array_digest(values), window=window)


def disc(size: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    """A bright disc with a dark dot left of its centre, (h, w)."""
    y, x = np.ogrid[: size[0], : size[1]]
    away = np.hypot(y + 0.5 - centre[0], x + 0.5 - centre[1])
    dot = np.hypot(y + 0.5 - centre[0], x + 0.5 - centre[1] + radius / 2) < radius / 8
    return np.where(away < radius, 100.0, 0.0) - 60 * dot


def test_the_box_is_the_square_around_the_head_with_a_margin() -> None:
    crop = head_crop(scan(disc((300, 400), (140, 250), 80)), SIDE)
    half = 80 * 1.06  # a margin of 3 % of the diameter on each side
    expected = (250 - half, 140 - half, 250 + half, 140 + half)
    assert crop.found
    assert (crop.box.left, crop.box.top, crop.box.right, crop.box.bottom) == pytest.approx(expected, abs=3)
    assert crop.mask.mean() == pytest.approx(np.pi / 4 / 1.06**2, abs=0.03)


def test_a_mark_lies_where_the_box_says() -> None:
    crop = head_crop(scan(disc((300, 400), (140, 250), 80)), SIDE)
    dark = np.argwhere((crop.grey < 0.5) & crop.mask & (np.hypot(*np.ogrid[-79.5:80, -79.5:80]) < 60))
    row, column = (dark.mean(axis=0) + 0.5) * (crop.box.right - crop.box.left) / SIDE
    assert crop.box.top + row == pytest.approx(140, abs=1.5)
    assert crop.box.left + column == pytest.approx(250 - 40, abs=1.5)


def test_what_lies_outside_the_head_is_exactly_black_and_the_rest_spans_the_scale() -> None:
    crop = head_crop(scan(shepp_logan_phantom() * 1000 + 30), SIDE)
    assert crop.grey.dtype == np.float32
    assert crop.grey.shape == (SIDE, SIDE)
    assert not crop.grey[~crop.mask].any()
    assert (crop.grey.min(), crop.grey.max()) == (0, 1)


def test_neither_a_border_nor_letters_nor_a_scale_of_grey_matter() -> None:
    phantom = ndimage.gaussian_filter(shepp_logan_phantom(), 6)  # its rim is thinner than a pixel of the crop
    plain = head_crop(scan(phantom), SIDE)
    wide = np.pad(phantom * 700 - 300, ((20, 110), (90, 30)), constant_values=-300)
    wide[5:12, 5:60:4] = 400  # letters in a corner
    other = head_crop(scan(wide), SIDE)
    assert np.corrcoef(plain.grey.ravel(), other.grey.ravel())[0, 1] > 0.95
    assert np.corrcoef(plain.grey.ravel(), plain.grey[::-1].ravel())[0, 1] < 0.9
    assert other.box.left - 90 == pytest.approx(plain.box.left, abs=5)  # a pixel of the mask is 3 wide


def test_the_display_window_does_not_matter_for_a_scan() -> None:
    values = shepp_logan_phantom() * 1000
    wide, narrow = (head_crop(scan(values, Window(c, w)), SIDE) for c, w in ((500, 1000), (900, 10)))
    assert np.array_equal(wide.grey, narrow.grey)


def test_a_head_that_is_cut_by_the_picture_stays_black_beyond_it() -> None:
    crop = head_crop(scan(disc((200, 200), (190, 100), 90)), SIDE)
    below = crop.box.bottom - 200
    rows = int(below / (crop.box.bottom - crop.box.top) * SIDE) - 2
    assert rows > 5
    assert not crop.grey[-rows:].any()


def test_without_a_head_the_whole_picture_is_taken() -> None:
    crop = head_crop(scan(np.zeros((60, 90))), SIDE)
    assert not crop.found
    assert crop.mask.mean() == pytest.approx(60 / 90 / 1.06**2, abs=0.03)
    assert np.isfinite(crop.grey).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 3), (40, 500)])
def test_odd_sizes_give_numbers(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    crop = head_crop(scan(rng.random(size)), SIDE)
    assert np.isfinite(crop.grey).all()


def test_values_that_are_no_number_count_as_the_lowest() -> None:
    values = disc((100, 100), (50, 50), 30)
    values[:5] = np.nan
    assert grey_values(scan(values))[:5].max() == 0
    assert head_crop(scan(values), SIDE).found


def test_colour_becomes_pils_luma() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (20, 30, 3), np.uint8)
    photo = SourceImage(pixels, "photo", "photograph", array_digest(pixels))
    assert np.abs(grey_values(photo) - np.asarray(Image.fromarray(pixels).convert("L"), float)).max() <= 1


@pytest.mark.data
def test_every_tumour_lies_in_the_crop_of_its_slice() -> None:
    folder = shared("brain-mri")
    lines = (folder / "boxes.csv").read_text().splitlines()[1::90]
    outside = 0
    for line in lines:
        name, x, y, *_ = line.split(",")
        image = load_image(folder / name)
        crop = head_crop(image, SIDE)
        column = (float(x) * image.size[1] - crop.box.left) / (crop.box.right - crop.box.left) * SIDE
        row = (float(y) * image.size[0] - crop.box.top) / (crop.box.bottom - crop.box.top) * SIDE
        outside += not crop.mask[int(row), int(column)]
    assert len(lines) > 20
    assert outside == 0


def test_the_mask_is_found_on_a_small_copy() -> None:
    assert head_mask(np.pad(np.ones((400, 400), np.float32), 200)).shape == (160, 160)
