"""Several visitors at once on a real server: right maps, no error; and a server that is killed while it works."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import xai_core as xai
from benchmarks import crowd, load
from benchmarks.visitor import visit
from xai_core.datasets import open_dataset
from xai_core.features.patch_job import patch_job
from xai_core.features.patches import TopPatches
from xai_core.features.top_patches import stored_patches, top_patches
from xai_core.models.layers import layers

PATIENCE_S = 120


@pytest.mark.slow
def test_visitors_who_click_at_once_each_get_their_own_maps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    monkeypatch.setattr(load, "SAMPLES", load.SAMPLES[:2])
    with load.served() as (base, process):
        known = load.serial_maps(base)
        log = load.run(base, process.pid, known, visitors=4, seconds=10, pause=0.3)
    assert len(set(known.values())) == len(known) == 10
    assert log.errors == []
    assert log.wrong == []
    assert len(log.waits) >= 4


@pytest.mark.slow
def test_a_crowd_that_comes_and_uploads_at_once_each_get_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The light one of `python -m benchmarks.crowd`, which asks for 60 sessions and 40 uploads."""
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    found = crowd.measured(sessions=6, uploads=5, rounds=1, left_s=0)
    assert (found.errors, found.wrong) == ([], [])
    assert {what: len(waits) for what, waits in found.waits.items()} == {"opening": 6, "class": 18, "upload": 5}


@pytest.mark.slow
def test_a_server_that_is_killed_in_a_pass_leaves_a_state_from_which_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    with load.served() as (base, process), visit(base) as visitor:
        visitor.open("units", "model=imagenet&sample=coffee&data=digits")
        visitor.press("Search 1,797 pictures")
        found = state_after(tmp_path, 32, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    found = stored(tmp_path) or found
    done = found.done
    assert 32 <= done < 1797
    digits, model = open_dataset("digits"), xai.load_model("imagenet")
    name = next(iter(found.layers))
    few = replace(digits, items=digits.items[:done], digest="the first few")
    expected = top_patches(model, few, [name], 9).layers[name].ranked
    for part in ("values", "images", "places"):
        np.testing.assert_array_equal(getattr(found.layers[name].ranked, part), getattr(expected, part))
    with load.served() as (base, _), visit(base) as visitor:
        visitor.open("units", "model=imagenet&sample=coffee&data=digits")
        labels = [e.button.label for e in visitor.elements.values() if e.HasField("button")]
        assert "Go on" in labels


def stored(cache: Path) -> TopPatches | None:
    model = xai.load_model("imagenet")
    names = sorted(layer.name for layer in layers(model) if layer.main)
    return stored_patches(patch_job(model, open_dataset("digits"), names, 9), cache / "patches")


def state_after(cache: Path, images: int, process: subprocess.Popen[bytes]) -> TopPatches:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = stored(cache)
        if found is not None and found.done >= images:
            return found
        assert process.poll() is None
        time.sleep(0.05)
    raise AssertionError("the search did not begin")
