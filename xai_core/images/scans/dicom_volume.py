"""From one step of a stack to a Volume: decode, place, turn to canonical axes."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from xai_core.errors import ImageError
from xai_core.images.digest import volume_digest
from xai_core.images.scans.dicom_frame import Frame
from xai_core.images.scans.dicom_pixels import is_colour, stored_frames, through_table
from xai_core.images.scans.gaps import Places, places
from xai_core.images.scans.geometry import ACROSS, affine_of_planes, canonical, plane_of, spacing_of
from xai_core.images.scans.limits import ScanLimits, check_voxels
from xai_core.images.scans.refusals import reader_errors_refused
from xai_core.images.scans.stacks import distance
from xai_core.images.scans.volume import NamedWindow, Volume
from xai_core.images.scans.windows import CT_PRESETS, automatic_windows
from xai_core.types import ProgressCallback

_TILT_DEGREES = 1.0
_BURNED_IN = {
    "yes": "Text is burned into the pixels, and may name the patient; look before you share a picture of it.",
    "unsaid": "Text may be burned into the pixels (the file does not say); look before you share a picture of it.",
}


def build_volume(
    frames: Sequence[Frame], label: str, limits: ScanLimits, notes: tuple[str, ...], on_progress: ProgressCallback
) -> Volume:
    """Frames of one step, sorted along their normal, as a Volume; raises ImageError."""
    first = frames[0]
    oriented = first.position is not None and first.orientation is not None
    spots = places(np.array([distance(f) for f in frames])) if oriented else Places(0.0, np.arange(len(frames)))
    stored, (slope, intercept) = _decoded(frames, spots, label, limits, on_progress)
    voxels, affine = canonical(*_placed(stored, frames, spots))
    _refuse_blank(voxels, label)
    voxels.setflags(write=False)
    middle = frames[len(frames) // 2]
    spaced = first.spacing_mm is not None
    plane = plane_of(first.orientation)
    return Volume(
        voxels=voxels,
        slope=slope,
        intercept=intercept,
        affine=affine,
        oriented=oriented,
        spacing_mm=spacing_of(affine) if spaced else None,
        plane=plane,
        modality=first.modality,
        windows=_windows(middle, voxels, slope, intercept),
        tags=middle.tags,
        digest=volume_digest(stored, affine, slope, intercept),
        missing=_canonical_slots(spots, affine, frames, ACROSS.index(plane)),
        notes=(*notes, *spots.notes, *_own_notes(frames, oriented, affine)),
    )


def _decoded(
    frames: Sequence[Frame], spots: Places, label: str, limits: ScanLimits, on_progress: ProgressCallback
) -> tuple[np.ndarray, tuple[float, float]]:
    """Stored values (slice, row, column) and the rescale they share; float32 physical values where they share none."""
    shape = (int(spots.slots[-1]) + 1, *frames[0].size)
    check_voxels(shape, label, limits)
    scales = {frame.rescale for frame in frames}
    colour = is_colour(frames[0].pixels)
    shared = scales.pop() if len(scales) == 1 else None
    exact = shared is not None and not colour
    with reader_errors_refused(label, "DICOM image"):
        kinds = [np.dtype(np.uint8) if colour else _kind(frame) for frame in frames]
    voxels = np.zeros((*shape, 3) if colour else shape, np.result_type(*kinds) if exact or colour else np.float32)
    by_file: dict[int, list[tuple[Frame, int]]] = defaultdict(list)
    for frame, slot in zip(frames, spots.slots.tolist(), strict=True):
        by_file[id(frame.pixels)].append((frame, slot))
    done = 0
    for part in by_file.values():
        decoded = stored_frames(part[0][0].pixels, [frame.index for frame, _ in part], label)
        for (frame, slot), whole in zip(part, decoded, strict=True):
            pixels = whole if frame.tile is None else whole[frame.tile.area]
            voxels[slot] = pixels if exact or colour else _physical(pixels, frame)
            done += 1
            on_progress(done, len(frames))
    if spots.missing:
        voxels[list(spots.missing)] = voxels[spots.slots].min()
    return voxels, shared if exact and shared is not None else (1.0, 0.0)


def _kind(frame: Frame) -> np.dtype:
    """The type that the decoder gives; float pixels as float32."""
    if "PixelData" not in frame.pixels:
        return np.dtype(np.float32)
    size = max(int(frame.pixels.BitsAllocated) // 8, 1)
    return np.dtype(f"{'i' if int(frame.pixels.PixelRepresentation) else 'u'}{size}")


def _physical(pixels: np.ndarray, frame: Frame) -> np.ndarray:
    if frame.rescale is None:
        return through_table(pixels, frame.pixels)
    return (pixels * np.float64(frame.rescale[0]) + frame.rescale[1]).astype(np.float32)


def _placed(stored: np.ndarray, frames: Sequence[Frame], spots: Places) -> tuple[np.ndarray, np.ndarray]:
    """The voxels as (column, row, slice, ...) and their affine to RAS."""
    first, last = frames[0], frames[-1]
    array = np.moveaxis(stored, (2, 1, 0), (0, 1, 2))
    spacing = first.spacing_mm or (1.0, 1.0)
    thickness = first.thickness_mm or min(spacing)
    if first.position is None or first.orientation is None:  # laid so that an axial view shows it as stored
        affine = np.diag([-spacing[1], -spacing[0], thickness, 1.0])
        return array, affine
    row, column = first.orientation
    step = np.cross(row, column) * thickness
    if len(frames) > 1 and last.position is not None:
        step = (last.position - first.position) / spots.slots[-1]
    return array, affine_of_planes(row, column, spacing, first.position, step)


def _canonical_slots(spots: Places, affine: np.ndarray, frames: Sequence[Frame], axis: int) -> tuple[int, ...]:
    """The missing places as slice numbers of the turned volume, which may count the other way."""
    if not spots.missing or frames[0].orientation is None:
        return ()
    normal = np.cross(*frames[0].orientation) * (-1, -1, 1)
    last = int(spots.slots[-1])
    turned = affine[:3, axis] @ normal < 0
    return tuple(sorted(last - slot if turned else slot for slot in spots.missing))


def _windows(frame: Frame, voxels: np.ndarray, slope: float, intercept: float) -> tuple[NamedWindow, ...]:
    if voxels.ndim == 4:
        return ()
    step = max(voxels.size // 2_000_000, 1)
    values = voxels[:: max(round(step ** (1 / 3)), 1), :: max(round(step ** (1 / 3)), 1)] * slope + intercept
    inverted = frame.pixels.get("PhotometricInterpretation") == "MONOCHROME1"
    presets = CT_PRESETS if frame.modality == "CT" else ()
    return (*frame.windows, *automatic_windows(values, inverted), *presets)


def _own_notes(frames: Sequence[Frame], oriented: bool, affine: np.ndarray) -> list[str]:
    notes = []
    first = frames[0]
    if not oriented:
        notes.append("The file does not say where the patient's right, front and top are, so no letters are shown.")
    if first.spacing_mm is None:
        notes.append("The file does not say how large its pixels are; they are shown as squares.")
    if len(frames) > 1 and oriented:
        unit = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
        lean = np.degrees(np.arccos(min(abs(np.linalg.det(unit)), 1.0)))
        if lean > _TILT_DEGREES:
            notes.append(f"The slices are sheared by {lean:.0f}° (a tilted gantry); other planes show that.")
    if first.burned_in in _BURNED_IN:
        notes.append(_BURNED_IN[first.burned_in])
    return notes


def _refuse_blank(voxels: np.ndarray, label: str) -> None:
    if voxels.min() == voxels.max():
        value = f"{voxels.flat[0]:g}"
        raise ImageError(f"{label} holds the value {value} everywhere, so there is nothing to see; export it again.")
