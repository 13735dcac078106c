"""What pages leave behind is collected, though not after each run."""

from __future__ import annotations

import gc
import time
import weakref

import pytest
import streamlit as st

from dashboard.app import ROOT
from dashboard.server import garbage

PATIENCE_S = 60


class Ring:
    """Refers to itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def no_other_collection():
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_other_collection")
def test_what_a_run_left_behind_goes_soon(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(garbage, "EVERY_S", 0.01)
    left = weakref.ref(Ring())
    garbage.start_collecting()
    garbage.collect_soon()
    end = time.monotonic() + PATIENCE_S
    while left() is not None:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_streamlit_does_not_collect_after_each_run():
    assert "postScriptGC = false" in (ROOT / ".streamlit/config.toml").read_text()
    assert isinstance(st.get_option("runner.postScriptGC"), bool)  # it still knows the option
