"""A walk with the Tab key: which controls of ours a page has, in their order, and how each was reached."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

# `ours`: what can take the focus in the parts that are not Streamlit's, in the order of the document; of a group of
# radio buttons the chosen one. Each shadow tree is listened to: a focus that moves inside one is not told outside.
LISTEN = """() => {
  const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex]"
  const reachable = element => element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true }) &&
    !element.matches(":disabled") && (element.type !== "radio" || element.checked)
  const ringed = element => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element)
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1
  }
  window.ours = []
  window.reached = []
  const told = event => {
    const element = event.composedPath()[0]
    const seen = [element, element.parentElement, element.nextElementSibling].some(one => one && ringed(one))
    if (window.ours.includes(element)) window.reached.push([window.ours.indexOf(element), seen])
  }
  const walk = (root, inside) => {
    root.addEventListener("focusin", told)
    for (const element of root.querySelectorAll("*")) {
      if (inside && element.matches(CONTROLS) && reachable(element)) window.ours.push(element)
      if (element.shadowRoot) walk(element.shadowRoot, true)
    }
  }
  walk(document, false)
  const name = one => one.ariaLabel || one.labels?.[0]?.textContent || one.textContent || one.className
  return window.ours.map(one => `${one.localName} ${name(one).trim().slice(0, 40)}`)
}"""
STOPS = "document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]').length"


@dataclass(frozen=True)
class Walk:
    """controls: all of ours by name, in the order of the document. reached: their indices as Tab came to them.

    unseen: names of those that took the focus without showing it.
    """

    controls: list[str]
    reached: list[int]
    unseen: list[str]


def tab_walk(page: Page) -> Walk:
    """Press Tab from the start of the page until each control of ours has had the focus, or nothing is left."""
    controls: list[str] = page.evaluate(LISTEN)
    page.evaluate("getSelection().setPosition(document.body, 0)")  # where Tab starts
    page.evaluate("document.activeElement.blur()")
    left = len(controls) + page.evaluate(STOPS)
    told: list[tuple[int, bool]] = []
    while left > 0 and len({index for index, _ in told}) < len(controls):
        for _ in range(20):
            page.keyboard.press("Tab")
        left -= 20
        told = page.evaluate("window.reached")
    first = list({index: None for index, _ in told})
    unseen = {index for index, seen in told if not seen}
    return Walk(controls, first, [controls[index] for index in first if index in unseen])
