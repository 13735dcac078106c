"""The visitors' own models: few of each visitor, and all of them within a budget."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from torch import nn

import xai_core as xai
from dashboard.shared import own_models
from xai_core.errors import ModelError
from xai_core.types import LoadedModel

MB = 2**20


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict]:
    """Whose session is the present one."""
    now: dict = {"state": {}}
    monkeypatch.setattr(own_models, "own", lambda: now["state"])
    monkeypatch.setattr(own_models.state, "choose", lambda **_: None)
    own_models._all.clear()
    yield now
    own_models._all.clear()


def model_of(megabytes: int, name: str) -> LoadedModel:
    network = nn.Sequential(nn.Linear(1024, 256 * megabytes, bias=False)).eval()
    made = xai.wrap_model(network, input_size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=["a", "b"])
    object.__setattr__(made.config, "key", f"own/{name}")
    return made


def test_beyond_the_budget_of_all_visits_a_model_is_refused_until_another_visitor_leaves(
    visits: dict, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SIGHTLINE_OWN_MODEL_MEMORY_MB", "5")
    anna = visits["state"]
    own_models.add(model_of(3, "anna"))
    visits["state"] = {}
    with pytest.raises(ModelError, match="holds 3 MB of its visitors' own models and has no room for 4 MB more"):
        own_models.add(model_of(4, "ben"))
    assert visits["state"] == {}
    anna.clear()
    gc.collect()
    own_models.add(model_of(4, "ben"))
    assert list(visits["state"]) == ["own/ben"]


def test_the_oldest_of_a_visit_go_first(visits: dict, monkeypatch: pytest.MonkeyPatch):
    for name in "abcd":
        own_models.add(model_of(1, name))
    assert list(visits["state"]) == ["own/b", "own/c", "own/d"]
    monkeypatch.setattr(own_models, "MAX_BYTES", 3 * MB)
    own_models.add(model_of(2, "e"))
    assert list(visits["state"]) == ["own/d", "own/e"]
