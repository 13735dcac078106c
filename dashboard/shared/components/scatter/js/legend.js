// The legend: classes as buttons that hide and show, or the bar of a continuous scale.

import { hold } from "../../viewer/js/clamp.js"
import { around, childrenOf, listening, make, makeButton } from "../../viewer/js/elements.js"
import { formatNumber } from "../../viewer/js/value_text.js"
import { colourOf, css, rgbAt } from "./colour.js"
import { uploadPalette } from "./gpu.js"
import { hiddenInWords, showWords } from "./map_text.js"
import { redraw } from "./motion.js"

/** @param {Scatter} view @param {AbortSignal} signal */
export function listenToLegend(view, signal) {
  const { classes, "show-all": all } = view.el
  const on = listening(signal)
  const codeOf = (/** @type {Event} */ event) => Number(around(event, "button")?.dataset.code ?? NaN)
  on(classes, "click", (event) => Number.isFinite(codeOf(event)) && toggleClass(view, codeOf(event), event.altKey))
  on(classes, "keydown", (event) => walkLegend(view, event))
  on(classes, "pointerover", (event) => pointAtClass(view, codeOf(event)))
  on(classes, "pointerleave", () => pointAtClass(view, NaN))
  on(all, "click", () => setHidden(view, []))
}

/** @param {Scatter} view */
export function showLegend(view) {
  const { el, legend } = view
  el["legend-title"].textContent = legend.label
  el.ramp.hidden = !legend.ends
  if (legend.ends) showRamp(view)
  const stop = Math.max(0, childrenOf(el.classes).findIndex((item) => item.tabIndex === 0))
  el.classes.replaceChildren(...legend.entries.map((entry, i) => entryButton(view, entry, i === stop)))
  el.classes.setAttribute("aria-label", `${legend.label}: press to hide or show`)
  showHidden(view)
}

/** @param {Scatter} view @param {Entry} entry @param {boolean} isStop */
function entryButton(view, [code, name, count], isStop) {
  const swatch = make("span", "swatch")
  swatch.style.background = css(colourOf(view, code))
  const amount = make("span", "entry-count", count.toLocaleString("en"))
  const button = makeButton("entry", swatch, make("span", "entry-name", name), amount)
  button.title = `${name}: click to hide or show, Alt + click to see it alone`
  button.tabIndex = isStop ? 0 : -1
  button.dataset.code = String(code)
  return button
}

/** @param {Scatter} view */
function showRamp({ el, table, legend: { label, ends } }) {
  const stops = Array.from({ length: 17 }, (_, i) => Math.round((i * 254) / 16))
  el.bar.style.background = `linear-gradient(to right, ${stops.map((code) => css(rgbAt(table, code))).join(", ")})`
  const [low, high] = (ends ?? []).map(formatNumber)
  Object.assign(el.low, { textContent: low })
  Object.assign(el.high, { textContent: high })
  el.bar.setAttribute("aria-label", `Colour scale of ${label} from ${low} to ${high}`)
}

/** @param {Scatter} view @param {number} code @param {boolean} alone */
function toggleClass(view, code, alone) {
  const codes = view.legend.entries.map(([entry]) => entry)
  if (alone) return setHidden(view, view.hidden.size === codes.length - 1 && !view.hidden.has(code)
    ? [] : codes.filter((other) => other !== code))
  setHidden(view, view.hidden.has(code) ? [...view.hidden].filter((other) => other !== code) : [...view.hidden, code])
}

/** @param {Scatter} view @param {number[]} codes */
function setHidden(view, codes) {
  view.hidden = new Set(codes)
  view.pointedClass = NaN
  showHidden(view)
  paint(view)
  view.el.live.textContent = hiddenInWords(view)
  showWords(view)
}

/** @param {Scatter} view */
function showHidden({ el, hidden }) {
  for (const button of childrenOf(el.classes)) {
    button.setAttribute("aria-pressed", String(!hidden.has(Number(button.dataset.code))))
  }
  el["show-all"].hidden = hidden.size === 0
}

/** The other classes fade while one is pointed at. @param {Scatter} view @param {number} code */
function pointAtClass(view, code) {
  const wanted = view.hidden.has(code) ? NaN : code
  if (Object.is(wanted, view.pointedClass)) return
  view.pointedClass = wanted
  paint(view)
}

/** The palette as the graphics card gets it: no alpha hides, a little fades. @param {Scatter} view */
export function paint(view) {
  const rgba = new Uint8Array(1024)
  for (let code = 0; code < 256; code++) {
    const faded = !Number.isNaN(view.pointedClass) && code !== view.pointedClass
    rgba.set(rgbAt(view.table, code), 4 * code)
    rgba[4 * code + 3] = view.hidden.has(code) ? 0 : faded ? 36 : 255
  }
  uploadPalette(view.gpu, rgba)
  redraw(view)
}

/** @param {Scatter} view @param {KeyboardEvent} event */
function walkLegend(view, event) {
  const buttons = childrenOf(view.el.classes)
  const at = buttons.indexOf(/** @type {HTMLElement} */ (event.target))
  /** @type {Record<string, number>} */
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: Infinity }
  if (at < 0 || !(event.key in to)) return
  event.preventDefault()
  const next = hold(to[event.key], buttons.length)
  buttons.forEach((button, i) => { button.tabIndex = i === next ? 0 : -1 })
  buttons[next].focus()
}
