"""How the map is drawn is remembered: over another map, a reload, and another version."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_settings_survive_another_map_and_a_reload(shown: Page) -> None:
    shown.locator(".opacity").fill("83")
    shown.locator(".scales").select_option("cividis")
    shown.get_by_text("Cells", exact=True).click()
    shown.get_by_role("button", name="layer1").click()
    expect(shown.locator(".legend-title")).to_have_text("Evidence · layer1")
    for reload in (False, True):
        if reload:
            shown.reload()
            shown.locator(".viewer .scene[data-heat=drawn]").wait_for()
        expect(shown.locator(".opacity")).to_have_value("83")
        expect(shown.locator(".scales")).to_have_value("cividis")
        expect(shown.get_by_role("radio", name="Cells")).to_be_checked()


@pytest.mark.parametrize(
    ("stored", "way"),
    [
        ({"smooth": False, "opacity": 0.8}, "Cells"),
        ({"smooth": True, "opacity": 0.8}, "Bilinear"),
        ({"between": "toString", "opacity": 0.8}, "Bilinear"),
        ({"smooth": False, "between": "bicubic", "opacity": 0.8}, "Bicubic"),
    ],
)
def test_settings_of_an_earlier_version_are_understood(
    page: Page, store: Callable, visit: Callable, app_url: str, stored: dict[str, object], way: str
) -> None:
    store(app_url, "sightline.one", json.dumps(stored))
    visit(page, app_url)
    expect(page.get_by_role("radio", name=way)).to_be_checked()
    expect(page.locator(".opacity")).to_have_value("80")
