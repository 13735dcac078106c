"""Every page for everyone: axe-core in both themes and two widths, 200 % zoom, the Tab key, and less motion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from dashboard.app import PAGES
from tests.browser.axe import violations
from tests.browser.layout_faults import cut_off, moving
from tests.browser.settled import GROUNDS, TURNED, open_screen, settle
from tests.browser.tab_walk import tab_walk
from tests.browsing import watched

pytestmark = pytest.mark.browser

WIDTHS = (1440, 390)
ZOOMED = {"width": 720, "height": 450, "deviceScaleFactor": 2, "mobile": False}  # 1440 x 900 at 200 %
HEIGHT = 900


def as_it_opens(_: Page) -> None:
    """The page's first state."""


def press(name: str) -> Callable[[Page], None]:
    """The state after a click on a segment with this text."""
    return lambda page: page.get_by_test_id("stMain").get_by_text(name, exact=True).click()


@dataclass(frozen=True)
class View:
    """A state of a page that is looked at: the page's name, and what is done on it first."""

    name: str
    prepare: Callable[[Page], None] = as_it_opens
    title: str = ""


VIEWS = (
    *(View(screen.name, title=screen.name) for screen in PAGES),
    View("map", press("Suspects"), "map: suspects"),
    View("bench", press("Audit a set of pictures"), "bench: audit"),
    View("models", press("Two models on the same pictures"), "models: two"),
)

OPEN_DETAILS = """() => {
  const open = root => root.querySelectorAll("*").forEach(element => {
    if (element.matches("details:not([open])")) element.querySelector("summary").click()
    if (element.shadowRoot) open(element.shadowRoot)
  })
  open(document)
}"""
LENGTH = "document.querySelector('[data-testid=stMain]').scrollHeight"


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """One page for all views: a view is opened once, and its variants are switched, not loaded."""
    with watched(chromium) as open_page:
        yield open_page()


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: view.title)
def view(request: pytest.FixtureRequest, page: Page, sightline: str) -> Page:
    page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
    open_screen(page, sightline, request.param.name)
    request.param.prepare(page)
    settle(page)
    page.evaluate(OPEN_DETAILS)
    settle(page)
    return page


def show(page: Page, *, scheme: str = "light", width: int = WIDTHS[0], whole: bool = False) -> None:
    """Switch theme and size. whole: so high that nothing is scrolled away; axe judges only what is on screen."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.evaluate(TURNED, GROUNDS[scheme])
    if whole:
        page.set_viewport_size({"width": width, "height": HEIGHT + page.evaluate(LENGTH)})
        page.evaluate(TURNED, GROUNDS[scheme])


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1440, "light"),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in ((390, "dark"), (1440, "dark"), (390, "light"))),
    ],
)
def test_axe_finds_nothing_of_ours(view: Page, width: int, scheme: str) -> None:
    show(view, scheme=scheme, width=width, whole=True)
    assert violations(view) == []


@pytest.mark.slow
def test_at_200_percent_nothing_is_cut_off_and_the_page_scrolls_one_way(view: Page) -> None:
    show(view)
    tools = view.context.new_cdp_session(view)
    tools.send("Emulation.setDeviceMetricsOverride", ZOOMED)
    try:
        view.wait_for_function("innerWidth === 720 && devicePixelRatio === 2")
        view.evaluate(TURNED, GROUNDS["light"])
        assert view.get_by_test_id("stMain").evaluate("main => main.scrollWidth - main.clientWidth") <= 0
        assert view.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert cut_off(view) == []
    finally:
        tools.send("Emulation.clearDeviceMetricsOverride")
        tools.detach()


def test_nothing_of_ours_moves_for_who_asks_for_less_motion(view: Page) -> None:
    show(view)
    assert moving(view) == []


def test_tab_reaches_each_control_of_ours_in_order_and_shows_where_it_is(view: Page) -> None:
    show(view)
    walk = tab_walk(view)
    assert [walk.controls[index] for index in walk.reached] == walk.controls
    assert walk.unseen == []
