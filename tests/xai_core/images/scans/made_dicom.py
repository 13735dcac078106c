"""DICOM files made in code: a known volume cut into slices, with every element that a test wants to set."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

SERIES = generate_uid()


def made_slice(pixels: np.ndarray, **elements: object) -> Dataset:
    """A data set of one slice: (rows, columns) of an integer type; elements override or add to it by keyword."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage if elements.get("Modality") == "CT" else MRImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID = SERIES, generate_uid()
    dataset.FrameOfReferenceUID = generate_uid()
    dataset.Modality, dataset.ImageType = "MR", ["ORIGINAL", "PRIMARY"]
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelSpacing = [0.5, 0.5]
    dataset.SliceThickness = 1.0
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    for keyword, value in elements.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def file_bytes(dataset: Dataset) -> bytes:
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def made_stack(
    volume: np.ndarray,
    *,
    row: tuple[float, ...] = (1, 0, 0),
    column: tuple[float, ...] = (0, 1, 0),
    spacing_mm: tuple[float, float] = (0.5, 0.5),
    step_mm: float = 2.0,
    first: tuple[float, ...] = (-10.0, -20.0, -30.0),
    **elements: object,
) -> list[Dataset]:
    """(slice, row, column) as one data set a slice, the next one along the normal; instance numbers are misleading."""
    normal = np.cross(row, column)
    return [
        made_slice(
            pixels,
            ImagePositionPatient=[float(f"{x:.6f}") for x in np.array(first) + normal * step_mm * number],
            ImageOrientationPatient=[*map(float, row), *map(float, column)],
            PixelSpacing=list(spacing_mm),
            InstanceNumber=(number * 7) % len(volume) + 1,
            **elements,
        )
        for number, pixels in enumerate(volume)
    ]


def noise(*shape: int, seed: int = 0, dtype: type = np.int16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1000, shape).astype(dtype)
