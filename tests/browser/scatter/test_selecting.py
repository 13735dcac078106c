"""Lasso and box: the polygon goes out, a mask comes back, and it stays while colours and places change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.path import Path as Outline
from playwright.sync_api import Page, expect

from tests.browser.scatter.known import FEW, crowd

pytestmark = pytest.mark.browser


def expect_selected(page: Page, *indices: int) -> None:
    expect(page.get_by_text(f"selected {list(indices)} of {len(indices)}", exact=True)).to_be_visible()


def around(*places: np.ndarray, by: float = 25) -> np.ndarray:
    """The diagonal of a box around places."""
    return np.array([np.min(places, axis=0) - by, np.max(places, axis=0) + by])


def loop(middle: np.ndarray, radius: float, count: int = 300) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, count)
    wave = 1 + 0.2 * np.sin(7 * angles)
    return middle + radius * np.column_stack([wave * np.cos(angles), wave * np.sin(angles)])


def test_a_box_selects_what_lies_inside(few: Page, places: Callable, draw: Callable) -> None:
    few.get_by_role("button", name="Select with a box (B)").click()
    place = places(few)
    draw(few, around(place[4], place[5]))
    expect_selected(few, 4, 5)
    expect(few.locator(".selection")).to_have_text("2 selected")


def test_shift_adds_alt_removes_escape_clears(few: Page, places: Callable, draw: Callable, stage: Callable) -> None:
    place = places(few)
    stage(few).focus()
    few.keyboard.press("b")
    draw(few, around(place[4], place[5]))
    expect_selected(few, 4, 5)
    draw(few, around(place[6]), "Shift")
    expect_selected(few, 4, 5, 6)
    draw(few, around(place[5]), "Alt")
    expect_selected(few, 4, 6)
    draw(few, around(place[0]))
    expect_selected(few, 0)
    stage(few).focus()
    few.keyboard.press("Escape")
    expect(few.get_by_text("selected [] of 0")).to_be_visible()
    expect(few.locator(".clear")).to_be_hidden()


def test_the_selection_stays_when_colour_and_places_change(
    few: Page, places: Callable, draw: Callable, pixels: Callable
) -> None:
    place = places(few)
    few.get_by_role("button", name="Select with a box (B)").click()
    draw(few, around(place[0]))
    expect_selected(few, 0)
    few.get_by_text("value", exact=True).click()
    expect(few.locator(".legend-title")).to_have_text("Loss")
    few.get_by_text("other places").click()
    few.get_by_text("runs 4", exact=True).wait_for()
    few.wait_for_timeout(1200)
    alpha = pixels(few)[..., 3]
    bright = [alpha[int(y), int(x)] > 200 for x, y in place]
    assert bright == [False] * 6 + [True]  # the places are the same ones in reverse
    expect(few.locator(".selection")).to_have_text("1 selected")


def test_what_was_found_stands_out(few: Page, places: Callable, pixels: Callable) -> None:
    few.get_by_text("find").click()
    expect(few.locator(".selection")).to_have_text("3 found")
    few.wait_for_timeout(200)
    alpha = pixels(few)[..., 3]
    assert [alpha[int(y), int(x)] > 200 for x, y in places_after(places, few)] == [True, False, False] * 2 + [True]


def places_after(places: Callable, page: Page) -> np.ndarray:
    """The places, measured while nothing is highlighted: a highlighted disc is larger."""
    page.get_by_text("find").click()
    expect(page.locator(".selection")).to_be_hidden()
    return places(page)


def test_hidden_classes_can_neither_be_selected_nor_opened(
    few: Page, places: Callable, draw: Callable, stage: Callable, pixels: Callable
) -> None:
    place = places(few)
    few.get_by_role("button", name="mouse 2").click()
    expect(few.get_by_role("button", name="mouse 2")).to_have_attribute("aria-pressed", "false")
    assert pixels(few)[int(place[4][1]), int(place[4][0]), 3] == 0
    stage(few).click(position={"x": float(place[4][0]), "y": float(place[4][1])})
    few.get_by_role("button", name="Select with a box (B)").click()
    draw(few, around(*place, by=12))
    expect_selected(few, 0, 1, 2, 3, 6)
    expect(few.get_by_text("chosen None")).to_be_visible()
    few.get_by_role("button", name="Show all classes").click()
    assert pixels(few)[int(place[4][1]), int(place[4][0]), 3] > 0


def test_alt_and_click_shows_one_class_alone(few: Page) -> None:
    few.get_by_role("button", name="cat 2").click(modifiers=["Alt"])
    pressed = few.locator(".entry").evaluate_all("all => all.map(b => b.getAttribute('aria-pressed'))")
    assert pressed == ["true", "false", "false", "false"]
    few.get_by_role("button", name="cat 2").click(modifiers=["Alt"])
    expect(few.locator(".entry[aria-pressed=false]")).to_have_count(0)


def test_a_lasso_of_100_000_points_sends_less_than_a_kilobyte_and_selects_what_it_shows(
    page: Page, opened: Callable, draw: Callable
) -> None:
    sent: list[bytes] = []
    received: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    opened("100000")
    page.get_by_role("button", name="Select with a lasso (L)").click()
    frame = page.locator(".stage").bounding_box()
    assert frame
    size = np.array([frame["width"], frame["height"]])
    path = loop(size / 2, 150)
    sent.clear()
    received.clear()
    draw(page, path)
    expect(page.locator(".selection")).to_contain_text("selected")
    assert max(map(len, sent)) < 1000
    assert sum(map(len, received)) < 100_000 / 8 + 20_000  # a bit a point: no point and no colour is sent again
    points, _ = crowd(100_000)
    scale = min(*((size - 2 * min(64, 0.1 * size.min())) / np.ptp(points, axis=0)))
    on_screen = (points - (points.max(axis=0) + points.min(axis=0)) / 2) * [scale, -scale] + size / 2
    inside = int(Outline(path).contains_points(on_screen).sum())
    shown = int(page.locator(".selection").inner_text().split()[0].replace(",", ""))
    assert shown == pytest.approx(inside, rel=0.01)  # corners are dropped where they change next to nothing


def test_another_colour_sends_a_byte_a_point(page: Page, opened: Callable) -> None:
    received: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    opened("100000")
    assert 5 * 100_000 <= sum(map(len, received)) < 5 * 100_000 + 110_000  # the component's code is sent once
    received.clear()
    page.get_by_text("value", exact=True).click()
    expect(page.locator(".legend-title")).to_have_text("Loss")
    assert 100_000 <= sum(map(len, received)) < 120_000
    received.clear()
    page.get_by_text("other places").click()
    page.get_by_text("runs 3", exact=True).wait_for()
    assert 400_000 <= sum(map(len, received)) < 420_000


def test_the_seven_points_are_the_ones_of_the_test() -> None:
    assert np.ptp(FEW, axis=0).tolist() == [10, 5]  # `places` relies on it
