"""A simulated lesion of known outline: a ring that takes up contrast around a dark core, and dim swelling around it."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from xai_core.images.digest import volume_digest
from xai_core.images.scans.volume import Volume

SIMULATED = "The lesion is SIMULATED: it was drawn into the picture, and no person has or had it."
_CORE, _SWELLING = 0.55, 1.9  # radii, as shares of the outline's
_DARK, _BRIGHT, _DIM = 0.42, 1.13, 0.80  # values, as shares of white matter's, and of the tissue's own in the swelling
_UNEVEN, _BUMP_MM = 0.22, 6.0
_REACH = 3.2  # radii, beyond which the swelling has faded
_GRAIN = 0.015
_WHITE_MATTER = 90  # percentile of a T1-weighted brain without its background


def with_lesion(
    volume: Volume, center_mm: tuple[float, float, float], radius_mm: float, seed: int = 0
) -> tuple[Volume, np.ndarray]:
    """The volume with a lesion drawn in, and its true outline: bool (x, y, z), core and ring without the swelling.

    center_mm: right, front, top (RAS). Only tissue (values above the lowest) is drawn on. volume: T1-weighted MR.
    """
    random = np.random.default_rng(seed)
    whole = volume.voxels.astype(np.float32)
    white = float(np.percentile(whole[whole > whole.min()], _WHITE_MATTER))
    box = _box(volume, center_mm, _REACH * radius_mm)
    voxels = whole[box]
    tissue = voxels > whole.min()
    away = _distance(volume, center_mm, box)
    away /= radius_mm * (1 + _UNEVEN * _bumps(volume, voxels.shape, random))
    core, ring, swelling = _inside(away, _CORE), _inside(away, 1.0), _inside(away, _SWELLING, 0.35)
    drawn = voxels * (1 - (1 - _DIM) * swelling)
    drawn = drawn * (1 - ring) + _BRIGHT * white * ring
    drawn = drawn * (1 - core) + _DARK * white * core
    drawn += random.normal(0, _GRAIN * white, drawn.shape) * swelling
    whole[box] = np.where(tissue, drawn, voxels)
    outline = np.zeros(whole.shape, bool)
    outline[box] = (away < 1) & tissue
    changed = _as_stored(whole, volume.voxels.dtype)
    digest = volume_digest(changed, volume.affine, volume.slope, volume.intercept)
    return replace(volume, voxels=changed, digest=digest, notes=(SIMULATED, *volume.notes)), outline


def _as_stored(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Rounded into the range of a whole-number type; read-only."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = np.rint(np.clip(values, limits.min, limits.max))
    stored = values.astype(dtype)
    stored.setflags(write=False)
    return stored


def _box(volume: Volume, center_mm: tuple[float, float, float], reach_mm: float) -> tuple[slice, ...]:
    """The part of the volume that lies within reach of the centre."""
    middle = (np.linalg.inv(volume.affine) @ (*center_mm, 1.0))[:3]
    reach = reach_mm / np.linalg.norm(volume.affine[:3, :3], axis=0)
    ends = [(max(int(m - r), 0), max(int(m + r) + 1, 0)) for m, r in zip(middle, reach, strict=True)]
    return tuple(slice(*end) for end in ends)


def _distance(volume: Volume, center_mm: tuple[float, float, float], box: tuple[slice, ...]) -> np.ndarray:
    """Millimetres from every voxel of the box to the centre, float32 (x, y, z)."""
    grid = np.mgrid[
        tuple(slice(part.start, min(part.stop, side)) for part, side in zip(box, volume.voxels.shape, strict=False))
    ]
    places = np.tensordot(volume.affine[:3, :3], grid, 1) + volume.affine[:3, 3, None, None, None]
    offset = places - np.array(center_mm)[:, None, None, None]
    return np.asarray(np.linalg.norm(offset, axis=0), np.float32)


def _bumps(volume: Volume, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Smooth noise in [-1, 1], so that no outline is a ball."""
    sigma = [_BUMP_MM / mm for mm in volume.spacing_mm or (1.0, 1.0, 1.0)]
    noise = gaussian_filter(random.normal(size=shape).astype(np.float32), sigma)
    bumps: np.ndarray = np.clip(noise / (2 * noise.std()), -1, 1)
    return bumps


def _inside(away: np.ndarray, radius: float, blur: float = 0.06) -> np.ndarray:
    """1 inside the radius, 0 outside, and a soft step between."""
    return 1 / (1 + np.exp(np.clip((away - radius) / blur * 4, -50, 50)))
