// Drawing: as many points as fit in a frame at once, a fair sample, then the others frame by frame. A machine without a
// graphics card stays quick under the pointer, and shows all points a moment later.

const FIRST_PART = 150_000
const LEAST_PART = 40_000
const SLOW_MS = 80
const QUICK_MS = 25

function redraw(view) {
  view.next = 0
  view.el.stage.dataset.drawn = ""
  awake(view)
}

function awake(view) {
  view.frame ??= requestAnimationFrame(() => {
    view.frame = null
    if (!view.signal.aborted && view.gpu && view.steps && view.room.width) frame(view)
  })
}

function frame(view) {
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

function paceBy(view, milliseconds) {
  if (milliseconds > SLOW_MS) view.pace = Math.max(LEAST_PART, view.pace / 2)
  if (milliseconds < QUICK_MS) view.pace *= 2
}

function beginDrawing(view) {
  const { gl } = view.gpu
  const { canvas } = gl
  const ratio = pixelRatio()
  const [width, height] = [view.room.width, view.room.height].map((side) => Math.round(side * ratio))
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
  gl.viewport(0, 0, width, height)
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
  drawOver(view)
}

// More than two device pixels a CSS pixel cannot be seen in a cloud, and cost four times as much.
function pixelRatio() {
  return Math.min(2, devicePixelRatio || 1)
}

// CSS pixels: points share the room, and grow more slowly than the distances between them.
function pointSize({ room, gpu, camera }) {
  const share = Math.sqrt((room.width * room.height) / Math.max(gpu.count, 1))
  return Math.min(14, Math.max(1.5, Math.min(9, 0.5 * share)) * camera.zoom ** 0.3)
}

function opacityOf(view) {
  const crowd = Math.log10(Math.max(view.gpu.count, 1) / Math.max(1, view.camera.zoom))
  return Math.min(0.92, Math.max(0.4, 1.5 - 0.17 * crowd))
}
