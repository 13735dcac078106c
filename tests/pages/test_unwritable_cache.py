"""Where no result can be stored, each page that would store one says so in a sentence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.core import jobs
from dashboard.core.state import Selection

PAGES = Path(__file__).resolve().parents[2] / "pages"
MODEL = Selection().model
PATIENCE_S = 120
STORING: list[tuple[str, dict[str, object]]] = [
    ("map", {}),
    ("bench", {"bench_tab": "audit"}),
    ("models", {"models_tab": "two", "unit_data": (MODEL, "digits"), "versus_model": "digits"}),
    ("units", {}),
    ("units", {"unit_data": (MODEL, "published")}),
]


@pytest.fixture(autouse=True)
def no_work_before() -> Iterator[None]:
    jobs._runs.clear()
    yield
    jobs._runs.clear()


@pytest.mark.parametrize(("page", "tab"), STORING)
def test_a_cache_that_cannot_be_written_is_a_sentence(
    page: str, tab: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "file"))
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300)
    for key, value in tab.items():
        app.session_state[key] = value
    end = time.monotonic() + PATIENCE_S
    while not app.run().error and time.monotonic() < end:  # work in the background says it a little later
        assert not app.exception
        time.sleep(0.2)
    assert not app.exception
    assert any("No folder can be written for the results" in error.value for error in app.error)
