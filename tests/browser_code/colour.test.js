import assert from "node:assert/strict"
import { test } from "node:test"

import { bytesOf, mapOf, SERVER, viewer } from "./where.js"

const { colourAt, colourTable, paintField } = await viewer("blend")
const { boxOn, fitSize, sampleArea } = await viewer("scene")
const { cutInWords } = await viewer("bar")

const VIRIDIS = bytesOf(SERVER.scales.viridis)
const rgba = (pixels) => Array.from(new Uint8Array(pixels.buffer))

for (const [evidence, name, kind, vmin] of [["for", "viridis", "sequential", 0], ["both", "vik", "diverging", -1.2]]) {
  test(`a map over grey has the colours of the server's overlay, evidence ${evidence}`, () => {
    const [height, width] = SERVER.size
    const map = mapOf(SERVER.map)
    const area = sampleArea({ width, height, box: SERVER.box }, map, { width, height }, "bilinear")
    const table = colourTable(bytesOf(SERVER.scales[name]), 0.8, kind)
    const painted = rgba(paintField(area.field, { vmin, vmax: Math.fround(1.2) }, 0.1, table))
    let drawn = 0
    SERVER.overlays[evidence].forEach((line, y) => line.forEach((expected, x) => {
      const [column, row] = [x - area.x, y - area.y]
      const inside = column >= 0 && row >= 0 && column < area.width && row < area.height
      const at = 4 * (row * area.width + column)
      const alpha = inside ? painted[at + 3] / 255 : 0
      drawn += alpha > 0
      expected.forEach((value, c) => {
        const seen = inside ? 128 * (1 - alpha) + painted[at + c] * alpha : 128
        assert.ok(Math.abs(seen - value) <= 2, `${y}, ${x}: ${seen}, not ${value}`) // alpha has 1024 levels here
      })
    }))
    assert.ok(drawn > 50)
  })
}

test("a share of a scale has the colour of matplotlib's rule, entry floor(256 t), and beyond its ends theirs", () => {
  const entry = (i) => [...VIRIDIS.subarray(3 * i, 3 * i + 3)]
  for (const [share, i] of [[0, 0], [0.5, 128], [0.999, 255], [1, 255], [7, 255], [-1, 0]]) {
    assert.deepEqual([...colourAt(VIRIDIS, share)], entry(i))
  }
  assert.deepEqual(entry(0), [68, 1, 84])
})

test("alpha rises in a straight line to the opacity at a quarter of the scale", () => {
  const table = colourTable(VIRIDIS, 0.6, "sequential")
  const alpha = (level) => table[level] >>> 24
  assert.deepEqual([alpha(0), alpha(128), alpha(256), alpha(1023)], [0, 77, 153, 153]) // 0.6 * 255 = 153
})

test("nothing is drawn at or below zero nor below the threshold, and both signs of a diverging scale are", () => {
  const drawn = (values, range, threshold, kind) => {
    const painted = rgba(paintField(Float32Array.from(values), range, threshold, colourTable(VIRIDIS, 1, kind)))
    return painted.filter((_, i) => i % 4 === 3)
  }
  assert.deepEqual(drawn([-3, 0, 0.79, 0.81, 1.6, NaN], { vmin: 0, vmax: 2 }, 0.4, "sequential"), [0, 0, 0, 255, 255, 0])
  assert.deepEqual(drawn([-2, -0.5, 0, 0.5, 2], { vmin: -2, vmax: 2 }, 0.3, "diverging"), [255, 0, 0, 0, 255])
})

test("what is hidden is said, around the middle or from the start", () => {
  assert.equal(cutInWords(0, 0), "")
  assert.equal(cutInWords(0, 0.25), ", hidden below 0.25")
  assert.equal(cutInWords(-1, 0.25), ", hidden within \u00b10.25")
})

test("a picture keeps its shape in the room, in whole device pixels, and its box covers pixels by their centres", () => {
  assert.deepEqual(fitSize({ width: 600, height: 400 }, 300, 300, 1.5), { width: 450, height: 300 })
  assert.deepEqual(fitSize({ width: 4000, height: 1 }, 100, 100, 1), { width: 100, height: 1 })
  const box = boxOn({ width: 10, height: 10, box: [2, 2.5, 8, 7.6] }, { width: 10, height: 20 })
  assert.deepEqual(box, { x: 2, y: 5, width: 6, height: 10 }) // rows 5 to 14: 2.5 * 2 = 5 up to 7.6 * 2 = 15.2
})
