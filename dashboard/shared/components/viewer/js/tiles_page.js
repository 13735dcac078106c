// One page of tiles: how many fit, what each holds, and painting its cells.

import { entryAt } from "./blend.js"
import { clamp, hold } from "./clamp.js"
import { contextOf } from "./elements.js"

const BORDER = 8 // CSS pixels around a canvas: css/tiles.css
const LEAST_GAP = 8
const MOST_GAP = 20
const FITTED = 76 // CSS pixels of a canvas where the columns follow the width
const SMALLEST = 40 // and of one where they are given
const LARGEST = 240

/**
 * Columns, the gap between them, and the canvas's CSS size: a whole number of device pixels a cell wherever a cell has
 * at least one; what that leaves goes to the gaps.
 * @param {Pick<Tiles, "rows" | "cols" | "columns" | "titles" | "page">} tiles @param {number} room
 * @param {number} ratio
 */
export function arrange({ rows, cols, columns, titles, page }, room, ratio) {
  const fits = (/** @type {number} */ side) => Math.max(1, Math.floor((room + LEAST_GAP) / (side + BORDER + LEAST_GAP)))
  const count = Math.max(1, Math.min(columns ?? Infinity, fits(columns ? SMALLEST : FITTED), titles.length))
  const most = Math.min(LARGEST, Math.floor((room + LEAST_GAP) / count) - LEAST_GAP - BORDER)
  const scale = (most * ratio) / cols
  const side = (scale >= 1 ? Math.floor(scale) : scale) / ratio
  const tile = columns ? side * cols : Math.max(side * cols, FITTED) // words need room where a canvas is small
  const gap = count > 1 ? clamp((room - count * (tile + BORDER)) / (count - 1), LEAST_GAP, MOST_GAP) : 0
  return { count, page, gap, tile, width: side * cols, height: side * rows, enlarged: scale >= 1 }
}

/** @param {Pick<Arrangement, "count" | "page">} layout */
export function pageSize({ count, page }) {
  return count * Math.max(1, Math.floor(page / count))
}

/** @param {Tiles} view @param {number} index */
export function startOfPage(view, index) {
  const size = pageSize(view.layout)
  return Math.floor(hold(index, Math.max(1, view.titles.length)) / size) * size
}

/** @param {Grid & { values: Float32Array | Uint8Array }} view @param {number} index */
function mapAt({ rows, cols, values }, index) {
  return values.subarray(index * rows * cols, (index + 1) * rows * cols)
}

/** @param {Tiles} view @param {number} index */
function extremes(view, index) {
  const map = mapAt(view, index)
  let [low, peak] = [map[0], map[0]]
  for (const value of map) {
    if (value < low) low = value
    if (value > peak) peak = value
  }
  return { low, peak }
}

// {vmin, vmax} of a tile's scale and {low, peak} of its values, found when its page is first shown.
/** @param {Tiles} view @param {number} index */
export function rangeOf(view, index) {
  return (view.ranges[index] ??= findRange(view, extremes(view, index)))
}

/** @param {Pick<Tiles, "top" | "signed">} tiles @param {{ low: number, peak: number }} extremes */
export function findRange({ top, signed }, { low, peak }) {
  const vmax = top ?? Math.max(0, signed ? Math.max(peak, -low) : peak)
  return { vmin: signed ? -vmax : 0, vmax, low, peak }
}

// A map of one value has no scale: it gets the colour of zero.
/** @param {Float32Array | Uint8Array} map @param {Scale} range @param {boolean} signed @param {Uint8Array} lut */
function paintCells(map, { vmin, vmax }, signed, lut) {
  const pixels = new Uint8ClampedArray(4 * map.length).fill(255)
  map.forEach((value, i) => {
    const entry = entryAt(vmax > vmin ? (value - vmin) / (vmax - vmin) : signed ? 0.5 : 0)
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = lut[entry + c]
  })
  return pixels
}

/** @param {Pick<Tiles, "rows" | "cols" | "values">} tiles @param {number} index */
function paintRgb({ rows, cols, values }, index) {
  const pixels = new Uint8ClampedArray(4 * rows * cols).fill(255)
  const start = 3 * rows * cols * index
  for (let i = 0; i < rows * cols; i++) for (let c = 0; c < 3; c++) pixels[4 * i + c] = values[start + 3 * i + c]
  return pixels
}

/** @param {Tiles} view @param {HTMLCanvasElement} canvas @param {number} index */
export function drawTile(view, canvas, index) {
  const { rows, cols, content, signed } = view
  const pixels = content === "rgb" ? paintRgb(view, index)
    : paintCells(mapAt(view, index), rangeOf(view, index), signed, view.lut())
  if (canvas.width !== cols || canvas.height !== rows) Object.assign(canvas, { width: cols, height: rows })
  contextOf(canvas).putImageData(new ImageData(pixels, cols, rows), 0, 0)
}
