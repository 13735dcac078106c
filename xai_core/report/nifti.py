"""A map over a volume as a NIfTI file that lies where the volume lies."""

import gzip

import nibabel as nib
import numpy as np

from xai_core.errors import ImageError
from xai_core.images.scans.volume import Volume
from xai_core.types import RESEARCH_ONLY

_ALIGNED = 2  # NXFormCodes: aligned to another file's truth
_SAME_MM = 0.01
_LABEL = f"Sightline map. {RESEARCH_ONLY}"


def nifti_map(volume: Volume, values: np.ndarray) -> bytes:
    """values, float32 (x, y, z) on the volume's voxels, as a gzipped NIfTI-1 file with the volume's affine.

    Raises ImageError where the shapes differ. Nothing of the source's header is copied.
    """
    check_values(volume, values)
    image = nib.Nifti1Image(np.asarray(values, np.float32), volume.affine)
    code = _ALIGNED if volume.oriented else 0
    image.set_sform(volume.affine, code)
    image.set_qform(volume.affine, code)
    if _furthest(image.get_qform(), volume) > _SAME_MM:  # a qform has no shear: readers shall take the sform
        image.set_qform(None, 0)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = _LABEL
    return gzip.compress(image.to_bytes(), mtime=0)


def _furthest(affine: np.ndarray, volume: Volume) -> float:
    """By how many millimetres at most an affine puts the corners of the volume elsewhere."""
    corners = np.stack([*np.meshgrid(*((0, side - 1) for side in volume.voxels.shape[:3])), np.ones((2, 2, 2))])
    apart = np.tensordot((affine - volume.affine)[:3], corners, 1)
    return float(np.linalg.norm(apart, axis=0).max())


def check_values(volume: Volume, values: np.ndarray) -> None:
    """Raise ImageError unless there is one value for each voxel."""
    if values.shape != volume.voxels.shape[:3]:
        raise ImageError(f"The map has {values.shape} values, but the volume {volume.voxels.shape[:3]}; make it again.")
