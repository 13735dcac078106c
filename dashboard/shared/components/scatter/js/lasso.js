// Drawing an area. Only its corners go to Python, in the coordinates of the points: less than a kilobyte.

import { clamp } from "../../viewer/js/clamp.js"
import { dataOf, scaleOf, toUnit } from "./camera.js"
import { drawOverSoon } from "./motion.js"

const MOST_CORNERS = 32

/** @param {Scatter} view @param {Lasso["kind"]} kind @param {Pair} place @param {SelectMode} mode */
export function startLasso(view, kind, place, mode) {
  view.lasso = { kind, mode, path: [place] }
  view.el.stage.classList.add("drawing")
  drawOverSoon(view)
}

/** @param {Scatter} view @param {Pair} place */
export function growLasso(view, place) {
  if (!view.lasso) return
  const { path, kind } = view.lasso
  const [left, top] = path[path.length - 1]
  if (kind === "box") path[1] = place
  else if (Math.hypot(place[0] - left, place[1] - top) >= 2) path.push(place)
  drawOverSoon(view)
}

/** @param {Scatter} view */
export function dropLasso(view) {
  view.lasso = null
  view.el.stage.classList.remove("drawing")
  drawOverSoon(view)
}

/** @param {Scatter} view */
export function finishLasso(view) {
  if (!view.lasso) return
  const { kind, mode, path } = view.lasso
  dropLasso(view)
  const corners = kind === "box" ? boxCorners(path) : fewCorners(path, MOST_CORNERS)
  if (corners.length >= 3) sendArea(view, corners.map(([left, top]) => dataOf(view, ...toUnit(view, left, top))), mode)
}

/** @param {Pair[]} path @returns {Pair[]} */
export function boxCorners([[left, top], [right, bottom] = [left, top]]) {
  return [[left, top], [right, top], [right, bottom], [left, bottom]]
}

/** @param {Scatter} view @param {Pair[]} corners @param {SelectMode} mode */
export function sendArea(view, corners, mode) {
  const pixel = view.span / scaleOf(view)
  const decimals = clamp(Math.ceil(-Math.log10(pixel / 4)), 0, 100)
  const polygon = corners.flat().map((value) => Number(value.toFixed(decimals)))
  view.setTriggerValue("area", { polygon, mode, hidden: hexOfCodes(view.hidden) })
}

/** Four codes a digit, the first code in the highest bit, without trailing zeros. @param {Set<number>} codes */
export function hexOfCodes(codes) {
  const digits = Array.from({ length: 64 }, (_, digit) =>
    [0, 1, 2, 3].reduce((sum, bit) => 2 * sum + Number(codes.has(4 * digit + bit)), 0).toString(16))
  return digits.join("").replace(/(00)+$/, "")
}

// Douglas and Peucker 1973, with a tolerance that grows until the corners are few enough.
/** @param {Pair[]} path @param {number} most */
export function fewCorners(path, most) {
  let corners = path
  for (let tolerance = 0.75; corners.length > most; tolerance *= 1.4) corners = simplified(path, tolerance)
  return corners
}

/** @param {Pair[]} path @param {number} tolerance @returns {Pair[]} */
function simplified(path, tolerance) {
  if (path.length < 3) return path
  const [first, last] = [path[0], path[path.length - 1]]
  let [farthest, distance] = [0, 0]
  for (let i = 1; i < path.length - 1; i++) {
    const away = distanceToLine(path[i], first, last)
    if (away > distance) [farthest, distance] = [i, away]
  }
  if (distance <= tolerance) return [first, last]
  const before = simplified(path.slice(0, farthest + 1), tolerance)
  return [...before.slice(0, -1), ...simplified(path.slice(farthest), tolerance)]
}

/** @param {Pair} place @param {Pair} first @param {Pair} last */
function distanceToLine([x, y], [x0, y0], [x1, y1]) {
  const length = Math.hypot(x1 - x0, y1 - y0)
  return length ? Math.abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length : Math.hypot(x - x0, y - y0)
}
