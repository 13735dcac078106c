"""What the Units page computes once for all visitors. Strings are the keys, as in dashboard/shared/cached.py."""

from __future__ import annotations

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


def unit_gradient(image_pass: ImageForwardPass, layer: str, unit: tuple[int, int, int], rule: Rule) -> np.ndarray:
    """Gradient of one unit by the pixels of its picture: float32 (3, H, W). NotApplicable: no ReLUs for the rule."""
    return _unit_gradient(cached.identity(image_pass.model), image_pass.image.digest, layer, unit, rule, image_pass)


@st.cache_resource(max_entries=64, show_spinner=False)
def _unit_gradient(
    weights: str, image: str, layer: str, unit: tuple[int, int, int], rule: Rule, _traced: ImageForwardPass
) -> np.ndarray:
    gradient = xai.neuron_gradient(_traced.model.module, _traced.given.tensor, layer, unit, rule, lift_ceiling=True)
    return gradient[0].float().cpu().numpy()


def channel_contributions(image_pass: ImageForwardPass, layer: str, class_index: int) -> np.ndarray:
    """What each channel of the layer adds to the class map: float32 (c,)."""
    return _contributions(cached.identity(image_pass.model), image_pass.image.digest, layer, class_index, image_pass)


@st.cache_resource(max_entries=64, show_spinner=False)
def _contributions(weights: str, image: str, layer: str, class_index: int, _traced: ImageForwardPass) -> np.ndarray:
    forward_pass = _traced.forward_pass
    return contributions(
        feature_maps(forward_pass, layer),
        map_weights(forward_pass, layer, Target(torch.tensor([[class_index]], device=forward_pass.scores.device))),
    )


def shaded(image_pass: ImageForwardPass, layer: str, unit: tuple[int, int, int], influence: np.ndarray) -> DisplayImage:
    """The picture as the unit sees it, for the browser."""
    return _shaded(cached.identity(image_pass.model), image_pass.image.digest, layer, unit, image_pass, influence)


@st.cache_resource(max_entries=64, show_spinner=False)
def _shaded(
    weights: str, image: str, layer: str, unit: tuple[int, int, int], _traced: ImageForwardPass, _influence: np.ndarray
) -> DisplayImage:
    return units_field.shaded(_traced, _influence)


def close_up(image_pass: ImageForwardPass, area: tuple[int, int, int, int]) -> DisplayImage:
    """The part of the picture behind `area` of the input, for the browser."""
    return _close_up(cached.identity(image_pass.model), image_pass.image.digest, area, image_pass)


@st.cache_resource(max_entries=64, show_spinner=False)
def _close_up(weights: str, image: str, area: tuple[int, int, int, int], _traced: ImageForwardPass) -> DisplayImage:
    return units_field.part_of(_traced, area)
