"""Beside the stages of Grad-CAM: CAM, where the network has the head for it, and the sums that must agree."""

import numpy as np
import streamlit as st

from dashboard.core.plain_text import as_code, in_prose
from dashboard.shared.components.viewer import TilesOptions, tiles
from xai_core.attribution.explain import ImageForwardPass, explain_forward_pass
from xai_core.attribution.grad_cam_steps import GradCamSteps
from xai_core.evaluation.similarity import proportion
from xai_core.forward.head import head_at


def cam_beside(image_pass: ImageForwardPass, steps: GradCamSteps) -> None:
    """The same with CAM, where the network has the head for it: the classifier's weights, and the sum that must be."""
    head = head_at(image_pass.model.module, image_pass.forward_pass, steps.layer)
    st.subheader("Beside it: CAM", anchor=False)
    if head is None:
        st.markdown(
            f"CAM needs a layer whose channel averages go straight into the classifier. {as_code(steps.layer)} of "
            f"{in_prose(image_pass.model.config.title)} is none, so Grad-CAM is the way: it puts gradients in place of "
            "weights."
        )
        return
    st.latex(r"\mathrm{CAM}^c_{ij} = \sum_k w^c_k A^k_{ij}\qquad y^c - b^c = \frac{1}{Z}\sum_{i,j}\mathrm{CAM}^c_{ij}")
    cells, cam = steps.map.size, head_map(image_pass, steps)
    bias, value = float(head.bias[steps.class_index]), float(image_pass.prediction.scores[steps.class_index])
    left, middle, right = st.columns(3)
    left.metric("Score minus bias", f"{value - bias:.5f}")
    middle.metric("Mean of the CAM", f"{cam.mean():.5f}")
    right.metric("CAM / Grad-CAM", f"{proportion(cam, steps.map)[0]:.4f}", help=f"In theory the {cells} cells.")
    st.markdown(
        f"This network averages each channel over its {cells} cells (global average pooling) and weighs the averages "
        "with its classifier. So the class weight *w* tells how much a channel counts, the map's mean **is** the score "
        f"but for the bias, and Grad-CAM's weights are the same divided by {cells}."
    )
    both = np.stack([cam, cells * steps.map]).astype(np.float32)
    tiles(both, ["CAM", f"{cells} × Grad-CAM"], TilesOptions(signed=True, columns=2, label="Evidence"), key="step_cam")
    if head.weight is not None:
        features = np.clip(steps.activations, 0, None) if head.relu else steps.activations
        _pooled(steps, features.mean(axis=(1, 2)), head.weight[steps.class_index].detach().cpu().numpy())


def _pooled(steps: GradCamSteps, means: np.ndarray, class_weights: np.ndarray) -> None:
    """The channels that make most of the score: average, class weight, their product, and alpha times the cells."""
    top = np.argsort(-np.abs(means * class_weights), kind="stable")[:10]
    st.dataframe(
        {
            "Channel": top,
            "Average activation": means[top],
            "Class weight w": class_weights[top],
            "Adds to the score": (means * class_weights)[top],
            "Grad-CAM weight × cells": steps.alpha[top] * steps.map.size,
        },
        hide_index=True,
        alt="The ten channels that make most of the score",
    )


def head_map(image_pass: ImageForwardPass, steps: GradCamSteps) -> np.ndarray:
    """CAM (h, w) of the class, by the library."""
    cam: np.ndarray = explain_forward_pass(image_pass, "cam", [steps.layer], [steps.class_index]).maps[steps.layer][0]
    return cam
