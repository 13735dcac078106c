"""Decoding the frames of a DICOM file: stored values, the modality transformation, colours as RGB."""

from collections.abc import Iterator, Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import iter_pixels

from xai_core.images.scans.decoders import PLUGINS, check_frames, register
from xai_core.images.scans.dicom_file import frames_of
from xai_core.images.scans.refusals import reader_errors_refused

register()


def stored_frames(dataset: Dataset, indices: Sequence[int], label: str) -> Iterator[np.ndarray]:
    """Each wanted frame: (h, w) as stored, native byte order, or uint8 (h, w, 3) RGB for a colour image.

    dataset: from `kept_pixels`. Raises ImageError for damaged or lying pixel data.
    """
    with reader_errors_refused(label, "DICOM image"):
        check_frames(dataset, frames_of(dataset), label)
        plugin = PLUGINS.get(dataset.file_meta.TransferSyntaxUID, "")
        for frame in iter_pixels(dataset, indices=list(indices), decoding_plugin=plugin):
            yield _colour(frame, dataset) if is_colour(dataset) else frame.astype(frame.dtype.newbyteorder("="))


def is_colour(dataset: Dataset) -> bool:
    return int(dataset.get("SamplesPerPixel") or 1) > 1 or dataset.get("PhotometricInterpretation") == "PALETTE COLOR"


def linear_rescale(dataset: Dataset) -> tuple[float, float] | None:
    """(slope, intercept) of the modality transformation; None where it is a table. DICOM PS3.3 C.11.1."""
    if "ModalityLUTSequence" in dataset:
        return None
    if "RescaleSlope" in dataset and "RescaleIntercept" in dataset:
        return float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
    return 1.0, 0.0


def through_table(frame: np.ndarray, dataset: Dataset) -> np.ndarray:
    """(h, w) stored values through the modality table, float32."""
    return apply_modality_lut(frame, dataset).astype(np.float32)


def _colour(frame: np.ndarray, dataset: Dataset) -> np.ndarray:
    """RGB of eight bits; pydicom's reader has converted YBR, and deeper colours keep their upper eight bits."""
    bits = int(dataset.BitsStored)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        frame = apply_color_lut(frame, dataset)[..., :3]
        bits = int(dataset.RedPaletteColorLookupTableDescriptor[2])
    return (frame >> max(bits - 8, 0)).astype(np.uint8)
