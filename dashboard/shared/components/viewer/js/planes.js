// The other planes through the place that is looked at, small, beside a `scan` viewer of the same link. A place is
// the number of a slice in each plane. What moves it here moves the large view, and the other way round, at once; the
// server is told where the reader rests.

const PLANE_REST_MS = 250
const PLANE_AHEAD = 3 // slices that are fetched on either side of the place
// Steps of the planes along a picture's columns and rows: both are numbered against the reading direction.
const PLACE_MOVES = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [1, 0], ArrowRight: [-1, 0] }

export default (component) => mount(component, createPlanes, receivePlanes)

function createPlanes(root, signal) {
  const figures = [...root.querySelectorAll(".plane")]
  const planes = { signal, hidden: false, told: new Set(), views: figures.map(newView) }
  for (const view of planes.views) listenToPlane(planes, view, signal)
  onSettings((name) => name === planes.name, () => drawSoon(planes, drawPlanes), signal)
  onLinked(planes, {
    hidden: (hidden) => redrawn(planes, { hidden }),
    window: (window) => redrawn(planes, { window, greys: null }),
    slice: (index) => moveBy(planes, { [planes.large.plane]: index }),
    picked: (at) => { put(planes, numbersAt(planes, planes.large, at)); tell(planes, 0) },
  }, signal)
  const observer = new ResizeObserver(() => drawSoon(planes, drawPlanes))
  observer.observe(root.querySelector(".planes"))
  signal.addEventListener("abort", () => {
    observer.disconnect()
    for (const { stack } of planes.views) endStack(stack)
  })
  return planes
}

function newView(figure) {
  const el = findByClass(figure, ["scene", "large", "number", "edge-left", "edge-right", "edge-top", "edge-bottom"])
  return { el, bitmap: null, canvas: document.createElement("canvas") }
}

function receivePlanes(planes, { data, setTriggerValue }) {
  const { header, blob, floats } = decodePayload(data)
  const { large, views, numbers, counts, window, heat, settings: name, link } = header
  const said = JSON.stringify(numbers)
  if (!planes.numbers || (said !== planes.said && !planes.told.has(said))) planes.numbers = numbers
  if (said === JSON.stringify(planes.numbers)) planes.told.clear()
  if (!sameWindow(window, planes.saidWindow)) Object.assign(planes, { window, greys: null })
  const scales = heat && decodeScales(header.scales, blob("scales"))
  Object.assign(planes, { setTriggerValue, large, counts, name, link, said, saidWindow: window, scales })
  planes.views.forEach((view, i) => takePlane(planes, view, views[i], heat && floats(`maps${i}`), heat))
  moveBy(planes, {})
  announce(planes, { cross: crossing(planes, planes.large) })
}

function takePlane(planes, view, { plane, along, scan }, values, heat) {
  Object.assign(view, { plane, along, scan, kept: mapsBySlice(scan.maps, values, heat) })
  for (const [edge, letter] of Object.entries(scan.letters)) view.el[`edge-${edge}`].textContent = letter
  view.el.large.textContent = capital(plane)
  view.el.large.title = `Show the ${plane} plane large`
  if (view.stack?.url === scan.url) return
  endStack(view.stack)
  planes.greys = view.bitmap = null
  view.stack = createStack(scan, () => drawSoon(planes, drawPlanes), PLANE_AHEAD, PLANE_AHEAD)
}

function capital(word) {
  return word[0].toUpperCase() + word.slice(1)
}

function redrawn(planes, change) {
  Object.assign(planes, change)
  drawSoon(planes, drawPlanes)
}

// The place has moved: {plane: number}.
function moveBy(planes, numbers) {
  Object.assign(planes.numbers, numbers)
  planes.told.add(JSON.stringify(planes.numbers))
  for (const view of planes.views) nearTo(view.stack, planes.numbers[view.plane])
  drawSoon(planes, drawPlanes)
}

// The place was moved here: the large view goes along.
function put(planes, numbers) {
  for (const [plane, number] of Object.entries(numbers)) numbers[plane] = clamp(number, 0, planes.counts[plane] - 1)
  moveBy(planes, numbers)
  announce(planes, { go: planes.numbers[planes.large.plane], cross: crossing(planes, planes.large) })
}

function tell(planes, rest) {
  clearTimeout(planes.resting)
  planes.resting = setTimeout(() => planes.setTriggerValue("place", { ...planes.numbers }), rest)
}

// Where the planes `along` cut a picture, as shares of its width and height: xai_core/images/scans/crossing.py.
function crossing({ numbers, counts }, { along }) {
  return along.map((plane) => 1 - (numbers[plane] + 0.5) / counts[plane])
}

// The way back.
function numbersAt({ counts }, { along }, at) {
  const number = (plane, i) => counts[plane] - 1 - Math.floor(at[i] * counts[plane])
  return Object.fromEntries(along.map((plane, i) => [plane, number(plane, i)]))
}

function listenToPlane(planes, view, signal) {
  const { scene, large } = view.el
  const on = (type, act) => scene.addEventListener(type, act, { signal, passive: false })
  let pressed = false
  const moved = ({ clientX, clientY }) => {
    const { left, top, width, height } = scene.getBoundingClientRect()
    put(planes, numbersAt(planes, view, [(clientX - left) / width, (clientY - top) / height]))
  }
  on("pointerdown", (event) => {
    if (event.button !== 0) return
    pressed = true
    scene.setPointerCapture(event.pointerId)
    moved(event)
  })
  on("pointermove", (event) => pressed && moved(event))
  on("pointerup", () => { if (pressed) tell(planes, 0); pressed = false })
  on("pointercancel", () => { pressed = false })
  on("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) return
    event.preventDefault()
    step(planes, { [view.plane]: wheelSteps(view, event) })
  })
  on("keydown", (event) => {
    const by = PLACE_MOVES[event.key]
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    step(planes, Object.fromEntries(view.along.map((plane, i) => [plane, by[i]])))
  })
  large.addEventListener("click", () => planes.setTriggerValue("large", view.plane), { signal })
}

function step(planes, by) {
  put(planes, Object.fromEntries(Object.entries(by).map(([plane, n]) => [plane, planes.numbers[plane] + n])))
  tell(planes, PLANE_REST_MS)
}

function drawPlanes(planes) {
  if (planes.numbers) for (const view of planes.views) drawPlane(planes, view)
}

function drawPlane(planes, view) {
  const { el, scan, plane, kept } = view
  const index = planes.numbers[plane]
  const one = kept.get(index)
  const words = `${index + 1} / ${scan.count}`
  el.number.textContent = one ? `map \u00b1${formatNumber(one.heat.vmax)} \u00b7 ${words}` : words
  el.scene.setAttribute("aria-label", `${capital(plane)} slice ${words}. A click or the arrow keys move the place.`)
  paintPlane(planes, view, index)
  const [width, height] = scan.sizes[0]
  const picture = { width, height, box: one?.box ?? [0, 0, width, height] }
  const size = fitTile(el.scene, picture)
  if (!size || !view.bitmap) return
  const heat = one && !planes.hidden
  const tile = heat ? { map: one.map, vmin: one.heat.vmin, vmax: one.heat.vmax } : { message: "no map" }
  drawTile(el.scene, pictureCanvas(view.bitmap, picture, size), picture, tile, getSettings(planes.name), planes.scales)
  const line = Math.max(1, Math.round(devicePixelRatio))
  if (!planes.hidden) cutLines(el.scene.getContext("2d"), crossing(planes, view), line)
  el.scene.dataset.heat = heat ? "drawn" : "none"
}

// The slice's grey; the one before stays until the new one has come.
function paintPlane(planes, view, index) {
  const slice = sliceAt(view.stack, index)
  if (slice?.grey && !planes.window) return // the large view has gone on to a picture in colour
  if (!slice || (view.painted === slice && view.greys === planes.greys && planes.greys)) return
  if (slice.grey) planes.greys ??= windowTable(planes.window, view.scan.levels)
  Object.assign(view, { bitmap: paintSlice(view.canvas, slice, planes.greys), painted: slice, greys: planes.greys })
  view.el.scene.dataset.slice = index + 1
}
