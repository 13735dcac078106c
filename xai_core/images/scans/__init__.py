"""From DICOM and NIfTI files to volumes in the patient, and to slices in radiological convention."""

from xai_core.images.scans.limits import ScanLimits
from xai_core.images.scans.open import open_scans
from xai_core.images.scans.quiet import keep_readers_quiet
from xai_core.images.scans.slicing import (
    Edges,
    crossing_at,
    crossing_planes,
    edge_letters,
    maps_to_volume,
    middle_slice,
    planes,
    position_mm,
    slice_count,
    slice_image,
    slice_size,
    slice_values,
    voxel_at,
)
from xai_core.images.scans.volume import NamedWindow, Plane, Scans, Series, Volume

keep_readers_quiet()

__all__ = [
    "Edges",
    "NamedWindow",
    "Plane",
    "ScanLimits",
    "Scans",
    "Series",
    "Volume",
    "crossing_at",
    "crossing_planes",
    "edge_letters",
    "maps_to_volume",
    "middle_slice",
    "open_scans",
    "planes",
    "position_mm",
    "slice_count",
    "slice_image",
    "slice_size",
    "slice_values",
    "voxel_at",
]
