"""What frames the MRI page: its permanent line, and the picture with or without a map."""

from __future__ import annotations

import streamlit as st

from dashboard.mri import diagnoses
from dashboard.mri.choosing import is_simulated, source_in_words
from dashboard.mri.picture import display
from dashboard.mri.reading import Reading
from dashboard.mri.report import RESEARCH_ONLY
from dashboard.mri.scan import Scan
from dashboard.viewer import map_controls, viewer
from xai_core.images.scans import Edges
from xai_core.types import Box, SourceImage


def heading(scan: Scan) -> None:
    """The permanent line, and what is open where that must not be mistaken."""
    simulated = f" :orange-badge[:material/science: {source_in_words(scan)}]" if is_simulated(scan) else ""
    st.markdown(f"**{RESEARCH_ONLY}**{simulated}")


def bare(image: SourceImage, letters: Edges) -> None:
    """The slice alone."""
    height, width = image.size
    st.markdown(f"**{image.name}**")
    viewer(display(image, Box(0, 0, width, height), letters), None, key="mri_bare", compact=True, height=470)


def with_map(image: SourceImage, reading: Reading, class_index: int, letters: Edges) -> None:
    """The slice with the chosen diagnosis's map."""
    st.markdown(f"**{image.name}** · {reading.prediction.class_names[class_index]}")
    diagnoses.large(image, reading, class_index, letters)


def drawing_controls() -> None:
    """Opacity, threshold, colours: for the large map and the four small ones."""
    map_controls(diagnoses.VIEWER, key="mri_controls", signed=True, link="mri")
