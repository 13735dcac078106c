"""The MRI page without a browser: real tumours where a copy of the collection is at hand, and how to get one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.mri import case_copy
from dashboard.shared import published_sets
from dashboard.shared.components.viewer.scan import ScanView
from tests.xai_core.datasets.cheng_files import write_files
from xai_core.datasets.cheng import open_cheng
from xai_core.errors import ImageError
from xai_core.models.brain_mri_held_out import held_out

PAGE = Path(__file__).resolve().parents[2] / "pages" / "mri.py"
GLIOMAS, MENINGIOMA = held_out()["glioma"][:2], held_out()["meningioma"][0]
TRAINED = held_out()["glioma"][0] - 30


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three held-out slices and one that the model learned from, as MATLAB files."""
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "copy"
    labels = {GLIOMAS[0]: (2, "A"), GLIOMAS[1]: (2, "A"), MENINGIOMA: (1, "B"), TRAINED: (2, "C")}
    write_files(folder, labels)
    return folder


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> list[ScanView]:
    """What the slice viewer was given, run by run."""
    given: list[ScanView] = []
    monkeypatch.setattr("dashboard.mri.diagnoses.gallery", lambda *_given, **_rest: None)
    monkeypatch.setattr("dashboard.mri.page_frame.scan_viewer", lambda view, **_rest: given.append(view))
    return given


def page() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=240)


def texts(app: AppTest) -> str:
    assert not app.exception, app.exception[0].message
    return "\n".join(
        element.value for element in [*app.markdown, *app.caption, *app.subheader, *app.warning, *app.error]
    )


def answered(app: AppTest) -> AppTest:
    for toggle in app.toggle:
        if toggle.label == "Show scores and maps all the same":
            toggle.set_value(True).run()
    return app


def test_a_copy_opens_on_a_held_out_tumour_with_its_outline_and_the_list_of_all(
    copy: Path, views: list[ScanView], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_BRAIN_TUMOURS", str(copy))
    app = answered(page().run())
    said = texts(app)
    assert f"**Case 1 of 3 (file {GLIOMAS[0]})**" in said
    assert "held out from training; Cheng's collection, CC BY 4.0" in said
    assert "annotators say glioma" in said
    assert "of 3** as the annotators do" in said
    assert "Slice by slice" not in said
    (lines,) = [views[-1].outlines[0]]
    outline = open_cheng(copy).read(GLIOMAS[0]).outline
    assert outline is not None
    rows = np.flatnonzero(outline.any(axis=1))
    assert (lines[0][:, 1].min(), lines[0][:, 1].max()) == (rows[0], rows[-1] + 1)
    listed = app.dataframe[0].value
    assert list(listed["File"]) == [str(GLIOMAS[0]), str(GLIOMAS[1]), str(MENINGIOMA)]
    assert list(listed["Annotators"]) == ["glioma", "glioma", "meningioma"]
    app.toggle(key="mri_outline").set_value(False).run()
    assert views[-1].outlines == {}


def test_a_line_of_the_list_opens_its_slice(copy: Path, views: list[ScanView], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_BRAIN_TUMOURS", str(copy))
    chosen: list[Any] = [2]
    monkeypatch.setattr("dashboard.mri.cases.widget_value", lambda _key: {"selection": {"rows": chosen}})
    monkeypatch.setattr("dashboard.mri.cases.st.dataframe", lambda _rows, **rest: rest["on_select"]())
    app = page().run()
    app.run()
    assert f"**Case 3 of 3 (file {MENINGIOMA})**" in texts(app)
    assert views[-1].at == 2


def test_blind_first_tells_neither_diagnosis_nor_place_of_a_case(
    copy: Path, views: list[ScanView], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_BRAIN_TUMOURS", str(copy))
    app = page()
    app.session_state["mri_blind"] = True
    said = texts(app.run())
    assert f"**Case 1 of 3 (file {GLIOMAS[0]})**" in said
    assert "annotators" not in said
    assert not app.dataframe
    assert views[-1].outlines == {}


@pytest.mark.usefixtures("views")
def test_a_folder_can_be_named_at_the_servers_own_machine_only(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page()
    monkeypatch.setattr(case_copy, "is_local", lambda: False)
    app.session_state["mri_case_folder"] = str(copy)
    said = texts(app.run())
    assert "Case 1" not in said
    assert not [field for field in app.text_input if "copy" in field.label]
    monkeypatch.setattr(case_copy, "is_local", lambda: True)
    monkeypatch.setattr("dashboard.shared.local_folder.is_local", lambda: True)
    app = page().run()
    assert [box.label for box in app.expander if "Real" in box.label] == ["Real tumours: 879 MB"]
    field = next(field for field in app.text_input if "copy" in field.label)
    field.set_value(str(copy.parent / "nowhere")).run()
    assert "There is no folder and no CSV file" in app.sidebar.error[0].value
    assert "SIMULATED" in texts(app)  # the samples stay
    next(field for field in app.text_input if "copy" in field.label).set_value(str(copy)).run()
    assert f"**Case 1 of 3 (file {GLIOMAS[0]})**" in texts(app)
    assert str(copy) not in str(app.query_params)


@pytest.mark.usefixtures("views")
def test_without_a_copy_the_download_is_offered_with_its_size_and_starts_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    started: list[str] = []
    monkeypatch.setattr(published_sets, "download_published", lambda key, *_rest: started.append(key))
    app = page().run()
    said = texts(app)
    assert "It is a download of **879 MB**" in said
    assert "CC BY 4.0" in said
    assert not started
    assert "**MR axial 101 of 189**" in said
    assert "The lesion was drawn into slices 84 to 115. In **" in said
    assert next(heading.value for heading in app.main.subheader) == "Slice by slice"
    monkeypatch.setenv("SIGHTLINE_READ_ONLY", "1")
    said = texts(page().run())
    assert "download of" not in said


def test_a_copy_without_a_held_out_slice_or_with_damage_says_so(tmp_path: Path) -> None:
    from dashboard.mri.cases import case_scan

    write_files(tmp_path / "learned", {TRAINED: (2, "C")})
    with pytest.raises(ImageError, match="none of the slices that were held out from training"):
        case_scan(open_cheng(tmp_path / "learned"))
    write_files(tmp_path / "damaged", {GLIOMAS[0]: (2, "A"), GLIOMAS[1]: (2, "A")})
    (tmp_path / "damaged" / f"{GLIOMAS[0]}.mat").write_bytes(b"MATLAB 7.3 and no more")
    scan = case_scan(open_cheng(tmp_path / "damaged"))
    assert scan.names == (f"file {GLIOMAS[1]}",)
    assert f"Slice {GLIOMAS[0]} is cut off or damaged; fetch the file again." in scan.remarks
