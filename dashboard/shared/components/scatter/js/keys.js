// Keys on the map: arrows move it, + and - zoom, 0 shows all, Enter opens the point at the cross, Escape clears.

import { listening } from "../../viewer/js/elements.js"
import { ARROWS, isCommand } from "../../viewer/js/keyboard.js"
import { wholeMap, zoomAt } from "./camera.js"
import { nearestPoint } from "./grid.js"
import { dropLasso, sendArea } from "./lasso.js"
import { pointInWords } from "./map_text.js"
import { GLIDE_MS, glideTo, panBy } from "./motion.js"
import { choose } from "./pointer.js"
import { toggleSigns } from "./posts.js"
import { hover, showCross } from "./tip.js"

/** @type {Record<string, DragKind>} */
const MODE_KEYS = { m: "move", l: "lasso", b: "box" }

/** @param {Scatter} view @param {AbortSignal} signal */
export function listenToKeys(view, signal) {
  const on = listening(signal)
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

/** @param {Scatter} view @param {KeyboardEvent} event */
function pressKey(view, event) {
  if (!view.steps || isCommand(event)) return
  const act = keyAct(view, event.key)
  if (!act) return
  event.preventDefault()
  act()
}

/** @param {Scatter} view @param {string} key */
function keyAct(view, key) {
  if (ARROWS[key]) return () => stepBy(view, ...ARROWS[key])
  if (MODE_KEYS[key.toLowerCase()]) return () => setMode(view, MODE_KEYS[key.toLowerCase()])
  /** @type {Record<string, () => unknown>} */
  const acts = {
    "+": () => moveAndRead(view, zoomAt(view, 1.4)),
    "=": () => moveAndRead(view, zoomAt(view, 1.4)),
    "-": () => moveAndRead(view, zoomAt(view, 1 / 1.4)),
    0: () => moveAndRead(view, wholeMap(view)),
    Home: () => moveAndRead(view, wholeMap(view)),
    Enter: () => choose(view, pointAtCross(view)),
    s: () => view.posts?.length && toggleSigns(view),
    Escape: () => (view.lasso ? giveUpLasso(view) : clearSelection(view)),
  }
  return acts[key]
}

// The camera goes the arrow's way: the points go the other.
/** @param {Scatter} view @param {number} down @param {number} right */
function stepBy(view, down, right) {
  const step = 0.08 * Math.min(view.room.width, view.room.height)
  panBy(view, -right * step, -down * step)
  readCross(view)
}

/** @param {Scatter} view @param {Camera} target */
function moveAndRead(view, target) {
  glideTo(view, target)
  readCross(view)
}

/** @param {Scatter} view */
function pointAtCross(view) {
  return nearestPoint(view, view.room.width / 2, view.room.height / 2, 40)
}

/** What lies at the cross, shown and spoken, once the map has come to rest. @param {Scatter} view */
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

/** @param {Scatter} view @param {DragKind} mode */
export function setMode(view, mode) {
  if (mode !== "move" && !view.can.select) return
  view.mode = mode
  view.el.stage.dataset.mode = mode
  for (const name of Object.values(MODE_KEYS)) view.el[name].setAttribute("aria-pressed", String(name === mode))
}

/** @param {Scatter} view */
function clearSelection(view) {
  if (view.can.select && view.selectedCount) sendArea(view, [], "replace")
}

/** @param {Scatter} view */
function giveUpLasso(view) {
  view.drag = null
  dropLasso(view)
}
