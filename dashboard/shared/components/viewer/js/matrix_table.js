// The matrix as a table: headings, and a button a cell. Elements are kept from run to run, so that the focus and the
// scroll position stay and what has been drawn is not drawn again. The table is one stop of the tab key, arrows go from
// tile to tile, Enter chooses; the tile pointed at is said in words below.

import { hold } from "./clamp.js"
import { around, childrenOf, find, keepCount, listening, make, makeButton, writeIn } from "./elements.js"
import { ARROWS } from "./keyboard.js"
import { extremesInShort } from "./value_text.js"

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
function tileAt({ el }, row, col) {
  return childrenOf(childrenOf(childrenOf(el.body)[row])[col + 1])[0]
}

/** @param {Matrix} view @param {number} row @param {number} col */
function cellAt({ cells, columns }, row, col) {
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
  return `${name}: ${cell.message ?? extremesInShort(cell)}`
}

/** @param {Matrix} view @param {AbortSignal} signal */
export function listenToTiles(view, signal) {
  const { body } = view.el
  const on = listening(signal)
  on(body, "keydown", (event) => moveFocus(view, event))
  on(body, "click", (event) => choose(view, placeOfEvent(view, event)))
  on(body, "pointerover", (event) => read(view, placeOfEvent(view, event)))
  on(body, "pointerleave", () => read(view, null))
  on(body, "focusin", (event) => {
    const place = placeOfEvent(view, event)
    if (place) setStop(view, place)
    read(view, place)
  })
  on(body, "focusout", () => read(view, null))
}

/** @param {Matrix} view @param {Event} event */
function placeOfEvent({ el }, event) {
  const cell = around(event, "td")
  const row = around(event, "tr")
  return cell && row && { row: childrenOf(el.body).indexOf(row), col: cell.cellIndex - 1 }
}

/** @param {Matrix} view @param {Cell | null} place */
function read(view, place) {
  view.el.readout.textContent = place ? cellInWords(view, place.row, place.col) : ""
}

// The tile that the tab key reaches: the last one used, at first the selected one.
/** @param {Matrix} view @param {Cell} place */
export function setStop(view, place) {
  view.stop = { row: hold(place.row, view.rows.length), col: hold(place.col, view.columns.length) }
  const before = find(view.el.body, "[tabindex='0']")
  if (before) before.tabIndex = -1
  const button = tileAt(view, view.stop.row, view.stop.col)
  button.tabIndex = 0
  return button
}

/** @param {Matrix} view @param {KeyboardEvent} event */
function moveFocus(view, event) {
  const move = ARROWS[event.key]
  const place = placeOfEvent(view, event)
  if (!move || !place) return
  event.preventDefault()
  setStop(view, { row: place.row + move[0], col: place.col + move[1] }).focus()
}

// The tile is marked at once; the next run of the server confirms it, and what it changes comes into view.
/** @param {Matrix} view @param {Cell | null} place */
function choose(view, place) {
  if (!place || !view.choosable || !cellAt(view, place.row, place.col)?.digest) return
  view.selected = [place.row, place.col]
  const pressed = view.el.body.querySelectorAll("[aria-pressed='true']")
  for (const button of pressed) button.setAttribute("aria-pressed", "false")
  tileAt(view, place.row, place.col).setAttribute("aria-pressed", "true")
  view.setTriggerValue("choose", view.selected)
  if (view.reveal) revealContainer(view.reveal)
}

/** Streamlit gives a container the class st-key-<its key>. @param {string} key */
function revealContainer(key) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  const container = document.querySelector(`.st-key-${CSS.escape(key)}`)
  container?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" })
}
