// The map is hidden while the button, the picture or the key H is held.

function listenToHold(view, signal) {
  const { hold } = view.el
  const on = (target, type, act) => target.addEventListener(type, act, { signal })
  on(hold, "pointerdown", (event) => event.button === 0 && view.hide(true))
  for (const type of ["pointerup", "pointercancel"]) on(window, type, () => view.hide(false))
  on(hold, "keydown", (event) => [" ", "Enter"].includes(event.key) && view.hide(true))
  on(hold, "keyup", () => view.hide(false))
  on(window, "blur", () => view.hide(false))
  on(document, "keydown", (event) => isHideKey(event) && view.isActive() && view.hide(true))
  on(document, "keyup", (event) => isHideKey(event) && view.hide(false))
}

function isHideKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  return !isTyping(event) && event.key.toLowerCase() === "h"
}

function isTyping(event) {
  const [target] = event.composedPath()
  const fields = "select, textarea, [contenteditable], input:not([type=range], [type=radio])"
  return target instanceof Element && target.matches(fields)
}
