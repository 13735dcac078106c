// A pixel of the upsampled map as a sum over cells of the native grid.

import { make } from "./elements.js"
import { TAPS } from "./interpolate.js"
import { formatNumber } from "./value_text.js"

export const TITLES = {
  nearest: "Nearest", bilinear: "Bilinear", aligned: "Bilinear, corners aligned", bicubic: "Bicubic",
}
const NO_WEIGHT = 1e-12 // what rounding leaves of a weight of 0

// [{row, col, weight, value}] of a pixel of a size {height, width}; at an edge one cell may count twice,
// and is then one term.
/** @param {CellMap} map @param {Size} size @param {Cell} cell @param {Between} mode */
export function pixelTerms(map, size, { row, col }, mode) {
  /** @param {number} i @param {number} m @param {number} n */
  const taps = (i, m, n) => TAPS[mode](((i + 0.5) / m) * n, n, m)
  const weights = new Map()
  for (const [r, down] of taps(row, size.height, map.rows)) {
    for (const [c, across] of taps(col, size.width, map.cols)) {
      const at = r * map.cols + c
      weights.set(at, (weights.get(at) ?? 0) + down * across)
    }
  }
  return [...weights]
    .filter(([, weight]) => Math.abs(weight) > NO_WEIGHT)
    .map(([at, weight]) => ({ row: Math.floor(at / map.cols), col: at % map.cols, weight, value: map.values[at] }))
}

/** @param {Term[]} terms */
export function sumOf(terms) {
  return terms.reduce((sum, { weight, value }) => sum + weight * value, 0)
}

/** @param {Term[]} terms */
export function equationText(terms) {
  const parts = terms.map((term, i) => signOf(term, i) + termText(term))
  return `${parts.join("")} = ${formatNumber(sumOf(terms))}`
}

/** @param {Term} term @param {number} i */
function signOf({ weight }, i) {
  if (weight < 0) return i ? " \u2212 " : "\u2212"
  return i ? " + " : ""
}

/** @param {Term} term */
function termText({ weight, value }) {
  return `${roundWeight(Math.abs(weight), 3)}\u00b7${valueText(value)}`
}

// Bicubic weights may be tiny, but none that counts is written as 0.
/** @param {number} weight @param {number} decimals */
export function roundWeight(weight, decimals) {
  const rounded = Number(weight.toFixed(decimals)) || Number(weight.toPrecision(1))
  return String(rounded).replace("-", "\u2212")
}

/** @param {number} value */
function valueText(value) {
  return value < 0 ? `(${formatNumber(value)})` : formatNumber(value)
}

/** @param {Term[]} terms */
export function equationNodes(terms) {
  const nodes = terms.flatMap((term, i) => {
    const weight = make("span", "weight", roundWeight(Math.abs(term.weight), 3))
    return [signOf(term, i), make("span", "term", weight, `\u00b7${valueText(term.value)}`)]
  })
  return [...nodes, " = ", make("strong", "result", formatNumber(sumOf(terms)))]
}

/** @param {Cell} cell @param {Size} size @param {Term[]} terms */
export function pixelInWords({ row, col }, { width, height }, terms) {
  const cells = terms.length === 1 ? "1 cell" : `${terms.length} cells`
  const total = formatNumber(terms.reduce((sum, { weight }) => sum + weight, 0))
  const place = `Pixel in row ${row + 1} of ${height}, column ${col + 1} of ${width}`
  return `${place} \u00b7 ${cells}, weights add up to ${total}`
}
