// Drawing: as many points as fit in a frame at once, a fair sample, then the others frame by frame. A machine without a
// graphics card stays quick under the pointer, and shows all points a moment later.

import { clamp } from "../../viewer/js/clamp.js"
import { fillRoom, pointSize, scaleOf } from "./camera.js"
import { drawPart, isBusy, setUniforms } from "./gpu.js"
import { awake } from "./motion.js"

export const FIRST_PART = 150_000
const LEAST_PART = 40_000
const SLOW_MS = 80
const QUICK_MS = 25

/** @param {Scatter} view */
export function drawPoints(view) {
  const { gpu } = view
  if (isBusy(gpu)) return awake(view)
  if (view.next > 0) paceBy(view, performance.now() - view.since)
  if (view.next === 0) beginDrawing(view)
  const count = Math.min(view.pace, gpu.count - view.next)
  view.since = performance.now()
  if (count > 0) drawPart(gpu, view.next, count)
  view.next += Math.max(count, 0)
  if (view.next < gpu.count || isBusy(gpu)) return awake(view)
  view.el.stage.dataset.drawn = String(gpu.count)
}

/** @param {Scatter} view @param {number} milliseconds */
function paceBy(view, milliseconds) {
  if (milliseconds > SLOW_MS) view.pace = Math.max(LEAST_PART, view.pace / 2)
  if (milliseconds < QUICK_MS) view.pace *= 2
}

/** @param {Scatter} view */
function beginDrawing(view) {
  const { gl } = view.gpu
  const { canvas } = gl
  const ratio = fillRoom(view, canvas)
  gl.viewport(0, 0, canvas.width, canvas.height)
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT)
  const scale = 2 * scaleOf(view)
  setUniforms(view.gpu, {
    centre: [view.camera.x, view.camera.y],
    scale: [scale / view.room.width, scale / view.room.height],
    way: view.way,
    size: Math.max(1, pointSize(view) * ratio),
    opacity: opacityOf(view),
    fading: view.fading,
    rim: view.ink.map((part) => part / 255),
    paper: view.paper.map((part) => part / 255),
  })
  view.drawOver(view)
}

/** @param {Scatter} view */
function opacityOf(view) {
  const crowd = Math.log10(Math.max(view.gpu.count, 1) / Math.max(1, view.camera.zoom))
  return clamp(1.5 - 0.17 * crowd, 0.4, 0.92)
}
