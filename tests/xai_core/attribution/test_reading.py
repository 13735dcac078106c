"""How a map is read follows the method that made it."""

from __future__ import annotations

import numpy as np
import pytest

import xai_core as xai
from xai_core.attribution.catalog import BY_EVIDENCE, METHODS
from xai_core.attribution.method import INPUT, Method
from xai_core.types import Box, Explanation

EVIDENCE = ("for", "against", "both")
BY_ID = [method.key for method in METHODS]


def made_by(method: Method, settings: dict[str, object] | None = None) -> Explanation:
    layer = "layer4" if method.target == "layer" else INPUT
    maps = {layer: np.zeros((1, 7, 9), np.float32)}
    of_class = ((3,), ("espresso",), (5.0,), (0.9,))
    digests = ("resnet18", "ResNet-18", "w", "p")
    return Explanation(
        method.key, *of_class, maps, Box(0, 0, 224, 224), (224, 224), (224, 224), *digests, settings=settings or {}
    )


def told(method: Method, evidence: str = "for", **settings: object) -> str:
    found = made_by(method, settings)
    return xai.how_to_read(found, next(iter(found.maps)), evidence)


@pytest.mark.parametrize("method", METHODS, ids=BY_ID)
def test_every_method_is_read_in_its_own_words(method: Method) -> None:
    said = [told(method, evidence) for evidence in EVIDENCE]
    assert all(not set("{}") & set(text) for text in said)
    assert ("7 × 9 cells" in said[0]) == (method.target == "layer" or method.key == "rollout")
    if method.class_sensitive:
        assert "class" in said[0] or "score" in said[0]
        assert "no evidence" not in said[0]
    else:
        assert "no evidence for or against" in said[0]
        assert len(set(said)) == 1, "which evidence is shown changes nothing that a map without a class says"
        assert "score" not in said[0], "such a map says nothing of the score"


def test_a_method_whose_maps_have_a_sign_says_what_each_colour_means() -> None:
    signed = [method for method in METHODS if any(f"{{{word}}}" in method.reading for word in BY_EVIDENCE)]
    assert {"grad_cam", "gradient", "occlusion", "integrated_gradients"} <= {method.key for method in signed}
    for method in signed:
        one, other, both = (told(method, evidence) for evidence in EVIDENCE)
        assert one != other
        assert "(red)" in both
        assert "(blue)" in both


def test_occlusion_is_coarse_by_its_window_and_only_maps_of_single_pixels_are_noisy() -> None:
    by_key = {method.key: method for method in METHODS}
    assert "14 % of the picture's shorter side" in told(by_key["occlusion"])
    assert "30 % of the picture's shorter side" in told(by_key["occlusion"], window=30)
    noisy = {key for key in BY_ID if "noisy;" in told(by_key[key])}
    assert noisy == {"gradient", "gradient_x_input", "integrated_gradients"}
    assert "falls when a window over it is hidden" in told(by_key["occlusion"])
    assert "rises when a window over it is hidden" in told(by_key["occlusion"], "against")


def test_results_of_the_library_can_be_read_with_all_that_their_settings_hold() -> None:
    """Guided Grad-CAM notes its layer among the settings."""
    model, image = xai.load_model(), xai.load_sample("coffee")
    for key in ("guided_grad_cam", "eigen_cam"):
        found = xai.explain(model, image, method=key, layers=[xai.suggested_layer(model)])
        assert xai.how_to_read(found, next(iter(found.maps)), "for")
