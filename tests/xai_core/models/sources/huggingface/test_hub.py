"""Models of the hub by their names: the size first, the files on request, and nothing but what was asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.xai_core.models.sources.huggingface.local_hub import REVISION, Hub, serving
from xai_core.errors import ModelError
from xai_core.models.sources.huggingface.hub import VARIABLE, fetch, hub_address, look_up
from xai_core.models.sources.huggingface.package import package_of

FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "preprocessor_config.json": b"{}",
    "more.bin": b"x" * 99,
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    models = {"some/model": FILES, "pickled": {"config.json": b"{}", "pytorch_model.bin": b"x"}}
    with serving(models) as running:
        monkeypatch.setenv(VARIABLE, running.address)
        yield running


def test_the_size_is_told_before_a_file_is_fetched(hub: Hub) -> None:
    found = look_up(" some/model ")
    assert (found.size_bytes, found.licence, found.revision) == (11, "apache-2.0", REVISION)
    assert hub.asked == ["/api/models/some/model?blobs=true"]
    steps: list[tuple[int, int]] = []
    package = package_of(fetch(found, lambda done, total: steps.append((done, total))))
    assert package.weights == b"weights"
    assert steps[-1] == (11, 11)
    assert sorted(hub.asked[1:]) == [
        f"/some/model/resolve/{REVISION}/{name}" for name in sorted(FILES) if "bin" not in name
    ]


@pytest.mark.parametrize("name", ["", "../etc/passwd", "a/b/c", "http://other/x", "a b", "a/../b", "x\ny", "a?b=c"])
def test_what_is_no_name_is_not_asked_for(name: str, hub: Hub) -> None:
    with pytest.raises(ModelError, match="no name of a model"):
        look_up(name)
    assert hub.asked == []


def test_models_that_the_hub_lacks_or_has_as_pickles_are_refused(hub: Hub) -> None:
    with pytest.raises(ModelError, match="answered 404"):
        look_up("some/other")
    with pytest.raises(ModelError, match=r"has no model\.safetensors"):
        look_up("pickled")
    assert len(hub.asked) == 2


@pytest.mark.parametrize("other", [b"weightz", b"weight", b"weights and more", b""])
def test_files_that_come_otherwise_than_announced_are_refused(other: bytes, hub: Hub) -> None:
    found = look_up("some/model")
    hub.other["model.safetensors"] = other
    with pytest.raises(ModelError, match="came otherwise"):
        fetch(found)


def test_the_owner_of_a_server_can_turn_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "off")
    assert hub_address() is None
    with pytest.raises(ModelError, match="turned off"):
        look_up("some/model")


def test_a_hub_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="no connection"):
        look_up("some/model")
