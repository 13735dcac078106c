"""Data sets that need no download: scikit-learn's handwritten digits and the sample photographs."""

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np

from xai_core.datasets.dataset import Dataset, DatasetItem, DatasetSource
from xai_core.datasets.listing import listing_digest
from xai_core.errors import ImageError
from xai_core.images.digest import array_digest
from xai_core.images.samples import SAMPLES, load_sample, sample_path
from xai_core.types import SourceImage

_WHITE = 16  # the digits' grey values count the black ones of 4 x 4 pixels of a larger picture


def open_digits() -> Dataset:
    """1797 digits of 8 x 8 pixels, light on dark, in scikit-learn's order; ids are "label/index".

    The test part of the UCI set "Optical recognition of handwritten digits" (Alpaydin and Kaynak 1998, CC BY 4.0).
    digest: over pixels and labels. ImageError where scikit-learn is not installed.
    """
    table = np.loadtxt(_digits_file(), delimiter=",", dtype=np.uint8)
    labels = table[:, -1]
    # 0..16 as 0..255, rounded.
    grey = np.rint(table[:, :-1].reshape(-1, 8, 8) * (255 / _WHITE)).astype(np.uint8)
    grey.setflags(write=False)
    return Dataset(
        name="Handwritten digits",
        items=tuple(DatasetItem(f"{label}/{index:04d}", int(label)) for index, label in enumerate(labels)),
        class_names=tuple(str(digit) for digit in range(10)),
        digest=listing_digest([(array_digest(grey), array_digest(labels))]),
        read=partial(_read_digit, grey),
    )


def _read_digit(grey: np.ndarray, item: str) -> SourceImage:
    pixels = np.repeat(grey[int(item.split("/")[1])][:, :, None], 3, axis=2)
    pixels.setflags(write=False)
    return SourceImage(pixels, item, "photograph", array_digest(pixels))


def _digits_file() -> Path:
    # Found without importing it: scikit-learn loads scipy and takes a second.
    spec = importlib.util.find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise ImageError("The handwritten digits come with scikit-learn, which is not installed; install it.")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"


def open_samples() -> Dataset:
    """The sample photographs, without classes; ids are their keys. digest: over the names and bytes of the files."""
    files = [(sample.key, sample_path(sample).read_bytes()) for sample in SAMPLES]
    return Dataset(
        name="Sample photographs",
        items=tuple(DatasetItem(sample.key, None) for sample in SAMPLES),
        class_names=(),
        digest=listing_digest((key, array_digest(np.frombuffer(data, np.uint8))) for key, data in files),
        read=load_sample,
    )


PHOTOGRAPHS = DatasetSource(
    "samples", "Samples", "nothing", open_samples, quick=True, tray=lambda item, _index: f"sample:{item}"
)
DIGITS = DatasetSource(
    "digits", "Digits", "nothing", open_digits, model="digits", tray=lambda _item, index: f"digit:{index}"
)
