"""The stages of the Step-by-step page: each one shows the numbers of the picture at hand and says what they mean."""

import numpy as np
import streamlit as st

from dashboard.core.plain_text import as_code, class_in_prose, in_prose
from dashboard.shared import channel_chart
from dashboard.shared.components.viewer import Heat, ProbeOptions, TilesOptions, ViewerOptions, probe, tiles, viewer
from dashboard.shared.components.viewer.probe import Mode
from dashboard.shared.drawing import Look, draw, image_of_result
from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.grad_cam_steps import GradCamSteps, cancelled_share
from xai_core.render.describe import describe
from xai_core.render.recipe import measure, percent, said
from xai_core.render.scale import has_evidence
from xai_core.types import Explanation, SourceImage

TILES = 24
STAGES = {
    1: "Activations",
    2: "Score",
    3: "Weights",
    4: "Sum",
    5: "ReLU",
    6: "Upsampling",
    7: "Overlay",
}
UPSAMPLING: tuple[tuple[Mode, str], ...] = (
    ("bilinear", "Bilinear"),
    ("aligned", "Bilinear, corners aligned"),
    ("bicubic", "Bicubic"),
    ("nearest", "Nearest cell"),
)


def activations(steps: GradCamSteps) -> None:
    """Stage 1: what the layer answers to the picture."""
    channels, height, width = steps.activations.shape
    _stage(1, "What the layer answers", r"A^k_{ij}")
    st.markdown(
        f"Layer {as_code(steps.layer)} answers the picture with **{channels} channels**, each a map of {height} × "
        f"{width} cells. A channel is high where it finds what it has learned to look for. These are the ones that "
        "will matter most for this class, all on one scale."
    )
    order = steps.order()[:TILES]
    tiles(steps.activations[order], [f"channel {k}" for k in order], TilesOptions(columns=8), key="step_activations")


def score(image_pass: ImageForwardPass, class_index: int) -> None:
    """Stage 2: the number that is explained, and why not the probability."""
    chosen, answer = image_pass.prediction.of(class_index), image_pass.prediction.answer
    _stage(2, "The number to explain", r"y^c")
    if not answer.probable:
        st.metric(class_in_prose(chosen.name), measure(chosen.score, answer))
        st.markdown("The network measures, so the number itself is explained: what pushes it up, and what down.")
        return
    left, middle, right = st.columns(3)
    left.metric("Score (logit)", f"{chosen.score:.3f}")
    middle.metric("Probability", percent(chosen.probability))
    rise = 10 * chosen.probability * (1 - chosen.probability)  # of the slope p (1 - p), for a step of 0.1, in points
    right.metric("If the score rises by 0.1", f"+{rise:.2g} points", help="The slope of the probability is p (1 − p).")
    st.markdown(
        f"We explain the **score** of *{class_in_prose(chosen.name)}*. The probability would mislead: "
        f"{'' if answer.alone else 'it also rises when other classes lose, and '}as soon as the model is sure it "
        "hardly moves, however much evidence there is. "
        f"Here, if the score rose by 0.1, the probability would rise by about {rise:.2g} percentage points."
    )


def weights(steps: GradCamSteps) -> None:
    """Stage 3: the gradients, averaged to one weight a channel."""
    _stage(
        3, "How much each channel counts", r"\alpha^c_k = \frac{1}{Z}\sum_{i,j}\frac{\partial y^c}{\partial A^k_{ij}}"
    )
    st.markdown(
        "The gradient says how the score would answer if a channel fired a little more at a cell. Its mean over the "
        "cells is the channel's **weight**: positive for the class, negative against it."
    )
    channel_chart.bars(steps.alpha, key="step_alpha")
    sums = steps.contributions.sum(axis=(1, 2))
    ranked = np.argsort(-sums, kind="stable")
    st.caption(
        "A channel with a large weight still adds nothing where it does not fire. Weight times activation, summed over "
        "the cells, is what it contributes."
    )
    best = ("Speak most for the class", "for", ranked[:6])
    worst = ("Speak most against it", "against", ranked[::-1][:6])
    for title, sign, chosen in (best, worst):
        st.markdown(f"**{title}**")
        names = [f"channel {k}\nweight {_short(steps.alpha[k])}\nadds {_short(sums[k])}" for k in chosen]
        tiles(steps.activations[chosen], names, TilesOptions(scale="each", columns=6), key=f"step_{sign}")


@st.fragment
def weighted_sum(image: SourceImage, result: Explanation, steps: GradCamSteps) -> None:
    """Stage 4: channels added one by one until the map has formed."""
    _stage(4, "Adding the channels up", r"M^c_{ij} = \sum_k \alpha^c_k A^k_{ij}")
    order, whole = steps.order(), steps.map
    seen, moved = st.columns([3, 2], gap="medium", vertical_alignment="center")
    label = "Channels added, those that contribute most first"
    start = min(len(order), max(10, len(order) // 32))
    count = 1
    if len(order) > 1:
        count = moved.slider(label, 1, len(order), start, key="step_channels", persist_state="session")
    part = steps.partial_map(order[:count])
    rest = float(np.abs(whole - part).sum() / (np.abs(whole).sum() or 1.0))
    top = float(np.abs(whole).max()) or 1.0
    moved.markdown(f"{count} of {len(order)} channels; what is missing amounts to {percent(rest)} of the whole map.")
    with seen:
        viewer(
            image_of_result(image, result),
            Heat(part, top, f"sum of {count} channels", steps.layer, describe(part), vmin=-top),
            ViewerOptions(settings_of="step_overlay", compact=True, height=420),
            key="step_sum",
        )


def relu(steps: GradCamSteps) -> None:
    """Stage 5: what goes with the ReLU."""
    _stage(5, "Keeping what speaks for the class", r"L^c = \mathrm{ReLU}\Big(\sum_k \alpha^c_k A^k\Big)")
    whole = steps.map
    gone = cancelled_share(whole)
    if gone == 0:
        st.markdown("Nothing here is negative, so for this class at this layer the ReLU changes nothing.")
        return
    tiles(
        np.stack([whole, np.clip(whole, 0, None)]).astype(np.float32),
        ["before: for and against", "after: for"],
        TilesOptions(signed=True, columns=2, label="Evidence"),
        key="step_relu",
    )
    if not has_evidence(whole):
        st.markdown("**Nothing is left**: there is no positive evidence for this class here, and no honest heat map.")
    else:
        st.markdown(
            f"The ReLU drops everything negative: **{percent(gone)}** of the map's total magnitude. What is left is "
            "the evidence for the class."
        )


def upsampling(steps: GradCamSteps, size: tuple[int, int]) -> None:
    """Stage 6: from cells to pixels, with the weights of one pixel."""
    _stage(6, "From cells to pixels", None)
    height, width = steps.map.shape
    st.markdown(
        f"{height} × {width} cells must cover {size[0]} × {size[1]} pixels. In between, values are **invented by a "
        "rule**, not measured. Point at a pixel to see which cells it comes from, and with which weights."
    )
    evidence = np.clip(steps.map, 0, None)
    last = UPSAMPLING[-1][0]  # which has the legend of all four, as they share the scale
    for pair in (UPSAMPLING[:2], UPSAMPLING[2:]):
        for (mode, title), column in zip(pair, st.columns(2, gap="medium"), strict=True):
            with column:
                st.markdown(f"**{title}**")
                probe(
                    evidence,
                    size,
                    ProbeOptions(mode=mode, link="step_probe", settings_of="step_overlay", legend=mode == last),
                    key=f"step_probe_{mode}",
                )


def overlay(image: SourceImage, result: Explanation, layer: str) -> None:
    """Stage 7: the finished map."""
    _stage(7, "Over the picture", None)
    draw(image, result, layer, "for", Look("step_overlay"))


def heading(image_pass: ImageForwardPass, class_index: int) -> None:
    """What is taken apart on this page, and the way to each stage."""
    chosen = image_pass.prediction.of(class_index)
    st.header("Grad-CAM step by step", anchor=False)
    st.markdown(
        f"Why **{class_in_prose(chosen.name)}** ({in_prose(said(chosen, image_pass.prediction.answer))})? "
        + " · ".join(f"[{number} {title}](#stage-{number})" for number, title in STAGES.items())
    )


def _short(value: float) -> str:
    """Two digits with their sign, a true minus."""
    return f"{value:+.2g}".replace("-", "−")


def _stage(number: int, title: str, formula: str | None) -> None:
    st.subheader(f"{number}. {title}", anchor=f"stage-{number}", divider="gray" if number > 1 else False)
    if formula:
        st.latex(formula)
