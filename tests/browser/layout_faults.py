"""What is wrong with how our parts stand on the page, element by element: cut off, or moving."""

from __future__ import annotations

from playwright.sync_api import Page

# What stands beyond the window without a scroller around it, and text that is cut off without a tip that has all of it.
CUT_OFF = """() => {
  const cut = []
  const parent = element => element.parentElement ?? element.getRootNode().host
  const around = (element, test) => { for (let up = parent(element); up; up = parent(up)) if (test(up)) return up }
  const style = element => getComputedStyle(element)
  const flows = (element, ...kinds) => kinds.includes(style(element).overflowX)
  const scrolls = element => flows(element, "auto", "scroll") && element.dataset.testid !== "stMain"
  const clips = element => flows(element, "hidden", "clip")
  const look = element => {
    const box = element.getBoundingClientRect()
    if (element.closest(".spoken") || !box.width || !element.checkVisibility({ visibilityProperty: true })) return
    const name = `${element.localName}.${element.className} ${element.textContent.trim().slice(0, 40)}`
    const beyond = box.right > innerWidth + 1 || box.left < -1
    if (beyond && !around(element, scrolls)) cut.push(`beyond the window: ${name}`)
    const text = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim())
    if (!text || element.title || around(element, one => one.title)) return
    const edge = around(element, clips)?.getBoundingClientRect().right ?? Infinity
    const inside = clips(element) && element.scrollWidth > element.clientWidth + 1
    if (inside || box.right > edge + 1) cut.push(`cut off: ${name}`)
  }
  const walk = (root, inside) => root.querySelectorAll("*").forEach(element => {
    if (inside && !(element instanceof SVGElement)) look(element)
    if (element.shadowRoot) walk(element.shadowRoot, true)
  })
  walk(document, false)
  return cut
}"""
MOVING = """() => {
  const moving = []
  const walk = (root, inside) => root.querySelectorAll("*").forEach(element => {
    const { transitionDuration, animationName } = getComputedStyle(element)
    const moves = animationName !== "none" || transitionDuration.split(",").some(duration => parseFloat(duration) > 0)
    if (inside && moves) moving.push(`${element.localName}.${element.className}`)
    if (element.shadowRoot) walk(element.shadowRoot, true)
  })
  walk(document, false)
  return moving
}"""


def cut_off(page: Page) -> list[str]:
    """Elements of ours that the window or a clipping box hides a part of."""
    found: list[str] = page.evaluate(CUT_OFF)
    return found


def moving(page: Page) -> list[str]:
    """Elements of ours with a transition or an animation."""
    found: list[str] = page.evaluate(MOVING)
    return found
