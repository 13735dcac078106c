// Pointing at the picture, by mouse, finger or keys. The place is read out, marked on the picture, and shared with the
// linked viewers, which show it as a ghost.

import { clamp } from "./clamp.js"
import { listening, shareOf } from "./elements.js"
import { ARROWS, isCommand } from "./keyboard.js"
import { announce } from "./link.js"
import { cursorPoint, KEY_GRID, pointAt, strongestCell } from "./map_cells.js"
import { drawMarks } from "./stage.js"
import { formatNumber, placeInWords, valueAt } from "./value_text.js"

const HINT = "Point at the picture, or use the arrow keys"
const HOLD_MS = 250
const WALK_MS = 150 // rest of the arrow keys after which the unit is moved
const TAP_SLACK = 6 // CSS pixels that a finger may slip during a tap

// What the person points at here; null where the pointer has left, which gives way to the keys' cursor.
/** @param {Viewer} view @param {MapPoint | null} point @param {boolean} [spoken] */
export function pointTo(view, point, spoken = false) {
  showPoint(view, point)
  const { pointed, image } = view
  const place = pointed && { x: pointed.x / image.width, y: pointed.y / image.height }
  announce(view, { place, spoken })
  if (spoken && pointed) view.el.live.textContent = pointInWords(view, pointed)
}

// What the person points at in a linked viewer.
/** @param {Viewer} view @param {Place | null} place @param {{ spoken: boolean }} message */
export function followPlace(view, place, { spoken }) {
  const { image, map } = view
  if (!image) return
  const point = place && pointAt(image, map, place.x * image.width, place.y * image.height)
  showPoint(view, point, true)
  if (spoken && point) view.el.live.textContent = pointInWords(view, point)
}

/** The map may be another one since the place was pointed at. @param {Viewer} view */
export function readAgain(view) {
  const { pointed, image, map } = view
  showPoint(view, pointed && pointAt(image, map, pointed.x, pointed.y), view.ghost)
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

/** @param {Viewer} view @param {PointerEvent} event */
function pointOfEvent(view, event) {
  const { image, map } = view
  const share = shareOf(view.el.scene, event)
  const x = clamp(share.x * image.width, 0, image.width - 0.01)
  const y = clamp(share.y * image.height, 0, image.height - 0.01)
  return pointAt(image, map, x, y)
}

/** @param {Viewer} view @param {AbortSignal} signal */
export function listenToPointer(view, signal) {
  const { scene } = view.el
  const on = listening(signal)
  /** @type {Press | null} */
  let press = null
  const release = () => {
    clearTimeout(press?.timer)
    if (press?.dragged) view.dragEnd?.()
    press = null
  }
  on(scene, "pointerenter", () => { view.hovered = true })
  on(scene, "pointermove", (event) => {
    pointTo(view, pointOfEvent(view, event))
    if (press && view.drag && event.pointerType !== "touch") dragOn(view, press, event)
  })
  on(scene, "pointerleave", (event) => {
    view.hovered = false
    if (event.pointerType !== "touch") pointTo(view, null) // what a finger has chosen stays
  })
  on(scene, "pointerdown", (event) => {
    if (event.button !== 0) return
    pointTo(view, pointOfEvent(view, event)) // a finger need not have moved before
    press = { ...placeOf(event), timer: setTimeout(() => view.hide(true), HOLD_MS) }
  })
  on(scene, "pointerup", (event) => {
    const tapped = press && !press.dragged && !view.hidden && slipped(press, event) < TAP_SLACK
    release()
    if (tapped) view.pick(pointOfEvent(view, event))
  })
  on(scene, "pointercancel", release)
  on(scene, "contextmenu", (event) => event.pointerType === "touch" && event.preventDefault())
}

/** @param {MouseEvent} view */
function placeOf({ clientX, clientY }) {
  return { x: clientX, y: clientY }
}

/** @param {Place} press @param {MouseEvent} event */
function slipped(press, event) {
  return Math.hypot(event.clientX - press.x, event.clientY - press.y)
}

// Dragging beyond a slip ends the tap or hold that it began as; the pointer may then leave the picture.
/** @param {Viewer} view @param {Press} press @param {PointerEvent} event */
function dragOn(view, press, event) {
  if (!press.dragged) {
    if (slipped(press, event) < TAP_SLACK) return
    clearTimeout(press.timer)
    view.el.scene.setPointerCapture(event.pointerId)
    press.dragged = true
  }
  const now = placeOf(event)
  view.drag?.({ x: now.x - press.x, y: now.y - press.y })
  Object.assign(press, now)
}

/** @param {Viewer} view @param {AbortSignal} signal */
export function listenToKeys(view, signal) {
  const { scene } = view.el
  const on = listening(signal)
  on(scene, "keydown", (event) => {
    const act = keyAction(view, event)
    if (!act || isCommand(event)) return
    event.preventDefault()
    act()
  })
  on(scene, "focus", () => scene.matches(":focus-visible") && moveCursor(view, 0, 0))
  on(scene, "blur", () => pointTo(view, null))
}

/** @param {Viewer} view @param {KeyboardEvent} event */
function keyAction(view, event) {
  const { opacity, threshold } = view.settings()
  /** @param {number} value @param {number} by */
  const step = (value, by) => clamp(Math.round(100 * (value + by)) / 100, 0, 1)
  /** @param {number} by */
  const setOpacity = (by) => () => view.change({ opacity: step(opacity, by) })
  /** @param {number} by */
  const setThreshold = (by) => () => view.change({ threshold: step(threshold, by) })
  if (event.shiftKey && view.spot && ARROWS[event.key]) return null // unit_pad has them
  if (ARROWS[event.key]) return () => walk(view, ...ARROWS[event.key])
  /** @type {Record<string, () => void>} */
  const actions = {
    Enter: () => pickCursor(view),
    " ": () => pickCursor(view),
    Home: () => { view.cursor = null; moveCursor(view, 0, 0) },
    "+": setOpacity(0.05), "=": setOpacity(0.05), "-": setOpacity(-0.05),
    "]": setThreshold(0.05), "[": setThreshold(-0.05),
  }
  return actions[event.key]
}

// A chosen unit goes along with the keys; the server is told once they rest.
/** @param {Viewer} view @param {number} down @param {number} right */
function walk(view, down, right) {
  moveCursor(view, down, right)
  if (!view.spot) return
  clearTimeout(view.walking)
  view.walking = setTimeout(() => pickCursor(view), WALK_MS)
}

// The cursor starts at the strongest cell, and keeps its cell while the maps of one grid follow each other.
/** @param {Viewer} view @param {number} down @param {number} right */
function moveCursor(view, down, right) {
  const grid = view.map ?? { rows: KEY_GRID, cols: KEY_GRID }
  const start = view.map ? strongestCell(view.map) : { row: KEY_GRID / 2, col: KEY_GRID / 2 }
  const { row, col } = view.cursor ?? start
  view.cursor = { row: clamp(row + down, 0, grid.rows - 1), col: clamp(col + right, 0, grid.cols - 1) }
  pointTo(view, cursorPoint(view), true)
}

/** @param {Viewer} view */
function pickCursor(view) {
  if (!view.cursor) moveCursor(view, 0, 0)
  view.pick(cursorPoint(view))
}
