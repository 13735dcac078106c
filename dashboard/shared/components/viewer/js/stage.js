// The viewer's canvases: their size, and what is drawn on them.

const WIDE = 720 // CSS pixels from which the panel stands beside the picture
const PANEL = 256
const GAP = 24
const WINDOW_PART = 0.7 // of the window's height, at most, for the picture

function followSize(view, signal) {
  let width = 0
  const observer = new ResizeObserver(() => {
    if (view.el.viewer.clientWidth === width) return
    width = view.el.viewer.clientWidth
    requestAnimationFrame(() => relayout(view))
  })
  observer.observe(view.el.viewer)
  signal.addEventListener("abort", () => observer.disconnect())
  window.addEventListener("resize", () => relayout(view), { signal })
}

function relayout(view) {
  if (!view.picture) return
  layout(view)
  if (view.shows()) drawBar(view)
  schedule(view)
}

// Canvases get whole device pixels, and CSS the same length, so that the browser scales nothing.
function layout(view) {
  const { el, picture } = view
  const room = el.viewer.clientWidth
  if (!room) return // in a hidden tab
  const wide = room >= WIDE && !view.compact
  const ratio = devicePixelRatio
  const maxHeight = view.maxHeight ?? Math.max(240, WINDOW_PART * innerHeight)
  const size = fitSize(picture, wide ? room - PANEL - GAP : room, maxHeight, ratio)
  el.viewer.classList.toggle("wide", wide)
  el.viewer.style.setProperty("--stage-width", `${size.width / ratio}px`)
  el.stage.style.height = `${size.height / ratio}px`
  if (sameSize(size, el.scene)) return
  Object.assign(view, { base: null, area: null })
  Object.assign(el.scene, size)
  Object.assign(el.marks, size)
  drawMarks(view)
}

function schedule(view) {
  drawSoon(view, drawScene)
}

function drawScene(view) {
  view.beforeDraw?.()
  if (!view.bitmap) return
  const started = performance.now()
  const { scene } = view.el
  const context = scene.getContext("2d")
  view.base ??= paintBase(view)
  context.clearRect(0, 0, scene.width, scene.height)
  context.drawImage(view.base, 0, 0)
  const drawn = view.shows() && !view.hidden
  if (drawn) drawHeat(context, currentArea(view), view.heat, view.settings(), view.lut())
  Object.assign(scene.dataset, { heat: drawn ? "drawn" : "none", drawMs: (performance.now() - started).toFixed(1) })
}

function paintBase({ el, bitmap, picture }) {
  const base = newCanvas(el.scene)
  drawPicture(base.getContext("2d"), bitmap, picture, base)
  return base
}

// The sampled map is kept while only opacity, threshold or colour change.
function currentArea(view) {
  const { between } = view.settings()
  view.area ??= { between, ...sampleArea(view.picture, view.map, view.el.scene, between) }
  return view.area
}

// The frame of what the model saw, and the cell pointed at, here or in a linked viewer.
function drawMarks(view) {
  const { marks } = view.el
  const context = marks.getContext("2d")
  const line = Math.max(1, Math.round(devicePixelRatio))
  context.clearRect(0, 0, marks.width, marks.height)
  if (!coversPicture(view.picture)) outline(context, boxOn(view.picture, marks), line)
  const { pointed, map, spot } = view
  if (spot) drawSpot(view, context, spot, line)
  view.afterMarks?.(context, line)
  if (!pointed) return
  if (view.ghost) crosshair(context, middleOf(spotOn(view, pointed, 0)), line)
  const tiny = !map || pointed.row === null || (marks.width / map.cols < 6 * line)
  if (tiny && view.hovered) return // the pointer itself shows the place
  outline(context, tiny ? spotOn(view, pointed, 8 * line) : cellOn(view, pointed), line)
}

// The chosen unit: its cell in a thin frame, what it sees in a bold one.
function drawSpot(view, context, spot, line) {
  outline(context, boxOn({ ...view.picture, box: spot.box }, view.el.marks), 2 * line)
  if (view.map) outline(context, cellOn(view, spot), line)
}

function cellOn({ picture, map, el: { marks } }, { row, col }) {
  return boxOn({ ...picture, box: cellBox(picture, map, row, col) }, marks)
}

// Half a pixel on, so that a line of one pixel fills one.
function middleOf({ x, y }) {
  return { x: x + 0.5, y: y + 0.5 }
}

function spotOn({ picture, el: { marks } }, { x, y }, size) {
  const at = (place, length, side) => Math.round((place / length) * side - size / 2)
  return { x: at(x, picture.width, marks.width), y: at(y, picture.height, marks.height), width: size, height: size }
}
