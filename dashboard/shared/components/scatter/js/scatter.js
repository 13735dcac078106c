// One map: takes the parts that Python sent when they belong together, and keeps what the person does with it.

const PARTS = [
  "scatter", "stage", "points", "over", "posts", "tip", "tip-picture", "tip-title", "tip-colour", "tip-swatch",
  "tip-lines", "move", "lasso", "box", "nearer", "farther", "all", "clear", "number", "selection", "classes",
  "signs", "show-all", "legend-title", "ramp", "bar", "low", "high", "words", "empty", "probe",
]
const TRAVEL_MS = 700

export default (component) => mount(component, createView, receive)

function createView(root, signal) {
  const el = { ...findByClass(root, PARTS), live: root.querySelector("[aria-live]") }
  const view = {
    signal, el, has: {}, steps: null, count: 0, hidden: new Set(), tips: new Map(), fingers: new Map(), mode: "move",
    drag: null, pinch: null, lasso: null, hovered: null, chosen: null, here: null, marks: null, cross: false, signed: true,
    camera: { x: 0.5, y: 0.5, zoom: 1 }, extent: [0, 0, 1, 1], room: { width: 0, height: 0 }, way: 1, next: 0,
    pace: FIRST_PART, pointedClass: NaN, selectedCount: 0, highlightedCount: 0, frame: null, overFrame: null,
  }
  view.gpu = createGpu(el.points)
  if (!view.gpu) return view
  listenToContext(view, signal)
  listenToPointer(view, signal)
  listenToKeys(view, signal)
  listenToLegend(view, signal)
  onTold(() => view.map, { part: () => take(view), answered: (tips) => receiveTips(view, tips) }, signal)
  const observer = new ResizeObserver(() => resize(view))
  observer.observe(el.stage)
  signal.addEventListener("abort", () => leave(view, observer))
  return view
}

function leave(view, observer) {
  observer.disconnect()
  forgetTips(view)
  for (const url of view.postUrls ?? []) URL.revokeObjectURL(url)
  view.gpu.gl.getExtension("WEBGL_lose_context")?.loseContext() // a browser allows only a few contexts
}

// The parts arrive by themselves; a run that changes the theme comes through here as well.
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

function take(view) {
  const parts = partsOf(view.map)
  const scene = parts.get("scene")
  if (!scene || Object.entries(scene.header.needs).some(([name, digest]) => parts.get(name)?.header.digest !== digest)) {
    return // the rest is on its way
  }
  const changed = (name) => view.has[name] !== parts.get(name).header.digest
  const news = Object.fromEntries(["points", "colours", "marks", "scene"].map((name) => [name, changed(name)]))
  for (const name of Object.keys(news)) view.has[name] = parts.get(name).header.digest
  const theme = readTheme(view)
  if (news.points) takePoints(view, parts.get("points"))
  if (news.colours || theme) takeColours(view, parts.get("colours"), news.colours)
  if (news.marks || news.points) takeMarks(view, parts.get("marks"))
  if (news.scene) takeScene(view, scene)
  colourPosts(view)
  showWords(view)
  redraw(view)
}

function takePoints(view, { header, blob }) {
  const first = view.steps === null
  const { count, origin, span, extent } = header
  const travels = !first && view.count === count && !calm(view)
  const bytes = blob("steps")
  view.steps = new Uint16Array(bytes.buffer)
  Object.assign(view, { count, origin, span, extent: extent.map((step) => step / 65535), grid: null })
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

function classesOf({ label, entries }) {
  return JSON.stringify([label, entries.map(([code, name]) => [code, name])])
}

// bit 0: selected, bit 1: highlighted
function takeMarks(view, { header: { counts }, blob }) {
  const names = Object.keys(counts)
  view.fading = names.length > 0
  view.marks = view.fading ? new Uint8Array(view.count) : null
  for (const name of names) {
    const [bits, bit] = [blob(name), name === "selected" ? 1 : 2]
    for (let i = 0; i < view.count; i++) if ((bits[i >> 3] >> (i & 7)) & 1) view.marks[i] |= bit
  }
  uploadBytes(view.gpu, "marked", view.marks)
  const before = view.selectedCount
  Object.assign(view, { selectedCount: counts.selected ?? 0, highlightedCount: counts.highlighted ?? 0 })
  if (view.selectedCount !== before) view.el.live.textContent = `${count(view.selectedCount, "point")} selected.`
}

function takeScene(view, { header, blob }) {
  const { name, description, here, chosen, posts } = header
  Object.assign(view, { name, description, here, chosen: chosen < view.count ? chosen : null })
  view.el.signs.hidden = !posts.length
  showPosts(view, posts, (picture) => (picture in header.blobs ? blob(picture) : null))
}

// Whether the page went from light to dark, or this is the first look.
function readTheme(view) {
  const colour = (name) => colourNumbers(view, `var(--st-${name})`)
  const [ink, paper] = [colour("text-color"), colour("background-color")]
  const known = view.has.theme === String([ink, paper])
  view.has.theme = String([ink, paper])
  const dark = paper[0] + paper[1] + paper[2] < 384
  Object.assign(view, { ink, paper, dark, accent: css(colour("primary-color")) })
  return !known
}

// Any CSS colour as three numbers: a canvas turns it into sRGB.
function colourNumbers({ el }, text) {
  el.probe.style.color = text
  const context = (colourNumbers.canvas ??= new OffscreenCanvas(1, 1)).getContext("2d", { willReadFrequently: true })
  context.fillStyle = getComputedStyle(el.probe).color
  context.fillRect(0, 0, 1, 1)
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
}

function resize(view) {
  const { clientWidth: width, clientHeight: height } = view.el.stage
  if (!width || !height) return // in a hidden tab
  view.room = { width, height }
  if (view.steps) redraw(view)
}

function listenToContext(view, signal) {
  const on = (type, act) => view.el.points.addEventListener(type, act, { signal })
  on("webglcontextlost", (event) => event.preventDefault())
  on("webglcontextrestored", () => {
    startGpu(view.gpu)
    Object.assign(view, { has: {}, way: 1, frame: null })
    take(view)
  })
}
