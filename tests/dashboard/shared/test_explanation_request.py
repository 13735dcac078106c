"""An explanation is known again by everything that decides it: a forgotten setting would show a stale map."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

import xai_core as xai
from dashboard.core.state import Selection
from dashboard.shared.cached import identity
from dashboard.shared.explanations import ExplanationRequest, request_of
from xai_core.attribution.explain import ImageForwardPass
from xai_core.types import Download, ModelConfig, ResizeRule

# Another value for each field of the choice; its model and image reach the request by the pass.
CHOSEN: dict[str, Any] = {
    "method": "layer_cam",
    "settings": (("steps", 3),),
    "score": "log_probability",
    "contrast_class": 7,
}
BY_THE_PASS, BY_ARGUMENT, DRAWN_ONLY = {"model", "image"}, {"class_index", "layer"}, {"evidence"}

CONFIG: dict[str, Any] = {
    "key": "another",
    "title": "Another",
    "source": "elsewhere",
    "licence": "none",
    "input_size": (9, 9),
    "mean": (0.9,),
    "std": (0.9,),
    "resize": ResizeRule(99),
    "class_names": tuple("abcdefghij"),
    "first_conv": "a",
    "classifier": "b",
    "default_layer": "c",
    "notes": ("Note.",),
    "download": Download("https://example.org", 1, "0"),
    "channel_order": "BGR",
    "architecture": "d",
    "answer": xai.Answer("several"),
    "caution": "Careful.",
    "settled": (("head_activation", "gelu"),),
}


@pytest.fixture(scope="module")
def image_pass() -> ImageForwardPass:
    model = xai.load_model("digits")
    names = [layer.name for layer in xai.layers(model) if layer.main]
    return xai.forward_image(model, xai.open_dataset("digits").load(3), names)


@pytest.fixture(scope="module")
def layers(image_pass: ImageForwardPass) -> list[str]:
    return list(image_pass.forward_pass.activations)


@pytest.fixture(scope="module")
def request_(image_pass: ImageForwardPass, layers: list[str]) -> ExplanationRequest:
    return request_of(image_pass, Selection(), 3, layers[0])


def test_every_field_of_the_choice_is_thought_of() -> None:
    known = {*CHOSEN, *BY_THE_PASS, *BY_ARGUMENT, *DRAWN_ONLY}
    assert {field.name for field in fields(Selection)} == known


@pytest.mark.parametrize("name", CHOSEN)
def test_each_setting_of_the_choice_changes_the_request(
    name: str, image_pass: ImageForwardPass, layers: list[str], request_: ExplanationRequest
) -> None:
    assert request_of(image_pass, replace(Selection(), **{name: CHOSEN[name]}), 3, layers[0]) != request_


def test_class_layer_picture_and_model_change_it_too(
    image_pass: ImageForwardPass, layers: list[str], request_: ExplanationRequest
) -> None:
    slow = Selection(method="score_cam")  # one layer at a time
    other = xai.forward_image(image_pass.model, xai.open_dataset("digits").load(4), layers)
    model = replace(image_pass.model, config=replace(image_pass.model.config, mean=(0.25,)))
    assert request_of(image_pass, Selection(), 4, layers[0]) != request_
    assert request_of(other, Selection(), 3, layers[0]) != request_
    assert request_of(replace(image_pass, model=model), Selection(), 3, layers[0]) != request_
    assert request_of(image_pass, slow, 3, layers[0]) != request_of(image_pass, slow, 3, layers[-1])


def test_how_it_is_drawn_asks_for_no_other_map(
    image_pass: ImageForwardPass, layers: list[str], request_: ExplanationRequest
) -> None:
    assert request_of(image_pass, Selection(evidence="both"), 3, layers[0]) == request_


@pytest.mark.parametrize("name", [field.name for field in fields(ExplanationRequest)])
def test_requests_that_differ_in_one_field_are_two_keys(name: str, request_: ExplanationRequest) -> None:
    other = replace(request_, **{name: "other"})
    assert other != request_
    assert len({request_: 1, other: 2}) == 2


@pytest.mark.parametrize("name", [field.name for field in fields(ModelConfig)])
def test_a_model_under_another_record_is_another_model(name: str, image_pass: ImageForwardPass) -> None:
    model = image_pass.model
    assert identity(replace(model, config=replace(model.config, **{name: CONFIG[name]}))) != identity(model)
