"""Pixel-level methods through `explain`: what the card adds, which layer is read, and what the theory says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import xai_core as xai
from tests.networks import Small
from xai_core.attribution.catalog import METHODS
from xai_core.attribution.class_maps import class_maps
from xai_core.types import LoadedModel, SourceImage

MEAN, STD = (0.5, 0.4, 0.3), (0.5, 0.25, 0.2)
# Attention rollout stands at the input as well, but needs attention: test_rollout.py.
PIXEL_METHODS = [method for method in METHODS if method.target == "pixel" and method.key != "rollout"]


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    torch.manual_seed(0)
    return xai.wrap_model(Small().eval(), input_size=(32, 32), mean=MEAN, std=STD, class_names=["a", "b", "c"])


@pytest.fixture(scope="module")
def image() -> SourceImage:
    return xai.load_sample("coffee")


def test_maps_stand_under_input_at_its_size(model: LoadedModel, image: SourceImage):
    result = xai.explain(model, image, method="gradient", classes=[0, 2])
    assert list(result.maps) == ["input"]
    assert result.maps["input"].shape == (2, 32, 32)
    assert result.maps["input"].dtype == np.float32


@pytest.mark.parametrize(("method", "setting"), [("integrated_gradients", "baseline"), ("occlusion", "fill")])
def test_black_and_white_come_from_the_models_card(model: LoadedModel, image: SourceImage, method: str, setting: str):
    inputs = xai.prepare(model.config, image).tensor
    # By hand: (0 - mean) / std and (1 - mean) / std.
    baselines = (torch.tensor([-1.0, -1.6, -1.5]), torch.tensor([1.0, 2.4, 3.5]))
    for colour in ("black", "white"):
        found = xai.explain(model, image, method=method, classes=[1], settings={setting: colour})
        expected = class_maps(
            model.module, inputs, [], 1, method=method, settings={setting: colour}, baselines=baselines
        )
        np.testing.assert_allclose(found.maps["input"], expected["input"][0].numpy(), rtol=1e-4, atol=1e-6)
    assert found.settings[setting] == "white"


@pytest.mark.parametrize(
    ("method", "settings", "rows"),
    [
        ("gradient", {}, [1]),
        ("guided_backprop", {}, [1]),
        ("smooth_grad", {"samples": 5, "batch": 4}, [4, 1]),
        ("integrated_gradients", {"steps": 5, "batch": 4}, [4, 1]),
    ],
)
def test_no_pass_is_taken_but_those_that_the_map_is_made_of(method: str, settings: dict[str, int], rows: list[int]):
    network, seen = Small().eval(), []
    network.block.register_forward_hook(lambda _m, _args, output: seen.append(len(output)))
    class_maps(network, torch.randn(1, 3, 16, 16), [], [[0, 2]], method=method, settings=settings)
    assert seen == rows
    seen.clear()
    class_maps(network, torch.randn(1, 3, 16, 16), [], None, method=method, settings=settings)  # the best class
    assert seen == (rows if rows == [1] else [1, *rows])


def test_the_layer_that_was_read_stands_in_the_settings(model: LoadedModel, image: SourceImage):
    assert xai.explain(model, image, method="guided_grad_cam", layers=["block"]).settings["layer"] == "block"
    assert xai.explain(model, image, method="guided_grad_cam").settings["layer"] == xai.suggested_layer(model)
    assert "layer" not in xai.explain(model, image, method="guided_backprop").settings
    with pytest.raises(xai.LayerError, match="Guided Grad-CAM reads a layer"):
        class_maps(model.module, torch.randn(1, 3, 32, 32), [], method="guided_grad_cam")


def test_networks_without_feature_maps_need_no_layer(image: SourceImage):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    model = xai.wrap_model(network, input_size=(8, 8), mean=MEAN, std=STD, class_names=["a", "b"])
    for method in PIXEL_METHODS:
        if not method.needs_layer:
            assert xai.explain(model, image, method=method.key).maps["input"].shape == (1, 8, 8)


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        ("smooth_grad", {"samples": 0}, "'samples' lies between 1 and 200; 0 was given"),
        ("smooth_grad", {"noise": float("nan")}, "'noise' lies between 0.0 and 1.0; nan was given"),
        ("integrated_gradients", {"baseline": "red"}, "'baseline' is one of grey, black, white, blurred; red was"),
        ("occlusion", {"window": 101}, "'window' lies between 1 and 100; 101 was given"),
        ("occlusion", {"size": 3}, "no setting 'size'; it has batch, fill, stride, window"),
    ],
)
def test_settings_out_of_range_are_refused(model: LoadedModel, method: str, settings: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        class_maps(model.module, torch.randn(1, 3, 32, 32), [], method=method, settings=settings)


@pytest.mark.parametrize("key", [m.key for m in PIXEL_METHODS])
def test_the_callers_gradient_mode_does_not_matter(model: LoadedModel, key: str):
    torch.manual_seed(2)
    inputs = torch.randn(2, 3, 32, 32)
    expected = class_maps(model.module, inputs, ["last"], method=key)["input"]
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            found = class_maps(model.module, inputs.clone(), ["last"], method=key)["input"]
        assert torch.equal(found, expected)


def test_on_a_trained_network_guided_maps_of_two_classes_are_alike_and_gradients_are_not(image: SourceImage):
    """The caveat of guided backpropagation and DeconvNet, and their flag, are facts of the bundled network too."""
    bundled = xai.load_model("imagenet", device="cpu")
    best, unrelated = xai.predict(bundled, image).top(1)[0].index, 0  # a cup and a tench

    def likeness(method: str) -> float:
        first, second = xai.explain(bundled, image, method=method, classes=[best, unrelated]).maps["input"]
        return float(np.corrcoef(np.abs(first).ravel(), np.abs(second).ravel())[0, 1])

    assert likeness("guided_backprop") > 0.95
    assert likeness("deconvnet") > 0.95
    assert likeness("gradient") < 0.6
