"""Grey values of more than eight bits are stretched from their own minimum and maximum."""

from __future__ import annotations

import io
import zlib
from fractions import Fraction

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.xai_core.images.image_bytes import chunk, encoded, grey_tiff, header, png
from xai_core.errors import ImageError
from xai_core.images import load_image

VALUES = np.random.default_rng(5).integers(310, 4096, (10, 12)).astype(np.uint16)
VALUES[0, 0], VALUES[9, 11] = 310, 4095


def by_hand(values: np.ndarray) -> np.ndarray:
    """Exact arithmetic, rounded half to even as Python does."""
    low, high = Fraction(float(values.min())), Fraction(float(values.max()))
    exact = [round((Fraction(float(value)) - low) * 255 / (high - low)) for value in values.ravel()]
    return np.array(exact, np.uint8).reshape(values.shape)


def written_by_tifffile(values: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def png16(values: np.ndarray, *between: bytes) -> bytes:
    """A PNG file of uint16 (h, w) grey or (h, w, 3) RGB, with chunks between header and data."""
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    size = header(values.shape[1], values.shape[0], 16, 0 if values.ndim == 2 else 2)
    return png(size, *between, chunk(b"IDAT", zlib.compress(lines)))


SIXTEEN = "The picture has 16-bit grey values 310 to 4095; they were stretched to 0 to 255."


@pytest.mark.parametrize(
    "data",
    [
        written_by_tifffile(VALUES, byteorder="<"),
        written_by_tifffile(VALUES, byteorder=">"),
        written_by_tifffile(VALUES, compression="zlib"),
        grey_tiff(VALUES, "<"),
        grey_tiff(VALUES, ">"),
        png16(VALUES),
    ],
    ids=["little", "big", "deflated", "own little", "own big", "png"],
)
def test_sixteen_bits_are_stretched_exactly_and_said(data: bytes) -> None:
    image = load_image(data)
    assert np.array_equal(image.pixels, np.stack([by_hand(VALUES)] * 3, axis=-1))
    assert image.notes == (SIXTEEN,)


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
def test_sixteen_bit_pil_images_are_stretched(mode: str) -> None:
    raw = VALUES.astype(">u2" if mode.endswith("B") else "<u2").tobytes()
    image = load_image(Image.frombytes(mode, (12, 10), raw))
    assert np.array_equal(image.pixels[..., 0], by_hand(VALUES))
    assert image.notes == (SIXTEEN,)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("values", "note"),
    [
        (np.linspace(-2.5, 3.5, 120, dtype=np.float32), "floating-point grey values -2.5 to 3.5"),
        (np.linspace(-3.4e38, 3.4e38, 120, dtype=np.float32), "floating-point grey values -3.4e+38 to 3.4e+38"),
        (np.arange(-70, 50, dtype=np.int16) * 400, "whole-number grey values -28000 to 19600"),
        (np.arange(-60, 60, dtype=np.int32) * 20_000_003, "whole-number grey values -1.2e+09 to 1.18e+09"),
    ],
)
def test_floats_and_signed_numbers_are_stretched(values: np.ndarray, note: str, order: str) -> None:
    values = values.reshape(10, 12)
    image = load_image(written_by_tifffile(values, byteorder=order))
    assert np.array_equal(image.pixels[..., 2], by_hand(values))
    assert image.notes == (f"The picture has {note}; they were stretched to 0 to 255.",)


def test_a_tall_picture_is_stretched_as_one() -> None:
    values = np.arange(1500 * 8, dtype=np.uint16).reshape(1500, 8)
    assert np.array_equal(load_image(grey_tiff(values)).pixels[..., 0], by_hand(values))


@pytest.mark.parametrize(
    ("values", "order"),
    [(VALUES, "<"), (VALUES.astype(np.float32), "<"), (VALUES.astype(np.float32), ">")],
    ids=["16 bit", "float", "big-endian float"],
)
def test_low_values_are_light_where_the_file_says_so(values: np.ndarray, order: str) -> None:
    image = load_image(written_by_tifffile(values, photometric="miniswhite", byteorder=order))
    assert np.array_equal(image.pixels[..., 0], 255 - by_hand(VALUES))
    assert image.notes[0].endswith("they were stretched to 255 to 0.")


@pytest.mark.parametrize("value", [0, 310, 65_535])
def test_a_flat_picture_is_mid_grey(value: int) -> None:
    image = load_image(grey_tiff(np.full((9, 9), value, np.uint16)))
    assert (image.pixels == 128).all()
    assert image.notes == (f"All its 16-bit grey values are {value}; they are shown as mid grey.",)


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf"])
def test_values_that_are_no_numbers_are_refused(bad: str) -> None:
    values = np.linspace(0, 1, 120, dtype=np.float32).reshape(10, 12)
    values[4, 4] = float(bad)
    with pytest.raises(ImageError) as caught:
        load_image(grey_tiff(values), name="map.tif")
    assert str(caught.value) == (
        'The file "map.tif" holds grey values that are NaN or infinite; replace them and save it again.'
    )


def test_a_transparent_sixteen_bit_value_becomes_white() -> None:
    image = load_image(png16(VALUES, chunk(b"tRNS", (310).to_bytes(2, "big"))))
    clear = VALUES == 310
    assert (image.pixels[clear] == 255).all()
    assert np.array_equal(image.pixels[~clear][:, 0], by_hand(VALUES)[~clear])
    assert image.notes == (SIXTEEN, "Transparent parts were laid on white.")


def test_a_colour_profile_of_deep_grey_is_ignored_and_said() -> None:
    data = encoded(Image.fromarray(VALUES), "TIFF", icc_profile=b"any")
    image = load_image(data)
    assert np.array_equal(image.pixels[..., 0], by_hand(VALUES))
    assert image.notes[1] == "The embedded colour profile was ignored, since the grey values were stretched."


def test_sixteen_bit_colours_keep_their_upper_eight_bits() -> None:
    colours = np.random.default_rng(2).integers(0, 65_536, (9, 10, 3)).astype(np.uint16)
    for data in (written_by_tifffile(colours, photometric="rgb"), png16(colours)):
        image = load_image(data)
        assert np.array_equal(image.pixels, colours >> 8)
        assert image.notes == ("The picture has 16 bits a channel; the upper eight were kept.",)
