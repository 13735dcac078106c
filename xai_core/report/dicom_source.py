"""To which study an exported DICOM file belongs: a new one of nobody, or, where the user wants it, the scan's own."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from xai_core.errors import ImageError
from xai_core.images.scans.geometry import LPS_TO_RAS
from xai_core.images.scans.refusals import reader_errors_refused
from xai_core.images.scans.volume import Volume

_ASKED_FOR = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber"),
    *("StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
_SAME_PLACE = 0.05  # voxels


def nobody(volume: Volume) -> Dataset:
    """A source image of no patient: fresh UIDs, empty names."""
    source = Dataset()
    source.file_meta = FileMetaDataset()
    source.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    source.SOPClassUID, source.SOPInstanceUID = MRImageStorage, generate_uid(prefix=None)
    source.StudyInstanceUID, source.SeriesInstanceUID = generate_uid(prefix=None), generate_uid(prefix=None)
    source.FrameOfReferenceUID = generate_uid(prefix=None)
    source.Rows, source.Columns, source.Modality = 1, 1, volume.modality or "MR"
    source.ImagePositionPatient, source.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    source.PixelSpacing, source.SliceThickness = [1, 1], 1
    return _completed(source)


def own_study(volume: Volume, files: Sequence[bytes]) -> list[Dataset]:
    """The headers of those files whose slices lie in the volume, with all identifiers; raises ImageError for none."""
    found = []
    for data in files:
        with reader_errors_refused("A source file", "DICOM file"):
            header = dcmread(BytesIO(data), stop_before_pixels=True, force=True)
            if _lies_in(header, volume):
                found.append(_completed(header))
    if not found:
        raise ImageError(
            "None of the files given is a DICOM slice of this volume, so the export cannot keep its study; give the "
            "files that the volume was read from, or export without the study."
        )
    return found


def _lies_in(header: Dataset, volume: Volume) -> bool:
    """Whether the corner of the (first) slice is a corner voxel of one of the volume's slices."""
    frame = (header.get("PerFrameFunctionalGroupsSequence") or [Dataset()])[0]
    place = (frame.get("PlanePositionSequence") or [header])[0].get("ImagePositionPatient")
    if place is None or "FrameOfReferenceUID" not in header:
        return False
    ras = LPS_TO_RAS @ np.array(place, float)
    voxel = (np.linalg.inv(volume.affine) @ (*ras, 1.0))[:3]
    nearest, last = np.rint(voxel), np.array(volume.voxels.shape[:3]) - 1
    at_corner = int(((nearest == 0) | (nearest == last)).sum()) >= 2
    inside = bool(((nearest >= 0) & (nearest <= last)).all())
    return inside and at_corner and float(np.abs(voxel - nearest).max()) < _SAME_PLACE


def _completed(source: Dataset) -> Dataset:
    """With an empty value for each element that an export asks its source for."""
    for keyword in _ASKED_FOR:
        if keyword not in source:
            setattr(source, keyword, "")
    return source
