// The map is hidden while the button, the picture or the key H is held.

import { listening } from "./elements.js"
import { isCommand, isTyping } from "./keyboard.js"

/** @param {Held} view @param {AbortSignal} signal */
export function listenToHold(view, signal) {
  const { hold } = view.el
  const on = listening(signal)
  on(hold, "pointerdown", (event) => event.button === 0 && view.hide(true))
  on(window, "pointerup", () => view.hide(false))
  on(window, "pointercancel", () => view.hide(false))
  on(hold, "keydown", (event) => [" ", "Enter"].includes(event.key) && view.hide(true))
  on(hold, "keyup", () => view.hide(false))
  on(window, "blur", () => view.hide(false))
  on(document, "keydown", (event) => isHideKey(event) && view.isActive() && view.hide(true))
  on(document, "keyup", (event) => isHideKey(event) && view.hide(false))
}

/** @param {KeyboardEvent} event */
function isHideKey(event) {
  return !isCommand(event) && !isTyping(event) && event.key.toLowerCase() === "h"
}

