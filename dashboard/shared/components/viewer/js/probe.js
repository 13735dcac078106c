// One probe: what Python sent, the pixel pointed at, and the sum that makes it.

import { drawBar } from "./bar.js"
import { hold } from "./clamp.js"
import { elementsByClass, find, listening, onResize, shareOf } from "./elements.js"
import { ARROWS, isCommand } from "./keyboard.js"
import { announce, onLinked } from "./link.js"
import { strongestCell } from "./map_cells.js"
import { drawSoon, mount } from "./mount.js"
import { decodePayload, decodeScales } from "./payload.js"
import { drawCells, drawOutput, drawPixel, drawSources } from "./probe_draw.js"
import { equationNodes, equationText, pixelInWords, pixelTerms, TITLES } from "./probe_terms.js"
import { sameSize } from "./scene.js"
import { getSettings, lutOf, onSettings } from "./settings.js"

const WIDEST = 420 // CSS pixels of a side
const SIDE_GAP = 24
const BESIDE = 480 // CSS pixels from which the sides stand beside each other
const LINES = { nearest: 1, bilinear: 1, aligned: 1, bicubic: 4 } // of the equation, where the sides stand beside

/** @param {Component} component */
export default (component) => mount(component, createProbe, receive)

/** @param {ShadowRoot} root @param {AbortSignal} signal */
function createProbe(root, signal) {
  /** @type {Probe["el"]} */
  const el = { ...elementsByClass(root), live: find(root, "[aria-live]") }
  const view = /** @type {Probe} */ ({ signal, el })
  view.settings = () => ({ ...getSettings(view.name), threshold: 0 })
  view.lut = () => lutOf(view.settings(), view.heat, view.scales)
  listenToPointing(view, signal)
  onSettings((name) => name === view.name, () => drawSoon(view, draw), signal)
  onLinked(view, { place: (place, { spoken }) => place && followPlace(view, place, spoken) }, signal)
  onResize(el.probe, () => drawSoon(view, draw), signal)
  return view
}

/** @param {Probe} view @param {Component} component */
function receive(view, { data }) {
  const { header, blob, floats } = decodePayload(data)
  const { rows, cols, height, width, mode, vmin, vmax, label, link, legend, settings: name } = header
  const map = { rows, cols, values: floats("map") }
  const [size, heat] = [{ width, height }, { vmin, vmax, label, ends: null }]
  if (view.size?.width !== width || view.size.height !== height) Object.assign(view, { pixel: null })
  const scales = decodeScales(header.scales, blob("scales"))
  Object.assign(view, { map, size, heat, mode, link, legend, name, scales })
  view.pixel ??= firstPixel(map, size)
  showTexts(view)
  readPixel(view)
  drawSoon(view, draw)
}

/** Beside the centre of the strongest cell, where the weights differ. @param {CellMap} map @param {Size} size */
export function firstPixel(map, size) {
  /** @param {number} cell @param {number} m @param {number} n */
  const along = (cell, m, n) => hold(Math.floor(((cell + 0.7) / n) * m), m)
  const { row, col } = strongestCell(map)
  return { row: along(row, size.height, map.rows), col: along(col, size.width, map.cols) }
}

/** @param {Probe} view */
function showTexts({ el, map, size, mode, heat, legend }) {
  const grid = `${map.rows} \u00d7 ${map.cols}`
  const output = `${TITLES[mode]}, ${size.height} \u00d7 ${size.width}`
  el["grid-title"].textContent = `Layer\u2019s grid, ${grid}`
  el["output-title"].textContent = output
  el.cells.setAttribute("aria-label", `${heat.label}, ${grid} cells`)
  el.output.setAttribute("aria-label", `${heat.label}, ${output}`)
  el["legend-title"].textContent = heat.label
  el.legend.hidden = !(legend && heat.vmax > heat.vmin)
}

/** @param {Probe} view */
function readPixel(view) {
  const { map, size, pixel, mode, el } = view
  view.terms = pixelTerms(map, size, pixel, mode)
  el.place.textContent = pixelInWords(pixel, size, view.terms)
  el.equation.replaceChildren(...equationNodes(view.terms))
}

// The output has a pixel a pixel; the others are drawn in device pixels. Whether the sides stand beside each other.
/** @param {Probe} view */
function layout({ el, map, size }) {
  const room = el.probe.clientWidth
  const beside = room >= BESIDE
  const side = Math.floor(Math.min(WIDEST, beside ? (room - SIDE_GAP) / 2 : room))
  const fit = (/** @type {Size} */ { width, height }) => ({ width: side, height: Math.round((side * height) / width) })
  const [grid, output] = [fit({ width: map.cols, height: map.rows }), fit(size)]
  setSize(el.cells, grid)
  setSize(el["cell-marks"], grid)
  setSize(el.output, output, size)
  setSize(el["output-marks"], output)
  el.probe.classList.toggle("enlarged", side >= size.width)
  return beside
}

// own: the canvas's pixels, by default those of the device.
/** @param {HTMLCanvasElement} canvas @param {Size} css @param {Size} [own] */
function setSize(canvas, css, own = { width: css.width * devicePixelRatio, height: css.height * devicePixelRatio }) {
  const size = { width: Math.round(own.width), height: Math.round(own.height) }
  if (!sameSize(canvas, size)) Object.assign(canvas, size)
  Object.assign(canvas.style, { width: `${css.width}px`, height: `${css.height}px` })
}

/** @param {Probe} view */
function draw(view) {
  const { el, map, mode } = view
  if (!map || !el.probe.clientWidth) return // in a hidden tab
  const beside = layout(view)
  el.equation.style.setProperty("--lines", String(LINES[mode] * (beside ? 1 : 2)))
  drawCells(view, view.lut())
  drawOutput(view, view.lut())
  drawPointed(view)
  if (!el.legend.hidden) drawBar(view)
}

/** @param {Probe} view */
function drawPointed(view) {
  drawSources(view, view.lut())
  drawPixel(view)
}

/** @param {Probe} view @param {Cell} pixel @param {boolean} [spoken] */
function pointAtPixel(view, pixel, spoken = false) {
  view.pixel = pixel
  readPixel(view)
  drawPointed(view)
  if (spoken) view.el.live.textContent = `${view.el.place.textContent}: ${equationText(view.terms)}`
}

/** @param {Probe} view @param {Cell} pixel @param {boolean} spoken */
function pointTo(view, pixel, spoken) {
  pointAtPixel(view, pixel, spoken)
  const { width, height } = view.size
  announce(view, { place: { x: (pixel.col + 0.5) / width, y: (pixel.row + 0.5) / height }, spoken })
}

/** @param {Probe} view @param {Place} place @param {boolean} spoken */
function followPlace(view, { x, y }, spoken) {
  if (!view.map) return
  pointAtPixel(view, pixelAt(view.size, x, y), spoken)
}

/** The pixel at shares of the width and height. @param {Size} size @param {number} x @param {number} y */
function pixelAt({ width, height }, x, y) {
  return { row: hold(Math.floor(y * height), height), col: hold(Math.floor(x * width), width) }
}

/** @param {Probe} view @param {AbortSignal} signal */
function listenToPointing(view, signal) {
  const { output } = view.el
  const on = listening(signal)
  const point = (/** @type {PointerEvent} */ event) => pointTo(view, pixelOfEvent(view, event), false)
  on(output, "pointermove", point)
  on(output, "pointerdown", point)
  on(output, "keydown", (event) => press(view, event))
  on(output, "focus", () => output.matches(":focus-visible") && pointTo(view, view.pixel, true))
}

/** @param {Probe} view @param {PointerEvent} event */
function pixelOfEvent({ el, size }, event) {
  const { x, y } = shareOf(el.output, event)
  return pixelAt(size, x, y)
}

// Arrows go by a pixel, with Shift by a cell; Home returns to where it began.
/** @param {Probe} view @param {KeyboardEvent} event */
function press(view, event) {
  const { pixel, size, map } = view
  const move = ARROWS[event.key]
  if (!(move || event.key === "Home") || isCommand(event)) return
  event.preventDefault()
  if (!move) return pointTo(view, firstPixel(map, size), true)
  /** @param {number} m @param {number} n */
  const step = (m, n) => (event.shiftKey ? Math.max(1, Math.round(m / n)) : 1)
  const row = hold(pixel.row + move[0] * step(size.height, map.rows), size.height)
  const col = hold(pixel.col + move[1] * step(size.width, map.cols), size.width)
  pointTo(view, { row, col }, true)
}
