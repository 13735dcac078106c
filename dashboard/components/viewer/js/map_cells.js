// Places on a picture and the cells of its map. A point is {x, y} in pixels of the original picture, and {row, col} of
// the map's cell, null where the model saw nothing or no map is shown.

import { clamp } from "./clamp.js"

export const KEY_GRID = 16 // cells a side for the arrow keys where no map is shown

export function pointAt(picture, map, x, y) {
  const [left, top, right, bottom] = picture.box
  const inside = x >= left && x < right && y >= top && y < bottom
  const cell = (part, n) => clamp(Math.floor(part * n), 0, n - 1)
  if (!map || !inside) return { x, y, row: null, col: null }
  return { x, y, row: cell((y - top) / (bottom - top), map.rows), col: cell((x - left) / (right - left), map.cols) }
}

// The middle of a cell, kept on the picture.
function pointOfCell(picture, grid, row, col) {
  const [left, top, right, bottom] = picture.box
  return {
    x: clamp(left + ((col + 0.5) / grid.cols) * (right - left), 0, picture.width - 0.01),
    y: clamp(top + ((row + 0.5) / grid.rows) * (bottom - top), 0, picture.height - 0.01),
  }
}

export function cellBox(picture, grid, row, col) {
  const [left, top, right, bottom] = picture.box
  const x = (c) => left + (c / grid.cols) * (right - left)
  const y = (r) => top + (r / grid.rows) * (bottom - top)
  return [x(col), y(row), x(col + 1), y(row + 1)]
}

export function strongestCell(map) {
  const at = map.values.reduce((best, value, i) => (value > map.values[best] ? i : best), 0)
  return { row: Math.floor(at / map.cols), col: at % map.cols }
}

export function cursorPoint(view) {
  const grid = view.map ?? { rows: KEY_GRID, cols: KEY_GRID }
  const { row, col } = view.cursor
  const cell = view.map ? { row, col } : { row: null, col: null }
  return { ...pointOfCell(view.picture, grid, row, col), ...cell }
}
