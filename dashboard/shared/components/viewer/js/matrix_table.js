// The matrix as a table: headings, and a button a cell. Elements are kept from run to run, so that the focus and the
// scroll position stay and what has been drawn is not drawn again.

import { childrenOf, find, keepCount, make, makeButton, writeIn } from "./elements.js"
import { extremesInShort, extremesInWords } from "./value_text.js"

/** @param {Matrix} view */
export function showTable(view) {
  const { el, rows, columns, cells } = view
  keepCount(el.head, 1, () => make("tr", "", make("td", "corner")))
  const [top] = childrenOf(el.head)
  keepCount(top, columns.length + 1, () => heading("col"))
  columns.forEach((name, i) => setText(childrenOf(top)[i + 1], name))
  keepCount(el.body, rows.length, () => make("tr", "", heading("row")))
  rows.forEach((name, row) => {
    const line = el.body.children[row]
    keepCount(line, columns.length + 1, () => make("td", "", newTile()))
    setText(childrenOf(line)[0], name)
    columns.forEach((_, col) => showCell(view, tileAt(view, row, col), row, col))
  })
  el.table.setAttribute("aria-busy", String(cells.includes(null)))
}

/** @param {string} scope */
function heading(scope) {
  return Object.assign(make("th", ""), { scope })
}

/** A heading's first line is its name; what follows is a detail. @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.dataset.text === text) return
  element.dataset.text = text
  const [name, ...details] = text.split("\n")
  element.replaceChildren(make("span", "name", name), ...details.map((detail) => make("span", "detail", detail)))
}

function newTile() {
  const frame = make("span", "frame", make("canvas", "scene"), make("span", "note"))
  return Object.assign(makeButton("tile", frame, make("span", "grid")), { tabIndex: -1 })
}

/** @param {Matrix} view @param {number} row @param {number} col @returns {HTMLElement} */
export function tileAt({ el }, row, col) {
  return childrenOf(childrenOf(childrenOf(el.body)[row])[col + 1])[0]
}

/** @param {Matrix} view @param {number} row @param {number} col */
export function cellAt({ cells, columns }, row, col) {
  return cells[row * columns.length + col]
}

/** @param {Matrix} view @param {HTMLElement} button @param {number} row @param {number} col */
function showCell(view, button, row, col) {
  const cell = cellAt(view, row, col)
  const state = cell === null ? "pending" : cell.reason ? "reason" : "map"
  if (button.dataset.state !== state) button.dataset.state = state
  if (state !== "map") delete find(button, ".scene").dataset.drawn
  writeIn(button, ".note", cell?.reason ?? cell?.message ?? "")
  writeIn(button, ".grid", cell && !cell.reason && !cell.message ? extremesInShort(cell) : "")
  button.setAttribute("aria-label", cellInWords(view, row, col))
  button.setAttribute("aria-disabled", String(state !== "map" || !view.choosable))
  if (view.choosable) button.setAttribute("aria-pressed", String(isSelected(view, row, col)))
}

/** @param {Matrix} view @param {number} row @param {number} col */
function isSelected({ selected }, row, col) {
  return selected !== null && selected[0] === row && selected[1] === col
}

/** @param {Matrix} view @param {number} row @param {number} col */
export function cellInWords(view, row, col) {
  const cell = cellAt(view, row, col)
  const name = [view.rows[row], view.columns[col]].map((text) => text.split("\n")[0]).join(", ")
  if (cell === null) return `${name}: being computed`
  if (cell.reason) return `${name}: not applicable. ${cell.reason}`
  return `${name}: ${cell.message ?? extremesInWords(cell)}`
}
