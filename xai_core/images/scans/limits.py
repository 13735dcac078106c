"""How much of a scan is read, checked before anything is decoded."""

from dataclasses import dataclass

from xai_core.errors import ImageError


@dataclass(frozen=True)
class ScanLimits:
    """max_files: in one reading. max_bytes: of all files, unpacked. max_voxels: of one file and of one volume."""

    max_files: int = 5_000
    max_bytes: int = 2_000_000_000
    max_voxels: int = 300_000_000
    max_side: int = 20_000


DEFAULT_SCAN_LIMITS = ScanLimits()


def check_voxels(shape: tuple[int, ...], label: str, limits: ScanLimits) -> None:
    """Raise ImageError for a scan of no voxels, of an absurd side, or of too many voxels; shape: its sides."""
    count, given = 1, " x ".join(str(side) for side in shape)
    for side in shape:
        count *= side
    if not shape or min(shape) < 1:
        raise ImageError(f"{label} says that it has {given} voxels; a scan needs at least one along each axis.")
    if count > limits.max_voxels or max(shape) > limits.max_side:
        most = limits.max_voxels // 1_000_000
        raise ImageError(
            f"{label} says that it has {given} voxels; at most {most} million and {limits.max_side} along an axis are "
            "read, so crop it or give fewer slices."
        )
