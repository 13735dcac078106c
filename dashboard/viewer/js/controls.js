// The form beside the picture. Each control writes one setting; what it shows is read back from the settings.

function listenToControls(view, signal) {
  const { el } = view
  const on = (element, type, act) => element.addEventListener(type, act, { signal })
  on(el.opacity, "input", () => view.change({ opacity: el.opacity.value / 100 }))
  on(el.threshold, "input", () => view.change({ threshold: el.threshold.value / 100 }))
  on(el.scales, "change", () => view.change({ [view.scaleKind()]: el.scales.value }))
  for (const radio of el.segments.querySelectorAll("input")) {
    on(radio, "change", () => view.change({ smooth: radio.value === "smooth" }))
  }
  on(el.download, "click", () => downloadPng(view))
  listenToHold(view, signal)
}

function showSettings(view) {
  const { el } = view
  const settings = view.settings()
  showSlider(el.opacity, el.opacityText, settings.opacity)
  showSlider(el.threshold, el.thresholdText, settings.threshold)
  for (const radio of el.segments.querySelectorAll("input")) {
    radio.checked = (radio.value === "smooth") === settings.smooth
  }
  if (view.heat) el.scales.value = view.scaleName()
}

function showSlider(input, output, part) {
  const value = String(Math.round(100 * part))
  if (input.value !== value) input.value = value
  input.style.setProperty("--part", `${value}%`)
  output.textContent = percent(part)
}

function listScales(select, names) {
  if (Array.from(select.options, (option) => option.value).join() === names.join()) return
  const option = (name) => new Option(name[0].toUpperCase() + name.slice(1), name)
  select.replaceChildren(...names.map(option))
}

// The map is hidden while the button, the picture or the key H is held.
function listenToHold(view, signal) {
  const { hold } = view.el
  const on = (target, type, act) => target.addEventListener(type, act, { signal })
  on(hold, "pointerdown", (event) => event.button === 0 && view.hide(true))
  for (const type of ["pointerup", "pointercancel"]) on(window, type, () => view.hide(false))
  on(hold, "keydown", (event) => [" ", "Enter"].includes(event.key) && view.hide(true))
  on(hold, "keyup", () => view.hide(false))
  on(window, "blur", () => view.hide(false))
  on(document, "keydown", (event) => isHideKey(event) && view.isActive() && view.hide(true))
  on(document, "keyup", (event) => isHideKey(event) && view.hide(false))
}

function isHideKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  const [target] = event.composedPath()
  const fields = "select, textarea, [contenteditable], input:not([type=range], [type=radio])"
  const typing = target instanceof Element && target.matches(fields)
  return !typing && event.key.toLowerCase() === "h"
}
