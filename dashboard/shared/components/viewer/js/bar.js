// The colour bar: the scale in full colour, the part that is hidden faded, and in words what its ends mean.

function drawBar({ el, heat, settings, lut }) {
  const { bar } = el
  const cut = settings().threshold * heat.vmax
  const width = Math.max(1, Math.round(bar.clientWidth * devicePixelRatio))
  const height = Math.max(1, Math.round(bar.clientHeight * devicePixelRatio))
  Object.assign(bar, { width, height })
  paintBar(bar.getContext("2d"), { x: 0, y: 0, width, height }, heat, settings().threshold, lut())
  bar.setAttribute("aria-label", barInWords(heat, cut))
  const [low, high] = heat.ends ?? ["", ""]
  const texts = { low: formatNumber(heat.vmin), high: formatNumber(heat.vmax), "low-end": low, "high-end": high }
  for (const [name, text] of Object.entries(texts)) el[name].textContent = text
  el.cut.textContent = middleText(heat, cut)
  el.cut.style.setProperty("--at", String(heat.vmin < 0 ? 0.5 : partOf(cut, heat)))
}

// A scale of both signs is hidden around its middle, the other from its start.
function middleText({ vmin }, cut) {
  if (vmin < 0) return cut > 0 ? `hidden within \u00b1${formatNumber(cut)}` : "0"
  return cut > 0 ? `\u25b2 ${formatNumber(cut)}` : ""
}

function barInWords({ vmin, vmax, label, ends }, cut) {
  const end = (value, i) => formatNumber(value) + (ends ? ` (${ends[i]})` : "")
  return `Colour scale of ${label} from ${end(vmin, 0)} to ${end(vmax, 1)}${cutInWords(vmin, cut)}`
}

function cutInWords(vmin, cut) {
  if (!(cut > 0)) return ""
  const size = formatNumber(cut)
  return vmin < 0 ? `, hidden within \u00b1${size}` : `, hidden below ${size}`
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
