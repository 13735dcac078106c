import assert from "node:assert/strict"
import { test } from "node:test"

import { scatter, SERVER } from "./where.js"

const camera = await scatter("camera")
const { buildGrid, nearestPoint, pointsInSight } = await scatter("grid")
const { boxCorners, fewCorners, hexOfCodes } = await scatter("lasso")
const { drawingOrder } = await scatter("gpu")
const { colourInWords, hiddenInWords } = await scatter("map_text")
const { overlap } = await scatter("posts")

// 800 x 600 CSS pixels with a margin of 60 on each side: 480 pixels a unit.
const viewOf = (change) => ({
  room: { width: 800, height: 600 }, extent: [0, 0, 1, 1], camera: { x: 0.5, y: 0.5, zoom: 1 }, ...change,
})
const pointsOf = (places) => ({
  steps: Uint16Array.from(places.flat(), (part) => Math.round(65535 * part)), count: places.length,
  codes: Uint8Array.from(places, (_, i) => i), hidden: new Set(),
})
const near = (drawn, expected) => expected.forEach((value, i) => assert.ok(Math.abs(drawn[i] - value) < 1e-9, `${drawn}`))

test("the unit square lies upright in the middle of the stage, and back", () => {
  const view = viewOf()
  assert.equal(camera.scaleOf(view), 480)
  near(camera.toScreen(view, 0.5, 0.5), [400, 300])
  near(camera.toScreen(view, 1, 1), [640, 60])
  near(camera.toUnit(view, 640, 60), [1, 1])
  near(camera.toScreen(viewOf({ camera: { x: 1, y: 1, zoom: 2 } }), 1, 0.5), [400, 780])
})

test("zooming keeps the place under the pointer, and stays within its bounds", () => {
  const view = viewOf()
  const before = camera.toUnit(view, 700, 100)
  near(camera.toUnit({ ...view, camera: camera.zoomAt(view, 3, 700, 100) }, 700, 100), before)
  assert.deepEqual([camera.zoomAt(view, 1e9).zoom, camera.zoomAt(view, 1e-9).zoom], [200, 0.5])
  assert.deepEqual(camera.wholeMap({ extent: [0, 0.2, 0.5, 1] }), { x: 0.25, y: 0.6, zoom: 1 })
})

test("Python's coordinates and the unit square are each other's inverse", () => {
  const cloud = { origin: [-3, 10], span: 4 }
  assert.deepEqual(camera.unitOf(cloud, -1, 13), [0.5, 0.75])
  assert.deepEqual(camera.dataOf(cloud, 0.5, 0.75), [-1, 13])
})

test("points shrink with their number, and grow more slowly than the distances between them", () => {
  const size = (count, zoom) => camera.pointSize(viewOf({ gpu: { count }, camera: { x: 0, y: 0, zoom } }))
  assert.equal(size(10, 1), 9)
  assert.equal(size(30_000, 1), 2) // half of sqrt(800 * 600 / 30000)
  assert.equal(size(1e6, 1), 1.5)
  near([size(30_000, 32)], [2 * 32 ** 0.3])
})

test("every point lies in one cell of the grid", () => {
  const { steps, count } = pointsOf([[0, 0], [1, 1], [0.5, 0.5], [0.501, 0.5], [1, 0]])
  const { side, start, points } = buildGrid(steps, count)
  assert.equal(side, 16)
  assert.deepEqual([...points].sort(), [0, 1, 2, 3, 4])
  const cellOf = (column, row) => [...points.slice(start[row * side + column], start[row * side + column + 1])]
  assert.deepEqual([cellOf(0, 0), cellOf(15, 15), cellOf(15, 0)], [[0], [1], [4]])
})

test("the nearest shown point within reach is found, as by looking at all", () => {
  let seed = 7
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647 // Park and Miller 1988
  const view = { ...viewOf(), ...pointsOf(Array.from({ length: 200 }, () => [random(), random()])), grid: null }
  view.hidden = new Set([3, 50, 51, 52])
  for (let i = 0; i < 50; i++) {
    const [left, top] = [800 * random(), 600 * random()]
    const away = (index) => Math.hypot(...camera.pointOnScreen(view, index).map((at, axis) => at - [left, top][axis]))
    const shown = Array.from({ length: 200 }, (_, index) => index).filter((index) => !view.hidden.has(index))
    const best = shown.reduce((a, b) => (away(b) < away(a) ? b : a))
    assert.equal(nearestPoint(view, left, top, 30), away(best) <= 30 ? best : null)
  }
  assert.equal(nearestPoint({ ...view, count: 0 }, 1, 1, 30), null)
})

test("the points in sight are listed only while they are few", () => {
  const view = { ...viewOf({ camera: { x: 0.25, y: 0.25, zoom: 4 } }), ...pointsOf([[0.2, 0.2], [0.3, 0.3], [0.9, 0.9]]) }
  assert.deepEqual(pointsInSight(view, 2).sort(), [0, 1])
  assert.equal(pointsInSight(view, 1), null)
})

test("a lasso keeps the corners that make its shape, and no more than wanted", () => {
  const square = [[0, 0], [50, 0.2], [100, 0], [100, 50], [100, 100], [50, 100], [0, 100], [0, 50], [0, 1]]
  assert.deepEqual(fewCorners(square, 6), [[0, 0], [100, 0], [100, 100], [0, 100], [0, 1]])
  const circle = Array.from({ length: 400 }, (_, i) => [100 * Math.cos(i / 64), 100 * Math.sin(i / 64)])
  const corners = fewCorners(circle, 32)
  assert.ok(corners.length <= 32 && corners.length >= 8)
  assert.ok(corners.every((corner) => circle.includes(corner)))
})

test("a box has four corners, and a click none of them apart", () => {
  assert.deepEqual(boxCorners([[1, 2], [5, 9]]), [[1, 2], [5, 2], [5, 9], [1, 9]])
  assert.deepEqual(boxCorners([[1, 2]]), [[1, 2], [1, 2], [1, 2], [1, 2]])
})

test("hidden codes are written as the server reads them", () => {
  const { codes, text } = SERVER.hidden
  assert.equal(hexOfCodes(new Set(codes)), text)
  assert.equal(hexOfCodes(new Set()), "")
  assert.equal(hexOfCodes(new Set([255])).length, 64)
})

test("the order of drawing has every point once, and its beginning is a fair sample", () => {
  for (const count of [1, 2, 10, 1000]) {
    assert.deepEqual([...drawingOrder(count)].sort((a, b) => a - b), Array.from({ length: count }, (_, i) => i))
  }
  const tenths = new Set([...drawingOrder(1000).slice(0, 30)].map((index) => Math.floor(index / 100)))
  assert.equal(tenths.size, 10)
})

test("a colour is said by its class, or by its value on a scale", () => {
  const legend = { label: "Class", entries: [[0, "cat", 3], [2, "dog", 1]], ends: null }
  const view = { legend, codes: [2, 127], hidden: new Set([2]) }
  assert.equal(colourInWords(view, 0), "Class: dog")
  assert.equal(hiddenInWords(view), "Hidden: dog.")
  const scale = { label: "Loss", entries: [], ends: [1, 3] }
  assert.equal(colourInWords({ ...view, legend: scale }, 1), "Loss: about 2") // code 127 of 254
})

test("labels overlap when they come closer than 4 pixels", () => {
  assert.ok(overlap([0, 0, 10, 10], [13, 0, 20, 10]))
  assert.ok(!overlap([0, 0, 10, 10], [14, 0, 20, 10]))
})
