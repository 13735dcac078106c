"""Scans from files, in any order and of any name: the series that many hold, or one slice of one. A reader a format."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from xai_core.errors import ImageError
from xai_core.images.limits import Limits, check_size
from xai_core.images.scan_format import refuse_other, scan_format
from xai_core.images.scans.dicom_frame import Frame, frames_in
from xai_core.images.scans.dicom_volume import build_volume
from xai_core.images.scans.files import LABEL, Source, contents
from xai_core.images.scans.geometry import plane_of
from xai_core.images.scans.limits import DEFAULT_SCAN_LIMITS, ScanLimits
from xai_core.images.scans.nifti import nifti_series
from xai_core.images.scans.slicing import slice_count, slice_image
from xai_core.images.scans.stacks import Stack, stacks_of
from xai_core.images.scans.volume import Scans, Series, Volume
from xai_core.types import ProgressCallback, SourceImage

_SCAN = "The scan"


@dataclass(frozen=True)
class ScanReader:
    """What is read of one format. Each function raises ImageError.

    parts: what one file, called by a label, holds. series: the series in the parts of all files, and a sentence for
    each that is left out. first: a file's volume to take a middle slice of, no larger than need be, and how many
    slices the file holds.
    """

    parts: Callable[[bytes, str, ScanLimits], Sequence[Any]]
    series: Callable[[Sequence[Any], ScanLimits], tuple[list[Series], list[str]]]
    first: Callable[[bytes, Limits], tuple[Volume, int]]


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
    parts: dict[str, list[Any]] = defaultdict(list)
    refused: Counter[str] = Counter()
    for count, data in enumerate(contents(sources, limits), 1):
        try:
            if isinstance(data, ImageError):
                raise data
            found = scan_format(data)
            if found is None:
                refuse_other(data, LABEL)
            else:
                parts[found.name] += READERS[found.name].parts(data, LABEL, limits)
        except ImageError as error:
            refused[str(error)] += 1
        if on_progress:
            on_progress(count, count)
    series: list[Series] = []
    left_out: list[str] = []
    for name, reader in READERS.items():
        more, without = reader.series(parts[name], limits)
        series, left_out = series + more, left_out + without
    sentences = [text if n == 1 else f"{text} ({n} files)" for text, n in refused.most_common()]
    if not series:
        raise ImageError(sentences[0] if sentences else "No file was given; give DICOM or NIfTI files.")
    return Scans(tuple(sorted(series, key=lambda s: -s.slices * len(s.steps))), (*left_out, *sentences))


def middle_slice_of(data: bytes, limits: Limits) -> SourceImage:
    """The middle slice, in the plane of acquisition, of a scan's file; raises ImageError."""
    found = scan_format(data)
    if found is None:
        refuse_other(data, _SCAN)
    volume, held = READERS[found.name].first(data, limits)
    image = slice_image(volume, volume.plane, slice_count(volume, volume.plane) // 2)
    check_size(*image.size[::-1], _SCAN, limits)
    note = (f"The file holds {held} slices; the middle one was taken.",) if held > 1 else ()
    return replace(image, name=f"{volume.modality or 'Scan'} slice", notes=(*image.notes, *note))


def _first_of_nifti(data: bytes, _limits: Limits) -> tuple[Volume, int]:
    series = nifti_series(data, _SCAN, DEFAULT_SCAN_LIMITS)
    return series.volume(), series.slices * len(series.steps)


def _first_of_dicom(data: bytes, limits: Limits) -> tuple[Volume, int]:
    """Only the middle frame is decoded."""
    frames = frames_in(data, _SCAN, DEFAULT_SCAN_LIMITS)
    check_size(*frames[0].size[::-1], _SCAN, limits)
    stack = stacks_of(frames)[0][0]
    step = stack.steps[0]
    middle = step[len(step) // 2]
    return build_volume([middle], _SCAN, DEFAULT_SCAN_LIMITS, stack.notes, lambda _done, _total: None), len(frames)


def _dicom_series(frames: Sequence[Frame], limits: ScanLimits) -> tuple[list[Series], list[str]]:
    stacks, left_out = stacks_of(frames)
    return [_series(stack, limits) for stack in stacks], left_out


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


READERS: Mapping[str, ScanReader] = {
    "NIfTI": ScanReader(
        lambda data, label, limits: [nifti_series(data, label, limits)],
        lambda series, _limits: (list(series), []),
        _first_of_nifti,
    ),
    "DICOM": ScanReader(frames_in, _dicom_series, _first_of_dicom),
}
