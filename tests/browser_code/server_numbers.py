"""What the server makes of small maps, slices and messages, for the tests of the browser's code to meet.

`python -m tests.browser_code.server_numbers` writes them into server_numbers.json, where those tests find them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import interpolate

from dashboard.mri.stack import encoded
from dashboard.shared.components.scatter.area import area_of
from dashboard.shared.components.viewer.payload import map_bytes, pack
from tests.browser.viewer.known import TORCH
from xai_core.images.digest import array_digest
from xai_core.images.display import display_pixels
from xai_core.render.overlay import overlay
from xai_core.render.scale import colour_table
from xai_core.types import Box, Explanation, SourceImage, Window

FILE = Path(__file__).with_suffix(".json")
MAP = np.array([[0.1, -0.4, 0.9], [0.6, 1.2, 0.02]], np.float32)
BOX = Box(2, 1, 12, 9)
SIZE = (10, 13)  # of the image
WINDOWS = (Window(300, 1000), Window(-50.5, 1), Window(300, 800, (1.0, 0.0)), Window(0, 2000, (0.0, 0.9, 0.2, 1.0)))
SLICE = np.array([[-1000, -50.5, 0], [299.5, 700, 4000]], np.float32)
LOW, STEP = -1000.0, 0.5


def numbers() -> dict[str, Any]:
    return {
        "map": MAP.tolist(),
        "interpolated": {mode: _interpolated(mode) for mode in TORCH},
        "scales": {name: colour_table(name).tobytes().hex() for name in ("viridis", "vik")},
        "overlays": {evidence: _overlay(evidence) for evidence in ("for", "both")},
        "box": [BOX.left, BOX.top, BOX.right, BOX.bottom],
        "size": SIZE,
        "slice": {"bytes": encoded(SLICE, LOW, STEP).hex(), "low": LOW, "step": STEP},
        "greys": [_grey(window) for window in WINDOWS],
        "payload": pack({"name": "Zürich"}, {"one": b"\x07", "map": map_bytes(MAP)}).hex(),
        "hidden": _hidden("8001"),
    }


def _interpolated(mode: str) -> list[list[float]]:
    sampled = interpolate(torch.from_numpy(MAP).double()[None, None], (5, 7), **TORCH[mode])
    return sampled[0, 0].numpy().round(6).tolist()


def _overlay(evidence: str) -> list[list[list[int]]]:
    """uint8 (h, w, 3): the map over mid grey, hidden below a tenth of the scale."""
    pixels = np.full((*SIZE, 3), 128, np.uint8)
    image = SourceImage(pixels, "grey", "photograph", array_digest(pixels))
    told = ("grad_cam", (0,), ("a",), (1.0,), (1.0,), {"layer": MAP[None]}, BOX, SIZE, SIZE, "m", "M", "", image.digest)
    return overlay(image, Explanation(*told), evidence=evidence, opacity=0.8, threshold=0.1).tolist()  # type: ignore[arg-type]


def _grey(window: Window) -> dict[str, Any]:
    image = SourceImage(SLICE, "slice", "scan", array_digest(SLICE))
    grey = display_pixels(replace(image, window=window))[..., 0].tolist()
    return {"center": window.center, "width": window.width, "table": list(window.table) or None, "grey": grey}


def _hidden(text: str) -> dict[str, Any]:
    area = area_of({"mode": "replace", "polygon": [], "hidden": text})
    return {"text": text, "codes": list(area.hidden) if area else None}


if __name__ == "__main__":
    FILE.write_text(json.dumps(numbers(), ensure_ascii=False) + "\n", "utf-8")
