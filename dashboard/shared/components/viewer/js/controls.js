// The form beside the picture: each control writes one setting, and what it shows is read back from the settings. The
// map is hidden while the button, the picture or the key H is held.

import { listening } from "./elements.js"
import { isCommand, isTyping } from "./keyboard.js"
import { percent } from "./value_text.js"

/** @param {Controlled} view @param {AbortSignal} signal */
export function listenToControls(view, signal) {
  const { el } = view
  const on = listening(signal)
  on(el.opacity, "input", () => view.change({ opacity: Number(el.opacity.value) / 100 }))
  on(el.threshold, "input", () => view.change({ threshold: Number(el.threshold.value) / 100 }))
  on(el.scales, "change", () => view.change({ [view.kind()]: el.scales.value }))
  on(el.segments, "change", ({ target }) => {
    const { value } = /** @type {HTMLInputElement} */ (target)
    view.change({ between: /** @type {Between} */ (value) })
  })
}

/** @param {Controlled} view */
export function showSettings({ el, settings, scaleName }) {
  const { opacity, threshold, between } = settings()
  showSlider(el.opacity, el["opacity-text"], opacity)
  showSlider(el.threshold, el["threshold-text"], threshold)
  for (const radio of el.segments.querySelectorAll("input")) radio.checked = radio.value === between
  el.scales.value = scaleName()
}

/** @param {HTMLInputElement} input @param {HTMLElement} output @param {number} part */
function showSlider(input, output, part) {
  const value = String(Math.round(100 * part))
  if (input.value !== value) input.value = value
  input.style.setProperty("--part", `${value}%`)
  output.textContent = percent(part)
}

/** @param {HTMLSelectElement} select @param {string[]} names */
export function listScales(select, names) {
  if (Array.from(select.options, (option) => option.value).join() === names.join()) return
  select.replaceChildren(...names.map((name) => new Option(name[0].toUpperCase() + name.slice(1), name)))
}

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
