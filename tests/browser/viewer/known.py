"""What the test app shows, for the app and for the tests that check it: a grey picture and three small maps."""

from __future__ import annotations

from typing import Any

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

# How torch.nn.functional.interpolate is asked for each of the viewer's ways between the cells.
TORCH: dict[str, dict[str, Any]] = {
    "bilinear": {"mode": "bilinear", "align_corners": False},
    "aligned": {"mode": "bilinear", "align_corners": True},
    "bicubic": {"mode": "bicubic", "align_corners": False},
    "nearest": {"mode": "nearest-exact"},
}

# For the parts app: a picture of another shape, two maps on it, and what the matrix, the tiles and the probe show.
PICTURE = np.random.default_rng(3).integers(40, 90, (240, 360, 3), dtype=np.uint8)
OTHER_BOX = Box(120, 0, 600, 480)  # a centre crop of the picture at twice its size
LINKED = {
    "one": np.random.default_rng(4).normal(0.2, 0.6, (6, 9)).astype(np.float32),
    "two": np.random.default_rng(5).normal(20, 60, (4, 4)).astype(np.float32),
}

CLASSES = ("tabby\n31 %", "tiger cat\n24 %", "Egyptian cat\n8 %", "lynx\n2 %")
METHODS = ("CAM", "Grad-CAM", "Grad-CAM++", "Score-CAM", "Guided backprop")
REASON = "This network has no ReLU, which guided backprop needs."
_random = np.random.default_rng(6)
CELLS: list[list[np.ndarray | str | None]] = [
    [
        *(scale * _random.normal(0.3, 0.4, (7, 7)).astype(np.float32) for scale in (1.0, 0.7, 0.4)),
        -np.ones((7, 7), np.float32),
        REASON,
    ]
    for _ in CLASSES
]

CHANNELS = _random.normal(0.4, 0.5, (1280, 7, 7)).astype(np.float32)
FILTERS = _random.integers(0, 256, (32, 3, 3, 3), dtype=np.uint8)
PROBED = _random.normal(0.2, 0.6, (4, 6)).astype(np.float32)


def titles_of(maps: np.ndarray) -> list[str]:
    return [f"channel {i}" for i in range(len(maps))]
