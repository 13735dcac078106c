"""The sample pictures are photographs inside an installed package, found without importing it."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata

import numpy as np
import pytest
from PIL import Image

from xai_core.errors import ImageError
from xai_core.images import SAMPLES, load_sample
from xai_core.images.samples import sample_path

# From the docstrings of skimage.data, height first.
SIZES = {
    "cat": (300, 451),
    "coffee": (400, 600),
    "cameraman": (512, 512),
    "rocket": (427, 640),
    "motorcycle": (500, 741),
    "astronaut": (512, 512),
}


@pytest.mark.parametrize("key", SIZES)
def test_each_sample_has_its_documented_size_and_shows_something(key: str) -> None:
    image = load_sample(key)
    assert image.size == SIZES[key]
    assert image.pixels.std() > 20
    assert image.name == next(sample.title for sample in SAMPLES if sample.key == key)


def test_the_keys_are_these_and_each_has_a_title_and_a_credit() -> None:
    assert [sample.key for sample in SAMPLES] == list(SIZES)
    assert all(sample.title and sample.credit for sample in SAMPLES)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.key)
def test_each_file_is_listed_in_the_wheel_itself(sample) -> None:  # type: ignore[no-untyped-def]
    files = importlib.metadata.files("scikit-image") or []
    listed = {str(file): file.hash.value for file in files if file.hash}
    digest = hashlib.sha256(sample_path(sample).read_bytes()).digest()
    assert listed[f"skimage/data/{sample.file}"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_the_pixels_are_those_of_the_file() -> None:
    path = next(sample_path(sample) for sample in SAMPLES if sample.key == "cat")
    assert np.array_equal(load_sample("cat").pixels, np.asarray(Image.open(path)))


def test_an_unknown_key_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ImageError) as caught:
        load_sample("dog")
    assert str(caught.value) == (
        'There is no sample picture "dog"; choose one of cat, coffee, cameraman, rocket, motorcycle, astronaut.'
    )


def test_without_scikit_image_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ImageError, match="come with scikit-image, which is not installed"):
        load_sample("cat")
