"""A map over a volume as a NIfTI file that lies where the volume lies."""

import gzip

import nibabel as nib
import numpy as np

from xai_core.errors import ImageError
from xai_core.images.scans.volume import Volume
from xai_core.types import RESEARCH_ONLY

_ALIGNED = 2  # NXFormCodes: aligned to another file's truth
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
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = _LABEL
    return gzip.compress(image.to_bytes(), mtime=0)


def check_values(volume: Volume, values: np.ndarray) -> None:
    """Raise ImageError unless there is one value for each voxel."""
    if values.shape != volume.voxels.shape[:3]:
        raise ImageError(f"The map has {values.shape} values, but the volume {volume.voxels.shape[:3]}; make it again.")
