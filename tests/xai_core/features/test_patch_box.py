"""A unit's receptive field in picture pixels: the field's box through the model's own crop and resize."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import xai_core as xai
from xai_core.errors import LayerError
from xai_core.features.patches import patch_box
from xai_core.forward.receptive_field import receptive_field
from xai_core.models.preprocess import covered_box, prepare
from xai_core.types import Box, ModelConfig, ReceptiveField, ResizeRule, SourceImage

CARD = ModelConfig("key", "Title", "source", "licence", (224, 224), (0.5,) * 3, (0.5,) * 3, ResizeRule(256), ("a",))
STRETCH = replace(CARD, input_size=(100, 50), resize=ResizeRule(None))


def image(height: int, width: int) -> SourceImage:
    return xai.load_image(Image.new("RGB", (width, height)))


def field(input_size: tuple[int, int]) -> ReceptiveField:
    """Windows 11 wide and 9 high, 4 apart, that begin 2 before the edge."""
    return receptive_field(nn.Sequential(nn.Conv2d(3, 1, (9, 11), stride=4, padding=2)), "0", input_size)


@pytest.mark.parametrize("config", [CARD, STRETCH], ids=["crop", "stretch"])
@pytest.mark.parametrize("size", [(300, 451), (451, 300), (64, 64), (8, 100)])
def test_the_covered_box_is_the_one_that_preparing_gives(config: ModelConfig, size: tuple[int, int]) -> None:
    assert covered_box(config, size) == prepare(config, image(*size)).box


def test_a_crop_and_a_resize_by_hand() -> None:
    """512 x 1024 shrinks to 256 x 512; the crop begins 16 and 144 in: 32 and 288 in the picture, 2 pixels for one."""
    assert patch_box(CARD, image(512, 1024), field((224, 224)), (0, 1)) == Box(288 + 4, 32, 288 + 26, 32 + 14)


def test_a_stretch_by_hand() -> None:
    """300 x 200 becomes 100 x 50: 4 pixels of the picture for one across, 3 down."""
    wide = image(300, 200)
    assert patch_box(STRETCH, wide, field((100, 50)), (1, 0)) == Box(0, 6, 36, 33)
    assert patch_box(STRETCH, wide, field((100, 50)), (7, 1, 0)) == Box(0, 6, 36, 33)
    assert patch_box(STRETCH, wide, field((100, 50)), (0, 0), clipped=False) == Box(-8, -6, 36, 21)


def test_a_model_that_reads_the_crop_to_the_head_is_placed_through_that_crop() -> None:
    """A bright disc off the middle: the box that `prepare` covers, and units counted in sixteenths of it."""
    rows, columns = np.mgrid[:300, :400]
    disc = np.where((rows - 180) ** 2 + (columns - 120) ** 2 < 90**2, 180, 0).astype(np.uint8)
    image, config = xai.load_image(Image.fromarray(disc)), replace(CARD, resize=ResizeRule(None, head_side=64))
    box = prepare(config, image).box
    assert covered_box(config, image) == box
    assert box.right < 300, "the head and not the whole picture"
    cells = receptive_field(nn.Sequential(nn.Conv2d(3, 1, 14, stride=14)), "0", (224, 224))
    step = (box.right - box.left) / 16
    expected = (box.left + 2 * step, box.top + step, box.left + 3 * step, box.top + 2 * step)
    for given in (patch_box(config, known, cells, (1, 2)) for known in (image, box)):
        assert (given.left, given.top, given.right, given.bottom) == pytest.approx(expected)
    with pytest.raises(xai.ImageError, match="reads the crop to the head, so the picture is needed"):
        patch_box(config, (300, 400), cells, (1, 2))


def test_a_place_outside_the_grid_is_refused() -> None:
    with pytest.raises(LayerError, match="grid is 55 x 56, so it has no unit"):
        patch_box(CARD, image(64, 64), field((224, 227)), (55, 0))


def test_only_pixels_inside_the_box_change_the_unit() -> None:
    """On the network itself: noise everywhere else leaves the unit alone, noise inside moves it."""
    model = xai.load_model("digits", device="cpu")
    config, layer, unit = replace(model.config, resize=ResizeRule(None)), "block2.conv", (5, 3, 4)
    rng = np.random.default_rng(0)
    image = xai.load_image(Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)))
    box = patch_box(config, image, receptive_field(model.module, layer, config.input_size), unit)
    inside = (slice(int(box.top), int(box.bottom)), slice(int(box.left), int(box.right)))
    assert 1 < inside[0].stop - inside[0].start < 16
    other = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
    around, within = other.copy(), image.pixels.copy()
    around[inside] = image.pixels[inside]
    within[inside] = other[inside]

    def activation(pixels: np.ndarray) -> float:
        inputs = prepare(config, xai.load_image(Image.fromarray(pixels))).tensor
        net = model.module
        with torch.no_grad():
            return float(net.block2.conv(net.halve(net.block1(inputs)))[0][unit])

    assert activation(around) == pytest.approx(activation(image.pixels), abs=1e-6)
    assert abs(activation(within) - activation(image.pixels)) > 1e-3
