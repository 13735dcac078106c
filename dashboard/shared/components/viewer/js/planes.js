// The other planes through the place that is looked at, small, beside a `scan` viewer of the same link. A place is
// the number of a slice in each plane. What moves it here moves the large view, and the other way round, at once; the
// server is told where the reader rests.

import { clamp } from "./clamp.js"
import { contextOf, elementsByClass, find, listening, make, onResize, shareOf } from "./elements.js"
import { isCommand } from "./keyboard.js"
import { announce, onLinked } from "./link.js"
import { drawSoon, mount } from "./mount.js"
import { decodePayload, decodeScales } from "./payload.js"
import { cutLines, imageCanvas } from "./scene.js"
import { getSettings, onSettings } from "./settings.js"
import { createStack, endStack, mapsBySlice, nearTo, showEdges, sliceAt, wheelSteps } from "./stack.js"
import { drawTile, fitTile } from "./tile.js"
import { formatNumber } from "./value_text.js"
import { paintSlice, sameWindow, windowTable } from "./windowing.js"

const PLANE_REST_MS = 250
const PLANE_AHEAD = 3 // slices that are fetched on either side of the place
// Steps of the planes along a picture's columns and rows: both are numbered against the reading direction.
/** @type {Record<string, Pair>} */
const PLACE_MOVES = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [1, 0], ArrowRight: [-1, 0] }

/** @param {Component} component */
export default (component) => mount(component, createPlanes, receivePlanes)

/** @param {ShadowRoot} root @param {AbortSignal} signal */
function createPlanes(root, signal) {
  const views = [...root.querySelectorAll("figure")].map(newView)
  const planes = /** @type {Planes} */ ({ signal, hidden: false, told: new Set(), views })
  for (const view of planes.views) listenToPlane(planes, view, signal)
  onSettings((name) => name === planes.name, () => drawSoon(planes, drawPlanes), signal)
  onLinked(planes, {
    hidden: (hidden) => redrawn(planes, { hidden }),
    window: (window) => redrawn(planes, { window, greys: null }),
    slice: (index) => moveBy(planes, { [planes.large.plane]: index }),
    picked: (at) => { put(planes, numbersAt(planes, planes.large, at)); tell(planes, 0) },
  }, signal)
  onResize(find(root, ".planes"), () => drawSoon(planes, drawPlanes), signal)
  signal.addEventListener("abort", () => planes.views.forEach(({ stack }) => endStack(stack)))
  return planes
}

/** @param {HTMLElement} figure */
function newView(figure) {
  return /** @type {PlaneView} */ ({ el: elementsByClass(figure), canvas: make("canvas", "") })
}

/** @param {Planes} planes @param {Component} component */
function receivePlanes(planes, { data, setTriggerValue }) {
  const { header, blob, floats } = decodePayload(data)
  const { large, views, numbers, counts, window, heat, settings: name, link } = header
  const said = JSON.stringify(numbers)
  if (!planes.numbers || (said !== planes.said && !planes.told.has(said))) planes.numbers = numbers
  if (said === JSON.stringify(planes.numbers)) planes.told.clear()
  if (!sameWindow(window, planes.saidWindow)) Object.assign(planes, { window, greys: null })
  const scales = heat && decodeScales(header.scales, blob("scales"))
  Object.assign(planes, { setTriggerValue, large, counts, name, link, said, saidWindow: window, scales })
  planes.views.forEach((view, i) => {
    takePlane(planes, view, views[i], mapsBySlice(views[i].scan.maps, heat && floats(`maps${i}`), heat))
  })
  moveBy(planes, {})
  announce(planes, { cross: crossing(planes, planes.large) })
}

/**
 * @param {Planes} planes @param {PlaneView} view @param {Plane & { scan: Scan }} sent
 * @param {Map<number, SliceMap>} kept
 */
function takePlane(planes, view, { plane, along, scan }, kept) {
  Object.assign(view, { plane, along, scan, kept })
  showEdges(view.el, scan.letters)
  view.el.large.textContent = capital(plane)
  view.el.large.title = `Show the ${plane} plane large`
  if (view.stack?.url === scan.url) return
  endStack(view.stack)
  planes.greys = view.bitmap = null
  view.stack = createStack(scan, () => drawSoon(planes, drawPlanes), { ahead: PLANE_AHEAD, behind: PLANE_AHEAD })
}

/** @param {string} word */
function capital(word) {
  return word[0].toUpperCase() + word.slice(1)
}

/** @param {Planes} planes @param {Partial<Planes>} change */
function redrawn(planes, change) {
  Object.assign(planes, change)
  drawSoon(planes, drawPlanes)
}

/** The place has moved: {plane: number}. @param {Planes} planes @param {Numbers} numbers */
function moveBy(planes, numbers) {
  Object.assign(planes.numbers, numbers)
  planes.told.add(JSON.stringify(planes.numbers))
  for (const view of planes.views) nearTo(view.stack, planes.numbers[view.plane])
  drawSoon(planes, drawPlanes)
}

/** The place was moved here: the large view goes along. @param {Planes} planes @param {Numbers} numbers */
function put(planes, numbers) {
  for (const [plane, number] of Object.entries(numbers)) numbers[plane] = clamp(number, 0, planes.counts[plane] - 1)
  moveBy(planes, numbers)
  announce(planes, { go: planes.numbers[planes.large.plane], cross: crossing(planes, planes.large) })
}

/** @param {Planes} planes @param {number} rest */
function tell(planes, rest) {
  clearTimeout(planes.resting)
  planes.resting = setTimeout(() => planes.setTriggerValue("place", { ...planes.numbers }), rest)
}

// Where the planes `along` cut a picture, as shares of its width and height: xai_core/images/scans/crossing.py.
/** @param {Pick<Planes, "numbers" | "counts">} planes @param {Pick<Plane, "along">} plane @returns {Pair} */
export function crossing({ numbers, counts }, { along }) {
  const share = (/** @type {string} */ plane) => 1 - (numbers[plane] + 0.5) / counts[plane]
  return [share(along[0]), share(along[1])]
}

// The way back.
/** @param {Pick<Planes, "counts">} planes @param {Pick<Plane, "along">} plane @param {Pair} at @returns {Numbers} */
export function numbersAt({ counts }, { along }, at) {
  return Object.fromEntries(along.map((plane, i) => [plane, counts[plane] - 1 - Math.floor(at[i] * counts[plane])]))
}

/** @param {Planes} planes @param {PlaneView} view @param {AbortSignal} signal */
function listenToPlane(planes, view, signal) {
  const { scene, large } = view.el
  const on = listening(signal, { passive: false })
  let pressed = false
  const moved = (/** @type {PointerEvent} */ event) => {
    const { x, y } = shareOf(scene, event)
    put(planes, numbersAt(planes, view, [x, y]))
  }
  on(scene, "pointerdown", (event) => {
    if (event.button !== 0) return
    pressed = true
    scene.setPointerCapture(event.pointerId)
    moved(event)
  })
  on(scene, "pointermove", (event) => pressed && moved(event))
  on(scene, "pointerup", () => { if (pressed) tell(planes, 0); pressed = false })
  on(scene, "pointercancel", () => { pressed = false })
  on(scene, "wheel", (event) => {
    if (event.ctrlKey || event.metaKey) return
    event.preventDefault()
    step(planes, { [view.plane]: wheelSteps(view, event) })
  })
  on(scene, "keydown", (event) => {
    const by = PLACE_MOVES[event.key]
    if (!by || isCommand(event)) return
    event.preventDefault()
    step(planes, Object.fromEntries(view.along.map((plane, i) => [plane, by[i]])))
  })
  on(large, "click", () => planes.setTriggerValue("large", view.plane))
}

/** @param {Planes} planes @param {Numbers} by */
function step(planes, by) {
  put(planes, Object.fromEntries(Object.entries(by).map(([plane, n]) => [plane, planes.numbers[plane] + n])))
  tell(planes, PLANE_REST_MS)
}

/** @param {Planes} planes */
function drawPlanes(planes) {
  if (planes.numbers) for (const view of planes.views) drawPlane(planes, view)
}

/** @param {Planes} planes @param {PlaneView} view */
function drawPlane(planes, view) {
  const { el, scan, plane, kept } = view
  const index = planes.numbers[plane]
  const one = kept.get(index)
  const words = `${index + 1} / ${scan.count}`
  el.number.textContent = one ? `map \u00b1${formatNumber(one.heat.vmax)} \u00b7 ${words}` : words
  el.scene.setAttribute("aria-label", `${capital(plane)} slice ${words}. A click or the arrow keys move the place.`)
  paintPlane(planes, view, index)
  const [width, height] = scan.sizes[0]
  const image = { width, height, box: one?.box ?? [0, 0, width, height] }
  const size = fitTile(el.scene, image)
  if (!size || !view.bitmap) return
  const heat = one && !planes.hidden
  const tile = heat ? { map: one.map, vmin: one.heat.vmin, vmax: one.heat.vmax } : null
  const base = imageCanvas(view.bitmap, image, size)
  drawTile(el.scene, { base, image, tile, settings: getSettings(planes.name), scales: planes.scales })
  const line = Math.max(1, Math.round(devicePixelRatio))
  if (!planes.hidden) cutLines(contextOf(el.scene), crossing(planes, view), line)
  el.scene.dataset.heat = heat ? "drawn" : "none"
}

// The slice's grey; the one before stays until the new one has come.
/** @param {Planes} planes @param {PlaneView} view @param {number} index */
function paintPlane(planes, view, index) {
  const slice = sliceAt(view.stack, index)
  if (slice?.grey && !planes.window) return // the large view has gone on to a picture in colour
  if (!slice || (view.painted === slice && view.greys === planes.greys && planes.greys)) return
  if (slice.grey) planes.greys ??= windowTable(planes.window, view.scan.levels)
  Object.assign(view, { bitmap: paintSlice(view.canvas, slice, planes.greys), painted: slice, greys: planes.greys })
  view.el.scene.dataset.slice = String(index + 1)
}
