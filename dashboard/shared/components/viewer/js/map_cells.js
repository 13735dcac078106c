// Places on a picture and the cells of its map. A point is {x, y} in pixels of the original picture, and {row, col} of
// the map's cell, null where the model saw nothing or no map is shown.

import { clamp } from "./clamp.js"

export const KEY_GRID = 16 // cells a side for the arrow keys where no map is shown

/** @param {Frame} image @param {Grid | null} map @param {number} x @param {number} y @returns {MapPoint} */
export function pointAt(image, map, x, y) {
  const [left, top, right, bottom] = image.box
  const inside = x >= left && x < right && y >= top && y < bottom
  /** @param {number} part @param {number} n */
  const cell = (part, n) => clamp(Math.floor(part * n), 0, n - 1)
  if (!map || !inside) return { x, y, row: null, col: null }
  return { x, y, row: cell((y - top) / (bottom - top), map.rows), col: cell((x - left) / (right - left), map.cols) }
}

// The middle of a cell, kept on the picture.
/** @param {Frame} image @param {Grid} grid @param {number} row @param {number} col */
export function pointOfCell(image, grid, row, col) {
  const [left, top, right, bottom] = image.box
  return {
    x: clamp(left + ((col + 0.5) / grid.cols) * (right - left), 0, image.width - 0.01),
    y: clamp(top + ((row + 0.5) / grid.rows) * (bottom - top), 0, image.height - 0.01),
  }
}

/** @param {Frame} image @param {Grid} grid @param {number} row @param {number} col @returns {Box} */
export function cellBox(image, grid, row, col) {
  const [left, top, right, bottom] = image.box
  const [width, height] = [right - left, bottom - top]
  const [x0, x1] = [col, col + 1].map((c) => left + (c / grid.cols) * width)
  const [y0, y1] = [row, row + 1].map((r) => top + (r / grid.rows) * height)
  return [x0, y0, x1, y1]
}

/** @param {CellMap} map */
export function strongestCell(map) {
  const at = map.values.reduce((best, value, i) => (value > map.values[best] ? i : best), 0)
  return { row: Math.floor(at / map.cols), col: at % map.cols }
}

/** @param {Viewer} view @returns {MapPoint} */
export function cursorPoint(view) {
  const grid = view.map ?? { rows: KEY_GRID, cols: KEY_GRID }
  const { row, col } = view.cursor ?? { row: 0, col: 0 }
  const place = pointOfCell(view.image, grid, row, col)
  return view.map ? { ...place, row, col } : { ...place, row: null, col: null }
}
