// The form beside the picture. Each control writes one setting; what it shows is read back from the settings.

const FORM = ["controls", "opacity", "threshold", "scales", "segments", "opacity-text", "threshold-text"]

function listenToControls(view, signal) {
  const { el } = view
  const on = (element, type, act) => element.addEventListener(type, act, { signal })
  on(el.opacity, "input", () => view.change({ opacity: el.opacity.value / 100 }))
  on(el.threshold, "input", () => view.change({ threshold: el.threshold.value / 100 }))
  on(el.scales, "change", () => view.change({ [view.kind()]: el.scales.value }))
  on(el.segments, "change", (event) => view.change({ between: event.target.value }))
}

function showSettings({ el, settings, scaleName }) {
  const { opacity, threshold, between } = settings()
  showSlider(el.opacity, el["opacity-text"], opacity)
  showSlider(el.threshold, el["threshold-text"], threshold)
  for (const radio of el.segments.querySelectorAll("input")) radio.checked = radio.value === between
  el.scales.value = scaleName()
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
