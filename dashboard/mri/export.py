"""Taking a reading along: report, picture, numbers, and maps on the scan's own voxels."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

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

_KINDS = ("NIfTI map", "DICOM parametric map", "DICOM picture (secondary capture)")


def show(scan: Scan, seen: Seen, readings: Mapping[int, Reading], class_index: int | None) -> None:
    """The buttons; files are made when they are asked for. class_index: None where no map is shown, and none taken."""
    st.subheader("Take along", anchor=False)
    with st.container(horizontal=True):
        _button("Report (PDF)", lambda: _pdf(seen), "sightline-report.pdf", ":material/picture_as_pdf:")
        _button("Report (HTML)", lambda: html_page(report.document(seen)), "sightline-report.html", ":material/html:")
        _button(
            "Picture (PNG)",
            lambda: png(report.as_seen(seen, class_index)),
            "sightline-slice.png",
            ":material/image:",
        )
        _button("Numbers (NPZ)", lambda: as_npz(seen), "sightline-slice.npz", ":material/data_array:")
    st.caption("None of these carries a name, but what you write in the note.")
    if scan.volume is not None and class_index is not None:
        _volume_exports(_MapSource(scan, scan.volume, seen, readings, class_index))


def _pdf(seen: Seen) -> bytes:
    from xai_core.report.pdf_page import pdf_page  # a quarter of a second to import: only when a PDF is wanted

    return pdf_page(report.document(seen))


def _button(label: str, make: object, name: str, icon: str) -> None:
    st.download_button(label, make, name, icon=icon, on_click="ignore", key=f"mri_take_{name}")  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class _MapSource:
    """What a file of maps is made from: the scan, the slice that is open, all that were read, and the class."""

    scan: Scan
    volume: Volume
    seen: Seen
    readings: Mapping[int, Reading]
    class_index: int


def _volume_exports(source: _MapSource) -> None:
    """Maps on the voxels of the scan: of all slices that were read, or of this one; made on request."""
    name = model().config.class_names[source.class_index]
    with st.expander("Maps on the scan's voxels (NIfTI, DICOM)", key="mri_voxels", on_change="rerun") as box:
        if not box.open:
            return
        many = len(source.readings) or 1
        st.markdown(f"The signed map for **{name}**, of {many} slice{'s' if many > 1 else ''} of this plane.")
        kind = st.segmented_control("Format", _KINDS, default=_KINDS[0], key="mri_kind", required=True)
        keep = False
        if kind != _KINDS[0] and source.scan.files:
            keep = st.checkbox(
                "Keep the study: the file then carries the patient's identifiers", key=f"mri_keep_{source.scan.key}"
            )
        if not st.button("Make the file", key="mri_make", icon=":material/build:"):
            return
        try:
            with st.spinner("Making the file …", show_time=True):
                data = _made(source, kind, keep)
        except SightlineError as error:
            st.error(str(error), icon=":material/error:")
            return
        ending = "nii.gz" if kind == _KINDS[0] else "dcm"
        st.download_button(
            "Save it", data, f"sightline-map.{ending}", on_click="ignore", key="mri_save", type="primary"
        )


def _made(source: _MapSource, kind: str, keep: bool) -> bytes:
    volume, seen, class_index = source.volume, source.seen, source.class_index
    study = source.scan.files if keep else None
    if kind == _KINDS[2]:
        image = report.as_seen(seen, class_index)
        return secondary_capture(volume, seen.place.volume_plane, seen.place.index, image, keep_study_of=study)
    values = map_on_voxels(
        source.scan, volume, seen.place, source.readings or {seen.place.index: seen.reading}, class_index
    )
    return nifti_map(volume, values) if kind == _KINDS[0] else parametric_map(volume, values, keep_study_of=study)


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
