"""What load_image accepts and returns."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.xai_core.images.image_bytes import NOISE, encoded, valid_files
from xai_core.images import load_image

PNG = encoded(NOISE, "PNG")
LOSSLESS = ["plain.png", "lossless.webp", "raw.tif", "lzw.tif", "plain.bmp"]


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_give_the_very_pixels_that_were_stored(name: str) -> None:
    image = load_image(valid_files()[name], name=name)
    assert np.array_equal(image.pixels, NOISE)
    assert image.notes == ()


@pytest.mark.parametrize("name", ["baseline.jpg", "progressive.jpg", "lossy.webp"])
def test_lossy_formats_stay_near_to_a_smooth_picture(name: str) -> None:
    ramp = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)
    smooth = np.stack([ramp, ramp, ramp], axis=-1)
    options = {"progressive": name.startswith("progressive"), "quality": 95}
    data = encoded(smooth, "WEBP" if name.endswith("webp") else "JPEG", **options)
    assert np.abs(load_image(data).pixels.astype(int) - smooth).max() <= 6


def test_path_text_bytes_and_pil_image_give_the_same_picture(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    images = [load_image(source) for source in (path, str(path), PNG, Image.open(path), Image.fromarray(NOISE))]
    assert {image.digest for image in images} == {images[0].digest}
    assert [image.name for image in images] == ["cat.png", "cat.png", "picture", "cat.png", "picture"]


def test_the_format_is_told_by_the_content_and_not_by_the_name(tmp_path: Path) -> None:
    path = tmp_path / "wrong.jpg"
    path.write_bytes(PNG)
    assert np.array_equal(load_image(path).pixels, NOISE)


def test_the_pixels_are_contiguous_bytes_that_cannot_be_changed() -> None:
    original = Image.fromarray(NOISE)
    image = load_image(original)
    assert image.pixels.dtype == np.uint8
    assert image.pixels.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        image.pixels[0, 0, 0] = 1
    original.paste((0, 0, 0), (0, 0, 31, 20))
    assert np.array_equal(image.pixels, NOISE)
    assert (image.kind, image.size, image.window, image.spacing_mm) == ("photograph", (20, 31), None, None)


def test_the_digest_is_sha256_of_shape_type_and_pixels() -> None:
    expected = hashlib.sha256(b"(20, 31, 3) |u1 " + NOISE.tobytes()).hexdigest()
    assert load_image(PNG).digest == expected


def test_the_digest_follows_pixels_and_shape_and_not_the_name_or_format() -> None:
    changed = NOISE.copy()
    changed[3, 4, 1] ^= 1
    reshaped = NOISE.reshape(31, 20, 3)
    digest = load_image(PNG, name="a").digest
    assert load_image(encoded(NOISE, "BMP"), name="b").digest == digest
    assert len({digest, load_image(Image.fromarray(changed)).digest, load_image(Image.fromarray(reshaped)).digest}) == 3


def test_a_first_frame_is_taken_and_said() -> None:
    frames = [Image.new("RGB", (12, 10), colour) for colour in ("red", "lime", "blue")]
    for format_ in ("GIF", "WEBP", "TIFF", "PNG"):
        options = {"lossless": True} if format_ == "WEBP" else {}
        image = load_image(encoded(frames[0], format_, save_all=True, append_images=frames[1:], **options))
        assert (image.pixels == (255, 0, 0)).all()
        assert image.notes[-1] == "The file holds several frames or pages; the first was taken."


def test_a_pil_image_keeps_the_frame_its_owner_chose() -> None:
    frames = [Image.new("RGB", (12, 10), colour) for colour in ("red", "lime")]
    opened = Image.open(BytesIO(encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])))
    opened.seek(1)
    assert (load_image(opened).pixels == (0, 255, 0)).all()
    assert opened.tell() == 1


def test_no_decoder_runs_but_that_of_the_recognised_format(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    for format_, (factory, accept) in list(Image.OPEN.items()):
        watched = lambda *args, format_=format_, factory=factory: (tried.append(format_), factory(*args))[1]  # noqa: E731
        monkeypatch.setitem(Image.OPEN, format_, (watched, accept))
    for data in valid_files().values():
        load_image(data)
    assert tried == ["PNG", "JPEG", "JPEG", "WEBP", "WEBP", "TIFF", "TIFF", "BMP", "GIF"]
