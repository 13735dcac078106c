"""The training script: seeded, runnable, and true to what it writes down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from training.digits import TRAINED_ON, digits, moved, on_three_channels, share, train
from xai_core.models.sources.digits import digits_network

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_one_does_not() -> None:
    torch.set_num_threads(1)
    inputs, labels = digits()
    one, same, other = (train(inputs[:256], labels[:256], seed, epochs=2) for seed in (0, 0, 1))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["classifier.weight"], other["classifier.weight"])


@pytest.mark.slow
def test_the_command_writes_weights_and_a_card(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.digits", "--epochs", "3", "--out", str(tmp_path)]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    facts = json.loads((tmp_path / "digits.json").read_text())
    assert facts["held_out"]["accuracy"]["of"] == 1797 - TRAINED_ON
    assert facts["held_out"]["accuracy"]["value"] > 0.5
    assert "--epochs 3" in facts["training"]
    assert (tmp_path / "digits.safetensors").stat().st_size < 300_000


def test_three_channels_compute_what_one_did() -> None:
    torch.manual_seed(0)
    grey = digits_network(channels=1).eval()
    colour = digits_network().eval()
    colour.load_state_dict(on_three_channels(grey.state_dict()))
    images = torch.randn(4, 1, 16, 16)
    with torch.no_grad():
        assert torch.allclose(colour(images.expand(-1, 3, -1, -1)), grey(images), atol=1e-5)


def test_moving_a_picture_leaves_its_frame_black_and_its_values_in_range() -> None:
    torch.manual_seed(0)
    images = torch.full((50, 1, 16, 16), -1.0)
    images[:, :, 6:10, 6:10] = 1
    changed = moved(images)
    assert changed.shape == images.shape
    assert changed.min() == -1
    assert changed.max() <= 1
    assert (changed != images).flatten(1).any(1).all()
    centre = (changed + 1).sum(dim=(1, 2)) @ torch.arange(16.0) / (changed + 1).sum(dim=(1, 2, 3))
    assert (centre - 7.5).abs().max() < 3


def test_the_interval_is_wilsons() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611."""
    right = torch.zeros(263, dtype=torch.bool)
    right[:81] = True
    assert share(right) == {"value": 0.308, "interval_95": [0.2553, 0.3662], "of": 263}
    assert share(torch.zeros(20, dtype=torch.bool))["interval_95"] == pytest.approx([0, 0.1611], abs=1e-4)
