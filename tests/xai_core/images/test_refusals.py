"""What is no picture is refused in one sentence that says what to do."""

from __future__ import annotations

import os
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from tests.xai_core.images.image_bytes import NOISE, encoded
from xai_core.errors import ImageError
from xai_core.images import load_image

PNG = encoded(NOISE, "PNG")


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
