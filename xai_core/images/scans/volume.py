"""The frozen records of a scan: a series to choose from, and a volume of voxels in the patient."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xai_core.types import ProgressCallback, Window

Plane = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class NamedWindow:
    """A display window and what to call it on screen."""

    name: str
    window: Window


@dataclass(frozen=True, eq=False)
class Volume:
    """A scan in space, its axes turned (never resampled) to run nearest to the patient's right, front and top.

    voxels: (x, y, z) as stored, read-only, integer or float32; uint8 (x, y, z, 3) RGB where in colour.
    slope, intercept: physical value = slope * voxel + intercept.
    affine: float64 (4, 4), from (x, y, z) numbers to RAS millimetres; a guess where not `oriented`.
    oriented: whether the file says where right, front and top are; without it no letters are shown.
    spacing_mm: along x, y, z; None where the file does not say.
    plane: the one it was acquired in.
    windows: the first is the one to start with.
    missing: slice numbers along the acquisition axis that no file held; they are filled with the lowest value.
    tags: technical facts by name, from a fixed list; nothing of the patient. notes: one sentence each.
    digest: SHA-256 hex of the voxels, their places and their scale.
    """

    voxels: np.ndarray
    slope: float
    intercept: float
    affine: np.ndarray
    oriented: bool
    spacing_mm: tuple[float, float, float] | None
    plane: Plane
    modality: str
    windows: tuple[NamedWindow, ...]
    tags: Mapping[str, str]
    digest: str
    missing: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_colour(self) -> bool:
        return self.voxels.ndim == 4

    def values(self, part: np.ndarray) -> np.ndarray:
        """Voxels of this volume as physical values, float32, computed in float64."""
        return (part.astype(np.float64) * self.slope + self.intercept).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Series:
    """One stack of slices that can be read: what a list shows of it, and how to read it.

    steps: a name for each of its volumes (echo, time, b-value); one for an ordinary scan.
    load(step, on_progress): decodes; raises ImageError.
    """

    title: str
    modality: str
    plane: Plane
    slices: int
    steps: tuple[str, ...]
    tags: Mapping[str, str]
    notes: tuple[str, ...]
    load: Callable[[int, ProgressCallback], Volume]

    def volume(self, step: int = 0, on_progress: ProgressCallback | None = None) -> Volume:
        """The voxels of one of the steps."""
        return self.load(step, on_progress or (lambda _done, _total: None))


@dataclass(frozen=True, eq=False)
class Scans:
    """What many files held: the series, largest first, and a sentence for everything that was left out."""

    series: tuple[Series, ...]
    left_out: tuple[str, ...] = ()
