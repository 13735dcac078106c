// Where the person looks: the point of the unit square at the middle of the stage, and how much nearer than all points.

import { clamp } from "../../viewer/js/clamp.js"

const NEAREST_ZOOM = 200

/** view.room: {width, height} in CSS pixels. @param {Lens} lens */
function fitScale({ room, extent: [left, bottom, right, top] }) {
  const pad = Math.min(64, 0.1 * Math.min(room.width, room.height)) // the tools lie over the edges
  /** @param {number} length @param {number} span */
  const along = (length, span) => (length - 2 * pad) / Math.max(span, 1e-3)
  return Math.min(along(room.width, right - left), along(room.height, top - bottom))
}

/** @param {Lens} lens */
export function wholeMap({ extent: [left, bottom, right, top] }) {
  return { x: (left + right) / 2, y: (bottom + top) / 2, zoom: 1 }
}

/** CSS pixels a unit. @param {Lens} view */
export function scaleOf(view) {
  return fitScale(view) * view.camera.zoom
}

/** @param {Lens} view @param {number} x @param {number} y @returns {Pair} */
export function toScreen(view, x, y) {
  const scale = scaleOf(view)
  return [(x - view.camera.x) * scale + view.room.width / 2, view.room.height / 2 - (y - view.camera.y) * scale]
}

/** @param {Lens} view @param {number} left @param {number} top @returns {Pair} */
export function toUnit(view, left, top) {
  const scale = scaleOf(view)
  return [(left - view.room.width / 2) / scale + view.camera.x, (view.room.height / 2 - top) / scale + view.camera.y]
}

/** A point's place in the unit square. @param {{ steps: Uint16Array }} points @param {number} index @returns {Pair} */
export function unitAt({ steps }, index) {
  return [steps[2 * index] / 65535, steps[2 * index + 1] / 65535]
}

/** @param {Lens & { steps: Uint16Array }} view @param {number} index @returns {Pair} */
export function pointOnScreen(view, index) {
  return toScreen(view, ...unitAt(view, index))
}

// From the coordinates that Python uses, and to them.
/** @param {Coordinates} view @param {number} x @param {number} y @returns {Pair} */
export function unitOf({ origin, span }, x, y) {
  return [(x - origin[0]) / span, (y - origin[1]) / span]
}

/** @param {Coordinates} view @param {number} x @param {number} y @returns {Pair} */
export function dataOf({ origin, span }, x, y) {
  return [x * span + origin[0], y * span + origin[1]]
}

// Keeps the place under (left, top) where it is.
/** @param {Lens} view @param {number} factor @param {number} [left] @param {number} [top] */
export function zoomAt(view, factor, left = view.room.width / 2, top = view.room.height / 2) {
  const [x, y] = toUnit(view, left, top)
  const zoom = clampZoom(view.camera.zoom * factor)
  const kept = view.camera.zoom / zoom
  return { zoom, x: x + (view.camera.x - x) * kept, y: y + (view.camera.y - y) * kept }
}

/** @param {number} zoom */
function clampZoom(zoom) {
  return clamp(zoom, 0.5, NEAREST_ZOOM)
}

// Gives a canvas the room's size, and returns its pixels a CSS pixel: more than two cannot be seen in a cloud, and cost
// four times as much.
/** @param {Lens} lens @param {HTMLCanvasElement | OffscreenCanvas} canvas */
export function fillRoom({ room }, canvas) {
  const ratio = Math.min(2, devicePixelRatio || 1)
  const [width, height] = [room.width, room.height].map((side) => Math.round(side * ratio))
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
  return ratio
}

// CSS pixels: points share the room, and grow more slowly than the distances between them.
/** @param {Lens & { gpu: { count: number } }} view */
export function pointSize({ room, gpu, camera }) {
  const share = Math.sqrt((room.width * room.height) / Math.max(gpu.count, 1))
  return Math.min(14, clamp(0.5 * share, 1.5, 9) * camera.zoom ** 0.3)
}
