// One probe: what Python sent, the pixel pointed at, and the sum that makes it.

const WIDEST = 420 // CSS pixels of a side
const SIDE_GAP = 24
const BESIDE = 480 // CSS pixels from which the sides stand beside each other
const LINES = { nearest: 1, bilinear: 1, aligned: 1, bicubic: 4 } // of the equation, where the sides stand beside

const PARTS = [
  "probe", "cells", "cell-marks", "output", "output-marks", "grid-title", "output-title", "place", "equation", "legend",
  "legend-title", "bar", "low", "cut", "high", "low-end", "high-end",
]

export default (component) => mount(component, createProbe, receive)

function createProbe(root, signal) {
  const el = { ...findByClass(root, PARTS), live: root.querySelector("[aria-live]") }
  const view = { signal, el, map: null, pixel: null }
  view.settings = () => ({ ...getSettings(view.name), threshold: 0 })
  view.lut = () => view.scales[chosenScale(view.settings(), scaleKind(view.heat), view.scales)]
  listenToPointing(view, signal)
  onSettings((name) => name === view.name, () => drawSoon(view, draw), signal)
  onLinked(view, { place: (place, { spoken }) => place && followPlace(view, place, spoken) }, signal)
  const observer = new ResizeObserver(() => drawSoon(view, draw))
  observer.observe(el.probe)
  signal.addEventListener("abort", () => observer.disconnect())
  return view
}

function receive(view, { data }) {
  const { header, blob, floats } = decodePayload(data)
  const { rows, cols, height, width, mode, vmin, vmax, label, link, legend, settings: name } = header
  const map = { rows, cols, values: floats("map") }
  const [size, heat] = [{ width, height }, { vmin, vmax, label, ends: null }]
  if (view.size?.width !== width || view.size.height !== height) view.pixel = null
  Object.assign(view, { map, size, heat, mode, link, legend, name, scales: decodeScales(header.scales, blob("scales")) })
  view.pixel ??= firstPixel(map, size)
  showTexts(view)
  readPixel(view)
  drawSoon(view, draw)
}

// Beside the centre of the strongest cell, where the weights differ.
function firstPixel(map, size) {
  const at = map.values.reduce((best, value, i) => (value > map.values[best] ? i : best), 0)
  const along = (cell, m, n) => hold(Math.floor(((cell + 0.7) / n) * m), m)
  const [row, col] = [Math.floor(at / map.cols), at % map.cols]
  return { row: along(row, size.height, map.rows), col: along(col, size.width, map.cols) }
}

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

function readPixel(view) {
  const { map, size, pixel, mode, el } = view
  view.terms = pixelTerms(map, size, pixel.row, pixel.col, mode)
  el.place.textContent = pixelInWords(pixel, size, view.terms)
  el.equation.replaceChildren(...equationNodes(view.terms))
}

// The output has a pixel a pixel; the others are drawn in device pixels. Whether the sides stand beside each other.
function layout({ el, map, size }) {
  const room = el.probe.clientWidth
  const beside = room >= BESIDE
  const side = Math.floor(Math.min(WIDEST, beside ? (room - SIDE_GAP) / 2 : room))
  const fit = (width, height) => ({ width: side, height: Math.round((side * height) / width) })
  const [grid, output] = [fit(map.cols, map.rows), fit(size.width, size.height)]
  setSize(el.cells, grid)
  setSize(el["cell-marks"], grid)
  setSize(el.output, output, size)
  setSize(el["output-marks"], output)
  el.probe.classList.toggle("enlarged", side >= size.width)
  return beside
}

// own: the canvas's pixels, by default those of the device.
function setSize(canvas, css, own = { width: css.width * devicePixelRatio, height: css.height * devicePixelRatio }) {
  const size = { width: Math.round(own.width), height: Math.round(own.height) }
  if (!sameSize(canvas, size)) Object.assign(canvas, size)
  Object.assign(canvas.style, { width: `${css.width}px`, height: `${css.height}px` })
}

function draw(view) {
  const { el, map, mode } = view
  if (!map || !el.probe.clientWidth) return // in a hidden tab
  const beside = layout(view)
  el.equation.style.setProperty("--lines", LINES[mode] * (beside ? 1 : 2))
  drawCells(view, view.lut())
  drawOutput(view, view.lut())
  drawPointed(view)
  if (!el.legend.hidden) drawBar(view)
}

function drawPointed(view) {
  drawSources(view, view.lut())
  drawPixel(view)
}

function pointAtPixel(view, pixel, spoken = false) {
  view.pixel = pixel
  readPixel(view)
  drawPointed(view)
  if (spoken) view.el.live.textContent = `${view.el.place.textContent}: ${equationText(view.terms)}`
}

function pointTo(view, pixel, spoken) {
  pointAtPixel(view, pixel, spoken)
  const { width, height } = view.size
  announce(view, { place: { x: (pixel.col + 0.5) / width, y: (pixel.row + 0.5) / height }, spoken })
}

function followPlace(view, { x, y }, spoken) {
  if (!view.map) return
  const { width, height } = view.size
  pointAtPixel(view, { row: hold(Math.floor(y * height), height), col: hold(Math.floor(x * width), width) }, spoken)
}

function listenToPointing(view, signal) {
  const { output } = view.el
  const on = (type, act) => output.addEventListener(type, act, { signal })
  const point = (event) => pointTo(view, pixelOfEvent(view, event), false)
  on("pointermove", point)
  on("pointerdown", point)
  on("keydown", (event) => press(view, event))
  on("focus", () => output.matches(":focus-visible") && pointTo(view, view.pixel, true))
}

function pixelOfEvent({ el, size }, event) {
  const frame = el.output.getBoundingClientRect()
  const along = (offset, length, n) => hold(Math.floor((offset / length) * n), n)
  return {
    row: along(event.clientY - frame.top, frame.height, size.height),
    col: along(event.clientX - frame.left, frame.width, size.width),
  }
}

// Arrows go by a pixel, with Shift by a cell; Home returns to where it began.
function press(view, event) {
  const { pixel, size, map } = view
  const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key]
  if (!(move || event.key === "Home") || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  if (!move) return pointTo(view, firstPixel(map, size), true)
  const step = (m, n) => (event.shiftKey ? Math.max(1, Math.round(m / n)) : 1)
  const row = hold(pixel.row + move[0] * step(size.height, map.rows), size.height)
  const col = hold(pixel.col + move[1] * step(size.width, map.cols), size.width)
  pointTo(view, { row, col }, true)
}
