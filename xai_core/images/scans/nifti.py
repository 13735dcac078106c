"""NIfTI files (1 and 2, gzipped or not): header checks, stored values, canonical axes."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from xai_core.errors import ImageError
from xai_core.images.digest import volume_digest
from xai_core.images.scans.geometry import ACROSS, canonical, plane_across, spacing_of
from xai_core.images.scans.limits import ScanLimits
from xai_core.images.scans.nifti_header import NiftiHeader, read_header, unpacked
from xai_core.images.scans.refusals import reader_errors_refused
from xai_core.images.scans.volume import NamedWindow, Plane, Series, Volume
from xai_core.images.scans.windows import automatic_windows
from xai_core.types import ProgressCallback, Window

_THICK = 1.2  # slices this much thicker than the next axis tell the plane they were acquired in


def nifti_series(data: bytes, label: str, limits: ScanLimits) -> Series:
    """The volumes of a NIfTI file to choose from; voxels are read by `Series.volume`. Raises ImageError."""
    with reader_errors_refused(label, "NIfTI file"):
        plain = unpacked(data, label, limits)
        header = read_header(plain, label, limits)
        return _series(_voxel_bytes(plain, header, label), header, label)


def _series(voxels: bytes, header: NiftiHeader, label: str) -> Series:
    plane = _acquired(header)
    steps = header.shape[3]
    slices = canonical(np.broadcast_to(np.uint8(0), header.shape[:3]), header.affine)[0].shape[ACROSS.index(plane)]
    spacing = " x ".join(f"{mm:.3g}" for mm in header.spacing_mm)
    return Series(
        title=f"NIfTI · {plane} · {slices} slices · {spacing} mm" + (f" · {steps} volumes" if steps > 1 else ""),
        modality="",
        plane=plane,
        slices=slices,
        steps=tuple(f"volume {number}" for number in range(1, steps + 1)) if steps > 1 else ("",),
        tags=_tags(header),
        notes=header.notes,
        load=partial(_load, voxels, header, plane, label),
    )


def _load(
    data: bytes, header: NiftiHeader, plane: Plane, label: str, step: int, on_progress: ProgressCallback
) -> Volume:
    with reader_errors_refused(label, "NIfTI file"):
        stored = _stored(data, header, step, label)
        slope, intercept = (1.0, 0.0) if stored.ndim == 4 else header.scale
        voxels, affine = canonical(stored, header.affine)
    notes = header.notes + _refuse_or_note(voxels, label)
    voxels.setflags(write=False)
    on_progress(1, 1)
    return Volume(
        voxels=voxels,
        slope=slope,
        intercept=intercept,
        affine=affine,
        oriented=header.oriented,
        spacing_mm=spacing_of(affine),
        plane=plane,
        modality="",
        windows=() if voxels.ndim == 4 else (*_stored_window(header), *_automatic(voxels, slope, intercept)),
        tags=_tags(header),
        digest=volume_digest(stored.T, affine, slope, intercept),
        notes=notes,
    )


def _voxel_bytes(plain: bytes, header: NiftiHeader, label: str) -> bytes:
    """The voxels without the header and its texts."""
    end = header.start + int(np.prod(header.shape)) * header.dtype.itemsize
    if len(plain) < end:
        raise ImageError(f"{label} is cut short: its header promises more voxels than it holds; copy it again.")
    return plain[header.start : end]


def _stored(data: bytes, header: NiftiHeader, step: int, label: str) -> np.ndarray:
    """(x, y, z) of one volume as stored, native byte order, at most 32 bits; uint8 (x, y, z, 3) for colours."""
    dtype, space = header.dtype, header.shape[:3]
    count = int(np.prod(space))
    values = np.frombuffer(data, dtype, count, step * count * dtype.itemsize).reshape(space, order="F")
    if dtype.names:
        return np.stack([values[name] for name in dtype.names[:3]], axis=-1)
    if dtype.kind == "c":
        raise ImageError(f"{label} holds complex numbers; save their magnitude and give that.")
    if dtype.kind == "f" or dtype.itemsize > 4:
        with np.errstate(over="ignore"):
            return values.astype(np.float32)
    return values.astype(dtype.newbyteorder("="))


def _refuse_or_note(voxels: np.ndarray, label: str) -> tuple[str, ...]:
    finite = np.isfinite(voxels)
    known = voxels[finite]
    if not known.size or known.min() == known.max():
        value = f"the value {known[0]:g}" if known.size else "no number"
        raise ImageError(f"{label} holds {value} everywhere, so there is nothing to see; export it again.")
    lost = voxels.size - known.size
    return (f"{lost:,} voxels hold no finite number; they are shown as black.",) if lost else ()


def _stored_window(header: NiftiHeader) -> tuple[NamedWindow, ...]:
    low, high = header.ends
    if not (np.isfinite([low, high]).all() and high > low):
        return ()
    return (NamedWindow("Stored", Window((low + high) / 2, high - low)),)


def _automatic(voxels: np.ndarray, slope: float, intercept: float) -> tuple[NamedWindow, ...]:
    step = max(round((voxels.size / 2_000_000) ** (1 / 3)), 1)
    return automatic_windows(voxels[::step, ::step, ::step].astype(np.float64) * slope + intercept, False)


def _acquired(header: NiftiHeader) -> Plane:
    """The plane of acquisition: by the axis of slices that the header names, else by thick slices, else axial."""
    named = header.slice_axis
    order = np.argsort(header.spacing_mm)
    thick = header.spacing_mm[order[2]] > _THICK * header.spacing_mm[order[1]]
    flat = [axis for axis in range(3) if header.shape[axis] == 1]
    axis = flat[0] if flat else named if named is not None else int(order[2]) if thick else None
    if axis is None:
        return "axial"
    return plane_across(header.affine[:3, axis])


def _tags(header: NiftiHeader) -> Mapping[str, str]:
    return {
        "Format": "NIfTI",
        "Matrix": " x ".join(map(str, header.shape[: 3 if header.shape[3] == 1 else 4])),
        "Spacing": " x ".join(f"{mm:g}" for mm in header.spacing_mm) + " mm",
        "Values": "RGB" if header.dtype.names else header.dtype.name,
    }
