"""What load_image accepts, what it returns and what it refuses, apart from colours and turning."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from tests.xai_core.images.picture_bytes import NOISE, encoded, valid_files
from xai_core.errors import ImageError
from xai_core.images import Limits, load_image

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


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "The picture does not exist; check the path."),
        ("missing/cat.png", 'The file "missing/cat.png" does not exist; check the path.'),
        ("zero\0byte.png", 'The file "zero?byte.png" cannot be opened; check the path and its permissions.'),
        (Path(), 'The file "." is a folder; give one picture file.'),
        (b"", "The picture is empty; give a PNG, JPEG, WebP, TIFF, BMP or GIF file."),
        (3, "A picture cannot be read from int; give a path, the file's bytes or a PIL image."),
        (NOISE, "A picture cannot be read from ndarray; give a path, the file's bytes or a PIL image."),
        (b"some text", "The picture is not a picture that can be read; give a PNG, JPEG, WebP, TIFF, BMP or GIF file."),
        (Image.new("RGB", (0, 0)), "The picture has 0 x 0 pixels; each side needs at least 8, so give a larger one."),
    ],
)
def test_a_source_that_is_no_picture_is_refused_in_these_words(source: object, sentence: str) -> None:
    with pytest.raises(ImageError) as caught:
        load_image(source)  # type: ignore[arg-type]
    assert str(caught.value) == sentence


def test_a_pil_image_that_cannot_be_decoded_is_refused() -> None:
    with pytest.raises(ImageError) as caught:
        load_image(Image.open(BytesIO(PNG[:900])))
    assert str(caught.value) == (
        "The picture is an incomplete, damaged or unusual picture; get it again or save it as an ordinary PNG."
    )


@pytest.mark.parametrize(
    "error", [EOFError, IndexError, KeyError, OverflowError, RecursionError, SyntaxError, struct.error, zlib.error]
)
def test_whatever_a_decoder_raises_becomes_one_sentence_without_its_words(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise error("decoder's own words")

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(ImageError, match=r"^The picture is an incomplete, [^']*\.$") as caught:
        load_image(encoded(NOISE, "BMP"))
    assert isinstance(caught.value.__cause__, error)


def test_a_lack_of_memory_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numpy.asarray", lambda _: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(ImageError, match="needs more memory than is free; scale it down first"):
        load_image(PNG)


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"\0\0\0\x18ftypheic", "a HEIC picture"), (b"%PDF-1.7", "a PDF document"), (b"<svg>", "an SVG drawing")],
)
def test_well_known_other_kinds_are_named(start: bytes, kind: str) -> None:
    with pytest.raises(ImageError) as caught:
        load_image(start + bytes(99), name="holiday.jpg")
    expected = f'The file "holiday.jpg" is {kind}, which is not read as a picture; '
    assert str(caught.value) == expected + "save it as PNG, JPEG, WebP, TIFF, BMP or GIF."


def test_an_empty_file_and_a_pipe_are_refused(tmp_path: Path) -> None:
    empty, pipe = tmp_path / "empty.png", tmp_path / "pipe.png"
    empty.touch()
    os.mkfifo(pipe)
    with pytest.raises(ImageError, match=r"empty\.png\" is empty"):
        load_image(empty)
    with pytest.raises(ImageError, match="is not an ordinary file"):
        load_image(pipe)


def test_a_message_holds_the_name_on_one_line_and_cut_to_a_readable_length() -> None:
    with pytest.raises(ImageError) as caught:
        load_image(b"x", name="two\nlines\u202e" + "a" * 500 + ".png")
    assert str(caught.value).startswith('The file "two?lines?aaa')
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (Limits(max_bytes=len(PNG) - 1), r"has 0\.002 MB; at most 0\.002 MB are read"),
        (Limits(max_pixels=619), "has 31 x 20 pixels; at most 0.001 million are read"),
        (Limits(min_side=21), "has 31 x 20 pixels; each side needs at least 21"),
    ],
)
def test_limits_are_exact(limits: Limits, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    for source in (PNG, path):
        with pytest.raises(ImageError, match=sentence):
            load_image(source, limits=limits)
    load_image(path, limits=Limits(max_bytes=len(PNG), max_pixels=620, min_side=20))


def test_pixel_limits_hold_for_pil_images_too() -> None:
    with pytest.raises(ImageError, match="The picture has 31 x 20 pixels; at most"):
        load_image(Image.fromarray(NOISE), limits=Limits(max_pixels=619))


def test_the_usual_limits_are_fifty_megabytes_and_sixty_million_pixels() -> None:
    assert Limits() == Limits(max_bytes=50_000_000, max_pixels=60_000_000, min_side=8)
    with pytest.raises(ImageError, match=r"has 50\.001 MB; at most 50 MB are read"):
        load_image(bytes(50_001_000))


def test_no_decoder_runs_but_that_of_the_recognised_format(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    for format_, (factory, accept) in list(Image.OPEN.items()):
        watched = lambda *args, format_=format_, factory=factory: (tried.append(format_), factory(*args))[1]  # noqa: E731
        monkeypatch.setitem(Image.OPEN, format_, (watched, accept))
    for data in valid_files().values():
        load_image(data)
    assert tried == ["PNG", "JPEG", "JPEG", "WEBP", "WEBP", "TIFF", "TIFF", "BMP", "GIF"]


def test_pillows_own_settings_stay_as_they_are() -> None:
    code = """
import warnings
from PIL import Image, ImageFile
limits = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
from xai_core.images import load_sample
filters = list(warnings.filters)
load_sample("cat")
assert limits == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
assert filters == warnings.filters
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
