// One view a mounted viewer: what Python sent, what the person set, and the drawing of both.

import { drawBar } from "./bar.js"
import { listenToControls, listenToHold, listScales, showSettings } from "./controls.js"
import { followPlace, listenToKeys, listenToPointer, readAgain } from "./cursor.js"
import { downloadPng } from "./download.js"
import { elementsByClass, find } from "./elements.js"
import { announce, onLinked } from "./link.js"
import { decodeScales } from "./payload.js"
import { changeSettings, chosenScale, getSettings, onSettings, scaleKind } from "./settings.js"
import { drawMarks, followSize, layout, schedule } from "./stage.js"

/** @param {ShadowRoot} root @param {AbortSignal} signal */
export function createView(root, signal) {
  const named = { live: find(root, "[aria-live]"), words: find(root, "#words") }
  const el = /** @type {Viewer["el"]} */ ({ ...elementsByClass(root), ...named })
  const begun = { image: null, map: null, cursor: null, pointed: null, hovered: false, hidden: false }
  const view = /** @type {Viewer} */ (/** @type {unknown} */ ({ root, signal, el, ...begun }))
  addReadings(view)
  addActions(view)
  listenToControls(view, signal)
  listenToHold(view, signal)
  listenToPointer(view, signal)
  listenToKeys(view, signal)
  onSettings((name) => name === view.name, () => settingsChanged(view), signal)
  onLinked(view, {
    place: (place, message) => followPlace(view, place, message),
    hidden: (hidden) => hideMap(view, hidden),
  }, signal)
  view.el.download.addEventListener("click", () => downloadPng(view), { signal })
  followSize(view, signal)
  return view
}

/** @param {Viewer} view */
function addReadings(view) {
  view.settings = () => getSettings(view.name)
  view.kind = () => scaleKind(view.heat)
  view.scaleName = () => chosenScale(view.settings(), view.kind(), view.scales)
  view.lut = () => view.scales[view.scaleName()]
  view.shows = () => Boolean(view.heat) && !view.message
  view.isActive = () => view.hovered || view.root.activeElement !== null
}

/** @param {Viewer} view */
function addActions(view) {
  view.change = (settings) => changeSettings(view.name, settings)
  view.hide = (hidden) => {
    if (view.hidden === hidden) return
    hideMap(view, hidden)
    announce(view, { hidden })
  }
  view.pick = ({ x, y, row, col }) => {
    const round = (/** @type {number} */ length) => Math.round(100 * length) / 100
    view.setTriggerValue("click", { x: round(x), y: round(y), row, col })
  }
}

/** @param {Viewer} view @param {boolean} hidden */
function hideMap(view, hidden) {
  view.hidden = hidden
  view.el.hold.classList.toggle("held", hidden)
  drawMarks(view)
  schedule(view)
}

/** What Python sent with this run. @param {Viewer} view @param {Payload} payload @param {Tell} setTriggerValue */
export function take(view, { header, blob, floats }, setTriggerValue) {
  const { heat, image } = header
  const map = heat && { rows: heat.rows, cols: heat.cols, values: floats("map") }
  if (map?.rows !== view.map?.rows || map?.cols !== view.map?.cols) view.cursor = null
  if (image.digest !== view.image?.digest) Object.assign(view, { bitmap: null, pointed: null })
  const { message, caption, maxHeight, compact, link, spot, settings: name } = header
  if (spot) view.cursor = { row: spot.row, col: spot.col }
  Object.assign(view, { spot, setTriggerValue, image, heat, map, message, caption, maxHeight, compact, link, name })
  Object.assign(view, { base: null, area: null })
  if (heat) view.scales = decodeScales(header.scales, blob("scales"))
  showTexts(view)
  layout(view)
  settingsChanged(view)
  readAgain(view)
}

/** @param {Viewer} view */
function showTexts(view) {
  const { el, heat, image } = view
  const overlaid = heat ? `, overlaid with ${heat.label} of layer ${heat.layer}` : ""
  el.scene.setAttribute("aria-label", image.name + overlaid)
  el["legend-title"].textContent = heat ? `${heat.label} \u00b7 ${heat.layer}` : ""
  el.words.textContent = heat ? heat.description : "The picture without a map."
  el.caption.textContent = view.caption
  showBanner(view, view.message)
  el.viewer.classList.toggle("compact", view.compact)
  el.controls.disabled = el.hold.disabled = !view.shows()
  for (const part of [el.controls, el.hold, el.legend]) part.hidden = !heat
  el.legend.classList.toggle("unused", !view.shows())
  if (heat) listScales(el.scales, Object.keys(view.scales))
}

/** @param {Viewer} view @param {string | null} text */
export function showBanner({ el }, text) {
  if (el.banner.textContent !== (text ?? "")) el.banner.textContent = text ?? ""
  el.banner.classList.toggle("shown", Boolean(text))
}

/** @param {Viewer} view */
export function settingsChanged(view) {
  const { between } = view.settings()
  if (view.area && view.area.between !== between) view.area = null
  if (view.heat) showSettings(view)
  if (view.shows()) drawBar(view)
  schedule(view)
}
