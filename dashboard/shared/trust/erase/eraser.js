
// A picture with its map that is marked by hand: each stroke is told to the server, which answers with the region.

const INK = [214, 40, 40, 120] // of what is marked
const PENDING_INK = "rgb(214 40 40 / .47)"
const STEP = 0.02 // of the shorter side, which an arrow key moves the cross
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

export default (component) => mount(component, createEraser, receive)

function createEraser(root, signal) {
  const el = findByClass(root, ["eraser", "scene", "brush", "box", "size", "undo", "clear", "hint"])
  const view = { el, signal, pending: [], stroke: null, tool: "brush" }
  for (const tool of ["brush", "box"]) el[tool].addEventListener("click", () => chooseTool(view, tool), { signal })
  for (const act of ["undo", "clear"]) el[act].addEventListener("click", () => view.tell(act), { signal })
  listenToStrokes(view)
  listenToKeys(view)
  onSettings((name) => name === view.settings, () => drawSoon(view, draw), signal)
  const observer = new ResizeObserver(() => drawSoon(view, draw))
  observer.observe(el.eraser)
  signal.addEventListener("abort", () => observer.disconnect())
  return view
}

async function receive(view, { data, setTriggerValue }) {
  const { header, blob, floats } = decodePayload(data)
  const { picture, heat, settings, maxHeight, marked } = header
  if (header.turn !== view.turn) view.pending = []
  const map = { rows: heat.rows, cols: heat.cols, values: floats("map") }
  const region = regionCanvas(picture, blob("region"))
  const scales = decodeScales(header.scales, blob("scales"))
  const tell = (value) => setTriggerValue("mark", value)
  Object.assign(view, { picture, heat, map, region, scales, settings, maxHeight, turn: header.turn, tell, area: null })
  view.el.undo.disabled = view.el.clear.disabled = !marked
  view.el.hint.textContent = marked
    ? `${(100 * marked).toFixed(marked < 0.1 ? 1 : 0)} % of the picture is marked.`
    : "Draw on the picture to mark a part of it."
  try {
    const bitmap = await decodedPicture(picture.digest, () => blob("picture"))
    if (view.picture === picture) Object.assign(view, { bitmap })
    drawSoon(view, draw)
  } catch {
    view.el.hint.textContent = "The browser cannot decode this picture."
  }
}

function chooseTool(view, tool) {
  view.tool = tool
  for (const name of ["brush", "box"]) view.el[name].setAttribute("aria-pressed", String(name === tool))
}

function regionCanvas({ width, height }, bytes) {
  const canvas = newCanvas({ width, height })
  const image = new ImageData(width, height)
  bytes.forEach((on, i) => on && image.data.set(INK, 4 * i))
  canvas.getContext("2d").putImageData(image, 0, 0)
  return canvas
}

function listenToStrokes(view) {
  const { scene } = view.el
  const on = (type, act) => scene.addEventListener(type, act, { signal: view.signal })
  on("pointerdown", (event) => {
    if (event.button !== 0 || !view.picture) return
    scene.setPointerCapture(event.pointerId)
    start(view, placeOf(view, event))
  })
  on("pointermove", (event) => {
    if (!view.stroke) return
    const at = placeOf(view, event)
    if (view.stroke.kind === "box") view.stroke.points[1] = at
    else if (view.stroke.points.length < 1500) view.stroke.points.push(at)
    drawSoon(view, draw)
  })
  on("pointerup", () => finish(view))
  on("pointercancel", () => {
    view.stroke = null
    drawSoon(view, draw)
  })
}

function start(view, at) {
  const radius = (Number(view.el.size.value) / 200) * Math.min(view.picture.width, view.picture.height)
  view.stroke = view.tool === "box" ? { kind: "box", points: [at, at] } : { kind: "brush", points: [at], radius }
  drawSoon(view, draw)
}

// A brush marks where the cross is; a box lasts from one press to the next, and Escape leaves it.
function listenToKeys(view) {
  const { scene } = view.el
  const on = (type, act) => scene.addEventListener(type, act, { signal: view.signal })
  on("keydown", (event) => {
    const marks = event.key === "Enter" || event.key === " "
    if (!view.picture || !(marks || event.key === "Escape" || event.key in ARROWS)) return
    event.preventDefault()
    const { width, height } = view.picture
    view.cross ??= [width / 2, height / 2]
    if (event.key in ARROWS) moveCross(view, ARROWS[event.key], event.shiftKey ? 5 : 1)
    else if (!marks) view.stroke = null
    else if (view.stroke) finish(view)
    else {
      start(view, view.cross)
      if (view.tool === "brush") finish(view)
    }
    drawSoon(view, draw)
  })
  on("focus", () => drawSoon(view, draw))
  on("blur", () => drawSoon(view, draw))
}

function moveCross(view, [across, down], times) {
  const { width, height } = view.picture
  const step = times * STEP * Math.min(width, height)
  const [x, y] = view.cross
  view.cross = [clamp(x + across * step, 0, width), clamp(y + down * step, 0, height)]
  if (view.stroke?.kind === "box") view.stroke.points[1] = view.cross
}

// A box without an area is a click and marks nothing.
function finish(view) {
  const { stroke } = view
  view.stroke = null
  if (!stroke) return
  const [[left, top], [right, bottom] = [NaN, NaN]] = stroke.points
  if (stroke.kind === "box" && (Math.abs(right - left) < 1 || Math.abs(bottom - top) < 1)) return drawSoon(view, draw)
  view.pending.push(stroke)
  view.tell(stroke)
}

function placeOf({ el, picture }, event) {
  const frame = el.scene.getBoundingClientRect()
  const along = (offset, length, side) => Math.round(10 * clamp((offset / length) * side, 0, side)) / 10
  return [
    along(event.clientX - frame.left, frame.width, picture.width),
    along(event.clientY - frame.top, frame.height, picture.height),
  ]
}

function draw(view) {
  const { el, bitmap, picture } = view
  if (!bitmap || !el.eraser.clientWidth) return
  const size = fitSize(picture, el.eraser.clientWidth, view.maxHeight, devicePixelRatio)
  if (!sameSize(size, el.scene)) {
    Object.assign(el.scene, size)
    el.scene.style.width = `${size.width / devicePixelRatio}px`
    view.area = null
  }
  const context = el.scene.getContext("2d")
  drawPicture(context, bitmap, picture, size)
  drawMap(view, context, size)
  context.imageSmoothingEnabled = false
  context.drawImage(view.region, 0, 0, size.width, size.height)
  for (const stroke of [...view.pending, view.stroke]) if (stroke) drawStroke(context, stroke, size.width / picture.width)
  const cross = view.cross ?? [picture.width / 2, picture.height / 2]
  if (el.scene.matches(":focus-visible")) drawCross(context, cross, size.width / picture.width)
  el.scene.dataset.drawn = view.turn
}

function drawMap(view, context, size) {
  const settings = getSettings(view.settings)
  if (view.area?.between !== settings.between) {
    view.area = { between: settings.between, ...sampleArea(view.picture, view.map, size, settings.between) }
  }
  if (view.heat.vmax <= view.heat.vmin) return
  drawHeat(context, view.area, view.heat, settings, view.scales[chosenScale(settings, scaleKind(view.heat), view.scales)])
}

// Black around white, so that it is seen on every picture.
function drawCross(context, place, scale) {
  const [x, y] = place.map((side) => side * scale)
  const arm = 10 * devicePixelRatio
  for (const [ink, wide] of [["#000", 4], ["#fff", 2]]) {
    Object.assign(context, { strokeStyle: ink, lineWidth: wide * devicePixelRatio })
    context.beginPath()
    context.moveTo(x - arm, y)
    context.lineTo(x + arm, y)
    context.moveTo(x, y - arm)
    context.lineTo(x, y + arm)
    context.stroke()
  }
}

function drawStroke(context, { kind, points, radius }, scale) {
  const at = points.map(([x, y]) => [x * scale, y * scale])
  context.fillStyle = context.strokeStyle = PENDING_INK
  if (kind === "box") {
    const [[left, top], [right, bottom]] = at
    return context.fillRect(left, top, right - left, bottom - top)
  }
  Object.assign(context, { lineWidth: 2 * radius * scale, lineCap: "round", lineJoin: "round" })
  context.beginPath()
  context.moveTo(...at[0])
  for (const point of at.length > 1 ? at.slice(1) : at) context.lineTo(...point)
  context.stroke()
}
