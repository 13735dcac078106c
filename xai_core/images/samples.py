"""Photographs to start with: those that scikit-image ships inside its own package."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from xai_core.errors import ImageError
from xai_core.images.raster import load_image
from xai_core.types import SourceImage


@dataclass(frozen=True)
class Sample:
    """file: its name in skimage/data. credit: licence and author as scikit-image's documentation gives them."""

    key: str
    title: str
    file: str
    credit: str


SAMPLES: tuple[Sample, ...] = (
    Sample("cat", "Cat (Chelsea)", "chelsea.png", "CC0, photograph by Stefan van der Walt"),
    Sample(
        "coffee", "Cup of coffee", "coffee.png", "CC0, photograph by Rachel Michetti, courtesy of Pikolo Espresso Bar"
    ),
    Sample("cameraman", "Cameraman with a tripod", "camera.png", "CC0, photograph by Lav Varshney"),
    Sample("rocket", "Rocket launch (Falcon 9)", "rocket.jpg", "Public domain, photograph by SpaceX"),
    Sample(
        "motorcycle",
        "Motorcycle",
        "motorcycle_left.png",
        "Middlebury 2014 stereo benchmark (Scharstein et al., GCPR 2014), scaled down; no licence is stated",
    ),
    Sample("astronaut", "Astronaut (Eileen Collins)", "astronaut.png", "Public domain, NASA Great Images database"),
)


def load_sample(key: str) -> SourceImage:
    """The sample picture with this key; raises ImageError for an unknown key or where scikit-image is not installed."""
    sample = next((sample for sample in SAMPLES if sample.key == key), None)
    if sample is None:
        keys = ", ".join(sample.key for sample in SAMPLES)
        raise ImageError(f'There is no sample picture "{key}"; choose one of {keys}.')
    return load_image(sample_path(sample), name=sample.title)


def sample_path(sample: Sample) -> Path:
    """Where the file lies in the installed scikit-image."""
    # Found without importing it: skimage loads scipy and takes a second.
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise ImageError("The sample pictures come with scikit-image, which is not installed; install it.")
    return Path(spec.submodule_search_locations[0]) / "data" / sample.file
