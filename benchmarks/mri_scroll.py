"""Scrolling the MRI page: how long a notch of the wheel takes until the next slice is drawn.

python -m benchmarks.mri_scroll       a made series of 300 slices of 512 x 512, in Chromium, with a server of its own

A notch every 33 ms, as a hand turns a wheel quickly; first over slices that the browser has yet to fetch, then back.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
from playwright.sync_api import Page, sync_playwright

from tests.browsing import CHROMIUM, QUIET, ROOT, running_server

SLICES, SIDE = 300, 512
# Turns the wheel n times and gives, for each notch, the milliseconds until that slice or a later one was drawn.
ROLL = """async ([n, sign, pause]) => {
  const scene = [...document.querySelectorAll("*")].map(e => e.shadowRoot?.querySelector(".viewer .scene"))
    .find(Boolean) ?? document.querySelector(".viewer .scene")
  const drawn = () => Number(scene.dataset.slice)
  const start = drawn(), asked = [], found = []
  const look = () => {
    for (let i = found.length; i < asked.length; i++) {
      if (sign * (drawn() - start) < i + 1) break
      found.push(performance.now() - asked[i])
    }
    if (found.length < n) requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
  for (let i = 0; i < n; i++) {
    asked.push(performance.now())
    const notch = { deltaY: 100 * sign, bubbles: true, cancelable: true, composed: true }
    scene.dispatchEvent(new WheelEvent("wheel", notch))
    await new Promise(done => setTimeout(done, pause))
  }
  while (found.length < n) await new Promise(done => setTimeout(done, 20))
  return found
}"""


def made_series(path: Path) -> None:
    """Noise in a ball: nothing of it compresses."""
    rng = np.random.default_rng(0)
    voxels = rng.integers(0, 2000, (SIDE, SIDE, SLICES), np.int16)
    nib.Nifti1Image(voxels, np.diag([0.5, 0.5, 0.6, 1.0])).to_filename(path)


def measured(page: Page, count: int, sign: int, pause_ms: int) -> str:
    times = sorted(page.evaluate(ROLL, [count, sign, pause_ms]))
    at_most = times[int(0.95 * len(times))]
    return f"median {statistics.median(times):.0f} ms, 95 % within {at_most:.0f} ms, longest {times[-1]:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notches", type=int, default=120)
    parser.add_argument("--pause-ms", type=int, default=33)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_server(ROOT / "streamlit_app.py") as url:
        path = Path(folder) / "series.nii"
        made_series(path)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{url}/mri")
            page.locator(".viewer .scene[data-slice]").first.wait_for(timeout=240_000)
            page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(path)
            page.get_by_text(f"of {SLICES}").first.wait_for(timeout=240_000)
            page.locator("[data-test-script-state=notRunning]").wait_for(timeout=240_000)
            print("to slices not seen before:", measured(page, options.notches, 1, options.pause_ms))
            print("back:                     ", measured(page, options.notches, -1, options.pause_ms))
            browser.close()


if __name__ == "__main__":
    main()
