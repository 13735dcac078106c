// Moving through the matrix: the table is one stop of the tab key, arrows go from tile to tile, Enter chooses. The tile
// pointed at is said in words below.

function listenToTiles(view, signal) {
  const on = (type, act) => view.el.body.addEventListener(type, act, { signal })
  on("keydown", (event) => moveFocus(view, event))
  on("click", (event) => choose(view, placeOfEvent(view, event)))
  on("pointerover", (event) => read(view, placeOfEvent(view, event)))
  on("pointerleave", () => read(view, null))
  on("focusin", (event) => {
    const place = placeOfEvent(view, event)
    setStop(view, place)
    read(view, place)
  })
  on("focusout", () => read(view, null))
}

function placeOfEvent({ el }, event) {
  const cell = event.target.closest("td")
  return cell && { row: [...el.body.children].indexOf(cell.parentElement), col: cell.cellIndex - 1 }
}

function read(view, place) {
  view.el.readout.textContent = place ? cellInWords(view, place.row, place.col) : ""
}

// The tile that the tab key reaches: the last one used, at first the selected one.
function setStop(view, place) {
  view.stop = { row: hold(place.row, view.rows.length), col: hold(place.col, view.columns.length) }
  for (const button of view.el.body.querySelectorAll("[tabindex='0']")) button.tabIndex = -1
  const button = tileAt(view, view.stop.row, view.stop.col)
  button.tabIndex = 0
  return button
}

function moveFocus(view, event) {
  const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key]
  const place = placeOfEvent(view, event)
  if (!move || !place) return
  event.preventDefault()
  setStop(view, { row: place.row + move[0], col: place.col + move[1] }).focus()
}

// The tile is marked at once; the next run of the server confirms it, and what it changes comes into view.
function choose(view, place) {
  if (!place || !view.choosable || !cellAt(view, place.row, place.col)?.digest) return
  view.selected = [place.row, place.col]
  const pressed = view.el.body.querySelectorAll("[aria-pressed='true']")
  for (const button of pressed) button.setAttribute("aria-pressed", "false")
  tileAt(view, place.row, place.col).setAttribute("aria-pressed", "true")
  view.setTriggerValue("choose", view.selected)
  if (view.reveal) revealContainer(view.reveal)
}

// Streamlit gives a container the class st-key-<its key>.
function revealContainer(key) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  const place = { behavior: calm ? "auto" : "smooth", block: "center" }
  document.querySelector(`.st-key-${CSS.escape(key)}`)?.scrollIntoView(place)
}
