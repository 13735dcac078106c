"""The MRI page without a browser: which of the four diagnoses the large map shows, scan after scan."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

PAGE = Path(__file__).resolve().parents[2] / "pages" / "mri.py"


class Gallery:
    """Stands for the browser's tiles: what was marked in each run, and the tile that is clicked in the next."""

    def __init__(self) -> None:
        self.marked: list[str] = []
        self.click = ""

    def __call__(self, _image: Any, _tiles: Any, selected: str, *_given: Any, **rest: Any) -> None:
        self.marked.append(selected)
        if self.click:
            rest["on_choose"](self.click)
            self.click = ""


@pytest.fixture
def tiles(monkeypatch: pytest.MonkeyPatch) -> Gallery:
    gallery = Gallery()
    monkeypatch.setattr("dashboard.mri.diagnoses.gallery", gallery)
    return gallery


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=240)


def click(app: AppTest, tiles: Gallery, name: str) -> None:
    tiles.click = name
    app.run()
    app.run()
    assert not app.exception


def model_says(app: AppTest) -> str:
    """The diagnosis of the first line of the table is the most probable one."""
    return str(app.table[0].value["Diagnosis"].iloc[0])


def a_head(seed: int) -> bytes:
    """A bright disc on black: enough of a head to be read."""
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    noise = np.random.default_rng(seed).integers(90, 180, (256, 256))
    png = io.BytesIO()
    Image.fromarray(np.where(x**2 + y**2 < 0.6, noise, 0).astype(np.uint8)).save(png, "PNG")
    return png.getvalue()


def show_all_the_same(app: AppTest) -> None:
    for toggle in app.toggle:
        if toggle.label == "Show scores and maps all the same" and not toggle.value:
            toggle.set_value(True).run()


def test_a_clicked_diagnosis_stays_with_its_scan(app: AppTest, tiles: Gallery) -> None:
    app.run()
    click(app, tiles, "pituitary tumour")
    assert tiles.marked[-1] == "pituitary tumour" != model_says(app)
    app.file_uploader[0].upload("x.png", a_head(0), "image/png").run()
    show_all_the_same(app)
    assert tiles.marked[-1] == model_says(app)
    app.selectbox[0].set_value("simulated-lesion").run()
    assert tiles.marked[-1] == "pituitary tumour"


def test_the_map_stays_on_one_diagnosis_while_scrolling_unless_it_is_to_follow(app: AppTest, tiles: Gallery) -> None:
    app.session_state["mri_plane_simulated-lesion"] = "sagittal"
    app.session_state["mri_slice_simulated-lesion_sagittal"] = 138
    app.run()
    assert tiles.marked[-1] == model_says(app) == "meningioma"
    app.session_state["mri_slice_simulated-lesion_sagittal"] = 145
    app.run()
    assert model_says(app) == "no tumour"
    assert tiles.marked[-1] == "meningioma"
    app.toggle(key="mri_follow_simulated-lesion").set_value(True).run()
    assert tiles.marked[-1] == "no tumour"
    click(app, tiles, "pituitary tumour")
    assert tiles.marked[-1] == "pituitary tumour"
    assert not app.toggle(key="mri_follow_simulated-lesion").value


def test_a_slice_that_is_not_answered_decides_nothing(app: AppTest, tiles: Gallery) -> None:
    app.session_state["mri_plane_simulated-lesion"] = "sagittal"
    app.session_state["mri_slice_simulated-lesion_sagittal"] = 25
    app.run()
    assert any("do not read a diagnosis here" in error.value for error in app.error)
    assert not any("voxels" in box.label for box in app.expander)
    assert not tiles.marked
    app.session_state["mri_slice_simulated-lesion_sagittal"] = 138
    app.run()
    assert tiles.marked[-1] == model_says(app) == "meningioma"
    assert any("voxels" in box.label for box in app.expander)


def test_each_tumour_has_a_button_to_its_peak_which_shows_its_map_there(app: AppTest, tiles: Gallery) -> None:
    app.run()  # the slices around the simulated lesion are read at once
    peaks = {label.split(":")[0]: label for label in (button.label for button in app.button) if ": slice " in label}
    assert set(peaks) <= {"glioma", "meningioma", "pituitary tumour"}
    assert len(peaks) >= 2  # what no slice is called has no peak
    for name, label in peaks.items():
        next(button for button in app.button if button.label == label).click().run()
        assert not app.exception
        said = re.fullmatch(r".+: slice (\d+), (.+)", label)
        assert said is not None
        assert any(text.value == f"**MR axial {said[1]} of 189** · {name}" for text in app.markdown)
        show_all_the_same(app)
        assert tiles.marked[-1] == name
        assert dict(zip(*(app.table[0].value[c] for c in ("Diagnosis", "Probability")), strict=True))[name] == said[2]


@pytest.mark.usefixtures("tiles")
def test_a_healthy_series_leads_to_no_peak(app: AppTest) -> None:
    app.session_state["mri_source"] = "echo-planar"
    app.run()
    next(button for button in app.button if button.label == "Read all 24 slices").click().run()
    assert not [button.label for button in app.button if ": slice " in button.label]
    assert any("does the model find a tumour, as far as it can say" in text.value for text in app.caption)
