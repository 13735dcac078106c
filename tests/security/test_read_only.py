"""Read-only: visitors name no folder, save no model and start no download, even at the server's own machine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shared import local_folder
from xai_core.datasets import open_dataset
from xai_core.errors import ImageError

PAGES = Path(__file__).resolve().parents[2] / "pages"


Local = SimpleNamespace(ip_address=None, headers={"Host": "localhost:8501"})


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A visitor at the server's own machine."""
    monkeypatch.setattr(local_folder.st, "context", Local)
    monkeypatch.setattr(local_folder.st, "get_option", lambda _name: "127.0.0.1")
    return monkeypatch


def test_a_folder_can_be_named_at_the_own_machine_but_not_in_read_only_mode(here: pytest.MonkeyPatch, tmp_path: Path):
    assert local_folder.is_local()
    here.setenv("SIGHTLINE_READ_ONLY", "1")
    assert not local_folder.is_local()
    with pytest.raises(ImageError, match="Folders can be named only"):
        local_folder.open_local_folder(str(tmp_path), open_dataset)


@pytest.mark.parametrize("read_only", ["0", "1"])
def test_a_model_that_is_not_on_the_machine_is_offered_for_download_unless_read_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, read_only: str
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("SIGHTLINE_READ_ONLY", read_only)
    app = AppTest.from_file(str(PAGES / "explain.py"), default_timeout=60)
    app.query_params["model"] = "torchvision/mnasnet0_5"
    app.run()
    downloads = [button.label for button in app.button if button.label.startswith("Download ")]
    assert bool(downloads) == (read_only == "0")
    assert any("downloads nothing" in m.value for m in app.markdown) == (read_only == "1")
    assert "Use the bundled model" in [button.label for button in app.button]
