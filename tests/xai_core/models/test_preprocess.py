"""Oracles: torchvision's preset and timm's transform, bit for bit; and pictures whose values tell their positions."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import get_model_weights
from torchvision.transforms import InterpolationMode, functional
from torchvision.transforms._presets import ImageClassification

from xai_core.errors import ImageError, ModelError
from xai_core.images.display import display_pixels
from xai_core.models.preprocess import model_view, prepare
from xai_core.models.sources.torchvision_zoo import configs
from xai_core.types import Box, ModelConfig, ResizeRule, SourceImage, Window

# (height, width): landscape, portrait, square, odd, exact, tiny, smaller than the crop, elongated, one pixel
SIZES = [(360, 640), (500, 375), (300, 300), (233, 317), (256, 341), (256, 256), (3, 5), (100, 90), (40, 900), (1, 1)]


def config(input_size=(224, 224), shorter_side=256, interpolation="bilinear", *, antialias=True):
    rule = ResizeRule(shorter_side, interpolation, antialias)
    means, deviations = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return ModelConfig("test", "Test", "", "", input_size, means, deviations, rule, ("a", "b"))


def photograph(pixels):
    return SourceImage(pixels, "test.png", "photograph", hashlib.sha256(pixels.tobytes()).hexdigest())


def scan(pixels, window=None):
    return SourceImage(np.asarray(pixels, np.float32), "test.dcm", "scan", "0", window=window)


def noise(height, width):
    return np.random.default_rng(height * 10_000 + width).integers(0, 256, (height, width, 3), np.uint8)


def preset_of(c):
    return ImageClassification(
        crop_size=c.input_size[0],
        resize_size=c.resize.shorter_side,
        mean=c.mean,
        std=c.std,
        interpolation=InterpolationMode(c.resize.interpolation),
        antialias=c.resize.antialias,
    )


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("shorter_side", [256, 232, 225, 224, 100])
def test_the_tensor_is_torchvisions_bit_for_bit(size, interpolation, shorter_side):
    c, pixels = config(shorter_side=shorter_side, interpolation=interpolation), noise(*size)
    expected = preset_of(c)(Image.fromarray(pixels))
    tensor = prepare(c, photograph(pixels), "cpu").tensor
    assert tensor.shape == (1, 3, 224, 224)
    assert tensor.dtype == torch.float32
    assert torch.equal(tensor[0], expected)


@pytest.mark.parametrize("c", configs(), ids=lambda c: c.key)
def test_every_card_prepares_as_its_weights_preset(c):
    pixels = noise(233, 317)
    expected = get_model_weights(c.key.split("/")[1]).DEFAULT.transforms()(Image.fromarray(pixels))
    assert torch.equal(prepare(c, photograph(pixels), "cpu").tensor[0], expected)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_tensor_is_timms_bit_for_bit(size):
    from timm.data import create_transform

    c, pixels = config(interpolation="bicubic"), noise(*size)
    transform = create_transform((3, 224, 224), interpolation="bicubic", crop_pct=0.875, mean=c.mean, std=c.std)
    assert torch.equal(prepare(c, photograph(pixels), "cpu").tensor[0], transform(Image.fromarray(pixels)))


@pytest.mark.parametrize("size", [(360, 640), (100, 90)], ids=str)
def test_without_antialias_it_is_torchvisions_preset_on_a_tensor(size):
    c, pixels = config(antialias=False), noise(*size)
    expected = preset_of(c)(torch.from_numpy(pixels).permute(2, 0, 1))
    assert torch.equal(prepare(c, photograph(pixels), "cpu").tensor[0], expected)


def test_without_a_shorter_side_the_whole_picture_is_stretched():
    pixels = noise(360, 640)
    c = config((96, 128), shorter_side=None)
    given = prepare(c, photograph(pixels), "cpu")
    expected = Image.fromarray(pixels).resize((128, 96), Image.Resampling.BILINEAR)
    assert np.array_equal(model_view(c, given), np.asarray(expected))
    assert given.box == Box(0, 0, 640, 360)


@pytest.mark.parametrize(
    ("size", "shorter_side", "box"),
    [
        ((256, 256), 256, Box(16, 16, 240, 240)),
        ((512, 512), 256, Box(32, 32, 480, 480)),  # every model pixel is two picture pixels
        ((256, 356), 256, Box(66, 16, 290, 240)),
        ((356, 256), 256, Box(16, 66, 240, 290)),
        ((224, 225), 224, Box(0, 0, 224, 224)),  # half a pixel over: round(0.5) is 0
        ((100, 100), 100, Box(-62, -62, 162, 162)),  # 124 pixels of padding, 62 on each side
        ((101, 101), 101, Box(-61, -61, 163, 163)),  # 123: torchvision puts the odd one right and below
        ((100, 400), 100, Box(88, -62, 312, 162)),
    ],
)
def test_the_box_is_the_hand_computed_one(size, shorter_side, box):
    assert prepare(config(shorter_side=shorter_side), photograph(noise(*size)), "cpu").box == box


def test_each_axis_of_the_box_has_its_own_ratio():
    # 256 * 317 / 233 = 348.3 is cut to 348: x is scaled by 348/317, y by 256/233; the crop starts at (62, 16).
    box = prepare(config(), photograph(noise(233, 317)), "cpu").box
    expected = [62 * 317 / 348, 16 * 233 / 256, 286 * 317 / 348, 240 * 233 / 256]
    assert [box.left, box.top, box.right, box.bottom] == pytest.approx(expected)


def position_image(height, width):
    """Red encodes x, green y: position p of an axis of length n has the value 255 p / (n - 1)."""
    red = np.rint(np.linspace(0, 255, width))[None, :].repeat(height, axis=0)
    green = np.rint(np.linspace(0, 255, height))[:, None].repeat(width, axis=1)
    return np.stack([red, green, np.zeros_like(red)], axis=2).astype(np.uint8)


# Odd sizes: shrinking by a whole number would round every value by the same half grey level.
@pytest.mark.parametrize("size", [(90, 120), (233, 317), (307, 211), (509, 509), (120, 119), (641, 359)], ids=str)
@pytest.mark.parametrize(("shorter_side", "interpolation"), [(256, "bilinear"), (232, "bicubic"), (100, "bilinear")])
def test_the_values_lie_where_the_box_says(size, shorter_side, interpolation):
    c = config(shorter_side=shorter_side, interpolation=interpolation)
    given = prepare(c, photograph(position_image(*size)), "cpu")
    seen = model_view(c, given).astype(float)
    box = given.box
    spans = [(box.left, box.right, size[1], seen[112, :, 0]), (box.top, box.bottom, size[0], seen[:, 112, 1])]
    for start, end, length, values in spans:
        step = (end - start) / 224
        predicted = start + (np.arange(224) + 0.5) * step - 0.5  # centres of the model's pixels, in picture pixels
        found = values / 255 * (length - 1)
        margin = 2 * max(step, 1) + 1  # the resampling filter is cut off at the picture's edge
        inside = (predicted > margin) & (predicted < length - 1 - margin)
        assert inside.sum() > 50
        error = (found - predicted)[inside]
        assert np.abs(error).max() < max(0.5, length / 255)  # a grey level is length/255 pixels wide
        assert abs(error.mean()) < 0.15  # one model pixel is at least 0.35 here


def test_the_model_view_is_the_cropped_picture_itself():
    pixels = noise(360, 640)
    c = config(shorter_side=100)
    small = functional.resize(Image.fromarray(pixels), [100])
    expected = functional.center_crop(small, [224, 224])
    view = model_view(c, prepare(c, photograph(pixels), "cpu"))
    assert view.dtype == np.uint8
    assert np.array_equal(view, np.asarray(expected))


def test_a_scan_is_shown_through_its_window():
    # 0 and below are black, 1000 and above white, linear between: 255 * 400 / 1000 = 102.
    values = [[-2000, 0, 400], [1000, 3000, np.nan]]
    shown = display_pixels(scan(values, Window(center=500, width=1000)))
    assert shown.shape == (2, 3, 3)
    assert shown[:, :, 0].tolist() == [[0, 0, 102], [255, 255, 0]]
    assert (shown == shown[:, :, :1]).all()


def test_a_scan_without_a_window_spans_its_own_finite_range():
    assert display_pixels(scan([[-10, 0, np.inf], [10, np.nan, -np.inf]]))[:, :, 0].tolist() == [
        [0, 128, 255],
        [255, 0, 0],
    ]


@pytest.mark.parametrize(
    ("pixels", "window", "shown"),
    [
        ([[7, 7]], None, [[0, 0]]),
        ([[np.nan, np.nan]], None, [[0, 0]]),
        ([[6, 7, 8]], Window(center=7, width=0), [[0, 0, 255]]),
    ],
)
def test_a_flat_scan_and_a_window_of_no_width_give_no_warning(pixels, window, shown):
    assert display_pixels(scan(pixels, window))[:, :, 0].tolist() == shown


def test_a_scan_is_prepared_as_the_picture_it_is_shown_as():
    values = np.random.default_rng(1).normal(300, 200, (90, 120))
    image = scan(values, Window(300, 600))
    shown = photograph(display_pixels(image))
    assert torch.equal(prepare(config(), image, "cpu").tensor, prepare(config(), shown, "cpu").tensor)


def test_a_photograph_is_left_as_it_was():
    pixels = noise(50, 60)
    pixels.setflags(write=False)
    before = pixels.copy()
    prepare(config(), photograph(pixels), "cpu")
    assert np.array_equal(pixels, before)


def test_a_hopelessly_elongated_picture_is_refused_before_it_fills_the_memory():
    with pytest.raises(ImageError, match=r"8000 x 1 pixels.*sides up to 1 : 762 are allowed"):
        prepare(config(), photograph(np.zeros((1, 8000, 3), np.uint8)), "cpu")


def test_the_tensor_lies_on_the_device_asked_for():
    assert prepare(config(), photograph(noise(20, 20)), torch.device("meta")).tensor.is_meta


def test_one_mean_reads_the_luma_as_torchvisions_grayscale_gives_it():
    c = replace(config(), mean=(0.449,), std=(0.226,))
    pixels = noise(300, 400)
    given = prepare(c, photograph(pixels))
    grey = functional.to_grayscale(functional.resize(Image.fromarray(pixels), 256))
    expected = (functional.to_tensor(functional.center_crop(grey, [224, 224])) - 0.449) / 0.226
    assert given.tensor.shape == (1, 1, 224, 224)
    assert (given.tensor[0] - expected).abs().max() < 1e-6
    seen = model_view(c, given)
    assert seen.shape == (224, 224, 3)
    assert (seen[..., 0] == np.asarray(functional.center_crop(grey, [224, 224]))).all()


def test_bgr_reverses_the_channels_and_the_view_shows_true_colours():
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)  # blue, green, red
    pixels = np.zeros((224, 224, 3), np.uint8) + np.array([255, 102, 0], np.uint8)
    c = replace(config(), mean=mean, std=std, resize=ResizeRule(None), channel_order="BGR")
    given = prepare(c, photograph(pixels))
    assert given.tensor[0, :, 0, 0].tolist() == pytest.approx([(0 - 0.4) / 0.2, (0.4 - 0.5) / 0.3, (1 - 0.6) / 0.4])
    assert (model_view(c, given) == pixels).all()


def test_other_numbers_of_channels_are_refused():
    with pytest.raises(ModelError, match=r"reads 4 channels, (and|but) a picture has"):
        prepare(replace(config(), mean=(0.5,) * 4, std=(0.5,) * 4), photograph(noise(30, 30)))
