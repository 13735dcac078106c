"""Erase and retest: regions and fillings by hand, and what erasing the only evidence does to the answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import xai_core as xai
from tests.xai_core.evaluation.test_faithfulness import Corner, of
from xai_core.attribution.explain import ImageForwardPass, explain_forward_pass, forward_input
from xai_core.errors import SettingError
from xai_core.evaluation.checks.faithfulness import faithfulness
from xai_core.evaluation.erase import FILLINGS, Stroke, erased, region_of, retest, strongest
from xai_core.types import Box, ModelInput


@pytest.fixture
def corner() -> ImageForwardPass:
    """Class 1 scores the red of the upper left quarter."""
    tensor = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) / 10
    tensor[:, 0, :8, :8] += 0.9
    return forward_input(of(Corner(), 16, 2), xai.load_sample("cat"), ModelInput(tensor, Box(0, 0, 16, 16)), ())


UPPER_LEFT = region_of([Stroke("box", ((8, 8), (0, 0)))], (16, 16))


def test_a_box_and_a_brush_cover_what_they_should():
    assert UPPER_LEFT.sum() == 64
    assert UPPER_LEFT[:8, :8].all()
    brush = region_of([Stroke("brush", ((5, 10), (25, 10)), 3)], (20, 30))
    assert brush[10, 5:26].all()
    assert not brush[16:].any()
    assert not brush[:, 29].any()
    assert brush.sum() == pytest.approx(6 * 20 + np.pi * 9, rel=0.25)
    assert region_of([], (4, 5)).sum() == 0


@pytest.mark.parametrize("filling", FILLINGS)
def test_only_the_region_changes_and_keep_changes_all_else(corner: ImageForwardPass, filling: str):
    before = corner.given.tensor.clone()
    gone, kept = (erased(corner, UPPER_LEFT, filling, keep=keep) for keep in (False, True))
    inside = torch.from_numpy(UPPER_LEFT)
    assert torch.equal(gone[..., ~inside], before[..., ~inside])
    assert torch.equal(kept[..., inside], before[..., inside])
    assert not torch.equal(gone[..., inside], before[..., inside])
    assert torch.equal(corner.given.tensor, before)
    assert torch.isfinite(gone).all()


def test_erasing_the_evidence_takes_the_answer_away_and_keeping_it_does_not(corner: ImageForwardPass):
    base = corner.prediction.probabilities[1]
    gone = retest(corner, erased(corner, UPPER_LEFT, "mean")).prediction.probabilities[1]
    kept = retest(corner, erased(corner, UPPER_LEFT, "mean", keep=True)).prediction.probabilities[1]
    assert base > 0.95
    assert gone < 0.6
    assert kept == pytest.approx(base)


def test_mean_is_the_mean_of_what_stays(corner: ImageForwardPass):
    gone = erased(corner, UPPER_LEFT, "mean")
    stays = corner.given.tensor[0, :, ~torch.from_numpy(UPPER_LEFT)].mean(dim=1)
    torch.testing.assert_close(gone[0, :, 0, 0], stays)


def test_grey_takes_away_what_the_deletion_check_takes_away():
    model = xai.load_model("digits")
    image_pass = xai.forward_image(model, xai.open_dataset("digits").load(3), [layer := xai.suggested_layer(model)])
    best = image_pass.prediction.top(1)[0].index
    values = explain_forward_pass(image_pass, "grad_cam", [layer], [best]).maps[layer][0]
    found = faithfulness(model, image_pass.given, values, best, steps=5)
    region = strongest(values, model.config.input_size, 0.2)
    grey, mean = (
        retest(image_pass, erased(image_pass, region, fill)).prediction.probabilities[best] for fill in ("grey", "mean")
    )
    assert grey == pytest.approx(found.without, abs=5e-3)  # a fifth of 256 pixels is no whole number
    assert mean != pytest.approx(found.without, abs=5e-2)


def test_the_second_map_is_that_of_the_changed_picture():
    model = xai.load_model("imagenet")
    layer = xai.suggested_layer(model)
    image_pass = xai.forward_image(model, xai.load_sample("coffee"), [layer])
    region = strongest(explain_forward_pass(image_pass, "grad_cam", [layer]).maps[layer][0], (224, 224), 0.2)
    assert region.mean() == pytest.approx(0.2, abs=1e-4)
    again = retest(image_pass, erased(image_pass, region, "inpaint"))
    best = image_pass.prediction.top(1)[0]
    assert again.prediction.probabilities[best.index] < best.probability / 2
    expected = xai.class_maps(model.module, again.given.tensor, [layer], [best.index], relu=False)[layer][0]
    found = explain_forward_pass(again, "grad_cam", [layer], [best.index])
    np.testing.assert_allclose(found.maps[layer], expected.numpy(), rtol=1e-4, atol=1e-5)
    assert found.box == image_pass.given.box


def test_an_unknown_filling_is_refused(corner: ImageForwardPass):
    with pytest.raises(SettingError, match="blur, grey, mean, noise, inpaint"):
        erased(corner, UPPER_LEFT, "magic")
