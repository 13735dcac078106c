import assert from "node:assert/strict"
import { test } from "node:test"

import { mapOf, SERVER, viewer } from "./where.js"

const { centres, sampleMap } = await viewer("interpolate")
const { equationText, pixelTerms, sumOf } = await viewer("probe_terms")

const near = (drawn, expected, tolerance = 1e-6) => {
  assert.equal(drawn.length, expected.length)
  expected.forEach((value, i) => assert.ok(Math.abs(drawn[i] - value) <= tolerance, `${i}: ${drawn[i]}, not ${value}`))
}

for (const [mode, expected] of Object.entries(SERVER.interpolated)) {
  test(`${mode}: values between the cells, and the sum that makes each pixel, are torch's`, () => {
    const map = mapOf(SERVER.map)
    const [height, width] = [expected.length, expected[0].length]
    near([...sampleMap(map, centres(height, map.rows), centres(width, map.cols), mode)], expected.flat())
    expected.forEach((line, row) => line.forEach((value, col) => {
      const terms = pixelTerms(map, { height, width }, { row, col }, mode)
      near([sumOf(terms), terms.reduce((sum, { weight }) => sum + weight, 0)], [value, 1])
    }))
  })
}

test("bilinear: half-way between two cells lies their mean, and the edge is held", () => {
  const line = sampleMap(mapOf([[0, 4]]), Float64Array.of(0.5), Float64Array.of(0, 0.5, 1, 1.25, 2), "bilinear")
  near([...line], [0, 0, 2, 3, 4])
})

test("bicubic, a = -0.75: weights half-way are -0.09375 and 0.59375", () => {
  const line = sampleMap(mapOf([[1, 0, 0, 0]]), Float64Array.of(0.5), Float64Array.of(2, 1), "bicubic")
  near([...line], [-0.09375, 0.59375 - 0.09375]) // the first cell is counted twice where the edge is held
})

test("a pixel is written out as a sum, with true minus signs", () => {
  const terms = pixelTerms(mapOf([[1, -3]]), { height: 1, width: 4 }, { row: 0, col: 1 }, "bilinear")
  assert.equal(equationText(terms), "0.75\u00b71 + 0.25\u00b7(\u22123) = 0")
})
