// A picture with its map that is marked by hand: each stroke is told to the server, which answers with the region.

import { clamp } from "../../components/viewer/js/clamp.js"
import { contextOf, elementsByClass, listening, onResize, shareOf } from "../../components/viewer/js/elements.js"
import { ARROWS, isCommand } from "../../components/viewer/js/keyboard.js"
import { drawSoon, mount } from "../../components/viewer/js/mount.js"
import { decodePayload, decodeScales, takeImage } from "../../components/viewer/js/payload.js"
import { drawHeat, layImage, fitSize, newCanvas, sameSize, sampleArea } from "../../components/viewer/js/scene.js"
import { getSettings, lutOf, onSettings } from "../../components/viewer/js/settings.js"
import { drawCross, middleOf, moved } from "./cross.js"

const INK = [214, 40, 40, 120] // of what is marked
/** @type {Tool[]} */
const TOOLS = ["brush", "box"]
const PENDING_INK = "rgb(214 40 40 / .47)"

/**
 * @typedef {"brush" | "box"} Tool
 * @typedef {{ kind: Tool, points: Pair[], radius?: number }} Stroke in pixels of the image
 * @typedef {{ eraser: HTMLElement, scene: HTMLCanvasElement, brush: HTMLElement, box: HTMLElement,
 *   size: HTMLInputElement, undo: HTMLButtonElement, clear: HTMLButtonElement, hint: HTMLElement }} EraserElements
 * @typedef {Drawn & { el: EraserElements, tool: Tool, pending: Stroke[], stroke: Stroke | null, turn: number,
 *   tell: (what: Stroke | "undo" | "clear") => void, image: DisplayImage,
 *   bitmap?: ImageBitmap | null, heat: Heat, map: CellMap,
 *   region: HTMLCanvasElement, scales: Scales, settings: string, maxHeight: number,
 *   area: Sampled | null, cross?: Pair }} Eraser
 */

/** @param {Component} component */
export default (component) => mount(component, createEraser, receive)

/** @param {ShadowRoot} root @param {AbortSignal} signal */
function createEraser(root, signal) {
  /** @type {EraserElements} */
  const el = elementsByClass(root)
  const view = /** @type {Eraser} */ ({ el, signal, stroke: null, tool: "brush" })
  const on = listening(signal)
  for (const tool of TOOLS) on(el[tool], "click", () => chooseTool(view, tool))
  on(el.undo, "click", () => view.tell("undo"))
  on(el.clear, "click", () => view.tell("clear"))
  listenToStrokes(view)
  listenToKeys(view)
  onSettings((name) => name === view.settings, () => drawSoon(view, draw), signal)
  onResize(el.eraser, () => drawSoon(view, draw), signal)
  return view
}

/** @param {Eraser} view @param {Component} component */
function receive(view, { data, setTriggerValue }) {
  const payload = decodePayload(data)
  const { header, blob, floats } = payload
  const { image, heat, settings, maxHeight, marked } = header
  if (header.turn !== view.turn) view.pending = []
  const map = { rows: heat.rows, cols: heat.cols, values: floats("map") }
  const region = regionCanvas(image, blob("region"))
  const scales = decodeScales(header.scales, blob("scales"))
  const tell = (/** @type {unknown} */ value) => setTriggerValue("mark", value)
  Object.assign(view, { image, heat, map, region, scales, settings, maxHeight, turn: header.turn, tell, area: null })
  view.el.undo.disabled = view.el.clear.disabled = !marked
  view.el.hint.textContent = marked
    ? `${(100 * marked).toFixed(marked < 0.1 ? 1 : 0)} % of the picture is marked.`
    : "Draw on the picture to mark a part of it."
  takeImage(view, payload, () => drawSoon(view, draw), () => {
    view.el.hint.textContent = "The browser cannot decode this picture."
  })
}

/** @param {Eraser} view @param {Tool} tool */
function chooseTool(view, tool) {
  view.tool = tool
  for (const name of TOOLS) view.el[name].setAttribute("aria-pressed", String(name === tool))
}

/** @param {Size} size @param {Uint8Array} bytes */
function regionCanvas({ width, height }, bytes) {
  const canvas = newCanvas({ width, height })
  const image = new ImageData(width, height)
  bytes.forEach((on, i) => on && image.data.set(INK, 4 * i))
  contextOf(canvas).putImageData(image, 0, 0)
  return canvas
}

/** @param {Eraser} view */
function listenToStrokes(view) {
  const { scene } = view.el
  const on = listening(view.signal)
  on(scene, "pointerdown", (event) => {
    if (event.button !== 0 || !view.image) return
    scene.setPointerCapture(event.pointerId)
    start(view, placeOf(view, event))
  })
  on(scene, "pointermove", (event) => {
    if (!view.stroke) return
    const at = placeOf(view, event)
    if (view.stroke.kind === "box") view.stroke.points[1] = at
    else if (view.stroke.points.length < 1500) view.stroke.points.push(at)
    drawSoon(view, draw)
  })
  on(scene, "pointerup", () => finish(view))
  on(scene, "pointercancel", () => {
    view.stroke = null
    drawSoon(view, draw)
  })
}

// A press marks where the cross is, with a brush at once; a box lasts until the next press, and Escape leaves it.
/** @param {Eraser} view */
function listenToKeys(view) {
  const { scene } = view.el
  const on = listening(view.signal)
  on(scene, "keydown", (event) => {
    const marks = event.key === "Enter" || event.key === " "
    if (!view.image || isCommand(event) || !(marks || event.key === "Escape" || event.key in ARROWS)) return
    event.preventDefault()
    const cross = view.cross ?? middleOf(view.image)
    if (event.key in ARROWS) moveCross(view, moved(cross, view.image, event))
    if (event.key === "Escape") view.stroke = null
    if (marks && view.stroke) finish(view)
    else if (marks) {
      start(view, cross)
      if (view.tool === "brush") finish(view)
    }
    drawSoon(view, draw)
  })
  on(scene, "focus", () => drawSoon(view, draw))
  on(scene, "blur", () => drawSoon(view, draw))
}

/** A box that was begun grows with the cross. @param {Eraser} view @param {Pair} to */
function moveCross(view, to) {
  view.cross = to
  if (view.stroke?.kind === "box") view.stroke.points[1] = to
}

/** @param {Eraser} view @param {Pair} at */
function start(view, at) {
  const radius = (Number(view.el.size.value) / 200) * Math.min(view.image.width, view.image.height)
  view.stroke = view.tool === "box" ? { kind: "box", points: [at, at] } : { kind: "brush", points: [at], radius }
  drawSoon(view, draw)
}

/** A box without an area is a click and marks nothing. @param {Eraser} view */
function finish(view) {
  const { stroke } = view
  view.stroke = null
  if (!stroke) return
  const [[left, top], [right, bottom] = [NaN, NaN]] = stroke.points
  if (stroke.kind === "box" && (Math.abs(right - left) < 1 || Math.abs(bottom - top) < 1)) return drawSoon(view, draw)
  view.pending.push(stroke)
  view.tell(stroke)
}

/** @param {Eraser} view @param {PointerEvent} event @returns {Pair} */
function placeOf({ el, image }, event) {
  const { x, y } = shareOf(el.scene, event)
  /** @param {number} share @param {number} side */
  const along = (share, side) => Math.round(10 * clamp(share * side, 0, side)) / 10
  return [along(x, image.width), along(y, image.height)]
}

/** @param {Eraser} view */
function draw(view) {
  const { el, bitmap, image } = view
  if (!bitmap || !el.eraser.clientWidth) return
  const size = fitSize(image, el.eraser.clientWidth, view.maxHeight, devicePixelRatio)
  if (!sameSize(size, el.scene)) {
    Object.assign(el.scene, size)
    el.scene.style.width = `${size.width / devicePixelRatio}px`
    view.area = null
  }
  const context = contextOf(el.scene)
  layImage(context, bitmap, image, size)
  drawMap(view, context, size)
  context.imageSmoothingEnabled = false
  context.drawImage(view.region, 0, 0, size.width, size.height)
  const strokes = view.stroke ? [...view.pending, view.stroke] : view.pending
  const scale = size.width / image.width
  for (const stroke of strokes) drawStroke(context, stroke, scale)
  if (el.scene.matches(":focus-visible")) drawCross(context, view.cross ?? middleOf(image), scale)
  el.scene.dataset.drawn = String(view.turn)
}

/** @param {Eraser} view @param {Context2D} context @param {Size} size */
function drawMap(view, context, size) {
  const settings = getSettings(view.settings)
  if (view.area?.between !== settings.between) {
    view.area = { between: settings.between, ...sampleArea(view.image, view.map, size, settings.between) }
  }
  if (view.heat.vmax <= view.heat.vmin) return
  drawHeat(context, view.area, { range: view.heat, settings, lut: lutOf(settings, view.heat, view.scales) })
}

/** @param {Context2D} context @param {Stroke} stroke @param {number} scale */
function drawStroke(context, { kind, points, radius = 0 }, scale) {
  const at = points.map(([x, y]) => /** @type {Pair} */ ([x * scale, y * scale]))
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
