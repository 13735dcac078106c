"""Where the network looks in many pictures on average: the mean of their Grad-CAM maps over the mean of what it saw."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from dashboard.core import jobs
from dashboard.core.plain_text import in_prose
from dashboard.map.table import Space, predicted_maps
from dashboard.shared import job_lines
from dashboard.shared.components.viewer import Heat, ViewerOptions, display_image_of, viewer
from xai_core.errors import ImageError
from xai_core.models.preprocess import model_view
from xai_core.render.describe import describe
from xai_core.types import Box

MOST = 32
HEIGHT = 320


@dataclass(frozen=True, eq=False)
class MeanMap:
    """values: float32 (h, w), the mean of maps of which each was divided by its maximum. image: uint8 (H, W, 3)."""

    values: np.ndarray
    image: np.ndarray
    layer: str
    count: int


def mean_map(space: Space, rows: np.ndarray) -> None:
    """The button, the progress and the map."""
    st.markdown("**Where the network looks on average**")
    chosen = rows[np.linspace(0, len(rows) - 1, min(MOST, len(rows))).round().astype(int)]
    key = f"mean|{space.key}|{chosen.tobytes().hex()}"
    run = jobs.look(key)
    if run is not None and run.running:
        job_lines.follow(key, "Grad-CAM", "pictures")
    elif run is not None and run.result is not None:
        _draw(run.result, len(rows))
    else:
        if run is not None and run.trouble:
            st.error(in_prose(run.trouble), icon=":material/error:")
        st.button(
            f"Mean map of {len(chosen)} pictures",
            icon=":material/filter_center_focus:",
            on_click=jobs.start,
            args=(key, lambda tell: computed(space, chosen, tell)),
        )


def computed(space: Space, rows: np.ndarray, tell: jobs.JobProgress) -> MeanMap:
    """Grad-CAM of each picture's predicted class. ImageError: none can be read."""
    maps, views = [], []
    for _, image_pass, result in predicted_maps(space, rows.tolist(), tell):
        (layer,) = result.maps
        positive = np.maximum(result.maps[layer][0], 0)
        maps.append(positive / max(float(positive.max()), 1e-12))
        views.append(model_view(image_pass.model.config, image_pass.given).astype(np.float32))
    if not maps:
        raise ImageError("None of the selected pictures can be read any more.")
    mean = np.mean(maps, axis=0).astype(np.float32)
    return MeanMap(mean, np.rint(np.mean(views, axis=0)).astype(np.uint8), layer, len(maps))


def _draw(found: MeanMap, total: int) -> None:
    height, width = found.image.shape[:2]
    image = display_image_of(found.image, Box(0, 0, width, height), "the mean of the selected pictures")
    heat = Heat(
        found.values, max(float(found.values.max()), 1e-6), "mean Grad-CAM", found.layer, describe(found.values)
    )
    viewer(image, heat, ViewerOptions(compact=True, height=HEIGHT), key="space_mean")
    of = "all" if found.count == total else f"{found.count} of {total:,}"
    st.caption(
        f"Mean over {of} selected pictures of the evidence for each one's predicted class, each map scaled to its own "
        "maximum; below it the mean of what the network saw."
    )
