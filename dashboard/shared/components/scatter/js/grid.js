// Which point is under the pointer: the points sorted into square cells, made when first needed.

import { hold } from "../../viewer/js/clamp.js"
import { scaleOf, toUnit, unitAt } from "./camera.js"

/** @param {Scatter} view */
function gridOf(view) {
  view.grid ??= buildGrid(view.steps, view.count)
  return view.grid
}

/** start[c] .. start[c + 1] of `points` are the indices in cell c. @param {Uint16Array} steps @param {number} count */
export function buildGrid(steps, count) {
  const side = Math.min(1024, Math.max(16, Math.round(Math.sqrt(count / 3))))
  const cell = (/** @type {number} */ step) => Math.floor((step * side) / 65536)
  const start = new Uint32Array(side * side + 1)
  for (let i = 0; i < count; i++) start[cell(steps[2 * i + 1]) * side + cell(steps[2 * i]) + 1]++
  for (let c = 0; c < side * side; c++) start[c + 1] += start[c]
  const at = start.slice(0, -1)
  const points = new Uint32Array(count)
  for (let i = 0; i < count; i++) points[at[cell(steps[2 * i + 1]) * side + cell(steps[2 * i])]++] = i
  return { side, start, points }
}

// Calls visit(index, x, y) for the shown points of a box (left, bottom, right, top) in the unit square until it says
// false.
/** @param {Scatter} view @param {Box} box @param {(index: number, x: number, y: number) => boolean | void} visit */
export function visitBox(view, [left, bottom, right, top], visit) {
  const { side, start, points } = gridOf(view)
  const cell = (/** @type {number} */ unit) => hold(Math.floor((unit * 65535 * side) / 65536), side)
  for (let row = cell(bottom); row <= cell(top); row++) {
    const [first, last] = [start[row * side + cell(left)], start[row * side + cell(right) + 1]]
    for (let i = first; i < last; i++) {
      const index = points[i]
      if (view.hidden.has(view.codes[index])) continue
      const [x, y] = unitAt(view, index)
      if (x < left || x > right || y < bottom || y > top) continue
      if (visit(index, x, y) === false) return
    }
  }
}

// The shown point nearest to a place on the stage, null where none is within `reach` CSS pixels.
/** @param {Scatter} view @param {number} left @param {number} top @param {number} reach */
export function nearestPoint(view, left, top, reach) {
  if (!view.count) return null
  const [x, y] = toUnit(view, left, top)
  const away = reach / scaleOf(view)
  let [best, shortest] = [/** @type {number | null} */ (null), away * away]
  visitBox(view, [x - away, y - away, x + away, y + away], (index, px, py) => {
    const distance = (px - x) ** 2 + (py - y) ** 2
    if (distance <= shortest) [best, shortest] = [index, distance]
  })
  return best
}

// The shown points on the screen, or null when there are more than `most`.
/** @param {Scatter} view @param {number} most @returns {number[] | null} */
export function pointsInSight(view, most) {
  const [left, bottom] = toUnit(view, 0, view.room.height)
  const [right, top] = toUnit(view, view.room.width, 0)
  /** @type {number[]} */
  const found = []
  visitBox(view, [left, bottom, right, top], (index) => found.push(index) <= most)
  return found.length > most ? null : found
}
