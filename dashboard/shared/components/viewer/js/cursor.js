// Pointing at the picture: by mouse, finger or keys. A point is {x, y} in pixels of the original picture, and
// {row, col} of the map's cell, null where the model saw nothing or no map is shown.

const HOLD_MS = 250
const WALK_MS = 150 // rest of the arrow keys after which the unit is moved
const TAP_SLACK = 6 // CSS pixels that a finger may slip during a tap
const KEY_GRID = 16 // cells a side for the arrow keys where no map is shown

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }

function pointAt(picture, map, x, y) {
  const [left, top, right, bottom] = picture.box
  const inside = x >= left && x < right && y >= top && y < bottom
  const cell = (part, n) => clamp(Math.floor(part * n), 0, n - 1)
  if (!map || !inside) return { x, y, row: null, col: null }
  return { x, y, row: cell((y - top) / (bottom - top), map.rows), col: cell((x - left) / (right - left), map.cols) }
}

// The middle of a cell, kept on the picture.
function pointOfCell(picture, grid, row, col) {
  const [left, top, right, bottom] = picture.box
  return {
    x: clamp(left + ((col + 0.5) / grid.cols) * (right - left), 0, picture.width - 0.01),
    y: clamp(top + ((row + 0.5) / grid.rows) * (bottom - top), 0, picture.height - 0.01),
  }
}

function cellBox(picture, grid, row, col) {
  const [left, top, right, bottom] = picture.box
  const x = (c) => left + (c / grid.cols) * (right - left)
  const y = (r) => top + (r / grid.rows) * (bottom - top)
  return [x(col), y(row), x(col + 1), y(row + 1)]
}

function strongestCell(map) {
  const at = map.values.reduce((best, value, i) => (value > map.values[best] ? i : best), 0)
  return { row: Math.floor(at / map.cols), col: at % map.cols }
}

function pointOfEvent(view, event) {
  const frame = view.el.scene.getBoundingClientRect()
  const { picture, map } = view
  const along = (offset, length, size) => clamp((offset / length) * size, 0, size - 0.01)
  const x = along(event.clientX - frame.left, frame.width, picture.width)
  const y = along(event.clientY - frame.top, frame.height, picture.height)
  return pointAt(picture, map, x, y)
}

function listenToPointer(view, signal) {
  const { scene } = view.el
  const on = (type, act) => scene.addEventListener(type, act, { signal })
  let press = null
  const release = () => {
    clearTimeout(press?.timer)
    if (press?.dragged) view.dragEnd()
    press = null
  }
  on("pointerenter", () => { view.hovered = true })
  on("pointermove", (event) => {
    pointTo(view, pointOfEvent(view, event))
    if (press && view.drag && event.pointerType !== "touch") dragOn(view, press, event)
  })
  on("pointerleave", (event) => {
    view.hovered = false
    if (event.pointerType !== "touch") pointTo(view, null) // what a finger has chosen stays
  })
  on("pointerdown", (event) => {
    if (event.button !== 0) return
    pointTo(view, pointOfEvent(view, event)) // a finger need not have moved before
    press = { ...placeOf(event), timer: setTimeout(() => view.hide(true), HOLD_MS) }
  })
  on("pointerup", (event) => {
    const tapped = press && !press.dragged && !view.hidden && slipped(press, event) < TAP_SLACK
    release()
    if (tapped) view.pick(pointOfEvent(view, event))
  })
  on("pointercancel", release)
  on("contextmenu", (event) => event.pointerType === "touch" && event.preventDefault())
}

function placeOf({ clientX, clientY }) {
  return { x: clientX, y: clientY }
}

function slipped(press, event) {
  return Math.hypot(event.clientX - press.x, event.clientY - press.y)
}

// Dragging beyond a slip ends the tap or hold that it began as; the pointer may then leave the picture.
function dragOn(view, press, event) {
  if (!press.dragged) {
    if (slipped(press, event) < TAP_SLACK) return
    clearTimeout(press.timer)
    view.el.scene.setPointerCapture(event.pointerId)
    press.dragged = true
  }
  const now = placeOf(event)
  view.drag({ x: now.x - press.x, y: now.y - press.y })
  Object.assign(press, now)
}

function listenToKeys(view, signal) {
  const { scene } = view.el
  scene.addEventListener("keydown", (event) => {
    const act = keyAction(view, event)
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    act()
  }, { signal })
  scene.addEventListener("focus", () => scene.matches(":focus-visible") && moveCursor(view, 0, 0), { signal })
  scene.addEventListener("blur", () => pointTo(view, null), { signal })
}

function keyAction(view, event) {
  const { opacity, threshold } = view.settings()
  const step = (value, by) => clamp(Math.round(100 * (value + by)) / 100, 0, 1)
  const setOpacity = (by) => () => view.change({ opacity: step(opacity, by) })
  const setThreshold = (by) => () => view.change({ threshold: step(threshold, by) })
  if (event.shiftKey && view.spot && MOVES[event.key]) return null // other keys of the page: dashboard/shared/components/unit_pad
  if (MOVES[event.key]) return () => walk(view, ...MOVES[event.key])
  return {
    Enter: () => pickCursor(view),
    " ": () => pickCursor(view),
    Home: () => { view.cursor = null; moveCursor(view, 0, 0) },
    "+": setOpacity(0.05), "=": setOpacity(0.05), "-": setOpacity(-0.05),
    "]": setThreshold(0.05), "[": setThreshold(-0.05),
  }[event.key]
}

// A chosen unit goes along with the keys; the server is told once they rest.
function walk(view, down, right) {
  moveCursor(view, down, right)
  if (!view.spot) return
  clearTimeout(view.walking)
  view.walking = setTimeout(() => pickCursor(view), WALK_MS)
}

// The cursor starts at the strongest cell, and keeps its cell while the maps of one grid follow each other.
function moveCursor(view, down, right) {
  const grid = view.map ?? { rows: KEY_GRID, cols: KEY_GRID }
  const start = view.map ? strongestCell(view.map) : { row: KEY_GRID / 2, col: KEY_GRID / 2 }
  const { row, col } = view.cursor ?? start
  view.cursor = { row: clamp(row + down, 0, grid.rows - 1), col: clamp(col + right, 0, grid.cols - 1) }
  pointTo(view, cursorPoint(view), true)
}

function cursorPoint(view) {
  const grid = view.map ?? { rows: KEY_GRID, cols: KEY_GRID }
  const { row, col } = view.cursor
  const cell = view.map ? { row, col } : { row: null, col: null }
  return { ...pointOfCell(view.picture, grid, row, col), ...cell }
}

function pickCursor(view) {
  if (!view.cursor) moveCursor(view, 0, 0)
  view.pick(cursorPoint(view))
}
