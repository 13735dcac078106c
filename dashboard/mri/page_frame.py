"""What frames the MRI page: its name and permanent line, and the picture with or without a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.mri import diagnoses, slices, stack, truth
from dashboard.mri.reading import Reading
from dashboard.mri.scan import Place, Scan
from dashboard.mri.scan_choice import is_simulated, source_in_words
from dashboard.mri.three_planes import LINK, cross, slice_maps
from dashboard.shared.components.viewer import Heat, map_controls
from dashboard.shared.components.viewer.scan import ScanView, SliceMap, scan_viewer
from xai_core.attribution.catalog import find_method
from xai_core.render.describe import describe
from xai_core.types import CLINICAL_CAUTION, SourceImage


def heading() -> DeltaGenerator:
    """The page's name and its permanent line, which stand before any scan is open; gives the place for `mark`."""
    line = st.container(horizontal=True, vertical_alignment="center")
    line.header("A brain MRI slice", anchor=False, width="content")
    line.markdown(f"**{CLINICAL_CAUTION}**", width="content")
    return line


def mark(line: DeltaGenerator, scan: Scan) -> None:
    """Say what is open where that must not be mistaken."""
    if is_simulated(scan):
        line.markdown(f":orange-badge[:material/science: {source_in_words(scan)}]", width="content")
    elif scan.truths:
        line.markdown(f":blue-badge[:material/lab_profile: {source_in_words(scan)}]", width="content")


def bare(scan: Scan, at: Place, image: SourceImage, *, blind: bool) -> None:
    """The slice without a map. blind: without a known outline too, as the reader has not noted an opinion yet."""
    if blind:
        st.markdown(f"**{image.name}**")
    else:
        _title(scan, at, f"**{image.name}**")
    _viewer(scan, at, image, None, {}, {} if blind else truth.outlines(scan, at.plane))


def with_map(
    scan: Scan, at: Place, image: SourceImage, reading: Reading, others: Mapping[int, Reading], class_index: int
) -> None:
    """The slice with the chosen diagnosis's map; the other slices that were read show theirs when they are reached."""
    name = reading.prediction.class_names[class_index]
    _title(scan, at, f"**{image.name}** · {name}")
    values, top = reading.maps[class_index], diagnoses.common_scale(reading)
    maps = slice_maps(others, class_index) | {at.index: SliceMap(values, reading.box, top)}
    title = find_method(reading.recipe.method).title
    heat = Heat(values, top, f"{title}: {name}", reading.recipe.layer, describe(values), vmin=-top)
    _viewer(scan, at, image, heat, maps, truth.outlines(scan, at.plane))


def _title(scan: Scan, at: Place, text: str) -> None:
    """What is shown, with the switch of a known outline."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(text, width="content")
        truth.outline_control(scan, at)


def _viewer(
    scan: Scan,
    at: Place,
    image: SourceImage,
    heat: Heat | None,
    maps: Mapping[int, SliceMap],
    outlines: Mapping[int, Sequence[np.ndarray]],
) -> None:
    of_plane = stack.slices(scan, at.plane, image.name)
    scan_viewer(
        ScanView(
            of_plane,
            at.index,
            image.window,
            heat,
            maps,
            height=540,
            link=LINK,
            cross=cross(scan, at),
            outlines=outlines,
        ),
        key=diagnoses.VIEWER,
        on_slice=lambda index: slices.go_to(scan, Place(at.plane, index)),
        on_window=lambda window: slices.set_window(scan, window),
    )


def drawing_controls() -> None:
    """Opacity, threshold, colours: for the large map and the four small ones."""
    map_controls(diagnoses.VIEWER, key="mri_controls", signed=True, link=LINK)
