"""Results as DICOM: the picture as seen (Secondary Capture) and the raw values of a map (Parametric Map).

A file belongs to a new study of nobody, or, where the user wants it, to the scan's own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import highdicom as hd
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from xai_core.errors import ImageError, SightlineError
from xai_core.images.scans.geometry import LPS_TO_RAS
from xai_core.images.scans.refusals import reader_errors_refused
from xai_core.images.scans.slicing import AXES, Edges, edge_letters
from xai_core.images.scans.volume import Plane, Volume
from xai_core.report.nifti import check_values
from xai_core.types import CLINICAL_CAUTION, RESEARCH_ONLY

_MAKER, _VERSION = "Sightline", "1"
_RIGHT_ANGLE = 1e-4
_DICOM_LETTERS = str.maketrans("SI", "HF")
_REFERENCES = ("ReferencedSeriesSequence", "SourceImageSequence", "StudiesContainingOtherReferencedInstancesSequence")
_ASKED_FOR = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber"),
    *("StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
_SAME_PLACE = 0.05  # voxels


def parametric_map(
    volume: Volume, values: np.ndarray, *, label: str = "HEAT_MAP", keep_study_of: Sequence[bytes] | None = None
) -> bytes:
    """values, float32 (x, y, z) on the volume's voxels, as a Parametric Map of the plane of acquisition.

    keep_study_of: the bytes of the files that the volume was read from, where the user wants the export in their
    study, with the patient's identifiers, their frame of reference and references to them; without it the file
    belongs to a new study of nobody. Raises ImageError where the shapes or the files do not fit.
    """
    check_values(volume, values)
    if not volume.oriented:
        raise ImageError("The scan does not say where it lies in the patient, so its map cannot be placed as DICOM.")
    with _writable():
        return _map_bytes(volume, values, label, keep_study_of)


def _map_bytes(volume: Volume, values: np.ndarray, label: str, keep_study_of: Sequence[bytes] | None) -> bytes:
    sources = [nobody(volume)] if keep_study_of is None else own_study(volume, keep_study_of)
    known = np.nan_to_num(np.asarray(values, np.float32), posinf=0, neginf=0)
    low, high = float(known.min()), float(known.max())
    result = hd.pm.ParametricMap(
        source_images=sources,
        **_placed(volume, known, sources[0].FrameOfReferenceUID),
        series_instance_uid=generate_uid(prefix=None),
        series_number=1,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer=_MAKER,
        manufacturer_model_name=_MAKER,
        software_versions=_VERSION,
        device_serial_number="0",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[
            hd.pm.RealWorldValueMapping("RAW", "raw values of the map", codes.UCUM.NoUnits, (low, high), 1.0, 0.0)
        ],
        voi_lut_transformations=[
            hd.VOILUTTransformation(window_center=(low + high) / 2, window_width=max(high - low, 1e-6))
        ],
        content_label=label,
        content_description=RESEARCH_ONLY,
    )
    return _bytes(result, referring=keep_study_of is not None)


def secondary_capture(
    volume: Volume,
    plane: Plane,
    index: int,
    image: np.ndarray,
    *,
    keep_study_of: Sequence[bytes] | None = None,
) -> bytes:
    """picture, uint8 (h, w, 3) RGB of a slice as seen, any size of the same outer edges, as a Secondary Capture.

    It says where in the patient its pixels lie. keep_study_of: as for `parametric_map`. Raises ImageError.
    """
    with _writable():
        return _picture_bytes(volume, plane, index, image, keep_study_of)


@contextmanager
def _writable() -> Iterator[None]:
    """Turn what the writer raises over an odd scan into one sentence; its own words may quote the file."""
    try:
        yield
    except SightlineError:
        raise
    except Exception:  # over odd headers the writers raise anything
        raise ImageError("This scan's geometry or header cannot be written as DICOM; take the NIfTI map.") from None


def _picture_bytes(
    volume: Volume, plane: Plane, index: int, image: np.ndarray, keep_study_of: Sequence[bytes] | None
) -> bytes:
    sources = [nobody(volume)] if keep_study_of is None else own_study(volume, keep_study_of)
    first = sources[0]
    edges = edge_letters(volume, plane)
    result = hd.sc.SCImage(
        pixel_array=np.ascontiguousarray(image),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        study_instance_uid=first.StudyInstanceUID,
        series_instance_uid=generate_uid(prefix=None),
        series_number=1,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer=_MAKER,
        patient_id=first.PatientID,
        patient_name=first.PatientName,
        patient_birth_date=first.PatientBirthDate,
        patient_sex=first.PatientSex or None,
        accession_number=first.AccessionNumber,
        study_id=first.StudyID,
        study_date=first.StudyDate or None,
        study_time=first.StudyTime or None,
        referring_physician_name=first.ReferringPhysicianName,
        patient_orientation=("L", "P"),  # highdicom takes one letter for a side; the true ones follow
    )
    result.PatientOrientation = _orientation(edges) or []
    result.ImageComments = CLINICAL_CAUTION
    result.BurnedInAnnotation = "NO"
    across, down, _ = AXES[plane]
    if volume.oriented and not _sheared(volume.affine[:3, [across, down]]):  # DICOM knows no other pictures' places
        _place_image(result, volume, plane, index, image.shape[:2])
        result.FrameOfReferenceUID = first.FrameOfReferenceUID
    result.SourceImageSequence = [_reference(source) for source in sources]
    return _bytes(result, referring=keep_study_of is not None)


def _placed(volume: Volume, values: np.ndarray, frame_of_reference: str) -> dict[str, Any]:
    """(slice, row, column) of the plane of acquisition as it is shown, and where each lies, as highdicom takes them.

    ImageError: rows and columns of the plane are not at a right angle.
    """
    across, down, along = AXES[volume.plane]
    frames = np.moveaxis(values, (along, down, across), (0, 1, 2))[:, ::-1, ::-1]
    start = np.array([0.0, 0.0, 0.0, 1.0])
    start[across], start[down] = values.shape[across] - 1, values.shape[down] - 1
    affine = np.eye(4)
    steps = np.stack([volume.affine[:3, along], -volume.affine[:3, down], -volume.affine[:3, across]], axis=1)
    affine[:3, :3] = LPS_TO_RAS @ steps
    affine[:3, 3] = LPS_TO_RAS @ (volume.affine @ start)[:3]
    pixels = np.ascontiguousarray(frames)
    if not _sheared(affine[:3, :3]):
        return {
            "pixel_array": hd.Volume(
                pixels, affine, coordinate_system="PATIENT", frame_of_reference_uid=frame_of_reference
            )
        }
    if _sheared(affine[:3, 1:3]):
        raise ImageError(
            "Rows and columns of the scan are not at a right angle, which DICOM cannot say; take the NIfTI map."
        )
    # A tilted gantry: every slice is a rectangle with a place of its own, and highdicom's volumes have none such.
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    row, column = affine[:3, 2] / spacing[2], affine[:3, 1] / spacing[1]
    positions = [affine[:3, 3] + number * affine[:3, 0] for number in range(len(pixels))]
    apart = abs(float(np.cross(row, column) @ affine[:3, 0]))
    return {
        "pixel_array": pixels,
        "pixel_measures": hd.PixelMeasuresSequence(
            [_short(mm) for mm in spacing[1:]], slice_thickness=_short(apart), spacing_between_slices=_short(apart)
        ),
        "plane_orientation": hd.PlaneOrientationSequence("PATIENT", [_short(part) for part in (*row, *column)]),
        "plane_positions": [hd.PlanePositionSequence("PATIENT", [_short(mm) for mm in at]) for at in positions],
    }


def _sheared(steps: np.ndarray) -> bool:
    """Whether directions, float64 (3, n), are not at right angles."""
    unit = steps / np.linalg.norm(steps, axis=0)
    return bool(np.abs(unit.T @ unit - np.eye(steps.shape[1])).max() > _RIGHT_ANGLE)


def _place_image(result: Dataset, volume: Volume, plane: Plane, index: int, size: tuple[int, int]) -> None:
    """Position, orientation and spacing of a picture of the slice; it shares the slice's outer edges."""
    across, down, along = AXES[plane]
    shape, affine = volume.voxels.shape, volume.affine
    steps = [affine[:3, down] * shape[down] / size[0], affine[:3, across] * shape[across] / size[1]]
    start = np.array([0.0, 0.0, 0.0, 1.0])
    start[along] = index
    start[across] = shape[across] - 0.5 - shape[across] / size[1] / 2
    start[down] = shape[down] - 0.5 - shape[down] / size[0] / 2
    spacing = [float(np.linalg.norm(step)) for step in steps]
    row, column = (LPS_TO_RAS @ -steps[n] / spacing[n] for n in (1, 0))
    result.PixelSpacing = [_short(mm) for mm in spacing]
    result.ImagePositionPatient = [_short(mm) for mm in LPS_TO_RAS @ (affine @ start)[:3]]
    result.ImageOrientationPatient = [_short(part) for part in (*row, *column)]


def _orientation(edges: Edges) -> list[str] | None:
    """DICOM's letters for where rows and columns lead: head and feet for top and bottom; several where they lean
    (PS3.3 C.7.6.1.1.1), none where the scan does not say."""
    if not edges.right:
        return None
    return [edges.right.translate(_DICOM_LETTERS), edges.bottom.translate(_DICOM_LETTERS)]


def _reference(source: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    return item


def _bytes(result: Dataset, *, referring: bool) -> bytes:
    """The file; without references where its source is nobody's."""
    for keyword in _REFERENCES:
        if not referring and keyword in result:
            delattr(result, keyword)
    stream = BytesIO()
    result.save_as(stream)
    return stream.getvalue()


def _short(value: float) -> float:
    """At most 16 characters, as DICOM's decimal strings have it."""
    return float(f"{value:.8g}")


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
