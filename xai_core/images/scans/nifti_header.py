"""The header of a NIfTI file, unpacked and checked: what is kept of it, and why it is refused."""

import zlib
from dataclasses import dataclass
from io import BytesIO

import nibabel as nib
import numpy as np

from xai_core.errors import ImageError
from xai_core.images.scan_format import is_two_files
from xai_core.images.scans.geometry import spacing_of
from xai_core.images.scans.limits import ScanLimits, check_voxels

_UNITS_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}  # unknown, metre, millimetre, micron


@dataclass(frozen=True, eq=False)
class NiftiHeader:
    """What is kept of a header: numbers only, as its free texts may name a patient.

    shape: (x, y, z, t). affine: millimetres, as stored. spacing_mm: of the stored axes. ends: of the stored window.
    slice_axis: the stored axis of slices, None where not said. start: of the voxels, in bytes.
    """

    shape: tuple[int, int, int, int]
    dtype: np.dtype
    start: int
    scale: tuple[float, float]
    affine: np.ndarray
    oriented: bool
    spacing_mm: tuple[float, ...]
    slice_axis: int | None
    ends: tuple[float, float]
    notes: tuple[str, ...]


def unpacked(data: bytes, label: str, limits: ScanLimits) -> bytes:
    """The file without gzip, never more than the limit."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    plain = unpacker.decompress(data, limits.max_bytes + 1)
    if len(plain) > limits.max_bytes:
        raise ImageError(f"{label} unpacks to more than {limits.max_bytes // 1_000_000:,} MB; give a smaller one.")
    return plain


def read_header(plain: bytes, label: str, limits: ScanLimits) -> NiftiHeader:
    if is_two_files(plain[:348]):
        raise ImageError(f"{label} is one half of a NIfTI pair (.hdr and .img); save it as a single .nii file.")
    kind = nib.Nifti2Image if plain[:4] in (b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c") else nib.Nifti1Image
    header = kind.header_class.from_fileobj(BytesIO(plain[:1024]), check=False)
    shape = tuple(int(side) for side in header.get_data_shape())
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) > 4 or len(shape) < 2:
        given = " x ".join(map(str, shape))
        raise ImageError(f"{label} has {len(shape)} dimensions ({given}); a scan of 2 to 4 dimensions is read.")
    shape = (*shape, 1, 1)[:4]
    check_voxels(shape, label, limits)
    factor = _UNITS_MM.get(int(header["xyzt_units"]) & 7, 1.0)
    spacing = tuple(float(abs(mm)) * factor for mm in header["pixdim"][1:4])
    if not np.isfinite(spacing).all() or min(spacing) <= 0:
        given = " x ".join(f"{mm:g}" for mm in spacing)
        raise ImageError(
            f"{label} gives a voxel spacing of {given} mm; each must be above zero, so correct its header."
        )
    affine, notes = _affine(header, factor, label)
    slope, intercept = header.get_slope_inter()
    return NiftiHeader(
        shape=shape,  # type: ignore[arg-type]
        dtype=header.get_data_dtype(),
        start=int(header.get_data_offset()),
        scale=(1.0, 0.0) if slope is None else (float(slope), float(intercept or 0)),
        affine=affine,
        oriented=_is_oriented(header),
        spacing_mm=spacing,
        slice_axis=header.get_dim_info()[2],
        ends=(float(header["cal_min"]), float(header["cal_max"])),
        notes=notes,
    )


def _is_oriented(header: nib.Nifti1Header) -> bool:
    return int(header["qform_code"]) > 0 or int(header["sform_code"]) > 0


def _affine(header: nib.Nifti1Header, factor: float, label: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Stored axes to RAS millimetres: the sform, else the qform, else a guess; NIfTI-1, "orientation"."""
    scale = np.diag([factor, factor, factor, 1.0])
    affine = scale @ header.get_best_affine()
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise ImageError(f"{label} gives its voxels no place in space (its matrix collapses); correct its header.")
    notes: tuple[str, ...] = ()
    if not _is_oriented(header):
        notes = ("The file does not say where the patient's right, front and top are, so no letters are shown.",)
    elif int(header["qform_code"]) > 0 and int(header["sform_code"]) > 0:
        corner = np.array([*header.get_data_shape()[:3], 1.0])
        if np.abs((affine - scale @ header.get_qform()) @ corner).max() > max(spacing_of(affine)):
            notes = ("The file states two orientations that differ; the first (its sform) was taken.",)
    return affine, notes
