// What keys mean in every component.

import { hold } from "./clamp.js"
import { around } from "./elements.js"

/** Rows down and columns to the right. @type {Record<string, Pair>} */
export const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }

/** Such keys belong to the browser and to the system. @param {KeyboardEvent} event */
export function isCommand(event) {
  return event.ctrlKey || event.metaKey || event.altKey
}

/** @param {Event} event */
export function isTyping(event) {
  const [target] = event.composedPath()
  const fields = "select, textarea, [contenteditable], input:not([type=range], [type=radio])"
  return target instanceof Element && target.matches(fields)
}

// Arrow keys walk along a row of buttons, as in a list of radio buttons.
/** @param {KeyboardEvent} event @param {HTMLElement[]} buttons @param {string[]} [keys] */
export function walkAlong(event, buttons, keys = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]) {
  const at = buttons.indexOf(/** @type {HTMLElement} */ (around(event, "button")))
  if (at < 0 || !keys.includes(event.key)) return
  event.preventDefault()
  const [down, right] = ARROWS[event.key]
  buttons[hold(at + down + right, buttons.length)].focus()
}
