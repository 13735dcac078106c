// One map: takes the parts that Python sent when they belong together, and keeps what the person does with it.

import { elementsByClass, find, onResize } from "../../viewer/js/elements.js"
import { mount } from "../../viewer/js/mount.js"
import { wholeMap } from "./camera.js"
import { css } from "./colour.js"
import { drawPoints, FIRST_PART } from "./draw.js"
import { createGpu, startGpu, uploadBytes, uploadPoints } from "./gpu.js"
import { listenToKeys, setMode } from "./keys.js"
import { listenToLegend, paint, showLegend } from "./legend.js"
import { counted, showWords } from "./map_text.js"
import { drawOver } from "./marks.js"
import { animate, calm, glideTo, redraw } from "./motion.js"
import { listenToPointer } from "./pointer.js"
import { colourPosts, showPosts } from "./posts.js"
import { onTold, partsOf } from "./store.js"
import { forgetTips, hover, receiveTips } from "./tip.js"

const TRAVEL_MS = 700

/** @param {Component<any>} component */
export default (component) => mount(component, createView, receive)

/** @param {ShadowRoot} root @param {AbortSignal} signal */
function createView(root, signal) {
  /** @type {ScatterElements} */
  const el = { ...elementsByClass(root), live: find(root, "[aria-live]") }
  const view = /** @type {Scatter} */ (/** @type {unknown} */ ({
    signal, el, has: {}, steps: null, count: 0, hidden: new Set(), tips: new Map(), fingers: new Map(), mode: "move",
    drag: null, pinch: null, lasso: null, hovered: null, chosen: null, current: null, marks: null, cross: false,
    camera: { x: 0.5, y: 0.5, zoom: 1 }, extent: [0, 0, 1, 1], room: { width: 0, height: 0 }, way: 1, next: 0,
    pace: FIRST_PART, pointedClass: NaN, selectedCount: 0, highlightedCount: 0, frame: null, overFrame: null,
    signed: true, gpu: createGpu(el.points), drawPoints, drawOver,
  }))
  if (!view.gpu) return view
  listenToContext(view, signal)
  listenToPointer(view, signal)
  listenToKeys(view, signal)
  listenToLegend(view, signal)
  onTold(() => view.map, { part: () => take(view), answered: (tips) => receiveTips(view, tips) }, signal)
  onResize(el.stage, () => resize(view), signal)
  signal.addEventListener("abort", () => leave(view))
  return view
}

/** @param {Scatter} view */
function leave(view) {
  forgetTips(view)
  for (const url of view.postUrls ?? []) URL.revokeObjectURL(url)
  view.gpu.gl.getExtension("WEBGL_lose_context")?.loseContext() // a browser allows only a few contexts
}

// The parts arrive by themselves; a run that changes the theme comes through here as well.
/** @param {Scatter} view @param {Component<any>} component */
function receive(view, { data, setTriggerValue }) {
  const { map, height, can } = data
  Object.assign(view, { map, can, setTriggerValue })
  if (!view.gpu) return setTriggerValue("missing", true)
  view.el.scatter.style.setProperty("--height", `${height}px`)
  for (const tool of [view.el.lasso, view.el.box]) tool.hidden = !can.select
  setMode(view, can.select ? view.mode : "move")
  view.has.theme = null
  take(view)
}

/** @param {Scatter} view */
function take(view) {
  const parts = partsOf(view.map)
  const scene = parts.get("scene")
  if (!scene) return // the rest is on its way
  if (Object.entries(scene.header.needs).some(([name, digest]) => parts.get(name)?.header.digest !== digest)) return
  /** @param {string} name @returns {Payload} */
  const part = (name) => /** @type {Payload} */ (parts.get(name))
  const changed = (/** @type {string} */ name) => view.has[name] !== part(name).header.digest
  const news = Object.fromEntries(["points", "colours", "marks", "scene"].map((name) => [name, changed(name)]))
  for (const name of Object.keys(news)) view.has[name] = part(name).header.digest
  const theme = readTheme(view)
  if (news.points) takePoints(view, part("points"))
  if (news.colours || theme) takeColours(view, part("colours"), news.colours)
  if (news.marks || news.points) takeMarks(view, part("marks"))
  if (news.scene) takeScene(view, scene)
  colourPosts(view)
  showWords(view)
  redraw(view)
}

/** @param {Scatter} view @param {Payload} payload */
function takePoints(view, { header, blob }) {
  const first = view.steps === null
  const { count, origin, span, extent } = header
  const travels = !first && view.count === count && !calm(view)
  const bytes = blob("steps")
  view.steps = new Uint16Array(bytes.buffer)
  const box = extent.map((/** @type {number} */ step) => step / 65535)
  Object.assign(view, { count, origin, span, extent: box, grid: null })
  hover(view, null)
  uploadPoints(view.gpu, bytes, count, travels)
  view.el.empty.hidden = count > 0
  if (first || !travels) Object.assign(view.camera, wholeMap(view))
  if (!travels) return
  glideTo(view, wholeMap(view))
  animate(view, "travel", TRAVEL_MS, (part) => {
    view.way = part
    redraw(view)
  })
}

/** @param {Scatter} view @param {Payload} payload @param {boolean} isNew */
function takeColours(view, { header, blob }, isNew) {
  view.table = blob(view.dark ? "dark" : "light")
  if (isNew) {
    view.codes = blob("codes")
    if (!view.legend || classesOf(header) !== classesOf(view.legend)) view.hidden = new Set()
    uploadBytes(view.gpu, "code", view.codes)
  }
  view.legend = header
  showLegend(view)
  paint(view)
}

/** @param {ScatterLegend} view */
function classesOf({ label, entries }) {
  return JSON.stringify([label, entries.map(([code, name]) => [code, name])])
}

/** bit 0: selected, bit 1: highlighted @param {Scatter} view @param {Payload} payload */
function takeMarks(view, { header: { counts }, blob }) {
  const names = Object.keys(counts)
  view.fading = names.length > 0
  const marks = new Uint8Array(names.length && view.count)
  for (const name of names) {
    const [bits, bit] = [blob(name), name === "selected" ? 1 : 2]
    for (let i = 0; i < view.count; i++) if ((bits[i >> 3] >> (i & 7)) & 1) marks[i] |= bit
  }
  view.marks = view.fading ? marks : null
  uploadBytes(view.gpu, "marked", view.marks)
  const before = view.selectedCount
  Object.assign(view, { selectedCount: counts.selected ?? 0, highlightedCount: counts.highlighted ?? 0 })
  if (view.selectedCount !== before) view.el.live.textContent = `${counted(view.selectedCount, "point")} selected.`
}

/** @param {Scatter} view @param {Payload} payload */
function takeScene(view, { header, blob }) {
  const { name, description, current, chosen, posts } = header
  Object.assign(view, { name, description, current, chosen: chosen < view.count ? chosen : null })
  view.el.signs.hidden = !posts.length
  showPosts(view, posts, (image) => (image in header.blobs ? blob(image) : null))
}

/** Whether the page went from light to dark, or this is the first look. @param {Scatter} view */
function readTheme(view) {
  const colour = (/** @type {string} */ name) => colourNumbers(view, `var(--st-${name})`)
  const [ink, paper] = [colour("text-color"), colour("background-color")]
  const known = view.has.theme === String([ink, paper])
  view.has.theme = String([ink, paper])
  const dark = paper[0] + paper[1] + paper[2] < 384
  Object.assign(view, { ink, paper, dark, accent: css(colour("primary-color")) })
  return !known
}

/** Any CSS colour as three numbers: a canvas turns it into sRGB. @param {Scatter} view @param {string} text */
function colourNumbers({ el }, text) {
  el.probe.style.color = text
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
  if (!context) return [0, 0, 0]
  context.fillStyle = getComputedStyle(el.probe).color
  context.fillRect(0, 0, 1, 1)
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
}

/** @param {Scatter} view */
function resize(view) {
  const { clientWidth: width, clientHeight: height } = view.el.stage
  if (!width || !height) return // in a hidden tab
  view.room = { width, height }
  if (view.steps) redraw(view)
}

/** @param {Scatter} view @param {AbortSignal} signal */
function listenToContext(view, signal) {
  const { points } = view.el
  points.addEventListener("webglcontextlost", (event) => event.preventDefault(), { signal })
  points.addEventListener("webglcontextrestored", () => {
    startGpu(view.gpu)
    Object.assign(view, { has: {}, way: 1, frame: null })
    take(view)
  }, { signal })
}
