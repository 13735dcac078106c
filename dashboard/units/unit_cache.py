"""What the Units page computes once for all visitors."""

import numpy as np
import streamlit as st
import torch

import xai_core as xai
from dashboard.shared import cached
from dashboard.shared.components.viewer import DisplayImage
from dashboard.units import field as units_field
from xai_core.attribution.explain import ImageForwardPass
from xai_core.features.feature_maps import contributions, feature_maps, map_weights
from xai_core.forward.relu_rules import Rule
from xai_core.forward.target import Target


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=cached.BY_CONTENT)
def unit_gradient(image_pass: ImageForwardPass, layer: str, unit: tuple[int, int, int], rule: Rule) -> np.ndarray:
    """Gradient of one unit by the pixels of its picture: float32 (3, H, W). NotApplicable: no ReLUs for the rule."""
    module, inputs = image_pass.model.module, image_pass.given.tensor
    return xai.neuron_gradient(module, inputs, layer, unit, rule, lift_ceiling=True)[0].float().cpu().numpy()


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=cached.BY_CONTENT)
def channel_contributions(image_pass: ImageForwardPass, layer: str, class_index: int) -> np.ndarray:
    """What each channel of the layer adds to the class map: float32 (c,)."""
    forward_pass = image_pass.forward_pass
    return contributions(
        feature_maps(forward_pass, layer),
        map_weights(forward_pass, layer, Target(torch.tensor([[class_index]], device=forward_pass.scores.device))),
    )


def influence(image_pass: ImageForwardPass, layer: str, unit: tuple[int, int, int]) -> np.ndarray:
    """How much each pixel of the input would change the unit: float32 (H, W), at least 0."""
    change: np.ndarray = np.abs(unit_gradient(image_pass, layer, unit, "gradient")).sum(axis=0)
    return change


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=cached.BY_CONTENT)
def shaded(image_pass: ImageForwardPass, layer: str, unit: tuple[int, int, int]) -> DisplayImage:
    """The picture as the unit sees it, for the browser."""
    return units_field.shaded(image_pass, influence(image_pass, layer, unit))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=cached.BY_CONTENT)
def close_up(image_pass: ImageForwardPass, area: tuple[int, int, int, int]) -> DisplayImage:
    """The part of the picture behind `area` of the input, for the browser."""
    return units_field.part_of(image_pass, area)
