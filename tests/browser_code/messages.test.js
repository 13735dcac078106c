import assert from "node:assert/strict"
import { test } from "node:test"

import { bytesOf, SERVER, viewer } from "./where.js"

const stored = new Map()
globalThis.CustomEvent ??= class extends Event {
  constructor(kind, { detail }) {
    super(kind)
    this.detail = detail
  }
}
globalThis.sessionStorage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, text) }

const { decodePayload, decodeScales } = await viewer("payload")
const { announce, onLinked } = await viewer("link")
const { changeSettings, chosenScale, getSettings, lutOf, onSettings } = await viewer("settings")

test("the server's payload is read, also where its bytes begin within a longer message", () => {
  const bytes = bytesOf(SERVER.payload)
  const message = new Uint8Array([1, 2, 3, ...bytes])
  for (const payload of [decodePayload(bytes), decodePayload(message.subarray(3))]) {
    assert.equal(payload.header.name, "Z\u00fcrich")
    assert.deepEqual([...payload.blob("one")], [7])
    assert.deepEqual([...payload.floats("map")], SERVER.map.flat())
  }
})

test("colour scales are cut out of one array, in the order of their names", () => {
  const scales = decodeScales({ names: ["viridis", "vik"] }, bytesOf(SERVER.scales.viridis + SERVER.scales.vik))
  assert.deepEqual(Object.values(scales), [bytesOf(SERVER.scales.viridis), bytesOf(SERVER.scales.vik)])
})

test("settings are shared by name, told to those of the name, kept over a reload, and checked when read back", () => {
  let told = 0
  const end = new AbortController()
  onSettings((name) => name === "one", () => told++, end.signal)
  changeSettings("one", { opacity: 0.3 })
  changeSettings("other", { opacity: 0.4 })
  end.abort()
  changeSettings("one", { threshold: 0.1 })
  assert.equal(told, 1)
  assert.equal(getSettings("one").opacity, 0.3)
  assert.deepEqual(JSON.parse(stored.get("sightline.one")), getSettings("one"))
  stored.set("sightline.three", '{"opacity": "much", "between": "magic", "threshold": 0.2, "other": 1}')
  assert.deepEqual(getSettings("three"), { ...getSettings("fresh"), threshold: 0.2 })
  stored.set("sightline.four", '{"smooth": false}')
  assert.equal(getSettings("four").between, "nearest")
  stored.set("sightline.five", "{")
  assert.deepEqual(getSettings("five"), getSettings("fresh"))
})

test("a scale that is no longer there gives way to the first of its kind", () => {
  const [settings, tables] = [getSettings("fresh"), { cividis: 1, viridis: 2 }]
  assert.equal(chosenScale(settings, "sequential", tables), "viridis")
  assert.equal(chosenScale({ ...settings, sequential: "jet" }, "sequential", tables), "cividis")
  assert.equal(lutOf(settings, { vmin: -1, vmax: 1 }, { broc: 3 }), 3)
})

test("a place is told to the other views of the link and to nobody else", () => {
  const heard = []
  const { signal } = new AbortController()
  const views = ["a", "a", "b", null].map((link) => ({ link }))
  views.forEach((view, i) => onLinked(view, { place: (place, { spoken }) => heard.push([i, place, spoken]) }, signal))
  announce(views[0], { place: { x: 0.5, y: 0.25 }, spoken: true })
  announce(views[3], { place: null })
  announce(views[2], { hidden: true })
  assert.deepEqual(heard, [[1, { x: 0.5, y: 0.25 }, true]])
})
