"""Where no result can be stored, each page that would store one says so in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.core.state import Selection

PAGES = Path(__file__).resolve().parents[2] / "pages"
MODEL = Selection().model
STORING: list[tuple[str, dict[str, object]]] = [
    ("map", {}),
    ("bench", {"bench_tab": "audit"}),
    ("models", {"models_tab": "two", "unit_data": (MODEL, "digits"), "versus_model": "digits"}),
    ("units", {}),
    ("units", {"unit_data": (MODEL, "published")}),
]


@pytest.mark.parametrize(("page", "tab"), STORING)
def test_a_cache_that_cannot_be_written_is_a_sentence(
    page: str, tab: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "file"))
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300)
    for key, value in tab.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    assert any("No folder can be written for the results" in error.value for error in app.error)
