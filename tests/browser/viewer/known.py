"""What the test app shows, for the app and for the tests that check it: a grey picture and three small maps."""

from __future__ import annotations

import numpy as np

from xai_core.types import Box

WIDTH, HEIGHT = 600, 400
GREY = 60
BOX = Box(100, 0, 500, 400)  # a centre crop: each of 7 cells is 57.1 px wide
NAME = "Patient <b>Doe</b>"
MAPS = {
    "layer1": np.random.default_rng(1).normal(0.2, 0.5, (14, 14)).astype(np.float32),
    "layer2.<i>conv": np.random.default_rng(2).normal(0.5, 1.0, (7, 7)).astype(np.float32),
    "layer3": -np.ones((4, 4), np.float32),
}
MAIN = "layer2.<i>conv"
