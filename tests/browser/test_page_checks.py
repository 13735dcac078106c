"""The checks of a whole page find what they are for, on a page made to fail them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.axe import violations
from tests.browser.layout_faults import cut_off, moving
from tests.browser.tab_walk import tab_walk

pytestmark = pytest.mark.browser

SMALL = '<button style="width: 12px; height: 12px; padding: 0; border: 0">a</button>'
OF_OURS = """html => {
  document.documentElement.lang = "en"
  document.title = "A page"
  document.body.innerHTML = "<main><h1>A page</h1><div></div></main>"
  document.querySelector("div").attachShadow({ mode: "open" }).innerHTML = html
}"""


def made(page: Page, html: str) -> Page:
    """A page with nothing but a part of ours."""
    page.goto("about:blank")
    page.evaluate(OF_OURS, html)
    return page


def rules(page: Page) -> list[str]:
    return [violation.split(":")[0] for violation in violations(page)]


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        ("<button>Go</button>", None),
        ("<button></button>", "button-name"),
        ('<button aria-label="max 6, channel 1">channel 1 max 6</button>', "label-content-name-mismatch"),
        ('<p style="color: #999; background: #fff">Hardly to be read</p>', "color-contrast"),
        (f'<div style="display: flex">{SMALL * 2}</div>', "target-size"),
    ],
)
def test_axe_looks_into_our_parts(page: Page, html: str, rule: str | None):
    assert set(rules(made(page, html))) == ({rule} if rule else set())


def test_what_is_cut_off_and_what_moves_is_told(page: Page):
    page.set_viewport_size({"width": 400, "height": 300})
    whole = (
        '<p>Whole</p><p title="Everything" style="width: 20px; overflow: hidden; white-space: nowrap">Everything</p>'
    )
    assert cut_off(made(page, whole)) == []
    wide = '<p class="wide" style="width: 500px">Wide</p>'
    clipped = '<p class="clipped" style="width: 20px; overflow: hidden; white-space: nowrap">Everything</p>'
    assert cut_off(made(page, wide + clipped)) == ["beyond the window: p.wide Wide", "cut off: p.clipped Everything"]
    assert moving(page) == []
    assert moving(made(page, '<p class="slow" style="transition: color 1s">Slow</p>')) == ["p.slow"]


def test_a_tab_walk_tells_what_it_misses_and_what_shows_no_focus(page: Page):
    html = "<button>one</button><button tabindex=3>two</button><button style='outline: none'>three</button>"
    walk = tab_walk(made(page, html + "<button disabled>four</button><button tabindex=-1>five</button>"))
    assert walk.controls == ["button one", "button two", "button three"]
    assert walk.reached == [1, 0, 2]
    assert walk.unseen == ["button three"]
