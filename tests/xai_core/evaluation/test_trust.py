"""All checks of one map by a single call, as a notebook asks for them."""

from __future__ import annotations

import numpy as np
import pytest

import xai_core as xai
from xai_core.errors import Cancelled, LayerError, SightlineError
from xai_core.evaluation.checks import CHECKS
from xai_core.evaluation.checks.faithfulness import CARD_STEPS, faithfulness
from xai_core.evaluation.verdict import Trust, verdict


@pytest.fixture(scope="module")
def model() -> xai.LoadedModel:
    return xai.load_model("digits")


@pytest.fixture(scope="module")
def image() -> xai.SourceImage:
    return xai.open_dataset("digits").load(3)


@pytest.fixture(scope="module")
def found(model: xai.LoadedModel, image: xai.SourceImage) -> Trust:
    return xai.trust(model, image, xai.explain(model, image))


def test_every_check_is_made_and_the_verdict_follows_from_them(
    found: Trust, model: xai.LoadedModel, image: xai.SourceImage
):
    assert found.checks.complete
    assert found.verdict == verdict(found.checks, xai.predict(model, image))
    assert list(found.levels) == [check.key for check in CHECKS]


def test_the_figures_are_those_of_the_check_alone(found: Trust, model: xai.LoadedModel, image: xai.SourceImage):
    result = xai.explain(model, image)
    (values,) = result.maps.values()
    given = xai.prepare(model.config, image)
    alone = faithfulness(model, given, values[0], result.classes[0], steps=CARD_STEPS)
    assert alone.gain == found.checks.faithfulness.gain
    assert np.array_equal(alone.deletion.own.probabilities, found.checks.faithfulness.deletion.own.probabilities)


def test_a_map_of_pixels_is_tested_too(model: xai.LoadedModel, image: xai.SourceImage):
    told = []
    result = xai.explain(model, image, method="gradient")
    made = xai.trust(model, image, result, on_progress=lambda *step: told.append(step))
    assert made.checks.complete
    assert told == [(done, len(CHECKS)) for done in range(1, len(CHECKS) + 1)]


def test_another_picture_or_layer_is_refused_and_a_stop_is_heard(model: xai.LoadedModel, image: xai.SourceImage):
    result = xai.explain(model, image)
    with pytest.raises(SightlineError, match="another picture"):
        xai.trust(model, xai.open_dataset("digits").load(4), result)
    with pytest.raises(LayerError, match="not of 'block1'"):
        xai.trust(model, image, result, "block1")

    def stop(_done: int, _total: int) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        xai.trust(model, image, result, on_progress=stop)
