import io
import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from xai_core.render.describe import describe
from xai_core.render.place import place, resample
from xai_core.render.recipe import as_npz, percent, recipe_line, signed
from xai_core.render.scale import has_evidence, shown
from xai_core.types import Box, Explanation


def explanation(maps: dict[str, np.ndarray]) -> Explanation:
    return Explanation(
        method="grad_cam",
        classes=(3,),
        class_names=("tabby",),
        scores=(8.125,),
        probabilities=(0.5,),
        maps=maps,
        box=Box(0, 0, 10, 10),
        image_size=(10, 10),
        input_size=(224, 224),
        model_key="imagenet",
        model_title="Net",
        weights_digest="abcdef1234567890",
        image_digest="00",
    )


def test_place_equals_torch_where_the_model_saw_the_whole_picture():
    raw = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    placed = place(raw, Box(0, 0, 101, 64), (64, 101))
    expected = functional.interpolate(torch.tensor(raw)[None, None], (64, 101), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(placed, expected[0, 0], atol=1e-5)
    np.testing.assert_array_equal(resample(raw, (64, 101)), expected[0, 0])


def test_pixels_that_the_model_never_saw_carry_no_heat():
    placed = place(np.ones((7, 7), np.float32), Box(20, 0, 60, 40), (40, 80))
    assert np.isnan(placed[:, :20]).all()
    assert np.isnan(placed[:, 60:]).all()
    assert (placed[:, 20:60] == 1).all()


def test_a_cropped_map_keeps_its_cells_in_place():
    raw = np.zeros((4, 4), np.float32)
    raw[1, 2] = 1
    placed = place(raw, Box(20, 0, 60, 40), (40, 80))
    peak = np.unravel_index(np.nanargmax(placed), placed.shape)
    assert abs(peak[0] + 0.5 - 15) <= 1  # cell row 1 of 4 over 40 pixels: centre at 15
    assert abs(peak[1] + 0.5 - 45) <= 1  # cell column 2 of 4 over 20..60: centre at 45


def test_evidence_is_judged_on_the_maps_own_scale():
    assert has_evidence(np.array([[1e-9, 2e-9]]))
    assert not has_evidence(np.array([[-1.0, 1e-9]]))
    assert not has_evidence(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("cell", "words"),
    [((0, 0), "upper left"), ((1, 1), "the centre"), ((1, 2), "middle right"), ((2, 1), "lower centre")],
)
def test_description_names_the_ninth_with_the_evidence(cell: tuple[int, int], words: str):
    raw = np.zeros((9, 9), np.float32)
    raw[cell[0] * 3 + 1, cell[1] * 3 + 1] = 1
    assert describe(raw).startswith("Most of the evidence lies in the ")
    assert words in describe(raw)


def test_description_of_an_even_map_claims_no_focus():
    assert describe(np.ones((6, 6), np.float32)).startswith("The largest share of the evidence (11 %)")
    assert "half of it covers 50 %" in describe(np.ones((6, 6), np.float32))
    assert describe(-np.ones((6, 6), np.float32)) == "No positive evidence for this class at this layer."


def test_recipe_line_holds_what_is_needed_to_make_the_image_again():
    line = recipe_line(explanation({"layer4": np.zeros((1, 7, 7), np.float32)}), "Grad-CAM", "layer4")
    assert line == "Net (weights abcdef12) · Grad-CAM · layer layer4, 7 × 7 · tabby · score 8.12 · probability 50 %"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        *((0.364, "36 %"), (0.0412, "4.1 %"), (0.0004, "< 0.1 %"), (0.0, "0 %"), (0.9, "90 %"), (0.985, "98 %")),
        *((0.9951, "99.5 %"), (0.998, "99.8 %"), (0.9989, "99.9 %"), (0.99949, "> 99.9 %"), (1.0, "100 %")),
    ],
)
def test_percent(p: float, text: str):
    assert percent(p) == text


def test_all_is_said_of_all_only():
    said = {percent(float(share)) for share in np.linspace(0, 1, 100_001, dtype=np.float32)[1:-1]}
    assert not said & {"100 %", "100.0 %", "0 %", "0.0 %"}


def test_a_number_has_a_true_minus_and_zero_has_none():
    assert [signed(v) for v in (-0.357, -0.001, 2.0)] == ["−0.36", "0.00", "2.00"]
    assert [signed(v, plus=True) for v in (-1.5, 1.5)] == ["−1.50", "+1.50"]


def test_npz_gives_back_raw_maps_and_recipe():
    raw = np.random.default_rng(0).normal(size=(1, 7, 7)).astype(np.float32)
    with np.load(io.BytesIO(as_npz(explanation({"layer4": raw})))) as file:
        np.testing.assert_array_equal(file["layer4"], raw)
        recipe = json.loads(str(file["recipe"]))
    assert recipe["classes"] == [3]
    assert recipe["maps"] == ["layer4"]
    assert recipe["box"] == {"left": 0, "top": 0, "right": 10, "bottom": 10}


def test_evidence_for_against_and_both_are_one_map_seen_three_ways():
    raw = np.array([[3.0, -5.0]])
    for evidence, values, low, high in (("for", raw, 0, 3), ("against", -raw, 0, 5), ("both", raw, -5, 5)):
        drawn = shown(raw, evidence)
        np.testing.assert_array_equal(drawn[0], values)
        assert drawn[1:] == (low, high)
    assert shown(-np.ones((2, 2)), "for")[1:] == (0, 0)
