// The map is hidden while the button, the picture or the key H is held.

import { listening } from "./elements.js"
import { isCommand, isTyping } from "./keyboard.js"

export function listenToHold(view, signal) {
  const { hold } = view.el
  const on = listening(signal)
  on(hold, "pointerdown", (event) => event.button === 0 && view.hide(true))
  for (const type of ["pointerup", "pointercancel"]) on(window, type, () => view.hide(false))
  on(hold, "keydown", (event) => [" ", "Enter"].includes(event.key) && view.hide(true))
  on(hold, "keyup", () => view.hide(false))
  on(window, "blur", () => view.hide(false))
  on(document, "keydown", (event) => isHideKey(event) && view.isActive() && view.hide(true))
  on(document, "keyup", (event) => isHideKey(event) && view.hide(false))
}

function isHideKey(event) {
  return !isCommand(event) && !isTyping(event) && event.key.toLowerCase() === "h"
}

