"""Taking a reading along: report, picture, numbers, and maps on the scan's own voxels. One more is one line below."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import streamlit as st

from dashboard.core.failures import foreign_refused
from dashboard.core.plain_text import in_prose
from dashboard.mri import report
from dashboard.mri.reading import Reading, model
from dashboard.mri.report import Seen
from dashboard.mri.scan import Place, Scan, count_of, slice_of
from xai_core.errors import SightlineError
from xai_core.images.scans import Volume, maps_to_volume
from xai_core.render.place import place
from xai_core.report.dicom import parametric_map, secondary_capture
from xai_core.report.html_page import html_page, png
from xai_core.report.nifti import nifti_map


@dataclass(frozen=True)
class Export:
    """A file of what was seen. file: its name, whose ending says the kind of file. make: its bytes, when asked for."""

    label: str
    file: str
    icon: str
    make: Callable[[Seen, int | None], bytes]


@dataclass(frozen=True, eq=False)
class OnVoxels:
    """What a file on the voxels of a scan is made of: the signed maps of a class in the slices that were read.

    study: the DICOM bytes of the scan, where the file shall belong to its study and carry the patient's identifiers.
    """

    scan: Scan
    volume: Volume
    seen: Seen
    readings: Mapping[int, Reading]
    class_index: int
    study: tuple[bytes, ...] | None = None


@dataclass(frozen=True)
class VoxelExport:
    """A file that lies where the scan lies. in_study: whether it can belong to the scan's DICOM study."""

    label: str
    file: str
    make: Callable[[OnVoxels], bytes]
    in_study: bool = False


def show(scan: Scan, seen: Seen, readings: Mapping[int, Reading], class_index: int | None) -> None:
    """The buttons; files are made when they are asked for. class_index: None where no map is shown, and none taken."""
    st.subheader("Take along", anchor=False)
    with st.container(horizontal=True):
        for export in EXPORTS:
            st.download_button(
                export.label,
                partial(export.make, seen, class_index),
                export.file,
                icon=export.icon,
                on_click="ignore",
                key=f"mri_take_{export.file}",
            )
    st.caption("None of these carries a name, but what you write in the note.")
    if scan.volume is not None and class_index is not None:
        _voxel_exports(OnVoxels(scan, scan.volume, seen, readings, class_index))


def _voxel_exports(given: OnVoxels) -> None:
    """Maps on the voxels of the scan: of all slices that were read, or of this one; made on request."""
    name = model().config.class_names[given.class_index]
    with st.expander("Maps on the scan's voxels (NIfTI, DICOM)", key="mri_voxels", on_change="rerun") as box:
        if not box.open:
            return
        many = len(given.readings) or 1
        st.markdown(f"The signed map for **{name}**, of {many} slice{'s' if many > 1 else ''} of this plane.")
        labels = [export.label for export in VOXEL_EXPORTS]
        label = st.segmented_control("Format", labels, default=labels[0], key="mri_kind", required=True)
        chosen = VOXEL_EXPORTS[labels.index(label)]
        if chosen.in_study and given.scan.files:
            keep = st.checkbox(
                "Keep the study: the file then carries the patient's identifiers", key=f"mri_keep_{given.scan.key}"
            )
            given = replace(given, study=given.scan.files if keep else None)
        if not st.button("Make the file", key="mri_make", icon=":material/build:"):
            return
        try:
            with foreign_refused(), st.spinner("Making the file …", show_time=True):
                data = chosen.make(given)
        except SightlineError as error:
            st.error(in_prose(str(error)), icon=":material/error:")
            return
        st.download_button("Save it", data, chosen.file, on_click="ignore", key="mri_save", type="primary")


def _pdf(seen: Seen, _class_index: int | None) -> bytes:
    from xai_core.report.pdf_page import pdf_page  # a quarter of a second to import: only when a PDF is wanted

    return pdf_page(report.document(seen))


def _secondary_capture(given: OnVoxels) -> bytes:
    seen = given.seen
    image = report.as_seen(seen, given.class_index)
    return secondary_capture(given.volume, seen.place.volume_plane, seen.place.index, image, keep_study_of=given.study)


def _values(given: OnVoxels) -> np.ndarray:
    at = given.seen.place
    readings = given.readings or {at.index: given.seen.reading}
    return map_on_voxels(given.scan, given.volume, at, readings, given.class_index)


def map_on_voxels(
    scan: Scan, volume: Volume, at: Place, readings: Mapping[int, Reading], class_index: int
) -> np.ndarray:
    """float32 (x, y, z): the signed maps of the slices that were read, 0 elsewhere."""
    size = slice_of(scan, at).size
    maps = {
        index: np.nan_to_num(place(reading.maps[class_index], reading.box, size))
        for index, reading in readings.items()
        if index < count_of(scan, at.plane)
    }
    return maps_to_volume(volume, at.volume_plane, maps)


def as_npz(seen: Seen) -> bytes:
    """The raw maps (4, h, w), scores and probabilities, with the recipe as JSON under `recipe`."""
    reading, network, buffer = seen.reading, model(), io.BytesIO()
    box = reading.box
    record = {
        "model": network.config.key,
        "weights": network.digest,
        "slice": reading.image_digest,
        "method": reading.recipe.method,
        "layer": reading.recipe.layer,
        "classes": reading.prediction.class_names,
        "box": [box.left, box.top, box.right, box.bottom],
        "distance": reading.familiarity.distance,
        "limits": network.config.caution,
    }
    np.savez_compressed(
        buffer,
        maps=reading.maps,
        scores=reading.prediction.scores,
        probabilities=reading.prediction.probabilities,
        recipe=np.array(json.dumps(record)),
    )
    return buffer.getvalue()


EXPORTS = (
    Export("Report (PDF)", "sightline-report.pdf", ":material/picture_as_pdf:", _pdf),
    Export(
        "Report (HTML)", "sightline-report.html", ":material/html:", lambda seen, _k: html_page(report.document(seen))
    ),
    Export("Picture (PNG)", "sightline-slice.png", ":material/image:", lambda seen, k: png(report.as_seen(seen, k))),
    Export("Numbers (NPZ)", "sightline-slice.npz", ":material/data_array:", lambda seen, _k: as_npz(seen)),
)
VOXEL_EXPORTS = (
    VoxelExport("NIfTI map", "sightline-map.nii.gz", lambda given: nifti_map(given.volume, _values(given))),
    VoxelExport(
        "DICOM parametric map",
        "sightline-map.dcm",
        lambda given: parametric_map(given.volume, _values(given), keep_study_of=given.study),
        in_study=True,
    ),
    VoxelExport("DICOM picture (secondary capture)", "sightline-map.dcm", _secondary_capture, in_study=True),
)
