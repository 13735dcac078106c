import runpy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from PIL import Image

import xai_core as xai
from xai_core.models.catalog import load_expression
from xai_core.render.recipe import as_python


@pytest.fixture(scope="module")
def model() -> xai.LoadedModel:
    return xai.load_model("imagenet", device="cpu")


def test_bundled_model_on_a_real_photograph_equals_captum(model: xai.LoadedModel):
    image = xai.load_sample("coffee")
    result = xai.explain(model, image, layers=["blocks.4", "bn2"], classes=[504, 967])
    tensor = xai.prepare(model.config, image, model.device).tensor
    for layer in ("blocks.4", "bn2"):
        for k, c in enumerate((504, 967)):
            oracle = LayerGradCam(model.module, model.module.get_submodule(layer)).attribute(tensor, c)[0, 0]
            expected = oracle.detach().numpy()
            assert np.abs(result.maps[layer][k] - expected).max() <= 1e-5 * np.abs(expected).max()


def test_explanation_without_choices_is_grad_cam_of_the_predicted_class_at_the_suggested_layer(model: xai.LoadedModel):
    image = xai.load_sample("cat")
    result, best = xai.explain(model, image), xai.predict(model, image).top(1)[0]
    assert (result.method, result.classes, list(result.maps)) == ("grad_cam", (best.index,), ["bn2"])
    assert result.scores == (best.score,)
    assert result.maps["bn2"].shape == (1, 7, 7)
    assert (xai.explain(model, image, classes=[504]).maps["bn2"] < 0).any(), "maps are signed"
    assert result.image_digest == image.digest


def test_threads_that_share_one_trace_get_the_serial_maps_bit_for_bit(model: xai.LoadedModel):
    image_pass = xai.forward_image(model, xai.load_sample("cat"), ["blocks.2", "blocks.4", "bn2"])
    requests = [(["blocks.2", "blocks.4", "bn2"][i % 3], (i * 37) % 1000) for i in range(80)]

    def answer(request: tuple[str, int]) -> np.ndarray:
        return xai.explain_forward_pass(image_pass, "grad_cam", [request[0]], [request[1]]).maps[request[0]]

    serial = [answer(r) for r in requests]
    with ThreadPoolExecutor(8) as pool:
        threaded = list(pool.map(answer, requests))
    assert all(np.array_equal(a, b) for a, b in zip(serial, threaded, strict=True))


def test_copied_python_makes_the_same_image_again(
    model: xai.LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    image = xai.load_sample("rocket")
    result = xai.explain(model, image, layers=["bn2"], classes=[657])
    monkeypatch.chdir(tmp_path)
    script = as_python(result, "bn2", load_expression(result.model_key), 'xai.load_sample("rocket")')
    Path("again.py").write_text(script)
    runpy.run_path("again.py")
    again = np.asarray(Image.open(tmp_path / "heat_map.png")).astype(int)
    # A sum over another number of threads may end one of 255 levels away.
    np.testing.assert_allclose(again, xai.overlay(image, result, "bn2"), rtol=0, atol=1)


def test_overlay_draws_nothing_where_the_model_never_looked_and_nothing_without_evidence(model: xai.LoadedModel):
    image = xai.load_sample("coffee")
    result = xai.explain(model, image)
    drawn = xai.overlay(image, result)
    left = int(result.box.left)
    assert left > 0
    np.testing.assert_array_equal(drawn[:, :left], image.pixels[:, :left])
    assert (drawn[:, left + 1 : -left - 1] != image.pixels[:, left + 1 : -left - 1]).any()
    maps = {"bn2": -np.abs(result.maps["bn2"])}
    without = xai.Explanation(**{**vars(result), "maps": maps})
    np.testing.assert_array_equal(xai.overlay(image, without), image.pixels)


def test_overlay_of_a_scan_lies_on_its_grey(model: xai.LoadedModel):
    values = np.linspace(-1000, 3000, 32 * 40, dtype=np.float32).reshape(32, 40)
    scan = xai.SourceImage(values, "slice", "scan", "0" * 64)
    result = xai.explain(model, scan)
    drawn = xai.overlay(scan, result, opacity=0)
    assert (drawn.dtype, drawn.shape) == (np.uint8, (32, 40, 3))
    grey = np.rint((values + 1000) / 4000 * 255)
    np.testing.assert_allclose(drawn, np.repeat(grey[:, :, None], 3, axis=2), atol=1)
    none = xai.Explanation(**{**vars(result), "maps": {"bn2": -np.abs(result.maps["bn2"])}})
    np.testing.assert_array_equal(xai.overlay(scan, none), drawn)


def test_the_recipe_of_a_network_from_python_says_so(model: xai.LoadedModel):
    config = model.config
    own = xai.wrap_model(
        model.module, input_size=config.input_size, mean=config.mean, std=config.std, class_names=config.class_names
    )
    result = xai.explain(own, xai.load_sample("cat"), layers=["bn2"])
    assert "model = xai.wrap_model(your_network, ...)" in as_python(
        result, "bn2", load_expression(result.model_key), "..."
    )


def test_unknown_method_layer_class_and_setting_are_refused_in_words(model: xai.LoadedModel):
    image = xai.load_sample("cat")
    with pytest.raises(xai.NotApplicable, match="no method 'cam_plus'"):
        xai.explain(model, image, method="cam_plus")
    with pytest.raises(xai.LayerError, match="no layer 'layer4'"):
        xai.explain(model, image, layers=["layer4"])
    with pytest.raises(xai.ClassError, match="classes are 0 to 999"):
        xai.explain(model, image, classes=[1000])
    with pytest.raises(ValueError, match="no setting 'steps'"):
        xai.explain(model, image, settings={"steps": 3})


def test_a_layer_without_a_grid_is_refused(model: xai.LoadedModel):
    with pytest.raises(xai.LayerError, match="not feature maps"):
        xai.class_maps(model.module, torch.zeros(1, 3, 224, 224), ["global_pool"])
