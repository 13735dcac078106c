// The cross that stands for the pointer where the eraser is used with keys.

import { clamp } from "../../components/viewer/js/clamp.js"
import { ARROWS } from "../../components/viewer/js/keyboard.js"

const STEP = 0.02 // of the shorter side, for a press of an arrow key; with Shift five times as far
const ARM = 10 // CSS pixels

/** @param {Size} image @returns {Pair} */
export function middleOf({ width, height }) {
  return [width / 2, height / 2]
}

/** @param {Pair} cross in pixels of the picture @param {Size} image @param {KeyboardEvent} event @returns {Pair} */
export function moved([x, y], { width, height }, event) {
  const [down, right] = ARROWS[event.key]
  const step = (event.shiftKey ? 5 : 1) * STEP * Math.min(width, height)
  return [clamp(x + right * step, 0, width), clamp(y + down * step, 0, height)]
}

// Black around white, to be seen on every picture.
/** @param {Context2D} context @param {Pair} cross @param {number} scale */
export function drawCross(context, cross, scale) {
  const [x, y] = cross.map((side) => side * scale)
  const arm = ARM * devicePixelRatio
  for (const [ink, width] of /** @type {[string, number][]} */ ([["#000", 4], ["#fff", 2]])) {
    Object.assign(context, { strokeStyle: ink, lineWidth: width * devicePixelRatio, lineCap: "butt" })
    context.beginPath()
    context.moveTo(x - arm, y)
    context.lineTo(x + arm, y)
    context.moveTo(x, y - arm)
    context.lineTo(x, y + arm)
    context.stroke()
  }
}
