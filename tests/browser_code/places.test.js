import assert from "node:assert/strict"
import { test } from "node:test"

import { mapOf, viewer } from "./where.js"

const { cellBox, cursorPoint, pointAt, pointOfCell, strongestCell } = await viewer("map_cells")
const { arrange, findRange, pageSize, startOfPage } = await viewer("tiles_page")
const { exportName, exportSize } = await viewer("download")
const { columnsFor } = await viewer("gallery")
const { firstPixel } = await viewer("probe")
const { extremesInShort, formatNumber, percent, placeInWords } = await viewer("value_text")

const IMAGE = { width: 100, height: 80, box: [10, 0, 90, 80] }
const GRID = { rows: 4, cols: 8 }

test("a point of the picture has the cell of the map under it, and none where the model saw nothing", () => {
  assert.deepEqual(pointAt(IMAGE, GRID, 25, 59), { x: 25, y: 59, row: 2, col: 1 })
  assert.deepEqual(pointAt(IMAGE, GRID, 89.9, 79.9), { x: 89.9, y: 79.9, row: 3, col: 7 })
  assert.deepEqual(pointAt(IMAGE, GRID, 90, 10), { x: 90, y: 10, row: null, col: null })
  assert.deepEqual(pointAt(IMAGE, null, 50, 10), { x: 50, y: 10, row: null, col: null })
})

test("a cell has its box and its middle", () => {
  assert.deepEqual(cellBox(IMAGE, GRID, 2, 1), [20, 40, 30, 60])
  assert.deepEqual(pointOfCell(IMAGE, GRID, 2, 1), { x: 25, y: 50 })
})

test("the keys start at the strongest cell", () => {
  const map = mapOf([[0, 1, 5], [5, -9, 2]])
  assert.deepEqual(strongestCell(map), { row: 0, col: 2 })
  const point = cursorPoint({ image: IMAGE, map, cursor: { row: 1, col: 0 } })
  assert.deepEqual([point.row, point.col, point.y], [1, 0, 60])
  assert.equal(cursorPoint({ image: IMAGE, map: null, cursor: { row: 8, col: 8 } }).row, null)
})

test("the probe starts beside the centre of the strongest cell", () => {
  assert.deepEqual(firstPixel(mapOf([[0, 3]]), { width: 20, height: 10 }), { row: 7, col: 17 }) // floor(0.7 * 10), 1.7 * 10
})

test("tiles stand in whole device pixels a cell, and a page is whole rows of them", () => {
  const titles = Array.from({ length: 64 }, String)
  const layout = arrange({ rows: 7, cols: 7, columns: null, titles, page: 30 }, 500, 2)
  assert.equal(layout.count, 5) // (500 + 8) / (76 + 8 + 8) = 5.5
  assert.equal(layout.width, 84) // (508 / 5 - 16) * 2 = 170 device pixels: 24 a cell, 168 in all
  assert.deepEqual([layout.height, layout.enlarged, pageSize(layout)], [84, true, 30])
  assert.equal(layout.gap, 10) // (500 - 5 * 92) / 4
  assert.equal(startOfPage({ layout, titles }, 59), 30)
  assert.equal(startOfPage({ layout, titles }, 9999), 60)
  assert.equal(pageSize({ count: 8, page: 5 }), 8)
})

test("a tile's scale runs from zero, or as far to both sides", () => {
  assert.deepEqual(findRange({ top: null, signed: false }, { low: -4, peak: 2 }), { vmin: 0, vmax: 2, low: -4, peak: 2 })
  assert.deepEqual(findRange({ top: null, signed: true }, { low: -4, peak: 2 }), { vmin: -4, vmax: 4, low: -4, peak: 2 })
  assert.equal(findRange({ top: 9, signed: true }, { low: -4, peak: 2 }).vmin, -9)
})

test("a gallery spreads its tiles evenly over as few rows as fit", () => {
  assert.equal(columnsFor(600, 5), 3) // four fit: two rows, three and two
  assert.equal(columnsFor(10, 3), 1)
})

test("a download has the original resolution within its limits, and never the picture's name", () => {
  assert.deepEqual(exportSize({ width: 4096, height: 2048 }), { width: 2048, height: 1024 })
  assert.deepEqual(exportSize({ width: 200, height: 300 }), { width: 600, height: 900 })
  assert.equal(exportName({ heat: { layer: "(features).12/relu" } }), "sightline-features-12-relu.png")
  assert.equal(exportName({ heat: null }), "sightline-picture.png")
})

test("numbers have three digits and true minus signs", () => {
  const written = [0, 1234.5, -0.00123, 123456, 1e-9].map(formatNumber)
  assert.deepEqual(written, ["0", "1230", "\u22120.00123", "1.23e+5", "1.00e\u22129"])
  assert.equal(percent(0.256), "26\u202f%")
})

test("rows and columns are counted from 1 for people", () => {
  assert.equal(placeInWords({ x: 25.7, y: 59, row: 2, col: 1 }, GRID), "row 3 of 4, column 2 of 8 \u00b7 x 25, y 59 px")
  const outside = { x: 95, y: 0, row: null, col: null }
  assert.equal(placeInWords(outside, GRID), "outside the part the model saw \u00b7 x 95, y 0 px")
  assert.equal(placeInWords(outside, null), "x 95, y 0 px")
})

test("what a map holds is said for both kinds of scale", () => {
  assert.equal(extremesInShort({ vmin: 0, low: 0, peak: 1.25 }), "max 1.25")
  assert.equal(extremesInShort({ vmin: -2, low: -2, peak: 1.25 }), "\u22122 to 1.25")
})
