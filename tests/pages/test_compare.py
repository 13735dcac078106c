"""The Compare page without a browser: default panes, the law between CAM and Grad-CAM, refusals, links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.shared import cached
from xai_core.attribution.catalog import METHODS

PAGE = Path(__file__).resolve().parents[2] / "pages" / "compare.py"


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=120)


def texts(app: AppTest) -> str:
    assert not app.exception, app.exception[0].message
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.warning])


def test_first_run_compares_cam_with_grad_cam_and_measures_the_number_of_cells(app: AppTest):
    app.run()
    said = texts(app)
    assert app.selectbox(key="pane_a_method").value == "cam"
    assert app.selectbox(key="pane_b_method").value == "grad_cam"
    assert "7 × 7 = 49" in said
    factor = float(said.split("factor ")[1].split(",")[0])
    assert factor == pytest.approx(49, rel=1e-4)
    assert {m.label: m.value for m in app.metric}["Rank correlation"] == "1.000"


def test_one_layer_earlier_the_two_part_and_the_page_says_so(app: AppTest):
    app.run()
    app.selectbox(key="pane_b_layer").set_value("blocks.4").run()
    assert "parts from it" in texts(app)
    assert float({m.label: m.value for m in app.metric}["Rank correlation"]) < 0.99


def test_a_method_without_meaning_at_a_layer_is_said_in_its_pane(app: AppTest):
    app.run()
    app.selectbox(key="pane_a_layer").set_value("blocks.4").run()
    assert any("CAM is not defined at layer blocks.4: choose bn2" in info.value for info in app.info)


def test_panes_may_ask_about_another_class_and_picture(app: AppTest):
    app.run()
    app.selectbox(key="pane_b_image").set_value("sample:rocket").run()
    assert "need the same picture" in texts(app)
    app.selectbox(key="pane_b_image").set_value(None).run()
    app.selectbox(key="pane_b_class_index").set_value(504).run()
    assert "coffee mug" in texts(app)


def test_the_difference_shows_what_the_panes_show(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    drawn = []
    monkeypatch.setattr("dashboard.compare.comparison.viewer", lambda _image, heat, *_, **__: drawn.append(heat))
    app.session_state["compare_show_difference"] = True
    app.query_params["a.method"], app.query_params["b.method"] = "grad_cam", "hires_cam"
    app.query_params["a.layer"] = app.query_params["b.layer"] = "blocks.4"
    app.run()
    texts(app)
    model, image = xai.load_model("imagenet"), xai.load_sample("coffee")
    maps = [
        np.clip(xai.explain(model, image, method, ["blocks.4"]).maps["blocks.4"][0], 0, None)
        for method in ("grad_cam", "hires_cam")
    ]
    expected = maps[0] / maps[0].max() - maps[1] / maps[1].max()
    np.testing.assert_allclose(drawn[-1].values, expected, atol=1e-4)
    assert np.abs(drawn[-1].values).max() <= 1


def test_a_pane_drops_a_layer_that_its_new_model_lacks(app: AppTest):
    app.run()
    app.selectbox(key="pane_a_layer").set_value("blocks.2").run()
    assert any(button.key == "follow_a" for button in app.button)
    app.session_state["selection"] = replace(app.session_state["selection"], model="digits", layer=None)
    app.run()
    assert not any(button.key == "follow_a" for button in app.button)
    assert app.selectbox(key="pane_a_layer").value is None


@pytest.mark.slow
def test_each_pane_has_the_settings_of_its_own_method(app: AppTest):
    app.query_params["a.method"] = app.query_params["b.method"] = "smooth_grad"
    app.query_params["a.set.samples"] = "2"
    app.query_params["b.set.samples"] = "3"
    app.run()
    keys = [f"choice_pane_{side}_smooth_grad_samples" for side in "ab"]
    assert [app.number_input(key=key).value for key in keys] == [2, 3]
    app.number_input(key=keys[1]).set_value(4).run()
    assert not app.exception
    assert [app.number_input(key=key).value for key in keys] == [2, 4]
    assert (app.query_params["a.set.samples"], app.query_params["b.set.samples"]) == ("2", "4")
    app.selectbox(key="pane_b_method").set_value("occlusion").run()
    assert "b.set.samples" not in app.query_params
    assert app.number_input(key="choice_pane_b_occlusion_window").value == 14


def test_methods_without_a_meaning_here_are_marked_before_they_are_chosen(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
):
    found = {m.key: None for m in METHODS} | {"deconvnet": "This network has no ReLU."}
    monkeypatch.setattr(cached, "methods", lambda *_: found)
    app.run()
    assert app.selectbox(key="pane_a_method").options[0] == "CAM"
    app.selectbox(key="pane_a_layer").set_value("blocks.4").run()
    methods = app.selectbox(key="pane_a_method")
    assert methods.options[:2] == ["CAM · only at bn2", "Grad-CAM"]
    assert "DeconvNet · does not apply" in methods.options
    assert "This network has no ReLU." in methods.help


def test_a_method_that_reads_no_layer_has_none_to_choose(app: AppTest):
    app.run()
    app.selectbox(key="pane_a_layer").set_value("blocks.4").run()
    app.selectbox(key="pane_a_method").set_value("gradient").run()
    box = app.selectbox(key="pane_a_no_layer")
    assert (box.label, box.value, box.disabled) == ("Layer", "reads no layer", True)
    assert not any(known.key == "pane_a_layer" for known in app.selectbox)
    app.selectbox(key="pane_a_method").set_value("guided_grad_cam").run()
    assert app.selectbox(key="pane_a_layer").value == "blocks.4"


def test_the_matrix_says_what_the_right_pane_shows(app: AppTest):
    app.query_params["b.method"] = "layer_cam"
    app.query_params["b.class_index"] = "504"
    app.run()
    app.toggle(key="compare_show_matrix").set_value(True)
    while "which now shows" not in texts(app.run()):
        assert "Computing" in texts(app)
    assert "which now shows **LayerCAM** for **coffee mug** at bn2" in texts(app)


def test_swap_and_the_link_keep_both_panes(app: AppTest):
    app.run()
    app.selectbox(key="pane_b_method").set_value("layer_cam").run()
    next(button for button in app.button if button.label == "Swap").click().run()
    assert app.selectbox(key="pane_a_method").value == "layer_cam"
    assert app.query_params["a.method"] == "layer_cam"
    other = AppTest.from_file(str(PAGE), default_timeout=60)
    for key in app.query_params:
        other.query_params[key] = app.query_params[key]
    other.run()
    assert not other.exception
    assert other.selectbox(key="pane_a_method").value == "layer_cam"
    assert other.selectbox(key="pane_b_method").value == "cam"


def test_a_wrong_link_shows_the_page_all_the_same(app: AppTest):
    for key, value in {"a.method": "nope", "b.layer": "nope", "b.picture": "upload:x", "a.model": "nope"}.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception


@pytest.mark.slow
@pytest.mark.parametrize("key", [m.key for m in METHODS if not m.slow and m.key != "rollout"])  # needs attention
def test_every_fast_method_can_stand_in_a_pane(app: AppTest, key: str):
    app.query_params["a.method"] = key
    app.run()
    assert not app.exception
    assert not app.error
    assert not app.info
