// Keys on the map: arrows move it, + and - zoom, 0 shows all, Enter opens the point at the cross, Escape clears.

const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }
const MODE_KEYS = { m: "move", l: "lasso", b: "box" }

function listenToKeys(view, signal) {
  const on = (element, type, act) => element.addEventListener(type, act, { signal })
  const { el } = view
  on(el.stage, "keydown", (event) => pressKey(view, event))
  on(el.stage, "blur", () => showCross(view, false))
  for (const mode of Object.values(MODE_KEYS)) on(el[mode], "click", () => setMode(view, mode))
  on(el.nearer, "click", () => glideTo(view, zoomAt(view, 1.6)))
  on(el.farther, "click", () => glideTo(view, zoomAt(view, 1 / 1.6)))
  on(el.all, "click", () => glideTo(view, wholeMap(view)))
  on(el.signs, "click", () => toggleSigns(view))
  on(el.clear, "click", () => clearSelection(view))
}

function pressKey(view, event) {
  if (!view.steps || event.ctrlKey || event.metaKey || event.altKey) return
  const act = keyAct(view, event.key)
  if (!act) return
  event.preventDefault()
  act()
}

function keyAct(view, key) {
  if (key in ARROWS) return () => stepBy(view, ...ARROWS[key])
  if (MODE_KEYS[key.toLowerCase()]) return () => setMode(view, MODE_KEYS[key.toLowerCase()])
  return {
    "+": () => moveAndRead(view, zoomAt(view, 1.4)),
    "=": () => moveAndRead(view, zoomAt(view, 1.4)),
    "-": () => moveAndRead(view, zoomAt(view, 1 / 1.4)),
    0: () => moveAndRead(view, wholeMap(view)),
    Home: () => moveAndRead(view, wholeMap(view)),
    Enter: () => choose(view, pointAtCross(view)),
    s: () => view.posts?.length && toggleSigns(view),
    Escape: () => (view.lasso ? giveUpLasso(view) : clearSelection(view)),
  }[key]
}

function stepBy(view, right, down) {
  const step = 0.08 * Math.min(view.room.width, view.room.height)
  panBy(view, right * step, down * step)
  readCross(view)
}

function moveAndRead(view, target) {
  glideTo(view, target)
  readCross(view)
}

function pointAtCross(view) {
  return nearestPoint(view, view.room.width / 2, view.room.height / 2, 40)
}

function showCross(view, shown) {
  if (view.cross === shown) return
  view.cross = shown
  if (!shown) hover(view, null)
  drawOverSoon(view)
}

// What lies at the cross, shown and spoken, once the map has come to rest.
function readCross(view) {
  showCross(view, true)
  clearTimeout(view.crossTimer)
  view.crossTimer = setTimeout(() => {
    if (!view.cross || view.signal.aborted) return
    const index = pointAtCross(view)
    hover(view, index, view.room.width / 2, view.room.height / 2)
    view.el.live.textContent = index === null ? "No point at the cross." : pointInWords(view, index)
  }, GLIDE_MS + 30)
}

function setMode(view, mode) {
  if (mode !== "move" && !view.can.select) return
  view.mode = mode
  view.el.stage.dataset.mode = mode
  for (const name of Object.values(MODE_KEYS)) view.el[name].setAttribute("aria-pressed", String(name === mode))
}

function clearSelection(view) {
  if (view.can.select && view.selectedCount) sendArea(view, [], "replace")
}

function giveUpLasso(view) {
  view.drag = null
  dropLasso(view)
}
