"""Nothing of one visitor is shown to another: pictures, names, own models, notes; not even by a link."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.core import jobs, results
from dashboard.shared import cached, own_models

PAGES = Path(__file__).resolve().parents[2] / "pages"
NAME = "anna-nas-mri-of-1964.png"


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    jobs.stop_all(60)
    cached._forward_passes.clear()
    results._kept.clear()


def page(name: str = "explain", **link: str) -> AppTest:
    app = AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=120)
    for key, value in link.items():
        app.query_params[key] = value
    return app.run()


def uploaded() -> AppTest:
    """A visitor who has brought a picture, and explains it."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(7).integers(0, 255, (64, 48, 3), np.uint8)).save(buffer, "PNG")
    app = page()
    app.file_uploader[0].set_value([(NAME, buffer.getvalue(), "image/png")]).run()
    assert not app.exception
    assert [image.name for image in app.session_state["uploads"].values()] == [NAME]
    return app


def everything(app: AppTest) -> str:
    """All that the visitor's page was sent."""
    return "".join(str(node.proto) for node in app if hasattr(node, "proto")) + str(app.query_params)


@pytest.mark.parametrize("name", ["explain", "compare", "units", "map"])
def test_a_picture_stays_with_its_visitor(name: str):
    anna = uploaded()
    assert NAME in everything(anna)
    other = page(name)
    assert not other.exception
    assert NAME not in everything(other)
    assert "uploads" not in other.session_state or not other.session_state["uploads"]


def test_a_link_to_anothers_picture_leads_to_a_sample():
    anna = uploaded()
    (digest,) = anna.session_state["uploads"]
    assert digest not in str(anna.query_params)
    for key, value in (("picture", f"upload:{digest}"), ("upload", digest), ("sample", digest)):
        other = page(**{key: value})
        assert NAME not in everything(other)
        assert other.session_state["selection"].image == "sample:coffee"


def test_own_models_stay_with_their_visitor_also_by_a_link():
    model = xai.load_model("digits")
    key = "own/0123456789abcdef"
    from dataclasses import replace

    mine = replace(model, config=replace(model.config, key=key, title="Network of Anna"))
    anna = page("models")
    anna.session_state["own_models"] = {key: mine}
    anna.run()
    assert "Network of Anna" in everything(anna)
    other = page("models", model=key)
    assert "Network of Anna" not in everything(other)
    assert any(own_models.unknown_in_words(key) == warning.value for warning in other.warning)


def test_the_same_picture_under_two_names_shows_each_visitor_their_own():
    anna = uploaded()
    buffer = io.BytesIO()
    Image.fromarray(next(iter(anna.session_state["uploads"].values())).pixels).save(buffer, "PNG")
    ben = page()
    ben.file_uploader[0].set_value([("ben.png", buffer.getvalue(), "image/png")]).run()
    assert list(ben.session_state["uploads"]) == list(anna.session_state["uploads"])  # shared work, by content
    assert NAME not in everything(ben)
    assert "ben.png" in everything(ben)


def test_notes_on_suspects_stay_with_their_visitor():
    from dashboard.map import decisions

    anna, other = AppTest.from_function(_note), AppTest.from_function(_read)
    assert anna.run(timeout=60).markdown[0].value == "1"
    assert other.run(timeout=60).markdown[0].value == "0"
    assert decisions.decisions.__module__ == "dashboard.map.decisions"


def _note() -> None:
    from types import SimpleNamespace

    import streamlit as st

    from dashboard.map import decisions

    space = SimpleNamespace(key="the same table")
    decisions.decide(space, "labels", 4, decisions.Decision("accept", "a patient's name"))
    st.markdown(str(len(decisions.decisions(space))))


def _read() -> None:
    from types import SimpleNamespace

    import streamlit as st

    from dashboard.map import decisions

    st.markdown(str(len(decisions.decisions(SimpleNamespace(key="the same table")))))
