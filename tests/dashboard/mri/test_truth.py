"""A map against a known outline, in numbers and in words; how a series wavers; and the lines around an outline."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.mri import cases, series, truth
from dashboard.mri.reading import MapRecipe, Reading
from dashboard.mri.scan import PICTURE, Place, Scan, Truth, outlined_slices, slice_of, truth_of
from xai_core.evaluation.brain_mri_answer import Answer, Grade
from xai_core.evaluation.familiarity import Familiarity
from xai_core.evaluation.localisation import Found
from xai_core.images.scans import Volume
from xai_core.images.scans.samples import load_scan_sample
from xai_core.models.brain_mri_checks import Checks
from xai_core.models.sources.brain_mri import CLASS_NAMES
from xai_core.types import Box, Prediction, SourceImage

FINE = Checks("", "", inverted=False, strange=False, stripped=False)


def reading(best: int, maps: np.ndarray | None = None) -> Reading:
    shares = np.full(4, 0.1, np.float32)
    shares[best] = 0.7
    near = Familiarity(0.1, 0.36, np.arange(5), np.ones(5, np.float32))
    given = np.zeros((4, 4, 4), np.float32) if maps is None else maps
    prediction = Prediction(np.log(shares), shares, CLASS_NAMES)
    peaks, recipe = np.zeros(4, np.float32), MapRecipe("cam", "bn2")
    return Reading(prediction, given, peaks, Box(0, 0, 80, 80), near, True, FINE, recipe, "d")


def test_an_even_map_has_as_much_inside_as_the_outline_covers_of_what_the_model_saw() -> None:
    maps = np.zeros((4, 4, 4), np.float32)
    maps[0] = 2.0
    outline = np.zeros((100, 120), bool)
    outline[20:40, 20:60] = True  # 20 x 40 pixels
    outline[90:, :] = True  # beyond the square that the model saw
    found = truth.agreement(reading(0, maps), 0, outline)
    assert found.energy == pytest.approx(800 / 6400, abs=0.005)
    assert found.overlap == pytest.approx(800 / 6400, abs=0.005)


def test_a_map_with_one_strong_cell_points_into_the_outline_around_it() -> None:
    maps = np.zeros((4, 4, 4), np.float32)
    maps[1, 1, 2], maps[1, 3, 0] = 1.0, -3.0
    outline = np.zeros((80, 80), bool)
    outline[10:50, 30:70] = True
    inside, elsewhere = truth.agreement(reading(1, maps), 1, outline), truth.agreement(reading(1, maps), 1, ~outline)
    assert (inside.pointing, elsewhere.pointing) == (1, 0)
    assert inside.energy > 0.95
    assert inside.energy + elsewhere.energy == pytest.approx(1, abs=0.01)
    assert truth.in_words(Found(1, 0.614, 0.5, 0.12), outline) == [
        "**61 %** of its evidence lies inside; the outline covers 25 % of the slice",
        "Its strongest place lies **inside, or just beside it**",
        "Where it has at least half its peak, it shares **12 %** of the area of both together",
    ]
    assert "outside" in truth.in_words(Found(0, 0.1, 0.1, 0.1), outline)[1]
    assert truth.in_words(truth.agreement(reading(1), 1, outline), outline) == [
        "None of its evidence lies inside, as far as it has any."
    ]


def test_lines_run_along_the_edges_of_the_pixels() -> None:
    outline = np.zeros((20, 30), bool)
    outline[2:5, 3:8] = outline[0:1, 20:30] = True
    lines = {tuple(line.min(axis=0)): line for line in truth.contours(outline)}
    assert set(lines) == {(3, 2), (20, 0)}
    assert tuple(lines[3, 2].max(axis=0)) == (8, 5)
    assert tuple(lines[20, 0].max(axis=0)) == (30, 1)
    assert all(np.array_equal(line[0], line[-1]) for line in lines.values())


def test_the_outline_of_a_volume_is_that_of_each_slice() -> None:
    volume, outline = load_scan_sample("simulated-lesion")
    assert isinstance(volume, Volume)
    scan = Scan("x", volume, outline=outline)
    found = outlined_slices(scan, "axial")
    assert len(found) == np.ptp(list(found)) + 1 == 32
    at = Place("axial", 100)
    known = truth_of(scan, at, slice_of(scan, at).size)
    assert known is not None
    np.testing.assert_array_equal(found[100], known.outline)
    beside = truth_of(scan, Place("axial", 20), slice_of(scan, at).size) if known.outline is not None else None
    assert beside is not None
    assert beside.outline is not None
    assert not beside.outline.any()
    assert series.comes_first(scan)
    around = series.around_lesion(found, 189)
    assert (around[0], around[-1], len(around)) == (min(found) - 8, max(found) + 8, 48)


def test_wavering_counts_tumours_in_the_lesion_beside_it_and_changes_between_neighbours() -> None:
    answers = {10: 2, 11: 2, 12: 0, 13: 2, 14: 1, 15: 1, 30: 0}  # slices 12 to 15 hold the lesion; 30 has no neighbour
    readings = {i: reading(best) for i, best in answers.items()}
    assert series.wavering(readings, [12, 13, 14, 15, 16]) == (
        "The lesion was drawn into slices 13 to 17. In **3 of 4** of them the model's likeliest answer is a tumour, "
        "and so it is in 1 of 3 beside them; from one slice to the next it changes **3 times**."
    )
    assert series.wavering({10: reading(2)}, [12]) == ""


def picture() -> SourceImage:
    return SourceImage(np.zeros((80, 80, 3), np.uint8), "x", "photograph", "d")


def test_a_dozen_is_told_with_its_misses() -> None:
    inside = Found(1, 0.5, 0.4, 0.3)
    listed = [
        cases.Case("file 12", "glioma", "glioma", 0.9, inside),
        cases.Case("file 30", "glioma", "no tumour", 0.6, Found(0, 0.1, 0, 0)),
        cases.Case("file 7", "meningioma", "meningioma", 0.8, None),
    ]
    assert cases.summary(listed) == (
        "The model names **2 of 3** as the annotators do. In **1 of 2** the strongest place lies in the outline."
    )
    assert cases.rows(listed)[1] == {
        "Case": "2",
        "File": "30",
        "Annotators": "glioma",
        "Model": "no tumour",
        "Right": "no",
        "Probability": "60 %",
        "Evidence inside": "10 %",
        "Strongest place": "outside",
        "Overlap": "0 %",
    }
    assert cases.rows(listed)[2]["Evidence inside"] == "no outline"


def test_a_case_is_named_by_its_number_and_never_by_its_diagnosis() -> None:
    scan = Scan("c", images=(picture(),), truths=(Truth(None, "glioma"),), names=("file 12",))
    assert slice_of(scan, Place(PICTURE, 0)).name == "Case 1 of 1 (file 12)"
    assert truth_of(scan, Place(PICTURE, 0), (80, 80)) is scan.truths[0]
    assert outlined_slices(scan, PICTURE) == {}


@pytest.mark.parametrize(
    ("grade", "kind", "sure", "said"),
    [
        ("said", "glioma", True, "markdown: :green-badge[:material/check: The annotators say glioma, too]"),
        ("leaning", "meningioma", True, "error: The annotators say glioma: the model is wrong."),
        ("said", "meningioma", False, "warning: The annotators say glioma: a tumour, as the model says, but not its"),
        ("withheld", "meningioma", True, ""),
        ("leaning", "", True, "error: The annotators say glioma: the model is wrong."),  # no tumour
    ],
)
def test_the_verdict_blames_only_what_the_model_said(
    monkeypatch: pytest.MonkeyPatch, grade: Grade, kind: str, sure: bool, said: str
) -> None:
    told: list[str] = []
    for name in ("markdown", "warning", "error"):
        monkeypatch.setattr(truth.st, name, lambda text, name=name, **_rest: told.append(f"{name}: {text}"))
    monkeypatch.setattr(truth, "answer_of", lambda *_given: Answer(grade, bool(kind), 0.9, kind or "glioma", sure, ()))
    truth.verdict(reading(0), Place("picture", 0), Truth(None, "glioma"))
    assert len(told) == bool(said)
    assert not said or told[0].startswith(said)
