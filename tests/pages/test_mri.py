"""The MRI page without a browser: what is open, what is said before a diagnosis, and what is taken along."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pypdf
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.mri import export, series, series_strip, truth
from dashboard.mri.opinion import compared
from dashboard.mri.reading import MapRecipe, Reading
from dashboard.mri.report import Seen, document
from dashboard.mri.scan import NO_LETTERS, Place, Scan, Truth
from dashboard.shared.cautions import InputCautions
from tests.shared_data import shared
from training.brain_mri.split import slices, split
from xai_core.evaluation.brain_mri_answer import Answer
from xai_core.evaluation.brain_mri_answer import shown as as_shown
from xai_core.evaluation.familiarity import Familiarity
from xai_core.images.scans import open_scans, slice_image, voxel_at
from xai_core.images.scans.samples import load_scan_sample
from xai_core.models.brain_mri_checks import Checks
from xai_core.render.recipe import percent
from xai_core.report.html_page import html_page
from xai_core.report.nifti import nifti_map
from xai_core.report.pdf_page import pdf_page
from xai_core.types import CLINICAL_CAUTION, Box, Prediction

PAGE = Path(__file__).resolve().parents[2] / "pages" / "mri.py"
FINE = Checks("", "", inverted=False, strange=False, stripped=False)
NAMES = ("glioma", "meningioma", "no tumour", "pituitary tumour")


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=240)


@pytest.fixture
def tiles(monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """What the gallery of diagnoses was given, run by run."""
    given: list[list[Any]] = []
    monkeypatch.setattr("dashboard.mri.diagnoses.gallery", lambda _image, tiles, *_rest, **_named: given.append(tiles))
    return given


def texts(app: AppTest) -> str:
    assert not app.exception, app.exception[0].message
    every = [*app.markdown, *app.caption, *app.subheader, *app.warning, *app.error]
    return "\n".join(element.value for element in every)


def reading(shares: list[float], values: float, *, distance: float = 0.1) -> Reading:
    maps = np.zeros((4, 2, 2), np.float32)
    maps[1] = [[values, -1], [0, 0]]
    scores = np.log(np.array(shares, np.float32))
    near = Familiarity(distance, 0.36, np.arange(5), np.ones(5, np.float32))
    prediction = Prediction(scores, np.array(shares, np.float32), NAMES)
    peaks, recipe = np.full(4, 1e6, np.float32), MapRecipe("grad_cam", "bn2")
    return Reading(prediction, maps, peaks, Box(0, 0, 8, 8), near, True, FINE, recipe, "d" * 64)


def test_the_first_visit_shows_four_maps_on_one_scale_of_a_labelled_scan(app: AppTest, tiles: list[list[Any]]):
    said = texts(app.run())
    assert CLINICAL_CAUTION in said
    assert "SIMULATED" in said
    assert "Skull and scalp seem to have been removed" in said
    image = slice_image(load_scan_sample("simulated-lesion")[0], "axial", 100)
    recipe = {"method": "grad_cam", "layers": ["bn2"], "classes": [0, 1, 2, 3]}
    expected = xai.explain(xai.load_model("brain-mri"), image, **recipe)
    assert [tile.name for tile in tiles[-1]] == list(NAMES)
    assert {tile.vmax for tile in tiles[-1]} == {None}  # one scale for all that have none of their own
    apart = np.abs(np.array([tile.values for tile in tiles[-1]]) - expected.maps["bn2"])
    # The page folds its norms: a unit that rounding lifts over ReLU's edge changes its cell's gradient.
    top = np.abs(expected.maps["bn2"]).max()
    assert (apart < 1e-3 * top).mean() > 0.98
    assert apart.max() < 0.05 * top
    shown = app.table[0].value.set_index("Diagnosis")["Probability"]
    assert list(shown[list(NAMES)]) == [as_shown(share) for share in expected.probabilities]


def with_skull() -> np.ndarray:
    """A head of Cheng's collection, held out: uint8 (512, 512)."""
    paths = slices(shared("brain-mri"))
    chosen = paths[np.flatnonzero(split(paths) == "test")[24]]
    return np.asarray(Image.open(chosen).convert("L"))


@pytest.mark.data
@pytest.mark.usefixtures("tiles")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (np.rot90, "seems to lie with its top to the left"),
        (lambda slice_: 255 - slice_, "Black and white seem exchanged"),
        (lambda _slice: xai.load_sample("coffee").pixels[..., 1], "does not look like a slice of a head"),
        (lambda slice_: slice_, ""),
    ],
)
def test_a_picture_of_another_kind_is_told_before_any_diagnosis(app: AppTest, change: Any, said: str):
    png = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(change(with_skull()))).save(png, "PNG")
    app.run()
    app.file_uploader[0].upload("x.png", png.getvalue(), "image/png").run()
    everything = texts(app)
    assert said in everything
    assert ("do not read a diagnosis here" in everything) == bool(said)
    assert ("The model says" in everything) != bool(said)
    assert not ("exchanged" in everything and "Skull and scalp" in everything)  # that check cannot read such a picture


@pytest.mark.parametrize(
    ("sample", "reason"), [("vertebra", "this is CT, not MR"), ("abdomen", "It does not look like a slice of a head.")]
)
def test_another_kind_of_scan_gets_no_diagnosis_unless_asked(
    app: AppTest, tiles: list[list[Any]], sample: str, reason: str
):
    app.session_state["mri_source"] = sample
    said = texts(app.run())
    assert reason in said
    assert "exchanged" not in said
    assert not any(name in said for name in NAMES)
    assert not app.table
    assert not tiles
    app.toggle(key=f"mri_anyway_{sample}").set_value(True).run()
    assert len(tiles) == 1
    assert "Most similar training slices" in texts(app)


def test_blind_first_shows_no_answer_before_an_opinion(app: AppTest, tiles: list[list[Any]]):
    app.session_state["mri_blind"] = True
    said = texts(app.run()).replace("The model's answer and its maps appear", "")
    assert "the model" not in said.lower()
    assert "“no tumour”" not in said
    assert "The true outline is known" not in said
    assert "The lesion was drawn into" not in said
    assert not tiles
    app.radio[0].set_value("glioma")
    next(button for button in app.button if button.label.startswith("Note it")).click().run()
    assert "how sure you are" in texts(app)  # the reader's own: nothing is chosen beforehand
    app.radio[0].set_value("glioma")
    app.button_group(key="mri_sure_simulated-lesion").set_value("sure")
    next(button for button in app.button if button.label.startswith("Note it")).click().run()
    said = texts(app)
    assert "You noted: glioma, sure" in said
    assert "The true outline is known, so a map can be checked against it." in said
    assert app.session_state["mri_opinions"]["simulated-lesion"].blind
    assert len(tiles) == 1


@pytest.mark.usefixtures("tiles")
def test_pictures_in_a_zip_and_a_file_that_is_none(app: AppTest):
    rng, buffer = np.random.default_rng(0), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("patient-a.png", "patient-b.jpg"):
            slice_png = io.BytesIO()
            Image.fromarray(rng.integers(0, 255, (120, 100, 3), np.uint8)).save(slice_png, "PNG")
            archive.writestr(name, slice_png.getvalue())
        archive.writestr("patient-c.txt", b"these are words " * 20)
    app.run()
    app.file_uploader[0].upload("patient.zip", buffer.getvalue(), "application/zip").run()
    said = texts(app)
    assert "Picture 2 of 2" in said
    assert "The picture is in colour." in said
    assert said.count("neither a scan nor a picture") == 1
    assert "patient" not in said.replace("MR", "")
    app.file_uploader[0].upload("empty.dcm", bytes(4000), "").run()
    assert [error.value for error in app.warning if "zeros" in error.value]
    assert "Picture 2 of 2" in texts(app)  # nothing is lost


def marked_series(number: int, slices: int, burned_in: str) -> list[bytes]:
    """An MR series that says MARKED wherever a person or a study is named."""
    files = []
    for i in range(slices):
        dataset = pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))
        for keyword in ("PatientName", "PatientID", "SeriesDescription", "InstitutionName"):
            setattr(dataset, keyword, "MARKED")
        dataset.SeriesInstanceUID = f"1.2.3.{number}.987654"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}.{i}.987654"
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 3 * i], [1, 0, 0, 0, 1, 0]
        dataset.BurnedInAnnotation = burned_in
        buffer = io.BytesIO()
        dataset.save_as(buffer)
        files.append(buffer.getvalue())
    return files


def test_series_are_chosen_and_identifiers_appear_nowhere(app: AppTest, caplog: pytest.LogCaptureFixture):
    app.run()
    files = marked_series(1, 5, "NO") + marked_series(2, 3, "YES")
    app.file_uploader[0].set_value([("MARKED.dcm", data, "") for data in files[::-1]]).run()
    series_box = next(box for box in app.selectbox if box.label == "Series")
    assert [title.split(" · ")[3] for title in series_box.options] == ["5 slices", "3 slices"]
    assert "burned" not in texts(app)
    series_box.set_value(1).run()
    said = texts(app)
    assert "Text is burned into the pixels" in said
    assert "MR axial 2 of 3" in said
    everything = said + str(app.main) + str(app.sidebar) + caplog.text + str(app.query_params)
    assert "MARKED" not in everything
    assert "987654" not in everything


def test_the_peak_is_the_most_probable_familiar_slice_and_shares_add_up():
    found = {
        3: reading([0.1, 0.7, 0.1, 0.1], 1.0),
        4: reading([0.1, 0.8, 0.05, 0.05], 3.0),
        5: reading([0.01, 0.97, 0.01, 0.01], 0.0, distance=0.5),
    }
    assert series.peak_of(found, 1) == 4
    np.testing.assert_allclose(series.evidence_shares(found, 1), [0.25, 0.75, 0.0])
    assert series_strip.runs([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]


def test_no_peak_leads_into_a_series_without_a_tumour_that_may_be_said():
    healthy, unsure, ill = [0.1, 0.1, 0.7, 0.1], [0.3, 0.1, 0.49, 0.11], [0.01, 0.97, 0.01, 0.01]
    assert not series.tumour_slices({0: reading(healthy, 0.0)}, "axial")
    found = series.tumour_slices({0: reading(healthy, 0.0), 1: reading(ill, 1.0), 2: reading(unsure, 1.0)}, "axial")
    assert 1 in found
    assert found[1].kind == "meningioma"
    assert all(answer.tumour and answer.grade != "withheld" for answer in found.values())


def test_the_exported_map_lies_on_the_voxels_under_its_pixels():
    voxels = np.random.default_rng(0).normal(size=(20, 24, 16)).astype(np.float32)
    stored = nib.Nifti1Image(voxels, np.diag([-2.0, 2.0, 2.0, 1.0])).to_bytes()
    volume = open_scans(stored).series[0].volume()
    at = Place("coronal", 7)
    size = slice_image(volume, "coronal", 7).size
    one = replace(reading([0.1, 0.7, 0.1, 0.1], 1.0), box=Box(0, 0, size[1], size[0]))
    values = export.map_on_voxels(Scan("x", volume), volume, at, {7: one}, 1)
    back = nib.Nifti1Image.from_bytes(gzip.decompress(nifti_map(volume, values)))
    top_left, top_right = (voxel_at(volume, "coronal", 7, 0, column) for column in (0, size[1] - 1))
    assert back.get_fdata()[top_left] == pytest.approx(1.0)
    assert back.get_fdata()[top_right] == pytest.approx(-1.0)
    assert np.count_nonzero(back.get_fdata().any(axis=(0, 2))) == 1


def test_an_opinion_is_compared_with_what_the_page_says_and_not_with_the_highest_of_four():
    unsure = Answer("leaning", tumour=True, share=0.8, kind="glioma", kind_sure=False, reasons=())
    assert compared("glioma", unsure).startswith("The model, too, finds a tumour")
    assert compared("glioma", unsure).endswith("the likeliest is yours.")
    assert compared("meningioma", unsure).endswith("the likeliest is glioma.")
    assert compared("no tumour", unsure) == "The model says otherwise on this slice: a tumour."
    sure = replace(unsure, grade="said", kind_sure=True)
    assert compared("glioma", sure) == "The model agrees on this slice."
    assert compared("pituitary tumour", sure) == "The model says otherwise on this slice: glioma."
    assert compared("cannot say", sure) == "The model says glioma on this slice."
    assert compared("no tumour", replace(sure, tumour=False)) == "The model agrees on this slice."
    for nothing in (None, replace(unsure, grade="withheld")):
        assert compared("glioma", nothing) == "The model cannot say on this slice."


def test_the_report_scores_the_map_against_a_known_outline():
    image = xai.load_sample("coffee")
    one = replace(reading([0.1, 0.7, 0.1, 0.1], 1.0), box=Box(0, 0, image.size[1], image.size[0]))
    outline = np.zeros(image.size, bool)
    outline[: image.size[0] // 2, : image.size[1] // 2] = True
    seen = Seen(image, Place("picture", 0), one, NO_LETTERS, InputCautions((), ()), "Picture", None, "", "now")
    plain = html_page(document(seen)).decode()
    page = html_page(document(replace(seen, fact=Truth(outline, "meningioma")))).decode()
    assert "Against the outline" not in plain
    assert "The annotators say meningioma. Of the map for meningioma:" in page
    share = truth.agreement(one, 1, outline).energy
    assert f"{percent(share)} of its evidence lies inside; the outline covers 25 % of the slice" in page
    assert page.count("data:image/png;base64,") == plain.count("data:image/png;base64,") + 1


def test_the_report_carries_digests_and_checks_and_runs_nothing_that_was_written():
    image = xai.load_sample("coffee")
    one = replace(reading([0.1, 0.7, 0.1, 0.1], 1.0), box=Box(0, 0, image.size[1], image.size[0]))
    found = InputCautions(("It is a cup.",), ())
    note, facts = "<script>x</script>\nß Ж", {"Slice thickness": "3.5 mm"}
    seen = Seen(image, Place("picture", 0), one, NO_LETTERS, found, "Picture", None, note, "now", facts)
    page = html_page(document(seen)).decode()
    assert "<script>" not in page
    assert "&lt;script&gt;x&lt;/script&gt;<br>ß" in page
    assert "<p class=grave>Unlike the training data: do not read a diagnosis here. It is a cup.</p>" in page
    assert "<td>meningioma</td><td>70 %</td><td>−0.36</td><td>+1.95</td>" in page  # ln 0.7, and less ln 0.1
    assert "<td>Slice thickness</td><td>3.5 mm</td>" in page
    assert "The model says" not in page  # what is no head gets no answer
    assert page.count("data:image/png;base64,") == 5
    assert "src='http" not in page
    assert "<link" not in page
    pages = pypdf.PdfReader(io.BytesIO(pdf_page(document(seen))))
    assert all("Research use only" in sheet.extract_text() for sheet in pages.pages)  # pages get filed apart
    printed = "".join("".join(sheet.extract_text() for sheet in pages.pages).split())
    for said in (xai.load_model("brain-mri").digest, one.image_digest, "<script>x</script>", "ßЖ", "Unlikethetraining"):
        assert said in printed
    words = {word for word in re.sub(r"(?s)<style>.*?</style>|<[^>]*>", " ", page).split() if "&" not in word}
    assert {word for word in words if word not in printed} == set()  # the PDF says all that the page says
    assert sum(len(sheet.images) for sheet in pages.pages) == 2  # three maps are empty: one picture with the slice
