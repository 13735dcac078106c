// The image as seen, at the original picture's resolution, with its legend and recipe line on a strip below.

import { cutInWords, paintBar } from "./bar.js"
import { clamp } from "./clamp.js"
import { contextOf } from "./elements.js"
import { boxOn, coversImage, drawContours, drawHeat, layImage, newCanvas, outline, sampleArea } from "./scene.js"
import { formatNumber } from "./value_text.js"

/** @typedef {ReturnType<typeof measureStrip>} TextStrip */

const LONGEST_SIDE = 2048
const LEGIBLE_WIDTH = 480 // a narrower picture is enlarged by a whole factor, so that its strip can be read

/** @param {Size} size */
export function exportSize({ width, height }) {
  const enlarge = width < LEGIBLE_WIDTH ? Math.ceil(LEGIBLE_WIDTH / width) : 1
  const scale = Math.min(enlarge, LONGEST_SIDE / Math.max(width, height))
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}

/** @param {Viewer} view */
export function downloadPng(view) {
  if (!view.bitmap) return
  exportImage(view, view.bitmap).toBlob((blob) => {
    if (!blob) return
    const link = document.createElement("a")
    link.href = URL.createObjectURL(blob)
    link.download = exportName(view)
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  }, "image/png")
}

/** Never the picture's own name: it may be a patient's. @param {Viewer} view */
export function exportName({ heat }) {
  const layer = heat ? heat.layer.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "") : ""
  return ["sightline", layer || "picture"].join("-") + ".png"
}

/** @param {Viewer} view @param {CanvasImageSource} bitmap */
function exportImage(view, bitmap) {
  const size = exportSize(view.image)
  const strip = measureStrip(view, size.width)
  const canvas = newCanvas({ width: size.width, height: size.height + strip.height })
  const context = contextOf(canvas)
  layImage(context, bitmap, view.image, size)
  if (view.shows()) {
    const settings = view.settings()
    const area = sampleArea(view.image, /** @type {CellMap} */ (view.map), size, settings.between)
    drawHeat(context, area, { range: view.heat, settings, lut: view.lut() })
  }
  const line = Math.max(1, Math.round(size.width / 700))
  if (!coversImage(view.image)) outline(context, boxOn(view.image, size), line)
  drawContours(context, view.contours?.() ?? [], size.width / view.image.width, line)
  drawStrip(context, view, strip, size)
  return canvas
}

// The strip in the page's own colours and font: an optional colour bar, then the lines of text.
/** @param {Viewer} view @param {number} width */
function measureStrip(view, width) {
  const style = getComputedStyle(view.el.viewer)
  const font = Math.round(clamp(width / 44, 13, 26))
  const context = contextOf(newCanvas({ width: 1, height: 1 }))
  context.font = `${font}px ${style.fontFamily}`
  const pad = Math.round(0.9 * font)
  const texts = [view.message ?? "", view.caption].filter(Boolean)
  const lines = texts.flatMap((text) => wrapText(context, text, width - 2 * pad))
  const bar = view.shows() ? (view.heat.ends ? 5 : 3.6) * font : 0
  const height = bar + lines.length ? Math.round(2 * pad + bar + 1.4 * font * lines.length) : 0
  const paper = style.getPropertyValue("--st-background-color")
  return { font, pad, lines, bar, height, face: context.font, ink: style.color, paper }
}

/** @param {Context2D} context @param {string} text @param {number} width */
function wrapText(context, text, width) {
  const lines = [""]
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim()
    if (context.measureText(longer).width <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.filter(Boolean)
}

/** @param {Context2D} context @param {Viewer} view @param {TextStrip} strip @param {Size} size */
function drawStrip(context, view, strip, { width, height }) {
  if (!strip.height) return
  context.fillStyle = strip.paper
  context.fillRect(0, height, width, strip.height)
  Object.assign(context, { font: strip.face, textBaseline: "top", textAlign: "left" })
  const top = height + strip.pad
  if (strip.bar) drawLegend(context, view, strip, { x: strip.pad, y: top, width: width - 2 * strip.pad })
  context.fillStyle = strip.ink
  strip.lines.forEach((line, i) => context.fillText(line, strip.pad, top + strip.bar + 1.4 * strip.font * i))
}

/** @param {Context2D} context @param {Viewer} view @param {TextStrip} strip @param {Place & { width: number }} place */
function drawLegend(context, view, { font, ink }, { x, y, width }) {
  const { heat } = view
  const { threshold } = view.settings()
  paintBar(context, { x, y, width, height: font }, heat, { threshold, lut: view.lut() })
  const title = `${heat.label} \u00b7 ${heat.layer}${cutInWords(heat.vmin, threshold * heat.vmax)}`
  const [low, high] = heat.ends ?? ["", ""]
  context.fillStyle = ink
  /** @param {CanvasTextAlign} align @param {number} at @param {string[]} texts */
  const write = (align, at, ...texts) => {
    context.textAlign = align
    texts.forEach((text, i) => context.fillText(text, at, y + (1.35 + 1.4 * i) * font))
  }
  write("center", x + width / 2, title)
  write("right", x + width, formatNumber(heat.vmax), high)
  write("left", x, formatNumber(heat.vmin), low)
}
