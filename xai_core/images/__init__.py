"""From a file, its bytes or a PIL image to a SourceImage."""

from xai_core.images.limits import Limits
from xai_core.images.raster import load_image
from xai_core.images.samples import SAMPLES, Sample, load_sample

__all__ = ["SAMPLES", "Limits", "Sample", "load_image", "load_sample"]
