"""The MRI page without a browser: the other two planes of a volume, and a volume that cannot be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shared.components.viewer.planes import PlanesView, PlaneView
from xai_core.images.scans.samples import load_scan_sample

PAGE = Path(__file__).resolve().parents[2] / "pages" / "mri.py"
Shown = list[list[PlaneView]]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr("dashboard.mri.diagnoses.gallery", lambda *_given, **_rest: None)
    return AppTest.from_file(str(PAGE), default_timeout=240)


@pytest.fixture
def clicks() -> list[dict[str, int]]:
    """Places that the browser tells of in the next run."""
    return []


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, clicks: list[dict[str, int]]) -> Shown:
    """The planes of each run, the large one first."""
    given: Shown = []

    def planes(view: PlanesView, **rest: Any) -> None:
        given.append([view.large, *view.small])
        for place in clicks:
            rest["on_place"](place)
        clicks.clear()

    monkeypatch.setattr("dashboard.mri.three_planes.planes", planes)
    return given


def places(views: list[PlaneView]) -> dict[str, int]:
    return {view.plane: view.at for view in views}


def test_the_other_planes_open_in_the_simulated_lesion(app: AppTest, shown: Shown) -> None:
    app.run()
    _, outline = load_scan_sample("simulated-lesion")
    at = places(shown[-1])
    assert outline is not None
    assert list(at) == ["axial", "coronal", "sagittal"]
    assert outline[at["sagittal"], at["coronal"], at["axial"]]


def test_a_click_moves_the_place_in_all_planes(app: AppTest, shown: Shown, clicks: list[dict[str, int]]) -> None:
    clicks.append({"sagittal": 120, "coronal": 90, "axial": 80})
    app.run()
    app.run()
    assert not app.exception
    assert places(shown[-1]) == {"sagittal": 120, "coronal": 90, "axial": 80}
    assert any("MR axial 81 of 189" in text.value for text in app.markdown)


def test_a_single_slice_has_no_other_planes(app: AppTest, shown: Shown) -> None:
    app.session_state["mri_source"] = "vertebra"
    app.run()
    assert not app.exception
    assert shown == []


def test_a_scan_that_cannot_be_shown_says_so_in_the_middle_of_the_page(app: AppTest) -> None:
    flat = nib.Nifti1Image(np.full((12, 12, 12), 5, np.int16), np.eye(4)).to_bytes()
    app.run()
    app.file_uploader[0].upload("flat.nii", flat, "").run()
    assert [error.value for error in app.main.error if "the value 5 everywhere" in error.value]
    app.selectbox[0].set_value("template").run()
    assert not app.error
