// The viewer's canvases: their size, and what is drawn on them.

import { drawBar } from "./bar.js"
import { contextOf, onResize } from "./elements.js"
import { cellBox } from "./map_cells.js"
import { drawSoon } from "./mount.js"
import {
  boxOn, coversImage, crosshair, drawHeat, fitSize, outline, imageCanvas, sameSize, sampleArea,
} from "./scene.js"

const WIDE = 720 // CSS pixels from which the panel stands beside the picture
const PANEL = 256
const GAP = 24
const WINDOW_PART = 0.7 // of the window's height, at most, for the picture

/** @param {Viewer} view @param {AbortSignal} signal */
export function followSize(view, signal) {
  let width = 0
  onResize(view.el.viewer, () => {
    if (view.el.viewer.clientWidth === width) return
    width = view.el.viewer.clientWidth
    requestAnimationFrame(() => relayout(view))
  }, signal)
  window.addEventListener("resize", () => relayout(view), { signal })
}

/** @param {Viewer} view */
function relayout(view) {
  if (!view.image) return
  layout(view)
  if (view.shows()) drawBar(view)
  schedule(view)
}

// Canvases get whole device pixels, and CSS the same length, so that the browser scales nothing.
/** @param {Viewer} view */
export function layout(view) {
  const { el, image } = view
  const room = el.viewer.clientWidth
  if (!room) return // in a hidden tab
  const wide = room >= WIDE && !view.compact
  const ratio = devicePixelRatio
  const maxHeight = view.maxHeight ?? Math.max(240, WINDOW_PART * innerHeight)
  const size = fitSize(image, wide ? room - PANEL - GAP : room, maxHeight, ratio)
  el.viewer.classList.toggle("wide", wide)
  el.viewer.style.setProperty("--stage-width", `${size.width / ratio}px`)
  el.stage.style.height = `${size.height / ratio}px`
  if (sameSize(size, el.scene)) return
  Object.assign(view, { base: null, area: null })
  Object.assign(el.scene, size)
  Object.assign(el.marks, size)
  drawMarks(view)
}

/** @param {Viewer} view */
export function schedule(view) {
  drawSoon(view, drawScene)
}

/** @param {Viewer} view */
function drawScene(view) {
  view.beforeDraw?.()
  if (!view.bitmap) return
  const started = performance.now()
  const { scene } = view.el
  const context = contextOf(scene)
  view.base ??= imageCanvas(view.bitmap, view.image, scene)
  context.clearRect(0, 0, scene.width, scene.height)
  context.drawImage(view.base, 0, 0)
  const drawn = view.shows() && !view.hidden
  if (drawn) drawHeat(context, currentArea(view), { range: view.heat, settings: view.settings(), lut: view.lut() })
  Object.assign(scene.dataset, { heat: drawn ? "drawn" : "none", drawMs: (performance.now() - started).toFixed(1) })
}

/** The sampled map is kept while only opacity, threshold or colour change. @param {Viewer} view */
function currentArea(view) {
  const { between } = view.settings()
  const map = /** @type {CellMap} */ (view.map)
  view.area ??= { between, ...sampleArea(view.image, map, view.el.scene, between) }
  return view.area
}

/** The frame of what the model saw, and the cell pointed at, here or in a linked viewer. @param {Viewer} view */
export function drawMarks(view) {
  const { marks } = view.el
  const context = contextOf(marks)
  const line = Math.max(1, Math.round(devicePixelRatio))
  context.clearRect(0, 0, marks.width, marks.height)
  if (!coversImage(view.image)) outline(context, boxOn(view.image, marks), line)
  const { pointed, map, spot } = view
  if (spot) drawSpot(view, context, spot, line)
  view.afterMarks?.(context, line)
  if (!pointed) return
  if (view.ghost) crosshair(context, middleOf(spotOn(view, pointed, 0)), line)
  if (map && pointed.row !== null && marks.width / map.cols >= 6 * line) outline(context, cellOn(view, pointed), line)
  else if (!view.hovered) outline(context, spotOn(view, pointed, 8 * line), line) // else the pointer shows the place
}

// The chosen unit: its cell in a thin frame, what it sees in a bold one.
/** @param {Viewer} view @param {Context2D} context @param {Cell & { box: Box }} spot @param {number} line */
function drawSpot(view, context, spot, line) {
  outline(context, boxOn({ ...view.image, box: spot.box }, view.el.marks), 2 * line)
  if (view.map) outline(context, cellOn(view, spot), line)
}

/** @param {Viewer} view @param {Cell} cell */
function cellOn({ image, map, el: { marks } }, { row, col }) {
  return boxOn({ ...image, box: cellBox(image, /** @type {CellMap} */ (map), row, col) }, marks)
}

/** Half a pixel on, so that a line of one pixel fills one. @param {Place} place */
function middleOf({ x, y }) {
  return { x: x + 0.5, y: y + 0.5 }
}

/** @param {Viewer} view @param {Place} place @param {number} size */
function spotOn({ image, el: { marks } }, { x, y }, size) {
  /** @param {number} place @param {number} length @param {number} side */
  const at = (place, length, side) => Math.round((place / length) * side - size / 2)
  return { x: at(x, image.width, marks.width), y: at(y, image.height, marks.height), width: size, height: size }
}
