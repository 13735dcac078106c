// The two sides of the probe: the native grid with its numbers, and the upsampled map.

import { colourAt } from "./blend.js"
import { clamp } from "./clamp.js"
import { contextOf } from "./elements.js"
import { centres, sampleMap } from "./interpolate.js"
import { roundWeight } from "./probe_terms.js"
import { crosshair, outline } from "./scene.js"
import { formatNumber } from "./value_text.js"

const ROOM_FOR_VALUE = 38 // CSS pixels of a cell in which its value can be written
const ROOM_FOR_WEIGHT = 26
const ROOM_FOR_TIMES = 48

/** @param {number} value @param {Scale} range @param {Uint8Array} lut */
function colourOf(value, { vmin, vmax }, lut) {
  return colourAt(lut, vmax > vmin ? (value - vmin) / (vmax - vmin) : 0)
}

// The cell's rectangle in the canvas's pixels; neighbours share their edge.
/** @param {Size} size @param {Grid} grid @param {number} row @param {number} col */
function cellRect({ width, height }, { rows, cols }, row, col) {
  const [left, right] = [col, col + 1].map((c) => Math.round((c / cols) * width))
  const [top, bottom] = [row, row + 1].map((r) => Math.round((r / rows) * height))
  return { x: left, y: top, width: right - left, height: bottom - top }
}

/** @param {Probe} view @param {Uint8Array} lut */
export function drawCells({ el: { cells }, map, heat }, lut) {
  const context = contextOf(cells)
  map.values.forEach((value, i) => {
    const { x, y, width, height } = cellRect(cells, map, Math.floor(i / map.cols), i % map.cols)
    context.fillStyle = `rgb(${colourOf(value, heat, lut).join(" ")})`
    context.fillRect(x, y, width, height)
  })
}

/** @param {Probe} view @param {Uint8Array} lut */
export function drawOutput({ el: { output }, map, heat, size, mode }, lut) {
  const field = sampleMap(map, centres(size.height, map.rows), centres(size.width, map.cols), mode)
  const pixels = new Uint8ClampedArray(4 * field.length).fill(255)
  field.forEach((value, i) => pixels.set(colourOf(value, heat, lut), 4 * i))
  contextOf(output).putImageData(new ImageData(pixels, size.width, size.height), 0, 0)
}

// The source cells' outlines and weights; the other cells' values stay readable.
/** @param {Probe} view @param {Uint8Array} lut */
export function drawSources({ el, map, heat, terms }, lut) {
  const canvas = el["cell-marks"]
  const context = contextOf(canvas)
  const line = Math.max(1, Math.round(devicePixelRatio))
  context.clearRect(0, 0, canvas.width, canvas.height)
  for (const { row, col } of terms) outline(context, inset(cellRect(canvas, map, row, col), 2 * line), line)
  const weights = new Map(terms.map(({ row, col, weight }) => [row * map.cols + col, weight]))
  map.values.forEach((value, i) => {
    const rect = cellRect(canvas, map, Math.floor(i / map.cols), i % map.cols)
    context.fillStyle = inkOn(colourOf(value, heat, lut))
    writeCell(context, rect, value, weights.get(i))
  })
}

// Black or white, whichever has the greater contrast (WCAG 2.2) on a colour: they are equal at a luminance of 0.179.
/** @param {Uint8Array} rgb */
function inkOn(rgb) {
  const [r, g, b] = Array.from(rgb, (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff"
}

/** @param {Rect} rect @param {number} by */
function inset({ x, y, width, height }, by) {
  return { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by }
}

/** @param {Context2D} context @param {Rect} rect @param {number} value @param {number | undefined} weight */
function writeCell(context, { x, y, width, height }, value, weight) {
  const room = Math.min(width, height) / devicePixelRatio
  const values = room >= ROOM_FOR_VALUE
  const lines = []
  if (weight !== undefined && room >= ROOM_FOR_WEIGHT) {
    lines.push({ bold: "600 ", text: weightInCell(weight) + (room >= ROOM_FOR_TIMES ? " \u00d7" : "") })
  }
  if (values) lines.push({ bold: "", text: shortNumber(value) })
  const size = Math.round(clamp(0.24 * room, 10, 13) * devicePixelRatio)
  const family = getComputedStyle(context.canvas).fontFamily
  Object.assign(context, { textAlign: "center", textBaseline: "middle" })
  lines.forEach(({ bold, text }, i) => {
    context.font = `${bold}${size}px ${family}`
    const part = (width - 6 * devicePixelRatio) / context.measureText(text).width
    if (part < 1) context.font = `${bold}${part * size}px ${family}`
    context.fillText(text, x + width / 2, y + height / 2 + (i - (lines.length - 1) / 2) * 1.2 * size)
  })
}

/** A cell has room for two decimals; the sum below has the rest. @param {number} weight */
function weightInCell(weight) {
  return Math.abs(weight) < 0.005 ? "\u2248 0" : roundWeight(weight, 2)
}

/** @param {number} value */
function shortNumber(value) {
  return formatNumber(Number(value.toPrecision(2)))
}

/** @param {Probe} view */
export function drawPixel({ el, size, pixel }) {
  const canvas = el["output-marks"]
  const context = contextOf(canvas)
  const line = Math.max(1, Math.round(devicePixelRatio))
  context.clearRect(0, 0, canvas.width, canvas.height)
  const rect = cellRect(canvas, { rows: size.height, cols: size.width }, pixel.row, pixel.col)
  const x = rect.x + rect.width / 2
  const y = rect.y + rect.height / 2
  crosshair(context, { x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5 }, line)
  const least = 6 * line
  const [width, height] = [Math.max(least, rect.width), Math.max(least, rect.height)]
  outline(context, { x: Math.round(x - width / 2), y: Math.round(y - height / 2), width, height }, line)
}
