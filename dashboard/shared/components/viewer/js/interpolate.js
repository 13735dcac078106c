// Values between the cells of a map, as torch.nn.functional.interpolate gives them; edges are held. A position p on an
// axis of n cells runs from 0 to n; cell i covers [i, i + 1) and its centre lies at i + 1/2. m is the number of pixels
// on which the axis is drawn.
//
// nearest   mode="nearest-exact": the cells themselves
// bilinear  mode="bilinear", align_corners=False: cell and pixel edges coincide
// aligned   mode="bilinear", align_corners=True: the centres of the first and of the last cell lie on the outermost
//           pixels, so that the map is stretched by half a cell at each side
// bicubic   mode="bicubic", align_corners=False: may rise above the largest cell and fall below the smallest

import { hold } from "./clamp.js"

const CUBIC = -0.75 // torch's; Keys (1981) and PIL have -0.5

/** @typedef {[index: number, weight: number]} Tap @typedef {ReturnType<typeof axisTaps>} AxisTaps */

/**
 * The pairs that make up the value at position p of n cells, drawn on m pixels.
 * @type {Record<Between, (p: number, n: number, m: number) => Tap[]>}
 */
export const TAPS = {
  nearest: (p, n) => [[hold(Math.floor(p), n), 1]],
  bilinear: (p, n) => linearTaps(p - 0.5, n),
  aligned: (p, n, m) => linearTaps(m > 1 ? ((p / n) * m - 0.5) * ((n - 1) / (m - 1)) : 0, n),
  bicubic: (p, n) => cubicTaps(p - 0.5, n),
}

/** q counts from the centre of the first cell. @param {number} q @param {number} n @returns {Tap[]} */
function linearTaps(q, n) {
  const held = hold(q, n)
  const low = Math.floor(held)
  return [[low, 1 - (held - low)], [hold(low + 1, n), held - low]]
}

/** @param {number} q @param {number} n @returns {Tap[]} */
function cubicTaps(q, n) {
  const low = Math.floor(q)
  const t = q - low
  return [1 + t, t, 1 - t, 2 - t].map((distance, i) => [hold(low - 1 + i, n), cubicWeight(distance)])
}

/** The cubic convolution kernel at a distance of 0 to 2 cells. @param {number} d */
function cubicWeight(d) {
  if (d <= 1) return ((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1
  return CUBIC * (((d - 5) * d + 8) * d - 4)
}

/** The positions of m pixels' centres on an axis of n cells. @param {number} m @param {number} n */
export function centres(m, n) {
  return Float64Array.from({ length: m }, (_, i) => ((i + 0.5) / m) * n)
}

/** @param {Float64Array} positions @param {number} n @param {Between} mode */
function axisTaps(positions, n, mode) {
  const m = positions.length > 1 ? n / (positions[1] - positions[0]) : 1
  const taps = Array.from(positions, (p) => TAPS[mode](p, n, m))
  return {
    count: taps.length ? taps[0].length : 0,
    index: Int32Array.from(taps.flat(), ([index]) => index),
    weight: Float64Array.from(taps.flat(), ([, weight]) => weight),
  }
}

// map {values, rows, cols} at every pair of ys, xs (grid positions): Float32Array (ys.length, xs.length).
/** @param {CellMap} map @param {Float64Array} ys @param {Float64Array} xs @param {Between} mode */
export function sampleMap(map, ys, xs, mode) {
  const down = axisTaps(ys, map.rows, mode)
  const across = axisTaps(xs, map.cols, mode)
  const field = new Float32Array(ys.length * xs.length)
  const line = new Float64Array(map.cols)
  for (let y = 0; y < ys.length; y++) {
    blendRows(map, down, y, line)
    sampleLine(line, across, field.subarray(y * xs.length, (y + 1) * xs.length))
  }
  return field
}

/** @param {CellMap} map @param {AxisTaps} down @param {number} y @param {Float64Array} line */
function blendRows(map, down, y, line) {
  line.fill(0)
  for (let k = y * down.count; k < (y + 1) * down.count; k++) {
    const start = down.index[k] * map.cols
    for (let c = 0; c < map.cols; c++) line[c] += down.weight[k] * map.values[start + c]
  }
}

/** @param {Float64Array} line @param {AxisTaps} across @param {Float32Array} row */
function sampleLine(line, across, row) {
  const { count, index, weight } = across
  for (let x = 0, k = 0; x < row.length; x++) {
    let value = 0
    for (let tap = 0; tap < count; tap++, k++) value += weight[k] * line[index[k]]
    row[x] = value
  }
}
