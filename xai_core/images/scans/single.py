"""One slice of a scan as a picture, where a single picture is asked for."""

from __future__ import annotations

from dataclasses import replace

from xai_core.images.limits import Limits, check_size
from xai_core.images.scan_format import scan_format
from xai_core.images.scans.dicom_frame import frames_in
from xai_core.images.scans.dicom_volume import build_volume
from xai_core.images.scans.limits import DEFAULT_SCAN_LIMITS
from xai_core.images.scans.nifti import nifti_series
from xai_core.images.scans.slicing import slice_count, slice_image
from xai_core.images.scans.stacks import stacks_of
from xai_core.images.scans.volume import Volume
from xai_core.types import SourceImage

_LABEL = "The scan"


def middle_slice(data: bytes, limits: Limits) -> SourceImage:
    """The middle slice, in the plane of acquisition, of a DICOM or NIfTI file; raises ImageError."""
    volume, held = _nifti(data) if scan_format(data) == "NIfTI" else _dicom(data, limits)
    image = slice_image(volume, volume.plane, slice_count(volume, volume.plane) // 2)
    check_size(*image.size[::-1], _LABEL, limits)
    note = (f"The file holds {held} slices; the middle one was taken.",) if held > 1 else ()
    return replace(image, name=f"{volume.modality or 'Scan'} slice", notes=(*image.notes, *note))


def _nifti(data: bytes) -> tuple[Volume, int]:
    series = nifti_series(data, _LABEL, DEFAULT_SCAN_LIMITS)
    return series.volume(), series.slices * len(series.steps)


def _dicom(data: bytes, limits: Limits) -> tuple[Volume, int]:
    """Only the middle frame is decoded."""
    frames = frames_in(data, _LABEL, DEFAULT_SCAN_LIMITS)
    check_size(*frames[0].size[::-1], _LABEL, limits)
    stack = stacks_of(frames)[0][0]
    step = stack.steps[0]
    middle = step[len(step) // 2]
    return build_volume([middle], _LABEL, DEFAULT_SCAN_LIMITS, stack.notes, lambda _done, _total: None), len(frames)
