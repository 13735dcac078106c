"""Models of Keras and of the HuggingFace hub, from the file or the name to their use on every page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_models import button, page, texts, upload
from tests.xai_core.models.sources.huggingface.local_hub import Hub, serving
from tests.xai_core.models.sources.huggingface.packages import saved
from tests.xai_core.models.sources.keras.case_weights import CASES
from xai_core.models.sources.huggingface.hub import VARIABLE
from xai_core.models.sources.huggingface.package import FILES


def used(app: AppTest) -> str:
    app = button(app, "Use this model")
    chosen: str = app.session_state["selection"].model
    assert chosen in app.session_state["own_models"]
    return chosen


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_keras_file_goes_into_use(ending: str) -> None:
    app = upload(page().run(), f"transfer.{ending}", (CASES / f"transfer.{ending}").read_bytes())
    said = texts(app)
    assert "**Keras**, 3 classes, reads colour pictures" in said
    assert "were left out: RandomFlip, RandomRotation" in said
    assert used(app).startswith("own/keras-")


def test_a_hostile_keras_file_gets_a_sentence_and_the_page_stays() -> None:
    app = upload(page().run(), "evil.keras", b"PK\x03\x04")
    assert "damaged or cut short" in texts(app)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    saved("vit", tmp_path)
    with serving({"some/vit": {name: (tmp_path / name).read_bytes() for name in FILES}}) as running:
        monkeypatch.setenv(VARIABLE, running.address)
        yield running


def test_a_name_on_the_hub_tells_its_size_and_is_fetched_by_a_second_click(hub: Hub) -> None:
    app = page().run()
    assert hub.asked == []
    app = next(t for t in app.text_input if t.label == "Name on the hub").set_value("some/vit").run()
    assert hub.asked == []
    app = button(app, "Show its size")
    assert "**some/vit** · 0.1 MB · licence: apache-2.0" in texts(app)
    assert len(hub.asked) == 1
    app = button(app, "Fetch 0.1 MB")
    said = texts(app)
    assert "**transformers vit**, 3 classes, reads colour pictures" in said
    assert len(hub.asked) == 4
    assert used(app).startswith("own/huggingface-")


@pytest.mark.usefixtures("hub")
def test_a_name_that_the_hub_lacks_is_said_and_the_page_stays() -> None:
    app = next(t for t in page().run().text_input if t.label == "Name on the hub").set_value("some/other").run()
    assert "answered 404" in texts(button(app, "Show its size"))


def test_the_way_to_the_hub_is_gone_where_its_owner_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "off")
    assert not [t for t in page().run().text_input if t.label == "Name on the hub"]
