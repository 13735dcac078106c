// One view a mounted viewer: what Python sent, what the person set, and the drawing of both.

const VIEWS = new WeakMap()

export default function (component) {
  const { parentElement: root } = component
  if (!VIEWS.has(root)) VIEWS.set(root, createView(root))
  const view = VIEWS.get(root)
  const run = ++view.runs
  receive(view, component)
  // Streamlit may clean up after a run that a later one has overtaken: only the last run ends the view.
  return () => {
    if (run !== view.runs) return
    view.abort.abort()
    VIEWS.delete(root)
  }
}

function createView(root) {
  const view = { root, el: findElements(root), runs: 0, abort: new AbortController() }
  Object.assign(view, { picture: null, map: null, cursor: null, hovered: false, hidden: false })
  addReadings(view)
  addActions(view)
  const { signal } = view.abort
  listenToControls(view, signal)
  listenToPointer(view, signal)
  listenToKeys(view, signal)
  onSettings((name) => name === view.name, () => settingsChanged(view), signal)
  followSize(view, signal)
  return view
}

function findElements(root) {
  const find = (selector) => root.querySelector(selector)
  const byClass = [
    "viewer", "stage", "scene", "marks", "banner", "value", "place", "legend", "bar", "low", "cut", "high",
    "controls", "opacity", "threshold", "scales", "segments", "hold", "download", "caption",
  ]
  return {
    ...Object.fromEntries(byClass.map((name) => [name, find(`.${name}`)])),
    title: find(".legend-title"),
    opacityText: find(".opacity-text"),
    thresholdText: find(".threshold-text"),
    live: find("[aria-live]"),
    words: find("#words"),
  }
}

function addReadings(view) {
  view.settings = () => getSettings(view.name)
  view.scaleKind = () => (view.heat.vmin < 0 ? "diverging" : "sequential")
  view.scaleName = () => chosenScale(view.settings(), view.scaleKind(), view.scales)
  view.lut = () => view.scales[view.scaleName()]
  view.shows = () => Boolean(view.heat) && !view.message
  view.isActive = () => view.hovered || view.root.activeElement !== null
}

function addActions(view) {
  view.change = (settings) => changeSettings(view.name, settings)
  view.hide = (hidden) => {
    if (view.hidden === hidden) return
    view.hidden = hidden
    view.el.hold.classList.toggle("held", hidden)
    schedule(view)
  }
  view.point = (point) => {
    const shown = point ?? (view.cursor && view.el.scene.matches(":focus-visible") ? cursorPoint(view) : null)
    view.pointed = shown
    const value = shown && valueAt(view.map, shown)
    view.el.value.textContent = value === null ? "" : formatNumber(value)
    view.el.place.textContent = shown ? placeInWords(shown, view.map) : "Point at the picture, or use the arrow keys"
    drawMarks(view)
  }
  view.pick = ({ x, y, row, col }) => {
    const round = (length) => Math.round(100 * length) / 100
    view.setTriggerValue("click", { x: round(x), y: round(y), row, col })
  }
}

// What Python sent with this run.
function receive(view, { data, setTriggerValue }) {
  const { header, blob, floats } = decodePayload(data)
  const { heat, picture } = header
  const map = heat && { rows: heat.rows, cols: heat.cols, values: floats("map") }
  if (map?.rows !== view.map?.rows || map?.cols !== view.map?.cols) view.cursor = null
  if (picture.digest !== view.picture?.digest) view.bitmap = null
  const { message, caption, maxHeight, settings: name } = header
  Object.assign(view, { setTriggerValue, picture, heat, map, message, caption, maxHeight, name, base: null, area: null })
  if (heat) view.scales = decodeScales(header.scales, blob("scales"))
  showTexts(view)
  layout(view)
  settingsChanged(view)
  view.point(null)
  decode(view, picture.digest, () => blob("picture"))
}

async function decode(view, digest, bytes) {
  try {
    const bitmap = await decodedPicture(digest, bytes)
    if (view.picture.digest !== digest) return
    view.bitmap = bitmap
    schedule(view)
  } catch {
    showBanner(view, "The browser cannot decode this picture.")
  }
}

function showTexts(view) {
  const { el, heat, picture } = view
  const overlaid = heat ? `, overlaid with ${heat.label} of layer ${heat.layer}` : ""
  el.scene.setAttribute("aria-label", picture.name + overlaid)
  el.title.textContent = heat ? `${heat.label} \u00b7 ${heat.layer}` : ""
  el.words.textContent = heat ? heat.description : "The picture without a map."
  el.caption.textContent = view.caption
  showBanner(view, view.message)
  el.controls.disabled = el.hold.disabled = !view.shows()
  for (const part of [el.controls, el.hold, el.legend]) part.hidden = !heat
  el.legend.classList.toggle("unused", !view.shows())
  if (heat) listScales(el.scales, Object.keys(view.scales))
}

function showBanner({ el }, text) {
  if (el.banner.textContent !== (text ?? "")) el.banner.textContent = text ?? ""
  el.banner.classList.toggle("shown", Boolean(text))
}

function settingsChanged(view) {
  const smooth = view.settings().smooth
  if (view.area && view.area.smooth !== smooth) view.area = null
  showSettings(view)
  if (view.shows()) drawBar(view)
  schedule(view)
}
