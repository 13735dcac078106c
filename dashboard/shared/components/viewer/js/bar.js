// The colour bar: the scale in full colour, the part that is hidden faded, and in words what its ends mean.

import { colourAt } from "./blend.js"
import { contextOf } from "./elements.js"
import { formatNumber } from "./value_text.js"

/** @param {Barred} view */
export function drawBar({ el, heat, settings, lut }) {
  const { bar } = el
  const cut = settings().threshold * heat.vmax
  const width = Math.max(1, Math.round(bar.clientWidth * devicePixelRatio))
  const height = Math.max(1, Math.round(bar.clientHeight * devicePixelRatio))
  Object.assign(bar, { width, height })
  paintBar(contextOf(bar), { x: 0, y: 0, width, height }, heat, { threshold: settings().threshold, lut: lut() })
  bar.setAttribute("aria-label", barInWords(heat, cut))
  const [low, high] = heat.ends ?? ["", ""]
  const texts = { low: formatNumber(heat.vmin), high: formatNumber(heat.vmax), "low-end": low, "high-end": high }
  for (const [name, text] of Object.entries(texts)) el[/** @type {keyof typeof texts} */ (name)].textContent = text
  el.cut.textContent = middleText(heat, cut)
  el.cut.style.setProperty("--at", String(heat.vmin < 0 ? 0.5 : partOf(cut, heat)))
}

// A scale of both signs is hidden around its middle, the other from its start.
/** @param {Scale} range @param {number} cut */
function middleText({ vmin }, cut) {
  if (vmin < 0) return cut > 0 ? `hidden within \u00b1${formatNumber(cut)}` : "0"
  return cut > 0 ? `\u25b2 ${formatNumber(cut)}` : ""
}

/** @param {Heat} view @param {number} cut */
function barInWords({ vmin, vmax, label, ends }, cut) {
  /** @param {number} value @param {0 | 1} i */
  const end = (value, i) => formatNumber(value) + (ends ? ` (${ends[i]})` : "")
  return `Colour scale of ${label} from ${end(vmin, 0)} to ${end(vmax, 1)}${cutInWords(vmin, cut)}`
}

/** @param {number} vmin @param {number} cut */
export function cutInWords(vmin, cut) {
  if (!(cut > 0)) return ""
  const size = formatNumber(cut)
  return vmin < 0 ? `, hidden within \u00b1${size}` : `, hidden below ${size}`
}

/** @param {number} value @param {Scale} range */
function partOf(value, { vmin, vmax }) {
  return (value - vmin) / (vmax - vmin)
}

/**
 * @param {Context2D} context @param {Rect} rect @param {Scale} range
 * @param {{ threshold: number, lut: Uint8Array }} drawing
 */
export function paintBar(context, { x, y, width, height }, range, { threshold, lut }) {
  const cut = threshold * range.vmax
  for (let i = 0; i < width; i++) {
    const value = range.vmin + ((i + 0.5) / width) * (range.vmax - range.vmin)
    context.globalAlpha = Math.abs(value) < cut ? 0.25 : 1
    context.fillStyle = `rgb(${colourAt(lut, partOf(value, range)).join(" ")})`
    context.fillRect(x + i, y, 1, height)
  }
  context.globalAlpha = 1
}
