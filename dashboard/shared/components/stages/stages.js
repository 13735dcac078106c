// A row of layers. Each tile is the picture, dark but for what a unit in the middle sees, under the layer's grid.

import { childrenOf, find, make, makeButton } from "../viewer/js/elements.js"
import { walkAlong } from "../viewer/js/keyboard.js"

const SVG = "http://www.w3.org/2000/svg"
const SIDE = 96 // units of the drawing
const FINEST = 28 // cells a side beyond which grid lines would cover the picture

/** @typedef {{ name: string, grid: Pair, channels: number, field: string, sees: Box }} StageItem */

/** @param {Component<{ items: StageItem[], image: string, selected: string }>} component */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const group = find(parentElement, ".stages")
  const focused = group.querySelector(":focus")?.dataset.name
  group.replaceChildren(...data.items.map((item) => tile(item, data, setTriggerValue)))
  if (focused) group.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus()
  group.onkeydown = (/** @type {KeyboardEvent} */ event) =>
    !event.shiftKey && walkAlong(event, childrenOf(group), ["ArrowLeft", "ArrowRight"])
}

/** @param {StageItem} item @param {{ image: string, selected: string }} data @param {Tell} setTriggerValue */
function tile(item, { image, selected }, setTriggerValue) {
  const button = makeButton("stage")
  const [rows, columns] = item.grid
  button.dataset.name = item.name
  button.title = `${item.name}: ${item.channels} channels on a grid of ${rows} × ${columns}, ${item.field}`
  button.setAttribute("aria-pressed", String(item.name === selected))
  button.append(drawing(item, image))
  const details = [`${rows} × ${columns} places`, `${item.channels} channels`, item.field]
  button.append(make("span", "name", item.name), ...details.map((line) => make("span", "detail", line)))
  button.onclick = () => setTriggerValue("choose", item.name)
  return button
}

/** @param {StageItem} view @param {string} image */
function drawing({ grid: [rows, columns], sees: [left, top, right, bottom] }, image) {
  const svg = shape("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" })
  svg.append(shape("image", { href: image, width: SIDE, height: SIDE, preserveAspectRatio: "none" }))
  const box = { x: left * SIDE, y: top * SIDE, width: (right - left) * SIDE, height: (bottom - top) * SIDE }
  const around = `M0 0H${SIDE}V${SIDE}H0ZM${box.x} ${box.y}v${box.height}h${box.width}v${-box.height}Z`
  svg.append(shape("path", { d: around, class: "unseen", "fill-rule": "evenodd" }))
  if (Math.max(rows, columns) <= FINEST) svg.append(shape("path", { d: lines(rows, columns), class: "grid" }))
  svg.append(shape("rect", { ...box, class: "sees" }))
  const cell = { width: SIDE / columns, height: SIDE / rows }
  const at = { x: Math.floor(columns / 2) * cell.width, y: Math.floor(rows / 2) * cell.height }
  svg.append(shape("rect", { ...at, ...cell, class: "unit" }))
  return svg
}

/** @param {number} rows @param {number} columns */
function lines(rows, columns) {
  const across = Array.from({ length: rows - 1 }, (_, i) => `M0 ${((i + 1) * SIDE) / rows}H${SIDE}`)
  const down = Array.from({ length: columns - 1 }, (_, i) => `M${((i + 1) * SIDE) / columns} 0V${SIDE}`)
  return [...across, ...down].join("")
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function shape(name, attributes) {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  return element
}
