// Mouse, pen and fingers: drag to move or to draw an area, wheel and pinch to zoom, click to open.

import { clamp } from "../../viewer/js/clamp.js"
import { listening } from "../../viewer/js/elements.js"
import { zoomAt } from "./camera.js"
import { nearestPoint } from "./grid.js"
import { dropLasso, finishLasso, growLasso, startLasso } from "./lasso.js"
import { drawOverSoon, glideTo, moveCamera, panBy } from "./motion.js"
import { hover, showCross } from "./tip.js"

/** @type {Record<string, number>} */
const REACH = { mouse: 12, pen: 14, touch: 24 }

/** @param {Scatter} view @param {AbortSignal} signal */
export function listenToPointer(view, signal) {
  const { stage } = view.el
  const on = listening(signal, { passive: false })
  on(stage, "pointerdown", (event) => press(view, event))
  on(stage, "pointermove", (event) => move(view, event))
  on(stage, "pointerup", (event) => release(view, event, true))
  on(stage, "pointercancel", (event) => release(view, event, false))
  on(stage, "pointerleave", () => hover(view, null))
  on(stage, "wheel", (event) => wheel(view, event))
  on(stage, "dblclick", (event) => view.mode === "move" && glideTo(view, zoomAt(view, 2, ...placeOf(view, event))))
}

/** @param {Scatter} view @param {MouseEvent} event @returns {Pair} */
function placeOf(view, event) {
  const frame = view.el.stage.getBoundingClientRect()
  return [event.clientX - frame.left, event.clientY - frame.top]
}

/** @param {Scatter} view @param {PointerEvent} event */
function press(view, event) {
  if (event.button !== 0 || !view.steps) return
  const place = placeOf(view, event)
  view.el.stage.setPointerCapture(event.pointerId)
  view.fingers.set(event.pointerId, place)
  showCross(view, false)
  if (view.fingers.size === 2) return startPinch(view)
  view.drag = { start: place, last: place, moved: false, kind: kindOfDrag(view, event), mode: modeOf(event) }
}

/** With Shift, dragging draws in every mode. @param {Scatter} view @param {PointerEvent} event @returns {DragKind} */
function kindOfDrag(view, event) {
  const draws = view.can.select && (view.mode !== "move" || event.shiftKey)
  return !draws ? "move" : view.mode === "box" ? "box" : "lasso"
}

/** @param {PointerEvent} event @returns {SelectMode} */
function modeOf(event) {
  return event.altKey ? "remove" : event.shiftKey ? "add" : "replace"
}

/** @param {Scatter} view */
function startPinch(view) {
  Object.assign(view, { drag: null, pinch: pinchOf(view) })
  dropLasso(view)
}

/** @param {Scatter} view @returns {Pinch} */
function pinchOf(view) {
  const [[x0, y0], [x1, y1]] = [...view.fingers.values()]
  return { apart: Math.hypot(x1 - x0, y1 - y0), middle: [(x0 + x1) / 2, (y0 + y1) / 2] }
}

/** @param {Scatter} view @param {PointerEvent} event */
function move(view, event) {
  const place = placeOf(view, event)
  if (view.fingers.has(event.pointerId)) view.fingers.set(event.pointerId, place)
  if (view.pinch) return pinch(view, view.pinch)
  const { drag } = view
  if (!drag) return view.steps && event.pointerType !== "touch" && hoverAt(view, place, event.pointerType)
  const [right, down] = [place[0] - drag.last[0], place[1] - drag.last[1]]
  const away = Math.hypot(place[0] - drag.start[0], place[1] - drag.start[1])
  if (!drag.moved && away < 4) return
  if (!drag.moved && drag.kind !== "move") startLasso(view, drag.kind, drag.start, drag.mode)
  Object.assign(drag, { last: place, moved: true })
  hover(view, null)
  if (drag.kind === "move") panBy(view, right, down)
  else growLasso(view, place)
}

/** @param {Scatter} view @param {Pinch} before */
function pinch(view, { apart, middle }) {
  if (view.fingers.size !== 2) return
  const now = pinchOf(view)
  panBy(view, now.middle[0] - middle[0], now.middle[1] - middle[1])
  moveCamera(view, zoomAt(view, now.apart / Math.max(apart, 1), ...now.middle))
  view.pinch = now
}

/** @param {Scatter} view @param {PointerEvent} event @param {boolean} finished */
function release(view, event, finished) {
  const place = placeOf(view, event)
  view.fingers.delete(event.pointerId)
  if (view.pinch) {
    if (view.fingers.size === 0) view.pinch = null
    return
  }
  const { drag } = view
  view.drag = null
  if (!drag) return
  if (view.lasso && finished) return finishLasso(view)
  if (view.lasso) dropLasso(view)
  if (finished && !drag.moved) choose(view, nearestPoint(view, ...place, REACH[event.pointerType] ?? 12))
}

/** @param {Scatter} view @param {Pair} place @param {string} kind */
function hoverAt(view, place, kind) {
  hover(view, nearestPoint(view, ...place, REACH[kind] ?? 12), ...place)
  view.el.stage.classList.toggle("pointing", view.hovered !== null)
}

// The ring is drawn at once; the next run of the server confirms it.
/** @param {Scatter} view @param {number | null} index */
export function choose(view, index) {
  if (index === null || !view.can.choose) return
  view.chosen = index
  drawOverSoon(view)
  view.setTriggerValue("point", index)
}

/** @param {Scatter} view @param {WheelEvent} event */
function wheel(view, event) {
  if (!view.steps) return
  event.preventDefault()
  const lines = event.deltaMode === 1 ? 20 : 1
  const factor = Math.exp(-clamp(event.deltaY * lines, -240, 240) * (event.ctrlKey ? 0.01 : 0.0022))
  const place = placeOf(view, event)
  moveCamera(view, zoomAt(view, factor, ...place))
  hoverAt(view, place, "mouse")
}
