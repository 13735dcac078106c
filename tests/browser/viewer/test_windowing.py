"""The browser's grey of a stored level equals the server's, for every level and kind of window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from dashboard.mri.scan import Scan
from dashboard.mri.stack import encoded, levels
from dashboard.shared.components.viewer import frontend
from tests.dashboard.mri.made_scan import volume_of
from xai_core.images.digest import array_digest
from xai_core.images.display import display_pixels
from xai_core.types import SourceImage, Window

pytestmark = pytest.mark.browser

JS = Path(frontend.__file__).parent / "js"
PAINT = """([bytes, window, levels]) => {
  const slice = decodeSlice(new Uint8Array(bytes).buffer)
  const canvas = paintSlice(document.createElement("canvas"), slice, windowTable(window, levels))
  return Array.from(canvas.getContext("2d").getImageData(0, 0, slice.width, slice.height).data)
}"""


@pytest.mark.parametrize(
    "window", [Window(300, 1000), Window(-50.5, 1), Window(300, 800, (1.0, 0.0)), Window(0, 2000, (0.0, 0.9, 0.2, 1.0))]
)
@pytest.mark.parametrize("kind", ["signed", "float"])
def test_a_windowed_slice_has_the_servers_grey(page: Page, window: Window, kind: str) -> None:
    values = np.arange(-1024, 976).reshape(40, 50)
    voxels = values.astype(np.int16) if kind == "signed" else values / 3 + 0.123
    voxels = voxels.astype(voxels.dtype if kind == "signed" else np.float32)
    shown = voxels.astype(np.float32)
    if kind == "float":
        shown[0, 0] = np.nan
    low, step = levels(Scan("x", volume_of(voxels[:, :, None])))
    page.goto("about:blank")
    page.add_script_tag(content=frontend.joined(JS / "stack.js", JS / "windowing.js"))
    told = {"center": window.center, "width": window.width, "table": list(window.table) or None}
    arguments = [list(encoded(shown, low, step)), told, {"low": low, "step": step}]
    drawn = np.array(page.evaluate(PAINT, arguments)).reshape(40, 50, 4)
    image = SourceImage(shown, "x", "scan", array_digest(shown), window=window)
    expected = display_pixels(image).astype(int)
    assert (drawn[..., 3] == 255).all()
    assert np.abs(drawn[..., :3] - expected).max() <= 1
    assert (drawn[..., :3] == expected).mean() > (0.99 if kind == "signed" else 0.98)
