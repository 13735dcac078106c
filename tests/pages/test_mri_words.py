"""What the MRI page says of files that cannot be shown, and of slices that the model was trained on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.mri import series_strip, similar
from dashboard.mri.reading import MapRecipe, Reading, read_all
from dashboard.shared import cautions
from tests.shared_data import shared
from training.brain_mri.split import slices, split
from xai_core.evaluation.familiarity import Familiarity
from xai_core.models.brain_mri_checks import Checks
from xai_core.models.sources.brain_mri import CLASS_NAMES, WEIGHTS, known_slices
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
    assert len(app.main.error) == 1
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
        for one in read_all([xai.load_image(path) for path in chosen], MapRecipe("hires_cam", "blocks.4")):
            assert ("was among the training pictures" in similar.warning(one)) == (wanted == "train")


@pytest.mark.data
def test_a_slice_of_training_that_is_answered_wrongly_is_told_with_its_label():
    gliomas = shared("brain-mri") / "glioma"
    images = [xai.load_image(gliomas / f"{number}.jpg") for number in ("0210", "0209")]
    wrong, right = read_all(images, MapRecipe("hires_cam", "blocks.4"))
    contradicts = "labelled glioma: the model, which says meningioma, contradicts what it was taught."
    assert contradicts in similar.warning(wrong)
    assert "labelled glioma: the answer shows memory, not skill." in similar.warning(right)


@pytest.mark.usefixtures("no_tiles")
@pytest.mark.parametrize(
    ("plane", "number", "objection", "evidence"),
    [
        ("axial", 99, "A lesion is drawn in this slice: the model is wrong.", False),
        ("sagittal", 139, "", True),
        ("sagittal", 115, "No lesion is drawn in this slice: the model is wrong.", False),
        ("axial", 119, "", False),  # beside the lesion, and no tumour is what the model says
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
    assert ("of this map's evidence for" in said) == evidence


def at_distance(distance: float) -> Reading:
    """Only its distance counts here."""
    even = np.full(4, 0.25, np.float32)
    near = Familiarity(distance, known_slices().limit, np.arange(5), np.ones(5, np.float32))
    plain = Checks("", "", inverted=False, strange=False, stripped=False)
    maps = np.zeros((4, 2, 2), np.float32)
    recipe = MapRecipe("hires_cam", "blocks.4")
    return Reading(Prediction(even, even, CLASS_NAMES), maps, Box(0, 0, 8, 8), near, True, plain, recipe, "d" * 64)


def test_the_strip_shades_what_is_rather_far_and_what_is_too_far_apart() -> None:
    told = json.loads(WEIGHTS.with_suffix(".json").read_text("utf-8"))["familiarity"]["percentiles_of_test"]
    careful, never = (told["95"] + told["99"]) / 2, told["99"] + 0.01
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
