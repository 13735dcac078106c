"""One slice of Cheng's brain tumours from its own file: MATLAB 7.3, which is HDF5, with all of it in a struct `cjdata`.

The collection: J. Cheng, "brain tumor dataset", figshare, doi 10.6084/m9.figshare.1512427.v5, CC BY 4.0. MATLAB writes
columns first, so that each matrix arrives transposed; a text arrives as 16-bit numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from xai_core.errors import ImageError, SightlineError
from xai_core.images.digest import array_digest
from xai_core.images.limits import DEFAULT_LIMITS, Limits, check_bytes, check_size
from xai_core.types import SourceImage

if TYPE_CHECKING:
    import h5py

DIAGNOSES = ("meningioma", "glioma", "pituitary tumour")  # of the labels 1, 2 and 3
_STRUCT = "cjdata"
_OLD = b"MATLAB 5.0"
_MATLAB, _HDF5 = b"MATLAB 7.3", b"\x89HDF\r\n\x1a\n"
_LONGEST_PATIENT = 64


@dataclass(frozen=True, eq=False)
class TumourSlice:
    """A slice and what its annotators left with it.

    image: grey, as uint8. diagnosis: one of DIAGNOSES. outline: bool (h, w), the tumour; None in a copy without
    outlines. patient: the collection's own name for the person, "" in a copy without.
    """

    image: SourceImage
    diagnosis: str
    outline: np.ndarray | None
    patient: str


def read_cheng_file(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> TumourSlice:
    """The slice in the bytes of one of the collection's numbered files; its values from lowest to highest as 0 to 255.

    name: what to call the picture. ImageError: it is another kind of file, cut off, or lacks a field.
    """
    with _opened(data, name, limits) as file:
        fields = _struct(file, name)
        diagnosis = _diagnosis(fields, name)
        values = _matrix(file, fields, "image", name, limits)
        outline = _matrix(file, fields, "tumorMask", name, limits) > 0
        patient = _patient(file, fields, name)
    if values.shape != outline.shape:
        raise ImageError(
            f"{name}: the slice has {_size(values)} pixels and its outline {_size(outline)}; fetch the file again."
        )
    return TumourSlice(grey_image(values, name), diagnosis, outline, patient)


def read_cheng_label(data: bytes, name: str) -> tuple[str, str]:
    """Diagnosis and patient alone, without the pixels. ImageError as `read_cheng_file`."""
    with _opened(data, name, DEFAULT_LIMITS) as file:
        fields = _struct(file, name)
        return _diagnosis(fields, name), _patient(file, fields, name)


def grey_image(values: np.ndarray, name: str) -> SourceImage:
    """Values (h, w) from lowest to highest as a grey picture, as which copies of the collection are passed around."""
    low, high = float(values.min()), float(values.max())
    grey = np.rint((values.astype(np.float64) - low) * (255 / (high - low or 1))).astype(np.uint8)
    pixels = np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
    pixels.setflags(write=False)
    return SourceImage(pixels, name, "photograph", array_digest(pixels))


@contextmanager
def _opened(data: bytes, name: str, limits: Limits) -> Iterator[h5py.File]:
    """The HDF5 file in the bytes; whatever its library raises becomes one sentence."""
    _check_kind(data, name)
    check_bytes(len(data), name, limits)
    import h5py  # half a second to import, and only who has the collection needs it

    try:
        with h5py.File(BytesIO(data), "r") as file:
            yield file
    except SightlineError:
        raise
    except Exception as error:
        raise ImageError(_damaged(name)) from error


def _check_kind(data: bytes, name: str) -> None:
    if not data:
        raise ImageError(_damaged(name))
    if data.startswith(_OLD):
        raise ImageError(
            f"{name} is a MATLAB file of before version 7.3; take the collection's own, or save it with -v7.3."
        )
    if not data.startswith((_MATLAB, _HDF5)):
        raise ImageError(f"{name} is no MATLAB 7.3 file; give the collection's numbered .mat files as they come.")


def _damaged(name: str) -> str:
    return f"{name} is cut off or damaged; fetch the file again."


def _struct(file: h5py.File, name: str) -> h5py.Group:
    import h5py

    found = _own(file, _STRUCT)
    if not isinstance(found, h5py.Group):
        raise ImageError(f"{name} holds no struct {_STRUCT}; give the numbered files of Cheng's collection.")
    return found


def _own(group: h5py.Group, field: str) -> Any:
    """What a group holds under a name itself; None for nothing and for links, which could lead to other files."""
    import h5py

    return group[field] if isinstance(group.get(field, getlink=True), h5py.HardLink) else None


def _field(file: h5py.File, fields: h5py.Group, field: str, name: str) -> h5py.Dataset:
    """A field's numbers, also where the struct only refers to them, as MATLAB does in arrays of structs."""
    import h5py

    found = _own(fields, field)
    if isinstance(found, h5py.Dataset) and h5py.check_ref_dtype(found.dtype) is h5py.Reference and found.size:
        found = file[found[()].flat[0]]
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        raise ImageError(f"{name} lacks {_STRUCT}.{field}; give the numbered files of Cheng's collection as they come.")
    return found


def _matrix(file: h5py.File, fields: h5py.Group, field: str, name: str, limits: Limits) -> np.ndarray:
    """A matrix as MATLAB shows it: (rows, columns)."""
    stored = _field(file, fields, field, name)
    if len(stored.shape) != 2 or stored.dtype.kind not in "biuf":
        raise ImageError(f"{name}: {_STRUCT}.{field} is no matrix of numbers; fetch the file again.")
    width, height = stored.shape
    check_size(width, height, name, limits)
    values = np.asarray(stored[()]).T
    if not np.isfinite(values).all():
        raise ImageError(f"{name}: {_STRUCT}.{field} holds what is no number; fetch the file again.")
    return values


def _diagnosis(fields: h5py.Group, name: str) -> str:
    label = np.asarray(_field(fields.file, fields, "label", name)[()]).ravel()
    if label.size != 1 or label[0] not in range(1, len(DIAGNOSES) + 1):
        raise ImageError(f"{name}: {_STRUCT}.label is none of 1, 2 and 3; fetch the file again.")
    return DIAGNOSES[int(label[0]) - 1]


def _patient(file: h5py.File, fields: h5py.Group, name: str) -> str:
    stored = _field(file, fields, "PID", name)
    if stored.attrs.get("MATLAB_empty", 0) or stored.size > _LONGEST_PATIENT:
        return ""
    values = np.asarray(stored[()]).ravel()
    if stored.attrs.get("MATLAB_class", b"") == b"char" or values.dtype == np.uint16:
        return "".join(chr(code) for code in values).strip()
    return " ".join(f"{value:g}" for value in values)


def _size(values: np.ndarray) -> str:
    return f"{values.shape[1]} x {values.shape[0]}"
