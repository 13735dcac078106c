// A view of one slice of many: the wheel and the keys scroll, dragging changes the window, all of it in the browser.
// The server is told where the reader rests, and brings the map of that slice.

const REST_MS = 250
const SCAN_PARTS = ["slices", "number", "shown-window", "waiting", "edge-left", "edge-right", "edge-top", "edge-bottom"]

export default (component) => mount(component, createScan, receiveScan)

function createScan(root, signal) {
  const view = createView(root, signal)
  Object.assign(view.el, findByClass(root, SCAN_PARTS))
  Object.assign(view, { index: null, told: new Set(), canvas: document.createElement("canvas") })
  const shows = view.shows
  view.shows = () => shows() && view.map !== null
  view.beforeDraw = () => paintStale(view)
  view.afterMarks = (context, line) => view.cross && !view.hidden && cutLines(context, view.cross, line)
  view.pick = ({ x, y }) => announce(view, { picked: [x / view.picture.width, y / view.picture.height] })
  onLinked(view, { go: (index) => follow(view, index), cross: (cross) => placeCross(view, cross) }, signal)
  view.drag = (move) => dragWindow(view, move)
  view.dragEnd = () => tellWindow(view)
  view.el.slices.addEventListener("input", () => goTo(view, view.el.slices.value - 1), { signal })
  view.el.stage.addEventListener("wheel", (event) => roll(view, event), { signal, passive: false })
  // In the capture phase: the picture's own keys move a cell, and here the plain arrows move the slice.
  document.addEventListener("keydown", (event) => scanKey(view, event), { signal, capture: true })
  signal.addEventListener("abort", () => endStack(view.stack))
  return view
}

function receiveScan(view, { data, setTriggerValue }) {
  const payload = decodePayload(data)
  const { scan } = payload.header
  const { at, window } = view.scan ?? {} // what the server said last
  take(view, payload, setTriggerValue)
  const { heat, cross } = payload.header
  Object.assign(view, { scan, kept: mapsBySlice(scan.maps, heat && payload.floats("maps"), heat) })
  if (view.stack?.url !== scan.url) newStack(view, scan, cross)
  else if (scan.at !== at && !view.told.has(scan.at)) view.index = scan.at
  if (scan.at === view.index) view.told.clear()
  if (!sameWindow(scan.window, window) && !sameWindow(scan.window, view.toldWindow)) newWindow(view, scan.window)
  showScanTexts(view)
  showSlice(view)
}

function newStack(view, scan, cross) {
  endStack(view.stack)
  view.stack = createStack(scan, (index) => index === view.index && showSlice(view))
  view.told.clear()
  Object.assign(view, { index: scan.at, bitmap: null, preset: null, cross })
  newWindow(view, scan.window)
}

function showScanTexts(view) {
  const { el, scan } = view
  el.slices.max = scan.count
  el.slices.parentElement.hidden = scan.count < 2
  view.hint = scanHint(view)
  for (const [edge, letter] of Object.entries(scan.letters)) el[`edge-${edge}`].textContent = letter
}

// What the mouse does here.
function scanHint({ scan, cross, heat }) {
  const acts = { "Wheel: slices": scan.count > 1, "drag: window": scan.window, "click: place": cross, "hold H: no map": heat }
  return Object.keys(acts).filter((act) => acts[act]).join(" \u00b7 ")
}

// The slice of `view.index` with its map, or what is known of it so far.
function showSlice(view) {
  const { stack, index, el, scan, picture } = view
  const slice = sliceAt(stack, index)
  const [width, height] = scan.sizes[scan.sizes.length > 1 ? index : 0]
  const heat = view.kept.get(index)
  const box = heat?.box ?? [0, 0, width, height]
  view.picture = { ...picture, width, height, box }
  Object.assign(view, { heat: heat?.heat ?? view.heat, map: heat?.map ?? null, area: null, base: null })
  el.slices.value = index + 1
  el.slices.style.setProperty("--part", `${(100 * index) / Math.max(1, scan.count - 1)}%`)
  el.number.textContent = scan.count > 1 ? `${index + 1} / ${scan.count}` : ""
  el.caption.textContent = index === scan.at ? view.caption : ""
  el.waiting.textContent = stack.failed ? "The slices cannot be fetched: reload the page." : slice ? "" : "\u2026"
  view.stale = true
  layout(view)
  settingsChanged(view)
  readAgain(view)
  nearTo(stack, index)
}

// The slice's grey is made at most once a frame; the one before stays until the new one has come.
function paintStale(view) {
  const slice = view.stale && sliceAt(view.stack, view.index)
  if (!slice) return
  const { window, scan } = view
  if (slice.grey) view.greys ??= windowTable(window, scan.levels)
  Object.assign(view, { bitmap: paintSlice(view.canvas, slice, view.greys), base: null, stale: false })
  view.el["shown-window"].textContent = slice.grey ? windowInWords(window) : ""
  view.el.scene.dataset.slice = view.index + 1
}

function windowInWords({ center, width }) {
  return `L ${formatNumber(center)}  W ${formatNumber(width)}`
}

function goTo(view, index) {
  const next = clamp(index, 0, view.scan.count - 1)
  if (next === view.index) return
  view.index = next
  announce(view, { slice: next })
  showSlice(view)
  clearTimeout(view.resting)
  view.resting = setTimeout(() => {
    view.told.add(next)
    view.setTriggerValue("slice", next)
  }, REST_MS)
}

// Another component has moved the place, and tells the server of it.
function follow(view, index) {
  clearTimeout(view.resting)
  if (index === view.index) return
  view.index = index
  view.told.add(index)
  showSlice(view)
}

function placeCross(view, cross) {
  view.cross = cross
  drawMarks(view)
}

function roll(view, event) {
  if (event.ctrlKey || event.metaKey || !view.scan || view.scan.count < 2) return
  event.preventDefault()
  goTo(view, view.index + wheelSteps(view, event))
}

function scanKey(view, event) {
  if (!view.scan || !view.isActive() || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return
  const last = view.scan.count - 1
  const by = last && { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -last, End: last }[event.key]
  const preset = Number(event.key) - 1
  if (event.shiftKey || (!by && !view.scan.presets[preset])) return
  event.preventDefault()
  event.stopPropagation()
  if (by) goTo(view, view.index + by)
  else choosePreset(view, preset)
}

function choosePreset(view, number) {
  view.preset = number
  newWindow(view, view.scan.presets[number].window)
  tellWindow(view)
}

function dragWindow(view, move) {
  if (view.window) newWindow(view, draggedWindow(view.window, move, view.scan.presets[0].window))
}

function newWindow(view, window) {
  Object.assign(view, { window, greys: null, stale: true })
  announce(view, { window })
  schedule(view)
}

function tellWindow(view) {
  if (!view.window || sameWindow(view.window, view.scan.window)) return
  view.toldWindow = view.window
  const { center, width } = view.window
  view.setTriggerValue("window", { center, width, preset: view.preset })
}
