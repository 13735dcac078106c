"""Why the network takes two pictures for alike: where in them, and by which channels."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.core.failures import foreign_refused
from dashboard.core.plain_text import in_prose, plainly
from dashboard.map.map_cache import once
from dashboard.map.map_view import title_of
from dashboard.map.table import Space
from dashboard.shared import cached
from dashboard.shared.components.viewer import Heat, ViewerOptions, viewer
from xai_core.embedding.alike import JointMaps, distance_terms, joint_maps
from xai_core.errors import SightlineError
from xai_core.models.class_names import short_name
from xai_core.render.describe import describe
from xai_core.types import SourceImage

SHOWN = 8  # channels of a list
HEIGHT = 300


def alike(space: Space, row: int, others: list[int]) -> None:
    """The open picture beside one of its nearest, which is chosen here."""
    with st.expander(
        "Why are two of them alike?", icon=":material/compare:", key="space_why", on_change="rerun"
    ) as box:
        if not box.open:
            return
        other: int = st.selectbox(
            "This picture and",
            others,
            format_func=lambda near: f"{others.index(near) + 1}. {short_name(title_of(space.table, near))}",
            key=f"space_with_{row}",
        )
        try:
            with foreign_refused():
                _where(space, row, other)
        except SightlineError as error:
            st.info(in_prose(str(error)), icon=":material/info:")
        _channels(space, row, other)


def _where(space: Space, row: int, other: int) -> None:
    """Both pictures with their parts of the cosine on one scale. NotApplicable: the layer has no places."""
    images = [space.request.dataset.load(int(space.table.items[each])) for each in (row, other)]
    found = once(lambda: _joint(space, images), "joint", space.key, str(row), str(other))
    top = max(float(values.max()) for values in found.maps)
    low = -top if min(float(values.min()) for values in found.maps) < 0 else 0.0
    for place, image, values, box in zip(st.columns(2), images, found.maps, found.boxes, strict=True):
        with place:
            viewer(
                cached.image(image, box),
                Heat(values, max(top, 1e-12), "part in the likeness", found.layer, describe(values), vmin=low),
                ViewerOptions(height=HEIGHT, compact=True),
                key=f"space_joint_{int(image is images[1])}",
            )
    st.caption(
        f"**Where:** the likeness (cosine) of the two is **{found.cosine:.3f}**, a sum over the places of either "
        "picture. The colours show what each place adds to it, on one scale."
    )


def _joint(space: Space, images: list[SourceImage]) -> JointMaps:
    return joint_maps(space.request.model, images[0], images[1], space.request.layer)


def _channels(space: Space, row: int, other: int) -> None:
    """The largest terms of the cosine and of the squared distance."""
    vectors = [np.asarray(space.table.vectors[each]) for each in (row, other)]
    together, apart = (distance_terms(vectors[0], vectors[1], metric) for metric in ("cosine", "l2"))
    left, right = st.columns(2)
    with left:
        st.markdown("**Channels that make them alike**")
        _terms(together.values, together.order, together.total, vectors, "of the likeness")
    with right:
        st.markdown("**Channels that tell them apart**")
        _terms(apart.values, apart.order, apart.total, vectors, "of the distance²")
    st.caption(
        f"The likeness is a sum over {len(vectors[0])} channels, and so is the squared L2 distance: the largest terms "
        f"of each. Beside them the channel's value in this picture and in "
        f"{plainly(short_name(title_of(space.table, other)))}."
    )


def _terms(values: np.ndarray, order: np.ndarray, total: float, vectors: list[np.ndarray], what: str) -> None:
    chosen = order[:SHOWN]
    shares = 100 * values[chosen] / total if total > 0 else np.zeros(len(chosen))
    frame = pd.DataFrame(
        {
            "channel": chosen,
            what: shares,
            "this": vectors[0][chosen],
            "other": vectors[1][chosen],
        }
    )
    bar = st.column_config.ProgressColumn(
        what, min_value=0.0, max_value=max(float(shares.max()), 1e-9), format="%.1f %%"
    )
    st.dataframe(frame, hide_index=True, column_config={what: bar}, height="content")
