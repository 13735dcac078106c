// What keys mean in every component.

// Rows down and columns to the right.

import { hold } from "./clamp.js"
export const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }

// Such keys belong to the browser and to the system.
export function isCommand(event) {
  return event.ctrlKey || event.metaKey || event.altKey
}

export function isTyping(event) {
  const [target] = event.composedPath()
  const fields = "select, textarea, [contenteditable], input:not([type=range], [type=radio])"
  return target instanceof Element && target.matches(fields)
}

// Arrow keys walk along a row of buttons, as in a list of radio buttons.
export function walkAlong(event, buttons, keys = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]) {
  const at = buttons.findIndex((button) => button.matches(":focus"))
  if (at < 0 || !keys.includes(event.key)) return
  event.preventDefault()
  const [down, right] = ARROWS[event.key]
  buttons[hold(at + down + right, buttons.length)].focus()
}
