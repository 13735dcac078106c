"""Volumes made for tests of the MRI page."""

from __future__ import annotations

import nibabel as nib
import numpy as np

from xai_core.images.scans import Volume, open_scans


def volume_of(voxels: np.ndarray, spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Volume:
    """A volume of (x, y, z) voxels that run to the patient's right, front and top."""
    stored = nib.Nifti1Image(voxels, np.diag([*spacing_mm, 1.0])).to_bytes()
    return open_scans(stored).series[0].volume()
