// Moving through the matrix: the table is one stop of the tab key, arrows go from tile to tile, Enter chooses. The tile
// pointed at is said in words below.

import { hold } from "./clamp.js"
import { around, childrenOf, find, listening } from "./elements.js"
import { ARROWS } from "./keyboard.js"
import { cellAt, cellInWords, tileAt } from "./matrix_table.js"

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
