// The place pointed at: read out, marked on the picture, and shared with the linked viewers, which show it as a ghost.

import { announce } from "./link.js"
import { cursorPoint, pointAt } from "./map_cells.js"
import { drawMarks } from "./stage.js"
import { formatNumber, placeInWords, valueAt } from "./value_text.js"

const HINT = "Point at the picture, or use the arrow keys"

// What the person points at here; null where the pointer has left, which gives way to the keys' cursor.
/** @param {Viewer} view @param {MapPoint | null} point @param {boolean} [spoken] */
export function pointTo(view, point, spoken = false) {
  showPoint(view, point)
  const { pointed, picture } = view
  const place = pointed && { x: pointed.x / picture.width, y: pointed.y / picture.height }
  announce(view, { place, spoken })
  if (spoken && pointed) view.el.live.textContent = pointInWords(view, pointed)
}

// What the person points at in a linked viewer.
/** @param {Viewer} view @param {Place | null} place @param {{ spoken: boolean }} message */
export function followPlace(view, place, { spoken }) {
  const { picture, map } = view
  if (!picture) return
  const point = place && pointAt(picture, map, place.x * picture.width, place.y * picture.height)
  showPoint(view, point, true)
  if (spoken && point) view.el.live.textContent = pointInWords(view, point)
}

/** The map may be another one since the place was pointed at. @param {Viewer} view */
export function readAgain(view) {
  const { pointed, picture, map } = view
  showPoint(view, pointed && pointAt(picture, map, pointed.x, pointed.y), view.ghost)
}

/** @param {Viewer} view @param {MapPoint | null} point @param {boolean} [ghost] */
function showPoint(view, point, ghost = false) {
  const shown = point ?? (view.cursor && view.el.scene.matches(":focus-visible") ? cursorPoint(view) : null)
  Object.assign(view, { pointed: shown, ghost: ghost && point !== null })
  const value = shown && valueAt(view.map, shown)
  view.el.value.textContent = value === null ? "" : formatNumber(value)
  view.el.place.textContent = shown ? placeInWords(shown, view.map) : view.hint ?? HINT
  drawMarks(view)
}

/** @param {Viewer} view @param {MapPoint} point */
function pointInWords(view, point) {
  const value = valueAt(view.map, point)
  const place = placeInWords(point, view.map)
  return value === null ? place : `${view.heat.label} ${formatNumber(value)} \u00b7 ${place}`
}
