import assert from "node:assert/strict"
import { test } from "node:test"

import { bytesOf, SERVER, viewer } from "./where.js"

const { createStack, decodeSlice, mapsBySlice, nearTo, sliceAt } = await viewer("stack")
const { draggedWindow, sameWindow, windowTable } = await viewer("windowing")
const { wheelSteps } = await viewer("stack")
const { crossing, numbersAt } = await viewer("planes")

const WINDOW = { center: 40, width: 80, table: null }

for (const { grey, ...window } of SERVER.greys) {
  test(`a slice has the server's grey: level ${window.center}, width ${window.width}, table ${window.table}`, () => {
    const slice = decodeSlice(bytesOf(SERVER.slice.bytes).buffer)
    const table = windowTable(window, SERVER.slice)
    assert.deepEqual([slice.height, slice.width, slice.grey], [grey.length, grey[0].length, true])
    slice.values.forEach((level, i) => {
      const pixel = table[level]
      assert.ok(Math.abs((pixel & 255) - grey.flat()[i]) <= 1)
      assert.deepEqual([pixel >>> 24, (pixel >> 16) & 255, (pixel >> 8) & 255], [255, pixel & 255, pixel & 255])
    })
    assert.equal(table[0], 0xff000000) // no number
  })
}

test("dragging by 300 pixels to the right widens by the first preset's width, and down raises the level by it", () => {
  assert.deepEqual(draggedWindow(WINDOW, { x: 300, y: -150 }, { width: 400 }), { center: -160, width: 480, table: null })
  assert.equal(draggedWindow(WINDOW, { x: -9999, y: 0 }, { width: 400 }).width, 0.8)
})

test("windows are the same by level, width and table", () => {
  assert.ok(sameWindow(WINDOW, { ...WINDOW }) && sameWindow(undefined, undefined))
  assert.ok(!sameWindow(WINDOW, { ...WINDOW, table: [1, 0] }) && !sameWindow(WINDOW, undefined))
})

test("a notch of the wheel is one slice, and a touch pad's pixels add up to one", () => {
  const view = {}
  const turns = [[120, 0], [-120, 0], [3, 1], [20, 0], [20, 0], [-40, 0]]
  const steps = turns.map(([deltaY, deltaMode]) => wheelSteps(view, { deltaY, deltaMode }))
  assert.deepEqual(steps, [1, -1, 1, 0, 1, -1]) // 20 + 20 = 30 + 10 left; 10 - 40 = -30
})

test("the nearest slices are fetched first, four at a time, in the direction of the scrolling", async () => {
  const requested = []
  globalThis.fetch = (url) => new Promise((resolve) => requested.push({ index: Number(url.split("/").at(-1)), resolve }))
  const come = []
  const stack = createStack({ url: "slices/x", count: 10 }, (index) => come.push(index), { ahead: 3, behind: 1 })
  nearTo(stack, 5)
  assert.deepEqual(requested.map(({ index }) => index), [5, 6, 4, 7])
  requested[0].resolve({ ok: true, arrayBuffer: async () => bytesOf(SERVER.slice.bytes).buffer })
  await new Promise(setImmediate)
  assert.deepEqual([come, sliceAt(stack, 5).width, sliceAt(stack, 6)], [[5], 3, null])
  assert.equal(requested.at(-1).index, 8)
  requested[1].resolve({ ok: false, status: 404 })
  await new Promise(setImmediate)
  assert.deepEqual([stack.failed, requested.length], [true, 5])
})

test("the maps of several slices lie one behind the other", () => {
  const slices = [{ index: 4, box: [0, 0, 1, 1], top: 2 }, { index: 9, box: [0, 0, 1, 1], top: 3 }]
  const maps = mapsBySlice({ rows: 1, cols: 2, slices }, Float32Array.of(1, 2, 3, 4), { label: "gradient" })
  assert.deepEqual([...maps.keys()], [4, 9])
  assert.deepEqual([...maps.get(9).map.values], [3, 4])
  assert.deepEqual(maps.get(9).heat, { label: "gradient", vmin: -3, vmax: 3 })
})

test("a place in a plane's picture and the numbers of the slices that cross there are each other's inverse", () => {
  const planes = { numbers: { sagittal: 0, coronal: 9 }, counts: { sagittal: 4, coronal: 10 } }
  const axial = { along: ["sagittal", "coronal"] }
  const [x, y] = crossing(planes, axial)
  assert.ok(Math.abs(x - 0.875) < 1e-12 && Math.abs(y - 0.05) < 1e-12) // 1 - 0.5 / 4 and 1 - 9.5 / 10
  assert.deepEqual(numbersAt(planes, axial, [x, y]), planes.numbers)
})
