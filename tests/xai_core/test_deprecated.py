"""Names of the releases before 0.2 still work, and say what they are called now."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import xai_core as xai
from tests.networks import Small
from xai_core.features.patches import Patch


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ModelCard", "ModelConfig"),
        ("model_cards", "model_configs"),
        ("trace_image", "forward_image"),
        ("explain_trace", "explain_forward_pass"),
    ],
)
def test_an_old_name_gives_the_new_thing(old: str, new: str):
    with pytest.warns(DeprecationWarning, match=f"`xai_core.{new}`"):
        assert getattr(xai, old) is getattr(xai, new)


def test_an_unknown_name_is_unknown():
    with pytest.raises(AttributeError, match="has no attribute 'card_models'"):
        _ = xai.card_models


def test_an_old_argument_answers_as_the_new_one():
    torch.manual_seed(0)
    network, inputs = Small().eval(), torch.randn(1, 3, 16, 16)
    new = xai.class_maps(network, inputs, ["last"], [0], relu=False, contrast_class=1)["last"]
    with pytest.warns(DeprecationWarning, match="contrast_class="):
        old = xai.class_maps(network, inputs, ["last"], [0], relu=False, against=1)["last"]
    assert torch.equal(old, new)
    with pytest.raises(TypeError, match="old name 'against'"):
        xai.class_maps(network, inputs, ["last"], [0], contrast_class=1, against=1)


def test_old_fields_read_the_new_ones():
    image = xai.load_sample("coffee")
    model = xai.load_model("imagenet")
    result = xai.explain(model, image)
    for record, old, new in (
        (model, "card", "config"),
        (result, "picture_size", "image_size"),
        (result, "against", "contrast_class"),
        (Patch(3, 0, 0, 1.0), "picture", "image"),
    ):
        with pytest.warns(DeprecationWarning, match=f"`.{new}`"):
            assert getattr(record, old) == getattr(record, new)
    assert np.isfinite(result.maps["bn2"]).all()
