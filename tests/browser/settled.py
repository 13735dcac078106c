"""A page that has come to rest: what tests of a whole page wait for, whichever page it is."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Page

WAIT_MS = 120_000
QUIET_MS = 400  # a page that loads the next part by itself runs again sooner than that

# What the slowest part of a page draws last; a page that is not here is ready with its heading.
LAST = {
    "explain": ".gallery .tile",
    "compare": ".viewer .scene[data-heat=drawn]",
    "steps": ".probe .output",
    "filters": ".viewer .scene[data-heat=drawn]",
    "units": ".piece",
    "map": ".st-key-space_map .stage:not([data-drawn=''])[data-drawn]",
    "mri": ".planes .scene",
}

AT_REST = """quiet => {
  const app = document.querySelector("[data-testid=stApp]")
  const busy = app?.dataset.testScriptState !== "notRunning" ||
    document.querySelector("[data-stale=true], [data-testid=stSpinner], [data-testid=stSkeleton]")
  if (busy) window.restingSince = undefined
  else window.restingSince ??= performance.now()
  return performance.now() - window.restingSince > quiet
}"""

GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(11, 18, 20)"}  # .streamlit/config.toml
TURNED = """ground => new Promise(done => {
  const wait = () => getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor === ground
    ? requestAnimationFrame(() => requestAnimationFrame(done)) : requestAnimationFrame(wait)
  wait()
}).then(() => {
  const shadows = [...document.querySelectorAll("*")].map(one => one.shadowRoot).filter(Boolean)
  const running = [document, ...shadows].flatMap(root => root.getAnimations())
  const fading = running.filter(one => one instanceof CSSTransition)
  return Promise.all(fading.map(one => one.finished.catch(() => undefined))).then(() => undefined)
})"""


def turn(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Switch a page that is there to this theme, and wait until its colours are the theme's."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate(TURNED, GROUNDS[scheme])


def open_screen(page: Page, url: str, name: str) -> None:
    """Go to the page `name` and wait until all of it is there."""
    page.goto(f"{url}/{name}")
    page.locator(LAST.get(name, "[data-testid=stHeading]")).first.wait_for(timeout=WAIT_MS)
    settle(page)


def settle(page: Page) -> None:
    """Nothing runs, nothing is faded because it is about to be replaced, and that for a while."""
    page.evaluate("window.restingSince = undefined")
    page.wait_for_function(AT_REST, arg=QUIET_MS, polling=50, timeout=WAIT_MS)
