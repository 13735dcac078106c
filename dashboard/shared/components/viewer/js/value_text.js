// Numbers, values and places in words.

/** @param {number} value */
export function formatNumber(value) {
  if (value === 0) return "0"
  const size = Math.abs(value)
  const text = size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3)))
  return text.replaceAll("-", "\u2212")
}

/** @param {number} part */
export function percent(part) {
  return `${Math.round(100 * part)}\u202f%`
}

/** Rows and columns are counted from 1 for people. @param {MapPoint} point @param {Grid | null} map */
export function placeInWords(point, map) {
  const place = `x ${Math.floor(point.x)}, y ${Math.floor(point.y)} px`
  if (!map || point.row === null) return `${map ? "outside the part the model saw \u00b7 " : ""}${place}`
  return `row ${point.row + 1} of ${map.rows}, column ${point.col + 1} of ${map.cols} \u00b7 ${place}`
}

/** @param {CellMap | null} map @param {MapPoint} point */
export function valueAt(map, point) {
  return !map || point.row === null ? null : map.values[point.row * map.cols + point.col]
}

// What a map holds, for a tile: {vmin, vmax} of its scale, {low, peak} of its values.
/** @param {Pick<Measured, "vmin" | "low" | "peak">} tile */
export function extremesInShort({ vmin, low, peak }) {
  return vmin < 0 ? `${formatNumber(low)} to ${formatNumber(peak)}` : `max ${formatNumber(peak)}`
}
