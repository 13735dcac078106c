// A view of one slice of many: the wheel and the keys scroll, dragging changes the window, all of it in the browser.
// The server is told where the reader rests, and brings the map of that slice.

import { clamp } from "./clamp.js"
import { readAgain } from "./cursor.js"
import { find, listening } from "./elements.js"
import { isCommand, isTyping } from "./keyboard.js"
import { announce, onLinked } from "./link.js"
import { mount } from "./mount.js"
import { decodePayload } from "./payload.js"
import { cutLines, drawContours } from "./scene.js"
import { createStack, endStack, mapsBySlice, nearTo, showEdges, sliceAt, wheelSteps } from "./stack.js"
import { drawMarks, layout, schedule } from "./stage.js"
import { formatNumber } from "./value_text.js"
import { createView, settingsChanged, take } from "./view.js"
import { draggedWindow, paintSlice, sameWindow, windowTable } from "./windowing.js"

const REST_MS = 250

/** @param {Component} component */
export default (component) => mount(component, createScan, receiveScan)

/** @param {ShadowRoot} root @param {AbortSignal} signal */
function createScan(root, signal) {
  const view = /** @type {ScanViewer} */ (createView(root, signal))
  Object.assign(view, { index: null, told: new Set(), canvas: document.createElement("canvas") })
  const shows = view.shows
  view.shows = () => shows() && view.map !== null
  view.beforeDraw = () => paintStale(view)
  view.contours = () => (view.hidden ? [] : (view.outlines?.[view.index] ?? []))
  view.afterMarks = (context, line) => {
    drawContours(context, view.contours?.() ?? [], view.el.marks.width / view.image.width, line)
    if (view.cross && !view.hidden) cutLines(context, view.cross, line)
  }
  view.pick = ({ x, y }) => announce(view, { picked: [x / view.image.width, y / view.image.height] })
  onLinked(view, { go: (index) => follow(view, index), cross: (cross) => placeCross(view, cross) }, signal)
  view.drag = (move) => dragWindow(view, move)
  view.dragEnd = () => tellWindow(view)
  const on = listening(signal, { passive: false })
  on(view.el.slices, "input", () => goTo(view, Number(view.el.slices.value) - 1))
  on(view.el.stage, "wheel", (event) => roll(view, event))
  // In the capture phase: the picture's own keys move a cell, and here the plain arrows move the slice.
  document.addEventListener("keydown", (event) => scanKey(view, event), { signal, capture: true })
  signal.addEventListener("abort", () => endStack(view.stack))
  return view
}

/** @param {ScanViewer} view @param {Component} component */
function receiveScan(view, { data, setTriggerValue }) {
  const payload = decodePayload(data)
  const { scan } = payload.header
  const { at, window } = view.scan ?? {} // what the server said last
  take(view, payload, setTriggerValue)
  const { heat, cross, outlines } = payload.header
  Object.assign(view, { scan, outlines, kept: mapsBySlice(scan.maps, heat && payload.floats("maps"), heat) })
  if (view.stack?.url !== scan.url) newStack(view, scan, cross)
  else if (scan.at !== at && !view.told.has(scan.at)) view.index = scan.at
  if (scan.at === view.index) view.told.clear()
  if (!sameWindow(scan.window, window) && !sameWindow(scan.window, view.toldWindow)) newWindow(view, scan.window)
  showScanTexts(view)
  showSlice(view)
}

/** @param {ScanViewer} view @param {Scan} scan @param {Pair | null} cross */
function newStack(view, scan, cross) {
  endStack(view.stack)
  view.stack = createStack(scan, (index) => index === view.index && showSlice(view))
  view.told.clear()
  Object.assign(view, { index: scan.at, bitmap: null, preset: null, cross })
  newWindow(view, scan.window)
}

/** @param {ScanViewer} view */
function showScanTexts(view) {
  const { el, scan } = view
  el.slices.max = String(scan.count)
  find(view.root, ".scroll").hidden = scan.count < 2
  view.hint = scanHint(view)
  showEdges(el, scan.letters)
}

/** What the mouse does here. @param {ScanViewer} view */
function scanHint({ scan, cross, heat }) {
  const mouse = [scan.count > 1 && "Wheel: slices", scan.window && "drag: window", cross && "click: place"]
  return [...mouse, heat && "hold H: no map"].filter(Boolean).join(" \u00b7 ")
}

/** The slice of `view.index` with its map, or what is known of it so far. @param {ScanViewer} view */
function showSlice(view) {
  const { stack, index, el, scan, image } = view
  const slice = sliceAt(stack, index)
  const [width, height] = scan.sizes[scan.sizes.length > 1 ? index : 0]
  const heat = view.kept.get(index)
  const box = heat?.box ?? [0, 0, width, height]
  view.image = { ...image, width, height, box }
  Object.assign(view, { heat: heat?.heat ?? view.heat, map: heat?.map ?? null, area: null, base: null })
  el.slices.value = String(index + 1)
  el.slices.style.setProperty("--part", `${(100 * index) / Math.max(1, scan.count - 1)}%`)
  el.number.textContent = scan.count > 1 ? `${index + 1} / ${scan.count}` : ""
  el.caption.textContent = index === scan.at ? view.caption : ""
  el.waiting.textContent = stack.failed ? "The slices cannot be fetched: reload the page." : slice ? "" : "\u2026"
  view.stale = true
  layout(view)
  settingsChanged(view)
  drawMarks(view)
  readAgain(view)
  nearTo(stack, index)
}

// The slice's grey is made at most once a frame; the one before stays until the new one has come.
/** @param {ScanViewer} view */
function paintStale(view) {
  const slice = view.stale && sliceAt(view.stack, view.index)
  if (!slice) return
  const { window, scan } = view
  if (slice.grey) view.greys ??= windowTable(window, scan.levels)
  Object.assign(view, { bitmap: paintSlice(view.canvas, slice, view.greys), base: null, stale: false })
  view.el["shown-window"].textContent = slice.grey ? windowInWords(window) : ""
  view.el.scene.dataset.slice = String(view.index + 1)
}

/** @param {DisplayWindow} window */
function windowInWords({ center, width }) {
  return `L ${formatNumber(center)}  W ${formatNumber(width)}`
}

/** @param {ScanViewer} view @param {number} index */
function goTo(view, index) {
  const next = clamp(index, 0, view.scan.count - 1)
  if (next === view.index) return
  view.index = next
  announce(view, { slice: next })
  showSlice(view)
  clearTimeout(view.resting)
  view.resting = setTimeout(() => {
    view.told.add(next)
    view.setTriggerValue("slice", next)
  }, REST_MS)
}

/** Another component has moved the place, and tells the server of it. @param {ScanViewer} view @param {number} index */
function follow(view, index) {
  clearTimeout(view.resting)
  if (index === view.index) return
  view.index = index
  view.told.add(index)
  showSlice(view)
}

/** @param {ScanViewer} view @param {Pair} cross */
function placeCross(view, cross) {
  view.cross = cross
  drawMarks(view)
}

/** @param {ScanViewer} view @param {WheelEvent} event */
function roll(view, event) {
  if (event.ctrlKey || event.metaKey || !view.scan || view.scan.count < 2) return
  event.preventDefault()
  goTo(view, view.index + wheelSteps(view, event))
}

/** @param {ScanViewer} view @param {KeyboardEvent} event */
function scanKey(view, event) {
  if (!view.scan || !view.isActive() || isTyping(event) || isCommand(event)) return
  const last = view.scan.count - 1
  const by = last && { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -last, End: last }[event.key]
  const preset = Number(event.key) - 1
  if (event.shiftKey || (!by && !view.scan.presets[preset])) return
  event.preventDefault()
  event.stopPropagation()
  if (by) goTo(view, view.index + by)
  else choosePreset(view, preset)
}

/** @param {ScanViewer} view @param {number} number */
function choosePreset(view, number) {
  view.preset = number
  newWindow(view, view.scan.presets[number].window)
  tellWindow(view)
}

/** @param {ScanViewer} view @param {Place} move */
function dragWindow(view, move) {
  if (view.window) newWindow(view, draggedWindow(view.window, move, view.scan.presets[0].window))
}

/** @param {ScanViewer} view @param {DisplayWindow} window */
function newWindow(view, window) {
  Object.assign(view, { window, greys: null, stale: true })
  announce(view, { window })
  schedule(view)
}

/** @param {ScanViewer} view */
function tellWindow(view) {
  if (!view.window || sameWindow(view.window, view.scan.window)) return
  view.toldWindow = view.window
  const { center, width } = view.window
  view.setTriggerValue("window", { center, width, preset: view.preset })
}
