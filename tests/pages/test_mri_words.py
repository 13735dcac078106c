"""What the MRI page says of files that cannot be shown, and of slices that the model was trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.mri import gate, series_strip, similar
from dashboard.mri.reading import MapRecipe, Reading, read_all
from dashboard.mri.scan import Place, Scan
from dashboard.shared import cautions
from tests.shared_data import shared
from training.brain_mri.split import slices, split
from xai_core.evaluation.brain_mri_answer import Bounds
from xai_core.evaluation.familiarity import Familiarity
from xai_core.images.scans import slice_image
from xai_core.images.scans.samples import load_scan_sample
from xai_core.models.brain_mri_checks import Checks
from xai_core.models.sources.brain_mri import BEYOND, CLASS_NAMES, WEIGHTS, known_slices
from xai_core.types import Box, Prediction

PAGE = Path(__file__).resolve().parents[2] / "pages" / "mri.py"


@pytest.fixture
def no_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.mri.diagnoses.gallery", lambda *_given, **_rest: None)


def texts(app: AppTest) -> str:
    assert not app.exception, app.exception[0].message
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.error])


def test_a_file_that_cannot_be_shown_leaves_no_blank_page_and_its_error_goes_with_the_next() -> None:
    whole = Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()
    cut_in_pixels, cut_in_header = whole[:-1000], whole[:1000]
    app = AppTest.from_file(str(PAGE), default_timeout=240).run()
    app.file_uploader[0].upload("a.dcm", cut_in_pixels, "").run()
    assert [error.value for error in app.main.error] == [
        "The scan is an incomplete, damaged or unusual DICOM image; export it again."
    ]
    assert "Research use only" in texts(app)
    app.file_uploader[0].upload("b.dcm", cut_in_header, "").run()
    assert "cut off in its header" in app.main.error[0].value
    assert len([error for error in app.main.error if "lesion" not in error.value]) == 1
    assert "Research use only" in texts(app)
    app.file_uploader[0].upload("c.dcm", whole, "").run()
    assert "MR axial 1 of 1" in texts(app)
    assert not [error for error in app.error if "cut off" in error.value or "damaged" in error.value]


@pytest.mark.data
def test_a_slice_of_training_is_called_remembered_and_a_held_out_one_is_not():
    paths = slices(shared("brain-mri"))
    part = split(paths)
    for wanted in ("train", "test"):
        chosen = [paths[i] for i in np.flatnonzero(part == wanted)[::700]]
        for one in read_all([xai.load_image(path) for path in chosen], MapRecipe("grad_cam", "bn2")):
            assert ("was among the training pictures" in similar.warning(one)) == (wanted == "train")


@pytest.mark.data
def test_a_slice_of_training_that_is_answered_wrongly_is_told_with_its_label():
    gliomas = shared("brain-mri") / "glioma"
    images = [xai.load_image(gliomas / f"{number}.jpg") for number in ("0760", "0209")]
    wrong, right = read_all(images, MapRecipe("grad_cam", "bn2"))
    contradicts = "labelled glioma: the model, which says meningioma, contradicts what it was taught."
    assert contradicts in similar.warning(wrong)
    assert "labelled glioma: the answer shows memory, not skill." in similar.warning(right)


@pytest.mark.usefixtures("no_tiles")
@pytest.mark.parametrize(
    ("plane", "number", "objection", "evidence"),
    [
        ("axial", 84, "A lesion is drawn in this slice: the model is wrong.", False),  # its lowest slice
        ("axial", 99, "", True),
        ("sagittal", 140, "", True),
        ("axial", 120, "", False),  # beside the lesion, and no tumour is what the model says
    ],
)
def test_where_the_truth_is_known_a_wrong_answer_is_called_wrong(
    plane: str, number: int, objection: str, evidence: bool
) -> None:
    app = AppTest.from_file(str(PAGE), default_timeout=240)
    app.session_state["mri_plane_simulated-lesion"] = plane
    app.session_state[f"mri_slice_simulated-lesion_{plane}"] = number - 1
    app.run()
    said = texts(app)
    assert [error.value for error in app.error] == ([objection] if objection else [])
    assert ("of its evidence lies inside" in said) == evidence


def at_distance(distance: float) -> Reading:
    """Only its distance counts here."""
    even = np.full(4, 0.25, np.float32)
    near = Familiarity(distance, known_slices().limit, np.arange(5), np.ones(5, np.float32))
    plain = Checks("", "", inverted=False, strange=False, stripped=False)
    maps = np.zeros((4, 2, 2), np.float32)
    recipe = MapRecipe("grad_cam", "bn2")
    prediction, peaks = Prediction(even, even, CLASS_NAMES), np.zeros(4, np.float32)
    return Reading(prediction, maps, peaks, Box(0, 0, 8, 8), near, True, plain, recipe, "d" * 64)


def test_the_strip_shades_what_is_rather_far_and_what_is_too_far_apart() -> None:
    told = json.loads(WEIGHTS.with_suffix(".json").read_text("utf-8"))["familiarity"]["percentiles_of_test"]
    careful, never = (told["95"] + told["99"]) / 2, BEYOND * told["99"] + 0.01
    readings = dict(enumerate(map(at_distance, [0.1, careful, careful, never, 0.1, never, careful])))
    drawn = series_strip.figure(readings, np.zeros(7), 0, 0, 7)
    boxes = [shape for shape in drawn.layout.shapes if shape.type == "rect"]
    light, dark = (sorted({box.opacity for box in boxes})[i] for i in (0, -1))
    assert light < dark
    ends = {shade: {(box.x0, box.x1) for box in boxes if box.opacity == shade} for shade in (light, dark)}
    assert ends == {light: {(1.5, 3.5), (6.5, 7.5)}, dark: {(3.5, 4.5), (5.5, 6.5)}}
    assert series_strip.shading_in_words(readings) == (
        "Light shade, 3: farther from the training data than 95 % of held-out slices, read with care. "
        "Dark shade, 2: farther than 99 % of them, do not read a diagnosis there."
    )
    assert "99 % of held-out ones (distance" in cautions.of_distance(readings[3].familiarity).unlike[0]
    assert (
        f"(distance {careful:.2f}, limit {told['95']:.2f})" in cautions.of_distance(readings[1].familiarity).careful[0]
    )
    assert cautions.of_distance(readings[0].familiarity) == cautions.InputCautions((), ())


WORDS_LIMITS = Bounds(
    tumour=0.9, none=0.9, kind=0.8, leaning=0.7, highest=0.97, planes={"sagittal": False},
    placeless=-1.0, striking=1.0, sources=("A", "B"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("shares", "plane", "large", "said"),
    [
        ([0.96, 0.01, 0.02, 0.01], "axial", "The model says: glioma", "98 %"),
        (
            [0.60, 0.34, 0.02, 0.04],
            "axial",
            "The model says: a tumour",
            "Most likely kind: glioma, 60 %, which is unsure.",
        ),
        ([0.70, 0.08, 0.20, 0.02], "axial", "", "The model leans to **glioma**"),
        ([0.01, 0.01, 0.97, 0.01], "axial", "The model says: no tumour", "97 %"),
        ([0.30, 0.15, 0.50, 0.05], "axial", "", "**The model cannot say**"),
        ([0.96, 0.01, 0.02, 0.01], "sagittal", "", "In sagittal slices no answer is offered"),
    ],
)
def test_the_headline_says_no_more_than_left_out_collections_bear_out(
    monkeypatch: pytest.MonkeyPatch, shares: list[float], plane: str, large: str, said: str
) -> None:
    given = np.array(shares, np.float32)
    one = replace(at_distance(0.1), prediction=Prediction(np.log(given), given, CLASS_NAMES))
    monkeypatch.setattr("xai_core.evaluation.brain_mri_answer.bounds", lambda: WORDS_LIMITS)

    def page(one: object, place: object, found: object) -> None:
        from dashboard.mri.diagnoses import headline

        headline(one, place, found)

    def run(found: cautions.InputCautions) -> AppTest:
        app = AppTest.from_function(page, kwargs={"one": one, "place": Place(plane, 0), "found": found}).run()
        assert not app.exception
        return app

    app = run(cautions.InputCautions((), ()))
    assert [element.value for element in app.subheader] == ([large] if large else [])
    assert said.replace("98 %", r"\> 97 %") in "".join(element.value for element in app.markdown)
    far = run(cautions.InputCautions((), (), far=True))
    assert not far.subheader  # what is far from the training data gets no large letters
    unlike = run(cautions.InputCautions(("It is a cup.",), ()))
    assert not unlike.subheader
    assert not unlike.markdown


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"Repetition time": "4000 ms", "Echo time": "100 ms"}, "this is T2-weighted"),
        ({"Repetition time": "500 ms", "Echo time": "10 ms"}, "No contrast agent is named"),
        ({"Repetition time": "500 ms", "Echo time": "10 ms", "Contrast agent": "given"}, ""),
        ({"Repetition time": "8000 ms", "Echo time": "90 ms", "Sequence": "echo planar"}, "echo planar"),
        ({}, ""),
    ],
)
def test_the_gate_reads_what_the_file_says_of_its_contrast(tags: dict[str, str], said: str) -> None:
    volume = replace(load_scan_sample("simulated-lesion")[0], tags=tags)
    image = slice_image(volume, "axial", 80)
    found = gate.gate(Scan("x", volume), image, at_distance(0.1))
    words = " ".join(found.careful)
    assert (said in words) if said else not any(word in words for word in ("weighted", "contrast agent", "planar"))
