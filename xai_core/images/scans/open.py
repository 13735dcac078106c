"""Many files at once, in any order and of any name: the series that they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from xai_core.errors import ImageError
from xai_core.images.scan_format import refuse_other, scan_format
from xai_core.images.scans.dicom_frame import Frame, frames_in
from xai_core.images.scans.dicom_volume import build_volume
from xai_core.images.scans.files import LABEL, Source, contents
from xai_core.images.scans.geometry import plane_of
from xai_core.images.scans.limits import DEFAULT_SCAN_LIMITS, ScanLimits
from xai_core.images.scans.nifti import nifti_series
from xai_core.images.scans.stacks import Stack, stacks_of
from xai_core.images.scans.volume import Scans, Series, Volume
from xai_core.types import ProgressCallback

_SCAN = "The scan"


def open_scans(
    sources: Source | Sequence[Source],
    *,
    limits: ScanLimits = DEFAULT_SCAN_LIMITS,
    on_progress: ProgressCallback | None = None,
) -> Scans:
    """The series in DICOM and NIfTI files: bytes, paths, folders, zips, or a list of those. Nothing is decoded yet.

    Files that cannot be read are left out with a sentence each; nothing names a file or a patient.
    on_progress(files read, files known so far). Raises ImageError where no scan is found.
    """
    frames: list[Frame] = []
    series: list[Series] = []
    refused: Counter[str] = Counter()
    for count, data in enumerate(contents(sources, limits), 1):
        try:
            if isinstance(data, ImageError):
                raise data
            kind = scan_format(data)
            if kind == "DICOM":
                frames += frames_in(data, LABEL, limits)
            elif kind == "NIfTI":
                series.append(nifti_series(data, LABEL, limits))
            else:
                refuse_other(data, LABEL)
        except ImageError as error:
            refused[str(error)] += 1
        if on_progress:
            on_progress(count, count)
    stacks, left_out = stacks_of(frames)
    series += [_series(stack, limits) for stack in stacks]
    sentences = [text if n == 1 else f"{text} ({n} files)" for text, n in refused.most_common()]
    if not series:
        raise ImageError(sentences[0] if sentences else "No file was given; give DICOM or NIfTI files.")
    return Scans(tuple(sorted(series, key=lambda s: -s.slices * len(s.steps))), (*left_out, *sentences))


def _series(stack: Stack, limits: ScanLimits) -> Series:
    first = stack.steps[0][0]
    slices = max(map(len, stack.steps))
    plane = plane_of(first.orientation)
    told = [
        first.modality,
        plane if first.orientation is not None else "",
        f"{slices} slices" if slices > 1 else "1 slice",
    ]
    spacing = first.spacing_mm
    told += [f"{spacing[1]:.3g} x {spacing[0]:.3g} mm"] if spacing else []
    told += [f"{len(stack.steps)} volumes"] if len(stack.steps) > 1 else []
    return Series(
        title=" · ".join(part for part in told if part),
        modality=first.modality,
        plane=plane,
        slices=slices,
        steps=stack.names,
        tags=first.tags,
        notes=stack.notes,
        load=partial(_load, stack, limits),
    )


def _load(stack: Stack, limits: ScanLimits, step: int, on_progress: ProgressCallback) -> Volume:
    return build_volume(stack.steps[step], _SCAN, limits, stack.notes, on_progress)
