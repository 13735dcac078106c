"""The Step-by-step page without a browser: its numbers are the picture's own and fit together."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import xai_core as xai

PAGE = Path(__file__).resolve().parents[2] / "pages" / "steps.py"


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=120)


def metrics(app: AppTest) -> dict[str, str]:
    assert not app.exception
    return {metric.label: metric.value for metric in app.metric}


def test_score_minus_bias_is_the_mean_of_the_cam_and_cam_is_49_times_grad_cam(app: AppTest):
    app.run()
    shown = metrics(app)
    assert float(shown["Score minus bias"]) == pytest.approx(float(shown["Mean of the CAM"]), rel=1e-4)
    assert float(shown["CAM / Grad-CAM"]) == pytest.approx(49, rel=1e-4)
    best = xai.predict(xai.load_model("imagenet"), xai.load_sample("coffee")).top(1)[0]
    assert float(shown["Score (logit)"]) == pytest.approx(best.score, abs=6e-4)


def test_it_works_for_a_class_that_was_not_predicted(app: AppTest):
    app.query_params["class"] = "504"
    app.run()
    shown = metrics(app)
    expected = xai.predict(xai.load_model("imagenet"), xai.load_sample("coffee")).of(504)
    assert float(shown["Score (logit)"]) == pytest.approx(expected.score, abs=6e-4)
    assert any("coffee mug" in text.value for text in app.markdown)


def test_all_channels_added_leave_nothing_missing(app: AppTest):
    app.run()
    slider = app.slider(key="step_channels")
    assert slider.max == 1280
    slider.set_value(1280).run()
    assert not app.exception


def test_at_a_layer_without_the_head_the_page_says_why_cam_does_not_exist_there(app: AppTest):
    app.query_params["layer"] = "blocks.4"
    app.run()
    assert "Mean of the CAM" not in metrics(app)
    assert any("whose channel averages go straight into the classifier" in text.value for text in app.markdown)
