"""Pointing, clicking, moving and zooming; what the pointer reads costs no run of the page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


def spot(place: np.ndarray) -> dict[str, float]:
    return {"x": float(place[0]), "y": float(place[1])}


def chosen(page: Page, index: int) -> Locator:
    return page.get_by_text(f"chosen {index}", exact=True)


def test_a_click_gives_the_point_and_beside_all_points_none(few: Page, places: Callable, stage: Callable) -> None:
    stage(few).click(position=spot(places(few)[4] + [0, 60]))
    few.wait_for_timeout(500)
    expect(few.get_by_text("chosen None")).to_be_visible()
    expect(few.get_by_text("runs 1", exact=True)).to_be_visible()
    for index in (6, 0, 4):
        stage(few).click(position=spot(places(few)[index] + [4, -3]))
        expect(chosen(few, index)).to_be_visible()


def test_pointing_shows_the_picture_without_a_run_of_the_page(few: Page, places: Callable, stage: Callable) -> None:
    stage(few).hover(position=spot(places(few)[1]))
    tip = few.locator(".tip")
    expect(tip).to_contain_text("digits/0001.png")
    expect(tip).to_contain_text("Label: cat")
    expect(tip).to_contain_text("probability 0.97")
    assert few.locator(".tip-image").evaluate("image => image.decode().then(() => image.naturalWidth)") == 96
    stage(few).hover(position=spot(places(few)[2]))
    expect(tip).to_contain_text("Label: dog <b>")  # a name is text
    expect(few.get_by_role("button", name="dog <b>")).to_be_visible()
    stage(few).hover(position=spot(places(few)[4] + [0, 60]))
    expect(tip).to_be_hidden()
    expect(few.get_by_text("runs 1", exact=True)).to_be_visible()


def test_the_wheel_zooms_and_keeps_the_place_under_the_pointer(few: Page, places: Callable, stage: Callable) -> None:
    before = places(few)
    stage(few).hover(position=spot(before[5]))
    few.mouse.wheel(0, -200)
    few.wait_for_timeout(300)
    stage(few).click(position=spot(before[5]))
    expect(chosen(few, 5)).to_be_visible()
    stage(few).click(position=spot(before[1]))  # that one has moved away
    few.wait_for_timeout(400)
    expect(chosen(few, 5)).to_be_visible()


def test_dragging_moves_and_the_button_brings_everything_back(few: Page, places: Callable, draw: Callable) -> None:
    whole = places(few)
    few.get_by_role("button", name="Zoom out (−)").click()
    few.wait_for_timeout(500)
    before = places(few)
    assert np.ptp(before[:, 0]) == pytest.approx(np.ptp(whole[:, 0]) / 1.6, abs=1.5)
    draw(few, np.array([[400, 300], [430, 310], [480, 340]]))
    np.testing.assert_allclose(places(few) - before, [[80, 40]] * 7, atol=1)
    few.get_by_role("button", name="Show all points (0)").click()
    few.wait_for_timeout(500)
    np.testing.assert_allclose(places(few), whole, atol=1)


@pytest.mark.slow
def test_two_fingers_zoom(open_page: Callable, opened: Callable, places: Callable) -> None:
    page = opened("few", on=open_page(has_touch=True))
    before = places(page)
    frame = page.locator(".stage").bounding_box()
    assert frame
    middle = (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, apart: float | None) -> None:
        fingers = [] if apart is None else [{"x": middle[0] + side * apart, "y": middle[1]} for side in (-1, 1)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    touch("touchStart", 200)
    for apart in (180, 160, 140, 120, 100):
        touch("touchMove", apart)
    touch("touchEnd", None)
    page.wait_for_timeout(300)
    assert np.ptp(places(page)[:, 0]) == pytest.approx(np.ptp(before[:, 0]) / 2, rel=0.03)
    expect(page.get_by_text("chosen None")).to_be_visible()


def test_keys_move_zoom_and_open(few: Page, places: Callable, stage: Callable) -> None:
    before = places(few)
    stage(few).focus()
    few.keyboard.press("Enter")  # point 4 lies in the middle
    expect(chosen(few, 4)).to_be_visible()
    few.keyboard.press("ArrowRight")
    few.keyboard.press("ArrowUp")
    few.wait_for_timeout(300)
    moved = places(few) - before
    assert moved[0, 0] < -20  # looking to the right moves the points to the left
    assert moved[0, 1] > 20
    few.keyboard.press("0")
    few.wait_for_timeout(400)
    few.keyboard.press("-")
    few.wait_for_timeout(400)
    assert np.ptp(places(few)[:, 0]) == pytest.approx(np.ptp(before[:, 0]) / 1.4, abs=1.5)
    expect(few.locator("[aria-live]")).to_contain_text("Label: mouse")


def test_near_enough_the_points_become_pictures(few: Page, places: Callable) -> None:
    few.wait_for_timeout(1500)
    x, y = places(few)[4].round().astype(int)
    read = """(canvas, [x, y]) => [...canvas.getContext("2d").getImageData(x - 20, y - 20, 40, 40).data]"""
    drawn = np.array(few.locator("canvas.over").evaluate(read, [int(x), int(y)])).reshape(40, 40, 4)
    assert (drawn[..., 3] == 255).all()
    assert np.ptp(drawn[..., 0]) > 150  # a white digit on black
    expect(few.get_by_text("runs 1", exact=True)).to_be_visible()


def test_labels_stand_at_their_classes_and_can_be_hidden(opened: Callable) -> None:
    page = opened("digits")
    posts = page.locator(".post:not(.gone)")
    assert 5 <= posts.count() <= 10
    boxes = [post.bounding_box() for post in posts.all()]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = abs(one["x"] - other["x"]) >= one["width"] or abs(one["y"] - other["y"]) >= one["height"]
            assert apart
    assert page.locator(".post", has_text="digit 0").locator("img").evaluate("i => i.naturalWidth") == 96
    page.get_by_role("button", name="0 178").click()
    expect(page.locator(".post", has_text="digit 0")).to_be_hidden()
    page.get_by_role("button", name="Labels (S)").click()
    expect(posts).to_have_count(0)


def test_the_current_picture_stands_among_its_neighbours(opened: Callable) -> None:
    page = opened("few&here=1")
    expect(page.locator(".post.current")).to_contain_text("your picture")
    frame, post = page.locator(".stage").bounding_box(), page.locator(".post.current").bounding_box()
    assert frame
    assert post
    assert post["x"] + post["width"] / 2 == pytest.approx(frame["x"] + frame["width"] / 2, abs=60)
    accent = page.locator("canvas.over").evaluate(
        """canvas => { const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
        const near = (i, colour) => colour.every((part, k) => Math.abs(data[i + k] - part) < 60) && data[i + 3] > 200
        let n = 0; for (let i = 0; i < data.length; i += 4) n += near(i, [11, 107, 114])
        return n }"""
    )
    assert accent > 500  # the lines to five neighbours
