"""One frame of a DICOM file: where it lies, what sets it apart from its neighbours, and how to decode it."""

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from pydicom.dataset import Dataset

from xai_core.errors import ImageError
from xai_core.images.scans.dicom_file import frames_of, kept_pixels, read_dicom
from xai_core.images.scans.dicom_pixels import is_colour, linear_rescale
from xai_core.images.scans.elements import number, numbers, words
from xai_core.images.scans.limits import ScanLimits
from xai_core.images.scans.mosaic import Tile, is_mosaic, tiles
from xai_core.images.scans.refusals import reader_errors_refused
from xai_core.images.scans.tags import dicom_tags, modality_of
from xai_core.images.scans.volume import NamedWindow
from xai_core.images.scans.windows import stored_windows

_SALT = secrets.token_bytes(16)  # two files of one series meet in one process only, and no UID can be guessed back
_LOCALISER = re.compile(r"\b(locali[sz]er|loc|scout|survey|topogram|3[- ]?plane)\b", re.IGNORECASE)
_PARTS = {"M": "magnitude", "P": "phase", "R": "real part", "I": "imaginary part"}
_UNIT_TOLERANCE = 1e-2
# What can set frames at one place apart, the likelier first: (element, functional group, element there, name).
_MARKS = (
    ("EchoTime", "MREchoSequence", "EffectiveEchoTime", "echo time {:g} ms"),
    ("DiffusionBValue", "MRDiffusionSequence", "DiffusionBValue", "b = {:g} s/mm²"),
    ("TemporalPositionIdentifier", "FrameContentSequence", "TemporalPositionIndex", "time {:g}"),
    ("InversionTime", "", "", "inversion time {:g} ms"),
    ("TriggerTime", "", "", "trigger {:g} ms"),
    ("AcquisitionNumber", "FrameContentSequence", "FrameAcquisitionNumber", "acquisition {:g}"),
)


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame that has not been decoded.

    pixels: what `kept_pixels` gave, shared by the frames of a file. index: the frame's number in it. tile: the part of
    the frame's picture that is meant, where that is a mosaic.
    series, identity: salted digests, good for comparing only. position (3,), orientation (2, 3): LPS; None if unknown.
    spacing_mm: between rows, between columns. rescale: (slope, intercept), None for a table. marks: name to value.
    """

    pixels: Dataset
    index: int
    series: bytes
    identity: bytes
    position: np.ndarray | None
    orientation: np.ndarray | None
    spacing_mm: tuple[float, float] | None
    thickness_mm: float | None
    rescale: tuple[float, float] | None
    windows: tuple[NamedWindow, ...]
    marks: Mapping[str, float | str]
    localiser: bool
    modality: str
    tags: Mapping[str, str]
    burned_in: str
    tile: Tile | None = None

    @property
    def size(self) -> tuple[int, int]:
        if self.tile is not None:
            return self.tile.size
        return int(self.pixels.Rows), int(self.pixels.Columns)


def frames_in(data: bytes, label: str, limits: ScanLimits) -> list[Frame]:
    """Every frame of a DICOM file; raises ImageError."""
    dataset = read_dicom(data, label, limits)
    with reader_errors_refused(label, "DICOM file"):
        return list(_frames(dataset, label))


def _frames(dataset: Dataset, label: str) -> Iterator[Frame]:
    count, pixels = frames_of(dataset), kept_pixels(dataset)
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or [Dataset()] * count
    if len(groups) < count:
        raise ImageError(f"{label} says that it has {count} frames, but describes {len(groups)}; export it again.")
    offsets = numbers(dataset, "GridFrameOffsetVector", count)
    for index, own in enumerate(groups[:count]):
        place = _Place(dataset, own, shared)
        values = place.group("PixelValueTransformationSequence")
        voi = place.group("FrameVOILUTSequence")
        frame = Frame(
            pixels=pixels,
            index=index,
            series=_mark(dataset, "SeriesInstanceUID"),
            identity=_mark(dataset, "SOPInstanceUID") + index.to_bytes(4, "big"),
            position=_position(place, count, offsets[index] if offsets else None),
            orientation=_orientation(place),
            spacing_mm=_spacing(place),
            thickness_mm=place.number("SliceThickness", "PixelMeasuresSequence"),
            rescale=linear_rescale(values if "RescaleSlope" in values else pixels),
            windows=_windows(voi, pixels),
            marks=_marks(place),
            localiser=_is_localiser(dataset),
            modality=modality_of(dataset),
            tags=dicom_tags(dataset, place.group),
            burned_in=_burned_in(dataset),
        )
        yield from _tiles(frame, dataset, label) if is_mosaic(dataset) else [frame]


def _tiles(mosaic: Frame, dataset: Dataset, label: str) -> Iterator[Frame]:
    found = tiles(dataset, mosaic.position, mosaic.orientation, mosaic.spacing_mm, label)
    for index, tile in enumerate(found):
        rows, columns = tile.size
        yield replace(
            mosaic,
            identity=mosaic.identity + index.to_bytes(4, "big"),
            position=tile.position,
            tile=tile,
            tags={**mosaic.tags, "Matrix": f"{columns} x {rows}"},
        )


@dataclass(frozen=True, eq=False)
class _Place:
    """Where an element of one frame may stand: in its own functional group, in the shared one, or in the file."""

    dataset: Dataset
    own: Dataset
    shared: Dataset

    def group(self, name: str) -> Dataset:
        found: Dataset = (self.own.get(name) or self.shared.get(name) or [Dataset()])[0]
        return found

    def numbers(self, keyword: str, group: str, count: int) -> tuple[float, ...] | None:
        return numbers(self.group(group), keyword, count) or numbers(self.dataset, keyword, count)

    def number(self, keyword: str, group: str) -> float | None:
        found = self.numbers(keyword, group, 1)
        return found[0] if found else None


def _position(place: _Place, count: int, offset: float | None) -> np.ndarray | None:
    own = numbers(place.group("PlanePositionSequence"), "ImagePositionPatient", 3)
    stated = own or numbers(place.dataset, "ImagePositionPatient", 3)
    if stated is None or (count > 1 and own is None and offset is None):  # one position for many frames says nothing
        return None
    orientation = _orientation(place)
    if offset is None or orientation is None:
        return np.array(stated)
    return np.array(stated) + offset * np.cross(*orientation)


def _orientation(place: _Place) -> np.ndarray | None:
    """The two directions as unit vectors at a right angle; None where the file gives none or nonsense."""
    stated = place.numbers("ImageOrientationPatient", "PlaneOrientationSequence", 6)
    if stated is None:
        return None
    row, column = np.array(stated).reshape(2, 3)
    lengths = np.linalg.norm([row, column], axis=1)
    if np.abs(lengths - 1).max() > _UNIT_TOLERANCE or abs(row @ column) > _UNIT_TOLERANCE:
        return None
    directions: np.ndarray = np.stack([row, column]) / lengths[:, None]
    return directions


def _spacing(place: _Place) -> tuple[float, float] | None:
    stated = place.numbers("PixelSpacing", "PixelMeasuresSequence", 2)
    stated = stated or numbers(place.dataset, "ImagerPixelSpacing", 2)
    return (stated[0], stated[1]) if stated and min(stated) > 0 else None


def _windows(voi: Dataset, pixels: Dataset) -> tuple[NamedWindow, ...]:
    if "WindowCenter" not in voi:
        return stored_windows(pixels)
    own = Dataset()
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTFunction"):
        if keyword in voi:
            own[keyword] = voi[keyword]
    own.PhotometricInterpretation = pixels.PhotometricInterpretation
    return stored_windows(own)


def _marks(place: _Place) -> dict[str, float | str]:
    marks: dict[str, float | str] = {}
    for keyword, group, inside, name in _MARKS:
        value = number(place.group(group), inside) if group else None
        value = value if value is not None else number(place.dataset, keyword)
        if value is not None:
            marks[name] = value
    kinds = [_PARTS[word] for word in words(place.dataset, "ImageType")[2:] if word in _PARTS]
    return {**marks, "{}": kinds[0]} if kinds else marks


def _is_localiser(dataset: Dataset) -> bool:
    said = [*words(dataset, "ImageType"), *words(dataset, "SeriesDescription")]
    return any(_LOCALISER.search(word.replace("_", " ")) for word in said)


def _burned_in(dataset: Dataset) -> str:
    """ "yes", "no", or "unsaid", which matters where pictures are drawn by machines that write on them."""
    said = str(dataset.get("BurnedInAnnotation") or "").upper()
    doubtful = is_colour(dataset) or modality_of(dataset) in ("US", "SC", "OT", "XC", "XA", "RF", "ES")
    return {"YES": "yes", "NO": "no"}.get(said, "unsaid" if doubtful else "no")


def _mark(dataset: Dataset, keyword: str) -> bytes:
    uid = str(dataset.get(keyword) or secrets.token_hex(8))
    return hashlib.blake2b(uid.encode("utf-8", "replace"), key=_SALT, digest_size=16).digest()
