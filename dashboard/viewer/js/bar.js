// The colour bar: the scale in full colour, the part below the threshold faded, a mark where it is cut.

function drawBar(view) {
  const { bar } = view.el
  const range = view.heat
  const settings = view.settings()
  const width = Math.max(1, Math.round(bar.clientWidth * devicePixelRatio))
  const height = Math.max(1, Math.round(bar.clientHeight * devicePixelRatio))
  Object.assign(bar, { width, height })
  paintBar(bar.getContext("2d"), { x: 0, y: 0, width, height }, range, settings.threshold, view.lut())
  const [low, high] = [formatNumber(range.vmin), formatNumber(range.vmax)]
  const cut = settings.threshold * range.vmax
  bar.setAttribute("aria-label", `Colour scale of ${range.label} from ${low} to ${high}${cutInWords(cut)}`)
  view.el.low.textContent = low
  view.el.high.textContent = high
  view.el.cut.textContent = cut > 0 ? `\u25b2 ${formatNumber(cut)}` : ""
  view.el.cut.style.setProperty("--at", String(partOf(cut, range)))
}

function cutInWords(cut) {
  return cut > 0 ? `, nothing drawn below ${formatNumber(cut)}` : ""
}

function partOf(value, { vmin, vmax }) {
  return (value - vmin) / (vmax - vmin)
}

function paintBar(context, { x, y, width, height }, range, threshold, lut) {
  const cut = threshold * range.vmax
  for (let i = 0; i < width; i++) {
    const value = range.vmin + ((i + 0.5) / width) * (range.vmax - range.vmin)
    const entry = 3 * clamp(Math.floor(256 * partOf(value, range)), 0, 255)
    context.globalAlpha = Math.abs(value) < cut ? 0.25 : 1
    context.fillStyle = `rgb(${lut[entry]} ${lut[entry + 1]} ${lut[entry + 2]})`
    context.fillRect(x + i, y, 1, height)
  }
  context.globalAlpha = 1
}
