"""Real tumours in a real browser: the outline is drawn on the slice, follows the slices, and goes with its switch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import ROOT, ServerStarter
from tests.xai_core.datasets.cheng_files import write_files
from xai_core.models.brain_mri_held_out import held_out

pytestmark = pytest.mark.browser

WAIT = 120_000
# How many pixels of the marks are of the outline's green, and how wide they reach.
GREEN = """canvas => {
  const { width, height } = canvas, { data } = canvas.getContext("2d").getImageData(0, 0, width, height)
  const columns = []
  for (let i = 0; i < width * height; i++)
    if (data[4 * i + 1] > 200 && data[4 * i] < 120 && data[4 * i + 3] > 200) columns.push(i % width)
  return [columns.length, columns.length ? (Math.max(...columns) - Math.min(...columns)) / width : 0]
}"""


@pytest.fixture(scope="module")
def with_copy(start_server: ServerStarter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that is given a copy of two held-out slices."""
    folder = tmp_path_factory.mktemp("copy")
    first, second = held_out()["glioma"][:2]
    write_files(folder, {first: (2, "A"), second: (2, "A")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("SIGHTLINE_BRAIN_TUMOURS", str(folder))
        with start_server(ROOT / "streamlit_app.py") as base:
            yield base


@pytest.mark.slow  # a server of its own
def test_the_outline_is_drawn_where_it_lies_and_goes_with_its_switch(page: Page, with_copy: str) -> None:
    page.goto(f"{with_copy}/mri", timeout=WAIT)
    page.locator(".viewer .scene[data-slice='1']").first.wait_for(timeout=WAIT)
    anyway = page.get_by_text("Show scores and maps all the same")
    expect(page.get_by_text("All held-out cases")).to_be_visible(timeout=WAIT)
    if anyway.count():
        anyway.click()
    expect(page.get_by_text("Show outline")).to_be_visible(timeout=WAIT)
    marks = page.locator(".viewer .marks").first
    page.wait_for_function("canvas => canvas.width > 100", arg=marks.element_handle(), timeout=WAIT)
    drawn, wide = marks.evaluate(GREEN)
    assert drawn > 100
    assert wide == pytest.approx(2 * 9.6 / 112, abs=0.03)  # a circle of a tenth of 96, in a slice 112 wide
    page.get_by_text("Show outline").click()
    page.wait_for_function(f"canvas => ({GREEN})(canvas)[0] === 0", arg=marks.element_handle(), timeout=WAIT)
