"""The parts of the Compare page below its controls: both maps, how far they agree, and where they differ."""

import math

import numpy as np
import streamlit as st

from dashboard.compare.pane_answers import Answer
from dashboard.core.plain_text import class_in_prose, in_prose
from dashboard.shared import compare_panes as panes
from dashboard.shared.compare_panes import SIDES, Side
from dashboard.shared.components.viewer import Heat, ViewerOptions, map_controls, viewer
from dashboard.shared.drawing import Look, draw, image_of_result
from dashboard.shared.one_of import one_of
from xai_core.attribution.catalog import find_method
from xai_core.attribution.method import INPUT
from xai_core.evaluation.similarity import agreement, proportion
from xai_core.render.place import resample
from xai_core.render.recipe import percent
from xai_core.render.scale import shown

ENDS = ("more right", "more left")


def show_panes(answers: dict[Side, Answer], shared_scale: bool) -> None:
    """Both maps with a linked pointer, and one set of drawing controls for both."""
    tops = [shown(a.raw, a.selection.evidence, pixels=a.layer == INPUT)[2] for a in answers.values() if a.result]
    for side, column in zip(SIDES, st.columns(2, gap="medium"), strict=True):
        found = answers[side]
        with column:
            if found.result is None:
                st.info(in_prose(found.reason or ""), icon=":material/block:")
                continue
            st.markdown(
                f"**{find_method(found.selection.method).title}** · {class_in_prose(found.result.class_names[0])}"
            )
            draw(
                found.image,
                found.result,
                found.layer,
                found.selection.evidence,
                Look(
                    f"compare_{side}",
                    link="compare",
                    maximum=max(tops) if shared_scale and max(tops) > 0 else None,
                    settings_of="compare",
                    compact=True,
                ),
            )
    signed = any(found.selection.evidence == "both" for found in answers.values())
    map_controls("compare", key="compare_controls", link="compare", signed=signed)


def agreement_figures(a: Answer, b: Answer) -> None:
    """Rank correlation, overlap of the strongest fifth, and the law that ties CAM to Grad-CAM where it holds."""
    if a.result is None or b.result is None:
        return
    if a.image.digest != b.image.digest or a.result.box != b.result.box:
        st.caption("Figures of agreement need the same picture, seen through the same frame, in both panes.")
        return
    found = agreement(a.raw, b.raw)
    rank = "not defined" if math.isnan(found.rank_correlation) else f"{found.rank_correlation:.3f}"
    with st.container(horizontal=True):
        st.metric(
            "Rank correlation",
            rank,
            help="Spearman's, of the signed maps, for and against: 1 the same order of places, 0 unrelated, "
            "−1 reversed.",
        )
        st.metric(
            "Overlap of the strongest fifth",
            percent(found.overlap),
            help="Places in the strongest fifth of both maps, counted from the most for the class to the most against, "
            "of those in either; unrelated maps have about 11 %.",
        )
    _cam_law(a, b)


def _cam_law(a: Answer, b: Answer) -> None:
    methods = {a.selection.method: a, b.selection.method: b}
    if (
        set(methods) != {"cam", "grad_cam"}
        or a.selection.model != b.selection.model
        or a.result is None
        or b.result is None
    ):
        return
    if a.result.classes != b.result.classes or a.result.score != "logit" or a.result.contrast_class is not None:
        return
    if a.layer != b.layer or a.raw.shape != b.raw.shape:
        st.markdown(
            "CAM exists only at the layer before the global average. **At another layer Grad-CAM parts from it**: "
            "there its channel weights are gradients of this picture and no longer the weights of the classifier."
        )
        return
    cam, grad_cam = methods["cam"].raw, methods["grad_cam"].raw
    factor, departure = proportion(cam, grad_cam)
    if math.isnan(factor):
        return  # one of them is all zero
    cells = cam.size
    st.markdown(
        f"**In theory** CAM is Grad-CAM times the number of cells, here {cam.shape[0]} × {cam.shape[1]} = {cells}, "
        f"because the gradient of the average pool is 1/{cells} everywhere. **Measured**: factor {factor:.4f}, "
        f"largest departure {departure:.1e} of the map's maximum."
    )


def difference(a: Answer, b: Answer, shared_scale: bool) -> None:
    """Left minus right of what the panes show, on a two-sided scale."""
    if a.result is None or b.result is None or a.image.digest != b.image.digest or a.result.box != b.result.box:
        st.caption("A difference map needs the same picture, seen through the same frame, in both panes.")
        return
    size = max(a.raw.shape, b.raw.shape, key=lambda shape: shape[0] * shape[1])
    maps = [resample(x.drawn, size) if x.drawn.shape != size else x.drawn for x in (a, b)]
    if not shared_scale:
        maps = [m / (float(np.abs(m).max()) or 1.0) for m in maps]
    gap = maps[0] - maps[1]
    top = float(np.abs(gap).max())
    titles = " - ".join(find_method(found.selection.method).title for found in (a, b))
    scaled = "as they are" if shared_scale else "each divided by its own largest magnitude"
    viewer(
        image_of_result(a.image, a.result),
        Heat(gap, top, "left minus right", a.layer, f"Difference of the two maps, {scaled}.", -top, ENDS),
        ViewerOptions(
            caption=f"Left minus right, {scaled} · {titles}",
            message="The two maps are the same." if top == 0 else None,
            link="compare",
            settings_of="compare",
        ),
        key="compare_difference",
    )


def swap_button() -> None:
    st.button("Swap", on_click=panes.swap, icon=":material/swap_horiz:", help="Left becomes right")


def scale_control(answers: dict[Side, Answer]) -> bool:
    """Whether both maps are drawn on one colour scale; worth choosing where both are of one method."""
    alike = len({found.selection.method for found in answers.values()}) == 1
    scales = {False: "each on its own scale", True: "on one scale"}
    told = "Values of different methods have different units, so a shared scale says little there."
    return one_of("Values are drawn", scales, alike, f"compare_scale_{alike}", help=told, bare=True)
