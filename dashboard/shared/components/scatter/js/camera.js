// Where the person looks: the point of the unit square at the middle of the stage, and how much nearer than "all points".

const NEAREST_ZOOM = 200
const GLIDE_MS = 220

// view.room: {width, height} in CSS pixels.
function fitScale({ room, extent: [left, bottom, right, top] }) {
  const pad = Math.min(64, 0.1 * Math.min(room.width, room.height)) // the tools lie over the edges
  const along = (length, span) => (length - 2 * pad) / Math.max(span, 1e-3)
  return Math.min(along(room.width, right - left), along(room.height, top - bottom))
}

function wholeMap({ extent: [left, bottom, right, top] }) {
  return { x: (left + right) / 2, y: (bottom + top) / 2, zoom: 1 }
}

// CSS pixels a unit.
function scaleOf(view) {
  return fitScale(view) * view.camera.zoom
}

function toScreen(view, x, y) {
  const scale = scaleOf(view)
  return [(x - view.camera.x) * scale + view.room.width / 2, view.room.height / 2 - (y - view.camera.y) * scale]
}

function toUnit(view, left, top) {
  const scale = scaleOf(view)
  return [(left - view.room.width / 2) / scale + view.camera.x, (view.room.height / 2 - top) / scale + view.camera.y]
}

function pointOnScreen(view, index) {
  return toScreen(view, view.steps[2 * index] / 65535, view.steps[2 * index + 1] / 65535)
}

// From the coordinates that Python uses, and to them.
function unitOf({ origin, span }, x, y) {
  return [(x - origin[0]) / span, (y - origin[1]) / span]
}

function dataOf({ origin, span }, x, y) {
  return [x * span + origin[0], y * span + origin[1]]
}

function panBy(view, right, down) {
  const scale = scaleOf(view)
  moveCamera(view, { x: view.camera.x - right / scale, y: view.camera.y + down / scale })
}

// Keeps the place under (left, top) where it is.
function zoomAt(view, factor, left = view.room.width / 2, top = view.room.height / 2) {
  const [x, y] = toUnit(view, left, top)
  const zoom = clampZoom(view.camera.zoom * factor)
  const kept = view.camera.zoom / zoom
  return { zoom, x: x + (view.camera.x - x) * kept, y: y + (view.camera.y - y) * kept }
}

function clampZoom(zoom) {
  return Math.min(NEAREST_ZOOM, Math.max(0.5, zoom))
}

function moveCamera(view, change) {
  const [left, bottom, right, top] = view.extent
  const hold = (value, low, high) => Math.min(high, Math.max(low, value))
  Object.assign(view.camera, change)
  view.camera.x = hold(view.camera.x, left, right)
  view.camera.y = hold(view.camera.y, bottom, top)
  redraw(view)
}

// Runs `step` with a part from 0 to 1, at once to the end where the person or the machine wants no motion.
function animate(view, name, milliseconds, step) {
  view.motions ??= {}
  view.motions[name]?.()
  if (calm(view)) return step(1)
  const start = performance.now()
  let stopped = false
  const next = (now) => {
    if (stopped || view.signal.aborted) return
    const part = Math.min(1, Math.max(0, (now - start) / milliseconds))
    step(part * (2 - part))
    if (part < 1) requestAnimationFrame(next)
  }
  view.motions[name] = () => { stopped = true }
  requestAnimationFrame(next)
}

// Above this many points a frame takes too long without a graphics card.
function calm(view) {
  return matchMedia("(prefers-reduced-motion: reduce)").matches || view.count > 30_000
}

function glideTo(view, target) {
  const start = { ...view.camera }
  const between = (name, part) => start[name] + (target[name] - start[name]) * part
  animate(view, "camera", GLIDE_MS, (part) => {
    const zoom = start.zoom * (target.zoom / start.zoom) ** part
    moveCamera(view, { zoom, x: between("x", part), y: between("y", part) })
  })
}
