// One matrix: what Python sent, and drawing only those tiles that are new or drawn differently.

import { drawBar } from "./bar.js"
import { clamp } from "./clamp.js"
import { elementsByClass, find, onResize } from "./elements.js"
import { listenToTiles, setStop, showTable } from "./matrix_table.js"
import { drawSoon, mount } from "./mount.js"
import { decodePayload, decodeScales, takeImage } from "./payload.js"
import { fitSize, imageCanvas, sameSize } from "./scene.js"
import { getSettings, lutOf, onSettings } from "./settings.js"
import { drawTile } from "./tile.js"

const NARROWEST = 52 // CSS pixels of a tile's picture, and at most
const WIDEST = 168
const SMALL = 84 // below, the headings are small too
const PADDING = 14 // around a tile, in CSS pixels: css/matrix.css
const TALLEST = 1.3 // heights of a tile's width
const LINE = 15 // CSS pixels of a line of a reason: css/matrix.css

/** @param {Component} component */
export default (component) => mount(component, createMatrix, receive)

/** @param {ShadowRoot} root @param {AbortSignal} signal */
function createMatrix(root, signal) {
  const table = { table: find(root, "table"), head: find(root, "thead"), body: find(root, "tbody") }
  /** @type {Matrix["el"]} */
  const el = { ...elementsByClass(root), ...table }
  const view = /** @type {Matrix} */ ({ signal, el, cells: /** @type {MatrixCell[]} */ ([]) })
  view.settings = () => getSettings(view.name)
  view.lut = () => lutOf(view.settings(), view.heat, view.scales)
  listenToTiles(view, signal)
  onSettings((name) => name === view.name, () => schedule(view), signal)
  onResize(view.el.matrix, () => schedule(view), signal)
  return view
}

/** @param {Matrix} view @param {Component} component */
function receive(view, { data, setTriggerValue }) {
  const payload = decodePayload(data)
  const { header, blob, floats } = payload
  const { image, rows, columns, selected, choosable, reveal, settings: name, range, note } = header
  const scales = decodeScales(header.scales, blob("scales"))
  const cells = withMaps(header.cells, floats, view.cells)
  Object.assign(view, { setTriggerValue, image, rows, columns, cells, selected, choosable, reveal, name, scales })
  view.heat = range
  showTable(view)
  showBelow(view, note)
  if (cells.length) setStop(view, view.stop ?? { row: selected?.[0] ?? 0, col: selected?.[1] ?? 0 })
  takeImage(view, payload, schedule, () => {
    view.el.readout.textContent = "The browser cannot decode this picture."
  })
}

/**
 * A map that was here before keeps its samples.
 * @param {(MatrixCell | null)[]} headers @param {Payload["floats"]} floats @param {(MatrixCell | null)[]} before
 * @returns {(MatrixCell | null)[]}
 */
function withMaps(headers, floats, before) {
  const areas = new Map(before.filter((cell) => cell?.area).map((cell) => [cell?.digest, cell?.area]))
  let count = 0
  return headers.map((cell) => {
    if (!cell?.digest) return cell
    const { rows, cols, digest } = cell
    return { ...cell, map: { rows, cols, values: floats(`map${count++}`) }, area: areas.get(digest) }
  })
}

/** @param {Matrix} view @param {string} note */
function showBelow({ el, heat, cells }, note) {
  const done = cells.filter((cell) => cell !== null).length
  el.legend.hidden = !heat
  el["legend-title"].textContent = heat?.label ?? ""
  el["scale-note"].textContent = note
  el.progress.textContent = done < cells.length ? `${done} of ${cells.length}` : ""
}

/** @param {Matrix} view */
function schedule(view) {
  drawSoon(view, drawMatrix)
}

/** @param {Matrix} view */
function drawMatrix(view) {
  const { el, bitmap, image, columns } = view
  const room = el.scroller.clientWidth
  if (!bitmap || !room) return // in a hidden tab
  const widthOf = () => Math.floor((room - find(el.head, ".corner").offsetWidth) / columns.length) - PADDING
  el.matrix.classList.remove("small")
  el.matrix.classList.toggle("small", widthOf() < SMALL)
  const width = clamp(widthOf(), NARROWEST, WIDEST)
  const size = fitSize(image, width, TALLEST * width, devicePixelRatio)
  const height = size.height / devicePixelRatio
  el.matrix.style.setProperty("--tile", `${width}px`)
  el.matrix.style.setProperty("--frame", `${height}px`)
  el.matrix.style.setProperty("--lines", String(Math.max(1, Math.floor(height / LINE))))
  if (view.heat) drawBar(view)
  drawCells(view, bitmap, size)
}

/** @param {Matrix} view @param {CanvasImageSource} bitmap @param {Size} size */
function drawCells(view, bitmap, size) {
  const { el, image, cells, scales } = view
  const baseOf = `${image.digest} ${size.width} x ${size.height}`
  if (view.baseOf !== baseOf) Object.assign(view, { baseOf, base: imageCanvas(bitmap, image, size) })
  const canvases = el.body.querySelectorAll("canvas")
  const settings = JSON.stringify(view.settings())
  cells.forEach((cell, i) => {
    const canvas = canvases[i]
    const drawn = cell?.digest && `${cell.digest} ${cell.vmin} ${cell.vmax} ${baseOf} ${settings}`
    if (!drawn || canvas.dataset.drawn === drawn) return
    if (!sameSize(canvas, size)) Object.assign(canvas, size)
    canvas.style.width = `${size.width / devicePixelRatio}px`
    drawTile(canvas, { base: view.base, image, tile: cell, settings: view.settings(), scales })
    canvas.dataset.drawn = drawn
  })
}
