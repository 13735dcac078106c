// Where things lie, and drawing them. Lengths are device pixels of one canvas unless said otherwise.

import { colourTable, paintField } from "./blend.js"
import { clamp } from "./clamp.js"
import { contextOf } from "./elements.js"
import { sampleMap } from "./interpolate.js"

const PIXELS_FROM = 8 // canvas pixels a picture pixel from which its pixels are shown as they are
const CUT_GAP = 1 / 24 // of the shorter side
const OUTSIDE_DIM = 0.4 // how much darker the part is that the model did not see

// The largest size of the picture's shape within the room given, in whole device pixels.
/** @param {Size} image @param {number} width @param {number} height @param {number} ratio */
export function fitSize(image, width, height, ratio) {
  const scale = Math.min((width * ratio) / image.width, (height * ratio) / image.height)
  return {
    width: Math.max(1, Math.round(image.width * scale)),
    height: Math.max(1, Math.round(image.height * scale)),
  }
}

// The pixels whose centres lie in [low, high) of one side: first, count, and each centre's position on the map's axis,
// which runs from 0 at low to n at high. scale: pixels per pixel of the original picture; size: pixels of the side.
/** @param {{ low: number, high: number, n: number, scale: number, size: number }} axis */
function axisArea({ low, high, n, scale, size }) {
  const first = clamp(Math.ceil(low * scale - 0.5), 0, size)
  const count = clamp(Math.ceil(high * scale - 0.5), first, size) - first
  const position = (/** @type {number} */ i) => (((first + i + 0.5) / scale - low) / (high - low)) * n
  return { first, count, positions: Float64Array.from({ length: count }, (_, i) => position(i)) }
}

/** @param {Frame} image @param {Grid} grid @param {Size} size */
function areaOf({ box: [left, top, right, bottom], width, height }, { rows, cols }, size) {
  return {
    across: axisArea({ low: left, high: right, n: cols, scale: size.width / width, size: size.width }),
    down: axisArea({ low: top, high: bottom, n: rows, scale: size.height / height, size: size.height }),
  }
}

// The map sampled at every pixel of a width x height canvas that the box covers.
/** @param {Frame} image @param {CellMap} map @param {Size} size @param {Between} between */
export function sampleArea(image, map, size, between) {
  const { across, down } = areaOf(image, map, size)
  const field = sampleMap(map, down.positions, across.positions, between)
  return { x: across.first, y: down.first, width: across.count, height: down.count, field }
}

/** @param {Size} size @returns {HTMLCanvasElement} */
export function newCanvas({ width, height }) {
  return Object.assign(document.createElement("canvas"), { width, height })
}

/** @param {Size} a @param {Size} b */
export function sameSize(a, b) {
  return a.width === b.width && a.height === b.height
}

// The picture, dimmed where the model did not see it.
/** @param {Context2D} context @param {CanvasImageSource} bitmap @param {Frame} image @param {Size} size */
export function layImage(context, bitmap, image, size) {
  context.imageSmoothingQuality = "high"
  context.imageSmoothingEnabled = size.width < PIXELS_FROM * image.width
  context.drawImage(bitmap, 0, 0, size.width, size.height)
  if (coversImage(image)) return
  const { x, y, width, height } = boxOn(image, size)
  context.beginPath()
  context.rect(0, 0, size.width, size.height)
  context.rect(x, y, width, height)
  context.fillStyle = `rgb(0 0 0 / ${OUTSIDE_DIM})`
  context.fill("evenodd")
}

/**
 * putImageData would replace the picture; drawing a canvas of the same pixels blends over it.
 * @param {Context2D} context @param {Sampled} area
 * @param {{ range: Scale, settings: Drawing, lut: Uint8Array }} drawing
 */
export function drawHeat(context, area, { range, settings, lut }) {
  if (!area.width || !area.height) return
  const table = colourTable(lut, settings.opacity, range.vmin < 0 ? "diverging" : "sequential")
  const pixels = paintField(area.field, range, settings.threshold, table)
  const layer = newCanvas(area)
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), area.width, area.height)
  contextOf(layer).putImageData(image, 0, 0)
  context.drawImage(layer, area.x, area.y)
}

/** @param {Frame} image */
export function coversImage({ box: [left, top, right, bottom], width, height }) {
  return left <= 0 && top <= 0 && right >= width && bottom >= height
}

/** The box in whole pixels of the canvas: the very pixels that carry heat. @param {Frame} image @param {Size} size */
export function boxOn(image, size) {
  const { across, down } = areaOf(image, { rows: 1, cols: 1 }, size)
  return { x: across.first, y: down.first, width: across.count, height: down.count }
}

// A light line in a dark one, to be seen on any picture, around the pixels of a rectangle; at the canvas's edge the
// light line moves inside.
/** @param {Context2D} context @param {Rect} rect @param {number} line */
export function outline(context, { x, y, width, height }, line) {
  const edge = line / 2
  Object.assign(context, { lineWidth: line, strokeStyle: "rgb(0 0 0 / .6)" })
  context.strokeRect(x - 3 * edge, y - 3 * edge, width + 6 * edge, height + 6 * edge)
  const [left, top] = [Math.max(edge, x - edge), Math.max(edge, y - edge)]
  const right = Math.min(context.canvas.width - edge, x + width + edge)
  const bottom = Math.min(context.canvas.height - edge, y + height + edge)
  context.strokeStyle = "#fff"
  context.strokeRect(left, top, right - left, bottom - top)
}

// Lines through a place, left open around it so that what is pointed at stays free.
/** @param {Context2D} context @param {Place} place @param {number} line */
export function crosshair(context, { x, y }, line) {
  tracePlace(context, { x, y }, 8 * line)
  for (const [lineWidth, strokeStyle] of [[3 * line, "rgb(0 0 0 / .55)"], [line, "#fff"]]) {
    Object.assign(context, { lineWidth, strokeStyle })
    context.stroke()
  }
}

// Where other planes cut a slice: two thin lines, left open around their crossing. at: shares of width and height.
/** @param {Context2D} context @param {Pair} place @param {number} line */
export function cutLines(context, [shareX, shareY], line) {
  const { width, height } = context.canvas
  const place = { x: Math.floor(shareX * width) + 0.5, y: Math.floor(shareY * height) + 0.5 }
  tracePlace(context, place, CUT_GAP * Math.min(width, height))
  Object.assign(context, { lineWidth: line, strokeStyle: "rgb(255 214 10 / .8)" })
  context.stroke()
}

// The outline of a lesion: closed lines, light in dark. contours: x and y in pixels of the picture, of which each is
// `scale` pixels of the canvas.
/** @param {Context2D} context @param {Pair[][]} contours @param {number} scale @param {number} line */
export function drawContours(context, contours, scale, line) {
  context.beginPath()
  for (const points of contours) {
    points.forEach(([x, y], i) => (i ? context.lineTo(x * scale, y * scale) : context.moveTo(x * scale, y * scale)))
    context.closePath()
  }
  for (const [lineWidth, strokeStyle] of [[4 * line, "rgb(0 0 0 / .55)"], [2 * line, "rgb(70 240 120)"]]) {
    Object.assign(context, { lineWidth, strokeStyle, lineJoin: "round" })
    context.stroke()
  }
}

/** @param {Context2D} context @param {Place} place @param {number} gap */
function tracePlace(context, { x, y }, gap) {
  const { width, height } = context.canvas
  context.beginPath()
  for (const [fromX, fromY, toX, toY] of [
    [0, y, x - gap, y], [x + gap, y, width, y], [x, 0, x, y - gap], [x, y + gap, x, height],
  ]) {
    context.moveTo(fromX, fromY)
    context.lineTo(toX, toY)
  }
}

// The picture alone, on a canvas of its own.
/** @param {CanvasImageSource} bitmap @param {Frame} image @param {Size} size */
export function imageCanvas(bitmap, image, size) {
  const base = newCanvas(size)
  layImage(contextOf(base), bitmap, image, size)
  return base
}
