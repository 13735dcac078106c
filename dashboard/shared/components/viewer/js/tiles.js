// One grid of tiles: what Python sent, the page that is shown, and drawing it. A canvas has a pixel a cell; the browser
// enlarges it without blur.

import { drawBar } from "./bar.js"
import { clamp, hold } from "./clamp.js"
import {
  around, childrenOf, elementsByClass, find, keepCount, listening, make, makeButton, onResize, shareOf,
} from "./elements.js"
import { ARROWS, isCommand } from "./keyboard.js"
import { drawSoon, mount } from "./mount.js"
import { decodePayload, decodeScales } from "./payload.js"
import { chosenScale, getSettings, onSettings } from "./settings.js"
import { arrange, drawTile, pageSize, rangeOf, startOfPage } from "./tiles_page.js"
import { extremesInShort, formatNumber } from "./value_text.js"

/** @param {Component} component */
export default (component) => mount(component, createTiles, receive)

/** @param {ShadowRoot} root @param {AbortSignal} signal */
function createTiles(root, signal) {
  /** @type {Tiles["el"]} */
  const el = { ...elementsByClass(root), live: find(root, "[aria-live]") }
  const view = /** @type {Tiles} */ ({ signal, el, first: 0, stop: 0, spot: make("span", "spot") })
  view.settings = () => ({ ...getSettings(view.name), threshold: 0 })
  view.lut = () => view.scales[chosenScale(view.settings(), view.signed ? "diverging" : "sequential", view.scales)]
  listenToPointer(view, signal)
  listenToKeys(view, signal)
  onSettings((name) => name === view.name, () => drawSoon(view, drawPage), signal)
  onResize(el.tiles, () => relayout(view), signal)
  return view
}

/** @param {Tiles} view @param {Component} component */
function receive(view, { data, setTriggerValue }) {
  const { header, blob, floats } = decodePayload(data)
  const { settings: name, scales, ...sent } = header
  const { label, top, signed, selected } = sent
  const heat = top > 0 ? { vmin: signed ? -top : 0, vmax: top, label, ends: null } : null
  const moved = selected !== null && selected !== view.selected
  const values = sent.content === "rgb" ? blob("maps") : floats("maps")
  Object.assign(view, sent, { setTriggerValue, name, heat, values, ranges: [] })
  view.scales = decodeScales(scales, blob("scales"))
  if (moved) Object.assign(view, { first: selected, stop: selected })
  view.stop = hold(view.stop, Math.max(1, view.titles.length))
  showBelow(view)
  relayout(view)
}

/** @param {Tiles} view */
function showBelow({ el, heat, content, top, choosable, titles, label }) {
  el.legend.hidden = !heat
  el["legend-title"].textContent = heat ? heat.label : ""
  el["scale-note"].textContent = content === "values" && top === null ? "Each map has its own colour scale." : ""
  el.grid.classList.toggle("choosable", choosable)
  el.grid.setAttribute("aria-label", `${titles.length} maps of ${label}`)
}

/** @param {Tiles} view */
function relayout(view) {
  const room = view.el.tiles.clientWidth
  if (!room || !view.titles) return // in a hidden tab
  const { layout } = view
  view.layout = arrange(view, room, devicePixelRatio)
  view.first = startOfPage(view, layout && layout.count !== view.layout.count ? view.stop : view.first)
  const { count, gap, tile, width, height, enlarged } = view.layout
  view.el.grid.style.setProperty("--columns", String(count))
  for (const [name, length] of Object.entries({ gap, tile, width, height })) {
    view.el.grid.style.setProperty(`--${name}`, `${length}px`)
  }
  view.el.grid.classList.toggle("enlarged", enlarged)
  showTiles(view)
}

/** @param {Tiles} view @param {number} index */
function turnTo(view, index) {
  const first = startOfPage(view, index)
  if (first === view.first) return
  view.first = first
  showTiles(view)
}

/** Buttons are kept from page to page and from run to run. @param {Tiles} view */
function showTiles(view) {
  const { el, first, titles } = view
  const size = pageSize(view.layout)
  const shown = Math.min(size, titles.length - first)
  keepCount(el.grid, shown, newTile)
  childrenOf(el.grid).forEach((button, i) => showTile(view, button, first + i))
  el.pages.hidden = titles.length <= size
  el.previous.disabled = first === 0
  el.next.disabled = first + size >= titles.length
  el.range.textContent = `${first + 1}\u2013${first + shown} of ${titles.length}`
  setStop(view, clamp(view.stop, first, first + shown - 1))
  showSpot(view)
  drawSoon(view, drawPage)
}

function newTile() {
  const frame = make("span", "frame", make("canvas", "scene"))
  return makeButton("tile", frame, make("span", "name"), " ", make("span", "detail"))
}

/** @param {Tiles} view @param {HTMLElement} button @param {number} index */
function showTile(view, button, index) {
  const [, name, detail] = button.children
  const [title, ...lines] = view.titles[index].split("\n")
  const range = view.content === "values" && rangeOf(view, index)
  name.textContent = title
  detail.textContent = [...lines, ...(range ? [extremesInShort(range)] : [])].join("\n")
  button.title = [title, ...lines].join(", ")
  button.ariaLabel = title ? null : view.label // a tile is named by what stands on it
  if (view.choosable) button.setAttribute("aria-pressed", String(index === view.selected))
}

/** @param {Tiles} view */
function drawPage(view) {
  view.el.grid.querySelectorAll("canvas").forEach((canvas, i) => drawTile(view, canvas, view.first + i))
  if (view.heat) drawBar(view)
}

// Pointing at a cell of a tile: its value, and an outline around it.

/** @param {Tiles} view @param {AbortSignal} signal */
function listenToPointer(view, signal) {
  const { grid } = view.el
  const on = listening(signal)
  const point = (/** @type {PointerEvent} */ event) => readCell(view, cellOfEvent(view, event))
  on(grid, "pointermove", point)
  on(grid, "pointerdown", point)
  on(grid, "pointerleave", (event) => event.pointerType !== "touch" && readCell(view, null))
  on(grid, "click", (event) => choose(view, indexOfEvent(view, event)))
}

/** @param {Tiles} view @param {Event} event */
function indexOfEvent({ el, first }, event) {
  const button = around(event, "button")
  return button && first + childrenOf(el.grid).indexOf(button)
}

/** {index, row, col}, or null beside the canvases. @param {Tiles} view @param {PointerEvent} event */
function cellOfEvent(view, event) {
  const [canvas, index] = [around(event, "canvas"), indexOfEvent(view, event)]
  if (!canvas || index === null) return null
  const { x, y } = shareOf(canvas, event)
  return { index, row: hold(Math.floor(y * view.rows), view.rows), col: hold(Math.floor(x * view.cols), view.cols) }
}

/** @param {Tiles} view @param {TileCell | null} cell */
function readCell(view, cell) {
  view.cell = cell
  view.el.value.textContent = cell ? valueInWords(view, cell) : ""
  view.el.place.textContent = cell ? cellInWords(view, cell) : ""
  showSpot(view)
}

/** @param {Tiles} view @param {TileCell} cell @returns {string} */
function valueInWords({ rows, cols, content, values }, { index, row, col }) {
  const at = (index * rows + row) * cols + col
  return content === "rgb" ? `RGB ${values.subarray(3 * at, 3 * at + 3).join(", ")}` : formatNumber(values[at])
}

/** @param {Tiles} view @param {TileCell} cell */
function cellInWords({ titles, rows, cols }, { index, row, col }) {
  return `${titles[index].split("\n")[0]} \u00b7 row ${row + 1} of ${rows}, column ${col + 1} of ${cols}`
}

/** @param {Tiles} view */
function showSpot({ el, spot, cell, first, rows, cols }) {
  const button = cell && el.grid.children[cell.index - first]
  if (!button) return spot.remove()
  /** @param {number} length @param {number} n */
  const part = (length, n) => `${(100 * length) / n}%`
  Object.assign(spot.style, {
    left: part(cell.col, cols), top: part(cell.row, rows), width: part(1, cols), height: part(1, rows),
  })
  childrenOf(button)[0].append(spot)
}

// The tile is marked at once; the next run of the server confirms it.
/** @param {Tiles} view @param {number | null} index */
function choose(view, index) {
  if (index === null || !view.choosable) return
  view.selected = index
  showTiles(view)
  view.setTriggerValue("choose", index)
}

// Keys: arrows go from tile to tile and on to the next page, with Shift from cell to cell; the tiles are one tab stop.

/** @param {Tiles} view @param {AbortSignal} signal */
function listenToKeys(view, signal) {
  const on = listening(signal)
  on(view.el.grid, "keydown", (event) => press(view, event))
  on(view.el.grid, "focusin", (event) => setStop(view, indexOfEvent(view, event) ?? view.stop))
  on(view.el.grid, "focusout", () => readCell(view, null))
  on(view.el.previous, "click", () => turnTo(view, view.first - pageSize(view.layout)))
  on(view.el.next, "click", () => turnTo(view, view.first + pageSize(view.layout)))
}

/** @param {Tiles} view @param {number} index */
function setStop(view, index) {
  view.stop = index
  childrenOf(view.el.grid).forEach((button, i) => { button.tabIndex = view.first + i === index ? 0 : -1 })
}

/** @param {Tiles} view @param {KeyboardEvent} event */
function press(view, event) {
  const index = indexOfEvent(view, event)
  const { count } = view.layout
  const arrow = ARROWS[event.key]
  /** @type {Record<string, number>} */
  const leap = { Home: -Infinity, End: Infinity, PageUp: -pageSize(view.layout), PageDown: pageSize(view.layout) }
  if (index === null || !(arrow || event.key in leap) || isCommand(event)) return
  event.preventDefault()
  if (arrow && event.shiftKey) return moveCell(view, index, arrow)
  focusTile(view, index + (arrow ? arrow[0] * count + arrow[1] : leap[event.key]))
}

/** @param {Tiles} view @param {number} index */
function focusTile(view, index) {
  const next = hold(index, view.titles.length)
  turnTo(view, next)
  setStop(view, next)
  childrenOf(view.el.grid)[next - view.first].focus()
}

/** @param {Tiles} view @param {number} index @param {Pair} place */
function moveCell(view, index, [down, right]) {
  const at = view.cell?.index === index ? view.cell : { row: -down, col: -right }
  const cell = { index, row: hold(at.row + down, view.rows), col: hold(at.col + right, view.cols) }
  readCell(view, cell)
  view.el.live.textContent = `${valueInWords(view, cell)} \u00b7 ${cellInWords(view, cell)}`
}
