// Drawing an area. Only its corners go to Python, in the coordinates of the points: less than a kilobyte.

const MOST_CORNERS = 32

function startLasso(view, kind, place, mode) {
  view.lasso = { kind, mode, path: [place] }
  view.el.stage.classList.add("drawing")
  drawOverSoon(view)
}

function growLasso(view, place) {
  const { path, kind } = view.lasso
  const [left, top] = path.at(-1)
  if (kind === "box") path[1] = place
  else if (Math.hypot(place[0] - left, place[1] - top) >= 2) path.push(place)
  drawOverSoon(view)
}

function dropLasso(view) {
  view.lasso = null
  view.el.stage.classList.remove("drawing")
  drawOverSoon(view)
}

function finishLasso(view) {
  const { kind, mode, path } = view.lasso
  dropLasso(view)
  const corners = kind === "box" ? boxCorners(path) : fewCorners(path, MOST_CORNERS)
  if (corners.length >= 3) sendArea(view, corners.map(([left, top]) => dataOf(view, ...toUnit(view, left, top))), mode)
}

function boxCorners([[left, top], [right, bottom] = [left, top]]) {
  return [[left, top], [right, top], [right, bottom], [left, bottom]]
}

function sendArea(view, corners, mode) {
  const pixel = view.span / scaleOf(view)
  const decimals = Math.min(100, Math.max(0, Math.ceil(-Math.log10(pixel / 4))))
  const polygon = corners.flat().map((value) => Number(value.toFixed(decimals)))
  view.setTriggerValue("area", { polygon, mode, hidden: hexOfCodes(view.hidden) })
}

// Four codes a digit, the first code in the highest bit, without trailing zeros.
function hexOfCodes(codes) {
  const digits = Array.from({ length: 64 }, (_, digit) =>
    [0, 1, 2, 3].reduce((sum, bit) => 2 * sum + Number(codes.has(4 * digit + bit)), 0).toString(16))
  return digits.join("").replace(/(00)+$/, "")
}

// Douglas and Peucker 1973, with a tolerance that grows until the corners are few enough.
function fewCorners(path, most) {
  let corners = path
  for (let tolerance = 0.75; corners.length > most; tolerance *= 1.4) corners = simplified(path, tolerance)
  return corners
}

function simplified(path, tolerance) {
  if (path.length < 3) return path
  const [first, last] = [path[0], path.at(-1)]
  let [farthest, distance] = [0, 0]
  for (let i = 1; i < path.length - 1; i++) {
    const away = distanceToLine(path[i], first, last)
    if (away > distance) [farthest, distance] = [i, away]
  }
  if (distance <= tolerance) return [first, last]
  const before = simplified(path.slice(0, farthest + 1), tolerance)
  return [...before.slice(0, -1), ...simplified(path.slice(farthest), tolerance)]
}

function distanceToLine([x, y], [x0, y0], [x1, y1]) {
  const length = Math.hypot(x1 - x0, y1 - y0)
  return length ? Math.abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length : Math.hypot(x - x0, y - y0)
}
