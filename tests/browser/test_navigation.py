"""The navigation: four menus in sight at 1024 pixels, by mouse and by keyboard, in the side bar on a small screen."""

from __future__ import annotations

import re
from itertools import groupby

import pytest
from playwright.sync_api import Page, expect

from dashboard.app import PAGES
from tests.browsing import choose_screen

pytestmark = pytest.mark.browser

WAIT_MS = 240_000
GROUPS = {group: [screen.title for screen in screens] for group, screens in groupby(PAGES, lambda screen: screen.group)}


def test_at_1024_every_group_is_a_menu_in_sight_and_nothing_hides(page: Page, sightline: str):
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(f"{sightline}/bench")
    menus = page.get_by_test_id("stTopNavSection")
    expect(menus).to_have_text(list(GROUPS), timeout=WAIT_MS)
    for group, titles in GROUPS.items():
        menu = menus.filter(has_text=re.compile(f"^{group}$"))
        expect(menu).to_be_in_viewport(ratio=1)
        menu.click()
        expect(page.get_by_role("menuitem")).to_have_text([re.compile(f"{title}$") for title in titles])
        page.keyboard.press("Escape")


def test_a_menu_leads_to_its_page_and_its_address(page: Page, sightline: str):
    page.goto(f"{sightline}/bench")
    page.get_by_role("heading", name="Which method works, and how we know").wait_for(timeout=WAIT_MS)
    choose_screen(page, "Inside", "Models")
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect(page).to_have_url(re.compile("/models"))
    choose_screen(page, "See", "Explain")
    expect(page.get_by_role("heading", name=re.compile("The model sees"))).to_be_visible(timeout=WAIT_MS)
    expect(page).to_have_url(re.compile(rf"^{sightline}/(\?|$)"))


def test_the_keyboard_opens_a_menu_and_chooses(page: Page, sightline: str):
    page.goto(f"{sightline}/bench")
    page.get_by_role("heading", name="Which method works, and how we know").wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="Inside").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Filters")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible(timeout=WAIT_MS)


def test_a_small_screen_lists_the_groups_in_the_side_bar(page: Page, sightline: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{sightline}/bench")
    page.get_by_test_id("stExpandSidebarButton").click(timeout=WAIT_MS)
    side = page.get_by_test_id("stSidebarNav")
    for group, titles in GROUPS.items():
        expect(side.get_by_text(group, exact=True).first).to_be_visible()
        for title in titles:
            expect(side.get_by_role("link", name=title)).to_be_visible()
    side.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible(timeout=WAIT_MS)
