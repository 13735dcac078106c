"""Randomisation, class and stability: the published results come out on the bundled network, and it is left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch import nn

import xai_core as xai
from tests.networks import Small, fingerprint
from tests.xai_core.evaluation.test_faithfulness import given, image, of
from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.method import INPUT
from xai_core.errors import Cancelled, NotApplicable
from xai_core.evaluation.checks.parameter_randomisation import parameter_randomisation, randomised_copy, stages
from xai_core.evaluation.checks.specificity import specificity
from xai_core.evaluation.checks.stability import stability, variants
from xai_core.evaluation.map_under_test import Remake, remake_of
from xai_core.evaluation.similarity import GRID, comparable, similarity
from xai_core.models.preprocess import prepare
from xai_core.types import LoadedModel, ModelInput, Prediction


@dataclass(frozen=True)
class Asked:
    """A method's map of the coffee sample, and how to make it again."""

    model: LoadedModel
    given: ModelInput
    prediction: Prediction
    values: np.ndarray
    remake: Remake
    class_index: int
    magnitude: bool
    image_pass: ImageForwardPass
    layer: str


def ask(method: str, model: LoadedModel | None = None) -> Asked:
    model, image = model or xai.load_model("imagenet"), xai.load_sample("coffee")
    result = xai.explain(model, image, method)
    (layer,) = result.maps
    return Asked(
        model,
        prepare(model.config, image),
        xai.predict(model, image),
        result.maps[layer][0],
        remake_of(model, result, layer),
        result.classes[0],
        layer == INPUT,
        xai.forward_image(model, image, [layer] if layer != INPUT else []),
        layer,
    )


def test_asking_again_gives_the_same_map():
    for method in ("grad_cam", "guided_grad_cam"):
        requested = ask(method)
        again = requested.remake(requested.model.module, requested.given.tensor, [requested.class_index])[0, 0]
        np.testing.assert_allclose(again, requested.values, rtol=1e-4, atol=1e-6 * np.abs(requested.values).max())


def test_guided_backprop_barely_changes_while_the_top_forgets_and_grad_cam_collapses():
    found = {}
    for method in ("guided_backprop", "grad_cam"):
        a = ask(method)
        before = fingerprint(a.model.module)
        found[method] = parameter_randomisation(
            a.model, a.given, a.values, a.remake, a.class_index, magnitude=a.magnitude, points=6, seed=0
        )
        assert fingerprint(a.model.module) == before
    guided, cam = found["guided_backprop"], found["grad_cam"]
    assert [s.similarity.rank_correlation > 0.9 for s in guided.steps[:2]] == [True, True]
    assert guided.steps[1].similarity.ssim > 0.9
    assert cam.steps[1].similarity.rank_correlation < 0.3
    assert cam.resemblance < 0.5 < 0.8 < guided.resemblance
    assert guided.steps[0].down_to == "classifier"
    assert guided.steps[-1].share == 1


def test_the_twin_forgets_exactly_the_named_layers():
    torch.manual_seed(0)
    module = Small().eval()
    before = fingerprint(module)
    twin = randomised_copy(module, ["head", "stem.1"], seed=3)
    own, other = module.state_dict(), twin.state_dict()
    changed = {name for name in own if not torch.equal(own[name], other[name])}
    assert {"head.weight", "head.bias"} <= changed <= {k for k in own if k.startswith(("head.", "stem.1."))}
    assert float(twin.head.weight.abs().max()) <= 1 / 6**0.5
    torch.testing.assert_close(randomised_copy(module, ["last", "head"], 3).head.weight, twin.head.weight)
    assert not torch.equal(randomised_copy(module, ["head"], 4).head.weight, twin.head.weight)
    assert fingerprint(module) == before


def test_stages_follow_the_running_order_and_norms_stay_with_what_they_follow():
    assert stages(Small().eval(), torch.zeros(1, 3, 20, 20)) == [("stem.0", "stem.1"), ("block",), ("last",), ("head",)]


def test_the_twin_of_the_whole_network_still_answers_with_numbers():
    model = xai.load_model("imagenet")
    image = prepare(model.config, xai.load_sample("cat"))
    names = [name for stage in stages(model.module, image.tensor) for name in stage]
    scores = randomised_copy(model.module, names, 0)(image.tensor)
    assert torch.isfinite(scores).all()
    assert float(scores.std()) > 0
    assert set(names) == {n for n, part in model.module.named_modules() if part._parameters}


def test_a_method_that_ignores_the_class_is_found_out_and_grad_cam_is_not():
    levels = {}
    for method in ("eigen_cam", "grad_cam"):
        a = ask(method)
        levels[method] = specificity(
            a.model, a.given, a.values, a.remake, a.prediction, a.class_index, magnitude=a.magnitude
        )
    assert levels["eigen_cam"].resemblance == pytest.approx(1)
    assert levels["grad_cam"].resemblance < 0.5
    order = [s.index for s in a.prediction.top(6)]
    assert levels["grad_cam"].runner_up.index == order[1]
    assert not {o.index for o in levels["grad_cam"].random} & set(order[:5])


def test_a_model_without_another_class_is_told_so():
    model = of(Small(2), 20, 2)
    answer = Prediction(np.zeros(2, np.float32), np.full(2, 0.5, np.float32), ("a", "b"))
    values = np.arange(25.0, dtype=np.float32).reshape(5, 5)
    with pytest.raises(NotApplicable, match="no other class"):
        specificity(model, image(), values, mean_of_input, answer, 0, exclude=(1,))
    alone = specificity(model, image(), values, mean_of_input, answer, 0)
    assert (alone.runner_up.index, alone.random) == (1, ())
    assert alone.resemblance == alone.runner_up.similarity.rank_correlation


def mean_of_input(_module: nn.Module, inputs: torch.Tensor, classes: list[int]) -> np.ndarray:
    """A "method" that follows the picture exactly: its map moves with every shift and mirror image."""
    return inputs.mean(dim=1, keepdim=True).expand(-1, len(classes), -1, -1).numpy()


def test_a_map_that_follows_the_picture_is_stable_and_one_that_stays_is_not():
    torch.manual_seed(0)
    model = of(Small(), 56, 3)
    smooth = torch.linspace(0.2, 0.8, 56).expand(1, 3, 56, 56).clone()
    smooth[:, :, 10:30, 5:25] = 0.9
    values = smooth[0].mean(0).numpy()
    follows = stability(model, given(smooth), values, mean_of_input, 0)
    exact = [a for a in follows.answers if "noise" not in a.name]
    assert min(a.similarity.rank_correlation for a in exact) > 0.99
    stays = stability(model, given(smooth), values, lambda *_: values[None, None], 0)
    by_name = {a.name: a.similarity.rank_correlation for a in stays.answers}
    assert by_name["noise"] == pytest.approx(1)
    assert by_name["the mirror image"] < 0.5
    assert stays.worst.name in ("the mirror image", "a shift")
    assert stays.spread.max() > follows.spread.max()


@pytest.mark.parametrize("size", [(16, 16), (20, 20), (24, 40), (56, 28), (128, 224)])
def test_a_shift_is_laid_back_by_as_much_as_the_picture_moved(size: tuple[int, int]):
    """On any size, a map that follows the picture passes; 2 cells on each side is right for 28, 56 and 224 only."""
    rows, columns = (np.linspace(0, 3, n)[:, None] for n in size)
    image = torch.from_numpy(np.sin(rows + 1) * np.cos(2 * columns.T + 0.4) / 2 + 0.5).float().expand(1, 3, *size)
    config = replace(of(Small(), 20, 3).config, input_size=size)
    (shift,) = (variant for variant in variants(config, given(image)) if variant.name == "a shift")
    there = shift.back(comparable(shift.tensor[0, 0].numpy(), False))
    here = comparable(image[0, 0].numpy(), False)[: there.shape[0], : there.shape[1]]
    assert min(there.shape) >= GRID - 4
    assert np.abs(there - here).mean() < 0.005


def test_a_picture_too_small_to_be_shifted_is_not():
    config = of(Small(), 12, 3).config
    assert "a shift" not in {variant.name for variant in variants(config, given(torch.rand(1, 3, 12, 12)))}


def test_variants_are_what_they_are_called():
    torch.manual_seed(0)
    config = of(Small(), 56, 3).config
    start = given(torch.rand(1, 3, 56, 56))
    found = {v.name: v.tensor for v in variants(config, start)}
    torch.testing.assert_close(found["the mirror image"], start.tensor.flip(3))
    torch.testing.assert_close(found["a shift"][..., 2:, 2:], start.tensor[..., :-2, :-2])
    assert float((found["noise"] - start.tensor).std()) == pytest.approx(0.05, rel=0.1)
    torch.testing.assert_close(found["a lighter window"], (start.tensor + 0.05).clamp(max=1))
    assert float(found["less contrast"].std() / start.tensor.std()) == pytest.approx(0.8, rel=0.01)
    assert all(float(t.min()) >= 0 and float(t.max()) <= 1 for t in found.values())


def test_similarity_agrees_with_scikit_image_and_constant_maps_share_nothing():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 56, 56))
    expected = structural_similarity(a / a.max(), b / b.max(), data_range=1.0)
    assert similarity(a, b).ssim == pytest.approx(expected, abs=1e-6)
    assert similarity(a, a) == similarity(2 * a, a)
    assert similarity(a, np.zeros((7, 7))).rank_correlation == 0
    assert similarity(a, -a).rank_correlation == pytest.approx(-1)
    assert similarity(a, -a, magnitude=True).rank_correlation == pytest.approx(1)
    fine = np.kron(a, np.ones((4, 4)))
    np.testing.assert_allclose(comparable(fine, False), a, rtol=1e-5)


def test_each_check_can_be_stopped():
    torch.manual_seed(0)
    model, values = of(Small(), 20, 3), np.arange(25.0, dtype=np.float32).reshape(5, 5)

    def stop(_done: int, _total: int) -> None:
        raise Cancelled("stopped")

    for check in (parameter_randomisation, stability):
        with pytest.raises(Cancelled):
            check(model, image(), values, lambda *_: values[None, None], 0, on_progress=stop)


def test_a_twin_that_forgets_step_by_step_is_the_one_that_forgets_at_once():
    torch.manual_seed(0)
    module = Small().eval()
    at_once = randomised_copy(module, ["head", "last"], 5).state_dict()
    by_steps = randomised_copy(randomised_copy(module, ["head"], 5), ["last"], 5).state_dict()
    assert all(torch.equal(at_once[name], by_steps[name]) for name in at_once)
