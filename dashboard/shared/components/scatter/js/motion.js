// Moving the camera, at once or in a glide, and when to draw: at most once a frame. What is drawn is the view's own:
// drawPoints, and drawOver for what lies above.

import { clamp } from "../../viewer/js/clamp.js"
import { scaleOf } from "./camera.js"

export const GLIDE_MS = 220

/** @param {Scatter} view */
export function redraw(view) {
  view.next = 0
  view.el.stage.dataset.drawn = ""
  awake(view)
}

/** @param {Scatter} view */
export function awake(view) {
  view.frame ??= requestAnimationFrame(() => {
    view.frame = null
    if (!view.signal.aborted && view.gpu && view.steps && view.room.width) view.drawPoints(view)
  })
}

/** @param {Scatter} view */
export function drawOverSoon(view) {
  view.overFrame ??= requestAnimationFrame(() => {
    view.overFrame = null
    if (!view.signal.aborted && view.steps) view.drawOver(view)
  })
}

/** @param {Scatter} view @param {number} right @param {number} down */
export function panBy(view, right, down) {
  const scale = scaleOf(view)
  moveCamera(view, { x: view.camera.x - right / scale, y: view.camera.y + down / scale })
}

/** @param {Scatter} view @param {Partial<Camera>} change */
export function moveCamera(view, change) {
  const [left, bottom, right, top] = view.extent
  Object.assign(view.camera, change)
  view.camera.x = clamp(view.camera.x, left, right)
  view.camera.y = clamp(view.camera.y, bottom, top)
  redraw(view)
}

// Runs `step` with a part from 0 to 1, at once to the end where the person or the machine wants no motion.
/** @param {Scatter} view @param {string} name @param {number} milliseconds @param {(part: number) => void} step */
export function animate(view, name, milliseconds, step) {
  view.motions ??= {}
  view.motions[name]?.()
  if (calm(view)) return step(1)
  const start = performance.now()
  let stopped = false
  const next = (/** @type {number} */ now) => {
    if (stopped || view.signal.aborted) return
    const part = clamp((now - start) / milliseconds, 0, 1)
    step(part * (2 - part))
    if (part < 1) requestAnimationFrame(next)
  }
  view.motions[name] = () => { stopped = true }
  requestAnimationFrame(next)
}

/** Above this many points a frame takes too long without a graphics card. @param {Scatter} view */
export function calm(view) {
  return matchMedia("(prefers-reduced-motion: reduce)").matches || view.count > 30_000
}

/** @param {Scatter} view @param {Camera} target */
export function glideTo(view, target) {
  const start = { ...view.camera }
  /** @param {"x" | "y"} name @param {number} part */
  const between = (name, part) => start[name] + (target[name] - start[name]) * part
  animate(view, "camera", GLIDE_MS, (part) => {
    const zoom = start.zoom * (target.zoom / start.zoom) ** part
    moveCamera(view, { zoom, x: between("x", part), y: between("y", part) })
  })
}
