"""The brain MRI model on the other pages: research only, and pictures that are unlike its training slices."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.app import PAGES as SCREENS
from xai_core.types import CLINICAL_CAUTION

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "pages"
UNLIKE = "**Unlike the training data: do not read a diagnosis here.**"


def opened(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=240)
    app.query_params.update(query)
    app.session_state["bench_tab"] = "audit"
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def said(app: AppTest) -> list[str]:
    return [box.value for box in [*app.warning, *app.error]]


@pytest.mark.parametrize("page", [screen.name for screen in SCREENS if screen.name != "mri"])
def test_wherever_the_model_is_chosen_it_is_called_research_only_once(page: str) -> None:
    app = opened(page, model="brain-mri", sample="coffee", data="samples", space="brain-mri")
    assert said(app).count(CLINICAL_CAUTION) == 1


@pytest.mark.parametrize("page", ["explain", "compare", "steps", "units", "models"])
def test_a_cup_is_called_unlike_the_training_slices(page: str) -> None:
    app = opened(page, model="brain-mri", sample="coffee")
    assert len([box for box in said(app) if box.startswith(UNLIKE)]) == 1


def test_a_pane_of_its_own_carries_its_own_caution() -> None:
    app = opened("compare", **{"model": "imagenet", "sample": "coffee", "b.model": "brain-mri"})
    assert said(app).count(CLINICAL_CAUTION) == 1
    assert len([box for box in said(app) if box.startswith(UNLIKE)]) == 1


def test_other_models_need_no_such_caution() -> None:
    assert said(opened("explain", model="imagenet", sample="coffee")) == []


def test_the_caution_has_one_wording_and_stands_in_one_file() -> None:
    files = [file for part in ("xai_core", "dashboard", "pages") for file in (ROOT / part).rglob("*.py")]
    told = [file.relative_to(ROOT).as_posix() for file in files if "outline of a lesion" in file.read_text("utf-8")]
    assert told == ["xai_core/types.py"]
    for name in ("README.md", "docs/guide.md", "docs/models/brain-mri.md"):
        assert CLINICAL_CAUTION in (ROOT / name).read_text("utf-8")
